#!/usr/bin/perl
# The library with blocks of each size that it can be compiled for: the random work of
# tests/host/platheap_random.c, how much of a small region can be used, and its watch.
use strict;
use warnings;
use File::Temp 'tempdir';
use Test::More;

my $folder = tempdir(CLEANUP => 1);
my $sources = join ' ', glob('src/memory/heap/*.c src/memory/debug/*.c src/lib/*.c'), 'src/selftest/runner.c',
    'tests/host/platheap_random.c', 'tests/host/platheap_small.c',
    'tests/host/platheap_watch.c', 'tests/host/main.c';
my $include = '-idirafter /usr/include/' . `gcc -print-multiarch` =~ s/\n//r;
my $runs_32_bit = system('scripts/runs-32-bit') == 0;

for my $bytes (256, 512, 1024, 2048, 8192, 16384, 32768, 65536) {
    for my $bits (64, 32) {
        SKIP: {
            skip "blocks of $bytes, 32 bits: Linux runs no 32-bit programs here", 1
                if $bits == 32 && !$runs_32_bit;
            my $said = `gcc -m$bits $include -std=gnu11 -O1 -Wall -Wextra -Wconversion -Wshadow -Werror -Iinclude -Isrc -Itests -DPLATHEAP_BLOCK_SIZE=$bytes $sources -o $folder/cases 2>&1 && $folder/cases`;
            like $said, qr/plat: 22 passed, 0 failed/, "blocks of $bytes bytes, $bits bits" or diag $said;
            note "$_, $bits bits" for $said =~ /^# (blocks of .*)$/mg;
        }
    }
}

# Others are refused, in words.
for my $bytes (128, 1000, 131072) {
    like `gcc -Iinclude -Isrc -DPLATHEAP_BLOCK_SIZE=$bytes -c src/memory/heap/heap.c -o $folder/o 2>&1`,
        qr/a block has a power of two from 256 to 65536 bytes/, "blocks of $bytes bytes are refused";
}
done_testing;
