#!/usr/bin/perl
# watch, the block table live. What QEMU shows, and what a terminal would, is compared with the
# table in the guest's memory, read while the machine is stopped, entry by entry.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use List::Util qw(max min sum);
use Screen;
use Test::More;

my $prompt = qr/^plat> /m;
my $shown_now = qr/^watch: .* ends it\r/m;
my $drawn = qr/^watch: (\d+) frames, (\d+) cells drawn of (\d+)$/m;

# By enum heap_owner: name, colour, the VGA's colour nearest to it.
my @owners = (['free', '1e1e28', '000000'], ['not ours', '484848', '555555'],
    ['kept', '8a8a8a', 'aaaaaa'], ['small', '56b4e9', '55ffff'], ['middle', '8088ff', '5555ff'],
    ['kernel', 'e69f00', 'aa5500'], ['paging', 'cc79a7', 'ff5555'], ['shell', 'f0e442', 'ffff55'], ['guarded', 'd55e00', 'aa0000'],
    ['window', '0072b2', '00aaaa'], ['device', 'aa3377', 'aa00aa'], ['process', '009e73', '00aa00']);

my $ground = '14141a';

# -- The guest ------------------------------------------------------------------------------------

# Boots and does STEPS, each a [pattern, what is typed or done when it has come]; what is done gets
# the path of QEMU's socket.
my $boots = 0;
sub session {
    my ($steps, %with) = @_;
    my $socket = "$directory/watch." . ++$boots;
    push @{ $with{extra} }, '-qmp', "unix:$socket,server=on,wait=off";
    my @script = map {
        my ($pattern, $step) = @$_;
        [$pattern, ref $step ? sub { $step->($socket, @_) } : $step]
    } @$steps;
    return boot(modules => programs(), seconds => 300, %with, script => \@script);
}

# A step that keeps the picture, and memory up to 20 MB and the text screen's, as they are at one
# moment; *$KEPT is their path without its end.
my $kept = 0;
sub keep {
    my ($path) = @_;
    $$path = "$directory/kept." . ++$kept;
    return sub {
        my ($socket) = @_;
        select undef, undef, undef, 0.6; # a few frames
        qmp($socket, ['stop'], ['screendump', filename => "$$path.ppm"],
            ['pmemsave', val => 0, size => 20 << 20, filename => "$$path.ram"], ['cont']);
    };
}

sub wait_for_frames { return sub { select undef, undef, undef, 0.5 } }

sub slurp {
    my ($path) = @_;
    open my $file, '<:raw', $path or die "$path: $!";
    local $/;
    return scalar <$file>;
}

# The owner of each block, the table's bytes, and the runs as [first, length, owner] by block.
sub read_table {
    my ($boot, $path) = @_;
    $boot->{text} =~ /^heap: 0x([0-9a-f]+)-\S+ (\d+) blocks, table 0x([0-9a-f]+)$/m or die;
    my ($start, $total, $at) = (hex $1, $2, hex $3);
    my $ram = slurp("$path.ram");
    my @bytes = unpack 'C*', substr $ram, $at, $total;
    my @tags = unpack 'C*', substr $ram, $at + $total, $total;
    my (@owners, @runs);
    for (my $block = 0; $block < $total;) {
        my ($length, $owner) = (1, $bytes[$block] ? $tags[$block] : 0);
        if ($bytes[$block]) {
            $length++ while $bytes[$block + $length - 1] & 0x80;
        } else {
            $length++ while $block + $length < $total && !$bytes[$block + $length];
        }
        push @owners, ($owner) x $length;
        push @runs, ([$block, $length, $owner]) x $length;
        $block += $length;
    }
    return { start => $start, total => $total, bytes => \@bytes, owners => \@owners,
        runs => \@runs };
}

