#!/usr/bin/perl
# The one ISO: its menu; its bytes; and what scripts/usb refuses to write it to. screens.t boots it.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use File::Path 'make_path';
use File::Temp 'tempdir';
use Test::More;

sub contents {
    open my $file, '<:raw', $_[0] or return '';
    local $/;
    return <$file>;
}

# -- The menu, which a BIOS shows on the serial port, too -----------------------------------------

my $boot = boot(iso => 'build/plat.iso',
    script => [[qr/Plat, safe/, 'x'], [qr/plat> /, "run hello\r"], [qr/plat> /, "poweroff\r"]]);
like $boot->{text}, qr/command line ".*pse=no console=text"/, 'the menu: safe has its words';
like $boot->{text}, qr/^paging: .* 4 KB pages/m, '.. pages of 4 KB';
like $boot->{text}, qr/^Hello from ring 3, process 1$/m, '.. and the programs';

$boot = boot(iso => 'build/plat.iso',
    script => [[qr/Plat, verbose/, 'w'], [qr/Escape/, "\e"], [qr/plat> /, "poweroff\r"]]);
like $boot->{text}, qr/base_addr = 0x100000, .*available RAM/, '.. verbose tells the map';
like $boot->{text}, qr/command line ".*heap_watch"/, '.. and watches the heap';

