#!/usr/bin/perl
# heapview's --block and --window, which find small objects, middle sizes and the blocks of growing
# heaps by heap_map alone, against what the shell said that it allocated and freed, and counts.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Machine;
use Test::More;

my $prompt = qr/^plat> \z/m;
my $megabytes = 32;
my $directory = File::Temp::tempdir(CLEANUP => 1);
my $raw = "$directory/raw";

# A machine that has allocated and freed: what is live now and what is not, as address => bytes.
sub machine {
    my ($heap, %with) = @_;
    my $machine = Machine->start(memory => $megabytes, append => "heap=$heap", %with);
    ok defined $machine->wait_for($prompt), "$heap: the machine starts" or diag $machine->{text};
    my (%live, %freed);
    for my $nbytes (1, 16, 17, (100) x 45, 1000, 1024, 1025, 3000, 2999, 5000, 5001, 7000, 8000,
        (40) x 9, 300, 3000, 6000, 64, 500) {
        my ($address) = $machine->type("alloc $nbytes") =~ /^  (0x\w{8})/;
        $live{ hex $address } = $nbytes;
    }
    my $number = 0;
    for my $address (sort { $a <=> $b } keys %live) { # now and then two side by side
        next unless $number++ % 5 < 2;
        $machine->type(sprintf 'free 0x%08x', $address);
        $freed{$address} = delete $live{$address};
    }
    return ($machine, \%live, \%freed);
}

# What stands in lines of --block or --window: address => [bytes, live].
sub pieces {
    my ($text) = @_;
    my %pieces;
    $pieces{ hex $1 } = [$2, $3 eq 'live']
        while $text =~ /^  (0x\w{8}) +(\d+) bytes  (live|free)(?:  header(?: \w{8}){3,4})?$/mg;
    return \%pieces;
}

