#!/usr/bin/perl
# The inputs that fuzzing has collected, over each target, with sanitizers.
use strict;
use warnings;
use Test::More;

my @targets = grep { $_ ne 'replay' } map { m{(\w+)\.c$} } glob 'tests/fuzz/*.c';
is "@targets", join(' ', map { m{(\w+)$} } glob 'tests/fuzz/corpus/*'), 'each target has a corpus';
for my $target (@targets) {
    my @inputs = glob "tests/fuzz/corpus/$target/*";
    my $output = `build/fuzz/$target-replay @inputs 2>&1`;
    is $output, @inputs . " inputs\n", "$target: " . @inputs . ' inputs find nothing';
    cmp_ok scalar @inputs, '>', 0, "$target: .. and there are some";
}

# The replay itself can fail.
isnt system('build/fuzz/heap-replay /nonexistent 2>/dev/null'), 0, 'a missing input is no success';
done_testing;
