#!/usr/bin/perl
# The library as one file, its watch and the heaps that grow as two others: they compile alone, with
# every compiler and language that is there, without a warning, and do their work.
use strict;
use warnings;
use File::Temp;
use Test::More;

my $home = File::Temp::tempdir(CLEANUP => 1);
my $made = `make --no-print-directory amalgamation 2>&1`;
is $?, 0, 'make amalgamation' or BAIL_OUT $made;
for my $name (map { ("$_.c", "$_.h") } 'platheap', 'platheap_watch', 'platheap_growing') {
    system 'cp', "build/$name", "$home/$name";
}

my $program = "$home/work_platheap.c";
open my $file, '>', $program or die $!;
print {$file} <<'C';
#include "platheap_watch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REGION = 1 << 20, LIVE = 300, STEPS = 20000 };
static unsigned state = 12345;

static unsigned pick(unsigned below)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
}

static int work(struct platheap *heap)
{
    static unsigned char *live[LIVE];
    static size_t sizes[LIVE];
    unsigned steps;
    memset(live, 0, sizeof live);
    memset(sizes, 0, sizeof sizes);
    for (steps = 0; steps < STEPS; steps++) {
        unsigned i = pick(LIVE);
        size_t k, nbytes = 1 + pick(pick(4) ? 600 : 12000);
        for (k = 0; k < sizes[i]; k++)
            if (live[i][k] != (unsigned char)i)
                return 2;
        live[i] = (unsigned char *)platheap_realloc(heap, live[i], pick(3) ? nbytes : 0);
        sizes[i] = live[i] ? nbytes : 0;
        if (live[i])
            memset(live[i], (int)i, nbytes);
        if (steps % 1000 == 0 && platheap_check(heap))
            return 3;
    }
    return 0;
}

static int findings;

static void found(void *context, const struct platheap_finding *finding)
{
    (void)context;
    findings += finding->kind == PLATHEAP_WROTE_BEHIND ? 1 : 100;
}

int main(void)
{
    void *region = malloc(REGION);
    struct platheap *heap = region ? platheap_create(region, REGION, NULL) : NULL;
    struct platheap_watch_options watch;
    char *text;
    int result;
    if (!heap)
        return 1;
    result = work(heap);
    if (result)
        return result;
    heap = platheap_create(region, REGION, NULL);
    memset(&watch, 0, sizeof watch);
    watch.flags = PLATHEAP_WATCH_ALL;
    watch.found = found;
    if (!heap || !platheap_watch(heap, &watch))
        return 4;
    result = work(heap);
    if (result || findings)
        return 5;
    text = (char *)platheap_malloc(heap, 100);
    if (!text)
        return 6;
    text[100] = 'x';
    if (platheap_free(heap, text) || findings != 1)
        return 7;
    printf("ok, %u bits\n", (unsigned)sizeof(void *) * 8);
    return 0;
}
C
close $file;

# The same work with the other heap.
open $file, '<', $program or die $!;
my $text = do { local $/; <$file> };
$text =~ s/^static int findings.*?^int main/int main/ms;
$text =~ s/    heap = platheap_create.*?(?=    printf)//s;
$text =~ s/    struct platheap_watch_options watch;\n    char \*text;\n//;
$text =~ s/REGION, NULL\)/REGION, PLATHEAP_BEST_FIT, NULL)/;
$text =~ s/platheap_watch/platheap/g;
$text =~ s/platheap(?=\b|_[a-z])/platheap_growing/g;
open $file, '>', "$home/work_platheap_growing.c" or die $!;
print {$file} $text;
close $file;

sub installed { return system("command -v $_[0] >/dev/null 2>&1") == 0 }

# Compiles and, where a machine for it is there, runs.
sub compiles {
    my ($name, $command, $runner) = @_;
    my $said = `cd $home && $command 2>&1`;
    ok $? == 0 && $said eq '', "$name: compiles without a word" or diag $said;
    return unless defined $runner;
    is `cd $home && $runner 2>/dev/null` =~ s/\r//gr =~ s/\d+/N/r, "ok, N bits\n", '.. and works';
}

my $warnings = '-O2 -Wall -Wextra -Wshadow -Werror';
my %sources = (platheap => 'platheap.c platheap_watch.c', platheap_growing => 'platheap_growing.c');
for my $part (sort keys %sources) {
    my $work = "$sources{$part} work_$part.c -o work";
    my $objects = $sources{$part} =~ s/\.c/.o/gr;
    for my $compiler ('gcc', 'clang') {
        SKIP: {
            skip "$compiler is not installed", 1 unless installed($compiler);
            for my $std ('c99', 'c11', 'c17', 'c2x') {
                compiles("$part, $compiler -std=$std", "$compiler -std=$std $warnings $work", './work');
            }
            skip "$compiler has nothing for 32 bits here", 1
                if system "cd $home && $compiler -m32 $work >/dev/null 2>&1";
            compiles("$part, $compiler -m32", "$compiler -m32 $warnings $work",
                system('scripts/runs-32-bit') ? undef : './work');
        }
    }
    SKIP: {
        skip 'g++ is not installed', 1 unless installed('g++');
        for my $std ('c++98', 'c++20') {
            compiles("$part from $std", "g++ -std=$std -O2 -Wall -Wextra -Werror -c -x c++ work_$part.c "
                . "-o work.o && gcc -O2 -c $sources{$part} && g++ work.o $objects -o work", './work');
        }
    }
}
compiles('all in one program', "gcc $warnings platheap.c platheap_watch.c platheap_growing.c work_platheap.c -o work",
    './work');

# A long of 32 bits beside pointers of 64, and machines without a system.
for my $part (sort keys %sources) {
    for (['x86_64-w64-mingw32-gcc', '', 'wine64'], ['arm-none-eabi-gcc', '-mcpu=cortex-m0 -mthumb'],
        ['arm-none-eabi-gcc', '-mcpu=cortex-m4 -mthumb'], ['riscv64-unknown-elf-gcc',
        '-march=rv32imac -mabi=ilp32'], ['s390x-linux-gnu-gcc', ''], ['powerpc64-linux-gnu-gcc', '']) {
        my ($compiler, $flags, $runner) = @$_;
        SKIP: {
            skip "$compiler is not installed", 1 unless installed($compiler);
            compiles("$part, $compiler $flags", "$compiler -std=c11 -ffreestanding $flags $warnings "
                . "-Wconversion -c $sources{$part}");
            next unless $runner && installed($runner);
            compiles('.. linked', "$compiler -std=c11 $warnings $sources{$part} work_$part.c -o work.exe",
                "$runner work.exe");
        }
    }
}
done_testing;
