#!/usr/bin/perl
# Keyboards on UHCI, OHCI and EHCI: at root ports and behind hubs, taken over from the BIOS, pulled
# out while a key is held, and plugged in again; and devices that EHCI hands to its companions.
use strict;
use warnings;
use lib 'tests/boot';
use Machine;
use Test::More;
use Time::HiRes 'sleep';

# There is no other keyboard than USB's.
my @pc = ('-machine', 'pc,i8042=off');
my @uhci = (@pc, '-device', 'piix3-usb-uhci,id=u');
my @ohci = (@pc, '-device', 'pci-ohci,id=u');
my @ehci = ('-machine', 'q35,i8042=off', '-device',
    'ich9-usb-ehci1,id=u,multifunction=on,addr=1d.7', map { ('-device',
    "ich9-usb-uhci@{[$_ + 1]},masterbus=u.0,firstport=@{[2 * $_]},multifunction=on,addr=1d.$_") }
    0 .. 2);
my $keyboard = 'usb-kbd,bus=u.0,id=k,port';

sub start {
    my ($name, @extra) = @_;
    my $machine = Machine->start(memory => 64, extra => \@extra);
    like $machine->wait_for(qr/^plat> \z/m) // $machine->{text}, qr/^usb: .*, \d ports$/m, $name;
    return $machine;
}

# What lsusb says, once it says PATTERN.
sub lists {
    my ($machine, $pattern, $name) = @_;
    my $text = '';
    for (1 .. 100) {
        $text = $machine->type('lsusb') // '';
        last if $text =~ $pattern;
        sleep 0.2;
    }
    return like $text, $pattern, $name;
}

sub press {
    my ($machine, @keys) = @_;
    for my $key (@keys) {
        $machine->monitor("sendkey $key");
        sleep 0.2;
    }
}

# Whether a line typed at the keyboard is obeyed.
sub types {
    my ($machine, $word, $name) = @_;
    press($machine, split(//, $word), 'ret');
    like $machine->wait_for(qr/^plat> \z/m) // '', qr/^$word: no such command/m, $name;
}

# Pulled out with a key held, which ends, and plugged in again as DEVICE.
sub replug {
    my ($machine, $device, $gone, $back, $name) = @_;
    $machine->monitor('sendkey b 6000'); # and QEMU takes no other key for twice as long
    $machine->wait_for(qr/bbb\z/);
    $machine->monitor('device_del k');
    my ($select, $looks) = (IO::Select->new($machine->{from}), 0);
    while ($select->can_read(1) && ++$looks < 1000) {
        sysread $machine->{from}, my $bytes, 65536;
    }
    cmp_ok $looks, '<', 1000, "$name: a held key ends";
    syswrite $machine->{to}, "\r"; # ends that line
    $machine->wait_for(qr/^plat> \z/m);
    lists($machine, $gone, "$name: it is gone");
    $machine->monitor("device_add $device");
    lists($machine, $back, "$name: it is back");
    types($machine, 'again', "$name: types again");
}

for (['UHCI', @uhci], ['OHCI', @ohci]) {
    my ($name, @machine) = @$_;
    my $known = qr/^  $name at 00:03.0\n    port 1        0627:0001  full speed, keyboard, ready after \d+ ms\n\z/;
    my $machine = start($name, @machine, '-device', "$keyboard=1");
    lists($machine, $known, "$name: a keyboard");
    types($machine, 'root', "$name: types");
    replug($machine, "$keyboard=1", qr/^  $name at 00:03.0\n\z/, $known, $name);
    $machine->end;

    my $hub = qr/^  $name at 00:03.0\n    port 2        0409:55aa  full speed, hub, ready after \d+ ms\n/;
    $machine = start("$name with a hub", @machine, '-device', 'usb-hub,bus=u.0,port=2', '-device',
        "$keyboard=2.3");
    $known = qr/$hub    port 2.3      0627:0001  full speed, keyboard, ready after \d+ ms\n\z/;
    lists($machine, $known, "$name: a keyboard behind a hub");
    types($machine, 'hub', "$name: types behind a hub");
    replug($machine, "$keyboard=2.3", qr/$hub\z/, $known, "$name, a hub");
    $machine->end;
}

my @empty = map { qr/  UHCI at 00:1d.$_\n/ } 0 .. 2;
my $none = qr/^$empty[0]$empty[1]$empty[2]  EHCI at 00:1d.7\n\z/;
my $full = qr/    port 1        0627:0001  full speed, keyboard, ready after \d+ ms\n/;
my $high = qr/    port 1        0627:0001  high speed, keyboard, ready after \d+ ms\n/;
my $at_companion = qr/^$empty[0]$full$empty[1]$empty[2]  EHCI at 00:1d.7\n\z/;
my $at_ehci = qr/^$empty[0]$empty[1]$empty[2]  EHCI at 00:1d.7\n$high\z/;

my $machine = start('EHCI', @ehci, '-device', "$keyboard=1,usb_version=2");
lists($machine, $at_ehci, 'EHCI: a keyboard of high speed');
types($machine, 'high', 'EHCI: types');
replug($machine, "$keyboard=1,usb_version=1", $none, $at_companion, 'EHCI to its companion');
replug($machine, "$keyboard=1,usb_version=2", $none, $at_ehci, 'EHCI from its companion');
$machine->end;

$machine = start('companions', @ehci, '-device', "$keyboard=1,usb_version=1", '-device',
    'usb-hub,bus=u.0,port=6');
my $hub = qr/    port 2        0409:55aa  full speed, hub, ready after \d+ ms\n/;
lists($machine, qr/^$empty[0]$full$empty[1]$empty[2]$hub  EHCI at 00:1d.7\n\z/,
    'companions: all of full speed is theirs');
types($machine, 'full', 'companions: types');
replug($machine, "$keyboard=6.1,usb_version=1",
    qr/^$empty[0]$empty[1]$empty[2]$hub  EHCI at 00:1d.7\n\z/,
    qr/(?=.*$hub).*    port 2.1      0627:0001  full speed, keyboard, ready after \d+ ms\n/s,
    'companions, to a hub');
$machine->end;

$machine = start('EHCI without companions', @pc, '-device', 'usb-ehci,id=u', '-device',
    "$keyboard=3,usb_version=2");
lists($machine, qr/^  EHCI at 00:03.0\n    port 3        0627:0001  high speed, keyboard, ready after \d+ ms\n\z/,
    'EHCI without companions: a keyboard');
types($machine, 'alone', 'EHCI without companions: types');
$machine->end;

for (['UHCI', @uhci, '-device', "$keyboard=1"], ['OHCI', @ohci, '-device', "$keyboard=1"],
    ['EHCI', @ehci, '-device', "$keyboard=1,usb_version=2", '-device', 'usb-hub,bus=u.0,port=6']) {
    my ($name, @extra) = @$_;
    $machine = Machine->start(memory => 64, append => 'selftest', extra =>
        [@extra, '-device', 'isa-debug-exit,iobase=0xf4,iosize=4']);
    is $machine->left, 33, "$name: the self-test passes" or diag substr $machine->{text}, -2000;
}

done_testing;
