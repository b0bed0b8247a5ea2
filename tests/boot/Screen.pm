# What QEMU shows on its screen: a kernel booted with a picture, the picture taken, its text read.
package Screen;

use strict;
use warnings;
use Boot;
use Exporter 'import';
use File::Temp 'tempdir';
use IO::Socket::UNIX;
use Test::More;

our @EXPORT = qw(read_picture read_memory_picture read_text read_vga_font expected_rows with_verdict picture_iso qmp
    screendump shoot shows_the_text until_prompt $font $video $directory);

our $font = '/usr/share/consolefonts/spleen-8x16.psfu.gz';

# A kernel that asks for a framebuffer: GRUB on a BIOS gives none to who does not.
our $video = 'build/tests/video.elf';

our $directory = tempdir(CLEANUP => 1);

my %colours = (aaaaaa => 'plain', '55ffff' => 'title', '55ff55' => 'good', ff5555 => 'bad',
    555555 => 'dim');

# -- Reading a picture ----------------------------------------------------------------------------

# A glyph's 16 bytes => the ASCII character. In a PSF1 file (36 04, mode, height) the glyphs of
# ASCII stand where the Unicode table behind them says.
sub read_font {
    open my $file, '-|', 'gzip', '-dc', $font or die $!;
    binmode $file;
    my $bytes = do { local $/; <$file> };
    my ($magic, $mode, $height) = unpack 'vCC', $bytes;
    die "$font: not what is expected" unless $magic == 0x0436 && $height == 16;
    my $glyphs = $mode & 1 ? 512 : 256;
    my ($glyph, %character) = (0);
    for my $word (unpack 'v*', substr $bytes, 4 + 16 * $glyphs) {
        if ($word == 0xffff) {
            $glyph++;
        } elsif ($word >= 0x20 && $word < 0x7f) {
            $character{ substr $bytes, 4 + 16 * $glyph, 16 } = chr $word;
        }
    }
    return \%character;
}
my $characters;

# Every byte of a PPM file (P6), as { width, height, data }.
sub read_picture {
    my ($path) = @_;
    open my $file, '<:raw', $path or die "$path: $!";
    my $bytes = do { local $/; <$file> };
    $bytes =~ /\AP6\s+(\d+)\s+(\d+)\s+255\s/ or die "$path: no PPM";
    return { width => $1, height => $2, data => substr $bytes, $+[0] };
}

# A picture of 32 bits a pixel, blue first, out of NBYTES of the guest's memory from ADDRESS on.
sub read_memory_picture {
    my ($socket, $address, $width, $height) = @_;
    my $path = "$directory/far";
    qmp($socket, ['pmemsave', val => $address, size => $width * $height * 4, filename => $path]);
    open my $file, '<:raw', $path or die "$path: $!";
    my $bytes = do { local $/; <$file> };
    return { width => $width, height => $height,
        data => join '', map { pack 'C3', ($_ >> 16) & 255, ($_ >> 8) & 255, $_ & 255 } unpack 'V*', $bytes };
}

# What 16 or 15 bits a pixel make of 0xaa and 0x55 is near them.
sub colour_name {
    my ($pixel) = @_;
    for my $colour (keys %colours) {
        my @wanted = unpack 'C3', pack 'H6', $colour;
        my @got = unpack 'C3', $pixel;
        return $colours{$colour} unless grep { abs($got[$_] - $wanted[$_]) > 8 } 0 .. 2;
    }
    return 'another colour';
}

# The glyphs of a VGA's text mode, which are those of its BIOS: interrupt vector 43h of the guest,
# whose first MB is in the file at PATH, says where they stand.
sub read_vga_font {
    my ($path) = @_;
    open my $file, '<:raw', $path or die "$path: $!";
    my $memory = do { local $/; <$file> };
    my ($offset, $segment) = unpack 'v2', substr $memory, 0x43 * 4, 4;
    return { map { (substr($memory, $segment * 16 + $offset + 16 * $_, 16) => chr) } 0x20 .. 0x7e };
}

