#!/usr/bin/perl
# The same self-tests in Bochs, from CD: unlike QEMU it checks segment limits, and its TLB forgets
# only what it is told to forget. What it draws on its terminal is compared with what was said.
# Skipped where Bochs is not installed.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use File::Temp 'tempdir';
use POSIX 'WNOHANG';
use Screen;
use Test::More;

plan skip_all => 'bochs with bochs-term, bochsbios and vgabios is not installed'
    if system 'scripts/bochs --installed 2>/dev/null';

# Boots the ISO in a new Bochs; what it wrote on its serial line, and what it drew.
sub run {
    my ($iso) = @_;
    my $home = tempdir(CLEANUP => 1);
    my $pid = fork // die $!;
    if (!$pid) {
        setpgrp;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$home/serial.txt";
        $ENV{DRAWN} = "$home/drawn.txt";
        exec 'scripts/bochs', $iso;
    }
    my $text = '';
    for (1 .. 3000) { # 10 minutes: a loaded machine is slow
        select undef, undef, undef, 0.2;
        $text = contents("$home/serial.txt");
        last if $text =~ /^plat> |stands still/m || waitpid($pid, WNOHANG);
    }
    sleep 3; # it draws now and then
    my $drawn = contents("$home/drawn.txt");
    kill 'TERM', -$pid;
    waitpid $pid, 0;
    return ($text =~ s/\r//gr, $drawn);
}

sub contents {
    open my $file, '<:raw', $_[0] or return '';
    local $/;
    return <$file> // '';
}

# What a terminal of 80 by 24 shows after TEXT, as far as curses uses one; # for what is in its
# character set of lines and blocks.
sub shown {
    my ($text) = @_;
    my @screen = (' ' x 80) x 24;
    my ($row, $column, $last, $lines, $top, $bottom) = (0, 0, ' ', 0, 0, 23);
    my $put = sub {
        die "a character at row $row, column $column" if $row > 23 || $column > 79;
        substr($screen[$row], $column++, 1) = $last = $lines ? '#' : $_[0];
    };
    my $clear = sub { # in the row, from one column to another
        my ($from, $to) = @_;
        substr($screen[$row], $from, $to - $from) = ' ' x ($to - $from);
    };
    my $scroll = sub { # the region from FIRST on; down for N below 0
        my ($first, $n) = @_;
        my ($from, $to) = $n > 0 ? ($first, $bottom) : ($bottom, $first);
        for (1 .. abs $n) {
            splice @screen, $from, 1;
            splice @screen, $to, 0, ' ' x 80;
        }
    };
    my $piece = qr/\e\[([?\d;]*)([A-Za-z])|\e[()](.)|\e([=>M])|\e\[?[?\d;]*\z|([\r\n\b])|([ -~])/;
    while ($text =~ /\G$piece/gc) {
        my ($numbers, $order, $set, $short, $control, $character) = ($1, $2, $3, $4, $5, $6);
        $lines = $set eq '0' if defined $set;
        if (($short // '') eq 'M') { # up, and down goes what is there
            $row == $top ? $scroll->($top, -1) : $row--;
        }
        if (defined $control) {
            if ($control eq "\r") {
                $column = 0;
            } elsif ($control eq "\b") {
                $column--;
            } elsif ($row == $bottom) {
                $scroll->($top, 1);
            } else {
                $row++;
            }
        }
        $put->($character) if defined $character;
        next unless defined $order;
        my ($n, $m) = split /;/, $numbers;
        if ($order eq 'H') {
            ($row, $column) = (($n || 1) - 1, ($m || 1) - 1);
        } elsif ($order eq 'd') {
            $row = $n - 1;
        } elsif ($order eq 'G') {
            $column = $n - 1;
        } elsif ($order =~ /[AB]/) {
            $row += ($n || 1) * ($order eq 'B' ? 1 : -1);
        } elsif ($order =~ /[CD]/) {
            $column += ($n || 1) * ($order eq 'C' ? 1 : -1);
        } elsif ($order =~ /[P@]/) { # characters go, or come
            my $rest = substr $screen[$row], $column, 80 - $column, '';
            $rest = $order eq 'P' ? substr($rest, $n || 1) : ' ' x ($n || 1) . $rest;
            $screen[$row] .= substr $rest . ' ' x 80, 0, 80 - $column;
        } elsif ($order eq 'r') {
            ($top, $bottom, $row, $column) = (($n || 1) - 1, ($m || 24) - 1, 0, 0);
        } elsif ($order =~ /[ST]/) {
            $scroll->($top, ($n || 1) * ($order eq 'S' ? 1 : -1));
        } elsif ($order =~ /[ML]/) {
            $scroll->($row, ($n || 1) * ($order eq 'M' ? 1 : -1));
        } elsif ($order eq 'X') {
            $clear->($column, $column + $n);
        } elsif ($order eq 'b') {
            $put->($last) for 1 .. $n;
        } elsif ($order eq 'K') {
            $clear->($n ? 0 : $column, $n ? $column + 1 : 80);
        } elsif ($order eq 'J') {
            @screen[$n ? 0 .. 23 : $row + 1 .. 23] = (' ' x 80) x 24;
            $clear->($n ? 0 : $column, 80);
        } elsif ($order !~ /[hlmt]/) {
            die "the terminal does not know $order";
        }
    }
    my $read = pos($text) // 0;
    die 'the terminal does not know ' . substr $text, $read, 12 if $read < length $text;
    return [map { s/ +\z//r } @screen];
}

# All of them once; and what is about pages again where pages come and go.
my @programs = split /,/, programs();
my $modules = join '', map { "module /boot/$_ $_\n" } map { s{.*/}{}r } @programs;
for my $words ('selftest', 'selftest=machine heap=best_fit') {
    my ($text, $drawn) = run(make_iso('bochs', "multiboot /boot/plat.elf $words\n$modules", @programs));
    like $text, qr/^plat: [1-9]\d+ passed, 0 failed$/m, "Bochs, $words: passes" or diag $text;
    unlike $text, qr/^not ok/m, '.. none fails';
    # The text screen has a row more than the terminal: that with the prompt.
    my $rows = expected_rows(with_verdict($text, 80), 80, 25);
    is_deeply shown($drawn), [map { tr/\x01/#/r } @$rows[0 .. 23]], '.. and is on the screen';
}
done_testing;
