#!/usr/bin/perl
# Text on a framebuffer: the picture that QEMU shows, its glyphs read back by the font's own file,
# is compared with what went over the serial line.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use File::Temp 'tempdir';
use IO::Socket::UNIX;
use Test::More;

my $font = '/usr/share/consolefonts/spleen-8x16.psfu.gz';
plan skip_all => "no text on a framebuffer: $font (fonts-spleen) is not installed" unless -r $font;

# A kernel that asks for a framebuffer: GRUB on a BIOS gives none to who does not.
my $video = 'build/tests/video.elf';
my $directory = tempdir(CLEANUP => 1);
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
my $characters = read_font();

# Every byte of a PPM file (P6), as { width, height, data }.
sub read_picture {
    my ($path) = @_;
    open my $file, '<:raw', $path or die "$path: $!";
    my $bytes = do { local $/; <$file> };
    $bytes =~ /\AP6\s+(\d+)\s+(\d+)\s+255\s/ or die "$path: no PPM";
    return { width => $1, height => $2, data => substr $bytes, $+[0] };
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

# The text in a picture, row by row; the colour of each row's first character; where the cursor is.
sub read_text {
    my ($picture, $scale) = @_;
    my $columns = int $picture->{width} / (8 * $scale);
    my $rows = int $picture->{height} / (16 * $scale);
    my (@text, @colours, @cursor);
    for my $row (0 .. $rows - 1) {
        my ($text, $colour) = ('', '');
        for my $column (0 .. $columns - 1) {
            my ($glyph, %ink) = ('');
            for my $line (0 .. 15) {
                my $at = (($row * 16 + $line) * $scale * $picture->{width} + $column * 8 * $scale) * 3;
                my $bits = '';
                for my $x (0 .. 7) {
                    my $pixel = substr $picture->{data}, $at + $x * $scale * 3, 3;
                    $bits .= $pixel eq "\0\0\0" ? 0 : 1;
                    $ink{$pixel} = 1 if $pixel ne "\0\0\0";
                }
                $glyph .= pack 'B8', $bits;
            }
            if (substr($glyph, 14) eq "\xff\xff") {
                push @cursor, [$row, $column];
                $glyph = substr($glyph, 0, 14) . "\0\0";
            }
            $text .= keys %ink > 1 ? "\x02" : $characters->{$glyph} // "\x01";
            $colour ||= colour_name((keys %ink)[0]) if %ink;
        }
        push @text, $text =~ s/ +$//r;
        push @colours, $colour;
    }
    return { text => \@text, colours => \@colours, cursor => \@cursor, columns => $columns };
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

# An ISO whose GRUB leaves the mode that PAYLOAD names. BIOS: KERNEL has to ask for a picture.
sub picture_iso {
    my ($name, $kernel, $payload, $append, $platform) = @_;
    my $tree = "$directory/$name";
    system('mkdir', '-p', "$tree/boot/grub") == 0 or die;
    system('cp', $kernel, "$tree/boot/plat.elf") == 0 or die;
    open my $config, '>', "$tree/boot/grub/grub.cfg" or die $!;
    print $config "set timeout=0\ninsmod all_video\nmultiboot /boot/plat.elf $append\n",
        "set gfxpayload=$payload\nboot\n";
    close $config;
    my $iso = "$directory/$name.iso";
    system("grub-mkrescue -d /usr/lib/grub/$platform --install-modules='multiboot normal iso9660 "
        . "all_video part_msdos part_gpt configfile" . ($platform =~ /pc$/ ? ' biosdisk' : '')
        . "' --locales= --fonts= --themes= -o $iso $tree >$directory/log 2>&1") == 0
        or die "no $iso: " . `cat $directory/log`;
    return $iso;
}

# Asks QEMU for its picture, through its monitor; waits until it is written.
sub screendump {
    my ($socket, $path) = @_;
    my $qmp = IO::Socket::UNIX->new(Peer => $socket) or die "$socket: $!";
    $qmp->autoflush;
    <$qmp>; # its greeting
    for my $command ('"qmp_capabilities"',
        "\"screendump\", \"arguments\": {\"filename\": \"$path\"}") {
        print $qmp "{\"execute\": $command}\n";
        while (my $answer = <$qmp>) {
            last if $answer =~ /"return"/;
            die $answer if $answer =~ /"error"/;
        }
    }
}

# Boots with a picture taken once the last pattern of SCRIPT has come and the timer drew.
my $shots = 0;
sub shoot {
    my ($script, %with) = @_;
    my ($socket, $path) = ("$directory/qmp." . ++$shots, "$directory/shot.$shots.ppm");
    my @script = @$script;
    my $last = pop @script;
    my $end = delete $with{end} // "poweroff\r";
    push @{ $with{extra} }, '-qmp', "unix:$socket,server=on,wait=off";
    my $killed;
    my $boot = boot(%with, script => [@script, [$last, sub {
        select undef, undef, undef, 0.5;
        screendump($socket, $path);
        if ($end eq 'kill') {
            $killed = kill 'KILL', shift;
        }
    }], ($end eq 'kill' ? () : [qr//, $end])]);
    $boot->{picture} = read_picture($path) if -s $path;
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
    my $shown = read_text($boot->{picture}, $scale);
    my $wanted = expected_rows($text, $shown->{columns}, scalar @{ $shown->{text} });
    is_deeply $shown->{text}, $wanted, "$name: the glyphs are the serial line's text";
    return $shown;
}

sub until_prompt { # what had been said when the picture was taken
    my ($boot, $n) = @_;
    my $text = $boot->{text};
    $text =~ /\A((?:.*?^plat> ){$n})/ms or return $text;
    return $1;
}

my $prompt = qr/^plat> /m;
my $console = qr/^console: serial yes, text screen no, framebuffer (\d+)x(\d+)x(\d+), (\d+)x(\d+) characters(, writes combined)?, keyboard yes$/m;

# Every number of bits; a line of 24 bits, and of 16, is no power of two.
for my $mode ('1024x768x32', '1024x768x24', '1024x768x16', '800x600x15') {
    my $iso = picture_iso("mode-$mode", $video, $mode, '', 'i386-pc');
    my $boot = shoot([[$prompt, "heap\r"], [$prompt, "frobnicate\r"], $prompt], iso => $iso);
    my ($width, $height, $bits) = split /x/, $mode;
    like $boot->{text}, $console, "$mode: it is used" or diag $boot->{text};
    $boot->{text} =~ $console;
    # GRUB has no word for 15 and takes 16.
    ok $1 == $width && $2 == $height && abs($3 - $bits) <= 1, '.. as it was asked for';
    ok $4 == int $width / 8 && $5 == int $height / 16, '.. all of it';
    is "$boot->{picture}{width}x$boot->{picture}{height}", "${width}x$height", '.. by the picture, too';
    my $shown = shows_the_text($boot, $mode, 1, until_prompt($boot, 3));
    my ($last) = grep { $shown->{text}[$_] eq 'plat>' } reverse 0 .. $#{ $shown->{text} };
    is_deeply $shown->{cursor}, [[$last, 6]], '.. and one cursor, behind the prompt';
    is $shown->{colours}[$last], 'title', '.. which has its colour';
    is $boot->{status}, 0, '.. and the shell goes on';
}

# Self-tests: scrolled many times, and what is drawn at last is what was said at last.
my $boot = shoot([qr/^plat: .*$/m], iso => picture_iso('selftest', $video, '1024x768x32', 'selftest', 'i386-pc'),
    exit_device => 0, seconds => 120);
is $boot->{status}, 0, 'self-tests on a framebuffer end' or diag $boot->{text};
like $boot->{text}, qr/^plat: \d+ passed, 0 failed$/m, '.. and pass';
like $boot->{text}, qr/^ok \d+ - console\.the_framebuffer_shows_the_last_lines$/m, '.. those of the framebuffer, too';
# Behind the closing line the screen alone shows the verdict, in squares of 4 by 2 characters.
my $word = <<'SQUARES';
####   ###   ####  ####
#   # #   # #     #
#   # #   # #     #
####  #####  ###   ###
#     #   #     #     #
#     #   #     #     #
#     #   # ####  ####
SQUARES
my @rows = map { my $row = ' ' x 18 . s/(.)/$1 x 4/ger =~ tr/#/\x01/r; ($row, $row) } split /\n/, $word;
my $told = until_prompt($boot, 1);
$told =~ s{^plat: (\d+) passed, 0 failed\n\K}
    {join "\n", '', '', @rows, '', "Plat: $1 self-tests passed, 0 failed, on QEMU Virtual CPU version 2.5+\n"}me;
shows_the_text($boot, '.. and in the picture, with the verdict', 1, $told);

# A panic with interrupts off is on the screen.
$boot = shoot([[$prompt, "fault null\r"], qr/the machine stands still/], end => 'kill',
    iso => picture_iso('panic', $video, '1024x768x32', '', 'i386-pc'), exit_device => 0);
my $shown = shows_the_text($boot, 'a panic', 1, $boot->{text});
my @panic = grep { $shown->{text}[$_] =~ /^panic: / } 0 .. $#{ $shown->{text} };
is join(' ', map { $shown->{colours}[$_] } @panic), 'bad plain', '.. with its two lines, the first in red';

# Larger than there are cells for: glyphs of several pixels.
$boot = shoot([$prompt], iso => picture_iso('large', $video, '1600x1200x32', '', 'i386-pc'));
like $boot->{text}, qr/framebuffer 1600x1200x32, 100x37 characters/, '1600x1200: larger glyphs';
shows_the_text($boot, '.. they', 2, until_prompt($boot, 1));

# Processors without a PAT, and without pages of 4 MB: mapped late, by tables, uncached.
my $iso = picture_iso('800x600x16', $video, '800x600x16', '', 'i386-pc');
for ([486, 8], [486, 64], ['pentium', 64]) {
    my ($cpu, $memory) = @$_;
    $boot = shoot([$prompt], cpu => $cpu, memory => $memory, iso => $iso);
    $boot->{text} =~ $console;
    ok defined $1 && !defined $6, "$cpu, -m $memory: used, writes are not combined"
        or diag $boot->{text};
    shows_the_text($boot, '.. and', 1, until_prompt($boot, 1));
}

# Who does not want it.
for my $console ('serial', 'text') {
    $boot = shoot([$prompt],
        iso => picture_iso($console, $video, '800x600x32', "console=$console", 'i386-pc'));
    like $boot->{text}, qr/^console: serial yes, text screen no, keyboard yes$/m, "$console: no framebuffer";
    unlike $boot->{text}, qr/not used/, '.. which is no refusal';
    unlike $boot->{picture}{data}, qr/\xaa\xaa\xaa/, '.. and nothing is drawn';
}

# What can't be used is refused in a line, and the serial line goes on.
$boot = boot(iso => picture_iso('palette', $video, '640x480x8', 'stop=prompt', 'i386-pc'));
like $boot->{text}, qr/^console: the loader's screen is not used: its pixels are numbers of a palette$/m,
    'a palette is refused' or diag $boot->{text};
is $boot->{status}, OK, '.. and the boot goes on';

# 10,000 lines cost at most four times what they cost on a text screen; here, in instructions.
my @icount = ('-icount', 'shift=0,sleep=off', '-rtc', 'base=2000-01-01T00:00:00,clock=vm');
my $bench = qr/^bench: 10000 lines on the (text screen|framebuffer) take (\d+) ticks$/m;
my %ticks;
for my $boot (boot(append => 'bench', extra => [@icount]),
    boot(iso => picture_iso('bench', $video, '1024x768x32', 'bench', 'i386-pc'), extra => [@icount])) {
    $ticks{$1} = $2 if $boot->{text} =~ $bench;
}
ok $ticks{'text screen'} && $ticks{framebuffer}, '10,000 lines on both kinds of screen';
cmp_ok $ticks{framebuffer} // 1e12, '<=', 4 * ($ticks{'text screen'} // 0),
    '.. cost at most four times as much on a framebuffer';
note "instructions for 10,000 lines: text screen $ticks{'text screen'}, framebuffer $ticks{framebuffer}";

# The kernel as it is, from UEFI, which has no text mode.
SKIP: {
    my ($code, $variables) = map { "/usr/share/OVMF/OVMF32_$_" } 'CODE_4M.secboot.fd', 'VARS_4M.fd';
    skip 'ovmf-ia32 or grub-efi-ia32-bin is not installed', 4
        unless -r $code && -r $variables && -r '/usr/lib/grub/i386-efi/multiboot.mod';
    system('cp', $variables, "$directory/v32.fd");
    $boot = shoot([$prompt], machine => 'q35,smm=on', memory => 256, seconds => 180,
        iso => picture_iso('efi', 'build/plat.elf', '1024x768x32,auto', '', 'i386-efi'),
        extra => ['-global', 'driver=cfi.pflash01,property=secure,value=on', '-drive',
            "if=pflash,format=raw,unit=0,readonly=on,file=$code", '-drive',
            "if=pflash,format=raw,unit=1,file=$directory/v32.fd"]);
    like $boot->{text}, $console, 'UEFI: the framebuffer is used' or diag $boot->{text};
    ok $boot->{picture}, '.. a picture' or skip 'no picture', 2;
    $boot->{text} =~ s/\A.*?(?=^Plat: )//ms; # the firmware talks on the same line
    $shown = shows_the_text($boot, 'UEFI', 1, until_prompt($boot, 1));
    is $shown->{colours}[0], 'title', '.. the first line in its colour';
}

done_testing;
