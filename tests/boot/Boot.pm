# Boots a kernel or an ISO in QEMU and talks to it over its serial line.
package Boot;

use strict;
use warnings;
use Exporter 'import';
use File::Temp 'tempdir';
use IO::Select;
use IPC::Open2;
use Time::HiRes 'time';

our @EXPORT = qw(boot programs passed_selftest usable_ranges make_iso make_iso_for_all symbol OK
    FAILED PANIC);

# QEMU's exit status for the values that the kernel writes to isa-debug-exit.
use constant { OK => 33, FAILED => 35, PANIC => 65 };

my $kernel = 'build/plat.elf';

# boot(memory => 64, append => 'selftest', ...): the keys and their defaults stand below.
# SCRIPT is a list of [pattern, text]: when the pattern has come, the text is typed. MEANWHILE is
# called as soon as QEMU has been started, for a machine that says nothing.
# Returns { status, text, bytes }: TEXT is BYTES without carriage returns; status is -1 where
# QEMU had to be killed.
sub boot {
    my %with = (
        qemu => 'qemu-system-i386', memory => 64, machine => 'pc', cpu => undef, append => '',
        iso => undef, disk => undef, kernel => $kernel, modules => undef, serial => 'stdio', exit_device => 1,
        firmware => undef, stick => undef, extra => [], script => [], seconds => 300,
        meanwhile => undef, @_);
    my @command = ($with{qemu}, '-accel', 'tcg', '-m', $with{memory}, '-display', 'none',
        '-no-reboot', '-serial', $with{serial});
    push @command, '-net', 'none' unless grep { $_ eq '-nic' } @{ $with{extra} };
    push @command, '-cpu', $with{cpu} if $with{cpu};
    push @command, '-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04' if $with{exit_device};
    if ($with{firmware}) { # UEFI, as scripts/firmware names it; brings its own machine
        chomp(my @options = `scripts/firmware $with{firmware}`);
        push @command, @options;
    } else {
        push @command, '-machine', $with{machine};
    }
    if ($with{stick}) { # the ISO on a USB stick, on this kind of controller
        push @command, '-drive', "if=none,id=stick,format=raw,readonly=on,file=$with{iso}",
            '-device', $with{stick}, '-device', 'usb-storage,drive=stick,removable=on';
    } elsif ($with{iso}) {
        push @command, '-cdrom', $with{iso};
    } elsif ($with{disk}) {
        push @command, '-drive', "format=raw,snapshot=on,file=$with{disk}";
    } elsif ($with{kernel}) {
        push @command, '-kernel', $with{kernel}, '-append', $with{append};
        push @command, '-initrd', $with{modules} if $with{modules};
    }
    push @command, @{ $with{extra} };

    local $SIG{PIPE} = 'IGNORE';
    my $started = time;
    # What QEMU itself says, of signals and of odd sizes, is kept and not shown.
    mkdir 'build/tests';
    my $pid = open2(my $from, my $to, 'sh', '-c', 'exec "$@" 2>>build/tests/qemu.log', 'sh',
        @command);
    my ($text, $seen, $killed) = ('', 0, 0);
    my @script = @{ $with{script} };
    my $select = IO::Select->new($from);
    $with{meanwhile}->($pid) if $with{meanwhile};
    while (1) {
        if (time - $started > $with{seconds}) {
            kill 'KILL', $pid;
            $killed = 1;
            last;
        }
        next unless $select->can_read(0.2);
        last unless sysread $from, $text, 65536, length $text;
        while (@script && substr($text, $seen) =~ $script[0][0]) {
            $seen += $+[0];
            my $action = (shift @script)->[1];
            ref $action ? $action->($pid) : syswrite $to, $action;
        }
    }
    close $to;
    close $from;
    waitpid $pid, 0;
    my $status = $killed || $? & 127 ? -1 : $? >> 8;
    my $bytes = $text;
    $text =~ s/\r//g;
    return { status => $status, text => $text, bytes => $bytes };
}

# The number of self-tests that passed, or 0 unless the boot is beyond doubt: the guest left by
# itself with the right value, its closing line is the last one, no case failed, and the number is
# the one that was planned.
sub passed_selftest {
    my ($boot) = @_;
    return 0 unless $boot->{status} == OK;
    return 0 unless $boot->{text} =~ /^plat: (\d+) passed, 0 failed\n\z/m;
    my $passed = $1;
    return 0 unless $boot->{text} =~ /^TAP version 13\n1\.\.(\d+)\n/m && $1 == $passed;
    return 0 unless (() = $boot->{text} =~ /^ok \d+ - /mg) == $passed;
    return 0 if $boot->{text} =~ /^not ok/m;
    return $passed;
}

# The usable ranges that the kernel printed, as [start, end] pairs; undef where the lines do not
# have the form that tools rely on, or contradict each other.
sub usable_ranges {
    my ($boot) = @_;
    my @ranges;
    my ($pages, $last) = (0, 0);
    for my $line ($boot->{text} =~ /^(memory: usable .*)$/mg) {
        $line =~ /^memory: usable 0x([0-9a-f]{8})-0x([0-9a-f]{8}|100000000)$/ or return undef;
        my ($start, $end) = (hex $1, hex $2);
        return undef if $start < $last || $end <= $start || $start % 4096 || $end % 4096;
        push @ranges, [$start, $end];
        $pages += ($end - $start) / 4096;
        $last = $end;
    }
    $boot->{text} =~ /^memory: (\d+) usable blocks$/m && $1 == $pages or return undef;
    return \@ranges;
}

# Makes an ISO with PROGRAMS whose GRUB runs LINES, then boots; returns its path. It is for a BIOS
# only, which is quicker; make_iso_for_all makes one like the one that people get.
sub make_iso { return iso_by(['--bios'], @_) }
sub make_iso_for_all { return iso_by([], @_) }

sub iso_by {
    my ($options, $name, $lines, @programs) = @_;
    mkdir 'build/tests';
    open my $config, '>', "build/tests/$name.cfg" or die "build/tests/$name.cfg: $!";
    print $config "set timeout=0\n$lines\nboot\n";
    close $config;
    my $iso = "build/tests/$name.iso";
    system('scripts/make-iso', @$options, $iso, $kernel, "build/tests/$name.cfg", @programs) == 0
        or die "no $iso";
    return $iso;
}

# The programs for ring 3, as modules; only those that are NAMED, where some are.
sub programs {
    my %named = map { $_ => 1 } @_;
    my @files = sort glob 'build/user/*.elf build/user/*.bin';
    return join ',', grep { m{/(\w+)\.\w+$} && (!@_ || $named{$1}) } @files;
}

# The address of one of the kernel's symbols.
sub symbol {
    my ($name) = @_;
    my ($nm) = grep { -x } map { "$_/nm" } split /:/, $ENV{PATH};
    my ($line) = grep { /^[0-9a-f]+ \w \Q$name\E$/ } `$nm $kernel`;
    return hex((split ' ', $line)[0]);
}

1;
