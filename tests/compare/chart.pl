#!/usr/bin/perl
# Draws what the kernel's comparison measured: three panels of bars, one for each question.
# Usage: chart.pl compare.tsv >compare.svg
use strict;
use warnings;

my %colors = (block => '#1f77b4', free_list => '#ff7f0e', best_fit => '#2ca02c');
my @designs = qw(block free_list best_fit);
my @panels = (
    { column => 3, title => 'instructions a call', from => 10, to => 100000, log => 1 },
    { column => 4, title => 'the slowest call', from => 100, to => 1000000, log => 1 },
    { column => 5, title => 'bytes held for each live one', from => 0, to => 5 },
);
my ($bar, $gap, $names, $width, $space, $top) = (9, 10, 110, 250, 50, 60);

my (@works, %rows);
while (<>) {
    chomp;
    my @row = split /\t/;
    next if $row[0] ne 'kernel';
    push @works, $row[1] unless $rows{ $row[1] };
    $rows{ $row[1] }{ $row[2] } = \@row;
}
@works or die "chart.pl: no rows of the kernel in the input\n";

sub place {
    my ($panel, $value) = @_;
    my ($from, $to) = @$panel{qw(from to)};
    $value = $value < $from ? $from : $value > $to ? $to : $value;
    return $width * ($value - $from) / ($to - $from) unless $panel->{log};
    return $width * log($value / $from) / log($to / $from);
}

my @parts;
sub text {
    my ($x, $y, $text, $more) = @_;
    push @parts, sprintf '<text x="%.1f" y="%.1f" %s>%s</text>', $x, $y, $more || '', $text;
}

my $height = @designs * $bar + $gap;
my $bottom = $top + @works * $height;
for my $i (0 .. $#panels) {
    my $panel = $panels[$i];
    my $left = $names + $i * ($width + $space);
    text($left, $top - 24, $panel->{title}, 'font-weight="bold"');
    my @ticks = $panel->{log} ? map { 10**$_ } 0 .. 7 : 0 .. 10;
    for my $tick (grep { $_ >= $panel->{from} && $_ <= $panel->{to} } @ticks) {
        my $x = $left + place($panel, $tick);
        push @parts, sprintf '<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#ddd"/>', $x, $x,
            $top - 4, $bottom;
        text($x, $top - 8, $tick, 'text-anchor="middle" font-size="9"');
    }
    for my $w (0 .. $#works) {
        my $y = $top + $w * $height + $gap / 2;
        text($names - 6, $y + @designs * $bar / 2 + 4, $works[$w], 'text-anchor="end"') if $i == 0;
        for my $d (0 .. $#designs) {
            my $row = $rows{ $works[$w] }{ $designs[$d] } or next;
            my $value = $row->[ $panel->{column} ];
            my $length = place($panel, $value);
            push @parts, sprintf '<rect x="%.1f" y="%.1f" width="%.1f" height="%d" fill="%s"/>',
                $left, $y + $d * $bar, $length, $bar - 1, $colors{ $designs[$d] };
            text($left + $length + 3, $y + $d * $bar + $bar - 2, $value, 'font-size="8"');
        }
    }
}
for my $d (0 .. $#designs) {
    push @parts, sprintf '<rect x="%d" y="8" width="10" height="10" fill="%s"/>',
        $names + $d * 100, $colors{ $designs[$d] };
    text($names + 14 + $d * 100, 17, $designs[$d]);
}
printf '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" '
    . "font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
    $names + @panels * ($width + $space), $bottom + 10;
# Lines first, so that the bars lie over them.
print "$_\n" for sort { ($b =~ /^<line/) <=> ($a =~ /^<line/) } @parts;
print "</svg>\n";
