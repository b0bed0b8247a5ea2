#!/usr/bin/perl
# The heap seen from outside of the machine against what the shell itself says: text word for word,
# pictures read back cell by cell; kernels that have panicked or have no heap, dumps, and tables
# that are broken.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Compress::Zlib;
use Machine;
use Test::More;

my $prompt = qr/^plat> \z/m;

# Each owner as the sources have it.
my (%letter_of, %letter_by_name);
{
    open my $file, '<', 'src/shell/owners.c' or die $!;
    my $source = do { local $/; <$file> };
    while ($source =~ /\[OWNER_\w+\] = \{"([^"]+)", '(.)', 0x(\w{6})\}/g) {
        $letter_of{$3} = $letter_by_name{$1} = $2;
    }
}
is scalar(keys %letter_of), 12, 'twelve owners, of twelve colours';

sub machine {
    my ($with, @lines) = @_;
    my $machine = Machine->start(modules => programs('hello', 'stress'), %$with);
    ok defined $machine->wait_for($prompt), 'the machine starts' or diag $machine->{text};
    return ($machine, $machine->answers(@lines));
}

# What `heap` says of the table alone.
sub counts { return $_[0] =~ s/^  window 0x.*//msr =~ s/^  check: .*\n//mr }

# Text, both ways, against the shell's.
sub agrees {
    my ($machine, $name) = @_;
    my ($heap, $blocks, $zero, $far) = $machine->answers('heap', 'blocks', 'blocks 0',
        'blocks 700');
    my $counts = counts($heap);
    my @said;
    for ([$blocks], [$zero, '--from', 0], [$far, '--from', 700]) {
        my ($wanted, @from) = @$_;
        is_deeply [$machine->heapview('--text', @from)], [0, $wanted . $counts, ''],
            join ' ', "$name: text", @from;
    }
    is +($machine->heapview('--monitor', $machine->{monitor}))[1], $blocks . $counts,
        '.. through the monitor for people';
    return ($heap, $blocks, $zero);
}

# -- Reading pictures -----------------------------------------------------------------------------

# A PNG of numbered colours: { width, height, rows => [a byte a pixel], colours => ['rrggbb', ..] }.
sub read_png {
    my ($path) = @_;
    open my $file, '<:raw', $path or return undef;
    my $bytes = do { local $/; <$file> };
    return undef unless $bytes =~ s/\A\x89PNG\r\n\x1a\n//;
    my ($data, %picture, $end) = ('');
    while (length $bytes) {
        my ($nbytes, $name) = unpack 'N a4', $bytes;
        my $chunk = substr $bytes, 8, $nbytes;
        return undef if unpack('N', substr $bytes, 8 + $nbytes, 4) != crc32("$name$chunk");
        if ($name eq 'IHDR') {
            (@picture{qw(width height)}, my @kind) = unpack 'N2 C5', $chunk;
            return undef if "@kind" ne '8 3 0 0 0';
        }
        $picture{colours} = [unpack '(H6)*', $chunk] if $name eq 'PLTE';
        $data .= $chunk if $name eq 'IDAT';
        $end = $name eq 'IEND';
        substr $bytes, 0, 12 + $nbytes, '';
    }
    my @rows = unpack "(a@{[$picture{width} + 1]})*", uncompress($data) // return undef;
    return undef if !$end || @rows != $picture{height} || grep { !/\A\0/ } @rows;
    $picture{rows} = [map { substr $_, 1 } @rows];
    return \%picture;
}

# The rectangles of an SVG, painted; and its words.
sub read_svg {
    my ($path) = @_;
    open my $file, '<', $path or return undef;
    my $text = do { local $/; <$file> };
    my ($width, $height) = $text =~ /\A<svg xmlns="[^"]+" width="(\d+)" height="(\d+)"/
        or return undef;
    my %picture = (width => $width, height => $height, rows => [("\0" x $width) x $height],
        words => []);
    my %number;
    my @sides = map { qr/$_="(\d+)" / } qw(x y width height);
    while ($text =~ m{^<rect $sides[0]$sides[1]$sides[2]$sides[3]fill="#(\w{6})"/>$}mg) {
        my ($x, $y, $w, $h, $colour) = ($1, $2, $3, $4, $5);
        return undef if $x + $w > $width || $y + $h > $height || !$w || !$h;
        push @{ $picture{colours} }, $colour unless exists $number{$colour};
        $number{$colour} //= $#{ $picture{colours} };
        substr $picture{rows}[$_], $x, $w, chr($number{$colour}) x $w for $y .. $y + $h - 1;
    }
    push @{ $picture{words} }, $1 while $text =~ m{^<text [^>]*>([^<]*)</text>$}mg;
    return \%picture;
}

