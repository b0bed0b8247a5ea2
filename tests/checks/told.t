#!/usr/bin/perl
# The library in one file, compiled for a tool that watches memory: AddressSanitizer and valgrind see
# what is touched beyond the bytes that were asked for, and after a free; and nothing else.
use strict;
use warnings;
use File::Temp 'tempdir';
use Test::More;

my $folder = tempdir(CLEANUP => 1);
my $made = `make --no-print-directory amalgamation 2>&1`;
is $?, 0, 'make amalgamation' or BAIL_OUT $made;
system "cp build/platheap*.[ch] $folder";

open my $file, '>', "$folder/faults.c" or die $!;
print {$file} <<'C';
#include "platheap.h"
#include <stdlib.h>
#include <string.h>

static unsigned state = 99;

static unsigned pick(unsigned below)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
}

static int work(struct platheap *heap)
{
    static unsigned char *live[200];
    static size_t sizes[200];
    for (int step = 0; step < 20000; step++) {
        unsigned i = pick(200);
        size_t nbytes = 1 + pick(pick(4) ? 600 : 12000);
        for (size_t k = 0; k < sizes[i]; k += 1 + k / 8)
            if (live[i][k] != (unsigned char)i)
                return 2;
        if (pick(3) || live[i]) {
            live[i] = platheap_realloc(heap, live[i], pick(3) ? nbytes : 0);
        } else {
            live[i] = platheap_zalloc(heap, nbytes);
            if (live[i] && (live[i][0] || live[i][nbytes - 1]))
                return 3;
        }
        sizes[i] = live[i] ? nbytes : 0;
        if (live[i])
            memset(live[i], (int)i, nbytes);
    }
    return platheap_check(heap) ? 4 : 0;
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {1, 13, 24, 100, 1000, 3001, 5000, 8191, 9000, 100001};
    unsigned char *region = malloc(4 << 20);
    struct platheap *heap = platheap_create(region, 4 << 20, NULL);
    volatile unsigned char *bytes, sum = 0;
    if (argc < 3)
        return work(heap);
    size_t nbytes = sizes[atoi(argv[2])];
    bytes = platheap_malloc(heap, nbytes);
    sum += bytes[0] = 1;
    switch (argv[1][0]) {
    case 'b': /* behind */
        sum += bytes[nbytes];
        break;
    case 'f': /* freed */
        platheap_free(heap, (void *)bytes);
        sum += bytes[nbytes / 2];
        break;
    case 'r': /* resized */
        bytes = platheap_realloc(heap, (void *)bytes, nbytes + 1);
        sum += bytes[0] + bytes[nbytes] * 0;
        sum += bytes[nbytes + 1];
        break;
    case 'n': /* never allocated */
        sum += region[3 << 20];
        break;
    }
    return 0;
}
C
close $file;

my @faults = map { my $fault = $_; map { [$fault, $_] } 0 .. 9 } qw(b f r);
push @faults, ['n', 0];

my $asan = system("gcc -std=c11 -O1 -g -fsanitize=address -DPLATHEAP_ASAN -I$folder $folder/faults.c $folder/platheap.c -o $folder/asan");
is $asan, 0, 'it compiles for AddressSanitizer';
is system("$folder/asan"), 0, 'AddressSanitizer: nothing to say of work that is right';
for (@faults) {
    my ($fault, $size) = @$_;
    like `$folder/asan $fault $size 2>&1`, qr/AddressSanitizer: use-after-poison/,
        "AddressSanitizer: $fault, size $size";
}

# It watches already, and would take patterns for faults.
open $file, '>', "$folder/watch.c" or die $!;
print {$file} <<'C';
#include "platheap_watch.h"

static char region[1 << 20];

int main(void)
{
    struct platheap_watch_options options = {.flags = PLATHEAP_WATCH_ALL};
    return platheap_watch(platheap_create(region, sizeof region, NULL), &options);
}
C
close $file;
is system("cd $folder && gcc -std=c11 -fsanitize=address -DPLATHEAP_ASAN watch.c platheap.c platheap_watch.c -o watch && ./watch"),
    0, 'the library\'s own watch is refused';

SKIP: {
    skip 'valgrind is not installed', 1 if system 'command -v valgrind >/dev/null 2>&1';
    skip 'valgrind has no header here', 1 unless -e '/usr/include/valgrind/memcheck.h';
    my $built = system("gcc -std=c11 -O1 -g -DPLATHEAP_VALGRIND -I$folder $folder/faults.c $folder/platheap.c -o $folder/grind");
    is $built, 0, 'it compiles for valgrind';
    my $grind = "valgrind -q --error-exitcode=9 $folder/grind";
    is system("$grind >/dev/null 2>&1"), 0, 'valgrind: nothing to say of work that is right';
    for (grep { $_->[1] % 3 == 0 } @faults) {
        my ($fault, $size) = @$_;
        like `$grind $fault $size 2>&1`, qr/Invalid read/, "valgrind: $fault, size $size";
    }
}
done_testing;
