#!/usr/bin/perl
# The same self-tests in Bochs, from CD: unlike QEMU it checks segment limits, and its TLB forgets
# only what it is told to forget. Skipped where Bochs is not installed.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use File::Temp 'tempdir';
use POSIX 'WNOHANG';
use Test::More;

plan skip_all => 'bochs with bochs-term, bochsbios and vgabios is not installed'
    if system 'scripts/bochs --installed 2>/dev/null';

# Boots the ISO in a new Bochs; what it wrote on its serial line.
sub run {
    my ($iso) = @_;
    my $home = tempdir(CLEANUP => 1);
    my $pid = fork // die $!;
    if (!$pid) {
        setpgrp;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$home/serial.txt";
        exec 'scripts/bochs', $iso;
    }
    my $text = '';
    for (1 .. 3000) { # 10 minutes: a loaded machine is slow
        select undef, undef, undef, 0.2;
        open my $serial, '<', "$home/serial.txt" or next;
        local $/;
        $text = <$serial> // '';
        last if $text =~ /^plat: \d+ passed|stands still/m || waitpid($pid, WNOHANG);
    }
    kill 'TERM', -$pid;
    waitpid $pid, 0;
    return $text =~ s/\r//gr;
}

# All of them once; and what is about pages again where pages come and go.
my @programs = split /,/, programs();
my $modules = join '', map { "module /boot/$_ $_\n" } map { s{.*/}{}r } @programs;
for my $words ('selftest', 'selftest=machine heap=best_fit') {
    my $text = run(make_iso('bochs', "multiboot /boot/plat.elf $words\n$modules", @programs));
    like $text, qr/^plat: [1-9]\d+ passed, 0 failed$/m, "Bochs, $words: passes" or diag $text;
    unlike $text, qr/^not ok/m, '.. none fails';
}
done_testing;
