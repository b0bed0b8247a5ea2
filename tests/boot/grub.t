#!/usr/bin/perl
# Through GRUB, from a CD: sizes, and maps with holes that GRUB cuts.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Test::More;

my $selftest = make_iso('selftest', 'multiboot /boot/plat.elf selftest');
for my $memory (4, 8, 16, 32, 64, 128, 512, 2048, 3584) {
    my $boot = boot(iso => $selftest, memory => $memory);
    my $passed = passed_selftest($boot);
    ok $passed > 80, "CD, -m $memory: $passed self-tests pass" or diag $boot->{text};
    ok usable_ranges($boot), '.. and the memory lines have their form';
}

# A hole inside the heap, off page boundaries; the same through badram; both with modules.
sub covered {
    my ($boot, $from, $to) = @_;
    return grep { $_->[0] < $to && $_->[1] > $from } @{ usable_ranges($boot) // [[0, 1 << 32]] };
}

my $boot = boot(iso => make_iso('cutmem', <<'LINES'));
insmod mmap
cutmem 0x2000100 0x2100000
multiboot /boot/plat.elf selftest
module /boot/plat.elf first
module /boot/grub/grub.cfg second one
LINES
ok passed_selftest($boot), 'cutmem: self-tests pass' or diag $boot->{text};
ok !covered($boot, 0x2000000, 0x2100000), '.. and the hole, rounded outward, is not used';
ok covered($boot, 0x1fff000, 0x2000000) && covered($boot, 0x2100000, 0x2101000),
    '.. but its neighbours are';
like $boot->{text}, qr/^boot: module 0x[0-9a-f]{8}-0x[0-9a-f]{8} "second one"$/m, '.. modules';
unlike $boot->{text}, qr/holes_can_not_be_freed # SKIP/, '.. and the hole can not be freed';
my @modules = $boot->{text} =~ /^boot: module 0x([0-9a-f]{8}-0x[0-9a-f]{8})/mg;
for my $module (@modules) {
    my ($from, $to) = map { hex } split /-/, $module;
    ok !covered($boot, $from, $to), ".. the module at 0x$module is not used";
}

$boot = boot(iso => make_iso('badram', <<'LINES'));
insmod mmap
badram 0x01800000,0xFFFFF000
multiboot /boot/plat.elf selftest
LINES
ok passed_selftest($boot), 'badram: self-tests pass' or diag $boot->{text};
ok !covered($boot, 0x1800000, 0x1801000), '.. and the bad page is not used';

$boot = boot(iso => make_iso('low', <<'LINES'));
insmod mmap
cutmem 0x00f00000 0x01400000
multiboot /boot/plat.elf selftest
LINES
ok passed_selftest($boot), 'a hole where the heap would begin: self-tests pass'
    or diag $boot->{text};

# GRUB's handler stands before the BIOS's then; it is called, and knows of the hole.
$boot = boot(iso => make_iso('hooked', <<'LINES'));
insmod mmap
cutmem 0x2000100 0x2100000
multiboot /boot/plat.elf stop=map map=e820
LINES
is $boot->{status}, OK, 'the BIOS through a hook of GRUB: leaves behind the map';
like $boot->{text}, qr/^memory: \d+ entries from BIOS E820$/m, '.. which the BIOS gave';
ok !covered($boot, 0x2000000, 0x2100000), '.. with the hole';

# What can't go on says why, in one line.
$boot = boot(iso => make_iso('no-ram', <<'LINES'));
insmod mmap
cutmem 0x00100000 0xffffffff
multiboot /boot/plat.elf selftest
LINES
is $boot->{status}, PANIC, 'no RAM above 1 MB: does not go on';
like $boot->{text}, qr/^panic: no usable RAM from 1 MB to 4 GB in the memory map$/m, '.. and why';

my $end = sprintf '0x%08x', (symbol('kernel_end') + 0x1ffff) & ~0xffff;
$boot = boot(iso => make_iso('little-ram', <<"LINES"));
insmod mmap
cutmem $end 0xffffffff
multiboot /boot/plat.elf selftest
LINES
is $boot->{status}, PANIC, 'less RAM than the kernel needs: does not go on';
like $boot->{text},
    qr/^panic: too little memory: the heap needs \d+ K of usable RAM .*; there are \d+ K$/m,
    '.. and how much is missing';

# The menu that people get, and the prompt behind it.
$boot = boot(iso => 'build/plat.iso',
    script => [[qr/plat> /, "run hello\r"], [qr/plat> /, "poweroff\r"]]);
like $boot->{text}, qr/^Hello from ring 3, process 1$/m, 'the menu brings the programs';
is $boot->{status}, 0, 'the ISO boots to its prompt by itself, and powers off';

done_testing;
