#!/usr/bin/perl
# The prompt: every command, wrong arguments, line editing; misuse of the heap in words.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use IO::Socket::UNIX;
use Test::More;

my $prompt = qr/plat> /;

# Types LINES, one a prompt, then switches off; returns what was answered to each.
sub session {
    my ($append, @lines) = @_;
    my $boot = boot(append => $append,
        script => [map { [$prompt, "$_\r"] } @lines, 'poweroff']);
    is $boot->{status}, 0, 'the session ends by poweroff' or diag $boot->{text};
    unlike $boot->{text}, qr/does not go off/, '.. which does not say that it failed';
    my @parts = split /plat> [^\n]*\n/, $boot->{text}, -1;
    shift @parts;
    return @parts;
}

my @commands = qw(help map heap blocks alloc free stats translate fault selftest lspci sysinfo dmesg
    uptime reboot poweroff);
my ($help, $map, $heap, $picture, $alloc, $blocks, $stats, $free, $again, $inside, $odd, $outside,
    $translate, $unmapped, $uptime, $selftest, $null)
    = session('', 'help', 'map', 'heap', 'blocks', 'alloc 12K', 'blocks 0', 'stats',
    'free 0x01002000', 'free 0x01002000', 'alloc 8K', 'free 0x01002001', 'free 0x3000',
    'translate 0x100123', 'translate 0xff', 'uptime', 'selftest checked', 'free 0');