# The glyph of 8 by 16 dots, each SCALE pixels wide and high, at X and Y; the colours of its ink.
sub read_glyph {
    my ($picture, $x, $y, $scale) = @_;
    my ($glyph, %ink) = ('');
    for my $line (0 .. 15) {
        my $at = (($y + $line * $scale) * $picture->{width} + $x) * 3;
        my $bits = '';
        for my $dot (0 .. 7) {
            my $pixel = substr $picture->{data}, $at + $dot * $scale * 3, 3;
            $bits .= $pixel eq "\0\0\0" ? 0 : 1;
            $ink{$pixel} = 1 if $pixel ne "\0\0\0";
        }
        $glyph .= pack 'B8', $bits;
    }
    return ($glyph, keys %ink);
}

# The text in a picture, row by row; the colour of each row's first character; where the cursor is.
# Of text on a framebuffer, in glyphs of SCALE; or, with VGA, the glyphs of a VGA, of its text mode,
# whose characters are 9 dots wide.
sub read_text {
    my ($picture, $scale, $vga) = @_;
    $characters //= read_font() unless $vga;
    my $font = $vga // $characters;
    my $width = $vga ? 9 : 8 * $scale;
    my $columns = int $picture->{width} / $width;
    my $rows = int $picture->{height} / (16 * $scale);
    my (@text, @colours, @cursor);
    for my $row (0 .. $rows - 1) {
        my ($text, $colour) = ('', '');
        for my $column (0 .. $columns - 1) {
            my ($glyph, @ink) = read_glyph($picture, $column * $width, $row * 16 * $scale, $scale);
            # White is a code's, which has a place without text.
            $glyph = "\0" x 16 if grep { $_ eq "\xff\xff\xff" } @ink;
            my $cursor = $vga ? !$font->{$glyph} && $glyph =~ /^\0+\xff+\0*\z/
                : substr($glyph, 14) eq "\xff\xff";
            if ($cursor) {
                push @cursor, [$row, $column];
                $glyph = $vga ? "\0" x 16 : substr($glyph, 0, 14) . "\0\0";
            }
            $text .= @ink > 1 ? "\x02" : $font->{$glyph} // "\x01";
            $colour ||= colour_name($ink[0]) if @ink;
        }
        push @text, $text =~ s/ +$//r;
        push @colours, $colour;
    }
    return { text => \@text, colours => \@colours, cursor => \@cursor, columns => $columns };
}

