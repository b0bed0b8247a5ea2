#!/usr/bin/perl
# Other loaders than GRUB and QEMU's own, each with modules: ISOLINUX from a CD, SYSLINUX from a disk,
# both by their mboot.c32, and iPXE over a network.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use File::Copy 'copy';
use File::Temp 'tempdir';
use Test::More;

my $home = tempdir(CLEANUP => 1);
my @programs = map { "build/user/$_.elf" } 'hello', 'count';

sub put {
    my ($path, $text) = @_;
    open my $file, '>', $path or die "$path: $!";
    print {$file} $text;
    close $file;
}

# A folder with all that a loader of SYSLINUX's family reads but itself.
sub folder {
    my ($name, @files) = @_;
    mkdir "$home/$name" or die $!;
    copy($_, "$home/$name/" . s{.*/}{}r) or die "$_: $!" for @files, 'build/plat.elf', @programs;
    put("$home/$name/syslinux.cfg", <<'TEXT');
DEFAULT plat
LABEL plat
  KERNEL mboot.c32
  APPEND plat.elf selftest --- hello.elf hello --- count.elf count
TEXT
    return "$home/$name";
}

sub runs {
    my ($name, $boot, $loader) = @_;
    my $passed = passed_selftest($boot);
    ok $passed > 80, "$name: $passed self-tests pass" or diag $boot->{text};
    like $boot->{text}, qr/^boot: loader \Q$loader\E.*, command line ".*selftest"$/m, '.. who loaded it';
    my @modules = $boot->{text} =~ /^boot: module \S+ "(.*)"$/mg;
    ok @modules == 2 && $modules[0] =~ /hello$/ && $modules[1] =~ /count$/, '.. with two modules'
        or diag "@modules";
    ok usable_ranges($boot), '.. and the memory lines have their form';
}

my $bios = '/usr/lib/syslinux/modules/bios';
SKIP: {
    skip 'ISOLINUX: isolinux or syslinux-common is not installed', 1
        unless -r '/usr/lib/ISOLINUX/isolinux.bin' && -r "$bios/mboot.c32";
    my $tree = folder('isolinux', '/usr/lib/ISOLINUX/isolinux.bin', map { "$bios/$_.c32" } 'ldlinux',
        'mboot', 'libcom32');
    my $made = system("xorriso -as mkisofs -quiet -o $home/isolinux.iso -b isolinux.bin -c boot.cat "
        . "-no-emul-boot -boot-load-size 4 -boot-info-table $tree >$home/log 2>&1");
    is $made, 0, 'a CD with ISOLINUX' or skip `cat $home/log`, 1;
    runs("ISOLINUX, -m $_", boot(iso => "$home/isolinux.iso", memory => $_), 'ISOLINUX') for 16, 128;
}

SKIP: {
    skip 'SYSLINUX: syslinux or mtools is not installed', 1
        if system('command -v syslinux mcopy mformat >/dev/null 2>&1') || !-r "$bios/mboot.c32";
    my $tree = folder('syslinux', map { "$bios/$_.c32" } 'mboot', 'libcom32');
    my $disk = "$home/disk.img";
    my $made = system("dd if=/dev/zero of=$disk bs=1M count=16 status=none && mformat -i $disk :: && "
        . "mcopy -i $disk $tree/* :: && syslinux $disk >$home/log 2>&1");
    is $made, 0, 'a disk with SYSLINUX' or skip `cat $home/log`, 1;
    runs('SYSLINUX', boot(kernel => undef, disk => $disk), 'SYSLINUX');
}

# QEMU's network card has iPXE in its ROM, which reads a script of ours.
SKIP: {
    skip 'iPXE: QEMU has no ROM for its network card (Debian: ipxe-qemu)', 1
        unless grep { -e } map { "$_/pxe-e1000.rom" } '/usr/lib/ipxe/qemu', '/usr/share/qemu';
    my $tree = folder('ipxe');
    put("$tree/plat.ipxe", <<'TEXT');
#!ipxe
kernel plat.elf selftest
module hello.elf hello
module count.elf count
boot
TEXT
    runs('iPXE', boot(kernel => undef, memory => 128,
        extra => ['-nic', "user,model=e1000,tftp=$tree,bootfile=plat.ipxe", '-boot', 'n']), 'iPXE');
}
done_testing;
