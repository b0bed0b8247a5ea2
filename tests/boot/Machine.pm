# A kernel in QEMU that goes on running while it is looked at from outside: typed to over its serial
# line, seen through QEMU's monitors and its gdb stub.
package Machine;

use strict;
use warnings;
use File::Temp 'tempdir';
use IO::Select;
use IO::Socket::UNIX;
use IPC::Open2;
use Time::HiRes qw(sleep time);

use constant { SECONDS => 120, SCREEN => 0xb8000, COLUMNS => 80, ROWS => 25 };

# As Boot::boot(), without its script; where SERIAL is none, EXTRA puts what is typed and said
# elsewhere.
sub start {
    my ($class, %with) = (@_);
    my $directory = tempdir(CLEANUP => 1);
    my $self = bless { directory => $directory, text => '', seen => 0,
        map { $_ => "$directory/$_" } qw(qmp monitor gdb) }, $class;
    my @command = ('qemu-system-i386', '-accel', 'tcg', '-m', $with{memory} // 64, '-display',
        'none', '-no-reboot', '-serial', $with{serial} // 'stdio', '-net', 'none', '-qmp',
        "unix:$self->{qmp},server=on,wait=off", '-monitor',
        "unix:$self->{monitor},server=on,wait=off", '-gdb', "unix:$self->{gdb},server=on,wait=off");
    push @command, '-cpu', $with{cpu} if $with{cpu};
    push @command, '-kernel', 'build/plat.elf', '-append', $with{append} // ''
        unless $with{no_kernel};
    push @command, '-initrd', $with{modules} if $with{modules};
    push @command, @{ $with{extra} // [] };
    mkdir 'build/tests';
    $self->{pid} = open2($self->{from}, $self->{to}, 'sh', '-c',
        'exec "$@" 2>>build/tests/qemu.log', 'sh', @command);
    # On a busy machine QEMU opens its sockets late. What it prints, or its end, comes after them.
    my ($until, $select) = (time + SECONDS, IO::Select->new($self->{from}));
    1 while time < $until && (grep { !-S $self->{$_} } qw(qmp monitor gdb))
        && !$select->can_read(0.02);
    return $self;
}

# All that has been said up to PATTERN, since the last call; undef, and what there is in {text},
# where it does not come.
sub wait_for {
    my ($self, $pattern) = @_;
    my ($until, $select) = (time + SECONDS, IO::Select->new($self->{from}));
    while (1) {
        my $new = substr $self->{text}, $self->{seen};
        if ($new =~ $pattern) {
            $self->{seen} += $+[0];
            return substr $new, 0, $+[0];
        }
        my $left = $until - time;
        return undef if $left <= 0 || !$select->can_read($left);
        sysread $self->{from}, my $bytes, 65536 or return undef;
        $self->{text} .= $bytes =~ s/\r//gr;
    }
}

# Types LINE at the prompt; what was answered, without the prompt behind it.
sub type {
    my ($self, $line) = @_;
    syswrite $self->{to}, "$line\r";
    my $answer = $self->wait_for(qr/^plat> \z/m) // return undef;
    return $answer =~ s/\A[^\n]*\n//r =~ s/^plat> \z//mr;
}

# What the shell answers to each of LINES.
sub answers { my $self = shift; return map { $self->type($_) } @_ }

# Runs COMMANDS in gdb, attached to it; what each of them printed. It goes on afterwards.
sub gdb {
    my ($self, @commands) = @_;
    my @separated = map { ('-ex', 'echo \001', '-ex', $_) } @commands;
    open my $gdb, '-|', 'sh', '-c', 'exec "$@" 2>&1 </dev/null', 'sh', 'gdb', '-nx', '-q', '-batch',
        'build/plat.elf', '-x', 'scripts/plat-gdb.py', '-ex', 'set confirm off', '-ex',
        "target remote $self->{gdb}", @separated, '-ex', 'echo \001', '-ex', 'detach' or die $!;
    my @parts = split /\001/, do { local $/; <$gdb> }, -1;
    close $gdb;
    return @parts[1 .. @commands];
}

# Runs scripts/heapview on it, by --qmp unless ARGUMENTS name another way: its exit status, what it
# printed, and what it complained about.
sub heapview {
    my ($self, @arguments) = @_;
    unshift @arguments, '--qmp', $self->{qmp} unless grep { /^--(qmp|monitor|dump)$/ } @arguments;
    my $errors = "$self->{directory}/errors";
    open my $view, '-|', 'sh', '-c', "exec scripts/heapview \"\$@\" 2>$errors", 'sh', @arguments
        or die $!;
    my $text = do { local $/; <$view> } // '';
    close $view;
    my $status = $? >> 8;
    open my $file, '<', $errors or die $!;
    return ($status, $text, do { local $/; <$file> } // '');
}

# One command for QEMU's monitor for people, by the one for programs.
sub monitor {
    my ($self, $command) = @_;
    my $qmp = IO::Socket::UNIX->new(Peer => $self->{qmp}) or die "$self->{qmp}: $!";
    $qmp->autoflush;
    <$qmp>; # its greeting
    my $answer;
    $command =~ s/"/\\"/g;
    for my $order ('"qmp_capabilities"', '"human-monitor-command", "arguments": {"command-line": '
        . "\"$command\"}") {
        print $qmp "{\"execute\": $order}\n";
        1 while defined($answer = <$qmp>) && $answer !~ /"(?:return|error)"/;
    }
    return $answer;
}

# The text screen, line by line.
sub screen {
    my ($self) = @_;
    my $path = "$self->{directory}/screen";
    $self->monitor(sprintf 'pmemsave %d %d "%s"', SCREEN, 2 * COLUMNS * ROWS, $path);
    open my $file, '<:raw', $path or die "$path: $!";
    my $text = do { local $/; <$file> } =~ s/(.)./$1/gsr;
    return map { substr($text, $_ * COLUMNS, COLUMNS) =~ s/ +\z//r } 0 .. ROWS - 1;
}

# Time stamps from the start of a kernel to its prompt, read off the screen, for those that say nothing
# else. An instruction is the clock, and waiting counts: they do not depend on how busy this machine is.
sub stamps_to_prompt {
    my ($class, %with) = @_;
    my $self = $class->start(%with, extra => [@{ $with{extra} // [] }, '-icount', 'shift=2,sleep=off']);
    my ($until, $stamps) = (time + SECONDS);
    do {
        ($stamps) = join("\n", $self->screen) =~ /ready after (\d+) ticks/;
    } until defined $stamps || time > $until || (sleep(0.1) && 0);
    $self->end;
    return $stamps;
}

# Waits until it ends by itself; QEMU's exit status, or -1 where it does not. All it said is {text}.
sub left {
    my ($self) = @_;
    my ($until, $select) = (time + SECONDS, IO::Select->new($self->{from}));
    while (1) {
        my $left = $until - time;
        return -1 if $left <= 0 || !$select->can_read($left);
        sysread $self->{from}, my $bytes, 65536 or last;
        $self->{text} .= $bytes =~ s/\r//gr;
    }
    waitpid delete $self->{pid}, 0;
    return $? & 127 ? -1 : $? >> 8;
}

sub end {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    kill 'KILL', $pid;
    waitpid $pid, 0;
}

sub DESTROY {
    my ($self) = @_;
    local $?;
    $self->end;
}

1;
