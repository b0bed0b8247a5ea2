#!/usr/bin/perl
# The rules of the house that a machine can check.
use strict;
use warnings;
use File::Path 'make_path';
use File::Temp 'tempdir';
use Test::More;

# What belongs to Plat: what git tracks, and what is new in the folders of the sources. Others may
# leave what they like beside it. Without git, all that is in those folders.
sub files {
    my @folders = @_;
    my $git = -e '.git' && `git rev-parse --show-prefix 2>/dev/null`;
    my $list = $git && $git eq "\n" ? 'git ls-files -co --exclude-standard --' : 'find -H';
    return sort grep { -f } split /\n/, `$list @folders`;
}
my @sources = grep { /\.(?:[ch]|asm)$/ } files(qw(src include tests));
ok @sources > 60, scalar(@sources) . ' files are looked at';

is `scripts/check-includes`, '', 'includes point one way';

# The check itself: a tree with every mistake that it is there to find.
my $wrong = tempdir(CLEANUP => 1);
make_path("$wrong/src/lib", "$wrong/include/lib", map { "$wrong/src/memory/$_" } qw(heap growing debug));
my %mistakes = (
    'src/lib/up.c' => '#include "memory/heap.h"', 'src/lib/libc.c' => '#include <stdio.h>',
    'src/memory/case.c' => '#include "case.h"', 'src/memory/nowhere.c' => '#include "xyz/a.h"',
    'src/memory/user.c' => '#include "platheap.h"',
    'src/memory/growing/platheap.c' => '#include "platheap_growing.h"',
    'src/memory/heap/up.c' => '#include "memory/growing/growing.h"',
    'src/memory/growing/up.c' => '#include "memory/kheap/kheap.h"',
    'src/memory/debug/machine.c' => '#include "cpu/cpu.h"');
for my $name (keys %mistakes) {
    open my $file, '>', "$wrong/$name" or die $!;
    print $file "$mistakes{$name}\n";
}
my @found = split /\n/, `scripts/check-includes $wrong`;
is scalar @found, scalar keys %mistakes, '.. and the check finds each kind of mistake';

for my $name (@sources) {
    open my $file, '<', $name or die "$name: $!";
    my @lines = <$file>;
    fail "$name has more than 500 lines" if $name !~ /^tests/ && @lines > 500;
    for my $i (0 .. $#lines) {
        chomp(my $line = $lines[$i]);
        fail "$name:" . ($i + 1) . ': longer than 100 columns' if length $line > 100;
        fail "$name:" . ($i + 1) . ': a tab or a blank at the end' if $line =~ /\t|\s$/;
    }
}
pass 'lines have at most 100 columns, files at most 500 lines';

# A header of the tree and all that it brings, the compiler's own headers apart.
sub with_all_it_brings {
    my ($name, $seen) = @_;
    return () if $seen->{$name}++;
    open my $file, '<', "include/$name" or die "include/$name: $!";
    return map { ($_, /^#include "(.+)"/ ? with_all_it_brings($1, $seen) : ()) } <$file>;
}
cmp_ok scalar(my @lines = with_all_it_brings('memory/kheap/kheap.h', {})), '<=', 200,
    'kheap.h with all that it brings has at most 200 lines';

my %allowed = map { $_ => 1 } qw(Makefile linker.ld src include iso scripts tests README.md
    LICENSE);
SKIP: {
    my @tracked = -e '.git' ? split /\n/, `git ls-files 2>/dev/null` : ();
    skip 'the top level is not looked at: this is no checkout of git', 1 unless @tracked;
    my %others = map { s{/.*}{}r => 1 } grep { !/^\./ } @tracked;
    is join(' ', grep { !$allowed{$_} } sort keys %others), '',
        'the top level holds what it should';
}

# Each version of clang-format has an opinion of its own.
SKIP: {
    open my $style, '<', '.clang-format' or die $!;
    my ($wanted) = <$style> =~ /^# clang-format (\d+)$/ or die '.clang-format names no version';
    my %version = map { $_ => `$_ --version 2>/dev/null` =~ /version (\d+)/ ? $1 : 0 }
        "clang-format-$wanted", 'clang-format';
    my ($format) = grep { $version{$_} == $wanted } sort keys %version;
    skip "clang-format $wanted is not installed" . ($version{'clang-format'}
        ? "; $version{'clang-format'} is" : ''), 1 unless $format;
    is system($format, '--dry-run', '-Werror', grep { /\.[ch]$/ } @sources), 0,
        'the code obeys .clang-format';
}

# What a script's first line, or its name, says it is.
for my $script (grep { !/\.(?:pyc|json)$/ } files('scripts')) {
    open my $file, '<', $script or die "$script: $!";
    my ($language, @check) = $script =~ /\.py$/ ? ('Python', 'python3', '-c',
        'import sys; compile(open(sys.argv[1]).read(), sys.argv[1], "exec")')
        : $script =~ /\.pm$/ || <$file> =~ /perl/ ? ('Perl', $^X, '-Iscripts/view', '-c')
        : ('a shell script', 'sh', '-n');
  SKIP: {
        skip "$script: python3 is not installed", 1
            if $language eq 'Python' && !`python3 --version 2>&1`;
        is system("@{[map { quotemeta } @check, $script]} 2>$wrong/log"), 0, "$script is $language"
            or diag `cat $wrong/log`;
    }
}

# prove runs each test as a program, and stops where one is none.
is join(' ', grep { !-x } glob 'tests/*/*.t'), '', 'all tests can be run';

done_testing;
