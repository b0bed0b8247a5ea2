#!/usr/bin/perl
# Ways out: off by ACPI's registers of each kind, restarting by whatever the machine has, and words
# where nothing works. Machines whose interrupts do not come, too.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
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
    like $boot->{text}, qr/^firmware: BIOS, no ACPI tables where a BIOS has them$/m,
        "$machine: no tables are found";
    like $boot->{text},
        qr/^  this machine does not go off: it has no ACPI tables; please use its switch$/m,
        '.. poweroff says why';
    like $boot->{text}, qr/^  \d+\.\d\d s, \d+ ticks/m, '.. and the prompt is still there';
}

# microvm's firmware leaves the local APIC between the PIC and the processor closed.
my $boot = boot(%small, append => 'selftest');
ok passed_selftest($boot), 'interrupts behind a closed APIC: self-tests pass' or diag $boot->{text};
like $boot->{text}, qr/^firmware: not a BIOS .*, off at 0xfea00200, restart at 0xfea00202$/m,
    '.. no BIOS, and its tables are found';

# No timer, no PIC: the prompt looks for keys.
$boot = boot(machine => 'microvm,pit=off,pic=off', exit_device => 0, seconds => 120, script => [
    [$prompt, "alloc 8K\r"], [qr/^timer: .*$/m, "free 0x01002000\r"],
    [qr/^  freed\r/m, sub { kill 'KILL', $_[0] }]]);
like $boot->{text}, qr/^timer: its interrupts do not come; keys are looked for/m,
    'no interrupts at all: that is said';
like $boot->{text}, qr{^  0x01002000  block 2\n.*^  freed\n}ms, '.. and the prompt works'
    or diag $boot->{text};

done_testing;
