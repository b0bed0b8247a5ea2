#!/usr/bin/perl
# What the kernel says about its own heap: the trace of its calls, and what they cost. No time is
# asserted.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Test::More;

my $prompt = qr/^plat> $/m;

my $boot = boot(append => 'bench');
is $boot->{status}, OK, 'bench leaves by itself';
my $text = $boot->{text} =~ s/\r//gr;
is scalar(() = $text =~ /^  .{28} +\d+ a call, slowest +\d+, \d+ failed$/mg), 11,
    '.. after eleven streams' or diag $text;
like $text, qr/^bench: kzalloc .*: 0 of [1-9]\d{4,} bytes behind the requests are old data$/m,
    '.. kzalloc shows nobody what others wrote (B12)';
like $text, qr/^bench: the heap is sound$/m, '.. and the heap is sound';

my @commands = ('alloc 100', 'trace dump', 'trace start', 'alloc 40', 'alloc 5000 2',
    'misuse twice', 'selftest krealloc.grows', 'free 0x3000', 'trace dump', 'trace stop',
    'trace dump', 'trace up');
$boot = boot(script => [(map { [$prompt, "$_\r"] } @commands), [$prompt, "poweroff\r"]]);
$text = $boot->{text} =~ s/\r//gr;
is scalar(() = $text =~ /^nothing is being recorded; expected: trace start before$/mg), 2,
    'without trace start there is nothing to dump';
my ($dump) = $text =~ /^(plat-trace 1\n.*?^# end: [^\n]*\n)/ms;
my %live;
my $wrong = '';
for my $line (split /\n/, $dump // '') {
    if ($line =~ /^m (\d+) (\d+)$/) {
        $wrong .= "$line: live already\n" if exists $live{$1};
        $live{$1} = $2;
    } elsif ($line =~ /^f (\d+)$/) {
        $wrong .= "$line: not live\n" unless defined delete $live{$1};
    } elsif ($line =~ /^r (\d+) (\d+)$/) {
        $wrong .= "$line: not live\n" unless exists $live{$1};
        $live{$1} = $2;
    } elsif ($line !~ /^(?:plat-trace 1|#.*)$/) {
        $wrong .= "$line: what is this?\n";
    }
}
is $wrong, '', 'every line of the trace is about an object that is there';
is join(' ', sort { $a <=> $b } values %live), '40 5000 5000', '.. and the sizes of what is left are right';
like $dump, qr/^r \d+ 163840$/m, '.. with a krealloc in place';
like $dump, qr/^# end: 3 live, 0 calls about older objects left out$/m, '.. and a last line that counts';
like $text, qr/^trace: up is unknown; expected: start, dump or stop$/m, 'a wrong word is named';

# The designs side by side: each workload over each, nothing fails, all comes back.
my $row = qr/^  (.{14}) (block|free_list|best_fit) +\d+ +\d+ +(\d+\.\d\d) +\d+ K +\d+ p +(\d+) +(\d+) p$/m;

sub rows {
    my ($text) = @_;
    my @rows;
    push @rows, [$1, $2, $3, $4, $5] while $text =~ /$row/g;
    return @rows;
}

$boot = boot(append => 'compare', memory => 128);
is $boot->{status}, OK, 'compare leaves by itself';
$text = $boot->{text} =~ s/\r//gr;
my @rows = rows($text);
is scalar @rows, 21, '.. after seven workloads over three designs' or diag $text;
is scalar(grep { $_->[3] } @rows), 0, '.. no request fails';
is scalar(grep { $_->[4] > 1 } @rows), 0, '.. all frames come back, but for one page';
is scalar(grep { $_->[2] < 1 } @rows), 0, '.. nobody holds less than is live';
like $text, qr/^compare: a break that moves by 256 pages takes \d+ ticks a page up, \d+ down$/m,
    '.. what a page of growth costs is said';
like $text, qr/^compare: the kernel's heap is sound$/m, '.. and the heap is sound';

$boot = boot(memory => 64, append => 'heap=best_fit', script => [(map { [$prompt, "$_\r"] }
        'compare', 'heap', 'trace start', 'selftest krealloc', 'misuse twice', 'compare', 'trace stop',
        'heap'),
        [$prompt, "poweroff\r"]]);
$text = $boot->{text} =~ s/\r//gr;
@rows = rows($text);
is scalar @rows, 45, 'compare at the prompt, twice; the second time with a trace' or diag $text;
is scalar(grep { $_->[0] =~ /^recorded/ } @rows), 3, '.. that each design replays';
my @held = $text =~ /^  window +(\d+) blocks/mg;
is $held[1], $held[0], '.. and no frame stays behind';
is scalar(() = $text =~ /^  check: sound$/mg), 2, '.. and the heap is sound';
$boot = boot(memory => 64, script => [(map { [$prompt, "$_\r"] } 'alloc 0x2000000', 'compare',
        'free 0x01001000', 'compare', 'alloc 4096 100000', 'stats', 'compare', 'stats'),
        [$prompt, "poweroff\r"]]);
$text = $boot->{text} =~ s/\r//gr;
unlike $text, qr/overwritten/, 'compare with less memory, and then with more';
is scalar(() = rows($text)), 42, '.. twice, and not without memory';
like $text, qr/too little memory/, '.. which it says';
my @taken = $text =~ /^  blocks: \d+ total, (\d+) taken/mg;
is $taken[1], $taken[0], '.. and frees nothing of others';
$boot = boot(memory => 4, append => 'compare');
like $boot->{text}, qr/too little memory; expected: 8 MB in one piece/, 'with 4 MB it says what it needs';

done_testing;