# Where each piece ends, another begins, or the last of all ends.
sub are_tiles {
    my ($pieces, $end) = @_;
    my @starts = sort { $a <=> $b } keys %$pieces;
    my @nexts = (@starts[1 .. $#starts], $end);
    return join ' ', map { sprintf '0x%08x', $starts[$_] }
        grep { $starts[$_] + $pieces->{ $starts[$_] }[0] != $nexts[$_] } 0 .. $#starts;
}

# Those allocations of LIVE and FREED that PIECES, HEADER bytes in front of them, says otherwise of.
sub differ {
    my ($pieces, $header, $live, $freed) = @_;
    my @wrong;
    for my $address (keys %$live) {
        my $piece = $pieces->{ $address - $header };
        push @wrong, sprintf '0x%08x of %u', $address, $live->{$address}
            unless $piece && $piece->[1] && $piece->[0] >= $live->{$address} + $header;
    }
    for my $address (keys %$freed) {
        my $piece = $pieces->{ $address - $header };
        push @wrong, sprintf '0x%08x is freed', $address if $piece && $piece->[1];
    }
    return join ', ', sort @wrong;
}

# Another dump with words in it: address, word, ..; what --block or --window complains about.
sub with_words {
    my ($machine, $arguments, %words) = @_;
    my $path = "$directory/broken";
    system('cp', $raw, $path) == 0 or die;
    open my $file, '+<:raw', $path or die $!;
    for (keys %words) {
        seek $file, $_, 0;
        print $file pack 'V', $words{$_};
    }
    close $file;
    my ($status, $text, $errors) = $machine->heapview('--dump', $path, @$arguments);
    return "$status $text$errors";
}

sub words_at {
    my ($address, $count) = @_;
    open my $file, '<:raw', $raw or die $!;
    seek $file, $address, 0;
    read $file, my $bytes, 4 * $count;
    return unpack 'V*', $bytes;
}

# A dump of all memory, and heap_map's words in it.
sub dump_of {
    my ($machine) = @_;
    unlink $raw;
    $machine->monitor(sprintf 'pmemsave 0 0x%x "%s"', $megabytes << 20, $raw);
    return words_at(symbol('heap_map'), 20);
}

# -- Small objects and middle sizes ----------------------------------------------------------------

my ($machine, $live, $freed) = machine('block');
my ($stats, $heap) = $machine->answers('stats', 'heap');
my @map = dump_of($machine);
my ($start, $end) = map { hex } $heap =~ /^  (0x\w{8})-(0x\w{8}),/;
my $total = ($end - $start) / 4096;
is_deeply [@map[1 .. 5, 11 .. 14, 19]], [2, 4096, 12, $total, $start, 256, 8, 0, 0, 16],
    'heap_map has the numbers of version 2';
my ($cr3) = $machine->monitor('info registers') =~ /\bCR3=(\w{8})/;
is $map[8], hex $cr3, '.. and the directory that the processor has';

# All blocks, until as many were small and middle as heap counts: address => [bytes, live].
my %wanted = map { $_ => $heap =~ /^  $_ +(\d+) blocks/m } qw(small middle);
my (%blocks, %pieces, %spans);
for (my $block = 0; $block < $total; $block++) {
    last unless grep { ($blocks{$_} // 0) < $wanted{$_} } keys %wanted;
    my ($status, $text, $errors) = $machine->heapview('--dump', $raw, '--block', $block);
    is "$status $errors", '0 ', "block $block" if $status || $errors ne '';
    my ($kind) = $text =~ /\A  block $block, 0x\w{8}: (small|middle), / or next;
    my ($count) = $text =~ /, (\d+)(?: of 128 units of 256 bytes)? live\n/;
    my ($first) = $text =~ /, 8 blocks from block (\d+) on, /;
    $blocks{$kind}++;
    next if defined $first && $spans{$first}++;
    my $found = pieces($text);
    is are_tiles($found, $start + (defined $first ? $first + 8 : $block + 1) * 4096), '',
        "block $block: $kind, without gaps";
    my $live_here = 0;
    $live_here += $kind eq 'small' ? 1 : $_->[0] / 256 for grep { $_->[1] } values %$found;
    is $count, $live_here, '.. and it counts what is live';
    $pieces{$kind}{$_} = $found->{$_} for keys %$found;
}
is_deeply \%blocks, \%wanted, 'all small and middle blocks are found';
is differ({ map { %$_ } values %pieces }, 0, $live, $freed), '',
    'what the shell allocated is live there, and what it freed is not';
for (['small', 'small objects'], ['middle', 'middle sizes']) {
    my ($kind, $words) = @$_;
    my @live = map { $_->[0] } grep { $_->[1] } values %{ $pieces{$kind} };
    my $sum = 0;
    $sum += $_ for @live;
    is +($stats =~ /^  ($words: .*)$/m)[0], "$words: " . @live
        . " live, $sum bytes, in $wanted{$kind} blocks", "$words: as stats counts them";
}

# By an address, and through QEMU as out of a dump.
my ($address) = grep { $live->{$_} > 2000 } sort { $a <=> $b } keys %$live;
my $block = int(($address - $start) / 4096);
my @by_number = $machine->heapview('--block', $block);
is_deeply [$machine->heapview('--block', sprintf '0x%x', $address + 5)], \@by_number,
    'a block by an address in it';
is_deeply [$machine->heapview('--dump', $raw, '--block', $block)], \@by_number, '.. or in a dump';

# A span with nothing in it, of which one is kept as it is; whole blocks, and free ones.
$machine->type(sprintf 'free 0x%08x', $_) for sort { $a <=> $b } keys %$live;
my @empty = grep {
    /\A.*, 0 of 128 units of 256 bytes live\n  0x\w{8}     32768 bytes  free\n\z/
} map { ($machine->heapview('--block', $_))[1] } keys %spans;
is scalar @empty, 1, 'a span that is empty';
my ($three) = $machine->type('alloc 12K') =~ /block (\d+)$/m;
is +($machine->heapview('--block', $three + 1))[1], sprintf(
    "  block %u, 0x%08x: shell, 3 blocks from block %u on\n", $three + 1,
    $start + 4096 * ($three + 1), $three), 'whole blocks';
my $last = $total - 1;
is +($machine->heapview('--block', $last))[1], sprintf("  block %u, 0x%08x: free\n", $last,
    $end - 4096), 'a free block';

# What was overwritten, and what can't be meant.
my ($object) = grep { $live->{$_} == 100 } keys %$live;
my $slab = int(($object - $start) / 4096);
my $bits = $map[10] + 32 * $slab;
my ($first) = sort { $a <=> $b } keys %spans;
my $tags = $map[10] + 32 * $first;
for ([$slab, $map[9] + 16 * $slab, 0, qr/block $slab is small, and its objects have 0 bytes: /],
    [$slab, $map[9] + 16 * $slab, 5000, qr/block $slab is small, .* have 5000 bytes: /],
    [$slab, $bits + 4, 0x80000000, qr/block $slab has 36 objects, and another one is free: /],
    [$first, $tags, 0x500, qr/unit 0 of the span at block $first begins no run: its tags/],
    [$first, $tags, 0x4ff, qr/unit 0 of the span at block $first begins no run: its tags/],
    [$first, $tags, 0x401, qr/unit 1 of the span at block $first begins no run: its tags/]) {
    my ($at, $address, $word, $sentence) = @$_;
    like with_words($machine, ['--block', $at], $address => $word),
        qr/\A1 heapview: $sentence.*\n\z/, "overwritten: $sentence";
}
like with_words($machine, ['--text'], $map[7] + $first + 4 => 0),
    qr/ 4 blocks are wrong\n.* block @{[$first + 4]}, 0x\w{8}: no owner in a span\n/,
    "a span's blocks without their tag";
my $map = symbol('heap_map');
like with_words($machine, ['--text'], $map + 4 => 1),
    qr/\A1 heapview: .*: its heap_map has version 1; expected: 2\n\z/, 'another version';
for ([11, 128], [12, 4], [13, 3], [19, 12]) {
    my ($word, $number) = @$_;
    is with_words($machine, ['--text'], $map + 4 * $word => $number),
        "1 heapview: the kernel's heap_map was overwritten: its numbers make no sense\n",
        "word $word of heap_map is $number";
}
my $expected = sprintf 'expected: 0 to %u, or an address from 0x%08x to 0x%08x', $last, $start,
    $end - 1;
for ([['--block', $total], 1, "$total is no block; $expected"],
    [['--block', '0xfff'], 1, "0xfff is no block; $expected"],
    [['--block', '-1'], 1, "-1 is no block; $expected"],
    [['--block', 'x'], 1, "x is no block; $expected"],
    [['--block'], 2, 'option block requires an argument'],
    [['--block', 1, '--window'], 2, '--block and --window can\'t be both; expected: one of them'],
    [['--block', 1, '--from', 3], 2, '--from and --block can\'t be both; expected: one of them'],
    [['--window'], 1, 'the block table serves kmalloc, and there is no window; expected: a kernel '
    . 'that was started with heap=free_list or heap=best_fit']) {
    my ($arguments, $status, $words) = @$_;
    is_deeply [$machine->heapview('--dump', $raw, @$arguments)],
        [$status, '', "heapview: $words\n"], "refused: @$arguments";
}
$machine->end;

# -- Growing heaps ---------------------------------------------------------------------------------

for (['free_list', 1], ['best_fit', 2], ['free_list', 1, cpu => '486']) {
    my ($design, $number, %with) = @$_;
    ($machine, $live, $freed) = machine($design, %with);
    $heap = $machine->type('heap');
    @map = dump_of($machine);
    my ($from, $name, $break) = $heap =~ /^  window (0x\w{8})-0x\w{8}, (\w+): break (0x\w{8}),/m;
    is_deeply [@map[13, 14]], [$number, hex $from], '.. and heap_map has its design and its start';
    is +(words_at($map[15], 1))[0], hex $break, '.. and leads to its break';
    my ($status, $text, $errors) = $machine->heapview('--window');
    is "$status $errors", '0 ', "$design: the window";
    my ($counts) = $heap =~ /^(  \d+ allocations, \d+ bytes free in \d+ pieces)/m;
    is +($text =~ /\A((?:.*\n){2})/)[0], "  window from $from, $name: break $break\n$counts\n",
        '.. counts as heap does';
    my $found = pieces($text);
    is scalar(keys %$found), ($text =~ tr/\n//) - 2, '.. no two pieces begin at one place';
    is +(sort { $a <=> $b } keys %$found)[0], hex $from, '.. the first one where the window begins';
    is are_tiles($found, hex $break), '', '.. and without gaps up to the break';
    is differ($found, 16, $live, $freed), '', '.. and as the shell allocated and freed';
    is_deeply [$machine->heapview('--dump', $raw, '--window')], [0, $text, ''], '.. also in a dump';

    # Headers that were overwritten, where they really lie.
    my ($address) = (sort { $a <=> $b } keys %$live)[7];
    my $header = sprintf '0x%08x', $address - 16;
    my ($where) = map { hex } $machine->type("translate $header") =~ /: physical (\w{8})/;
    my @words = words_at($where, 4);
    my $said = "1 heapview: the header at $header was overwritten\n";
    is with_words($machine, ['--window'], $where + 4 => 0), $said, '.. a size that was overwritten';
    is with_words($machine, ['--window'], $where + 4 => 0x7fffffff), $said, '.. with a large one';
    is with_words($machine, ['--window'], $where + 8 => $words[2] ^ 16), $said, '.. a link';
    like with_words($machine, ['--window'], $map[15] => 1),
        qr/\A1 heapview: the break is 0x00000001: that was/, '.. the break';
    if ($design eq 'free_list') {
        is with_words($machine, ['--window'], $where => $words[0] ^ 1), $said, '.. a seal';
        like with_words($machine, ['--window'], $map[16] => 0),
            qr/\A1 heapview: the free list leads to 0x00000000, and not to 0x\w{8}\n\z/,
            '.. where the list begins';
        is with_words($machine, ['--window'], $where => $words[0] ^ 0x66726565 ^ 0x74616b6e)
            =~ /\A1 heapview: the free list leads to 0x\w{8}, and not to $header\n\z/ ? 1 : 0, 1,
            '.. a free block that is in no list';
    } else {
        like with_words($machine, ['--window'], $map[18] => 0),
            qr/\A1 heapview: the array does not know the gap at 0x\w{8}\n\z/, '.. an empty array';
        like with_words($machine, ['--window'], $map[18] => 0xffffffff),
            qr/\A1 heapview: the array has \d+ entries: that was overwritten\n\z/, '.. a large one';
    }
    $machine->end;
}
done_testing;
