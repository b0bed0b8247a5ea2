#!/usr/bin/perl
# A growing heap's window as characters, and its search one piece at a time: against a model of both
# designs that is worked out here.
use strict;
use warnings;
use lib 'tests/boot';
use List::Util 'sum';
use Machine;
use Test::More;

my $unknown = qr/^step: .* is unknown; expected: 1 byte or more, like 100 or 64K, and perhaps all$/m;

sub up16 { return ($_[0] + 15) & ~15 }

for my $heap (qw(free_list best_fit)) {
    my $best = $heap eq 'best_fit';
    my $machine = Machine->start(append => "heap=$heap heap_size=4M");
    $machine->wait_for(qr/^plat> \z/m);
    like $machine->type('blocks window'), qr/^  nothing was allocated yet: the break is at 0xd/m,
        "$heap: an empty window" if !$best;

    # Objects of these sizes, each behind a header; then holes.
    my @sizes = (100, 300, 40, 1000, 40, 600, 40);
    my @at = map { hex((($machine->type("alloc $_") =~ /^  0x(\w{8})$/m))[0]) } @sizes;
    my $start = $at[0] - 16;
    my ($expected, @free) = ('');
    for my $i (0 .. $#sizes) {
        my $hole = $i % 2 == 1;
        my $nbytes = up16($sizes[$i]) + 16;
        is $at[$i] - 16, $start + 16 * length $expected, "$heap: object $i stands behind the last";
        $expected .= !$hole ? 'H' . '=' x ($nbytes / 16 - 1)
            : $best ? '.' x ($nbytes / 16) : 'F' . '.' x ($nbytes / 16 - 1);
        push @free, [$at[$i] - 16, $nbytes] if $hole;
        like $machine->type(sprintf 'free 0x%x', $at[$i]), qr/^  freed$/m, '.. and is freed' if $hole;
    }
    # The same under the cursor of watch: the first page, in which what watch keeps begins, too.
    my ($nlive, $npieces) = (1 + grep({ !($_ % 2) } 0 .. $#sizes), scalar @free);
    my $nfree = sum(map { $_->[1] } @free);
    my $page = sprintf '0x%08x', $start;
    syswrite $machine->{to}, "watch screen\r";
    $machine->wait_for(qr/ q ends it\n/);
    for (1 .. 100) {
        syswrite $machine->{to}, "\e[C\r";
        my $said = $machine->wait_for(qr/^    \d+ blocks?, .*\n(?:    .*\n|\z)/m) // last;
        last if $said =~ /$page of the window/;
    }
    syswrite $machine->{to}, 'q';
    $machine->wait_for(qr/^plat> \z/m);
    like $machine->{text}, qr/^    page $page of the window: $nlive live, $npieces free pieces of $nfree bytes$/m,
        "$heap: watch says what lies in the first page" or diag $nfree;

    my ($break) = $machine->type('heap') =~ /break 0x(\w{8}),/;
    my $rest = $start + 16 * length $expected;
    push @free, [$rest, hex($break) - $rest];
    $expected .= ($best ? '' : 'F') . '.' x 2048;

    my $drawn = $machine->type(sprintf 'blocks window 0x%x', $start);
    my $cells = join '', $drawn =~ /^  0x\w{8}  (\S+)$/mg;
    is length $cells, 1024, "$heap: 1,024 cells";
    is $cells, substr($expected, 0, 1024), '.. headers, live and free bytes, 16 to a character';
    $drawn = $machine->type(sprintf 'blocks window 0x%x', $start + 100);
    is join('', $drawn =~ /^  0x\w{8}  (\S+)$/mg), substr($expected, 6, 1024), '.. from anywhere on';
    my $overview = $machine->type('blocks window');
    like $overview, qr/^  a character is 64 bytes: /m, '.. all of it, 64 to a character';
    my $coarse = '';
    for (my $i = 0; $i * 64 < hex($break) - $start; $i++) {
        my $cell = substr $expected . '.' x 9999, 4 * $i, 4;
        my $nlive = $cell =~ tr/H=//;
        $coarse .= $nlive == 4 ? '=' : $nlive ? '+' : '.';
    }
    is join('', $overview =~ /^  0x\w{8}  (\S+)$/mg), $coarse, '.. live, free, or some of both';

    # Each search ends where malloc then allocates.
    for my $nbytes (1, 90, 290, 300, 301, 700, 1000, 1001, 50000) {
        my $size = up16($nbytes) + 16;
        my @order = $best ? sort { $a->[1] <=> $b->[1] } @free : @free;
        my ($chosen) = grep { $_->[1] >= $size } @order;
        my $text = $machine->type("step $nbytes all");
        my @looks = $text =~ /^ +\d+  0x(\w{8}) +\d+ bytes free: /mg;
        is hex $looks[-1], $chosen->[0], "$heap: $nbytes bytes end where they should";
        like $text, qr/^ +\d+  0x\w{8} +$chosen->[1] bytes free: taken, @{[$chosen->[1] - $size]} are left\n\z/m,
            '.. and it says what is left';
        my $before = grep { $_->[0] < $chosen->[0] } @free;
        is scalar @looks, $before + 1, '.. behind all that stand before it' if !$best;
        cmp_ok scalar @looks, '<=', 4, '.. in three steps at most, and the choice' if $best;
        for my $line ($text =~ /^ +\d+  0x\w{8} +(\d+ bytes free: \d+ too few)$/mg) {
            my ($has, $misses) = $line =~ /(\d+)/g;
            is $has + $misses, $size, '.. what is too small lacks so much';
        }
    }
    my $text = $machine->type('step 64K all');
    like $text, qr/ too few\n  none has room: the break moves up\n\z/, "$heap: too much for all of them";
    my ($at) = $machine->type('alloc 500') =~ /^  0x(\w{8})$/m;
    my @order = $best ? sort { $a->[1] <=> $b->[1] } @free : @free;
    my ($chosen) = grep { $_->[1] >= up16(500) + 16 } @order;
    is hex($at) - 16, $chosen->[0], '.. and malloc takes what the model says';

    # A key for each piece.
    my $first = qr/^ +1  0x.* too few\n\z/m;
    syswrite $machine->{to}, "step 64K\r";
    like $machine->wait_for($first) // $machine->{text}, qr/a: all of them/, "$heap: it waits behind one";
    syswrite $machine->{to}, ' ';
    is scalar(() = ($machine->wait_for(qr/^ +2  0x.*\n\z/m) // '') =~ /bytes free/g), 1, '.. one key, one more';
    syswrite $machine->{to}, 'a';
    like $machine->wait_for(qr/^plat> \z/m) // $machine->{text}, qr/^  none has room/m, '.. a: to the end';
    for my $key ('q', "\e", "\x03") {
        syswrite $machine->{to}, "step 64K\r";
        $machine->wait_for($first);
        syswrite $machine->{to}, $key;
        is $machine->wait_for(qr/^plat> \z/m) // $machine->{text}, 'plat> ', '.. a key that ends it';
    }
    # More pieces than are looked up at once.
    my @many = map { hex(($machine->type('alloc 24') =~ /^  0x(\w{8})$/m)[0]) } 1 .. 80;
    $machine->type(sprintf 'free 0x%x', $many[2 * $_]) for 0 .. 39;
    my ($pieces) = $machine->type('heap') =~ /bytes free in (\d+) pieces/;
    cmp_ok $pieces, '>', 40, "$heap: many pieces";
    my @numbers = ($machine->type('step 64K all')) =~ /^ +(\d+)  0x\w{8} +\d+ bytes free: \d+ too few$/mg;
    is "@numbers", join(' ', 1 .. $pieces), '.. first fit looks at each of them once' if !$best;
    cmp_ok scalar @numbers, '<=', 7, '.. best fit at as many as it takes to halve them' if $best;

    like $machine->type($_), $unknown, "$heap: $_" for 'step 0', 'step x', 'step 10 some', 'step 5G';
    like $machine->type('step x all'), qr/^step: x is unknown;/m, "$heap: the word that is wrong is named";
    like $machine->type('step 3G'), qr/^step: 3221225472 bytes are more than any window has$/m, 'too much';
    like $machine->type('blocks window 4'), qr/^blocks: 0x00000004 is not in the window; expected: 0x/m,
        "$heap: an address elsewhere";
    like $machine->type('blocks window x'), qr/^x is no address; expected: a number like/m, '.. none';
    like $machine->type('blocks 0 1'), qr/^blocks: 1 is too much; expected: /m, '.. a word too much';
    $machine->end;
}

my $machine = Machine->start;
$machine->wait_for(qr/^plat> \z/m);
for my $command ('step 10', 'blocks window') {
    my ($name) = split ' ', $command;
    like $machine->type($command),
        qr/^$name: kmalloc is the block table; expected: a start with heap=free_list or heap=best_fit$/m,
        "without a growing heap: $command";
}
$machine->end;
done_testing;
