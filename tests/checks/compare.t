#!/usr/bin/perl
# The designs side by side on the host: each workload over each design, and a trace from a file.
use strict;
use warnings;
use File::Temp 'tempdir';
use Test::More;

my $folder = tempdir(CLEANUP => 1);

sub file {
    my ($name, $text) = @_;
    open my $out, '>', "$folder/$name" or die $!;
    print $out $text;
    close $out;
    return "$folder/$name";
}

sub slurp {
    my ($name) = @_;
    open my $in, '<', $name or die "$name: $!";
    return do { local $/; <$in> };
}

my $trace = file('trace', "plat-trace 1\nm 1 100\nm 2 5000\nr 1 9000\nf 2\nm 2 16\n");
for my $bits (32, 64) {
    my $program = "build/compare/$bits/compare";
    SKIP: {
    skip 'Linux runs no 32-bit programs here', 6 if $bits == 32 && system 'scripts/runs-32-bit';
    my @rows = map { [split /\t/] } split /\n/, `$program --trace $trace`;
    is scalar @rows, 24, "$bits bits: eight workloads over three designs";
    is scalar(grep { $_->[7] } @rows), 0, '.. no request fails';
    is scalar(grep { $_->[8] > 1 } @rows), 0, '.. all pages come back, but for one';
    is scalar(grep { $_->[4] < 1 } @rows), 0, '.. nobody holds less than is live';
    is join(' ', map { $_->[2] } @rows[21 .. 23]), '5 5 5', '.. the trace is replayed, call for call';
    my @only = split /\n/, `$program --only comb best_fit`;
    is scalar @only, 1, '.. one workload over one design, if that is asked for';
    }
}

# A trace of one's own: what sh asks of malloc, as text and packed.
{
    my $recorded = "$folder/recorded";
    is system("scripts/record-trace $recorded -of sh env sh -c 'for i in 1 2 3; do echo \$i; done' >/dev/null"), 0,
        'a program is recorded';
    my @rows = map { [split /\t/] } split /\n/, `build/compare/64/compare --trace $recorded`;
    my $count = () = slurp($recorded) =~ /^[mrf] /mg;
    cmp_ok $count, '>', 10, '.. which asks for something';
    is scalar @rows, 24, '.. and the trace can be replayed';
    is system("scripts/record-trace --pack $recorded $folder/packed"), 0, '.. and packed';
    my $bytes = -s "$folder/packed";
    ok $bytes > $count && $bytes < 4 * $count, ".. into a few bytes an operation ($count, $bytes)";
}
isnt system('scripts/record-trace 2>/dev/null'), 0, 'and not without a command';

my $large = file('large', "plat-trace 1\nm 4096 8\n");
like `build/compare/64/compare --trace $large 2>&1`, qr/IDs up to 4096; expected: below 4096$/,
    'too large an ID is named';
like `build/compare/64/compare --loud 2>&1`, qr/^compare: --loud: expected: --trace FILE/,
    'so is an unknown argument';

my $tsv = file('compare.tsv', join '', map { "kernel\tcomb\t$_\t100\t2000\t1.50\t7\t0\t0\t0\n" }
        qw(block free_list best_fit));
my $chart = `perl tests/compare/chart.pl $tsv`;
like $chart, qr/^<svg .*<\/svg>$/s, 'the chart is one';
is scalar(() = $chart =~ /<rect x="[\d.]+" y="[\d.]+" width="[\d.]+" height="8"/g), 9,
    '.. with a bar for each design and question';
isnt system('perl tests/compare/chart.pl /dev/null >/dev/null 2>&1'), 0, '.. and not without rows';
done_testing;
