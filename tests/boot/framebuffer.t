#!/usr/bin/perl
# Text on a framebuffer: the picture that QEMU shows, its glyphs read back by the font's own file,
# is compared with what went over the serial line.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Screen;
use Test::More;

plan skip_all => "no text on a framebuffer: $font (fonts-spleen) is not installed" unless -r $font;

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
# Behind the closing line the screen alone shows the verdict.
my $told = with_verdict(until_prompt($boot, 1), 128);
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

# A picture above 4 GB, which only pages of 4 MB lead to: in RAM there, where it can be read back.
my @tall = (qemu => 'qemu-system-x86_64', memory => 2304, machine => 'pc,max-ram-below-4g=1G');
sub far {
    my ($append, %with) = @_;
    my $socket = "$directory/far.$$";
    my $picture;
    my $boot = boot(kernel => 'build/tests/far-screen.elf', @tall,
        append => $append, %with, extra => ['-qmp', "unix:$socket,server=on,wait=off"],
        script => [[$prompt, sub {
            select undef, undef, undef, 0.5;
            $picture = read_memory_picture($socket, (5 << 30) + (12 << 20), 800, 600);
        }], [qr//, "poweroff\r"]]);
    unlink $socket;
    return { %$boot, picture => $picture };
}
$boot = far('');
like $boot->{text}, qr/framebuffer 800x600x32, 100x37 characters, writes combined, keyboard yes$/m, 'above 4 GB: used'
    or diag $boot->{text};
shows_the_text($boot, '.. and', 1, until_prompt($boot, 1));
for (['pse=no', "processor's", 'no pages of 4 MB'], ['heap=best_fit', undef, 'with a growing window']) {
    my ($append, $why, $name) = @$_;
    $boot = far($append);
    if ($why) {
        like $boot->{text}, qr/^console: the loader's screen is not used: it lies above 4 GB, where no page of this $why leads$/m,
            "$name: said";
    } else {
        shows_the_text($boot, $name, 1, until_prompt($boot, 1));
    }
}
my $tests = boot(kernel => 'build/tests/far-screen.elf', @tall,
    append => 'selftest');
ok passed_selftest($tests), '.. self-tests pass' or diag $tests->{text};

# Windows and stacks find their places beside it, and it beside what is reserved.
my $narrow = boot(kernel => 'build/tests/narrow-screen.elf', @tall,
    append => 'heap=free_list', modules => programs('hello', 'many'),
    script => [[$prompt, "run hello\r"], [$prompt, "run many 100\r"], [$prompt, "poweroff\r"]]);
like $narrow->{text}, qr/framebuffer 800x600x32/, 'above 4 GB, where few addresses are free: used'
    or diag $narrow->{text};
like $narrow->{text}, qr/^heap: kmalloc serves from 0x[0-9a-f]{8}-0x[0-9a-f]{8}, free_list$/m, '.. beside a window';
like $narrow->{text}, qr/^Hello from ring 3/m, '.. and programs run';

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
