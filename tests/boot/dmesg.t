#!/usr/bin/perl
# The log: dmesg, and what is left of it after a warm restart, through each loader and firmware.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Machine;
use Test::More;

my $prompt = qr/^Type help.*?^plat> \z/ms;

# A machine that starts again when it is reset, at its first prompt.
sub started {
    my (%with) = @_;
    my $machine = Machine->start(%with,
        extra => ['-action', 'reboot=reset', @{ $with{extra} // [] }]);
    defined $machine->wait_for($prompt) or diag $machine->{text};
    return $machine;
}

# Resets it; what it says up to the next prompt.
sub restarted {
    my ($machine) = @_;
    $machine->monitor('system_reset');
    return $machine->wait_for($prompt) // '';
}

# The lines of LOG that began BOOTS boots ago, without their times.
sub of_boot {
    my ($log, $boots) = @_;
    my $mark = $boots ? "-$boots " : '';
    return [$log =~ /^\Q$mark\E\[ *\d+\.\d\d\] (.*)$/mg];
}

sub boots { return scalar(() = $_[0] =~ /^-- a new boot begins --$/mg) }

chomp(my @uefi = `scripts/firmware ia32 2>/dev/null`);
my $iso = { no_kernel => 1, extra => ['-cdrom', 'build/plat.iso'] };
for my $way (
    ['-kernel', { modules => programs('hello') }],
    ['-kernel, pages of 4 KB', { append => 'pse=no', memory => 32 }],
    ['the ISO on a BIOS', $iso],
    ['the ISO on UEFI', { %$iso, memory => 256, extra => [@uefi, @{ $iso->{extra} }] }]) {
    my ($name, $with) = @$way;
  SKIP: {
        skip "$name: no UEFI for QEMU here", 10 if $name =~ /UEFI/ && !@uefi;
        my $machine = started(%$with);
        my ($first) = $machine->answers('dmesg');
        unlike $first, qr/^-/m, "$name: a fresh machine says nothing of earlier boots";
        my $said = [split /\n/, $machine->{text} =~ s/plat> \z//r];
        splice @$said, 0, (grep { $said->[$_] =~ /^Plat:/ } 0 .. $#$said)[0];
        splice @$said, @{ of_boot($first, 0) };
        is_deeply of_boot($first, 0), $said, '.. and shows what was printed, each line once';

        syswrite $machine->{to}, "fault text\r";
        my $panic = $machine->wait_for(qr/the machine stands still\n/);
        my @words = split /\n/, $panic;
        like $words[1], qr/^panic: page fault/, '.. it panics';
        my $text = restarted($machine);
        unlike $text, qr/panic/, '.. starts again without a word of that';
        my ($log) = $machine->answers('dmesg');
        my $before = of_boot($log, 1);
        is_deeply [@$before[@$before - @words .. $#$before]], ["plat> $words[0]", @words[1 .. $#words]],
            '.. and dmesg has all of it' or diag $log;
        is boots($log), 1, '.. in front of a line for the new boot';
        is of_boot($log, 0)->[0], 'Plat: a kernel whose memory is a map', '.. which follows';

        syswrite $machine->{to}, "reboot\r";
        ok defined $machine->wait_for($prompt), '.. reboot' or diag $machine->{text};
        ($log) = $machine->answers('dmesg');
        like join("\n", @{ of_boot($log, 1) }), qr/^plat> reboot\n  by \S/m, '.. is in the log, too'
            or diag $log;
        is_deeply of_boot($log, 2), $before, '.. and what was there before' or diag $log;
        $machine->end;
    }
}

# The last N lines; what dmesg itself says is not kept.
my $machine = started();
my ($all, $again, $two, $none, $odd, $large) = $machine->answers('dmesg', 'dmesg', 'dmesg 2',
    'dmesg 0', 'dmesg 1x', 'dmesg 4294967295');
is scalar(split /\n/, $again), split(/\n/, $all) + 1, 'dmesg adds nothing to the log';
like $two, qr/\A\[ +\d+\.\d\d\] plat> dmesg\n\[ +\d+\.\d\d\] plat> dmesg 2\n\z/, 'the last two lines';
is $none, "0 is no number of lines; expected: a number from 1 on\n", 'none is no number';
is $odd, "1x is no number of lines; expected: a number from 1 on\n", '.. and this is none';
like $large, qr/^\[    0\.00\] Plat: .*^\[ +\d+\.\d\d\] 1x is no number/ms, 'more than there are';
my @times = map { /^\[ *(\d+\.\d\d)\]/ } split /\n/, $large;
is_deeply \@times, [sort { $a <=> $b } @times], 'times never go back';

# Resets in the middle of a text lose no more than the end of it.
for my $times (1 .. 5) {
    syswrite $machine->{to}, "help\r";
    $machine->wait_for(qr/^  (?:help|heap|alloc|kill|bench) /m);
    restarted($machine);
    my ($log) = $machine->answers('dmesg');
    is boots($log), $times, "reset $times while it prints: the log goes on";
    like join("\n", @{ of_boot($log, 1) }), qr/^plat> help\n  help /m, '.. with what was printed'
        or diag $log;
}

# More than 64 KB: the oldest goes.
$machine->answers(('help') x 40);
my ($log) = $machine->answers('dmesg');
cmp_ok length $log, '>', 65536, 'more than 64 KB: they are kept';
cmp_ok length $log, '<', 2 * 65536, '.. and no more';
is boots($log), 0, '.. so that earlier boots are gone';
like $log, qr/^\[ +\d+\.\d\d\] plat> dmesg\n\z/m, '.. and the last line is there';

# A bit that memory lost. Of two places so far apart, one at least counts.
my @bytes = map { sprintf '{unsigned char}0x%x', 0x3ea000 + 36 + $_ } 1000, 33000;
$machine->gdb(map { "set $_ = $_ ^ 16" } @bytes);
restarted($machine);
($log) = $machine->answers('dmesg');
like $log, qr/\A\[    0\.00\] Plat: /, 'a wrong sum: the log begins anew' or diag $log;
unlike $log, qr/new boot/, '.. without a word of earlier boots';
$machine->end;

# No RAM at its place.
$machine = started(memory => 4);
($log) = $machine->answers('dmesg');
like $log, qr/^\[ +\d+\.\d\d\] heap: /m, '4 MB of RAM: a log of this boot';
unlike $machine->type('map'), qr/kernel's log$/m, '.. in the image';
restarted($machine);
($log) = $machine->answers('dmesg');
unlike $log, qr/^-/m, '.. which ends with it';
$machine->end;

done_testing;
