#!/usr/bin/perl
# A PC of today, as far as QEMU has one: UEFI of 64 bits, no PS/2 controller, no serial port, no
# 8254, USB's controller far above 4 GB, and a picture above 4 GB. All that is typed are keys of a
# USB keyboard, and all that is read are the picture's pixels in memory.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use File::Temp 'tempdir';
use IO::Socket::UNIX;
use Screen;
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => 'UEFI x64 is not installed'
    if !-d '/usr/lib/grub/x86_64-efi' || system 'scripts/firmware x64 >/dev/null 2>&1';
plan skip_all => "no font of $font (fonts-spleen)" unless -r $font;

my $directory = tempdir(CLEANUP => 1);
my ($iso, $config) = ('build/tests/today.iso', "$directory/today.cfg");
open my $lines, '>', $config or die "$config: $!";
print $lines <<'LINES';
set timeout=0
insmod all_video
set gfxpayload=800x600x32
multiboot2 /boot/plat.elf
module2 /boot/hello.elf hello
boot
LINES
close $lines;
is system('scripts/make-iso', $iso, 'build/tests/far-screen.elf', $config, 'build/user/hello.elf'),
    0, 'an ISO';

my $socket = "$directory/qmp";
my ($seen, $until) = ('', 0);

# What the picture shows once PATTERN is in it, or after two minutes.
sub shows {
    my ($pattern) = @_;
    $until = time + 120;
    do {
        sleep 0.5;
        my $picture = read_memory_picture($socket, (5 << 30) + (12 << 20), 800, 600);
        my @rows = @{ read_text($picture, 1, undef)->{text} };
        $seen = join '', map { length == 100 ? $_ : "$_\n" } @rows; # a full row goes on below
    } while ($seen !~ $pattern && time < $until);
    return $seen;
}

sub press {
    for my $key (@_) {
        qmp($socket, ['human-monitor-command', 'command-line' => "sendkey $key 30"]);
        sleep 0.1;
    }
}

my $boot = boot(firmware => 'x64', qemu => 'qemu-system-x86_64', memory => 2304, iso => $iso,
    serial => 'none', exit_device => 0, extra => ['-machine',
        'max-ram-below-4g=1G,i8042=off,pit=off', '-device', 'qemu-xhci', '-device', 'usb-kbd',
        '-qmp', "unix:$socket,server=on,wait=off"],
    meanwhile => sub {
        my ($pid) = @_;
        sleep 0.1 while !-S $socket;
        like shows(qr/^plat>$/m), qr/^plat>$/m, 'the prompt is in the picture';
        like $seen, qr/^console: serial no, text screen no, framebuffer 800x600x32, .*, keyboard no$/m,
            '.. no serial port, no PS/2 keyboard';
        like $seen, qr/^usb: xHCI at 00:\d\d\.0, 8 ports$/m, '.. a USB controller';
        press(split(//, 'lsusb'), 'ret');
        like shows(qr/keyboard, ready.*plat>$/ms), qr/0627:0001  high speed, keyboard, ready/,
            'lsusb, typed on USB';
        press(split(//, 'run'), 'spc', split(//, 'hello'), 'ret');
        like shows(qr/Hello from ring 3.*plat>$/ms), qr/^Hello from ring 3/m, 'run hello, and its answer';
        press(split(//, 'sysinfo'), 'ret');
        like shows(qr/^clock: .*plat>$/ms), qr/^clock: time stamps, .* ticks by the local APIC/m,
            'sysinfo: the ticks come without an 8254';
        press(split(//, 'poweroff'), 'ret');
        my $left = time + 30;
        sleep 0.2 while kill(0, $pid) && time < $left && -S $socket;
    });
is $boot->{status}, 0, 'poweroff ends it';
is $boot->{text}, '', '.. and nothing was said on a serial line';
done_testing;
