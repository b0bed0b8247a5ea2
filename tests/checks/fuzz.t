#!/usr/bin/perl
# The inputs that fuzzing has collected, over each target, with sanitizers.
use strict;
use warnings;
use Test::More;

for my $folder (glob 'tests/fuzz/corpus/*') {
    my ($target) = $folder =~ m{([^/]+)$};
    my @inputs = glob "$folder/*";
    my $output = `build/fuzz/$target-replay @inputs 2>&1`;
    is $output, @inputs . " inputs\n", "$target: " . @inputs . ' inputs find nothing';
}

# The replay itself can fail.
isnt system('build/fuzz/heap-replay /nonexistent 2>/dev/null'), 0, 'a missing input is no success';
done_testing;
