# The block table as it stands in a guest's memory, and as the shell would print it.
package Table;

use strict;
use warnings;

# As in include/memory/kheap/heap_map.h and heap.h.
use constant { MAGIC => 0x70616d68, VERSION => 2, WORDS => 20, BLOCKS_MOST => 1 << 20,
    OWNERS_MOST => 64, BLOCK_BYTES => 4096, UNIT_BYTES => 256, SPAN_BLOCKS => 8, DESIGNS => 3,
    HEADER_BYTES => 16 };
use constant { FREE => 0x00, SINGLE => 0x41, FIRST => 0xc1, INSIDE => 0x81, LAST => 0x01 };
use constant { IS_FIRST => 0x40, HAS_NEXT => 0x80 };
use constant { COLUMNS => 64, CELLS => 1024, OWNER_BYTES => 12, NAMED => 5 };

my %character = (FREE, '.', SINGLE, 'o', FIRST, '<', INSIDE, '=', LAST, '>');

sub new {
    my ($class, $kernel, $guest) = @_;
    my $self = bless { bad => {} }, $class;
    my @map = unpack 'V*', $guest->read(scalar $kernel->symbol('heap_map'), 4 * WORDS);
    my $path = $kernel->{path};
    die "that memory holds no kernel, or another one than $path; expected: one that has started, "
        . "and its ELF file\n" if $map[0] != MAGIC;
    my $start = $kernel->symbol('kernel_text_end');
    my $nbytes = $kernel->symbol('kernel_rodata_end') - $start;
    my $constants = $guest->read($start, $nbytes);
    die "that memory holds another build than $path; expected: the ELF file that was started\n"
        if $constants ne ($kernel->loaded($start, $nbytes) // '');
    die "$path: its heap_map has version $map[1]; expected: " . VERSION . "\n"
        if $map[1] != VERSION;
    (undef, undef, @$self{qw(block_bytes nowners nblocks start table owners directory small bits
        unit_bytes span_blocks design window_start window_break first pieces npieces
        header_bytes)}) = @map;
    die "the kernel has no heap yet; expected: one past its \"heap:\" line\n"
        if $self->{nblocks} == 0;
    $self->{end} = $self->{start} + $self->{nblocks} * $self->{block_bytes};
    die "the kernel's heap_map was overwritten: its numbers make no sense\n"
        if $self->{nblocks} > BLOCKS_MOST || $self->{end} > 1 << 32 || $self->{nowners} == 0
        || $self->{nowners} > OWNERS_MOST || $self->{block_bytes} != BLOCK_BYTES
        || $self->{start} % BLOCK_BYTES || $self->{unit_bytes} != UNIT_BYTES
        || $self->{span_blocks} != SPAN_BLOCKS || $self->{design} >= DESIGNS
        || $self->{header_bytes} != HEADER_BYTES;
    $self->{looks} = $self->read_looks($kernel, $constants, $start);
    $self->{entries} = $guest->read($self->{table}, $self->{nblocks});
    $self->{tags} = $guest->read($self->{owners}, $self->{nblocks});
    $self->examine;
    return $self;
}

# Name, letter and colour of each owner, out of the kernel's constants, which begin at START.
sub read_looks {
    my ($self, $kernel, $constants, $start) = @_;
    my ($at, $nbytes) = $kernel->symbol('owner_looks');
    die "$kernel->{path}: owner_looks has another form than is expected\n"
        if $nbytes != OWNER_BYTES * $self->{nowners};
    my @looks;
    for my $i (0 .. $self->{nowners} - 1) {
        my ($name, $letter, $colour)
            = unpack 'V a1 x3 V', substr $constants, $at - $start + OWNER_BYTES * $i, OWNER_BYTES;
        push @looks, { name => unpack('Z*', substr $constants, $name - $start, 64),
            letter => $letter, colour => $colour };
    }
    return \@looks;
}

# Whose each block is, and what is wrong: by block, in {bad}.
sub examine {
    my ($self) = @_;
    my @entries = unpack 'C*', $self->{entries};
    my @tags = unpack 'C*', $self->{tags};
    my $bad = $self->{bad};
    my ($owner, $inside) = ($tags[0], 0);
    # All blocks of a span have its tag; of other allocations only the first has one.
    my ($middle) = grep { $self->{looks}[$_]{name} eq 'middle' } 0 .. $self->{nowners} - 1;
    $middle //= 0;
    my @owner_of;
    for my $block (0 .. $#entries) {
        my ($entry, $tag) = ($entries[$block], $tags[$block]);
        if ($entry == FREE && !$tag && !$inside) {
            push @owner_of, 0;
            next;
        }
        $owner = $tag if $entry & IS_FIRST;
        push @owner_of, $entry == FREE ? 0 : $owner;
        if (!exists $character{$entry}) {
            $bad->{$block} = sprintf 'byte 0x%02x is none of the five', $entry;
        } elsif ($inside && ($entry == FREE || $entry & IS_FIRST)) {
            $bad->{ $block - 1 } //= sprintf 'byte 0x%02x has a next block, but 0x%02x follows',
                $entries[$block - 1], $entry;
        } elsif (!$inside && $entry != FREE && !($entry & IS_FIRST)) {
            $bad->{$block} = sprintf 'byte 0x%02x has no first block before it', $entry;
        } elsif ($tag >= $self->{nowners}) {
            $bad->{$block} = "owner $tag has no meaning";
        } elsif ($entry & IS_FIRST) {
            $bad->{$block} = 'no owner where an allocation begins' unless $tag;
        } elsif ($tag != ($entry != FREE && $owner == $middle ? $middle : 0)) {
            $bad->{$block} = $tag ? "owner $tag where no allocation begins" : 'no owner in a span';
        }
        $inside = $entry & HAS_NEXT;
    }
    $bad->{$#entries} //= 'the last block has a next one' if $inside;
    $self->{owner_of} = \@owner_of;
    $self->{counts} = $self->count(0, scalar @entries);
}

# How many of the blocks from FIRST to END each owner has.
sub count {
    my ($self, $first, $end) = @_;
    my @counts = (0) x $self->{nowners};
    $counts[$_ < $self->{nowners} ? $_ : 0]++ for @{ $self->{owner_of} }[$first .. $end - 1];
    return \@counts;
}

# The owner that most of the taken blocks have of those that COUNTS counts; 0 where all are free.
sub main_owner {
    my ($self, $counts) = @_;
    my $most = 0;
    for my $owner (1 .. $#$counts) {
        $most = $owner if $counts->[$owner] > ($most ? $counts->[$most] : 0);
    }
    return $most;
}

sub address { return $_[0]{start} + $_[1] * $_[0]{block_bytes} }

sub cell_character {
    my ($self, $first, $end) = @_;
    my $counts = $self->count($first, $end);
    my $letter = $self->{looks}[$self->main_owner($counts)]{letter};
    return $counts->[0] && $counts->[0] < $end - $first ? lc $letter : $letter;
}

# One block, by its byte; or that it is kept for reuse.
sub block_character {
    my ($self, $block) = @_;
    my $character = $character{ ord substr $self->{entries}, $block, 1 } // '?';
    my $look = $self->{looks}[$self->{owner_of}[$block]];
    return $character =~ /[<=>o]/ && $look && $look->{name} eq 'kept' ? $look->{letter} : $character;
}

# What the shell's `blocks` prints; `blocks FROM` where FROM is defined.
sub text {
    my ($self, $from) = @_;
    my ($total, $per_cell) = ($self->{nblocks}, 1);
    $per_cell = int(($total + CELLS - 1) / CELLS) unless defined $from;
    my ($text, $block, %drawn) = ('', $from // 0);
    for (my $cell = 0; $cell < CELLS && $block < $total; $cell++) {
        $text .= sprintf "%s  %8u 0x%08x  ", $cell ? "\n" : '', $block, $self->address($block)
            if $cell % COLUMNS == 0;
        my $end = $block + $per_cell < $total ? $block + $per_cell : $total;
        my $character = $per_cell == 1 ? $self->block_character($block)
            : $self->cell_character($block, $end);
        $text .= $character;
        $drawn{$character} = 1;
        $block = $end;
    }
    return "$text\n  . free  o one block  < first  = inside  > last of several"
        . ($drawn{'-'} ? "  - kept for reuse\n" : "\n") if $per_cell == 1;
    return "$text\n  a character is $per_cell blocks, in lower case where some are free:\n  "
        . join('  ', map { "$_->{letter} $_->{name}" } @{ $self->{looks} }) . "\n";
}

# What the shell's `heap` prints of the block table.
sub counts_text {
    my ($self) = @_;
    return sprintf("  0x%08x-0x%08x, blocks of %u bytes, table 0x%08x\n", @$self{qw(start end
        block_bytes table)}) . join '', map {
        sprintf "  %-10s %8u blocks  %8u K\n", $self->{looks}[$_]{name}, $self->{counts}[$_],
            $self->{counts}[$_] * $self->{block_bytes} / 1024
    } 0 .. $self->{nowners} - 1;
}

# What is wrong with the table: how many blocks, and the first of them by name.
sub complaints {
    my ($self) = @_;
    my @blocks = sort { $a <=> $b } keys %{ $self->{bad} };
    return unless @blocks;
    my @lines = (@blocks == 1 ? 'the table is not sound: 1 block is wrong'
        : 'the table is not sound: ' . @blocks . ' blocks are wrong');
    for (@blocks[0 .. (@blocks < NAMED ? $#blocks : NAMED - 1)]) {
        push @lines, sprintf 'block %u, 0x%08x: %s', $_, $self->address($_), $self->{bad}{$_};
    }
    return @lines;
}

1;
