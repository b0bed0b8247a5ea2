#!/usr/bin/perl
# The same self-tests in Bochs, from CD: unlike QEMU it checks segment limits, and its TLB forgets
# only what it is told to forget. Skipped where Bochs is not installed.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Cwd 'getcwd';
use Fcntl;
use File::Temp 'tempdir';
use Test::More;

my ($bios, $vga) = ('/usr/share/bochs/BIOS-bochs-latest', '/usr/share/vgabios/vgabios.stdvga.bin');
plan skip_all => 'bochs with bochs-term, bochsbios and vgabios is not installed'
    unless `sh -c 'command -v bochs'` && -e $bios && -e $vga;

# The terminal that the Bochs in this folder says it draws on, once it does.
sub screen_of {
    my ($home) = @_;
    open my $said, '<', "$home/screen.txt" or return undef;
    local $/;
    my ($name) = (<$said> // '') =~ m{connected to screen "(/dev/pts/\d+)"} or return undef;
    sysopen my $screen, $name, O_RDONLY | O_NONBLOCK | O_NOCTTY or return undef;
    system 'stty', '-F', $name, 'raw', '-echo';
    return $screen;
}

# Boots the ISO in a new Bochs; what it wrote on its serial line.
sub run {
    my ($iso) = @_;
    my $home = tempdir(CLEANUP => 1);
    open my $config, '>', "$home/bochsrc" or die $!;
    print $config <<"LINES";
plugin_ctrl: unmapped=1, biosdev=1, speaker=0, extfpuirq=1, parallel=0, serial=1, iodebug=0
config_interface: textconfig
display_library: term
memory: guest=64, host=64
romimage: file=$bios
vgaromimage: file=$vga
vga: extension=vbe, update_freq=5
cpu: model=pentium, count=1, ips=50000000, reset_on_triple_fault=0
clock: sync=none, time0=946684800, rtc_sync=0
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=$iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=serial.txt
log: bochs.log
panic: action=fatal
LINES
    close $config;

    # Its screen is a terminal that it opens itself and names; it stands still once that is full.
    my $pid = fork // die $!;
    if (!$pid) {
        setpgrp;
        chdir $home;
        $ENV{TERM} = 'xterm';
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', 'screen.txt';
        open STDERR, '>&', \*STDOUT;
        system "printf 'c\\n' >bochs.rc"; # what a debugger does first
        exec 'bochs', '-q', '-f', 'bochsrc', '-rc', 'bochs.rc';
    }
    my ($text, $screen) = ('', undef);
    for (1 .. 3000) { # 10 minutes: a loaded machine is slow
        select undef, undef, undef, 0.2;
        $screen //= screen_of($home);
        1 while $screen && sysread $screen, my $drawn, 65536;
        open my $serial, '<', "$home/serial.txt" or next;
        local $/;
        $text = <$serial> // '';
        last if $text =~ /^plat: \d+ passed|stands still/m;
    }
    kill 'KILL', -$pid;
    waitpid $pid, 0;

    return $text =~ s/\r//gr;
}

# All of them once; and what is about pages again where pages come and go.
my @programs = split /,/, programs();
my $modules = join '', map { "module /boot/$_ $_\n" } map { s{.*/}{}r } @programs;
for my $words ('selftest', 'selftest=machine heap=best_fit') {
    my $text = run(getcwd . '/' . make_iso('bochs', "multiboot /boot/plat.elf $words\n$modules",
        @programs));
    like $text, qr/^plat: [1-9]\d+ passed, 0 failed$/m, "Bochs, $words: passes" or diag $text;
    unlike $text, qr/^not ok/m, '.. none fails';
}
done_testing;
