#!/usr/bin/perl
# The serial line. Input that waits: a pipe that was written before QEMU started, input at every
# moment of the boot, more of it than any buffer holds. Nothing is lost, cut, or obeyed twice. And
# output that nobody reads: it comes late, or it is told how much is missing; input does not wait.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use File::Temp 'tempdir';
use List::Util 'max';
use Machine;
use Test::More;
use Time::HiRes 'time';

my $directory = tempdir(CLEANUP => 1);

# Feeds what the shell command FEED writes to the shell command MACHINE, and hands what that says to
# READER; the machine's exit status and what was read.
sub pipeline {
    my ($feed, $machine, $reader) = @_;
    my $status = "$directory/status";
    open my $said, '-|', 'sh', '-c',
        "{ $feed; } | { timeout 240 $machine 2>>build/tests/qemu.log; echo \$? >$status; } | "
        . ($reader // 'cat') or die $!;
    my $text = do { local $/; <$said> } // '';
    close $said;
    open my $file, '<', $status or die "$status: $!";
    chomp(my $code = <$file>);
    return ($code, $text =~ s/\r//gr);
}

# A file with BYTES.
sub file {
    my ($bytes) = @_;
    my $path = "$directory/input";
    open my $file, '>:raw', $path or die "$path: $!";
    print $file $bytes;
    close $file or die $!;
    return $path;
}

# `make run` as people type it; nothing is installed, and nothing is built while other tests boot it.
sub make_run {
    my ($append) = @_;
    return "env -u MAKEFLAGS SETUP=no make --no-print-directory run MAKE=true MEM=64 APPEND='"
        . ($append // '') . "'";
}

sub qemu { return "qemu-system-i386 -accel tcg -m 64 -display none -no-reboot -net none "
    . "-kernel build/plat.elf -serial stdio @_" }

# COUNT lines, each with an answer of its own that shows the whole line.
sub lines {
    my ($count) = @_;
    return map { sprintf 'free line%04d', $_ } 1 .. $count;
}

# Whether TEXT holds the prompt, line and answer for each of LINES, in order, and no other prompt
# but that of poweroff.
sub obeyed {
    my ($text, $end, @lines) = @_;
    my $wanted = join '', map { /(\w+)$/; "plat> $_\n$1 is no address; expected: a number like "
        . "4096, 0x1000 or 4K, below 4G\n" } @lines;
    my ($session) = $text =~ /^(plat> .*?)^plat> \Q$end\E\n/ms or return 0;
    return $session eq $wanted;
}

mkdir 'build/tests';
sub ends_well {
    my ($name, $feed, $machine, $reader, @lines) = @_;
    my ($status, $text) = pipeline($feed, $machine, $reader);
    is $status, 0, "$name: the machine goes off";
    ok obeyed($text, 'poweroff', @lines), '.. and has obeyed ' . @lines . ' lines, each whole'
        or diag length $text < 20000 ? $text : substr $text, -20000;
    return $text;
}

my @few = lines(5);
my $few = join '', map { "$_\n" } @few, 'poweroff';

# The pipe is full before QEMU starts.
my $path = file("alloc 12K\nstats\nrun hello\nheap\npoweroff\n");
my ($status, $text) = pipeline("cat $path", make_run());
is $status, 0, 'make run, reading a pipe, ends by poweroff';
like $text, qr/^plat> alloc 12K\n  0x01[0-9a-f]{6}  block \d+\nplat> stats\n  blocks: .*^plat> run hello\nHello from ring 3.*^plat> heap\n.*^  check: sound\nplat> poweroff\n/ms,
    '.. and has obeyed every line';
$path = file("uptime\nuptime\nuptime\npoweroff\n");
($status, $text) = pipeline("cat $path", make_run());
is scalar(() = $text =~ /^plat> uptime\n  \d+\.\d\d s, /mg), 3, 'uptime, three times';
unlike $text, qr/no such command/, '.. without a first letter lost';

# Later, and byte by byte all through the boot.
$path = file($few);
ends_well("input $_ s after the start", "sleep $_; cat $path", make_run(), undef, @few)
    for 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1;
ends_well('a byte each few milliseconds', qq(perl -e '\$| = 1; local \$/ = \\1; while (<STDIN>) { print; )
    . qq(select undef, undef, undef, 0.006 }' <$path), make_run(), undef, @few);

# More than is kept anywhere: 200 lines, and 15 KB of them.
for my $count (200, 1000) {
    my @lines = lines($count);
    $path = file(join '', map { "$_\n" } @lines, 'poweroff');
    ends_well("$count lines", "cat $path", make_run(), undef, @lines);
    ends_well('.. in the middle of a session', "sleep 1.5; cat $path", make_run(), undef, @lines);
}

# 64 KB at once.
my @long = map { sprintf 'free %s%04d', 'x' x 50, $_ } 1 .. 1110;
my $long = join '', map { "$_\n" } @long;
cmp_ok length $long, '>', 65536, 'more than 64 KB';
$path = file("${long}poweroff\n");
ends_well('.. pasted', "sleep 1.5; cat $path", make_run(), undef, @long);

# While the self-tests run, or a program that nobody has typed for.
$path = file($few);
ends_well("APPEND=$_", "cat $path", make_run($_), undef, @few)
    for 'selftest=string', 'selftest=process.s1', 'run=count', 'pse=no heap=free_list';

# Other ports of the same kind, and an older processor.
ends_well("qemu $_", "cat $path", qemu($_), undef, @few)
    for '-cpu 486', '-machine q35', '-machine microvm,acpi=on';
($status, $text) = pipeline("{ cat $path; echo reboot; }", 'timeout 60 ' . qemu('-machine isapc'));
is $status, 0, 'isapc, which does not go off, restarts';
ok obeyed($text, 'poweroff', @few), '.. and has obeyed them';

# c5: CR, LF, both in either order, telnet's CR NUL and the keypad's Enter are one Enter.
for my $end ("\r", "\n", "\r\n", "\n\r", "\r\0", "\eOM") {
    $path = file(join '', map { "$_$end" } @few, 'poweroff');
    ends_well(join(' ', map { sprintf '%02x', ord } split //, $end) . ' ends a line', "cat $path",
        qemu(), undef, @few);
}
$path = file(join '', map { "$_\n" } $few[0], '', 'uptime', '', 'poweroff');
($status, $text) = pipeline("cat $path", qemu());
is scalar(() = $text =~ /^plat> $/mg), 2, 'an empty line is one';

# c1, c3, k13: keys that mean nothing and answers of a terminal, in the middle of a line, are no text.
for my $bytes ("\e[15~", "\e\e[C", "\e[[A", "\e[1;5P", "\ef", "\e[200~", "\e[M !!", "\e[<0;1;1M", "\e[I",
    "\e[24;80R", "\e[?1;2c", "\e]10;rgb:ffff/ffff/ffff\a", "\e]11;rgb:0/0/0\e\\", "\eP1\$r0m\e\\",
    "\e_Gi=1;OK\e\\", "\e]52;c;cG93ZXJvZmYK\a", "\e[?2026;2\$y", "\e[3\030") {
    $path = file(join '', map { substr($_, 0, 8) . $bytes . substr($_, 8) . "\n" } $few[0], 'poweroff');
    ends_well(($bytes =~ s/([^ -~])/sprintf '\\%03o', ord $1/ger) . ' in a line', "cat $path", qemu(),
        undef, $few[0]);
}
# What never ends: Enter ends it, and what stands before it is the line.
$path = file("uptime\e]0;never\nuptime\e[12\nuptime\eP\npoweroff\n");
($status, $text) = pipeline("cat $path", qemu());
is scalar(() = $text =~ /^plat> uptime\n  \d+\.\d\d s, /mg), 3, 'strings that never end take no line with them';

# c71: lines that are too long among others: none of it is obeyed, and the next one is whole.
$path = file(join '', map { "$_\n" } 'free ' . 'x' x 300, $few[0], 'x' x 5000, $few[1], 'poweroff');
($status, $text) = pipeline("cat $path", qemu());
is $status, 0, 'lines that are too long: the machine goes off';
is scalar(() = $text =~ /^line: longer than 255 characters; nothing of it is obeyed$/mg), 2,
    '.. they are refused';
is scalar(() = $text =~ /^plat> free (line000[12])\n\1 is no address/mg), 2, '.. and the others are whole';
unlike $text, qr/^x+ is no address|no such command/m, '.. and nothing else is obeyed';

# A reader that comes late to more than the pipe holds: the rest waits in the kernel, and the machine
# goes off only when it has been read. (Where its input has ended, QEMU itself drops what it can't
# write.)
my @help = ('help') x 50; # what pipe and ring hold together, some 128 KB, is not filled
$path = file(join '', map { "$_\n" } @help, 'free last', 'poweroff');
($status, $text) = pipeline("cat $path; sleep 6", qemu(), '{ sleep 4; cat; }');
is $status, 0, 'k3: a reader that pauses: the machine goes off';
cmp_ok length $text, '>', 80000, '.. more was said than a pipe holds';
is scalar(() = $text =~ /^  poweroff +switch/mg), 50, '.. all of it arrives';
like $text, qr/^plat> free last\nlast is no address/m, '.. and input has not ended';
unlike $text, qr/bytes lost/, '.. nothing is missing';

# The pipe is full before the machine starts: its line stands still from the first byte on.
$path = file($few);
($status, $text) = pipeline("cat $path; sleep 6",
    q(sh -c 'head -c 65536 /dev/zero; exec "$@"' sh ) . qemu(), '{ sleep 4; cat; }');
is $status, 0, 'k3: a line that has never sent: the machine goes off';
$text =~ s/^\0*//;
like $text, qr/\APlat: .*^Type help/ms, '.. all of the boot arrives';
ok obeyed($text, 'poweroff', @few), '.. and input was obeyed';

# Whether WANTED from AT on is PARTS, each but the last with a number of bytes that are told to be
# missing behind it. The line that tells may have begun a line for itself, or not.
sub accounts {
    my ($wanted, $at, $kept, $lost, @rest) = @_;
    return substr($wanted, $at) eq $kept unless defined $lost;
    for my $text ($kept, $kept =~ s/\r\n\z//r) {
        next if substr($wanted, $at, length $text) ne $text;
        return 1 if accounts($wanted, $at + length($text) + $lost, @rest);
    }
    return 0;
}

# How many bytes TEXT lacks of WANTED by its own words; -1 where it does not tell that exactly.
sub missing {
    my ($text, $wanted) = map { s/\n/\r\n/gr } @_;
    my @parts = split /\[serial: (\d+) bytes lost\]\r\n/, $text, -1;
    my $sum = length($wanted) - length join '', @parts[map { 2 * $_ } 0 .. $#parts / 2];
    return accounts($wanted, 0, @parts) ? max(0, $sum) : -1;
}

# What the text screen shows.
sub screen {
    my ($machine) = @_;
    my $dump = $machine->monitor('xp /4000bx 0xb8000');
    my @bytes = map { hex } $dump =~ /0x([0-9a-f]{2})\b(?!:)/g;
    return join '', map { chr $bytes[2 * $_] } 0 .. $#bytes / 2;
}

# Far more than pipe and kernel hold, while nobody reads. Then the same, since the line has to recover,
# and this time printing goes on when somebody reads again.
my $machine = Machine->start();
$machine->wait_for(qr/^plat> \z/m);
my $help = $machine->type('help');
my $bad = 'is no address; expected: a number like 4096, 0x1000 or 4K, below 4G';
for my $round (1, 2) {
    my $start = length $machine->{text};
    my @stopped = (('help') x 120, "free mark$round");
    my @again = ('help') x ($round == 1 ? 0 : 60);
    syswrite $machine->{to}, "$_\r" for @stopped;
    my $until = time + 120;
    select undef, undef, undef, 0.2 until screen($machine) =~ /mark$round is/ || time > $until;
    like screen($machine), qr/plat> free mark$round +mark$round is no address/,
        "k3: a reader that stops, $round: what is typed meanwhile is obeyed";
    syswrite $machine->{to}, "$_\r" for @again;
    ok defined $machine->wait_for(qr/bytes lost\]\n/), '.. it is told that something is missing';
    push @again, "free end$round";
    syswrite $machine->{to}, "$again[-1]\r";
    ok defined $machine->wait_for(qr/^end$round is .*\nplat> \z/m), '.. both directions work again';
    my $wanted = join '', map { /(\w+\d)\z/ ? "$_\n$1 $bad\nplat> " : "$_\n${help}plat> " }
        @stopped, @again;
    my $missing = missing(substr($machine->{text}, $start), $wanted);
    cmp_ok $missing, '>', 0, '.. exactly so much is missing as is told'
        or diag substr $machine->{text}, $start;
    cmp_ok length($wanted =~ s/\n/\r\n/gr) - $missing, '>', 65536 + 65536, '.. and no more than that';
}

# scripts/setup, which runs before, leaves the input alone, whatever it calls.
mkdir "$directory/bin";
for my $tool (qw(gcc apt-get apt-cache dpkg-query sudo id)) {
    open my $file, '>', "$directory/bin/$tool" or die $!;
    print $file "#!/bin/sh\ncat >/dev/null\nexit 1\n";
    close $file;
    chmod 0755, "$directory/bin/$tool";
}
for my $what ('run', 'iso', 'uefi', 'gdb', '') {
    my $rest = `printf 'typed\\n' | { PATH="$directory/bin:\$PATH" SETUP=no scripts/setup $what >/dev/null 2>&1; cat; }`;
    is $rest, "typed\n", "setup $what: leaves the input";
}

done_testing;