# Each entry starts the kernel with words that it knows.
my $menu = contents('iso/boot/grub/grub.cfg');
my @lines = $menu =~ /^ +plat ([^\s#].*?)(?: *#.*)?$/mg;
is scalar @lines, (() = $menu =~ /^menuentry/mg) + 1, '.. starts the kernel in each entry';
for my $words (@lines) {
    $boot = boot(append => "stop=map $words");
    my @unknown = $boot->{text} =~ /^boot: (.* ignored.*)$/mg;
    is "$boot->{status} @unknown", OK . ' ', ".. the kernel knows $words" or diag $boot->{text};
}

# -- Its bytes ------------------------------------------------------------------------------------

cmp_ok -s 'build/plat.iso', '<', 8 << 20, 'the ISO is smaller than 8 MB';
my $home = tempdir(CLEANUP => 1);
my @files = ('build/plat.elf', 'iso/boot/grub/grub.cfg', split /,/, programs());
sleep 2; # what FAT calls a moment
is system('sh', '-c', 'umask 077; TZ=Asia/Tokyo exec "$@"', 'sh', 'scripts/make-iso', "$home/again.iso", @files), 0, 'made again';
is system('cmp', 'build/plat.iso', "$home/again.iso"), 0, '.. it has the same bytes';

# Without GRUB for UEFI.
make_path("$home/lib");
symlink '/usr/lib/grub/i386-pc', "$home/lib/i386-pc";
my $said = `GRUB_LIB=$home/lib scripts/make-iso $home/bios.iso @files 2>&1`;
is $?, 0, 'without GRUB for UEFI there is an ISO';
like $said, qr/^make-iso: no grub-efi-ia32-bin, .* for BIOS only\n\z/, '.. and a line about it';
system 'scripts/make-iso', '--bios', "$home/only.iso", @files;
is system('cmp', "$home/bios.iso", "$home/only.iso"), 0, '.. the one for a BIOS';

# Without a tool: before anything is tried, and each that is missing is named.
make_path("$home/bin");
symlink $_, "$home/bin/" . s{.*/}{}r
    for map { my $name = $_; grep { -x } map { "$_/$name" } split /:/, $ENV{PATH} }
    qw(sh dirname mktemp rm mkdir cat cp grub-mkimage mcopy);
$said = `PATH=$home/bin scripts/make-iso $home/none.iso @files 2>&1`;
ok $? && $said =~ /^make-iso: not here: xorriso \(Debian: xorriso\) mformat \(Debian: mtools\); make set.*\n\z/,
    'without xorriso and mtools a line names them' or diag $said;
ok !-e "$home/none.iso", '.. and there is no ISO';

# -- scripts/usb ----------------------------------------------------------------------------------

# A made-up machine: DISK => { FILE in its folder of sysfs => TEXT }, and the medium's size.
my $root = "$home/root";
sub put {
    my ($path, $text) = @_;
    make_path("$root/$path" =~ s{/[^/]*\z}{}r);
    open my $file, '>', "$root/$path" or die "$path: $!";
    print $file $text;
}
sub disk {
    my ($name, $bytes, %files) = @_;
    my $sys = "sys/class/block/$name";
    %files = (removable => "1\n", ro => "0\n", size => int($bytes / 512) . "\n", dev => "8:0\n",
        'device/vendor' => "Acme    \n", 'device/model' => "Stick 3000      \n", %files);
    put("$sys/$_", $files{$_}) for keys %files;
    put("dev/$name", 'old' x 1000) unless $name =~ m{/};
}
sub usb {
    my ($device, $answer) = @_;
    open my $typed, '>', "$home/typed" or die $!;
    print $typed $answer // '';
    close $typed;
    my $text = `USB_ROOT=$root scripts/usb build/plat.iso '$device' 2>&1 <$home/typed`;
    return ($? >> 8, $text);
}
my $enough = 64 << 20;
put('proc/self/mountinfo', <<'TEXT');
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 8:33 / /media/stick rw - vfat /dev/sdc1 rw
41 22 0:50 / /media/b rw shared:2 - btrfs /dev/sdd rw
TEXT
put('proc/swaps', "Filename Type Size Used Priority\n/dev/sdf      partition 1 0 -2\n");
disk('sda', 1 << 40, removable => "0\n");
disk('sdb', $enough);
disk('sdc', $enough);
disk('sdc/sdc1', $enough, partition => "1\n", dev => "8:33\n");
disk('sdc1', $enough, partition => "1\n", dev => "8:33\n");
disk('sdd', $enough, dev => "8:48\n");
disk('sde', 1 << 20);
disk('sdf', $enough, dev => "8:80\n");
disk('sdg', $enough, ro => "1\n");
disk('sdh', 0);
disk('sdi', $enough, 'holders/dm-0/x' => '');
put('dev/zero', '');
my $bytes = -s 'build/plat.iso';
my @refused = (
    ['', qr/no device named; expected .*DEVICE=.*sdb: Acme Stick 3000, 67 MB/, 'no device'],
    ['/dev/sdz', qr/there is no \/dev\/sdz; removable here: .*sdb/, 'one that is not there'],
    ['/etc/passwd', qr/not in \/dev; expected a disk/, 'one that is elsewhere'],
    ['/dev/zero', qr/no block device; expected a disk/, 'no block device'],
    ['/dev/sda', qr/not removable \(.*1099511 MB\); expected a USB stick/, 'a disk that stays'],
    ['/dev/sdc1', qr/a partition; expected the whole disk/, 'a partition'],
    ['/dev/sdc', qr/sdc1 is mounted on \/media\/stick; expected .*umount/, 'a mounted one'],
    ['/dev/sdd', qr/sdd is mounted on \/media\/b; expected/, 'one mounted by its name'],
    ['/dev/sde', qr/has 1048576 bytes; expected $bytes or more/, 'one that is too small'],
    ['/dev/sdf', qr/swap space in use; expected/, 'one with swap space'],
    ['/dev/sdg', qr/write-protected; expected/, 'one that is write-protected'],
    ['/dev/sdh', qr/no medium in it; expected/, 'a reader without a card'],
    ['/dev/sdi', qr/in use by dm-0; expected/, 'one below another device']);
for my $refused (@refused) {
    my ($device, $why, $name) = @$refused;
    my ($status, $text) = usb($device, "yes\n");
    ok $status == 1 && $text =~ /\Ausb: .*\n\z/ && $text =~ $why, "usb refuses $name"
        or diag "$status: $text";
}
for my $answer ("no\n", "y\n", '') {
    my ($status, $text) = usb('/dev/sdb', $answer);
    ok $status == 1 && $text =~ /sdb: Acme Stick 3000, 67 MB\n/ && $text =~ /Type yes/
        && $text =~ /nothing was written/, "usb asks, and '" . ($answer =~ s/\n//r) . "' is not yes"
        or diag $text;
}
my $touched = grep { contents($_) ne 'old' x 1000 } glob "$root/dev/sd?";
is $touched, 0, '.. and nothing was written to any of them';

symlink 'sdb', "$root/dev/stick";
my ($status, $text) = usb('/dev/stick', "yes\n");
is $status, 0, 'usb writes after yes, by any name of the disk' or diag $text;
ok substr(contents("$root/dev/sdb"), 0, $bytes) eq contents('build/plat.iso'), '.. the ISO';
my ($sum) = `sha256sum build/plat.iso` =~ /^(\w+)/;
my $done = qr{has build/plat\.iso now, $bytes bytes, read back: sha256 $sum\n};
like $text, qr/^usb: \/dev\/stick $done/m, '.. and says what it has, by one line';

# A stick that gives back something else, by a dd of its own.
open my $dd, '>', "$home/bin/dd" or die $!;
print $dd "#!/bin/sh\ncase \" \$* \" in\n*' of='*) exec /bin/dd \"\$@\" ;;\n",
    "*) /bin/dd \"\$@\" | perl -0777 -pe \"\$BROKEN\" ;;\nesac\n";
close $dd;
chmod 0755, "$home/bin/dd";
for my $broken (['substr($_, 12344, 1) ^= "\1"', qr/it differs at byte 12345/, 'a byte'],
    ['$_ = substr $_, 0, 4096', qr/it ends early/, 'no more']) {
    local $ENV{PATH} = "$home/bin:$ENV{PATH}";
    local $ENV{BROKEN} = $broken->[0];
    ($status, $text) = usb('/dev/sdb', "yes\n");
    ok $status == 1 && $text =~ /^usb: \/dev\/sdb does not give back what was written, $broken->[1]: it is broken\n\z/m,
        "usb notices a stick that gives back $broken->[2] else" or diag $text;
}

# A file, for dd: no root, nothing asked; it starts as a stick.
($status, $text) = usb("$home/plat.img", '');
is $status, 0, 'usb writes a file, and asks nothing' or diag $text;
like $text, qr/\Ausb: \Q$home\E\/plat\.img $done/, '.. with size and sum';
is system('cmp', "$home/plat.img", 'build/plat.iso'), 0, '.. the ISO';
ok !-e "$home/plat.img.part", '.. and leaves nothing else';
$boot = boot(iso => "$home/plat.img", stick => 'qemu-xhci', script => [[qr/plat> /, "poweroff\r"]]);
is $boot->{status}, 0, '.. which starts from USB' or diag $boot->{text};
like $boot->{text}, qr/^boot: loader GRUB 2/m, '.. by GRUB';
for my $no (["$home/none/x.img", qr/there is no folder/], ["$home/folder.img", qr/is a folder/],
    ["$home/pipe.img", qr/is no file/], ['plat.iso', qr/not in \/dev; expected .*\.img/]) {
    make_path("$home/folder.img");
    system "mkfifo $home/pipe.img" unless -e "$home/pipe.img";
    ($status, $text) = usb($no->[0], '');
    ok $status == 1 && $text =~ /\Ausb: .*\n\z/ && $text =~ $no->[1], "usb refuses $no->[0]" or diag $text;
}
ok !-e 'plat.iso', '.. and writes nothing';
SKIP: {
    skip 'there is no small file system to be had', 1
        if $> || system "mkdir -p $home/small && mount -t tmpfs -o size=64k none $home/small 2>/dev/null";
    ($status, $text) = usb("$home/small/plat.img", '');
    ok $status == 1 && $text =~ /can not be written; expected a folder with $bytes bytes of room\n\z/
        && !glob("$home/small/*"), 'usb says where a file has no room' or diag $text;
    system "umount $home/small";
}

done_testing;
