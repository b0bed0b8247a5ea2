#!/usr/bin/perl
# The one ISO, wherever it boots: all self-tests, and what is on the screen then, read back glyph by
# glyph, is what the serial line said, and the verdict. Then off by ACPI.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Screen;
use Test::More;
use Time::HiRes 'time';

my $iso = make_iso_for_all('screens', <<'LINES');
insmod all_video
multiboot /boot/plat.elf selftest
if [ "$grub_platform" = efi ]; then set gfxpayload=1024x768x32,auto; fi
LINES
my $prompt = qr/^plat> /m;

my %ia32 = (firmware => 'ia32', memory => 128);
my %x64 = (firmware => 'x64', memory => 128, qemu => 'qemu-system-x86_64');
my %platform = (ia32 => 'i386-efi', x64 => 'x86_64-efi');
my @ways = (
    ['BIOS, CD', vga => 1], ['BIOS, CD, a 486', vga => 1, cpu => '486'],
    ['BIOS, USB on EHCI', vga => 1, stick => 'usb-ehci'],
    ['BIOS, USB on xHCI', vga => 1, stick => 'qemu-xhci'],
    ['BIOS, no keyboard controller', vga => 1, machine => 'q35,i8042=off'],
    ['UEFI ia32, CD', %ia32], ['UEFI x64, CD', %x64],
    ['UEFI x64, USB on xHCI', %x64, stick => 'qemu-xhci']);
for my $way (@ways) {
    my ($name, %with) = @$way;
    my $kind = $with{firmware};
  SKIP: {
        skip "$name: GRUB's $platform{$kind} is not installed", 5
            if $kind && !-d "/usr/lib/grub/$platform{$kind}";
        skip "$name: QEMU's UEFI $kind is not installed", 5
            if $kind && system "scripts/firmware $kind >/dev/null 2>&1";
        my $boot = shoot([$prompt], exit_device => 0, iso => $iso, %with);
        like $boot->{text}, qr/^plat: \d{3} passed, 0 failed$/m, "$name: the self-tests pass"
            or diag $boot->{text};
        is $boot->{status}, 0, '.. poweroff ends it';
        my $columns = $with{vga} ? 80 : 128;
        like $boot->{text}, $with{vga} ? qr/^console: .*text screen yes, keyboard/m
            : qr/^console: .*framebuffer 1024x768x32, 128x48 characters/m, '.. its console';
        my $told = $kind ? 'UEFI (by system table)' : 'BIOS (by vectors)';
        like $boot->{text}, qr/^firmware: \Q$told\E, ACPI /m, ".. its firmware: $told";
        skip "no font of $font (fonts-spleen)", 1 unless $with{vga} || -r $font;
        $boot->{text} =~ s/\A.*?(?=^Plat: )//ms; # the firmware talks on the same line
        shows_the_text($boot, $name, 1, with_verdict(until_prompt($boot, 1), $columns));
    }
}

# Without a screen, UEFI leaves in page 0 what GRUB had there. Nobody calls a BIOS that is not there.
SKIP: {
    skip 'UEFI x64 is not installed', 4
        if !-d '/usr/lib/grub/x86_64-efi' || system 'scripts/firmware x64 >/dev/null 2>&1';
    my $boot = boot(%x64, extra => ['-vga', 'none'], iso => make_iso_for_all('no-bios',
        'multiboot /boot/plat.elf stop=map map=e820'));
    is $boot->{status}, OK, 'k8: UEFI x64, no screen, map=e820: leaves behind the map';
    like $boot->{text}, qr/^firmware: UEFI \(by system table\), /m, '.. its firmware';
    like $boot->{text}, qr/^memory: no BIOS is there to ask for a map$/m, '.. no call is made';
    like $boot->{text}, qr/^memory: 1 entries from the loader's mem_upper$/m, '.. the loader helps';
}

# -- Machines that say nothing on a serial line: seen in pictures, and typed on keys --------------

# The text screen once it shows PATTERN, or as it is after four minutes; then DONE gets QEMU's pid
# and socket.
my $mute = 0;
sub see {
    my ($pattern, $done, %with) = @_;
    my $path = "$directory/mute";
    my $socket = "$path." . ++$mute;
    my ($seen, $until) = ('', time + 240);
    my $boot = boot(serial => 'none', exit_device => 0, %with,
        extra => ['-qmp', "unix:$socket,server=on,wait=off"], meanwhile => sub {
            while ($seen !~ $pattern && time < $until) {
                sleep 1;
                next unless -S $socket;
                unlink $path, "$path.ppm";
                qmp($socket, ['screendump', filename => "$path.ppm"],
                    ['pmemsave', val => 0, size => 1 << 20, filename => $path]);
                my $picture = read_picture("$path.ppm");
                next unless $picture->{width} == 720; # the firmware's
                $seen = join "\n", @{ read_text($picture, 1, read_vga_font($path))->{text} };
            }
            $done->($_[0], $socket);
        });
    return ($seen, $boot);
}

sub type_poweroff {
    my ($pid, $socket) = @_;
    for my $key (split(//, 'poweroff'), 'ret') {
        qmp($socket, ['human-monitor-command', 'command-line' => "sendkey $key"]);
        select undef, undef, undef, 0.2;
    }
}

my ($seen, $boot) = see(qr/^plat>$/m, \&type_poweroff, iso => $iso);
like $seen, qr/^plat: (\d{3}) passed, 0 failed\n\n\n.*^Plat: \1 self-tests passed, 0 failed, on /ms,
    'no serial port: the screen shows how the self-tests ended' or diag $seen;
is $boot->{status}, 0, '.. and the keyboard switches it off';
is $boot->{text}, '', '.. really none';

($seen) = see(qr/^plat>$/m, sub { kill 'KILL', $_[0] }, machine => 'q35,i8042=off');
like $seen, qr/^console: serial no, text screen yes, keyboard no\nconsole: nothing to type on: no /m,
    'no keyboard controller either: that is said' or diag $seen;

# No screen at all.
$boot = boot(iso => $iso, exit_device => 0, extra => ['-vga', 'none'],
    script => [[$prompt, "poweroff\r"]]);
like $boot->{text}, qr/^console: serial yes, text screen no, keyboard yes$/m, 'no screen: said';
like $boot->{text}, qr/^plat: \d{3} passed, 0 failed$/m, '.. the self-tests pass';
is $boot->{status}, 0, '.. poweroff ends it';

done_testing;
