#!/usr/bin/perl
# Single bits of a running kernel are flipped through gdb, at its prompt, with processes that run and
# that sleep. Each flip ends in words: a sentence of check, or a panic; never in a reset, in silence,
# or in "sound".
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use IO::Select;
use IO::Socket::UNIX;
use Machine;
use Test::More;

plan skip_all => 'gdb is not installed' unless `gdb -nx -batch -ex 'print 6 * 7' 2>&1` =~ /= 42$/m;

my $scheduler = "'src/process/scheduler.c'::scheduler";
my $kernel = "'src/process/process.c'::kernel";
my $paging = "'src/memory/paging/paging.c'::paging";
my $directory = "'src/memory/paging/kernel_space.c'::directory";
my $gates = "(unsigned *)&'src/cpu/trap.c'::trap.gates";
my $gdt = "(unsigned *)&'src/cpu/gdt.c'::table";
my $tss = "&'src/cpu/gdt.c'::gdt.main";
my $rescue = "&'src/cpu/gdt.c'::gdt.double_fault";

# $p1 to $p4 are the processes 1 to 4, in the order of their start. $second is the second of those
# that sleep, and not the last: its time has neighbours on both sides.
my $offset = '(unsigned)&((struct process *)0)->all';
my $queue = '(unsigned)&((struct process *)0)->queue';
my @names = ("set \$l = $scheduler.all.next", (map { ('set $l = $l->next',
    "set \$p$_ = (struct process *)((char *)\$l - $offset)") } 1 .. 4),
    "set \$second = (struct process *)((char *)$scheduler.asleep.next->next - $queue)");

