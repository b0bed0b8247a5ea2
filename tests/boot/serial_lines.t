#!/usr/bin/perl
# The console's line on each port that a PC may have it on: at the four places that PCs know and on
# cards, with interrupts and without, at another speed, on a port that comes late, goes and comes back.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Machine;
use Test::More;
use Time::HiRes 'time';

my $prompt = qr/^plat> \z/m;

# QEMU's arguments for a machine whose only serial line is DEVICE.
sub line_on {
    my ($device, $chardev) = @_;
    return (serial => 'none', extra => ['-chardev', 'stdio,id=line', '-device',
        "$device," . ($chardev // 'chardev') . '=line']);
}
sub isa { return line_on("isa-serial,iobase=$_[0],irq=$_[1]") }

# Whether all that is typed at once, 4 KB of it, is obeyed: each line, whole, and in order.
sub is_pasted {
    my ($machine, $name) = @_;
    my @lines = map { sprintf 'line%04d', $_ } 1 .. 300;
    syswrite $machine->{to}, join '', map { "free $_\r" } @lines;
    my $said = $machine->wait_for(qr/^line0300 is .*\nplat> \z/m) // '';
    my $bad = 'is no address; expected: a number like 4096, 0x1000 or 4K, below 4G';
    is $said, join('plat> ', map { "free $_\n$_ $bad\n" } @lines) . 'plat> ', "$name: 4 KB are pasted";
}

my $interrupt = qr/\d+ baud, interrupt \d+/;
my @lines = (
    ['COM2', '0x2f8', qr/115200 baud, interrupt 3/, '', isa(0x2f8, 3)],
    ['COM3', '0x3e8', qr/115200 baud, interrupt 4/, '', isa(0x3e8, 4)],
    ['COM3 by name, at 57600', '0x3e8', qr/57600 baud, interrupt 4/, 'serial=com3,57600', isa(0x3e8, 4)],
    ['COM4', '0x2e8', qr/115200 baud, interrupt 3/, '', isa(0x2e8, 3)],
    ['COM4 by name', '0x2e8', qr/115200 baud, interrupt 3/, 'serial=com4', isa(0x2e8, 3)],
    ['COM3 with another interrupt', '0x3e8', qr/115200 baud, polled/, '', isa(0x3e8, 5)],
    ['a place of its own', '0x4f8', qr/115200 baud, polled/, 'serial=0x4f8', isa(0x4f8, 5)],
    ['a card', qr/0xc[0-9a-f]{3}/, $interrupt, '', line_on('pci-serial')],
    ['a card at 9600', qr/0xc[0-9a-f]{3}/, qr/9600 baud, interrupt \d+/, 'serial=pci,9600', line_on('pci-serial')],
    ['a card with two', qr/0xc[0-9a-f]{3}/, $interrupt, '', line_on('pci-serial-2x', 'chardev1')],
    ['a card with four', qr/0xc[0-9a-f]{3}/, $interrupt, 'serial=pci', line_on('pci-serial-4x', 'chardev1')],
);
for (@lines) {
    my ($name, $port, $how, $append, %with) = @$_;
    my $machine = Machine->start(%with, append => $append, modules => programs('hello'));
    my $boot = $machine->wait_for($prompt);
    ok defined $boot, "$name: the boot is said" or next;
    is $machine->type('run hello'), "Hello from ring 3, process 1\n", '.. run hello is answered';
    like $machine->type('sysinfo'), qr/^console: serial yes \($port, $how\), text screen yes/m,
        '.. and sysinfo says where it is';
    is_pasted($machine, '..');
    $machine->end;

    my $tests = boot(%with, append => "$append selftest=serial");
    ok passed_selftest($tests), '.. self-tests pass' or diag $tests->{text};
    my @skipped = $tests->{text} =~ /^ok .* # SKIP (.*)$/mg;
    is_deeply \@skipped, [$how =~ /polled/ ? ('the interrupt of the serial port does not come') x 2 : ()],
        $how =~ /polled/ ? '.. but for those of interrupts' : '.. all of them';
}
my $tests = boot(line_on('pci-serial'), machine => 'q35', append => 'selftest');
ok passed_selftest($tests), 'a card, q35: all self-tests pass' or diag $tests->{text};
like $tests->{text}, qr/^console: serial yes \(0xc/m, '.. through the card';

# -- Which of several -----------------------------------------------------------------------------

my @both = (serial => 'null', extra => ['-serial', 'stdio']);
my $boot = boot(append => 'stop=prompt');
like $boot->{text}, qr/^console: serial yes, text screen yes, keyboard yes$/m, 'COM1: the line is as ever';
$boot = boot(@both, append => 'stop=prompt');
is "$boot->{status} $boot->{text}", OK . ' ', 'COM1 and COM2: the first one has it';
$boot = boot(append => 'stop=prompt serial=no');
is "$boot->{status} $boot->{text}", OK . ' ', 'serial=no: not a byte';
$boot = boot(append => 'stop=prompt serial=com2');
is "$boot->{status} $boot->{text}", OK . ' ', 'serial=com2, which is not there: not a byte';
my $without = Machine->stamps_to_prompt(append => 'serial=com2');
cmp_ok $without // 'inf', '<', Machine->stamps_to_prompt // 0, '.. and it takes less than to write to one';
$boot = boot(append => 'selftest=serial serial=no');
is $boot->{status}, OK, '.. self-tests pass';

# What is read at PORT while the machine stands still.
sub port { return $_[0]->monitor("i/$_[1]") =~ /= 0x([0-9a-f]+)/ ? hex $1 : -1 }

my $machine = Machine->start(@both, append => 'serial=0x2f8,9600');
ok defined $machine->wait_for($prompt), 'serial=0x2f8,9600: COM2 has it' or diag $machine->{text};
like $machine->{text}, qr/^console: serial yes \(0x2f8, 9600 baud, interrupt 3\)/m, '.. and it is said';
$machine->monitor('stop');
$machine->monitor('o/b 0x2fb 0x83');
is port($machine, 'b 0x2f8') + 256 * port($machine, 'b 0x2f9'), 12, '.. 115200 is divided by 12';
$machine->monitor('o/b 0x2fb 0x03');
$machine->monitor('cont');
is_pasted($machine, '..');
$machine->end;

my $expected = 'com1 to com4, a port like 0x2f8, pci or no; and, behind a comma, a speed that divides 115200';
my @wrong = map { "serial=$_" } 'com5', '0x2f9', '0x3f8,1234', 'no,9600', '', 'tty0';
$boot = boot(append => "@wrong stop=map");
is_deeply [$boot->{text} =~ /^(boot: serial.*)$/mg], [map { "boot: $_ is ignored; expected: $expected" } @wrong],
    'wrong ports and speeds are named, with what was expected';

# -- Later ----------------------------------------------------------------------------------------

# A card's place on PCI, by the machine's ports; the machine stands still between the two.
sub card {
    my ($machine, $device, $register, $value) = @_;
    $machine->monitor('stop');
    $machine->monitor(sprintf 'o/w 0xcf8 0x%x', 0x80000000 | $device << 11 | $register);
    my $was = port($machine, 'w 0xcfc');
    $machine->monitor(sprintf 'o/w 0xcfc 0x%x', $value) if defined $value;
    $machine->monitor('cont');
    return $was;
}

sub screen { return join "\n", $_[0]->screen }

# The port that appears is a card's that is moved to where the kernel looks.
$machine = Machine->start(line_on('pci-serial,addr=4'), append => 'serial=com2', modules => programs('hello'));
my $until = time + 60;
select undef, undef, undef, 0.2 until screen($machine) =~ /^plat>/m || time > $until;
like screen($machine), qr/console: serial no, /, 'a line that appears later: is not there at first';
my $away = card($machine, 4, 0x10, 0x2f9);
my $said = $machine->wait_for($prompt) // '';
like $said, qr/\APlat: a kernel.*^console: serial no, .*^Type help/ms, '.. then says the boot';
is $machine->type('run hello'), "Hello from ring 3, process 1\n", '.. and takes input';
like $machine->type('sysinfo'), qr/^console: serial yes \(0x2f8, 115200 baud, polled\)/m, '.. sysinfo says where';
is_pasted($machine, '..');

syswrite $machine->{to}, 'free half';
$machine->wait_for(qr/free half\z/);
card($machine, 4, 0x10, $away);
select undef, undef, undef, 2.5;
$machine->monitor("sendkey $_") for split(//, 'uptime'), 'ret';
select undef, undef, undef, 1;
card($machine, 4, 0x10, 0x2f9);
ok defined $machine->wait_for(qr/ignored up to the next Enter\]\n/), 'one that was pulled out comes back';
syswrite $machine->{to}, "ed\r";
syswrite $machine->{to}, "free whole\r";
$said = $machine->wait_for(qr/^whole is no address.*\nplat> \z/m) // '';
unlike $machine->{text}, qr/^\S*(?:half|ed) is no address|no such command/m, '.. no half of a line is obeyed';
like $machine->{text}, qr/uptime\n  \d+\.\d\d s, \d+ ticks.*?^plat> /ms, '.. and what was said meanwhile is there';
$machine->end;

# A card whose ports are turned off.
$machine = Machine->start(line_on('pci-serial,addr=4'));
ok defined $machine->wait_for($prompt), 'a card';
my $command = card($machine, 4, 4, 0);
select undef, undef, undef, 2.5;
is card($machine, 4, 4) & 0x401, 1, '.. whose ports were turned off: they are on again';
syswrite $machine->{to}, "\rfree whole\r";
ok defined $machine->wait_for(qr/^whole is no address.*\nplat> \z/m), '.. and it goes on';
$machine->end;

# A device on the same line of the interrupt controller that asks for ever, and that nobody serves.
my %two = line_on('pci-serial,addr=4');
push @{ $two{extra} }, '-device', 'pci-serial,addr=8,chardev=other', '-chardev', 'null,id=other';
$machine = Machine->start(%two, modules => programs('hello'));
ok defined $machine->wait_for($prompt), 'two cards on one line';
like $machine->type('sysinfo'), qr/^console: serial yes \(0xc..., 115200 baud, interrupt/m, '.. of which one has it';
my $other = card($machine, 8, 0x10) & 0xfffc;
$machine->monitor(sprintf 'o/b 0x%x 2', $other + 1);
is $machine->type('run hello'), "Hello from ring 3, process 1\n", '.. the other one asks for ever: it is answered';
like $machine->type('sysinfo'), qr/^console: serial yes \(0xc..., 115200 baud, polled\)/m, '.. and polled';
is_pasted($machine, '..');
$machine->end;

done_testing;
