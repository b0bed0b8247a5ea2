# What is inside of a block that is no allocation by itself, and of a growing heap's window, as
# include/memory/kheap/heap_map.h says that it is laid out. To be used while the guest is halted.
package Inside;

use strict;
use warnings;
use Table;

use constant { PAGE => 4096, PRESENT => 1, LARGE => 0x80 };
use constant { LENGTH => 0x00ff, FREE_RUN => 0x0100, TAKEN => 0x0400 };
use constant { SMALL_BYTES => 16, BITS_BYTES => 32, PIECE_BYTES => 12, WINDOW_MOST => 64 << 20 };
use constant { LIST_FREE => 0x66726565, LIST_TAKEN => 0x74616b6e };

my @design = (undef, 'free_list', 'best_fit');

sub new {
    my ($class, $table, $guest) = @_;
    return bless { table => $table, guest => $guest, pages => {} }, $class;
}

# A line for what stands from ADDRESS on.
sub piece {
    my ($address, $nbytes, $live, @header) = @_;
    return sprintf('  0x%08x  %8u bytes  %s', $address, $nbytes, $live ? 'live' : 'free')
        . (@header ? '  header' . join('', map { sprintf ' %08x', $_ } @header) : '') . "\n";
}

# -- A block --------------------------------------------------------------------------------------

# The block that WHERE, its number or an address in it, means.
sub block_of {
    my ($self, $where) = @_;
    my $table = $self->{table};
    if ($where =~ /\A0x([0-9a-f]{1,8})\z/i) {
        my $address = hex $1;
        return int(($address - $table->{start}) / $table->{block_bytes})
            if $address >= $table->{start} && $address < $table->{end};
    } elsif ($where =~ /\A\d{1,9}\z/ && $where < $table->{nblocks}) {
        return $where + 0;
    }
    die sprintf "%s is no block; expected: 0 to %u, or an address from 0x%08x to 0x%08x\n", $where,
        $table->{nblocks} - 1, $table->{start}, $table->{end} - 1;
}

sub block_text {
    my ($self, $where) = @_;
    my $table = $self->{table};
    my $block = $self->block_of($where);
    my $look = $table->{looks}[$table->{owner_of}[$block]];
    my $name = $look ? $look->{name} : 'an owner without meaning';
    my $text = sprintf '  block %u, 0x%08x: %s', $block, $table->address($block), $name;
    return $text . $self->slab_text($block) if $name eq 'small';
    return "$text\n" if $name eq 'free' || !$look;
    my ($first, $count) = $self->allocation($block);
    $text .= sprintf ', %u block%s from block %u on', $count, $count == 1 ? '' : 's', $first;
    return $name eq 'middle' ? $text . $self->span_text($first, $count) : "$text\n";
}

# The first block of the one that BLOCK, which is taken, belongs to; and how many there are.
sub allocation {
    my ($self, $block) = @_;
    my $entry = sub { ord substr $self->{table}{entries}, $_[0], 1 };
    my $end = $block + 1;
    $block-- while $block && !($entry->($block) & Table::IS_FIRST());
    $end++ while $end < $self->{table}{nblocks} && $entry->($end - 1) & Table::HAS_NEXT();
    return ($block, $end - $block);
}

