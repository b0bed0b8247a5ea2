# The block table as a picture: a cell a block, or a group of blocks where there are many.
package Picture;

use strict;
use warnings;
use Compress::Zlib;
use Table;

use constant { COLUMNS => 128, ROWS_MOST => 256, FROM_COLUMNS => 64, FROM_CELLS => 1024 };
use constant { MARGIN => 12, LINE => 20, GLYPH_WIDTH => 8, GLYPH_HEIGHT => 16, LABEL => 11 };
use constant { PAPER => 0x101018, INK => 0xd8d8d8, BAD => 0xff0000 };

# Everything is rectangles and lines of text in the order of drawing: [x, y, width, height, colour]
# and [x, y, text, colour].
sub new {
    my ($class, $table, $from) = @_;
    my $self = bless { table => $table, rectangles => [], texts => [] }, $class;
    my ($first, $end) = (0, $table->{nblocks});
    my ($columns, $cell, $per_cell) = (COLUMNS, 8, 1);
    if (defined $from) {
        ($first, $columns, $cell) = ($from, FROM_COLUMNS, 16);
        $end = $first + FROM_CELLS if $end > $first + FROM_CELLS;
    } else {
        $per_cell *= 2 while $end > $per_cell * COLUMNS * ROWS_MOST;
        $cell = 6 if $end > $per_cell * COLUMNS * ROWS_MOST / 2;
    }
    @$self{qw(first end columns cell per_cell)} = ($first, $end, $columns, $cell, $per_cell);
    $self->{rows} = int(($end - $first + $columns * $per_cell - 1) / ($columns * $per_cell));
    $self->{left} = MARGIN + LABEL * GLYPH_WIDTH;
    $self->{width} = $self->{left} + $columns * $cell + MARGIN;
    $self->{top} = $self->draw_title;
    $self->draw_row($_) for 0 .. $self->{rows} - 1;
    $self->{height} = $self->draw_legend($self->{top} + $self->{rows} * $cell + MARGIN) + MARGIN;
    return $self;
}

sub rectangle { my $self = shift; push @{ $self->{rectangles} }, [@_] }
sub words { my $self = shift; push @{ $self->{texts} }, [@_] }

# COLOUR with so many of 8 parts of its light.
sub darker {
    my ($colour, $parts) = @_;
    return ($colour >> 16) * $parts / 8 << 16 | ($colour >> 8 & 255) * $parts / 8 << 8
        | ($colour & 255) * $parts / 8;
}

# Returns where what follows begins.
sub draw_title {
    my ($self) = @_;
    my $table = $self->{table};
    my $free = $table->{counts}[0];
    my @lines = (sprintf('Plat: 0x%08x-0x%08x, %u blocks of %u bytes: %u free, %u taken',
        @$table{qw(start end nblocks block_bytes)}, $free, $table->{nblocks} - $free));
    push @lines, $self->{per_cell} > 1
        ? "a cell is $self->{per_cell} blocks, filled as far as they are taken"
        : 'a cell is a block; dark edges are where an allocation begins and ends';
    my $y = MARGIN;
    for ([INK, @lines], [BAD, $table->complaints]) {
        my ($colour, @those) = @$_;
        for (@those) {
            $self->words(MARGIN, $y, $_, $colour);
            $y += LINE;
        }
    }
    return $y + MARGIN;
}

# Cells of one look that stand side by side are one rectangle.
sub draw_row {
    my ($self, $row) = @_;
    my ($table, $cell, $per_cell) = @$self{qw(table cell per_cell)};
    my $y = $self->{top} + $row * $cell;
    my $block = $self->{first} + $row * $self->{columns} * $per_cell;
    my $every = 1;
    $every *= 2 while $every * $cell < GLYPH_HEIGHT;
    my $label = sprintf '0x%08x', $table->address($block);
    $self->words(MARGIN, $y - (GLYPH_HEIGHT - $cell) / 2, $label, INK) if $row % $every == 0;
    my ($start, $colour, $height) = (0, -1, 0);
    my @edges;
    for (my $column = 0; $column <= $self->{columns}; $column++, $block += $per_cell) {
        my ($next, $filled) = $column < $self->{columns} && $block < $self->{end}
            ? $self->look($block) : (-1, 0);
        push @edges, $self->edges($block, $self->{left} + $column * $cell, $y, $next)
            if $next >= 0 && $per_cell == 1;
        next if $next == $colour && $filled == $height;
        $self->fill($start, $column, $y, $colour, $height) if $colour >= 0;
        ($start, $colour, $height) = ($column, $next, $filled);
    }
    $self->rectangle(@$_) for @edges;
}

# A cell's lowest HEIGHT lines are the colour, what is above them is as free blocks are.
sub fill {
    my ($self, $start, $end, $y, $colour, $height) = @_;
    my $cell = $self->{cell};
    my ($x, $width) = ($self->{left} + $start * $cell, ($end - $start) * $cell);
    my $empty = $cell - 1 - $height;
    $self->rectangle($x, $y, $width, $empty, $self->{table}{looks}[0]{colour}) if $empty;
    $self->rectangle($x, $y + $empty, $width, $height, $colour);
}

