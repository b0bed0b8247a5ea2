#!/usr/bin/perl
# gdb's plat commands against what the shell itself says, word for word; on a kernel that has
# panicked, while ring 3 runs, and on tables that are broken on purpose.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use IO::Socket::INET;
use Machine;
use Test::More;

plan skip_all => 'gdb with Python is not installed'
    unless `gdb -nx -batch -ex 'python print(6 * 7)' 2>&1` =~ /^42$/m;

my $prompt = qr/^plat> \z/m;
my @addresses = qw(0x100123 0xff 0x1000000 0x3ff000 0xd0000123 0xd0fff123 0xfffff000);

# A machine at its prompt that has done LINES.
sub machine {
    my ($with, @lines) = @_;
    my $machine = Machine->start(modules => programs(), %$with);
    my $booted = $machine->wait_for($prompt);
    ok defined $booted, 'the machine starts' or diag $machine->{text};
    return ($machine, $machine->answers(@lines));
}

# A process's directory is no part of what the shell says.
sub without_directory { return $_[0] =~ s/^(.{38})  (?:directory |0x\w{8}|none      )/$1/mgr }

# Everything that both say.
sub agrees {
    my ($machine, $name) = @_;
    my @shell = ('heap', 'blocks', 'blocks 0', 'blocks 700', 'stats', map { "translate $_" }
        @addresses);
    my @said = $machine->answers(@shell);
    my @gdb = $machine->gdb('plat heap', 'plat check', 'plat blocks', 'plat blocks 0',
        'plat blocks 700', 'plat stats', (map { "plat walk $_" } @addresses));
    splice @gdb, 0, 2, "$gdb[0]$gdb[1]";
    is $gdb[$_], $said[$_], "$name: $shell[$_]" for 0 .. $#shell;
    like $said[0], qr/^  check: sound\n\z/m, '.. and the kernel itself finds it sound';
    my ($ps, $processes);
    for (1 .. 10) { # whoever waits for a key is not always asleep
        $ps = $machine->type('ps');
        ($processes) = $machine->gdb('plat processes');
        last if $ps eq without_directory($processes);
    }
    is without_directory($processes), $ps, "$name: ps";
    return $processes;
}

my @work = ('alloc 12K', 'alloc 100 500', 'alloc 8 3', 'alloc 3000 40', 'alloc 20000 5',
    'alloc 20K 30', 'run stress');
my ($machine, $three, $small, $tiny, $middle) = machine({ memory => 128 }, @work);
syswrite $machine->{to}, "run sh &\r"; # two prompts, in any order
ok defined $machine->wait_for(qr/\A(?=.*^plat> )(?=.*sh> )/ms), 'a process waits';
$machine->type('');
my $processes = agrees($machine, 'as it runs');
like $processes, qr/ 0x[0-9a-f]{8}  kernel\n.* 0x[0-9a-f]{8}  sh\n\z/s, '.. with directories';

# Where a lot of the window of kernel stacks begins there is a guard, and no stack.
my ($window) = ($machine->gdb("p/x 'src/process/kernel_stack.c'::windows->start"))[0] =~ /(0x\w+)/;
for my $page (0, 1, 3, 4, 6) {
    my $address = sprintf '0x%08x', 4096 * $page + hex $window;
    my $said = $machine->type("translate $address");
    is +($machine->gdb("plat walk $address"))[0], $said, "plat walk $address, near a kernel stack";
    is $said =~ /is in the guard below a process's kernel stack/ ? 1 : 0, $page % 3 ? 0 : 1,
        '.. a guard or none';
}

# -- plat owner -----------------------------------------------------------------------------------

my ($block_of_three) = $three =~ /block (\d+)$/m;
my ($first_small) = $small =~ /^  (0x\w{8})/;
my ($first_middle) = $middle =~ /^  (0x\w{8})/;
$machine->answers("free $first_small", "free $first_middle");
my $second = sprintf '0x%08x', 0x1000000 + 4096 * ($block_of_three + 1);
my ($inside, $freed, $live, $unit, $free_units, $last, $outside) = $machine->gdb(
    "plat owner $second+5", "plat owner $first_small+100", "plat owner $first_small-112",
    "plat owner $first_middle+3072", "plat owner $first_middle+3071", 'plat owner 0x07fdf000',
    'plat owner 0x1000');
