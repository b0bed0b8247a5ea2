#!/usr/bin/perl
# Draws the chart of the benchmark's times: for each stream and peer, how many times plat's.
# Usage: chart.pl bench.tsv >bench.svg
use strict;
use warnings;

my %colors = (table => '#7f7f7f', glibc => '#1f77b4', jemalloc => '#2ca02c', mimalloc => '#ff7f0e',
    tcmalloc => '#9467bd', buddy => '#8c564b');
my @allocators = qw(table glibc jemalloc mimalloc tcmalloc buddy);
my ($bar, $gap, $names, $width, $top) = (7, 8, 130, 380, 70);
my ($least, $most) = (1 / 8, 32);

my (@widths, @streams, %ratio);
while (<>) {
    my ($bits, $stream, $allocator, @numbers) = split /\t/;
    next if $bits eq 'bits' || $numbers[3] eq '-' || !$colors{$allocator};
    push @widths, $bits unless grep { $_ eq $bits } @widths;
    push @streams, $stream unless grep { $_ eq $stream } @streams;
    $ratio{$bits}{$stream}{$allocator} = $numbers[3];
}
@widths or die "chart.pl: no ratios in the input\n";

# A ratio's place on the axis: what is twice as slow is as far from plat as what is twice as quick.
sub place {
    my $ratio = shift;
    $ratio = $ratio < $least ? $least : $ratio > $most ? $most : $ratio;
    return $width * log($ratio / $least) / log($most / $least);
}

my (@parts, %height);
sub text {
    my ($x, $y, $text, $more) = @_;
    push @parts, sprintf '<text x="%.1f" y="%.1f" %s>%s</text>', $x, $y, $more || '', $text;
}

my $y = $top;
for my $stream (@streams) {
    my @present = grep { my $a = $_; grep { $ratio{$_}{$stream}{$a} } @widths } @allocators;
    text($names - 6, $y + @present * $bar / 2 + 4, $stream, 'text-anchor="end"');
    for my $column (0 .. $#widths) {
        my $left = $names + $column * ($width + 60);
        for my $i (0 .. $#present) {
            my $value = $ratio{$widths[$column]}{$stream}{$present[$i]} or next;
            my ($from, $to) = sort { $a <=> $b } place(1), place($value);
            push @parts, sprintf '<rect x="%.1f" y="%.1f" width="%.1f" height="%d" fill="%s">'
                . '<title>%s, %s, %s bits: %.2f</title></rect>', $left + $from, $y + $i * $bar,
                $to - $from, $bar - 1, $colors{$present[$i]}, $stream, $present[$i],
                $widths[$column], $value;
            text($left + $to + 2, $y + $i * $bar + $bar - 1, sprintf('%.1f', $value),
                'font-size="7"') if $value > $most;
        }
    }
    $y += @present * $bar + $gap;
}

for my $column (0 .. $#widths) {
    my $left = $names + $column * ($width + 60);
    text($left, 40, "$widths[$column] bits: time of an operation, as many times as plat&#39;s");
    for (my $tick = $least; $tick <= $most; $tick *= 2) {
        my $x = $left + place($tick);
        push @parts, sprintf '<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="%s"/>', $x, $x,
            $top - 8, $y, $tick == 1 ? '#000' : '#ddd';
        text($x, $top - 12, $tick < 1 ? '1/' . 1 / $tick : $tick, 'text-anchor="middle"');
    }
}
for my $i (0 .. $#allocators) {
    push @parts, sprintf '<rect x="%d" y="8" width="10" height="10" fill="%s"/>', $names + $i * 90,
        $colors{$allocators[$i]};
    text($names + 14 + $i * 90, 17, $allocators[$i]);
}
printf '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" '
    . "font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
    $names + @widths * ($width + 60), $y + 20;
# Lines first, so that the bars lie over them.
print "$_\n" for sort { ($b =~ /^<line/) <=> ($a =~ /^<line/) } @parts;
print "</svg>\n";
