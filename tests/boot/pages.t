#!/usr/bin/perl
# Self-tests a screenful at a time: whoever presses a key at each notice has seen every line.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Machine;
use Test::More;
use Time::HiRes 'sleep';

my $notice = '-- a key: on; q: on to the end --';

# Many of all kinds, but no case about the screen, which scrolls on purpose.
my $machine = Machine->start(append => 'selftest=_c pages');
$machine->wait_for(qr/^TAP version 13$/m);
my (%seen, %pages, $last);
for (1 .. 3000) {
    my @lines = $machine->screen;
    my ($told) = grep { index($_, $notice) == 0 } @lines;
    ($last) = grep { $_ eq 'plat>' } @lines;
    if ($told || $last) {
        my $page = join "\n", @lines;
        /^(?:not )?ok (\d+) - / and $seen{$1} = 1 for @lines;
        last if $last;
        syswrite $machine->{to}, ' ' unless $pages{$page}++;
    }
    sleep 0.02;
}
$machine->wait_for(qr/^plat> /m);
my ($planned) = $machine->{text} =~ /^1\.\.(\d+)$/m;
ok $last && keys %pages > 2, 'more than two pages, and then the prompt' or diag $machine->{text};
is join(' ', grep { !$seen{$_} } 1 .. $planned // 0), '', '.. no line was pushed out unseen';
unlike $machine->{text}, qr/\Q$notice/, '.. and the serial line has no notice';
$machine->end;

# Without a key a page stands for ten seconds, as does the notice at the end, and the code behind that for
# thirty. After q, and q at the end, nothing does, nor where there is no screen. By the guest's own clock,
# which counts instructions, and goes on by itself where nobody is to type.
my %took = map {
    my ($append, $keys) = @$_;
    my $boot = boot(append => $append, exit_device => 0,
        extra => ['-icount', 'shift=1,sleep=' . ($keys ? 'on' : 'off')],
        script => [[qr/^TAP version/m, $keys], [qr/^plat> /m, sub { kill 'KILL', $_[0] }]]);
    like $boot->{text}, qr/^plat: \d+ passed, 0 failed$/m, "$append: self-tests pass" or diag $boot->{text};
    my ($ticks) = $boot->{text} =~ /ready after (\d+) ticks/;
    ("$append $keys" => $ticks);
} ['selftest=acpi pages', ''], ['selftest=block_heap pages', 'qq'],
    ['selftest=block_heap pages console=serial', ''];
my $second = 1_000_000_000;
cmp_ok $took{'selftest=acpi pages '}, '>', 50 * $second, 'a page stands for ten seconds';
cmp_ok $took{'selftest=block_heap pages qq'}, '<', 10 * $second, '.. not after q';
cmp_ok $took{'selftest=block_heap pages console=serial '}, '<', 10 * $second, '.. nor without a screen';

done_testing;
