#!/usr/bin/perl
# Every size of memory, through QEMU's own loader: the map is right and all self-tests pass (T2, B9).
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Test::More;

use constant MB => 1 << 20;

# What SeaBIOS leaves usable below 4 GB of -m N on a pc: all but its last 128 KB. From 3.5 GB on
# the board moves what lies above 3 GB to above 4 GB.
sub expected_top {
    my ($memory) = @_;
    return ($memory >= 3584 ? 3072 : $memory) * MB - 0x20000;
}

# What stands beside the blocks: a byte and an owner each, its place in the page map, and its run. In
# front of that stands the heap itself, at the beginning of a page.
sub bytes_beside {
    my ($blocks) = @_;
    return int((2 * $blocks + 15) / 16) * 16 + (16 + 32 + 12) * $blocks;
}

for my $memory (4, 8, 16, 32, 64, 128, 512, 2048, 3584) {
    my $boot = boot(memory => $memory, append => 'selftest');
    my $passed = passed_selftest($boot);
    ok $passed > 80, "t2, b9: -m $memory: $passed self-tests pass" or diag $boot->{text};
    my $ranges = usable_ranges($boot);
    is scalar @{ $ranges // [] }, $memory > 4 ? 2 : 1,
        "-m $memory: one usable range, but for the kernel's log";
    is $ranges->[-1][1], expected_top($memory), "-m $memory: it ends where the BIOS begins";
    my $slack = $ranges->[0][0] - symbol('kernel_end');
    ok $slack >= 0 && $slack <= 1 * MB, "-m $memory: it begins behind the kernel";

    $boot->{text} =~
        /^heap: 0x([0-9a-f]{8})-0x([0-9a-f]{8}) (\d+) blocks, table 0x([0-9a-f]{8})$/m
        or fail "-m $memory: the heap line";
    my ($start, $end, $blocks, $table) = (hex $1, hex $2, $3, hex $4);
    is $blocks, ($end - $start) / 4096, "-m $memory: the heap's blocks fill its span";
    is $end, $ranges->[-1][1], "-m $memory: the heap reaches to the top";
    my $table_end = $table + bytes_beside($blocks);
    ok $table >= $ranges->[0][0] && $table_end <= $start,
        "-m $memory: the table lies in RAM and below the heap";
    # A table in the heap's span was planned to serve its own blocks too.
    my $most = bytes_beside($blocks + ($start - $table) / 4096) + 4096;
    my $page = $table - $table % 4096;
    ok $start == 16 * MB || $page == 16 * MB && $start - $table < $most,
        "-m $memory: the heap begins at 16 MB, or behind a table that does" if $memory >= 32;
}

# 16 MB below 4 GB, the rest above it.
my $boot = boot(qemu => 'qemu-system-x86_64', machine => 'pc,max-ram-below-4g=16M', memory => 128,
    append => 'selftest');
ok passed_selftest($boot), 'RAM above 4 GB, 16 MB below: self-tests pass' or diag $boot->{text};
is usable_ranges($boot)->[-1][1], 16 * MB - 0x20000, '.. and nothing above counts';

# The heap can be told to be smaller.
$boot = boot(memory => 64, append => 'heap_size=8M selftest=kheap');
ok passed_selftest($boot), 'heap_size=8M: self-tests pass';
like $boot->{text}, qr/^heap: 0x01000000-0x01800000 2048 blocks, /m, '.. in 2048 blocks';
my $prompt = qr/^plat> /m;
$boot = boot(append => 'heap_size=268K', script => [[$prompt, "selftest\r"], [$prompt, "heap\r"],
    [$prompt, sub { kill 'KILL', $_[0] }]]);
like $boot->{text}, qr/^selftest: \d+ K of memory are needed\n.*^  shell +0 blocks/ms,
    'heap_size=268K: too little for self-tests, and they keep none of it' or diag $boot->{text};
$boot = boot(append => 'heap_size=100');
is $boot->{status}, PANIC, 'heap_size=100: does not go on';
like $boot->{text}, qr/^panic: too little memory: .* and within heap_size; there are 4 K$/m,
    '.. and why';

done_testing;