sub pixel {
    my ($picture, $x, $y) = @_;
    return $picture->{colours}[ord substr $picture->{rows}[$y], $x, 1];
}

# The text that starts at a pixel, by the glyphs that the kernel is built with; a line of it.
my %character;
{
    open my $file, '<', 'build/font.asm' or die $!;
    my $code = -1;
    while (<$file>) {
        next unless /^ +db ([\d, ]+)/;
        $code++;
        $character{ pack 'C*', split /, /, $1 } //= chr $code if $code >= 0x20 && $code < 0x7f;
    }
}

sub read_words {
    my ($picture, $x, $y) = @_;
    my ($text, $paper) = ('', pixel($picture, 0, 0));
    for (; $x + 8 <= $picture->{width}; $x += 8) {
        my $glyph = '';
        for my $line (0 .. 15) {
            $glyph .= pack 'B8', join '',
                map { pixel($picture, $x + $_, $y + $line) ne $paper ? 1 : 0 } 0 .. 7;
        }
        $text .= $character{$glyph} // return "$text?";
    }
    return $text =~ s/ +\z//r;
}

# Where the cells begin, and how large they are, is what the picture says of itself by its form:
# words of 10 characters on the left, a margin around. 128 cells a row, 64 where a part is shown.
sub cells {
    my ($picture, $columns) = @_;
    my $left = 12 + 11 * 8;
    return ($left, 12 + 2 * 20 + 12, ($picture->{width} - 12 - $left) / $columns);
}

my $directory = File::Temp::tempdir(CLEANUP => 1);

# Both kinds of picture, the SVG's words the PNG's as well.
sub pictures {
    my ($machine, $name, @from) = @_;
    my ($png, $svg) = ("$directory/heap.png", "$directory/heap.svg");
    is_deeply [$machine->heapview('--png', $png, @from)], [0, '', ''], "$name: a PNG";
    is_deeply [$machine->heapview('--svg', $svg, @from)], [0, '', ''], '.. an SVG';
    my ($first, $second) = (read_png($png), read_svg($svg));
    ok $first && $second, '.. both can be read' or return;
    my ($left, $top) = cells($first, 1);
    my $bottom = $first->{height} - 12 - 6 * 20 - 12;
    my @different = grep { my $y = $_; grep { pixel($first, $_, $y) ne pixel($second, $_, $y) }
        $left .. $first->{width} - 1 } $top .. $bottom - 1;
    is "@different[0 .. (@different ? 0 : -1)]", '', '.. and show the same cells';
    return ($first, $second);
}

# -- A kernel at work -----------------------------------------------------------------------------

my @work = ('alloc 12K', 'alloc 100 500', 'alloc 1000 40', 'alloc 20K 300', 'run stress',
    'alloc 4K 50', 'free 0x01002000', 'alloc 8M', 'alloc 3000 40');
my ($machine) = machine({ memory => 128 }, @work);
my ($heap, $blocks, $zero) = agrees($machine, 'as it runs');

my ($png, $svg) = pictures($machine, 'all blocks');
my ($left, $top, $cell) = cells($png, 128);
my $total = 28640;
is $png->{width}, $left + 128 * 6 + 12, '.. of 128 cells a row';

