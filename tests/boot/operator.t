#!/usr/bin/perl
# The operator comes first (k2, k4, k12): whatever programs do, the prompt answers, one command ends
# them all, and a program that sleeps is woken in time.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Machine;
use Test::More;

my $spinners = 1000;

sub start {
    my $machine = Machine->start(modules => programs('busy', 'hostile', 'many'), @_);
    ok defined $machine->wait_for(qr/^plat> \z/m), 'a machine at the prompt' or die $machine->{text};
    return $machine;
}

sub ticks { return ($_[0]->type('uptime') // '') =~ /(\d+) ticks/ ? $1 : -1 }

# Ends all; whatever is printed meanwhile.
sub kill_all {
    my ($machine, $what) = @_;
    syswrite $machine->{to}, "kill all\r";
    ok defined $machine->wait_for(qr/^  \d+ process(?:es were| was) killed$/m), ".. and kill all ends $what"
        or diag $machine->{text};
    $machine->wait_for(qr/^plat> \z/m);
    like $machine->type('ps') // '', qr/\A.*\n +0 +0 running .* kernel\n\z/, '.. all of it';
}

# With an instruction as the clock, how late a sleeper is does not depend on this machine's load.
for my $trouble ('spin', 'churn', 'start', 'fault', 'print') {
    my $machine = start(extra => ['-icount', 'shift=3,sleep=off']);
    syswrite $machine->{to}, "run busy $trouble &\rrun busy nap 20\r";
    my $text = $machine->wait_for(qr/late by \d+ ms at most\n/);
    my ($late) = ($text // '') =~ /late by (\d+) ms/;
    cmp_ok $late // 1e9, '<=', 30, "k2: a sleeper beside busy $trouble is late by 30 ms at most";
    kill_all($machine, $trouble);
}
for my $trouble ('bomb', 'chain') {
    my $machine = start();
    ok defined $machine->type("run busy $trouble &"), "k4: busy $trouble";
    kill_all($machine, "the $trouble");
}

# A thousand that spin.
my $machine = start(memory => 128);
like $machine->type("run busy crowd $spinners"), qr/^busy: $spinners were started$/m, 'k4: a thousand';
my $list = $machine->type('ps');
is scalar(() = $list =~ /^ +\d+ +0 \w+ .* busy$/mg), $spinners, '.. are there, without a parent';
my ($first) = $list =~ /^ +(\d+) .* busy$/m;
select undef, undef, undef, 3; # until they are all awake
my @ticks = map { ticks($machine) } 1 .. 3;
cmp_ok $ticks[$_] - $ticks[$_ - 1], '<', $spinners, 'k4: a key is answered before each has had a turn' for 1, 2;
my $killed = $machine->type("kill -tree 1");
is $killed, "  $spinners processes were killed\n", 'k4: kill -tree of a tree whose first one has ended';
my $after = ticks($machine);
cmp_ok $after - $ticks[2], '<', $spinners, '.. before each has had a turn';

# A bomb has as many as it may, Ctrl-C and kill.
syswrite $machine->{to}, "run busy bomb\r";
select undef, undef, undef, 1;
syswrite $machine->{to}, "\x03";
like $machine->wait_for(qr/^plat> \z/m) // '', qr/^  busy \(\d+\) was killed$/m, 'k4: Ctrl-C ends a bomb';
like $machine->type('kill all'), qr/^  \d+ processes were killed$/m, '.. and kill all what it has left';
like $machine->type('run many 1100'), qr/^many: 1023 of 1100 processes at once/m, 'k4: 1024 a tree, and no more';
like $machine->type('run many 1000'), qr/^many: 1000 of 1000 processes at once/m, '.. which another tree may have again';

is $machine->type('run hostile too_many_processes'), '', '.. nor with one attack, which is refused';

# Words.
is $machine->type('kill -tree'), "kill: 1 arguments given; expected: kill PID, kill -tree PID or kill all\n", 'kill -tree';
is $machine->type('kill 1 2'), "kill: 2 arguments given; expected: kill PID, kill -tree PID or kill all\n", 'kill 1 2';
is $machine->type('kill -tree 99'), "99 is no process; expected: a number from 1 on that ps lists\n", 'kill -tree 99';
is $machine->type('kill -tree 0'), "0 is no process; expected: a number from 1 on that ps lists\n", 'kill -tree 0';
is $machine->type('kill all'), "  0 processes were killed\n", 'kill all of nobody';

# wait, and Ctrl-C.
for my $wait ('wait', 'wait PID') {
    my ($pid) = $machine->type('run many asleep &') =~ /many \((\d+)\)/;
    syswrite $machine->{to}, $wait =~ s/PID/$pid/r . "\r";
    $machine->wait_for(qr/wait.*\n/);
    syswrite $machine->{to}, "\x03";
    like $machine->wait_for(qr/^plat> \z/m) // '', qr/^  what was waited for goes on\n/m, "k12: $wait and Ctrl-C";
    like $machine->type('ps'), qr/^ +$pid +0 (?:asleep|ready) .* many$/m, '.. kill nothing';
    like $machine->type("kill $pid"), qr/^  many \($pid\) was killed$/m, '.. kill does';
}
# It counts for the command whose line it stands behind, however early it is typed.
my ($sleeper) = $machine->type('run many asleep &') =~ /many \((\d+)\)/;
for my $command ("wait $sleeper", 'wait', 'run busy spin', 'run busy nap') {
    syswrite $machine->{to}, "$command\r\x03";
    like $machine->wait_for(qr/^plat> \z/m) // '', qr/goes on\n|was killed\n/, "$command and Ctrl-C at once"
        or die $machine->{text};
}
$machine->type('kill all');
is $machine->type('heap') =~ /^  check: (.*)$/m ? $1 : '', 'sound', 'the heap is sound';

done_testing;