my $in_three = "  0x%08x is in block %d, byte 0x81: shell, 3 blocks from block %d on (0x%08x)\n";
is $inside, sprintf($in_three, 5 + hex $second, $block_of_three + 1, $block_of_three,
    hex($second) - 4096),
    'plat owner: inside of an allocation';
my ($next_small, $next_middle) = map { sprintf '0x%08x', $_ } -112 + hex $first_small,
    3072 + hex $first_middle;
my $span = '  span of units of 256 bytes: 12 of them, from';
like $freed, qr/\n  slab of 112 bytes: object 0 of 36, from $first_small on, free\n\z/,
    '.. a freed object';
like $live, qr/\n  slab of 112 bytes: object 1 of 36, from $next_small on, live\n\z/,
    '.. a live one';
like $unit, qr/\n$span $next_middle on, live\n\z/, '.. a middle size';
like $free_units, qr/\n$span $first_middle on, free\n\z/, '.. one that is free';
is $last, "  0x07fdf000 is in block 28639, byte 0x00: free\n", '.. the last block';
is $outside, "plat: 0x00001000 is not in the heap; expected: 0x01000000 to 0x07fdffff\n",
    '.. no block';

# plat slabs adds up to what the shell counts.
my ($slabs) = $machine->gdb('plat slabs');
my ($objects, $nbytes) = $machine->type('stats') =~ /^  small objects: (\d+) live, (\d+) bytes/m;
my ($sum, $sum_bytes) = (0, 0);
$sum += $2, $sum_bytes += $1 * $2 while $slabs =~ /^ +(\d+) bytes +\d+ +(\d+) +\d+$/mg;
is "$sum $sum_bytes", "$objects $nbytes", 'plat slabs counts the objects that stats counts';

# -- Another directory, and ring 3 ----------------------------------------------------------------

my ($pid) = $processes =~ /^ +(\d+) .* sh$/m;
my ($text, $stack, $kernel) = $machine->gdb("plat walk 0x400000 $pid", "plat walk 0x3fe000 $pid",
    "plat walk 0x400000");
like $text, qr/: physical \w{8}, (?:read-only|writable), for all$/m, 'plat walk: a program';
my ($frame) = $stack =~ /: physical (\w{8}), writable, for all$/m;
ok $frame, '.. its stack' or $frame = '0';
like +($machine->gdb("plat owner 0x$frame"))[0], qr/: process, /, ".. which is a process's block";
like $kernel, qr/: physical 00400000, writable, kernel only/, '.. and not the kernel\'s';
$machine->end;

# On a small machine the heap lies where programs do. All blocks up to the log, below the programs'
# stack, are taken here, so that the small objects lie where ring 3 sees that instead.
my $next;
($machine, $next) = machine({ memory => 16, modules => programs('count') }, 'alloc 4K');
my ($from) = $next =~ /^  (0x\w{8})/;
my $blocks = (0x3ea000 - 4096 - hex $from) / 4096;
like $machine->type("alloc 4K $blocks"), qr/^  0x003e9000 /m, 'the heap is filled up to the log';
like $machine->type('alloc 100 40'), qr/^  0x003fc/m, '.. and goes on there';
my @before = $machine->answers('blocks', 'blocks 0', 'translate 0x400000');
$machine->type('run count 200000000 &');
my ($selector, $mapped, $slab_lines, $check, @ring3);
for (1 .. 50) {
    ($selector, $mapped, $slab_lines, $check) = $machine->gdb('p $cs & 3', 'plat walk 0x400000',
        'plat slabs', 'plat check');
    last if $selector =~ /= 3$/m;
    select undef, undef, undef, 0.05;
}
like $selector, qr/= 3$/m, 'the machine stops in ring 3';
like $mapped, qr/, for all$/m, ".. with the process's directory";
like $before[2], qr/, kernel only/, ".. which is not the kernel's";
is $check, "  check: sound\n", '.. and the heap is read all the same';
like $slab_lines, qr/^   112 bytes +2 +40 +72$/m, '.. every object';
$machine->end;

