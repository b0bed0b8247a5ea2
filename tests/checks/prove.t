#!/usr/bin/perl
# The proofs, and that they are proofs: a line that is broken leaves a goal open.
use strict;
use warnings;
use Test::More;

$ENV{JOBS} //= 2;
my $output = `scripts/prove 2>&1`;
plan skip_all => $output =~ s/\n//r if $? >> 8 == 77;
is $?, 0, 'all goals are proved' or diag $output;
like $output, qr/^prove: (\d+) of \1 goals proved\n\z/m, '.. and it says how many';

$output = `scripts/prove --seeded 2>&1`;
is $?, 0, 'each fault leaves a goal open' or diag $output;
my ($faults) = $output =~ /^prove: (\d+) of \1 faults seen\n\z/m;
cmp_ok $faults // 0, '>=', 8, '.. and there are enough of them';

local $ENV{PATH} = '/nonexistent';
is system("$^X scripts/prove >/dev/null") >> 8, 77, 'without Frama-C it says so';
done_testing;