sub slab_text {
    my ($self, $block) = @_;
    my ($table, $guest) = @$self{qw(table guest)};
    my $end = $table->address($block + 1);
    my $size = unpack 'V', $guest->read($table->{small} + SMALL_BYTES * $block, 4);
    die "block $block is small, and its objects have $size bytes: that was overwritten\n"
        if $size == 0 || $size > $table->{block_bytes};
    my $count = int($table->{block_bytes} / $size);
    my $bits = unpack 'b*', $guest->read($table->{bits} + BITS_BYTES * $block, BITS_BYTES);
    die "block $block has $count objects, and another one is free: its bits were overwritten\n"
        if $count > length $bits || substr($bits, $count) =~ /1/;
    my $live = $count - (substr($bits, 0, $count) =~ tr/1//);
    return ", $count objects of $size bytes, $live live\n" . join '',
        map { piece($end - ($_ + 1) * $size, $size, !substr $bits, $_, 1) } reverse 0 .. $count - 1;
}

sub span_text {
    my ($self, $first, $count) = @_;
    my ($table, $guest) = @$self{qw(table guest)};
    my ($start, $unit_bytes) = ($table->address($first), $table->{unit_bytes});
    die "block $first begins a span of $count blocks; expected: $table->{span_blocks}\n"
        if $count != $table->{span_blocks};
    my @tags = unpack 'v*',
        $guest->read($table->{bits} + BITS_BYTES * $first, BITS_BYTES * $count);
    my ($text, $unit, $live) = ('', 0, 0);
    $tags[0] = FREE_RUN | @tags unless $tags[0] & (FREE_RUN | TAKEN); # a span that is empty
    while ($unit < @tags) {
        my ($length, $taken) = ($tags[$unit] & LENGTH, $tags[$unit] & TAKEN);
        die "unit $unit of the span at block $first begins no run: its tags were overwritten\n"
            if !$length || $unit + $length > @tags || !$taken == !($tags[$unit] & FREE_RUN);
        $text .= piece($start + $unit * $unit_bytes, $length * $unit_bytes, $taken);
        $live += $length if $taken;
        $unit += $length;
    }
    return sprintf ", %u of %u units of %u bytes live\n%s", $live, scalar @tags, $unit_bytes, $text;
}

# -- Virtual memory -------------------------------------------------------------------------------

# A page of physical memory.
sub page {
    my ($self, $address) = @_;
    return $self->{pages}{$address} //= $self->{guest}->read($address, PAGE);
}

# Word NUMBER of the directory or table at ADDRESS.
sub entry {
    my ($self, $address, $number) = @_;
    return unpack 'V', substr $self->page($address), 4 * $number, 4;
}

# The page that ADDRESS, a virtual one, lies in.
sub virtual_page {
    my ($self, $address) = @_;
    my $entry = $self->entry($self->{table}{directory}, $address >> 22);
    return $self->page(($entry & 0xffc00000) | ($address & 0x003ff000))
        if ($entry & (PRESENT | LARGE)) == (PRESENT | LARGE);
    $entry = $self->entry($entry & ~0xfff, $address >> 12 & 0x3ff) if $entry & PRESENT;
    die sprintf "the window has no frame at 0x%08x\n", $address unless $entry & PRESENT;
    return $self->page($entry & ~0xfff);
}

# The NBYTES from ADDRESS on, a virtual one.
sub read {
    my ($self, $address, $nbytes) = @_;
    my $bytes = '';
    while ((my $left = $nbytes - length $bytes) > 0) {
        my $next = $address + length $bytes;
        my $here = PAGE - $next % PAGE;
        $bytes .= substr $self->virtual_page($next), $next % PAGE, $here < $left ? $here : $left;
    }
    return $bytes;
}

# -- The window -----------------------------------------------------------------------------------

sub word { return unpack 'V', $_[0]{guest}->read($_[1], 4) }

sub overwritten { die sprintf "the header at 0x%08x was overwritten\n", $_[0] }

# The header at ADDRESS, of a block that begins at FROM or behind it, and ends at the break at most.
sub header {
    my ($self, $address, $from) = @_;
    my $header_bytes = $self->{table}{header_bytes};
    overwritten($address) if $address < $from || $address + $header_bytes > $self->{break};
    my @words = unpack 'V4', $self->read($address, $header_bytes);
    overwritten($address)
        if $words[1] < $header_bytes || $address + $words[1] > $self->{break};
    return @words;
}

# The low 32 bits of the product of two numbers that have no more.
sub product {
    my ($a, $b) = @_;
    return (($a >> 16) * $b % 2**32 * 65536 + ($a & 0xffff) * $b) % 2**32;
}

# All blocks of a free list in the order of addresses: address, bytes, live, words of the header.
sub list_blocks {
    my ($self) = @_;
    my ($at, @blocks) = ($self->{table}{window_start});
    my $free = $self->word($self->{table}{first}); # what the list says of the next free block
    while ($at < $self->{break}) {
        my ($seal, $nbytes, $next) = $self->header($at, $at);
        my $state = $seal ^ $at ^ product($nbytes, 0x9e3779b1) ^ product($next, 0x85ebca6b);
        overwritten($at) if $state != LIST_FREE && $state != LIST_TAKEN;
        push @blocks, [$at, $nbytes, $state == LIST_TAKEN, $seal, $nbytes, $next];
        if ($state == LIST_FREE) {
            die sprintf "the free list leads to 0x%08x, and not to 0x%08x\n", $free, $at
                if $free != $at;
            $free = $next;
        }
        $at += $nbytes;
    }
    die sprintf "the free list leads to 0x%08x, which is no free block\n", $free if $free;
    return @blocks;
}

# The same of best fit, whose free pieces have no header.
sub fit_blocks {
    my ($self) = @_;
    my ($table, $count) = ($self->{table}, $self->word($self->{table}{npieces}));
    die "the array has $count entries: that was overwritten\n"
        if $count * PIECE_BYTES > WINDOW_MOST;
    my @words = unpack 'V*', $self->read($self->word($table->{pieces}), PIECE_BYTES * $count);
    my %piece = map { $words[3 * $_ + 1] => "@words[3 * $_, 3 * $_ + 2]" } 0 .. $count - 1;
    my ($at, $last, $end, @blocks) = ($self->word($table->{first}), 0, $table->{window_start});
    my $gap = sub {
        my ($to) = @_;
        return if $to == $end;
        push @blocks, [$end, $to - $end, 0];
        die sprintf "the array does not know the gap at 0x%08x\n", $end
            if (delete $piece{$end} // '') ne $to - $end . " $last";
    };
    while ($at) {
        my ($seal, $nbytes, $previous, $next) = $self->header($at, $end);
        overwritten($at) if $previous != $last;
        $gap->($at);
        push @blocks, [$at, $nbytes, 1, $seal, $nbytes, $previous, $next];
        ($last, $end, $at) = ($at, $at + $nbytes, $next);
    }
    $gap->($self->{break});
    die sprintf "the array has a gap at 0x%08x, where none is\n", (sort keys %piece)[0] if %piece;
    return @blocks;
}

sub window_text {
    my ($self) = @_;
    my $table = $self->{table};
    die "the block table serves kmalloc, and there is no window; expected: a kernel that was "
        . "started with heap=free_list or heap=best_fit\n" unless $table->{design};
    my $start = $table->{window_start};
    $self->{break} = $self->word($table->{window_break});
    die sprintf "the break is 0x%08x: that was overwritten\n", $self->{break}
        if $self->{break} < $start || $self->{break} - $start > WINDOW_MOST;
    my @blocks = $table->{design} == 1 ? $self->list_blocks : $self->fit_blocks;
    my @free = grep { !$_->[2] } @blocks;
    my $nbytes = 0;
    $nbytes += $_->[1] for @free;
    return sprintf("  window from 0x%08x, %s: break 0x%08x\n", $start, $design[$table->{design}],
        $self->{break}) . sprintf("  %u allocations, %u bytes free in %u pieces\n",
        @blocks - @free, $nbytes, scalar @free) . join '', map { piece(@$_) } @blocks;
}

1;