# -- Other heaps, machines and processors ---------------------------------------------------------

for (['heap=free_list', {}], ['heap=best_fit', {}], ['heap_watch', {}], ['heap_guard=2', {}],
    ['', { memory => 3584 }], ['', { cpu => '486' }], ['', { cpu => '486', memory => 8 }]) {
    my ($append, $with) = @$_;
    my $name = join ' ', grep { $_ } $append, $with->{cpu}, $with->{memory} && "-m $with->{memory}";
    ($machine, my $hundreds) = machine({ append => $append, %$with,
        modules => programs('hello', 'stress') }, 'alloc 100 300', 'alloc 3000 20', 'alloc 8K 10',
        'run hello', 'alloc 40 1000');
    $machine->type("free $1") while $hundreds =~ /^  (0x\w{8})/mg; # more than one free piece
    agrees($machine, $name);
    my ($from) = $machine->type('alloc 777') =~ /^  (0x\w{8})/;
    my ($owner) = $machine->gdb("plat owner $from+5");
    if ($append eq 'heap_watch') {
        # What is freed wrongly is told by the record; then it is freed, and held back.
        my $wrong = sprintf 'free 0x%08x', 5 + hex $from;
        my ($words) = $machine->type($wrong) =~ /^heap: [^\n]*\n(.*)\z/s;
        is $owner =~ s/\A.*\n.*\n//r, $words, "$name: the record, in the kernel's words";
        $machine->type("free $from");
        ($words) = $machine->type($wrong) =~ /^heap: [^\n]*\n(.*)\z/s;
        ($owner) = $machine->gdb("plat owner $from+5");
        like $words, qr/^  freed by /m, '.. when it was freed';
        is $owner =~ s/\A.*\n.*\n//r =~ s/, freed and held back$//mr, $words, '.. the same';
    } elsif ($append =~ /free_list|best_fit/) {
        my ($where) = $machine->type("translate $from") =~ /: physical (\w{8})/;
        my $header = sprintf '0x%08x', -16 + hex $from;
        like $owner, qr/ is in the growing heap's window, \w+: 800 bytes from $header on, live$/m,
            "$name: plat owner of an address in the window";
        like $owner, qr/^  its frame: @{[sprintf '0x%08x', 5 + hex $where]}, block \d+\n\z/m,
            '.. and of its frame';
    }
    $machine->end;
}

# -- Broken tables --------------------------------------------------------------------------------

($machine) = machine({}, 'alloc 12K', 'alloc 100 40', 'alloc 1000 3', 'alloc 3000 2', 'alloc 4K',
    'free 0x01002000');
