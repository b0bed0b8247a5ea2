#!/usr/bin/perl
# Through Multiboot 2: on a BIOS, and on both kinds of UEFI, whose map and tables the loader hands on.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Test::More;

# What both kinds of loader's words have to lead to.
sub runs {
    my ($name, $boot) = @_;
    my $passed = passed_selftest($boot);
    ok $passed > 80, "$name: $passed self-tests pass" or diag $boot->{text};
    ok usable_ranges($boot), '.. and the memory lines have their form';
    like $boot->{text}, qr/^boot: module 0x[0-9a-f]{5}000-0x[0-9a-f]{8} "second one"$/m,
        '.. a module, on a page boundary';
    like $boot->{text}, qr/^boot: loader GRUB \S+, command line ".*selftest"$/m, '.. who loaded it';
    unlike $boot->{text}, qr/tags break off/, '.. to the last tag';
}

my $lines = <<'LINES';
multiboot2 /boot/plat.elf selftest
module2 /boot/plat.elf first
module2 /boot/grub/grub.cfg second one
LINES

{
    local $ENV{GRUB_MODULES} = 'multiboot2';
    my $iso = make_iso('multiboot2', $lines);
    for my $memory (16, 128, 3584) {
        my $boot = boot(iso => $iso, memory => $memory);
        runs("BIOS, -m $memory", $boot);
        like $boot->{text}, qr/^firmware: BIOS \(by vectors\), ACPI 1\.0 by "BOCHS "/m,
            '.. a BIOS, and its ACPI';
        like $boot->{text}, qr/^memory: \d+ entries from the loader$/m, '.. the loader gave its map';
    }
    # Holes that the loader was told of.
    my $boot = boot(iso => make_iso('multiboot2-cut', "insmod mmap\ncutmem 0x2000100 0x2100000\n$lines"));
    runs('BIOS, a hole', $boot);
    ok !(grep { $_->[0] < 0x2100000 && $_->[1] > 0x2000000 } @{ usable_ranges($boot) // [] }),
        '.. and it is not used';
}

my $iso = make_iso_for_all('multiboot2-all', "insmod all_video\n$lines");
for my $firmware ('ia32', 'x64') {
    SKIP: {
        my $why = `scripts/firmware $firmware 2>&1 >/dev/null`;
        skip "UEFI $firmware: $why", 1 if $?;
        my $boot = boot(iso => $iso, firmware => $firmware, memory => 256,
            qemu => $firmware eq 'x64' ? 'qemu-system-x86_64' : 'qemu-system-i386');
        runs("UEFI $firmware", $boot);
        like $boot->{text}, qr/^firmware: UEFI \(by the loader\), ACPI 2\.0 or later by "BOCHS "/m,
            '.. UEFI, and its ACPI';
        like $boot->{text}, qr/^memory: \d+ entries from the loader and EFI$/m, '.. EFI gave its map';
        my ($blocks) = $boot->{text} =~ /^memory: (\d+) usable blocks$/m;
        cmp_ok $blocks, '>', 210 * 256, '.. what boot services had can be used';
    }
}

# The menu that people get takes it.
SKIP: {
    skip 'UEFI x64', 1 if system 'scripts/firmware x64 >/dev/null 2>&1';
    my $boot = boot(iso => 'build/plat.iso', firmware => 'x64', memory => 256,
        qemu => 'qemu-system-x86_64', script => [[qr/plat> /, "run hello\r"], [qr/plat> /, "poweroff\r"]]);
    like $boot->{text}, qr/^firmware: UEFI \(by the loader\)/m, 'the menu on UEFI: Multiboot 2';
    like $boot->{text}, qr/^Hello from ring 3, process 1$/m, '.. with the programs';
}
done_testing;
