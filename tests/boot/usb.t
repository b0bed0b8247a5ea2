#!/usr/bin/perl
# Keyboards on USB 3's controller, on machines that have no other: typed by QEMU's monitor, read back
# from what the shell answers; behind hubs, pulled out and plugged in; and what lsusb says.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use File::Temp 'tempdir';
use IO::Socket::UNIX;
use Machine;
use Test::More;
use Time::HiRes qw(sleep time);

my $prompt = qr/^plat> \z/m;
my %named = (' ' => 'spc', '-' => 'minus', '=' => 'equal', '[' => 'bracket_left',
    ']' => 'bracket_right', ';' => 'semicolon', "'" => 'apostrophe', '`' => 'grave_accent',
    '\\' => 'backslash', ',' => 'comma', '.' => 'dot', '/' => 'slash', "\n" => 'ret');
my %shifted = map { (split //)[1, 0] } '1!', '2@', '3#', '4$', '5%', '6^', '7&', '8*', '9(', '0)',
    '-_', '=+', '[{', ']}', ';:', q('"), '`~', '\\|', ',<', '.>', '/?', map { $_ . uc } 'a' .. 'z';

# Presses the keys of TEXT, one after the other.
sub press {
    my ($machine, $text) = @_;
    for my $character (split //, $text) {
        my $plain = $shifted{$character} // $character;
        my $key = $named{$plain} // $plain;
        $machine->monitor('sendkey ' . ($plain ne $character ? "shift-$key" : $key) . ' 30');
        sleep 0.08;
    }
}

# What the shell answers to LINE, typed on keys.
sub typed {
    my ($machine, $line) = @_;
    press($machine, "$line\n");
    my $answer = $machine->wait_for($prompt) // return "nothing behind: $machine->{text}";
    return $answer =~ s/\A[^\n]*\n//r =~ s/^plat> \z//mr;
}

# Waits until lsusb says PATTERN, for ten seconds at most; what it said last.
sub listed {
    my ($machine, $pattern) = @_;
    my ($until, $said) = (time + 10);
    do {
        $said = $machine->type('lsusb') // '';
    } while ($said !~ $pattern && time < $until && (sleep(0.1) || 1));
    return $said;
}

sub machine {
    my (@extra) = @_;
    my $machine = Machine->start(memory => 64, modules => programs(), extra => \@extra);
    ok defined $machine->wait_for($prompt), "@extra: boots" or diag $machine->{text};
    return $machine;
}

my $keyboard = qr/port [\d.]+ +0627:0001  \w+ speed, keyboard, ready after \d+ ms$/m;
my $all = join '', 'a' .. 'z', 'A' .. 'Z', 0 .. 9, q{-=[];'`\\,./!@#$%^&*()_+{}:"~|<>?};

# -- One controller, and one keyboard -------------------------------------------------------------

my $machine = machine('-machine', 'pc,i8042=off', '-device', 'qemu-xhci,id=x', '-device',
    'usb-kbd,id=k');
like $machine->{text}, qr/^usb: xHCI at 00:\d\d\.0, 8 ports$/m, '.. the controller is said';
like $machine->{text}, qr/^console: serial yes, text screen yes, keyboard no$/m, '.. no PS/2';
like listed($machine, $keyboard), $keyboard, '.. lsusb lists its keyboard';
like $machine->type('heap'), qr/^  device +\d+ blocks/m, '.. what it writes to has an owner';
is typed($machine, $all), "$all: no such command; expected: one that help lists\n", 'every key is what it says'
    or diag $machine->{text};
like typed($machine, 'run hello'), qr/^Hello from ring 3/m, 'run hello, and its answer';
$machine->monitor('sendkey caps_lock 30');
sleep 0.1;
is typed($machine, 'aBc1'), "AbC1: no such command; expected: one that help lists\n", 'Caps Lock';
$machine->monitor('sendkey caps_lock 30');
sleep 0.1;
press($machine, 'uptimexx');
$machine->monitor("sendkey $_ 30"), sleep 0.1 for qw(backspace backspace home delete u end ret);
like $machine->wait_for($prompt), qr/^  \d+\.\d\d s, /m, 'Backspace, Home, Delete, End';
$machine->monitor("sendkey $_ 30"), sleep 0.1 for qw(up ret);
like $machine->wait_for($prompt), qr/^  \d+\.\d\d s, /m, 'an arrow';
$machine->monitor('sendkey z 1500');
sleep 2;
press($machine, "\n");
my $answer = $machine->wait_for($prompt);
my ($repeated) = $answer =~ /^(z+): no such command/m;
cmp_ok length($repeated // ''), '>', 10, 'a key that is held down repeats';
syswrite $machine->{to}, "run count\r";
$machine->wait_for(qr/^\s*count: /m) // sleep 1;
$machine->monitor('sendkey ctrl-c 30');
ok defined $machine->wait_for($prompt), 'Ctrl-C ends a program' or diag $machine->{text};

# Pulled out and plugged in, while somebody types.
$machine->monitor('device_del k');
unlike listed($machine, qr/ports?\n\z|xHCI at 00:\d\d\.0\n\z/), qr/keyboard/, 'pulled out: it is gone';
for my $round (1 .. 10) {
    $machine->monitor("device_add usb-kbd,id=k$round,bus=x.0");
    sleep 0.05 * $round;
    $machine->monitor("sendkey $_ 20") for split //, 'xyz';
    $machine->monitor("device_del k$round");
    sleep 0.02 * $round;
}
$machine->monitor('device_add usb-kbd,id=k,bus=x.0,port=3');
like listed($machine, $keyboard), $keyboard, 'plugged in and pulled out ten times: it is there again';
is +(() = listed($machine, $keyboard) =~ /^    port/mg), 1, '.. and nothing else is';
$machine->type(''); # what was typed meanwhile
like typed($machine, 'uptime'), qr/^  \d+\.\d\d s, /m, '.. and is typed on';
like $machine->type('heap'), qr/^  check: sound$/m, '.. the heap is sound';
$machine->end;

# -- Hubs -----------------------------------------------------------------------------------------

$machine = machine('-machine', 'q35,i8042=off', '-device', 'nec-usb-xhci,id=x', '-device',
    'usb-hub,bus=x.0,port=1,id=h1', '-device', 'usb-hub,bus=x.0,port=1.2,id=h2', '-device',
    'usb-kbd,bus=x.0,port=1.2.3,id=deep', '-device', 'usb-mouse,bus=x.0,port=1.4', '-device',
    'usb-kbd,bus=x.0,port=2,id=k');
like listed($machine, qr/\.2\.3 .*keyboard, ready/), qr/^    port \d\.2\.3 +0627:0001  full speed, keyboard/m,
    'two hubs in a row: a keyboard behind both';
my $list = listed($machine, qr/1\.4 .*left alone/);
is +(() = $list =~ /hub, ready/g), 2, '.. both are hubs';
like $list, qr/^    port \d\.4 +0627:0001  full speed, left alone$/m, '.. a mouse is left alone';
is +(() = $list =~ /keyboard, ready/g), 2, '.. another keyboard beside them';
like typed($machine, 'uptime'), qr/^  \d+\.\d\d s, /m, 'one of two keyboards is typed on';
$machine->monitor('device_del k');
unlike listed($machine, qr/\A(?!.*port \d +0627)/s), qr/^    port \d +0627/m, 'the one is pulled out';
like typed($machine, 'uptime'), qr/^  \d+\.\d\d s, /m, '.. and the other is typed on';
$machine->monitor('device_del h1');
is listed($machine, qr/\A[^\n]*\n\z/), "  xHCI at 00:02.0\n", 'a hub is pulled out with all behind it';
$machine->monitor('device_add usb-hub,bus=x.0,port=1,id=h');
$machine->monitor('device_add usb-kbd,bus=x.0,port=1.1');
like listed($machine, $keyboard), $keyboard, '.. and another plugged in';
like typed($machine, 'uptime'), qr/^  \d+\.\d\d s, /m, '.. and typed on behind it';
my $room = 16 - 2; # for so many more
$machine->monitor("device_add usb-hub,bus=x.0,port=1.$_") for 2 .. 3;
$machine->monitor("device_add usb-mouse,bus=x.0,port=1.2.$_") for 1 .. 8;
$machine->monitor("device_add usb-mouse,bus=x.0,port=1.3.$_") for 1 .. 8;
like listed($machine, qr/more than/), qr/^  \d+ devices more than the 16 there is room for$/m,
    'too many devices: some are left out, and counted';
like typed($machine, 'uptime'), qr/^  \d+\.\d\d s, /m, '.. and the keyboard is typed on';
$machine->end;

# -- Left alone -----------------------------------------------------------------------------------

$machine = Machine->start(append => 'usb=no', extra => ['-device', 'qemu-xhci', '-device', 'usb-kbd']);
ok defined $machine->wait_for($prompt), 'usb=no boots';
is $machine->type('lsusb'), "  there is no USB controller that is driven\n", '.. without any';
$machine->end;

# -- All self-tests, and what attacks the kernel --------------------------------------------------

for my $with (['-device', 'qemu-xhci', '-device', 'usb-kbd'],
    ['-device', 'nec-usb-xhci,id=x', '-device', 'usb-hub,bus=x.0,port=1', '-device',
        'usb-kbd,bus=x.0,port=1.1']) {
    my $boot = boot(memory => 128, append => 'selftest', extra => $with, modules => programs(),
        machine => 'q35,i8042=off');
    ok passed_selftest($boot), "@$with: all self-tests" or diag $boot->{text};
    $boot = boot(memory => 128, append => 'run=hostile shell=no', extra => $with,
        modules => programs('hostile'));
    is $boot->{status}, OK, '.. hostile changes nothing' or diag $boot->{text};
}

# -- UEFI, which puts the registers far above 4 GB ------------------------------------------------

SKIP: {
    skip 'UEFI x64 is not installed', 3
        if !-d '/usr/lib/grub/x86_64-efi' || system 'scripts/firmware x64 >/dev/null 2>&1';
    my $iso = make_iso_for_all('usb', 'multiboot2 /boot/plat.elf');
    my $socket = tempdir(CLEANUP => 1) . '/monitor';
    my $boot = boot(firmware => 'x64', qemu => 'qemu-system-x86_64', memory => 128, iso => $iso,
        extra => ['-machine', 'i8042=off', '-device', 'qemu-xhci', '-device', 'usb-kbd',
            '-monitor', "unix:$socket,server=on,wait=off"],
        script => [[$prompt, sub {
            my $monitor = IO::Socket::UNIX->new(Peer => $socket) or die "$socket: $!";
            sleep 1;
            for my $key (split(//, 'lsusb'), 'ret', split(//, 'poweroff'), 'ret') {
                print $monitor "sendkey $key 30\n";
                $monitor->flush;
                sleep 0.1;
            }
            sleep 1;
        }]]);
    like $boot->{text}, qr/^usb: xHCI at 00:\d\d\.0, 8 ports\r?$/m, 'UEFI x64: the controller';
    like $boot->{text}, $keyboard, '.. its keyboard';
    is $boot->{status}, 0, '.. switches the machine off' or diag $boot->{text};
}
done_testing;