# Where, which bits of that word, and what is said about it. What the processor may stumble on
# before anybody looks ends in a panic of any words.
my @flips = (
    # Lists.
    ["&$scheduler.all.next", [2, 5, 20, 31], qr/list of all processes/],
    ["&$scheduler.all.previous", [3, 22], qr/list of all processes/],
    ["&$kernel.all.next", [4, 17], qr/list of all processes/],
    ['&$p1->all.next', [2, 6, 12, 25, 31], qr/list of all processes/],
    ['&$p3->all.previous', [5, 13], qr/list of all processes/],
    ["&$scheduler.asleep.next", [4, 9, 28], qr/queue of processes that sleep/],
    ["&$scheduler.asleep.previous", [6], qr/queue of processes that sleep/],
    ['&$p1->queue.next', [4, 8, 30], qr/queue of processes that sleep/],
    ['&$p2->queue.previous', [5, 14], qr/queue of processes that sleep/],
    ['&$p1->siblings.next', [2, 11, 29], qr/list of children/],
    ['&$p2->siblings.previous', [7], qr/list of children/],
    ['&$p2->children.next', [3, 21], qr/list of children/],
    ["&$kernel.children.next", [5, 16], qr/list of children/],
    ["&$kernel.queue.next", [4], qr/queue|list at/],
    ["&$scheduler.ready.next", [2, 20], qr/queue of processes that are ready|list at/],
    # What one process is.
    ['&$p1->pid', [0, 4, 31], qr/what one of them is/],
    ['&$p2->name', [0, 9], qr/what one of them is/],
    ['&$p1->directory', [3, 12, 13, 24], qr/what one of them is/],
    ['&$p2->stack', [12, 13, 20], qr/what one of them is/],
    ['&$p2->state', [0, 7], qr/what one of them is|queue/],
    ['&$p2->state', [1], qr/queue/, 'acted on'], # it has ended: the shell forgets it
    ['&$second->wake_at', [12, 20], qr/out of order/],
    ['&$p1->parent', [4, 18], qr/list of children/],
    ['&$p1->esp', [0, 2, 13, 28], qr/stand still/],
    ["&$scheduler.last_pid", [31], qr/number/],
    ["&$scheduler.gone", [5, 22], qr/has just ended|page fault/],
    # Directories and tables.
    ["&${directory}[5]", [0, 1, 2, 7, 22, 31], qr/kernel's directory is not what/],
    ["&${directory}[900]", [0, 3, 9], qr/kernel's directory is not what/],
    ["(unsigned *)(${directory}[0] & ~4095) + 10", [0, 1, 12], qr/page tables are not what/],
    ["(unsigned *)(${directory}[\$p1->stack >> 22] & ~4095) + (\$p1->stack >> 12) % 1024",
        [1, 12, 30], qr/page tables are not what/],
    ['&$p1->directory->directory_entry[700]', [1, 2, 25], qr/a directory differs from the kernel/],
    ['&$p1->directory->next', [13, 31], qr/list of directories/],
    ["(unsigned *)(\$p1->directory->directory_entry[0] & ~4095) + 300", [1, 2, 14],
        qr/directory's table differs/],
    ['&$p2->directory->directory_entry[1]', [7, 14, 30],
        qr/a directory/],
    # Text and constants.
    ['(unsigned *)command_uptime', [0, 13, 31], qr/text or constants/],
    ['(unsigned *)&symbols_kernel + 9', [4], qr/text or constants/],
    # What ends in a panic by itself, most of it before anything stumbles on it.
    ["$gates + 2 * 14", [3, 19], qr/the IDT's gate 14/],
    ["$gates + 2 * 13 + 1", [15, 9], qr/the IDT's gate 13/],
    ["$gates + 2 * 8", [20], qr/the IDT's gate 8/],
    ["$gates + 2 * 60 + 1", [15], qr/the IDT's gate 60/],
    ["$gates + 2 * 128 + 1", [13], qr/the IDT's gate 128/],
    ["$gates + 2 * 32 + 1", [15, 12], qr/the IDT's gate 32/],
    ["$gates + 2 * 32", [20], qr/the IDT's gate 32/],
    ["$gdt + 3", [15, 11], qr/the GDT's word 3/],
    ["$gdt + 5", [15], qr/the GDT's word 5/],
    ["$gdt + 7", [13], qr/the GDT's word 7/],
    ["$gdt + 10", [20], qr/the GDT's word 10/],
    ["$gdt + 13", [9], qr/the GDT's word 13/],
    ["$gdt + 17", [15], qr/the GDT's word 17/],
    ["$tss.ss0", [4], qr/the TSS's word 2/],
    ["$tss.trap", [18], qr/the TSS's word 25/],
    ["$tss.eax", [2], qr/the TSS's word 10/],
    ["$rescue.eip", [14], qr/the double fault's TSS's word 8/],
    ["$rescue.cr3", [12], qr/the double fault's TSS's word 7/],
    ["&${directory}[0]", [2, 3], qr/the kernel's directory's entry 0/],
    ["(unsigned *)(${directory}[0] & ~4095) + 256", [1], qr/the image's page 256/],
    ["(unsigned *)(${directory}[0] & ~4095) + ((unsigned)&symbols_kernel >> 12) + 1", [0, 12, 15],
        qr/the image's page|text or constants/]);

local $SIG{PIPE} = 'IGNORE'; # some end before they are typed to
my %device = (extra => ['-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04']);

# At its prompt, with three that sleep and one that runs.
sub machine {
    my $machine = Machine->start(%device, modules => programs('many', 'count'), @_);
    $machine->wait_for(qr/^plat> \z/m) // die $machine->{text};
    $machine->answers(('run many asleep &') x 3, 'run count 4000000000 &');
    for (1 .. 100) { # until they sleep
        last if 3 == (() = $machine->type('ps') =~ / asleep /g);
    }
    my @places = $machine->gdb(@names, map { "printf \"%x\", (unsigned)($_->[0])" } @flips);
    $machine->{places} = [map { hex } @places[@names .. $#places]];
    return $machine;
}

# What gdb's protocol answers next over SOCKET. That the machine has stopped comes by itself, or, from
# QEMU 8.1 on, only to whoever has asked.
sub answer {
    my ($socket) = @_;
    while (1) {
        my ($answer, $said) = '';
        until (($said) = $answer =~ /\$(.*)#..\z/) {
            IO::Select->new($socket)->can_read(60) && sysread $socket, $answer, 1, length $answer
                or die "no answer from QEMU: '$answer'";
        }
        syswrite $socket, '+';
        return $said unless $said =~ /^[TS][0-9a-f]{2}/;
    }
}

sub order {
    my ($socket, $text) = @_;
    syswrite $socket, sprintf '$%s#%02x', $text, unpack '%8C*', $text;
    return answer($socket);
}

# Flips BIT of the word at ADDRESS, physical memory; the machine stands still meanwhile.
sub flip {
    my ($machine, $address, $bit) = @_;
    my $socket = IO::Socket::UNIX->new(Peer => $machine->{gdb}) or die "$machine->{gdb}: $!";
    order($socket, 'Qqemu.PhyMemMode:1');
    my $word = unpack 'V', pack 'H*', order($socket, sprintf 'm%x,4', $address);
    order($socket, sprintf 'M%x,4:%s', $address, unpack 'H*', pack 'V', $word ^ 1 << $bit);
    order($socket, 'Qqemu.PhyMemMode:0');
    order($socket, 'D;1') eq 'OK' or order($socket, 'D'); # gdb itself was there, or was not
}

my $machine = machine();
is $machine->type('check'), "  check: sound\n", 'before anything is flipped';
my $count = 0;
for my $i (0 .. $#flips) {
    my ($place, $bits, $words, $acted) = @{ $flips[$i] };
    for my $bit (@$bits) {
        my $name = "$place, bit $bit" =~ s/'src.*?'::|\(unsigned \*\)//gr;
        my ($address, $from) = ($machine->{places}[$i], length $machine->{text});
        flip($machine, $address, $bit);
        syswrite $machine->{to}, "check\r";
        $machine->{seen} = $from;
        $machine->wait_for(qr/^  check: .*\n(?:.*\n)*?(?:plat> \z|panic: the machine stands still\n)/m);
        my $said = substr $machine->{text}, $from;
        $said =~ /^(?:  check|panic): /m or die "$name: nothing is said: $said";
        like $said, qr/^(?:  check|panic): .*(?:$words)/m, "$name: is said";
        $count++;
        if ($said =~ /^panic: /m) {
            is $machine->left, PANIC, '.. by a panic, to its end' or diag $said;
        } else {
            eval { flip($machine, $address, $bit) }; # or it has panicked meanwhile
            my $again;
            for (1 .. 10) { # an entry of a table stays in the TLB until the next switch
                $again = $machine->type('check');
                last if !defined $again || $again eq "  check: sound\n";
                select undef, undef, undef, 0.2;
            }
            next if defined $again && $again eq "  check: sound\n";
            if (defined $again) {
                is $again, "  check: sound\n", "$name: and sound when it is flipped back" unless $acted;
                $machine->end;
            } else { # just after what was said
                is $machine->left, PANIC, '.. and a panic, to its end' or diag $machine->{text};
            }
        }
        $machine = machine();
    }
}
note "$count flips";

# Nobody asks: the timer looks.
flip($machine, $machine->{places}[$_], $flips[$_][1][0]), last
    for grep { $flips[$_][0] eq "$gates + 2 * 60 + 1" } 0 .. $#flips;
ok defined $machine->wait_for(qr/^panic: the IDT's gate 60 was changed: /m),
    'a flip is said at a tick';
is $machine->left, PANIC, '.. by a panic, to its end';
like $machine->{text}, qr/^  check: the IDT's gate 60 was changed: /m, '.. with the check';

# Other processors, pages and heaps have nothing to say while nothing is flipped.
for (['486', ''], ['pentium', ''], ['max', ''], [undef, 'pse=no'], [undef, 'heap=free_list'],
    [undef, 'heap=best_fit'], [undef, 'heap_watch'], [undef, 'heap_guard=2']) {
    my ($cpu, $append) = @$_;
    $machine = Machine->start(%device, append => $append, $cpu ? (cpu => $cpu) : (),
        modules => programs('many', 'hello'));
    $machine->wait_for(qr/^plat> \z/m);
    my @said = $machine->answers('check', 'run many asleep &', 'run many 20', 'run hello', 'check',
        'kill 1', 'check');
    is join('', @said[0, 4, 6]) =~ s/^  many \(1\) .*\n//mr, "  check: sound\n" x 3,
        ($cpu // '') . "$append: sound" or diag $machine->{text};
    $machine->end;
}
done_testing;
