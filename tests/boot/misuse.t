#!/usr/bin/perl
# Misuse of the heap on request, watched and not: each is said with object, size, and who did it.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Test::More;

my $prompt = qr/^plat> $/m;
my @kinds = qw(behind after twice inside);

sub misuse {
    my ($words, @commands) = @_;
    return boot(append => $words, script => [(map { [$prompt, "$_\r"] } @commands),
            [$prompt, "poweroff\r"]]);
}

my $boot = misuse('heap_watch', map({ "misuse $_" } @kinds), 'leaks check', 'leaks mark', 'misuse lose',
    'misuse lose', 'leaks', 'heap');
my $text = $boot->{text} =~ s/\r//gr;
is $boot->{status}, 0, 'a watched heap: misuse does not end the kernel';
like $text, qr/^heap: every allocation is recorded and watched$/m, 'the boot says so';
my $by = qr/ command_misuse\+0x[0-9a-f]+ < \w+\+0x.*/;
like $text, qr/misuse behind\nheap: byte 0x41 was written 3 bytes behind the end of
  100 bytes at 0x[0-9a-f]+, allocation \d+
  allocated by$by\n/, 'an overrun, with size and who allocated';
like $text, qr/misuse after\nplat> misuse twice\nheap: kfree\(0x[0-9a-f]+\) refused: already free, block \d+, byte 0x[0-9a-f]+, called from free_twice\+0x[0-9a-f]+
  100 bytes at 0x[0-9a-f]+, allocation \d+
  allocated by$by
  freed by free_twice\+0x.*\n/, 'a double free, with who allocated and who freed';
like $text, qr/misuse inside\nheap: kfree\(0x[0-9a-f]+\) refused: not a first block, .*
  100 bytes at .*\n  allocated by$by\n/, 'a pointer into an object, and whose';
like $text, qr/leaks check\nheap: byte 0x42 was written at byte 7, after the free, of
  100 bytes at .*\n  allocated by$by\n  freed by write_after_free\+0x.*
  1 of \d+ allocations have been written where nobody should\n/, 'a write after free, at a check';
like $text, qr/behind the mark, by who called:\n +200 bytes in +2  command_misuse\+0x[0-9a-f]+\nplat>/,
    'leaks since the mark, by call site';
like $text, qr/^  check: sound$/m, 'and the heap is sound';

# In pages of their own: at the instruction, and it goes on.
$boot = misuse('heap_guard=1', 'misuse beyond', 'misuse beyond', 'misuse after', 'misuse behind', 'misuse twice',
    'misuse inside', 'misuse lose', 'leaks', 'heap');
$text = $boot->{text} =~ s/\r//gr;
like $text, qr/^heap: 1 of 1 allocations goes into a page of its own$/m, 'guarded: the boot says so';
my $whose = qr/  100 bytes at 0x[0-9a-f]+, allocation \d+\n  allocated by$by\n/;
my $beyond = qr/heap: read of 0x[0-9a-f]+ by read_beyond\+0x[0-9a-f]+, /;
like $text, qr/misuse beyond\n$beyond(?:13 bytes behind the end|1 bytes in front) of\n$whose/,
    'a read beyond the page';
my ($first, $second) = $text =~ /$beyond(\d+ bytes \w+)/g;
isnt $first, $second, '.. behind one object, in front of the next';
like $text, qr/misuse after\nheap: write to 0x[0-9a-f]+ by write_after_free\+0x[0-9a-f]+, after the free, of\n$whose  freed by write_after_free/,
    'a write after the free';
like $text, qr/misuse behind\nheap: byte 0x41 was written 3 bytes behind the end of\n$whose/,
    'a write behind the end, within the page';
like $text, qr/misuse twice\nheap: kfree\(.*\) refused: already free.*\n$whose/, 'a double free';
like $text, qr/misuse inside\nheap: kfree\(.*\) refused: not a first block.*\n$whose/, 'a pointer into an object';
like $text, qr/^  check: sound$/m, '.. and the heap is sound';

$boot = boot(append => 'heap_guard=2 heap_panic', script => [[$prompt, "misuse after\r"], [$prompt, "misuse after\r"]]);
is $boot->{status}, PANIC, 'heap_panic: a touch of a guarded page ends the kernel';

$boot = boot(append => 'heap_guard=1', script => [[$prompt, "fault null\r"]]);
is $boot->{status}, PANIC, 'another page fault is one as always';

for my $value (qw(0 x), '') {
    $boot = boot(append => "heap_guard=$value stop=prompt");
    like $boot->{text}, qr/^boot: heap_guard=\Q$value\E is ignored; expected: /m,
        "heap_guard=$value is named";
}
$boot = boot(append => 'heap_guard stop=prompt', memory => 4);
like $boot->{text}, qr/1 of 16 allocations/, 'guarded with 4 MB of memory';

$boot = misuse('', 'leaks', (map { "misuse $_" } @kinds), 'misuse nothing', 'heap');
$text = $boot->{text} =~ s/\r//gr;
like $text, qr/^the heap keeps no records; expected: heap_watch on the kernel's command line$/m,
    'not watched: leaks says what is needed';
is scalar(() = $text =~ /^heap: kfree\(.*\) refused: (?:already free|not a first block), /mg), 2,
    '.. wrong frees are seen all the same';
like $text, qr/^misuse: nothing is unknown; expected: behind, after, twice, inside, beyond or lose$/m,
    '.. an unknown misuse is named';
like $text, qr/^  check: sound$/m, '.. and the heap is sound';

$boot = boot(append => 'heap_watch=poison,nonsense stop=prompt');
like $boot->{text}, qr/heap_watch=poison,nonsense/, 'an unknown word of heap_watch is named';

$boot = boot(append => 'heap_watch=red_zones heap_panic', script => [[$prompt, "misuse behind\r"]]);
is $boot->{status}, PANIC, 'heap_panic: a finding ends the kernel';

for my $words ('heap_watch', 'heap_watch heap_guard=1') {
    $boot = boot(append => "$words selftest=kstrdup");
    ok passed_selftest($boot), "copies with $words" or diag $boot->{text};
}

done_testing;
