#!/usr/bin/perl
# The self-tests, and what the shell says, with each growing heap behind kmalloc.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Test::More;

my $prompt = qr/^plat> $/m;

sub ask {
    my ($words, @commands) = @_;
    my $boot = boot(append => $words, script => [(map { [$prompt, "$_\r"] } @commands),
            [$prompt, "poweroff\r"]]);
    return $boot->{text} =~ s/\r//gr;
}

for my $heap (qw(free_list best_fit)) {
    for my $machine ([cpu => '486', memory => 64], [cpu => '486,-pse', memory => 16],
        [memory => 4], [cpu => 'max', memory => 256]) {
        my $boot = boot(@$machine, append => "selftest heap=$heap");
        my $passed = passed_selftest($boot);
        ok $passed > 80, "heap=$heap, @$machine: $passed self-tests pass" or diag $boot->{text};
    }
    # RAM is where the window would be.
    my $boot = boot(memory => 3584, append => "selftest=machine heap=$heap");
    ok passed_selftest($boot), "heap=$heap, 3584 MB: what is about pages passes" or diag $boot->{text};
    $boot = boot(append => "selftest=kstrdup heap=$heap heap_watch");
    ok passed_selftest($boot), "heap=$heap, watched: a case passes" or diag $boot->{text};

    my $text = ask("heap=$heap", 'alloc 100 3', 'heap', 'blocks', 'misuse twice',
        'misuse inside', 'heap');
    like $text, qr/^heap: kmalloc serves from 0xd[01]\w{6}-0xd4000000, $heap$/m, '.. the boot says so';
    like $text, qr/^  window +2\d blocks/m, '.. blocks of the window are counted';
    like $text, qr/^  window 0xd[01]\w{6}-0xd4000000, $heap: break 0xd[01]\w{6}, 16 pages with frames, at most 16$/m,
        '.. the window is shown';
    like $text, qr/^  3 allocations, \d+ bytes free in \d+ pieces/m, '.. and what is in it';
    like $text, $heap eq 'best_fit' ? qr/; array: [1-9] of 341 entries$/m : qr/ pieces$/m,
        '.. and the array, if there is one';
    like $text, qr/^ +\d+ bytes and more: \d+ pieces$/m, '.. and the pieces by size';
    like $text, qr/^ +\d+ 0x0\w{7}  .*[Ww]/m, '.. blocks draws its frames';
    is scalar(() = $text =~ /^heap: kfree\(0xd[01]\w{6}\) refused: (?:already free|not a first block), called/mg),
        2, '.. wrong frees are refused';
    is scalar(() = $text =~ /^  check: sound$/mg), 2, '.. and it is sound, before and after';
    $text = ask("heap=$heap", 'alloc 100', 'free 0xd0000005', 'free 0xd1000005', 'stats');
    like $text, qr/^  0xd[01]\w{6}$/m, '.. alloc names no block of the table';
    unlike $text, qr/^  freed$/m, '.. a free that is refused is not said to be one';
    like $text, qr/2 frees refused$/m, '.. and counted';

    $text = ask("heap=$heap heap_watch heap_guard=2", 'misuse behind', 'misuse twice', 'leaks check');
    like $text, qr/^heap: byte 0x41 was written 3 bytes behind the end of$/m, '.. watched: an overrun';
    like $text, qr/^heap: kfree\(.*\) refused: already free/m, '.. watched: a double free';
    like $text, qr/^  0 of \d+ allocations have been written/m, '.. watched: all is well';

    for my $watch ('', 'heap_watch', 'heap_watch=red_zones') {
        $text = ask("heap=$heap $watch", 'selftest machine_growing.a_header');
        like $text, qr/^heap: kfree\(0xd[01]\w{6}\) refused: its header was overwritten, called from .*
  the header at 0xd[01]\w{6} and what it says of its neighbour 0x\w+ contradict each other$/m,
            '.. a header that was overwritten is told, with both addresses';
    }
}

my $boot = boot(append => 'heap=buddy stop=prompt');
like $boot->{text}, qr/^boot: heap=buddy is ignored; expected: block, free_list or best_fit$/m,
    'an unknown heap is named';
done_testing;