# What a cell of blocks FIRST to END should show: owner, level of 0 to 4.
sub cell {
    my ($table, $first, $end) = @_;
    my @counts = (0) x @owners;
    $counts[$_]++ for @{ $table->{owners} }[$first .. min($end, $table->{total}) - 1];
    my $taken = sum(@counts[1 .. $#counts]);
    return (0, 0) unless $taken;
    my ($most) = sort { $counts[$b] <=> $counts[$a] || $a <=> $b } 1 .. $#counts;
    return ($most, int(($taken * 4 + sum(@counts) - 1) / sum(@counts)));
}

sub rgb { return unpack 'C3', pack 'H6', shift }

sub mixed { # as live_map.h says: paler where less is taken
    my ($owner, $level) = @_;
    my ($whole, $none) = map { [rgb($owners[$_][1])] } $owner, 0;
    return map { int(($whole->[$_] * ($level + 1) + $none->[$_] * (4 - $level)) / 5) } 0 .. 2;
}

sub near {
    my ($got, $wanted, $most) = @_;
    return !grep { abs($got->[$_] - $wanted->[$_]) > $most } 0 .. 2;
}

# What the command said: blocks a cell, columns, rows, and pixels of a cell.
sub layout {
    my ($boot) = @_;
    $boot->{text} =~ /^watch: \d+ blocks?, (\d+) a cell, (\d+)x(\d+) cells(?: of (\d+)x(\d+) pixels)? on /m
        or return;
    return { group => $1, columns => $2, rows => $3, width => $4, height => $5 };
}

# The text rows below a map: totals and legend, as the table has them.
sub says_the_totals {
    my ($name, $table, @rows) = @_;
    my $text = join "\n", @rows;
    my $taken = grep { $_ } @{ $table->{bytes} };
    my $free = $table->{total} - $taken;
    my $longest = max 0, map { $_->[2] == 0 && !$table->{bytes}[$_->[0]] ? $_->[1] : 0 }
        @{ $table->{runs} };
    like $text, qr/^blocks: $table->{total} total, $taken taken, $free free, peak \d+, largest free run $longest$/m,
        "$name: the totals are the table's";
    my @counts = (0) x @owners;
    $counts[$_]++ for @{ $table->{owners} };
    my @wrong = grep { $text !~ /\Q$owners[$_][0]\E +$counts[$_]\b/ } 0 .. $#owners;
    is "@{[map { $owners[$_][0] } @wrong]}", '', '.. and the legend counts them';
}

# Where cells begin: beside eleven characters, and in a margin.
sub origin {
    my ($picture, $layout, $scale) = @_;
    my $labels = 11 * 8 * $scale;
    my $room = $picture->{width} - $labels - 4 * $scale;
    return ($labels + int($room % $layout->{width} / 2), 4 * $scale);
}

# Addresses beside the rows of cells, one below the other: [pixel, address].
sub labels {
    my ($picture, $layout, $scale) = @_;
    my @labels;
    my $line = 3 * $picture->{width};
    for my $row (0 .. $layout->{rows} - 1) {
        my $y = $row * $layout->{height} + 4 * $scale;
        my %strip = (%$picture, height => 16 * $scale,
            data => substr $picture->{data}, $y * $line, 16 * $scale * $line);
        my $text = read_text(\%strip, $scale)->{text}[0] // '';
        push @labels, [$row, $1] if $text =~ /^0x([0-9a-f]{8})/;
    }
    return @labels;
}

# Cells of PICTURE that are not what TABLE says, the cursor's at CURSOR; none where all is well.
sub wrong_cells {
    my ($picture, $layout, $table, $cursor, $first, $scale) = @_;
    my ($left, $top) = origin($picture, $layout, $scale // 1);
    my ($width, $height) = @$layout{qw(width height)};
    my @wrong;
    for my $i (0 .. $layout->{columns} * $layout->{rows} - 1) {
        my $block = ($first // 0) + $i * $layout->{group};
        my @wanted = $block >= $table->{total} ? rgb($ground) : $block == $cursor ? (255, 255, 255)
            : mixed(cell($table, $block, $block + $layout->{group}));
        my $x = $left + $i % $layout->{columns} * $width;
        my $y = $top + int($i / $layout->{columns}) * $height;
        my $last = ($scale // 1) * ($height >= 6 * ($scale // 1)) + 1; # before the line between cells
        for my $at ([0, 0], [$width - $last, $height - $last]) {
            my $place = 3 * (($y + $at->[1]) * $picture->{width} + $x + $at->[0]);
            my @got = unpack 'C3', substr $picture->{data}, $place, 3;
            push @wrong, "block $block is @got, not @wanted" unless near(\@got, \@wanted, 8);
        }
    }
    return few(@wrong);
}

# Of single blocks, what is not hollow and should be, or the other way round; in the middle of cells
# large enough for it.
sub wrong_looks {
    my ($picture, $layout, $table, $scale) = @_;
    my ($left, $top) = origin($picture, $layout, $scale);
    my ($width, $height) = @$layout{qw(width height)};
    return '' if $layout->{group} > 1 || $width < 7 * $scale || $height < 7 * $scale;
    my @wrong;
    for my $block (1 .. $table->{total} - 1) {
        my $x = $left + $block % $layout->{columns} * $width + int(($width - $scale) / 2);
        my $y = $top + int($block / $layout->{columns}) * $height + int(($height - $scale) / 2);
        my @got = unpack 'C3', substr $picture->{data}, 3 * ($y * $picture->{width} + $x), 3;
        my $owner = $table->{owners}[$block];
        next if $owner == 1; # stripes
        my $hollow = near(\@got, [rgb($ground)], 8);
        push @wrong, "block $block of $owners[$owner][0] is @got"
            if $owner > 0 && $hollow != ($owner == 2);
    }
    return few(@wrong);
}

sub few { return join '; ', @_ > 3 ? (@_[0 .. 2], '..') : @_ }

# Something of most owners, and gaps: kept runs, small objects, middle sizes, a process.
my @fill = ([$prompt, "alloc 12K\r"], [$prompt, "alloc 4K 30\r"], [$prompt, "alloc 5000 60\r"],
    [$prompt, "run stress 2000\r"], [$prompt, "run count 2000000000 &\r"], [$prompt, "alloc 4K 3\r"]);

# -- On a framebuffer -----------------------------------------------------------------------------

SKIP: {
    skip "no text on a framebuffer: $font (fonts-spleen) is not installed", 1 unless -r $font;
    my @modules = split /,/, programs();
    my %iso;
    for my $mode (['1024x768x32', 64, 1], ['800x600x16', 256, 1], ['1600x1200x32', 64, 2],
        ['640x480x24', 512, 1], ['800x600x15', 8, 1]) {
        my ($name, $memory, $scale) = @$mode;
        my ($first, $second, $text);
        my $iso = $iso{$name} = picture_iso("watch-$name", $video, $name, '', 'i386-pc', @modules);
        my $boot = session([@fill, [$prompt, "stats\r"], [$prompt, "watch screen\r"],
            [$shown_now, keep(\$first)], [qr//, "\e[C\e[C\e[B"], [qr//, keep(\$second)],
            [qr//, "\r"], [qr//, wait_for_frames()], [qr//, 'q'], [$prompt, "stats\r"],
            [$prompt, keep(\$text)], [qr//, "poweroff\r"]],
            iso => $iso, memory => $memory, modules => undef);
        is $boot->{status}, 0, "$name: it ends" or diag $boot->{text};
        my $layout = layout($boot);
        my $table = read_table($boot, $first);
        my $picture = read_picture("$first.ppm");
        my $cells = $layout->{columns} * $layout->{rows};
        my ($width, $height) = split /x/, $name;
        cmp_ok $cells * $layout->{group}, '>=', $table->{total}, ".. the whole table, $layout->{group} a cell";
        is wrong_cells($picture, $layout, $table, 0, 0, $scale), '', '.. in its colours';
        is wrong_looks($picture, $layout, $table, $scale), '', '.. and what is kept is hollow';
        my @labels = labels($picture, $layout, $scale);
        my @wrong = grep {
            hex $_->[1] != $table->{start} + 4096 * $_->[0] * $layout->{columns} * $layout->{group}
        } @labels;
        cmp_ok scalar @labels, '>=', 5, '.. addresses stand beside it';
        is scalar @wrong, 0, '.. those of the rows' or diag explain \@wrong;
        my %seen = map { $_ => 1 } @{ $table->{owners} };
        cmp_ok scalar(keys %seen), '>=', 6, '.. of six owners or more';
        my $rows = read_text($picture, $scale)->{text};
        says_the_totals($name, $table, @$rows);
        like join("\n", @$rows), qr/^block 0 at 0x[0-9a-f]{8}, byte 0x41: paging$/m, '.. and the block';

        # The cursor: two to the right, one down.
        my $cursor = (2 + $layout->{columns}) * $layout->{group};
        $table = read_table($boot, $second);
        is wrong_cells(read_picture("$second.ppm"), $layout, $table, $cursor, 0, $scale), '',
            '.. and the cursor moves';
        my ($taken) = grep { $table->{bytes}[$_] } $cursor .. $cursor + $layout->{group} - 1;
        my $block = $taken // $cursor;
        my $byte = sprintf '0x%02x', $table->{bytes}[$block];
        my ($from, $length, $owner) = @{ $table->{runs}[$block] };
        my $address = sprintf '0x%08x', $table->{start} + 4096 * $block;
        my $bytes = 4096 * $length;
        like $boot->{text}, qr/^  block $block at $address, byte $byte: $owners[$owner][0]\n    $length blocks?, $bytes bytes, from block $from on, since before watch$/m,
            '.. and enter prints the block under it';

        # Drawn: the first frame, and the cursor's old and new cells.
        $boot->{text} =~ $drawn;
        my ($frames, $count, $of) = ($1, $2, $3);
        is $count, $cells + 2 * 3, '.. only cells that changed are drawn';
        is $of, $frames * $cells, '.. of all that were shown';
        cmp_ok $frames, '>=', 5, '.. again and again';

        # Afterwards.
        my $shown = read_text(read_picture("$text.ppm"), $scale);
        is_deeply $shown->{text}, expected_rows(until_prompt($boot, 10), $shown->{columns},
            scalar @{ $shown->{text} }), '.. and q brings the text back, with what came meanwhile';
        my @live = $boot->{text} =~ /, (\d+) taken, .*?^  kept for reuse: (\d+)/msg;
        is $live[0] - $live[1], $live[2] - $live[3], '.. and no block is lost';
    }

    # Zoom: cells of twice the size, then again; a part of the table, and it scrolls.
    my ($near, $end, $back);
    my $boot = session([@fill, [$prompt, "watch screen\r"], [$shown_now, '++'],
        [qr//, keep(\$near)], [qr//, "\e[F"], [qr//, keep(\$end)], [qr//, "\e[H--"],
        [qr//, keep(\$back)], [qr//, '-q'], [$prompt, "poweroff\r"]],
        iso => $iso{'800x600x16'}, modules => undef);
    is $boot->{status}, 0, 'zoom: it ends' or diag $boot->{text};
    my $layout = layout($boot);
    my $table = read_table($boot, $near);
    my %twice = (%$layout, width => 4 * $layout->{width}, height => 4 * $layout->{height});
    $twice{columns} = int((800 - 11 * 8 - 4) / $twice{width});
    my $text = read_text(read_picture("$near.ppm"), 1)->{text};
    my ($last) = map { /^a cell is 1 block: 0 to (\d+) / } @$text;
    $twice{rows} = ($last + 1) / $twice{columns};
    is $twice{rows}, int $twice{rows}, '.. whole rows';
    is wrong_cells(read_picture("$near.ppm"), \%twice, $table, 0), '',
        '.. of larger cells';
    $text = read_text(read_picture("$end.ppm"), 1)->{text};
    my ($first) = map { /^a cell is 1 block: (\d+) to @{[$table->{total} - 1]} / } @$text;
    ok $first && $first % $twice{columns} == 0 && $first > $last, '.. which scroll to the end';
    is wrong_cells(read_picture("$end.ppm"), \%twice, read_table($boot, $end),
        $table->{total} - 1, $first), '', '.. and show it';
    is wrong_cells(read_picture("$back.ppm"), $layout, read_table($boot, $back), 0), '',
        '.. and back again';

    # While stress runs: paused, so that picture and counts are of one moment.
    my ($paused, $later);
    $boot = session([[$prompt, "run stress 300000 &\r"], [$prompt, "run stress 300000 7 &\r"],
        [$prompt, "watch screen\r"], [$shown_now, wait_for_frames()], [qr//, 'p'],
        [qr//, keep(\$paused)], [qr//, keep(\$later)], [qr//, 'p'], [qr//, wait_for_frames()],
        [qr//, 'q'], [$prompt, "wait\r"], [$prompt, "heap\r"], [$prompt, "poweroff\r"]],
        iso => $iso{'1024x768x32'}, modules => undef);
    $layout = layout($boot);
    my $picture = read_picture("$paused.ppm");
    my ($left, $top) = origin($picture, $layout, 1);
    my %counts;
    for my $i (0 .. $layout->{columns} * $layout->{rows} - 1) {
        my $x = $left + $i % $layout->{columns} * $layout->{width};
        my $y = $top + int($i / $layout->{columns}) * $layout->{height};
        $counts{ unpack 'H6', substr $picture->{data}, 3 * ($y * 1024 + $x), 3 }++;
    }
    my $legend = join "\n", @{ read_text($picture, 1)->{text} };
    my %said = map { my ($name, $colour) = @$_; ($colour => $legend =~ /\Q$name\E +(\d+)/ ? $1 : -1) }
        @owners;
    $counts{$_->[1]} //= 0 for @owners;
    is $counts{ffffff}, 1, 'stress: one cursor';
    is sum(map { $said{$_} - $counts{$_} } keys %said), 1, '.. it hides one cell';
    is scalar(grep { $said{$_} != $counts{$_} } keys %said), 1,
        '.. and each owner has as many cells as its count says' or diag explain \%counts, \%said;
    cmp_ok $said{'009e73'}, '>', 20, '.. some of processes';
    ok read_picture("$later.ppm")->{data} eq $picture->{data}
        || join("\n", grep { !/ served/ && !/^blocks/ } @{ read_text(read_picture("$later.ppm"), 1)->{text} })
        eq join("\n", grep { !/ served/ && !/^blocks/ } split /\n/, $legend), '.. paused, it stands still';
    like $legend, qr/ 2 processes$/m, '.. both processes are counted';
    is scalar(() = $boot->{text} =~ /^stress: 300000 operations, all bytes as written$/mg), 2,
        '.. and memory is as it should be' or diag $boot->{text};
    like $boot->{text}, qr/^  check: sound$/m, '.. and the heap sound';

    # A panic takes the screen back.
    $boot = shoot([[$prompt, "watch screen\r"], [$shown_now, sub {
        select undef, undef, undef, 0.5;
        qmp("$directory/nmi", ['inject-nmi']);
    }], qr/the machine stands still/], end => 'kill', cpu => 'pentium,-apic', exit_device => 0,
        iso => $iso{'800x600x16'},
        extra => ['-qmp', "unix:$directory/nmi,server=on,wait=off"]);
    like $boot->{text}, qr/^panic: non-maskable interrupt/m, 'a panic while it is shown';
    shows_the_text($boot, '.. is on the screen', 1, $boot->{text});
}

# -- On a text screen -----------------------------------------------------------------------------

# The characters in the text screen's memory.
sub screen_text {
    my ($path) = @_;
    my @characters = unpack '(aC)*', substr slurp("$path.ram"), 0xb8000, 4000;
    my $all = join '', @characters[map { 2 * $_ } 0 .. 1999];
    return [map { $_ =~ s/ +$//r } unpack '(a80)25', $all];
}

my ($shown, $after);
my $boot = session([@fill, [$prompt, "watch screen\r"], [$shown_now, "\e[C"],
    [qr//, keep(\$shown)], [qr//, "\r"], [qr//, wait_for_frames()], [qr//, "\cC"],
    [$prompt, keep(\$after)], [qr//, "poweroff\r"]]);
is $boot->{status}, 0, 'text screen: it ends' or diag $boot->{text};
my $layout = layout($boot);
my $table = read_table($boot, $shown);
my $picture = read_picture("$shown.ppm");
is "$picture->{width}x$picture->{height}", '720x400', '.. which is one of 9 by 16 dots';
is "$layout->{columns}x$layout->{rows}", '80x32', '.. half a character a cell';
my @wrong;
for my $i (0 .. 80 * 32 - 1) {
    my $block = $i * $layout->{group};
    next if $block >= $table->{total};
    my ($owner) = cell($table, $block, $block + $layout->{group});
    my @wanted = $i == 1 ? (255, 255, 255) : rgb($owners[$owner][2]);
    my $at = 3 * ((int($i / 80) * 8 + 3) * 720 + $i % 80 * 9 + 4);
    my @got = unpack 'C3', substr $picture->{data}, $at, 3;
    push @wrong, "block $block is @got, not @wanted" unless near(\@got, \@wanted, 4);
}
is few(@wrong), '', '.. the table in the nearest of 16 colours';
my $text = screen_text($shown);
says_the_totals('text screen', $table, @$text);
is_deeply screen_text($after), expected_rows(until_prompt($boot, 8), 80, 25),
    '.. and Ctrl-C brings the text back';
like $boot->{text}, qr/^  block \d+ at .*\n    \d+ blocks?, .*\n(    .*\n)?watch: \d+ frames/m, '.. enter prints';

# Keys of the keyboard: where they are pressed, there it is drawn.
$boot = session([[$prompt, sub {
    my ($socket) = @_;
    for my $key (qw(w a t c h spc 1 ret)) {
        qmp($socket, ['human-monitor-command', 'command-line' => "sendkey $key"]);
        select undef, undef, undef, 0.2;
    }
}], [qr/cells drawn/, "watch 1\r"], [qr/cells drawn/, "poweroff\r"]]);
like $boot->{text}, qr/^watch: [^\n]* on the text screen; q ends it\n.*^watch: [^\n]* on the terminal; q ends it\n/ms,
    'it is drawn where the last key came from' or diag $boot->{text};
is scalar(() = $boot->{text} =~ /watch: \d+ frames/g), 2, '.. and ends by itself after so many seconds';

# -- On a terminal --------------------------------------------------------------------------------

# A terminal of 80 by 24 that shows TEXT: rows of [character, ink, paper]; dies of what it does not
# know.
sub terminal {
    my ($text) = @_;
    my @screen = map { [map { [' ', -1, -1] } 1 .. 80] } 1 .. 24;
    my ($row, $column, $ink, $paper, $top, $bottom, @saved) = (0, 0, -1, -1, 0, 23);
    while (length $text) {
        if ($text =~ s/^\e7//) {
            @saved = ($row, $column, $ink, $paper);
        } elsif ($text =~ s/^\e8//) {
            ($row, $column, $ink, $paper) = @saved;
        } elsif ($text =~ s/^\e\[(\d+);(\d+)H//) {
            ($row, $column) = ($1 - 1, $2 - 1);
        } elsif ($text =~ s/^\e\[(\d+);(\d+)r//) {
            ($top, $bottom, $row, $column) = ($1 - 1, $2 - 1, 0, 0);
        } elsif ($text =~ s/^\e\[([34])8;5;(\d+)m//) {
            $1 == 3 ? ($ink = $2) : ($paper = $2);
        } elsif ($text =~ s/^\e\[2J//) {
            @$_ = map { [' ', -1, -1] } 1 .. 80 for @screen;
        } elsif ($text =~ s/^\e\[\?(25|7)[hl]//) {
        } elsif ($text =~ s/^\n//) {
            $column = 0; # a carriage return stood before it
            if ($row == $bottom) {
                splice @screen, $top, 1;
                splice @screen, $bottom, 0, [map { [' ', -1, -1] } 1 .. 80];
            } else {
                $row++;
            }
        } elsif ($text =~ s/^(\xe2\x96\x80|\xe2\x96\x88|[ -~])//) {
            die "column $column" if $column > 79;
            $screen[$row][$column++] = [$1, $ink, $paper];
        } else {
            die 'the terminal does not know ' . substr $text, 0, 12;
        }
    }
    return @screen;
}

# xterm's colours from 16 on; and the nearest of them.
my @xterm = map {
    my $n = $_ - 16;
    $_ < 232 ? [map { $_ ? 55 + 40 * $_ : 0 } int($n / 36), int($n / 6) % 6, $n % 6]
        : [(8 + 10 * ($_ - 232)) x 3]
} 16 .. 255;
my %nearest;
sub nearest {
    my @colour = @_;
    return $nearest{"@colour"} //= 16 + (sort {
        distance($xterm[$a], \@colour) <=> distance($xterm[$b], \@colour) || $a <=> $b
    } 0 .. $#xterm)[0];
}
sub distance {
    my ($x, $y) = @_;
    return sum map { ($x->[$_] - $y->[$_])**2 } 0 .. 2;
}

my ($once, $moved);
$boot = session([@fill, [$prompt, "watch\r"], [qr/\e8/, keep(\$once)], [qr//, "\e[C\r"],
    [qr//, keep(\$moved)], [qr//, "\e"], [$prompt, "poweroff\r"]]);
is $boot->{status}, 0, 'terminal: it ends, by escape alone' or diag $boot->{text};
$boot->{text} =~ /\e\[\?1049h(.*?)\e\[r\e\[m\e\[\?25h\e\[\?1049l(.*)/s or die $boot->{text};
my ($session, $behind) = ($1, $2);
my @screen = terminal($session);
$layout = layout($boot);
$table = read_table($boot, $moved);
@wrong = ();
for my $i (0 .. $layout->{columns} * $layout->{rows} - 1) {
    my $block = $i * $layout->{group};
    my ($character, $ink, $paper) = @{ $screen[int($i / 160)][$i % 80] };
    my $got = int($i / 80) % 2 || $character eq ' ' ? $paper : $ink;
    my $wanted = $block >= $table->{total} ? 16 : $i == 1 ? 231
        : nearest(mixed(cell($table, $block, $block + $layout->{group})));
    push @wrong, "block $block is $got, not $wanted" unless $got == $wanted;
}
is few(@wrong), '', '.. the table in 256 colours';
my @rows = map { join '', map { $_->[0] =~ s/[^ -~]+/#/r } @$_ } @screen;
s/ +$// for @rows;
says_the_totals('terminal', $table, @rows[12 .. 20]);
like join("\n", @rows[21 .. 23]), qr/^  block \d+ at .*\n    \d+ blocks?, /m, '.. printed text has rows of its own';
like $behind, qr/^  block \d+ at .*\n    \d+ blocks?, .*^watch: \d+ frames/ms, '.. and comes again afterwards';
cmp_ok length $session, '<', 25_000, '.. in few bytes: ' . length $session;

# -- Where it can't be ----------------------------------------------------------------------------

$boot = boot(append => 'console=serial', script => [[$prompt, "watch 0\r"], [$prompt, "watch here\r"],
    [$prompt, "watch 1 screen\r"], [$prompt, "watch 1 screen 2\r"], [$prompt, "alloc 16M\r"],
    [$prompt, "alloc 1M 31\r"], [$prompt, "alloc 4K 200\r"], [$prompt, "watch\r"], [$prompt, "poweroff\r"]],
    memory => 64);
like $boot->{text}, qr/^watch: 0 is unknown; expected: screen, terminal, or 1 to \d+ seconds$/m, 'no seconds';
like $boot->{text}, qr/^watch: here is unknown; expected: screen, /m, 'another place';
like $boot->{text}, qr/^watch: there is no screen; it is drawn on the terminal$/m, 'no screen';
like $boot->{text}, qr/^watch: 3 arguments given; expected: watch \[SECONDS\] \[WHERE\]$/m, 'too many words';
like $boot->{text}, qr/^watch: no memory for the \d+ bytes in which it remembers what is shown$/m, 'no memory'
    or diag $boot->{text};

# heap_watch knows who allocated; a heap that grows has its window's frames on the map.
$boot = boot(append => 'heap_watch', script => [[$prompt, "alloc 12K\r"], [$prompt, "watch\r"],
    [qr/\e8/, "\e[F\e[H\e[C\r"], [qr//, wait_for_frames()], [qr//, 'q'], [$prompt, "poweroff\r"]], memory => 8);
like $boot->{text}, qr/^    allocation \d+, \d+ bytes, by \w+\+0x/m, 'a watched heap: who allocated'
    or diag $boot->{text};
is $boot->{status}, 0, '.. with 8 MB';

done_testing;
