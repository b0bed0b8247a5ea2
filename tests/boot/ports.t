#!/usr/bin/perl
# What the kernel writes to ports where a PC may have something of its own: a QEMU device behind each
# of them writes it down.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use File::Temp 'tempdir';
use Test::More;

my $directory = tempdir(CLEANUP => 1);
my $prompt = qr/^plat> /m;

# Boots as boot() does; the bytes written to each of PORTS, as numbers, and the boot.
sub written {
    my ($ports, %with) = @_;
    my @devices;
    for my $port (@$ports) {
        my $name = sprintf 'port%x', $port;
        unlink "$directory/$name";
        push @devices, '-chardev', "file,id=$name,path=$directory/$name", '-device',
            sprintf 'isa-debugcon,iobase=0x%x,chardev=%s', $port, $name;
    }
    my $boot = boot(%with, extra => [@{ $with{extra} // [] }, @devices]);
    my %bytes = map { $_ => do {
        open my $file, '<:raw', sprintf "$directory/port%x", $_ or die $!;
        local $/;
        [unpack 'C*', <$file> // ''];
    } } @$ports;
    return ($boot, %bytes);
}

# Port 0x80 hangs some laptops, where it is taken for a delay.
for my $machine ('pc', 'q35') {
    my ($boot, %bytes) = written([0x80], machine => $machine, append => 'selftest=trap');
    ok passed_selftest($boot), "k15: $machine: self-tests pass" or diag $boot->{text};
    is_deeply $bytes{0x80}, [], '.. and nothing is written to port 0x80';
}

# Events of the chipset's are off, and forgotten, when the machine goes off.
my ($boot, %bytes) = written([0xafe0 .. 0xafe3], exit_device => 0,
    script => [[$prompt, "poweroff\r"]]);
is $boot->{status}, 0, 'k15: poweroff';
is_deeply \%bytes, { 0xafe0 => [0xff], 0xafe1 => [0xff], 0xafe2 => [0], 0xafe3 => [0] },
    '.. and the events are off before';

# An old board's register that leads the PIC around the APIC is set where the BIOS says that there is
# one: GRUB writes that into the BIOS's data area.
my @says = map { "write_dword $_" } '0x9ff00 0x5f504d5f', '0x9ff04 0', '0x9ff08 0x00200401',
    '0x9ff0c 0x80';
$ENV{GRUB_MODULES} = 'memrw';
for my $imcr (0, 1) {
    my $iso = make_iso("imcr$imcr", join "\n", $imcr ? ('insmod memrw', @says) : (),
        'multiboot /boot/plat.elf selftest=trap');
    ($boot, %bytes) = written([0x22, 0x23], iso => $iso);
    ok passed_selftest($boot), "k15: the IMCR is there: $imcr" or diag $boot->{text};
    is_deeply \%bytes, { 0x22 => [(0x70) x $imcr], 0x23 => [(0) x $imcr] }, '.. and is written if so';
}
delete $ENV{GRUB_MODULES};

# Each board of QEMU's is known for one, the exit taken; other ports are taken when they are named.
for my $machine ('pc', 'q35', 'isapc', 'microvm,acpi=on', 'microvm,acpi=off') {
    my $boot = boot(machine => $machine, append => 'selftest=checked');
    ok passed_selftest($boot), "k15: $machine: it leaves by port 0xf4" or diag $boot->{text};
}
$boot = boot(append => 'selftest=checked exit=0x501', exit_device => 0,
    extra => ['-device', 'isa-debug-exit,iobase=0x501,iosize=0x04']);
ok passed_selftest($boot), 'k15: exit=0x501: it leaves by that port' or diag $boot->{text};

done_testing;
