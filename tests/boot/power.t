#!/usr/bin/perl
# Ways out: off by ACPI's registers of each kind, restarting by whatever the machine has, and words
# where nothing works. Machines whose interrupts do not come, too.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Screen;
use Test::More;

my $prompt = qr/^plat> /m;

# What is said between COMMAND and the end, line by line; QEMU's exit status.
sub leave {
    my ($command, %with) = @_;
    my $boot = boot(exit_device => 0, %with, script => [[$prompt, "$command\r"]]);
    my ($said) = $boot->{text} =~ /^plat> $command\n(.*)/ms;
    return ($boot->{status}, [split /\n/, $said // ''], $boot);
}

my %old = (machine => 'pc');
my %new = (machine => 'q35');
my %small = (machine => 'microvm,acpi=on'); # no PM1 registers, no PIC that the firmware lets through
my %plain = (machine => 'microvm,acpi=off');
my %without = (machine => 'q35,acpi=off,i8042=off'); # it keeps its tables
for my $off (
    ['the old PC', '  by ACPI, port 0x604', %old],
    ['.. without pages of 4 MB', '  by ACPI, port 0x604', %old, append => 'pse=no'],
    ['.. nor much memory', '  by ACPI, port 0x604', %old, append => 'pse=no', memory => 8],
    ['the newer one', '  by ACPI, port 0x604', %new],
    ['.. with a 486', '  by ACPI, port 0x604', %new, cpu => '486'],
    ['a machine of sleep registers', '  by ACPI, the register at 0xfea00200', %small]) {
    my ($name, $line, %with) = @$off;
    my ($status, $said, $boot) = leave('poweroff', %with);
    is "$status @$said", "0 $line", "poweroff: $name" or diag $boot->{text};
}
for my $restart (
    ['by ACPI', ['by ACPI, port 0xcf9'], %new],
    ['by a register in memory', ['by ACPI, the register at 0xfea00202'], %small],
    ['by the keyboard controller', ['by the keyboard controller'], %old],
    ['.. without tables', ['by the keyboard controller'], machine => 'isapc'],
    ["by PCI's port", ['by the keyboard controller', q(by PCI's reset port)], %without],
    ['by a triple fault', ['by the keyboard controller', q(by PCI's reset port),
        'by a triple fault'], %plain]) {
    my ($name, $lines, %with) = @$restart;
    my ($status, $said, $boot) = leave('reboot', %with);
    is_deeply [$status, @$said], [0, map { "  $_" } @$lines], "reboot: $name"
        or diag $boot->{text};
}

# Where there is no way off, it says so, and goes on.
for my $machine ('isapc', 'pc,acpi=off') {
    my $boot = boot(machine => $machine, exit_device => 0, script => [[$prompt, "poweroff\r"],
        [$prompt, "uptime\r"], [$prompt, sub { kill 'KILL', $_[0] }]]);
    like $boot->{text}, qr/^firmware: BIOS \(by vectors\), no ACPI tables$/m,
        "$machine: no tables are found";
    like $boot->{text},
        qr/^  this machine does not go off: it has no ACPI tables; please use its switch$/m,
        '.. poweroff says why';
    like $boot->{text}, qr/^  \d+\.\d\d s, \d+ ticks/m, '.. and the prompt is still there';
}

# A verdict is followed by silence: a machine may obey a while later, and 2 seconds of the guest's own
# clock, which counts nothing but instructions here, are waited for. This one has a device at
# isa-debug-exit's port that answers and never obeys.
sub ticks {
    my ($append, @devices) = @_;
    my $boot = boot(append => $append, exit_device => 0,
        extra => ['-icount', 'shift=10,sleep=off', @devices],
        script => [[qr/^plat> /m, sub { kill 'KILL', $_[0] }]]);
    like $boot->{text}, qr/^plat: \d+ passed, 0 failed\n.*^plat> /ms, "@devices: it goes on to the prompt";
    my ($ticks) = $boot->{text} =~ /ready after (\d+) ticks/;
    return $ticks;
}
my $at_once = ticks('selftest=checked');
my $deaf = ticks('selftest=checked', '-chardev', 'null,id=none', '-device',
    'isa-debugcon,iobase=0xf4,chardev=none');
my $waited = $deaf - $at_once;
cmp_ok $waited, '>', 1_900_000_000, "where nobody obeys, the verdict is followed by $waited ticks";
cmp_ok $waited, '<', 4_000_000_000, '.. and not by many more';

# -- Tables that do not add up --------------------------------------------------------------------

# An ISO on which GRUB obeys LINES before it starts the kernel.
sub poking_iso {
    my ($name, $lines) = @_;
    local $ENV{GRUB_MODULES} = 'memrw';
    return make_iso($name, "$lines\nmultiboot /boot/plat.elf");
}

# The guest's memory, NBYTES from ADDRESS on, at the first prompt.
my $pieces = 0;
sub memory {
    my ($socket, $address, $nbytes) = @_;
    my $path = "$directory/piece." . ++$pieces;
    qmp($socket, ['pmemsave', val => $address, size => $nbytes, filename => $path]);
    open my $file, '<:raw', $path or die "$path: $!";
    local $/;
    return scalar <$file>;
}

# Where the tables of that machine are, found by hand.
my (%tables, $port);
my $socket = "$directory/power.sock";
boot(%old, iso => poking_iso('plain', ''), exit_device => 0,
    extra => ['-qmp', "unix:$socket,server=on,wait=off"], script => [[$prompt, sub {
        my $rom = memory($socket, 0xe0000, 0x20000);
        $rom =~ /RSD PTR /g or die 'no root pointer';
        $tables{RSDT} = unpack 'V', substr $rom, pos($rom) + 8, 4;
        my $list = memory($socket, $tables{RSDT}, 256);
        my $nbytes = unpack 'V', substr $list, 4, 4;
        for my $table (unpack 'V*', substr $list, 36, $nbytes - 36) {
            $tables{ memory($socket, $table, 4) } = $table;
        }
        my $fixed = memory($socket, $tables{FACP}, 116);
        ($tables{DSDT}, $port) = unpack 'x40 V x20 V', $fixed;
        kill 'KILL', $_[0];
    }]]);
is $port, 0x604, 'the tables in memory name the port, too';
for my $table (['RSDT', q(ACPI's tables can't be used)], ['FACP', q(ACPI's tables can't be used)],
    ['DSDT', q(ACPI's tables name no number for it)]) {
    my ($name, $why) = @$table;
    my $iso = poking_iso($name, sprintf "insmod memrw\nwrite_byte 0x%x 0x5a",
        $tables{$name} + 12); # a letter of its maker's
    my $boot = boot(%old, iso => $iso, exit_device => 0,
        script => [[$prompt, "poweroff\r"], [$prompt, sub { kill 'KILL', $_[0] }]]);
    my $refused = sprintf "ACPI's %s at 0x%08x is not used: its bytes do not add up to 0", $name,
        $tables{$name};
    like $boot->{text}, qr/^(?:firmware:| ) \Q$refused\E$/m, "$name: a wrong sum is said"
        or diag $boot->{text};
    like $boot->{text}, qr/^  this machine does not go off: \Q$why\E; please use its switch$/m,
        '.. and it is not used';
}

# -- Interrupts that do not come ------------------------------------------------------------------

# qboot leaves the local APIC between the PIC and the processor closed, and is no BIOS; newer QEMUs
# give microvm a SeaBIOS. Both have ACPI's tables where a BIOS has them.
my $none = 'none known (no BIOS vectors, no UEFI table)';
for my $kind (['qboot', 'qboot.rom', $none],
    ['SeaBIOS', '/usr/share/seabios/bios-microvm.bin', 'BIOS (by vectors)']) {
    my ($name, $file, $firmware) = @$kind;
  SKIP: {
        skip "microvm with $name: no $file", 3 if $file =~ m{^/} && !-r $file;
        my $boot = boot(%small, append => 'selftest', extra => ['-bios', $file]);
        ok passed_selftest($boot), "microvm with $name: self-tests pass" or diag $boot->{text};
        unlike $boot->{text}, qr/# SKIP the timer/, '.. the timer among them';
        like $boot->{text}, qr/^firmware: \Q$firmware\E, ACPI .*, off at 0xfea00200, restart at /m,
            ".. it is $firmware";
    }
}

# No timer, no PIC, and no local APIC in the processor: the prompt looks for keys.
my $boot = boot(machine => 'microvm,pit=off,pic=off', cpu => '486', exit_device => 0, seconds => 120, script => [
    [$prompt, "alloc 8K\r"], [qr/^timer: .*$/m, "free 0x01002000\r"],
    [qr/^  freed\r\n/m, sub { kill 'KILL', $_[0] }]]);
like $boot->{text}, qr/^timer: its interrupts do not come; keys are looked for/m,
    'no interrupts at all: that is said';
like $boot->{text}, qr{^  0x01002000  block 2\n.*^  freed\s*$}ms, '.. and the prompt works'
    or diag $boot->{text};

# A program that gave nothing back would be the end of such a machine. One of both chips is enough
# for that. (tests/boot/clock.t has those whose local APIC ticks.)
for my $machine ('microvm,pit=off', 'microvm,pic=off', 'microvm,pit=off,pic=off') {
    my $why = "is not started: the timer's interrupts do not come, so nothing could end it";
    my @with = (machine => $machine, cpu => '486', modules => programs('hello'), seconds => 120);
    my $boot = boot(@with, exit_device => 0, script => [[$prompt, "run hello\r"],
        [$prompt, "run hello &\r"], [$prompt, "run nobody\r"], [$prompt, "alloc 8K\r"],
        [qr/block 2\r\n/, sub { kill 'KILL', $_[0] }]]);
    like $boot->{text}, qr/^plat> run hello\n(?:timer: .*\n)?hello: \Q$why\E\n(?:.*\n)*?plat> run hello &\nhello: \Q$why\E$/m,
        "k14: $machine: no program is started" or diag $boot->{text};
    like $boot->{text}, qr/^nobody: no such program/m, '.. what is no program is called that';
    like $boot->{text}, qr/^  0x01002000  block 2$/m, '.. and the prompt works';
    $boot = boot(@with, append => 'run=hello shell=no');
    is $boot->{status}, FAILED, '.. run=hello is a failure';
    like $boot->{text}, qr/^hello: \Q$why\E$/m, '.. with the same sentence';
    unlike $boot->{text}, qr/Hello from ring 3/, '.. it has not run';
}

# .. and the self-tests end: those of both chips fail, what would wait for the timer is left out.
$boot = boot(machine => 'microvm,pit=off,pic=off', cpu => '486', append => 'selftest', seconds => 120);
is $boot->{status}, FAILED, '.. and self-tests end' or diag $boot->{text};
is_deeply [sort $boot->{text} =~ /^not ok \d+ - (.*)$/mg],
    ['trap.spurious_interrupts_are_counted_and_harmless', 'trap.the_timer_ticks'],
    '.. with those that fail';
like $boot->{text}, qr/^ok \d+ - process\.sleepers_\S+ # SKIP the timer does not tick$/m,
    '.. without those that would never';

done_testing;
