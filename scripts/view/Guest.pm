# A guest's physical memory, through QEMU's monitor or out of a file. Paging has no part in it.
package Guest;

use strict;
use warnings;
use File::Temp 'tempdir';
use IO::Select;
use IO::Socket::UNIX;
use JSON::PP;
use Time::HiRes 'time';

use constant { SECONDS => 20, PATH_MOST => 107, CORE => 4, LOAD => 1 };

# -- QEMU -----------------------------------------------------------------------------------------

sub connect_to {
    my ($class, $path) = @_;
    die "$path: the name of a socket has at most " . PATH_MOST . " bytes\n"
        if length $path > PATH_MOST;
    my $socket = IO::Socket::UNIX->new(Peer => $path) or die "$path: no QEMU answers there: $!\n";
    return bless { path => $path, socket => $socket, text => '',
        directory => tempdir(CLEANUP => 1) }, $class;
}

# All that QEMU says up to END, a pattern; it is taken out.
sub hear {
    my ($self, $end) = @_;
    my ($until, $select) = (time + SECONDS, IO::Select->new($self->{socket}));
    while (1) {
        return substr $self->{text}, 0, $+[0], '' if $self->{text} =~ $end;
        my $left = $until - time;
        die "$self->{path}: no answer in " . SECONDS . " seconds; is another one connected?\n"
            if $left <= 0 || !$select->can_read($left);
        sysread $self->{socket}, $self->{text}, 65536, length $self->{text}
            or die "$self->{path}: QEMU hung up\n";
    }
}

sub tell {
    my ($self, $text) = @_;
    local $SIG{PIPE} = 'IGNORE';
    print { $self->{socket} } $text;
    $self->{socket}->flush;
}

