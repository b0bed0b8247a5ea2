#!/usr/bin/perl
# Interrupts are off for 100,000 instructions at most (k5), whatever programs do: counted by a debug
# build in ticks of the time stamp counter, each of which is an instruction here.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Machine;
use Test::More;

use constant MOST => 100_000;

# A program of 12 MB that ends at once: push 0; mov eax, SYSTEM_EXIT; int 0x80.
my $large = 'build/tests/large.bin';
open my $file, '>:raw', $large or die "$large: $!";
print $file "\x6a\x00\xb8\x09\x00\x00\x00\xcd\x80", "\x90" x ((12 << 20) - 9);
close $file;

sub start {
    my ($memory) = @_;
    my $machine = Machine->start(no_kernel => 1, memory => $memory,
        modules => programs('busy', 'many') . ",$large",
        extra => ['-kernel', 'build/tests/debug.elf', '-icount', 'shift=0,sleep=off']);
    ok defined $machine->wait_for(qr/^plat> \z/m), "a machine of $memory MB" or die $machine->{text};
    return $machine;
}

sub type { my ($machine, $line) = @_; syswrite $machine->{to}, "$line\r" }

# The longest section since the last question.
sub is_short {
    my ($machine, $while) = @_;
    type($machine, 'stats');
    my $said = $machine->wait_for(qr/^  interrupts: off for .*\n/m) // '';
    $machine->wait_for(qr/^plat> /m);
    my ($count, $by) = $said =~ /interrupts: off for (\d+) ticks .* by (.*)$/m;
    cmp_ok $count // 1e9, '<=', MOST, "k5: $while: $count instructions, by $by";
    return $count;
}

my $machine = start(1024);
cmp_ok is_short($machine, 'the prompt comes'), '>', 0, 'something is measured';
$machine->type('run large');
is_short($machine, 'a program of 12 MB is loaded');
like $machine->type('run busy pages'), qr/^busy: 100000 pages were taken$/m, 'a process of 100,000 pages';
is_short($machine, 'it ends');
$machine->type('run busy crowd 1000');
like $machine->type('kill all'), qr/^  1000 processes were killed$/m, 'a thousand processes';
is_short($machine, 'they end');
$machine->type($_) for 'check', 'ps', 'map', 'heap', 'blocks';
is_short($machine, 'the shell looks at all');
for my $trouble ('churn 400000000', 'fault', 'print', 'start') {
    type($machine, "run busy $trouble &");
    $machine->wait_for(qr/runs in the background\n/);
    select undef, undef, undef, 2;
    is_short($machine, "busy $trouble");
    type($machine, 'kill all');
    $machine->wait_for(qr/^  \d+ process(?:es were| was) killed$/m);
}

done_testing;
