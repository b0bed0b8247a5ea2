#!/usr/bin/perl
# QR codes, module for module as libqrencode has them, in each version and level; and read by zbar.
use strict;
use warnings;
use File::Temp 'tempdir';
use Test::More;

my $home = tempdir(CLEANUP => 1);
sub there { return !system "command -v $_[0] >/dev/null 2>&1" }
sub put {
    my ($name, $text) = @_;
    open my $file, '>', "$home/$name" or die "$name: $!";
    print $file $text;
    close $file or die "$name: $!";
}

# Prints a code as qrencode does: all masks of a version and a level, or the one that is chosen.
put('encode.c', <<'C');
#include "lib/qr.h"
#include <stdio.h>
#include <stdlib.h>
static struct qr qr;
static char text[QR_BYTES_MOST];
static void show(void)
{
    printf("%u %u %u\n", qr.version, qr.level, qr.mask);
    for (uint32_t row = 0; row < qr.side; row++, puts(""))
        for (uint32_t column = 0; column < qr.side; column++)
            fputs(qr_dark(&qr, row, column) ? "##" : "  ", stdout);
    puts("end");
}
int main(int count, char **words)
{
    if (count == 2)
        return printf("%zu", qr_room(atoi(words[1]) / 4, atoi(words[1]) % 4)) < 0;
    size_t nbytes = fread(text, 1, sizeof text, stdin);
    if (count == 1)
        return qr_encode(&qr, text, nbytes, QR_VERSION_MOST) ? show(), 0 : 1;
    for (unsigned mask = 0; mask < QR_MASKS; mask++) {
        if (!qr_encode_as(&qr, text, nbytes, atoi(words[1]), atoi(words[2]), mask))
            return 1;
        show();
    }
}
C
is system("gcc -O1 -Iinclude -o $home/encode $home/encode.c src/lib/qr.c"), 0, 'the encoder compiles'
    or BAIL_OUT('no encoder');

# The codes for the text in $home/text: [version, level, mask, code].
sub codes {
    return map { /\A(\d+) (\d+) (\d+)\n(.*)\z/s ? [$1, $2, $3, $4] : die $_ }
        split /^end\n/m, `$home/encode @_ <$home/text`;
}

# The same text each time, of any bytes.
my $seed = 1;
sub text {
    return join '', map { chr(($seed = ($seed * 69069 + 5) % 2**32) >> 24) } 1 .. shift;
}

SKIP: {
    skip 'qrencode is not installed', 4 unless there('qrencode');
    my (@differ, @chosen, @otherwise);
    for my $version (1 .. 25) {
        for my $level (0 .. 3) {
            my $room = `$home/encode @{[$version * 4 + $level]}`;
            put('text', text($room - $seed % 3));
            my $wanted = `qrencode -8 --strict-version -v $version -l @{['L', 'M', 'Q', 'H']}[$level] -m 0 -t ASCII -r $home/text`
                =~ s/ +$//mgr;
            my @same = grep { $_->[3] =~ s/ +$//mgr eq $wanted } codes($version, $level);
            push @differ, "$version-$level" if @same != 1;
            my ($own) = codes();
            next unless @same && "@$own[0, 1]" eq "$version $level";
            push @chosen, "$version-$level";
            push @otherwise, "$version-$level" if $own->[2] != $same[0][2];
        }
    }
    is "@differ", '', 'each version and level is as libqrencode has it, in one of the masks';
    cmp_ok scalar @chosen, '>=', 25, '.. ' . @chosen . ' of them as they would be chosen';
    is "@otherwise", '', '.. with the mask that it chooses';

    # Its most, and a byte more.
    put('text', text(1273));
    is((codes())[0][0], 25, 'version 25 has room for 1,273 bytes');
}

SKIP: {
    skip 'zbarimg (zbar-tools) is not installed', 1 unless there('zbarimg');
    my @unread;
    for my $nbytes (1, 17, 18, 100, 300, 718, 1273) {
        my $text = join '', map { chr(33 + $_ * 7 % 94) } 1 .. $nbytes;
        put('text', $text);
        my @rows = split /\n/, (codes())[0][3];
        my $side = @rows + 8;
        my @light = ('0 ' x $side) x 4;
        put('code.pbm', join "\n", 'P1', 4 * $side . ' ' . 4 * $side, map { ($_) x 4 }
            map { s/(\d)/$1 $1 $1 $1/gr } @light,
            map({ my $row = join ' ', map { /#/ ? 1 : 0 } /(..)/g; "0 0 0 0 $row 0 0 0 0" } @rows),
            @light);
        my $read = `zbarimg --raw -q -Sdisable -Sqrcode.enable $home/code.pbm 2>/dev/null`;
        push @unread, $nbytes if $read ne "$text\n";
    }
    is "@unread", '', 'zbar reads them';
}

done_testing;
