#!/usr/bin/perl
# The README's first command as somebody new to Plat meets it, on a release where only setup has
# installed anything: typed at a terminal, fed by a pipe, and with the self-tests. Run by
# scripts/try-release, in the root that it makes.
use strict;
use warnings;
use IO::Select;
use IPC::Open2;
use Test::More;
use Time::HiRes 'time';

use constant SECONDS => 600; # the first run compiles everything

# Runs COMMAND; when each pattern of SCRIPT has come, its text is typed. The exit status, -1 where
# it had to be killed, and what was said.
sub converse {
    my ($command, @script) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $pid = open2(my $from, my $to, 'setsid', 'sh', '-c', "exec $command 2>&1");
    my ($text, $seen, $until) = ('', 0, time + SECONDS);
    my $select = IO::Select->new($from);
    while ($select->can_read($until - time)) {
        sysread $from, $text, 65536, length $text or last;
        while (@script && substr($text, $seen) =~ $script[0][0]) {
            $seen += $+[0];
            syswrite $to, (shift @script)->[1];
        }
    }
    my $killed = time >= $until;
    kill 'KILL', -$pid if $killed;
    close $to;
    waitpid $pid, 0;
    return ($killed ? -1 : $? >> 8, $text =~ s/\r//gr);
}

# setup has run once: it has nothing left to do or to say.
my ($status, $said) = converse('sh scripts/setup run');
is "$status $said", '0 ', 'setup does nothing when all is there';

my @lines = ('alloc 12K', 'run hello', 'poweroff');
my $pty = "script -qec 'make run' /dev/null"; # from util-linux, which is always there
($status, $said) = converse($pty, map { [qr/plat> /, "$_\r"] } @lines);
unlike $said, qr/\bwarning\b/i, 'make run builds without a warning' or diag $said;
like $said, qr/^QEMU: Ctrl-A X ends it/m, 'at a terminal, it says how to leave';
answers('at a terminal');
like $said, qr/^memory: usable 0x[0-9a-f]{8}-0x[0-9a-f]{8}$/m, '.. memory is found';
like $said, qr/^paging: identity map of 4096 MB/m, '.. paging is on';
like $said, qr/^heap: 0x01000000-0x\w+ \d+ blocks, table 0x\w+$/m, '.. there is a heap';

my $pipe = join ' ', 'printf', "'" . join('\n', @lines, '') . "'", '| make run';
($status, $said) = converse("sh -c \"$pipe\"");
answers('fed by a pipe');

($status, $said) = converse('make run APPEND=selftest', [qr/plat> /, "poweroff\r"]);
is $status, 0, 'make run APPEND=selftest ends';
like $said, qr/^plat: [1-9]\d* passed, 0 failed$/m, '.. and every self-test passes'
    or diag join "\n", $said =~ /^(not ok.*)$/mg;

# What the three lines must have led to, however they came.
sub answers {
    my ($how) = @_;
    is $status, 0, "make run $how ends by itself" or diag substr $said, -2000;
    like $said, qr/^  0x01002000  block 2$/m, '.. alloc 12K is answered';
    like $said, qr/^Hello from ring 3, process 1$/m, '.. run hello runs';
    unlike $said, qr/no such command/, '.. no line is cut';
}

done_testing;