# Each block's colour, against the letters that the shell has for 28 blocks at a time.
my @letters = map {
    my ($x, $y) = ($left + $_ % 128 * $cell, $top + int($_ / 128) * $cell);
    $letter_of{ pixel($png, $x + 3, $y + 2) } // '?'
} 0 .. $total - 1;
my ($drawn, $names, %rank) = ('', 0); # of two that are as many, the one that is named first
$rank{ $letter_by_name{$_} } = $names++ for $heap =~ /^  (\D+?) +\d+ blocks/mg;
for (my $first = 0; $first < $total; $first += 28) {
    my $end = $first + 28 < $total ? $first + 28 : $total;
    my %count;
    $count{$_}++ for @letters[$first .. $end - 1];
    my $free = delete $count{'.'} // 0;
    my ($most) = sort { $count{$b} <=> $count{$a} || $rank{$a} <=> $rank{$b} } keys %count;
    $drawn .= !defined $most ? '.' : $free ? lc $most : $most;
}
my $shell = join '', $blocks =~ /^ +\d+ 0x\w{8}  (.*)$/mg;
is $drawn, $shell, '.. each in the colour of its owner';
my %total;
$total{$_}++ for @letters;
my %counted = map { /^  (\D+?) +(\d+) blocks/ ? ($1 => $2) : () } split /\n/, $heap;
is_deeply { map { $_ => $total{ $letter_by_name{$_} } // 0 } keys %letter_by_name }, \%counted,
    '.. and as many as heap counts';

# Edges: what begins and ends, against the shell's characters for the first 1,024 blocks.
my $edges = '';
for my $block (0 .. 1023) {
    my ($x, $y) = ($left + $block % 128 * $cell, $top + int($block / 128) * $cell + 2);
    my ($first, $middle, $last) = map { pixel($png, $_, $y) } $x, $x + 3, $x + $cell - 1;
    $edges .= $letters[$block] =~ /[.-]/ ? $letters[$block] : $first ne $middle ? ($last ne $middle ? 'o' : '<')
        : $last ne $middle ? '>' : '=';
}
my $characters = join '', $zero =~ /^ +\d+ 0x\w{8}  (.*)$/mg;
is $edges, $characters, '.. with edges where allocations begin and end';

# Words: those of the SVG, and in the PNG by their glyphs.
my ($free) = $heap =~ /^  free +(\d+) blocks/m;
my @words = @{ $svg->{words} };
is $words[0], "Plat: 0x01000000-0x07fe0000, $total blocks of 4096 bytes: $free free, "
    . ($total - $free) . ' taken', '.. a title';
is_deeply [map { s/^  //r } grep { / blocks / } split /\n/, counts($heap) =~ s/.*\n//r],
    [grep { / K$/ } @words], '.. a legend that counts as heap does';
my @labels = grep { /^0x\w{8}$/ } @words;
is_deeply \@labels, [map { sprintf '0x%08x', 0x1000000 + $_ * 4 * 128 * 4096 } 0 .. 55],
    '.. an address for every fourth row';
is read_words($png, 12, 12), $words[0], '.. the title in the PNG';
is substr(read_words($png, 12, $top - 5), 0, 10), '0x01000000', '.. the first address';

# A part: each cell a block, 64 a row, as `blocks` draws it.
($png) = pictures($machine, 'from block 700 on', '--from', 700);
($left, $top, $cell) = cells($png, 64);
my $part = join '', map { $letter_of{ pixel($png, $left + $_ % 64 * $cell + 8,
    $top + int($_ / 64) * $cell + 8) } // '?' } 0 .. 1023;
is $part, join('', @letters[700 .. 1723]), '.. the same blocks, larger';

# It went on: the shell still answers, and a machine that stood still stands still.
is $machine->type('alloc 0'), "  no memory for 0 bytes (number 1)\n", 'the machine goes on';
$machine->monitor('stop');
$machine->heapview('--text');
like $machine->monitor('info status'), qr/paused/, 'one that stood still stands still';
$machine->monitor('cont');

# -- Dumps ----------------------------------------------------------------------------------------

my ($raw, $core) = ("$directory/raw", "$directory/core");
$machine->monitor("pmemsave 0 0x8000000 \"$raw\"");
$machine->monitor("dump-guest-memory \"$core\"");
my ($now) = ($machine->heapview('--text'))[1];
is_deeply [$machine->heapview('--dump', $raw)], [0, $now, ''], 'a dump of physical memory';
is_deeply [$machine->heapview('--dump', $core)], [0, $now, ''], 'an ELF core';

# Another dump with BYTES at ADDRESS; what is complained about.
sub with_bytes {
    my ($address, $bytes, @arguments) = @_;
    my $path = "$directory/broken";
    system('cp', $raw, $path) == 0 or die;
    open my $file, '+<:raw', $path or die $!;
    seek $file, $address, 0;
    print $file $bytes;
    close $file;
    return $machine->heapview('--dump', $path, @arguments);
}
my ($table) = map { hex } $heap =~ /, table (0x\w+)$/m;
my $owners = $table + $total;
for (
    [$table + 5, "\x02", 'block 5, 0x01005000: byte 0x02 is none of the five'],
    [$table + 4, "\0", 'block 3, 0x01003000: byte 0x81 has a next block, but 0x00 follows'],
    [$table + 28000, "\x81", 'block 28000, 0x07d60000: byte 0x81 has no first block before it'],
    [$table + $total - 1, "\xc1", 'block 28639, 0x07fdf000: no owner where an allocation begins'],
    [$owners + 5, "\x63", 'block 5, 0x01005000: owner 99 has no meaning'],
    [$owners + 3, "\x04", 'block 3, 0x01003000: owner 4 where no allocation begins'],
    [$owners + 2, "\0", 'block 2, 0x01002000: no owner where an allocation begins']) {
    my ($address, $bytes, $sentence) = @$_;
    my ($status, $text, $errors) = with_bytes($address, $bytes);
    is $status, 1, "broken: $sentence";
    is $errors, "heapview: the table is not sound: 1 block is wrong\nheapview: $sentence\n",
        '.. is said';
    ($status) = with_bytes($address, $bytes, '--png', "$directory/broken.png");
    my $picture = read_png("$directory/broken.png");
    my ($block) = $sentence =~ /^block (\d+)/;
    ($left, $top, $cell) = cells($picture, 128);
    $top += 2 * 20;
    is pixel($picture, $left + $block % 128 * $cell + 3, $top + int($block / 128) * $cell + 2),
        'ff0000', '.. and red';
}
my ($status, $text, $errors) = with_bytes($table, "\x02" x 3000);
# One more where an allocation begins among them and ends behind.
like $errors, qr/\A.* sound: 300[01] blocks are wrong\n(heapview: block \d, .*\n){5}\z/,
    'many are counted, and five of them said';

# Numbers of heap_map that were overwritten: how large a block is, how many owners, how many blocks,
# and where the first one begins.
for ([2, 0], [2, 512], [3, 0], [3, 65], [4, 1 << 21], [5, 0x01000001]) {
    my ($word, $number) = @$_;
    is_deeply [with_bytes(symbol('heap_map') + 4 * $word, pack 'V', $number)],
        [1, '', "heapview: the kernel's heap_map was overwritten: its numbers make no sense\n"],
        "word $word of heap_map is $number";
}

# -- What can't be used ---------------------------------------------------------------------------

my $elf = do { open my $file, '<:raw', 'build/plat.elf' or die $!; local $/; <$file> };
sub file_of {
    my ($bytes) = @_;
    my $path = "$directory/file";
    open my $file, '>:raw', $path or die $!;
    print $file $bytes;
    close $file;
    return $path;
}
(my $other = $elf) =~ s/small\0/smalL\0/ or die;
my $dumped = do { open my $file, '<:raw', $raw or die $!; local $/; <$file> };
my @mistakes = ( # arguments, exit status, words
    [['--kernel', "$directory/none"], 1, qr{/none: no kernel: No such file}],
    [['--kernel', $directory], 1, qr/: can't be read: Is a directory/],
    [['--kernel', 'README.md'], 1, qr/README.md: no kernel of Plat's; expected: an ELF file of 32/],
    [['--kernel', 'build/user/sh.elf'], 1, qr/sh.elf: no kernel of Plat's; expected: /],
    [['--kernel', sub { file_of(substr $elf, 0, 100000) }], 1, qr/: no kernel of Plat's/],
    [['--kernel', sub { file_of($other) }], 1, qr/holds another build than .*; expected: the ELF/],
    [['--qmp', "$directory/none"], 1, qr/none: no QEMU answers there: No such file/],
    [['--qmp', 'x' x 200], 1, qr/the name of a socket has at most 107 bytes/],
    [['--qmp', $machine->{monitor}], 1, qr/monitor for people; expected: --monitor /],
    [['--monitor', $machine->{qmp}], 1, qr/monitor for programs; expected: --qmp /],
    [['--dump', "$directory/none"], 1, qr/none: no dump: No such file/],
    [['--dump', 'build/plat.elf'], 1, qr/an ELF file, but no dump of memory/],
    [['--dump', sub { file_of('') }], 1, qr/too short: memory 0x\w+-0x\w+ is wanted/],
    [['--dump', sub { file_of(substr $dumped, 0, $table + 100) }], 1,
        sprintf ': too short: memory 0x%08x-0x%08x is wanted, and there is none at 0x%08x', $table,
        $table + $total, $table + 100],
    [['--dump', sub { file_of("\0" x (4 << 20)) }], 1, qr/holds no kernel, or another one than/],
    [['--dump', sub { file_of("KDUMP   ") }], 1, qr/a dump that is compressed; expected: /],
    [['--png', "$directory/no/heap.png"], 1, qr{no/heap.png: can't be written: No such file}],
    [['--from', $total], 1, qr/block 28640 is past the end; expected: 0 to 28639/],
    [['--from', -1], 1, qr/block -1 is past the end/],
    [['--from', 'x'], 2, qr/value "x" invalid for option from/i],
    [['--frobnicate'], 2, qr/unknown option: frobnicate/],
    [['now'], 2, qr/now is no option; expected: /],
    [['--png', 'a', '--svg', 'b'], 2, qr/--png and --svg can't be both/],
    [['--qmp', 'a', '--dump', 'b'], 2, qr/--qmp and --dump can't be both/]);
for (@mistakes) {
    my ($arguments, $wanted, $words) = @$_;
    my @arguments = map { ref ? $_->() : $_ } @$arguments;
    ($status, $text, $errors) = $machine->heapview(@arguments);
    is "$status $text", "$wanted ", "refused: $arguments[0]";
    like $errors, qr/\Aheapview: .*$words.*\n\z/, '.. in a line';
}
$machine->end;

# -- Dead kernels, and those without a heap --------------------------------------------------------

($machine) = machine({}, @work[0 .. 2]);
($heap, $blocks) = $machine->answers('heap', 'blocks');
syswrite $machine->{to}, "fault null\r";
ok defined $machine->wait_for(qr/^panic: the machine stands still$/m), 'the kernel panics';
is_deeply [$machine->heapview], [0, $blocks . counts($heap), ''], '.. and is seen as it was';
$machine->end;

$machine = Machine->start(append => 'stop=map');
ok defined $machine->wait_for(qr/^done$/m), 'a kernel that stops before its heap';
is_deeply [$machine->heapview],
    [1, '', "heapview: the kernel has no heap yet; expected: one past its \"heap:\" line\n"],
    '.. has none';
$machine->end;

$machine = Machine->start(no_kernel => 1, extra => ['-S']);
select undef, undef, undef, 0.5;
like +($machine->heapview)[2], qr/\Aheapview: that memory holds no kernel, or another .*\n\z/,
    'a machine without a kernel';
$machine->end;

# -- Other machines, and heaps ---------------------------------------------------------------------

# Through GRUB, which cuts a hole into memory that is wider than what a letter stands for.
my $iso = make_iso('hole', <<'LINES', 'build/user/hello.elf');
insmod mmap
cutmem 0x2000100 0x2100000
multiboot /boot/plat.elf
module /boot/hello.elf hello
LINES
my $hole = { no_kernel => 1, modules => undef, extra => ['-cdrom', $iso] };
for (['heap=free_list', {}], ['heap_watch', {}], ['', { cpu => '486' }], ['', { memory => 8 }],
    ['', { memory => 3584 }], ['heap_size=2M', {}], ['a hole', $hole]) {
    my ($append, $with) = @$_;
    my $name = join ' ', grep { $_ } $append, $with->{cpu}, $with->{memory} && "-m $with->{memory}";
    ($machine) = machine({ append => $append, %$with }, 'alloc 12K 40', 'alloc 100 300',
        'alloc 5000 3', 'run hello');
    if ($append eq 'heap_size=2M') { # fewer blocks than `blocks 700` wants
        my ($small, $one_by_one) = $machine->answers('heap', 'blocks');
        is_deeply [$machine->heapview], [0, $one_by_one . counts($small), ''], "$name: text";
    } else {
        ($heap, $blocks, $zero) = agrees($machine, $name);
    }
    like $blocks, qr/##/, '.. with a hole' if $append eq 'a hole';
    if (($with->{memory} // 0) == 3584) { # 32 blocks a cell, or so: filled as far as they are taken
        ($png, $svg) = pictures($machine, $name);
        my ($group) = $svg->{words}[1] =~ /^a cell is (\d+) blocks, filled as far as /;
        cmp_ok $group, '>=', 16, '.. many blocks a cell';
        ($left, $top, $cell) = cells($png, 128);
        $characters = join '', $zero =~ /^ +\d+ 0x\w{8}  (.*)$/mg;
        my (@taken, @lines);
        for my $i (0 .. 1024 / $group - 1) {
            push @taken, substr($characters, $i * $group, $group) =~ tr/.//c;
            my $x = $left + $i * $cell + 3;
            push @lines, scalar grep { $letter_of{ pixel($png, $x, $top + $_) } ne '.' }
                0 .. $cell - 2;
        }
        is "@lines", join(' ', map { int(($_ * ($cell - 1) + $group - 1) / $group) } @taken),
            '.. filled as far as they are taken';
        cmp_ok scalar(grep { $_ > 0 && $_ < $group } @taken), '>', 0, '.. one of them in part';
    }
    $machine->end;
}

# -- make heapview ---------------------------------------------------------------------------------

# Two at a time, as scripts/run starts them: each has a socket of its own.
my %before = map { $_ => 1 } glob 'build/qmp.*.sock';
my @running = map {
    my $command = 'exec scripts/run kernel build/plat.elf 2>&1 </dev/null';
    open my $run, '-|', 'sh', '-c', $command or die $!;
    $run;
} 1, 2;
for my $run (@running) {
    while (<$run>) {
        last if /^Type help/;
    }
}
my @sockets = grep { !$before{$_} } glob 'build/qmp.*.sock';
is scalar @sockets, 2, 'two at a time';
my $said = `scripts/heapview --png $directory/run.png 2>&1`;
is "$?$said", '0', 'one that runs is found without being named';
ok read_png("$directory/run.png"), '.. and drawn';
kill 'TERM', map { /(\d+)/ } @sockets;
close $_ for @running;
done_testing;