sub qmp {
    my ($class, $path) = @_;
    my $self = connect_to('Guest::Qmp', $path);
    $self->hear(qr/\A\{"QMP"[^\n]*\n|\(qemu\) \z/) =~ /\A\{/
        or die "$path: that is QEMU's monitor for people; expected: --monitor $path\n";
    $self->ask('qmp_capabilities');
    return $self;
}

sub monitor {
    my ($class, $path) = @_;
    my $self = connect_to('Guest::Monitor', $path);
    $self->hear(qr/\A\{"QMP"|\(qemu\) \z/) =~ /\A\{/
        and die "$path: that is QEMU's monitor for programs; expected: --qmp $path\n";
    return $self;
}

# Runs WORK while the guest stands still; it goes on afterwards if it ran before.
sub halted {
    my ($self, $work) = @_;
    my $ran = $self->runs;
    my $done = eval { # who interrupts the order to stop has it go on, too
        $self->stop if $ran;
        $work->();
        1;
    };
    my $why = $@;
    $self->go_on if $ran;
    die $why unless $done;
}

# The NBYTES from ADDRESS on, which QEMU writes into a file of ours.
sub read {
    my ($self, $address, $nbytes) = @_;
    my $path = "$self->{directory}/memory";
    my $why = $self->save($address, $nbytes, $path);
    open my $file, '<:raw', $path or die "$self->{path}: QEMU does not save memory: $why\n";
    my $bytes = do { local $/; <$file> } // '';
    unlink $path;
    die "$self->{path}: QEMU saves no memory at " . range($address, $nbytes) . ": $why\n"
        if length $bytes != $nbytes;
    return $bytes;
}

sub range {
    my ($address, $nbytes) = @_;
    return sprintf '0x%08x-0x%08x', $address, $address + $nbytes;
}

# -- A file ---------------------------------------------------------------------------------------

# Physical memory from 0 on, or an ELF core, whose segments say what they hold.
sub dump {
    my ($class, $path) = @_;
    open my $file, '<:raw', $path or die "$path: no dump: $!\n";
    my $self = bless { path => $path, file => $file, size => -s $file }, 'Guest::Dump';
    my $head = $self->at(0, $self->{size} < 64 ? $self->{size} : 64) // '';
    die "$path: a dump that is compressed; expected: dump-guest-memory FILE, without -z, -l, -s\n"
        if $head =~ /\A(?:KDUMP|makedumpfile)/;
    $self->{loads} = $head =~ /\A\x7fELF/ ? $self->core($head) : [[0, $self->{size}, 0]];
    return $self;
}

package Guest::Qmp;
our @ISA = 'Guest';

# What COMMAND returns.
sub ask {
    my ($self, $command, %arguments) = @_;
    my $answer = $self->answer($command, %arguments);
    die "$self->{path}: $command: $answer->{error}{desc}\n" if $answer->{error};
    return $answer->{return};
}

sub answer {
    my ($self, $command, %arguments) = @_;
    my %order = (execute => $command, %arguments ? (arguments => \%arguments) : ());
    $self->tell(JSON::PP->new->encode(\%order) . "\n");
    while (1) { # events come in between
        my $answer = eval { JSON::PP->new->decode($self->hear(qr/\n/)) }
            // die $@ =~ /no answer|hung up/ ? $@ : "$self->{path}: QEMU's answer is no JSON\n";
        return $answer if exists $answer->{return} || $answer->{error};
    }
}

sub runs { return $_[0]->ask('query-status')->{running} }
sub stop { $_[0]->ask('stop') }
sub go_on { $_[0]->ask('cont') }

sub save {
    my ($self, $address, $nbytes, $path) = @_;
    my $answer = $self->answer('pmemsave', val => $address + 0, size => $nbytes + 0,
        filename => $path);
    return $answer->{error} ? $answer->{error}{desc} : 'no reason given';
}

package Guest::Monitor;
our @ISA = 'Guest';

# What COMMAND says, without the echo of its letters.
sub ask {
    my ($self, $command) = @_;
    $self->tell("$command\n");
    my $text = $self->hear(qr/\(qemu\) \z/);
    $text =~ s/\A[^\n]*\n//;
    $text =~ s/\r|\(qemu\) \z//g;
    return $text;
}

sub runs { return $_[0]->ask('info status') =~ /VM status: running/ }
sub stop { $_[0]->ask('stop') }
sub go_on { $_[0]->ask('cont') }

sub save {
    my ($self, $address, $nbytes, $path) = @_;
    return $self->ask(sprintf 'pmemsave 0x%x 0x%x "%s"', $address, $nbytes, $path) =~ s/\n\z//r
        || 'no reason given';
}

package Guest::Dump;
our @ISA = 'Guest';

sub halted { $_[1]->() }

# NBYTES of the file; undef where it is shorter.
sub at {
    my ($self, $offset, $nbytes) = @_;
    return undef if $offset + $nbytes > $self->{size};
    seek $self->{file}, $offset, 0 or die "$self->{path}: $!\n";
    my $got = CORE::read($self->{file}, my $bytes, $nbytes);
    return defined $got && $got == $nbytes ? $bytes : undef;
}

# An ELF core's segments as [physical address, bytes, offset in the file].
sub core {
    my ($self, $head) = @_;
    my ($class, $type) = length $head < 64 ? (0, 0) : unpack 'x4 C x11 v', $head;
    die "$self->{path}: an ELF file, but no dump of memory\n" unless $type == Guest::CORE;
    my ($offset, $size, $count)
        = $class == 1 ? unpack 'x28 V x10 v2', $head : unpack 'x32 Q< x14 v2', $head;
    my @loads;
    for my $i (0 .. $count - 1) {
        my $entry = $self->at($offset + $i * $size, $size) // last;
        my ($kind, $where, $address, $nbytes) = $class == 1
            ? (unpack 'V8', $entry)[0, 1, 3, 4] : (unpack 'V2 Q<6', $entry)[0, 2, 4, 5];
        push @loads, [$address, $nbytes, $where] if $kind == Guest::LOAD;
    }
    return \@loads;
}

sub read {
    my ($self, $address, $nbytes) = @_;
    my ($bytes, $wanted) = ('', Guest::range($address, $nbytes));
    while ((my $missing = $nbytes - length $bytes) > 0) {
        my $next = $address + length $bytes;
        my ($load) = grep { $next >= $_->[0] && $next < $_->[0] + $_->[1] } @{ $self->{loads} };
        my $left = $load ? $load->[0] + $load->[1] - $next : 0;
        $left = $missing if $left > $missing;
        $bytes .= ($left ? $self->at($load->[2] + $next - $load->[0], $left) : undef)
            // die sprintf "%s: too short: memory %s is wanted, and there is none at 0x%08x\n",
            $self->{path}, $wanted, $next;
    }
    return $bytes;
}

1;
