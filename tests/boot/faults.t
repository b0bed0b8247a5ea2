#!/usr/bin/perl
# Every exception ends in a panic that says what happened, with registers and function names.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Machine;
use Test::More;
use Time::HiRes 'sleep';

my $prompt = qr/plat> /;

sub fault {
    my ($name, %with) = @_;
    return boot(script => [[$prompt, "fault $name\r"]], memory => 16, %with);
}

# What every panic has, whatever caused it.
sub is_panic {
    my ($boot, $name) = @_;
    my $right = $boot->{status} == PANIC
        && $boot->{text} =~ /^  eax [0-9a-f]{8}  ebx .*^  eip [0-9a-f]{8}  cs 0008 /ms
        && $boot->{text} =~ /^  at [0-9a-f]{8} \w+\+0x[0-9a-f]+$/m
        && $boot->{text} =~ /^  check: sound\npanic: the machine stands still\n\z/m;
    ok $right, "$name: registers, names, a kernel that is sound, and the end" or diag $boot->{text};
}

# By an instruction that really causes it: the name in the first line, the function in the chain.
my %by_processor = (
    de => 'divide error (#DE, vector 0)', db => 'debug (#DB, vector 1)',
    bp => 'breakpoint (#BP, vector 3)', of => 'overflow (#OF, vector 4)',
    br => 'bound range exceeded (#BR, vector 5)', ud => 'invalid opcode (#UD, vector 6)',
    nm => 'no coprocessor (#NM, vector 7)', np => 'segment not present (#NP, vector 11)',
    ss => 'stack-segment fault (#SS, vector 12)', gp => 'general protection (#GP, vector 13)',
    pf => 'page fault (#PF, vector 14)');
for my $name (sort keys %by_processor) {
    my $boot = fault($name);
    like $boot->{text}, qr/^panic: \Q$by_processor{$name}\E$/m, "fault $name";
    is_panic($boot, $name);
    like $boot->{text}, qr/^  at [0-9a-f]{8} fault_provoke\+0x/m, '.. and who called';
}

# The others, through their gates.
for my $vector (2, 9, 10, 15 .. 31) {
    my $boot = fault($vector);
    like $boot->{text}, qr/^panic: .*, vector $vector\)$/m, "fault $vector";
    is_panic($boot, $vector);
}

# Page faults in words.
my %words = (
    null => qr/^  write to page 0 at 00000000, which is not mapped$/m,
    text => qr/^  write to read-only kernel text at 00100000$/m,
    rodata => qr/^  write to read-only kernel constants at [0-9a-f]{8}$/m,
    guard => qr/^  write to the stack guard at [0-9a-f]{8}, which is not mapped$/m);
for my $name (sort keys %words) {
    my $boot = fault($name);
    like $boot->{text}, $words{$name}, "fault $name in words";
    like $boot->{text}, qr/^  walk: directory\[0\] = [0-9a-f]{8}, table\[\d+\] = [0-9a-f]{8}: /m,
        '.. with the page walk';
    is_panic($boot, $name);
}

# In the middle of a line: what there was of it is said, and then all of the panic.
my $in_line = fault('format');
like $in_line->{text}, qr/^  pid 12345 runs \npanic: page fault /m, 'fault format: the line up to there';
like $in_line->{text}, qr/^  read of the stack guard at [0-9a-f]{8}, which is not mapped$/m, '.. and why';
is_panic($in_line, 'format');

# A full stack and a stack that is nowhere: only a task of its own can still tell.
for my $cpu (qw(486 qemu32)) {
    my $boot = fault('stack', cpu => $cpu);
    like $boot->{text}, qr/^panic: double fault .*^  the kernel stack is full: stack guard hit/ms,
        "$cpu: a full stack";
    is_panic($boot, 'stack');
    like $boot->{text}, qr/(^  at [0-9a-f]{8} fill_stack\+0x[0-9a-f]+\n){3}/m, '.. and who filled it';
}
my $boot = fault('df');
like $boot->{text}, qr/^panic: double fault .*^  a fault while delivering a fault/ms, 'fault df';

# T3: a panic stops with interrupts off, and in the end so does the processor. On a text screen, text and
# code take turns before, for half an hour of a clock that counts instructions here, 1 us each.
for my $console ('text', 'serial') {
    my $machine = Machine->start(append => "heap_panic console=$console",
        extra => ['-icount', 'shift=10,sleep=off']);
    $machine->wait_for($prompt);
    syswrite $machine->{to}, "free 1\r";
    $machine->wait_for(qr/stands still\n/);
    my ($on, $registers) = (0, '');
    for (1 .. 500) {
        $registers = $machine->monitor('info registers') // '';
        my ($eflags) = $registers =~ /EFL=([0-9a-f]{8})/;
        $on++ if !defined $eflags || hex($eflags) & 0x200;
        last if $registers =~ /HLT=1/;
        sleep 0.5;
    }
    is $on, 0, "t3: after a panic interrupts are off, console=$console";
    like $registers, qr/HLT=1/, '.. and the processor stands still';
    $machine->end;
}

done_testing;
