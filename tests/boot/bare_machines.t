#!/usr/bin/perl
# Machines that lack what a PC has: no wait is without a bound.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Machine;
use Test::More;

# Without a serial port only the exit status can tell.
my $boot = boot(serial => 'none', append => 'selftest', extra => ['-nodefaults']);
is $boot->{status}, OK, 'no serial port: self-tests pass';
is $boot->{text}, '', '.. really none';
my $without = Machine->stamps_to_prompt(serial => 'none', extra => [qw(-nodefaults -vga std)]);
cmp_ok $without // 'inf', '<', Machine->stamps_to_prompt // 0, '.. and it takes less than to write to one';

$boot = boot(append => 'selftest', extra => ['-vga', 'none']);
ok passed_selftest($boot), 'no screen: self-tests pass' or diag $boot->{text};

$boot = boot(append => 'selftest console=serial');
ok passed_selftest($boot), 'console=serial: self-tests pass' or diag $boot->{text};
like $boot->{text}, qr/^console: serial yes, text screen no, keyboard yes$/m, '.. without the screen';
like $boot->{text}, qr/t3_\w+ # SKIP no text screen$/m, '.. whose case is skipped by name';

SKIP: {
    my $off = 'q35,i8042=off';
    my $known = `qemu-system-i386 -machine q35,help 2>&1` =~ /i8042/;
    skip "this QEMU can't leave out the keyboard controller", 2 unless $known;
    $boot = boot(machine => $off, append => 'selftest');
    ok passed_selftest($boot), 'no keyboard controller: self-tests pass' or diag $boot->{text};
    like $boot->{text}, qr/^console: .* keyboard no$/m, '.. and it is said';
}

done_testing;