# The colour of the cell that begins with BLOCK, and how many of its lines have it.
sub look {
    my ($self, $block) = @_;
    my ($table, $per_cell, $lines) = (@$self{qw(table per_cell)}, $self->{cell} - 1);
    if ($per_cell == 1) {
        my $owner = $table->{owner_of}[$block];
        my $look = $table->{looks}[$owner];
        return $table->{bad}{$block} || !$look ? (BAD, $lines) : ($look->{colour}, $lines);
    }
    my $end = $block + $per_cell < $self->{end} ? $block + $per_cell : $self->{end};
    return (BAD, $lines) if %{ $table->{bad} } && grep { $table->{bad}{$_} } $block .. $end - 1;
    my $counts = $table->count($block, $end);
    my $owner = $table->main_owner($counts);
    my $taken = $end - $block - $counts->[0];
    my $height = $owner ? int(($taken * $lines + $end - $block - 1) / ($end - $block)) : $lines;
    return ($table->{looks}[$owner]{colour}, $height);
}

# The edges of BLOCK, whose cell of this COLOUR stands there.
sub edges {
    my ($self, $block, $x, $y, $colour) = @_;
    my ($entry, $cell) = (ord(substr $self->{table}{entries}, $block, 1), $self->{cell});
    my @edges;
    push @edges, [$x, $y, 1, $cell - 1, darker($colour, 3)] if $entry & Table::IS_FIRST();
    push @edges, [$x + $cell - 1, $y, 1, $cell - 1, darker($colour, 5)]
        if $entry != Table::FREE() && !($entry & Table::HAS_NEXT());
    return @edges;
}

# Two owners a line. Returns where it ends.
sub draw_legend {
    my ($self, $y) = @_;
    my $table = $self->{table};
    my $half = int((@{ $table->{looks} } + 1) / 2);
    for my $owner (0 .. $#{ $table->{looks} }) {
        my ($look, $count) = ($table->{looks}[$owner], $table->{counts}[$owner]);
        my ($x, $line) = (MARGIN + ($owner >= $half ? 48 * GLYPH_WIDTH : 0),
            $y + $owner % $half * LINE);
        $self->rectangle($x, $line, GLYPH_HEIGHT, GLYPH_HEIGHT, $look->{colour});
        $self->words($x + 24, $line, sprintf('%-10s %8u blocks  %8u K', $look->{name}, $count,
            $count * $table->{block_bytes} / 1024), INK);
    }
    return $y + $half * LINE;
}

# -- PNG ------------------------------------------------------------------------------------------

sub chunk {
    my ($name, $bytes) = @_;
    return pack('N', length $bytes) . "$name$bytes" . pack 'N', crc32("$name$bytes");
}

# A picture of numbered colours. GLYPHS: 16 bytes a character; undef for a picture without words.
sub png {
    my ($self, $glyphs) = @_;
    my (%number, @colours);
    my $index = sub {
        my ($colour) = @_;
        $number{$colour} //= chr(push(@colours, $colour) - 1);
        return $number{$colour};
    };
    my @lines = ($index->(PAPER) x $self->{width}) x $self->{height};
    for (@{ $self->{rectangles} }) {
        my ($x, $y, $width, $height, $colour) = @$_;
        my $pixels = $index->($colour) x $width;
        substr $lines[$_], $x, $width, $pixels for $y .. $y + $height - 1;
    }
    for ($glyphs ? @{ $self->{texts} } : ()) {
        my ($x, $y, $text, $colour) = @$_;
        my ($paper, $ink) = ($index->(PAPER), $index->($colour));
        my $room = int(($self->{width} - $x) / GLYPH_WIDTH);
        my @characters = unpack 'C*', substr $text, 0, $room;
        for my $line (0 .. GLYPH_HEIGHT - 1) {
            my $bits = join '', map { unpack 'B8', substr $glyphs, $_ * GLYPH_HEIGHT + $line, 1 }
                @characters;
            my $pixels = join '', map { $_ ? $ink : $paper } split //, $bits;
            substr $lines[$y + $line], $x, length $pixels, $pixels;
        }
    }
    return "\x89PNG\r\n\x1a\n" . chunk('IHDR', pack 'N2 C5', @$self{qw(width height)}, 8, 3,
        0, 0, 0)
        . chunk('PLTE', join '', map { substr pack('N', $_), 1 } @colours)
        . chunk('IDAT', compress(join('', map { "\0$_" } @lines), Z_BEST_COMPRESSION))
        . chunk('IEND', '');
}

# -- SVG ------------------------------------------------------------------------------------------

sub svg {
    my ($self) = @_;
    my ($width, $height) = @$self{qw(width height)};
    my $colour = sub { sprintf '#%06x', $_[0] };
    my $svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"$width\" height=\"$height\" "
        . "viewBox=\"0 0 $width $height\" shape-rendering=\"crispEdges\">\n";
    for ([0, 0, $width, $height, PAPER], @{ $self->{rectangles} }) {
        my ($x, $y, $w, $h, $fill) = @$_;
        $svg .= "<rect x=\"$x\" y=\"$y\" width=\"$w\" height=\"$h\" fill=\"" . $colour->($fill)
            . "\"/>\n";
    }
    for (@{ $self->{texts} }) {
        my ($x, $y, $text, $fill) = @$_;
        $y += 12;
        $text =~ s/&/&amp;/g;
        $text =~ s/</&lt;/g;
        $svg .= "<text x=\"$x\" y=\"$y\" fill=\"" . $colour->($fill) . '" font-family="monospace" '
            . "font-size=\"13\" xml:space=\"preserve\">$text</text>\n";
    }
    return "$svg</svg>\n";
}

1;