# TEXT with what a screen of so many columns shows behind the closing line of self-tests that
# passed: their verdict, in squares that are no letters.
sub with_verdict {
    my ($text, $columns) = @_;
    my $scale = $columns >= 92 ? 2 : 1; # for up to 137 columns
    my $word = <<'SQUARES';
####   ###   ####  ####
#   # #   # #     #
#   # #   # #     #
####  #####  ###   ###
#     #   #     #     #
#     #   #     #     #
#     #   # ####  ####
SQUARES
    my $indent = ' ' x (($columns - 46 * $scale) / 2);
    my @rows = map {
        my $row = $indent . s/(.)/$1 x (2 * $scale)/ger =~ tr/#/\x01/r;
        ($row) x $scale;
    } split /\n/, $word;
    my ($vendor, $brand) = $text =~ /^cpu: (\w+)(?:, (.*?))?, signature/m;
    $text =~ s{^plat: (\d+) passed, 0 failed\n\K}{join "\n", '', '', @rows, '',
        "Plat: $1 self-tests passed, 0 failed, on " . ($brand // $vendor) . "\n"}me;
    return $text;
}

# The last rows that a screen of this size shows after TEXT, as its lines break.
sub expected_rows {
    my ($text, $columns, $rows) = @_;
    my @rows;
    for my $line (split /\n/, $text, -1) {
        1 while $line =~ s/[^\x08]\x08//;
        push @rows, $line eq '' ? '' : $line =~ /(.{1,$columns})/g;
    }
    s/ +$// for @rows;
    splice @rows, 0, @rows - $rows if @rows > $rows;
    push @rows, '' while @rows < $rows;
    return \@rows;
}

# -- Booting with a framebuffer -------------------------------------------------------------------

# An ISO with PROGRAMS whose GRUB leaves the mode that PAYLOAD names. BIOS: KERNEL has to ask for a
# picture.
sub picture_iso {
    my ($name, $kernel, $payload, $append, $platform, @programs) = @_;
    open my $config, '>', "$directory/$name.cfg" or die $!;
    print $config "set timeout=0\ninsmod all_video\nmultiboot /boot/plat.elf $append\n";
    print $config "module /boot/", s{.*/}{}r, " $_\n" for @programs;
    print $config "set gfxpayload=$payload\nboot\n";
    close $config;
    my $iso = "$directory/$name.iso";
    my @kinds = $platform =~ /pc$/ ? '--bios' : ();
    system('scripts/make-iso', @kinds, $iso, $kernel, "$directory/$name.cfg", @programs) == 0
        or die "no $iso";
    return $iso;
}

# Has QEMU obey COMMANDS at its QMP socket, one after the other: [name, argument => value, ..].
sub qmp {
    my ($socket, @commands) = @_;
    my $qmp = IO::Socket::UNIX->new(Peer => $socket) or die "$socket: $!";
    $qmp->autoflush;
    <$qmp>; # its greeting
    for my $command (['qmp_capabilities'], @commands) {
        my ($name, %with) = @$command;
        my $arguments = join ', ', map {
            qq("$_": ) . ($with{$_} =~ /^\d+$/ ? $with{$_} : qq("$with{$_}"))
        } sort keys %with;
        print $qmp qq({"execute": "$name", "arguments": {$arguments}}\n);
        while (my $answer = <$qmp>) {
            last if $answer =~ /"return"/;
            die $answer if $answer =~ /"error"/;
        }
    }
}

# Asks QEMU for its picture; waits until it is written.
sub screendump {
    my ($socket, $path) = @_;
    qmp($socket, ['screendump', filename => $path]);
}

# Boots with a picture taken once the last pattern of SCRIPT has come and the timer drew. With
# vga => 1 it is of a VGA's text mode.
my $shots = 0;
sub shoot {
    my ($script, %with) = @_;
    my ($socket, $path) = ("$directory/qmp." . ++$shots, "$directory/shot.$shots.ppm");
    my @script = @$script;
    my $last = pop @script;
    my $end = delete $with{end} // "poweroff\r";
    my $memory = delete $with{vga} ? "$directory/memory.$shots" : undef;
    push @{ $with{extra} }, '-qmp', "unix:$socket,server=on,wait=off";
    my $killed;
    my $boot = boot(%with, script => [@script, [$last, sub {
        select undef, undef, undef, 0.5;
        screendump($socket, $path);
        qmp($socket, ['pmemsave', val => 0, size => 1 << 20, filename => $memory]) if $memory;
        if ($end eq 'kill') {
            $killed = kill 'KILL', shift;
        }
    }], ($end eq 'kill' ? () : [qr//, $end])]);
    $boot->{picture} = read_picture($path) if -s $path;
    $boot->{vga} = read_vga_font($memory) if $memory && -s $memory;
    $boot->{path} = $path;
    return $boot;
}

# Compares the whole picture with the text of BOOT up to the last prompt or the end.
sub shows_the_text {
    my ($boot, $name, $scale, $text) = @_;
    if (!$boot->{picture}) {
        fail "$name: no picture";
        return { text => [], colours => [], cursor => [] };
    }
    my $shown = read_text($boot->{picture}, $scale, $boot->{vga});
    my $wanted = expected_rows($text, $shown->{columns}, scalar @{ $shown->{text} });
    is_deeply $shown->{text}, $wanted, "$name: the glyphs are the serial line's text";
    return $shown;
}

# What had been said when the Nth prompt came.
sub until_prompt {
    my ($boot, $n) = @_;
    my $text = $boot->{text};
    $text =~ /\A((?:.*?^plat> ){$n})/ms or return $text;
    return $1;
}

1;