like $help, qr/^  \Q$_\E /m, "help lists $_" for @commands;
like $map, qr/0x00100000 .* kernel$/m, 'map shows the kernel';
like $map, qr/usable in all .* \(6[0-2] MB\)$/m, 'map sums up';
like $heap, qr/^  check: sound$/m, 'heap is sound';
like $heap, qr/^  paging \s+ 2 blocks/m, 'heap counts by owner';
is scalar(() = $picture =~ /^ +\d+ 0x[0-9a-f]{8}  [-.#KSPHksph]{1,64}$/mg), 16,
    'blocks draws 16 rows at most';
like $alloc, qr/^  0x01002000  block 2$/m, 'alloc says where';
like $blocks, qr/^ +0 0x01000000  oo<=>\.{59}$/m, 'blocks FIRST shows first, inside and last';
like $stats, qr/^  blocks: 12256 total, 5 taken, 12251 free, peak 5, largest free run 12251$/m,
    'stats counts blocks';
like $stats, qr/ 0 failed; 3 allocations live; 0 frees refused$/m, '.. and requests';
like $free, qr/^  freed$/m, 'free frees';
like $again,
    qr/^heap: kfree\(0x01002000\) refused: already free, block 2, byte 0xc1 \(kept for reuse\), called from command_free\+0x/m,
    'a double free is refused, with block, byte and caller';
like $odd, qr/^heap: kfree\(0x01002001\) refused: misaligned, block 2, byte 0xc1/m, 'misaligned';
like $outside, qr/^heap: kfree\(0x00003000\) refused: out of range, called/m, 'out of range';
is $null, '', 'freeing 0 is nothing to do';
like $translate, qr/physical 00100123, read-only, kernel only$/m, 'translate walks';
like $unmapped, qr/: not mapped$/m, 'translate says what is not mapped';
like $uptime, qr/^  \d+\.\d\d s, \d+ ticks, 0 spurious/m, 'uptime';
like $selftest, qr/^plat: 2 passed, 0 failed$/m, 'selftest PATTERN';

# The columns of the map stand under each other, up to 4 GB.
my @rows = $map =~ /^(  0x[0-9a-f]{8}  0x[0-9a-f]{8,9} .*)$/mg;
ok scalar(grep { /  0x100000000 / } @rows), 'a row of the map ends at 4 GB';
is_deeply [grep { !/ \d+ K  \S/ || index($_, ' K  ') != 34 } @rows], [], 'columns of the map'
    or diag $map;

# Runs that are kept have a sign, and the legend has it while there are some.
my ($before, $taken, $two, $three, $thousand, $owners, $freed, $kept) = session('', 'blocks 0',
    'alloc 12K', 'alloc 4096 2', 'alloc 4096 3', 'alloc 4 1000', 'heap', 'free 0x01002000',
    'blocks 0');
my $signs = '  . free  o one block  < first  = inside  > last of several';
like $before, qr/^\Q$signs\E$/m, 'the legend of blocks N';
like $kept, qr/^ +0 0x01000000  oo---ooooo/m, 'blocks N shows what is kept';
like $kept, qr/^\Q$signs\E  - kept for reuse$/m, '.. and so does its legend';
is $two, "  0x01005000  block 5\n  0x01006000  block 6\n", 'alloc shows two of two';
is $three, "  0x01007000  block 7\n  (1 more between)\n  0x01009000  block 9\n", '.. two of three';
like $thousand, qr/\A  0x\w{8}  block \d+\n  \(998 more between\)\n  0x\w{8}  block \d+\n\z/,
    '.. two of a thousand, and says so';
like $owners, qr/^  shell +8 blocks  +32 K$/m, 'what it gave is the shell\'s';

my ($unknown, $few, $many, $word, $size, $past, $count, $no_fault, $zero, $huge, $empty) = session(
    '', 'frobnicate', 'alloc', 'map now', 'free here', 'alloc 5000000000', 'blocks 99999999',
    'alloc 4K 0', 'fault xyz', 'alloc 0', 'alloc 4095M', '');
is $unknown, "frobnicate: no such command; expected: one that help lists\n", 'an unknown command';
is $few, "alloc: 0 arguments given; expected: alloc BYTES [COUNT]\n", 'too few arguments';
like $many, qr/^map: 1 arguments given; expected: map/, 'too many';
like $word, qr/^here is no address; expected: a number like .*\n\z/, 'not a number';
like $size, qr/^5000000000 is no size; expected: .*\n\z/, 'a number past 4 GB';
like $past, qr/^block 99999999 is past the end; expected: 0 to 12255\n\z/, 'a block past the end';
like $count, qr/^count 0 is too many or none; expected: 1 to \d+\n\z/, 'a count of none';
like $no_fault, qr/^xyz: no such fault; expected: .*\n\z/, 'an unknown fault';
like $zero, qr/^  no memory for 0 bytes/, 'no bytes';
like $huge, qr/^  no memory for 4293918720 bytes/, 'more than there is';
is $empty, '', 'an empty line';

# What is on the bus: what QEMU says of it, too; and a machine that has none.
my $pci = boot(machine => 'q35', extra => ['-device', 'qemu-xhci', '-device', 'pcie-root-port,id=root',
    '-device', 'e1000e,bus=root'], script => [[qr/plat> /, "lspci\r"], [qr/plat> /, "poweroff\r"]]);
for my $line ('00:00.0  8086:29c0  host bridge', '1b36:000d  USB controller (xHCI)', '1b36:000c  PCI bridge',
    '00:1f.2  8086:2922  SATA controller', '01:00.0  8086:10d3  Ethernet controller') {
    like $pci->{text}, qr/^  .*\Q$line\E$/m, "lspci: $line";
}
$pci = boot(machine => 'isapc', # which does not go off
    script => [[qr/plat> /, "lspci\r"], [qr/plat> /, sub { kill 'TERM', $_[0] }]]);
like $pci->{text}, qr/^  there is no PCI bus$/m, 'lspci: an old machine has none';

# The form for reports shows what sysinfo prints: the same beginnings of lines, in the same order.
my ($sysinfo) = session('', 'sysinfo');
open my $form, '<', '.github/ISSUE_TEMPLATE/report.yml' or die $!;
my ($example) = join('', <$form>) =~ /placeholder: \|\n((?: {8}[^\n]*\n)+)      render: text\n/;
my @shown = $example =~ /^ {8}([\w-]+:)/mg;
is_deeply \@shown, [$sysinfo =~ /^([\w-]+:)/mg], 'the form for reports shows what sysinfo prints'
    or diag $sysinfo;

# Arrow keys and erasing, as a terminal sends them: "hexp", two left, delete, "l", end.
my ($edited, $recalled) = session('', "hexp\033[D\033[D\033[3~l\033[F", "\033[A");
like $edited, qr/^  help /m, 'a line that was edited';
like $recalled, qr/^  help /m, 'a line from the history';

# Lines of more than a row, and of more than there is room for: whole, or not obeyed at all.
for my $length (72, 73, 79, 80, 81, 200, 255) {
    my $line = 'free ' . join '', map { chr(ord('a') + $_ % 26) } 1 .. $length - 5;
    my ($answer) = session('', $line);
    is $answer, substr($line, 5) . " is no address; expected: a number like 4096, 0x1000 or 4K, "
        . "below 4G\n", "c71: a line of $length characters";
}
my @refused = session('', 'free ' . 'x' x 251, 'x' x 1000, 'alloc 12K' . ' ' x 300, "\033[A");
is $_, "line: longer than 255 characters; nothing of it is obeyed\n", '.. a longer one is refused'
    for @refused[0 .. 2];
is $refused[3], '', '.. and not remembered';
my ($moved) = session('', 'xee' . ' ' x 120 . "0x10\033[H\033[1;5C\bfr\033[F" . "0\177");
like $moved, qr/^heap: kfree\(0x00000010\) refused: out of range/, '.. and the cursor moves in a long one'
    or diag $moved;

# The keyboard, pressed through QEMU's monitor: what KEYS have typed, each line of them.
my $socket = "build/tests/keyboard.$$";
mkdir 'build/tests';
sub typed {
    my @keys = @_;
    my $typed = boot(extra => ['-monitor', "unix:$socket,server=on,wait=off"],
        script => [[$prompt, sub {
            my $monitor = IO::Socket::UNIX->new(Peer => $socket) or return kill 'KILL', $_[0];
            for my $key (@keys, 'ret') {
                print $monitor "sendkey $key\n";
                select undef, undef, undef, 0.2;
            }
        }], [$prompt, "poweroff\r"]]);
    unlink $socket;
    return $typed->{text};
}
like typed(qw(h e l o backspace p)), qr/^  uptime  .*^plat> poweroff/ms,
    'keys of the keyboard arrive, in order';

# "free " and what the keypad types; the lights are set meanwhile, and no key is lost.
my @free = (qw(f r e e spc), 'x');
my @keypad = map { "kp_$_" } 0 .. 9, qw(decimal divide multiply subtract add);
like typed(@free, 'num_lock', @keypad, 'less', 'shift-less'),
    qr{^plat> free x0123456789\./\*-\+\\\|$}m, 'k11: the keypad with Num Lock, and the key of 105';
like typed(@free, qw(num_lock kp_1 num_lock kp_1 kp_5 kp_9 kp_7), ('kp_6') x 5,
    qw(kp_decimal kp_add kp_4 kp_subtract kp_1 kp_multiply caps_lock a b caps_lock c kp_enter)),
    qr{^-\+1\*ABc is no address}m, '.. without it, keys that move, and Caps Lock';

my $boot = boot(append => 'heap_panic', script => [[$prompt, "free 0x01000001\r"]]);
is $boot->{status}, PANIC, 'heap_panic: misuse ends the kernel';
like $boot->{text}, qr/refused: misaligned.*^panic: heap misuse, and heap_panic is on$/ms,
    '.. after the reason';
like $boot->{text}, qr/^panic: .*\n  at [0-9a-f]{8} kheap_say_refused\+0x.*\n  at [0-9a-f]{8} kfree\+0x.*\n/m,
    '.. with the chain of calls, from the one that panicked';

$boot = boot(script => [[$prompt, "reboot\r"]]);
is $boot->{status}, 0, 'reboot resets the machine';

$boot = boot(append => 'shell=no', exit_device => 0,
    script => [[qr/^done\r\n/m, sub { kill 'TERM', $_[0] }]]);
like $boot->{text}, qr/^done\n\z/m, 'shell=no ends in done';

done_testing;
