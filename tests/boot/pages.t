#!/usr/bin/perl
# Self-tests a screenful at a time: whoever presses a key at each notice has seen every line.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Machine;
use Test::More;
use Time::HiRes 'sleep';

use constant { SCREEN => 0xb8000, COLUMNS => 80, ROWS => 25 };
my $notice = '-- a key: on; q: on to the end --';

# The text screen, line by line.
sub screen {
    my ($machine) = @_;
    my $path = "$machine->{directory}/screen";
    $machine->monitor(sprintf 'pmemsave %d %d "%s"', SCREEN, 2 * COLUMNS * ROWS, $path);
    open my $file, '<:raw', $path or die "$path: $!";
    my $text = do { local $/; <$file> } =~ s/(.)./$1/gsr;
    return map { substr($text, $_ * COLUMNS, COLUMNS) =~ s/ +\z//r } 0 .. ROWS - 1;
}

# Many of all kinds, but no case about the screen, which scrolls on purpose.
my $machine = Machine->start(append => 'selftest=_c pages');
$machine->wait_for(qr/^TAP version 13$/m);
my (%seen, %pages, $last);
for (1 .. 3000) {
    my @lines = screen($machine);
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

# Ten seconds are waited without a key, after q none at all, nor where there is no screen.
my %took = map {
    my ($append, $keys) = @$_;
    my $boot = boot(append => $append, script => [[qr/^TAP version/m, $keys]]);
    ok passed_selftest($boot), "$append: self-tests pass" or diag $boot->{text};
    ("$append $keys" => $boot->{seconds});
} ['selftest=acpi pages', ''], ['selftest=block_heap pages', 'q'],
    ['selftest=block_heap pages console=serial', ''];
cmp_ok $took{'selftest=acpi pages '}, '>', 10, 'a page stands for ten seconds';
cmp_ok $took{'selftest=block_heap pages q'}, '<', 10, '.. not after q';
cmp_ok $took{'selftest=block_heap pages console=serial '}, '<', 10, '.. nor without a screen';

done_testing;