my ($total, $table) = $machine->{text} =~ /^heap: \S+ (\d+) blocks, table (0x\w+)$/m;
my $heap = "'src/memory/kheap/kheap.c'::state.heap";
my @damage = ( # what is written, and the sentence
    ["{char}($table+6) = 2", 'block 6 (0x01006000): byte 0x02 is none of the five'],
    ["{char}($table+3) = 0", 'block 2 (0x01002000): byte 0xc1 has a next block, but 0x00 follows'],
    ["{char}($table+100) = 0x81", 'block 100 (0x01064000): byte 0x81 has no first block before it'],
    ["{char}($table+$total-1) = 0xc1", sprintf('block %d (0x%08x): the last block has a next one',
        $total - 1, 0x1000000 + 4096 * ($total - 1))],
    ["{char}($table+100) = 0x41", 'taken blocks: the heap says 17, and there are 18'],
    ["$heap.heap.statistics.allocations = 3", 'allocations: the heap says 3, and there are 8'],
    ["$heap.heap.statistics.peak = 1", 'the peak of 1 blocks is not between taken and total'],
    ["$heap.table.runs[2].length = 4",
        'block 2 (0x01002000): length 4 is known of a run of 3 blocks'],
    ["$heap.table.runs[$total-1].length = 4", qr/: length 4 is known of a run of \d+ blocks$/],
    ["$heap.owners[5] = 99", 'block 5 (0x01005000): owner 99 has no meaning'],
    ["$heap.owners[5] = 0", 'block 5 (0x01005000): no owner where an allocation begins'],
    (map { [sprintf("$heap.owners[%d] = %d", @$_), sprintf 'block %d (0x%08x): an owner where no '
        . "allocation begins, or a span's block without", $_->[0], 0x1000000 + 4096 * $_->[0]] }
        [3, 4], [10, 0]),
    ["$heap.owners[7] = 5", 'the class of 1024 bytes serves from block 7, which is no slab'],
    ["$heap.kept.blocks = 4", 'kept blocks: the heap says 4, and there are 3'],
    ["$heap.kept.newest[3] = -1", 'kept runs: the heap says 0, and there are 1'],
    ["$heap.slabs.free[5][0] = 1",
        'block 5 (0x01005000): a slab with 35 of 36 objects live says that it is full'],
    ["$heap.slabs.free[5][1] = 0x80000000",
        'block 5 (0x01005000): an object is free that does not exist'],
    ["$heap.slabs.slabs[5].size = 96",
        'block 5 (0x01005000): a slab of 96 bytes has a wrong size or class'],
    ["$heap.slabs.classes[6].newest = 5",
        'the list of slabs of 112 bytes does not lead back to block 5'],
    ["$heap.slabs.classes[6].newest = 9", 'the list of slabs of 112 bytes leads to block 9'],
    ["$heap.slabs.classes[6].current = -1",
        'block 6 (0x01006000): a slab is current, and its class does not know, or the reverse'],
    ["$heap.spans.spare = 8", 'the spare span is not the one that is empty'],
    ["$heap.spans.newest[104] = -1", 'the list of free runs of 104 units is not what it should be'],
    ["$heap.spans.bins[3] = 0", 'the bit of free runs of 104 units is wrong'],
    ["$heap.spans.tags[129] = 0x405",
        'block 8 (0x01008000): unit 0 begins no run, or one that is cut short'],
    ["$heap.spans.tags[128] = 0x40c", "block 8 (0x01008000): a span's ends are not marked"],
    (map { ["heap_map.$_ = 7", 'heap_map says something else than the heap'] } qw(nblocks directory
        small bits unit_bytes span_blocks design window_break npieces header_bytes)),
);
my @sound = $machine->gdb('plat check', 'plat blocks 0');
is $sound[0], "  check: sound\n", 'before anything is broken';
for (@damage) {
    my ($order, $sentence) = @$_;
    my ($place) = $order =~ /^(.*?) = /;
    my ($was, $said, $again) = ($machine->gdb("set \$was = $place", "set var $order", 'plat check',
        "set var $place = \$was", 'plat check'))[0, 2, 4];
    $said =~ s/^  check: (.*)\n\z/$1/;
    ref $sentence ? like $said, $sentence, $order : is $said, $sentence, $order;
    is $again, "  check: sound\n", '.. and sound again' or diag $was;
}
$machine->end;

# A free run that its bin has lost, and a growing heap's header.
($machine) = machine({ append => 'heap=free_list' }, 'alloc 8K 3', 'alloc 100 3');
my ($first, $length) = $machine->type('stats') =~ /(\d+) taken, (\d+) free/;
my $octave = int(log($length) / log 2);
my $bin = 65 + 8 * ($octave - 6) + ($length >> $octave - 3) % 8; # heap.h
my ($lost, $header) = ($machine->gdb("set var $heap.heap.newest[$bin] = -1",
    'plat check', "set var $heap.heap.newest[$bin] = $first", 'set {int}0xd0000080 = 1',
    'plat check'))[1, 4];
is $lost, sprintf("  check: block %d (0x%08x): a free run is not in the bin of its length\n",
    $first, 0x1000000 + 4096 * $first), 'a free run that its bin does not know';
is $header, "  check: the header at 0xd0000080 was overwritten\n", 'a header in the window';
$machine->end;

# -- Kernels that have no heap, have panicked, or are not there -----------------------------------

($machine) = machine({}, 'alloc 12K', 'alloc 100 40');
my @shell = $machine->answers('heap', 'blocks', 'blocks 0', 'stats');
syswrite $machine->{to}, "fault null\r";
ok defined $machine->wait_for(qr/^panic: the machine stands still$/m), 'the kernel panics';
my @dead = $machine->gdb('plat heap', 'plat check', 'plat blocks', 'plat blocks 0', 'plat stats');
splice @dead, 0, 2, "$dead[0]$dead[1]";
is_deeply \@dead, \@shell, '.. and gdb says what the shell had said';
$machine->end;

