#!/usr/bin/perl
# The word beep: what the PC speaker says of self-tests and of a panic, as QEMU records it.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use File::Temp 'tempdir';
use Test::More;

my $wav = tempdir(CLEANUP => 1) . '/speaker.wav';

# The tones in the file that last for 50 ms or more, as multiples of 110 Hz: 16 bits, two channels, 44,100 a second. QEMU leaves
# pauses out: a tone ends where the next one begins.
sub tones {
    open my $file, '<:raw', $wav or return;
    my $data = substr do { local $/; <$file> }, 44;
    my @samples = unpack 's<*', $data;
    my ($last, $start, @tones) = (0); # of a tone its first period, all of them, how many
    for my $i (0 .. @samples / 2 - 1) {
        my $high = $samples[2 * $i] > 1000;
        if ($high && !$last) {
            my $period = $i - ($start // $i);
            push @tones, [$period, 0, 0]
                unless @tones && abs($tones[-1][0] - $period) <= $tones[-1][0] / 10;
            $tones[-1][1] += $period;
            $tones[-1][2]++;
            $start = $i;
        }
        $last = $high;
    }
    # QEMU drops a piece of a sound here and there: what goes on is one tone.
    my @heard = map { sprintf '%.0f', 44100 * $_->[2] / $_->[1] / 110 } grep { $_->[1] > 2205 } @tones;
    return @heard[grep { !$_ || $heard[$_] != $heard[$_ - 1] } 0 .. $#heard];
}

sub heard {
    my ($append, %with) = @_;
    unlink $wav;
    my $boot = boot(append => $append, machine => 'pc,pcspk-audiodev=sound',
        extra => ['-audiodev', "wav,id=sound,path=$wav"], %with);
    return ($boot, join ' ', tones());
}

my ($boot, $tones) = heard('selftest=format beep');
ok passed_selftest($boot), 'self-tests pass' or diag $boot->{text};
is $tones, '16', '.. one high tone, of 1760 Hz';

($boot, $tones) = heard('selftest=no_such_case beep');
is $boot->{status}, FAILED, 'self-tests that do not pass';
is $tones, '4 3 2', '.. three low tones';

($boot, $tones) = heard('beep', script => [[qr/plat> /, "fault null\r"]]);
is $boot->{status}, PANIC, 'a panic';
is $tones, '4 3 2', '.. three low tones, each once';

($boot, $tones) = heard('selftest=format');
is $tones, '', 'nothing is heard unless somebody asks for it';

# Where there is no timer, no wait is without an end.
$boot = boot(append => 'selftest=format beep', machine => 'microvm,pit=off,pic=on,rtc=on,isa-serial=on',
    seconds => 60);
like $boot->{text}, qr/^plat: \d+ passed, 0 failed\n\z/m, 'without a timer the boot ends'
    or diag $boot->{text};

done_testing;