# Another version than the commands know.
($machine) = machine({});
is +($machine->gdb('set var heap_map.version = 1', 'plat heap'))[1],
    "plat: the kernel's heap_map has version 1; expected: 2\n", 'another version of heap_map';
$machine->end;

my $none = "plat: the kernel has no heap yet; expected: one that is past kheap_init\n";
$machine = Machine->start(append => 'stop=map');
ok defined $machine->wait_for(qr/^done$/m), 'a kernel that stops before its heap';
my @commands = ('heap', 'blocks', 'stats', 'owner 0x1000000', 'slabs', 'check');
is_deeply [$machine->gdb(map { "plat $_" } @commands)], [($none) x @commands], '.. has none';
like +($machine->gdb('plat processes'))[0], qr/\Aplat: there are no processes yet; .*\n\z/,
    '.. nor processes';

my ($help, $unknown, $few, $many, $no_address, $far, $no_block, $no_process) = $machine->gdb(
    'help plat', 'plat frobnicate', 'plat owner', 'plat heap now', 'plat walk nowhere',
    'plat walk 0x100000000', 'plat blocks 0x', 'plat walk 0 7');
like $help, qr/^plat $_ -- /m, "help plat lists $_" for qw(heap blocks stats owner slabs walk
    processes check);
is $unknown, "plat: frobnicate is no command; expected: one that help plat lists\n",
    'an unknown command';
is $few, "plat: 0 arguments given; expected: plat owner ADDRESS\n", 'too few arguments';
is $many, "plat: 1 arguments given; expected: plat heap\n", 'too many';
is $no_address, "plat: nowhere is no address; expected: a number, \$register or a symbol\n",
    'no number';
is $far, "plat: 0x100000000 is no address; expected: one below 4 GB\n", 'past 4 GB';
like $no_process, qr/\Aplat: there are no processes yet; /, 'no process';
$machine->end;

$machine = Machine->start(no_kernel => 1, extra => ['-S']);
is_deeply [$machine->gdb('plat heap', 'plat walk 0', 'plat processes')],
    [('plat: that memory holds no kernel, or another one; expected: one that has started, and gdb '
    . "on its ELF file\n") x 3], 'a machine without a kernel';
$machine->end;

my $gdb = 'gdb -nx -q -batch build/plat.elf -x scripts/plat-gdb.py';
my $no_machine = 'plat: no machine; expected: target remote :1234, and QEMU started with -s '
    . "there\n";
is `$gdb -ex 'plat heap' 2>&1 </dev/null`, $no_machine, 'no machine';
is `$gdb -ex 'plat walk 0' 2>&1 </dev/null`, $no_machine, '.. for a page walk';

# -- make gdb -------------------------------------------------------------------------------------

my $listener = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die $!;
my $port = $listener->sockport;
close $listener;
# A port that is somebody else's, and may lead to another machine.
my $taken = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die $!;
my $told = `PORT=@{[$taken->sockport]} timeout 60 scripts/run gdb build/plat.elf 2>&1 </dev/null`;
is $? >> 8, 1, 'make gdb: with a port that is taken, gdb is not started';
like $told, qr/^run: QEMU does not start; where port \d+ is taken, PORT=N names another$/m,
    '.. and why';
unlike $told, qr/^Remote debugging/m, '.. nor is another machine looked at';
close $taken;

my $commands = "$machine->{directory}/commands";
open my $file, '>', $commands or die $!;
print $file "plat heap\nhbreak shell_run\ncontinue\nplat check\nplat processes\nkill\nquit\n";
close $file;
my @programs = split /,/, programs();
my $session = `PORT=$port scripts/run gdb build/plat.elf @programs <$commands 2>&1`;
like $session, qr/^\(gdb\) \Q$none\E/m, 'make gdb: stops before there is a heap';
like $session, qr/^Breakpoint 2, .*shell_run/m, '.. goes on';
like $session, qr/^\(gdb\)   check: sound$/m, '.. and has the commands';
done_testing;
