#!/usr/bin/perl
# The clock, on each board by the chip that it has; machines whose 8254 does not tick, where programs
# take turns all the same; one on which nothing does; and the date.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Test::More;
use Time::HiRes 'time';
use Time::Local 'timegm';

my $prompt = qr/^plat> /m;
my $kill = sub { kill 'KILL', $_[0] };

# What is said to LINES, typed one a prompt.
sub session {
    my ($with, @lines) = @_;
    return boot(exit_device => 0, seconds => 120, %$with,
        script => [(map { [$prompt, "$_\r"] } @lines), [$prompt, $kill]]);
}

# Who tells how fast time stamps go, or is the clock where there are none; and who ticks.
my $apic = q(the local APIC's timer);
my $pm = q(ACPI's PM timer);
for my $case (
    ['pc', undef, qr/time stamps, \d+ MHz by $pm/, 'the 8254'],
    ['pc,acpi=off', undef, qr/time stamps, \d+ MHz by the 8254/, 'the 8254'],
    ['q35', 'max', qr/time stamps, \d+ MHz by $pm/, 'the 8254'],
    ['q35', '486', qr/$pm/, 'the 8254'],
    ['isapc', 'pentium', qr/time stamps, \d+ MHz by the 8254/, 'the 8254'],
    ['isapc', '486', qr/the 8254/, 'the 8254'],
    ['microvm', undef, qr/time stamps, \d+ MHz by the 8254/, 'the 8254'],
    ['microvm,pit=off', undef, qr/time stamps, \d+ MHz by the RTC/, $apic],
    ['microvm,pic=off', undef, qr/time stamps, \d+ MHz by the 8254/, $apic],
    ['microvm,pit=off,pic=off', undef, qr/time stamps, \d+ MHz by the RTC/, $apic]) {
    my ($machine, $cpu, $by, $ticks) = @$case;
    my $name = $machine . ($cpu ? " with $cpu" : '');
    my $boot = session({ machine => $machine, cpu => $cpu }, 'uptime', 'selftest clock.',
        'selftest timer', 'sysinfo');
    like $boot->{text}, qr/^clock: $by; ticks by \Q$ticks\E$/m, "$name: what the clock goes by"
        or diag $boot->{text};
    is scalar(() = $boot->{text} =~ /^ok \d+ - clock\.(?!.* # SKIP)/mg), 3, '.. its self-tests pass';
    unlike $boot->{text}, qr/^not ok/m, '.. and those of the ticks';
    my $skipped = () = $boot->{text} =~ /^ok .* # SKIP this processor has no time stamps$/mg;
    is $skipped, ($cpu // '') eq '486' ? 2 : 0, '.. of which none is skipped for want of ticks';
    my $told = () = $boot->{text} =~ /^timer: the 8254's interrupts do not come; $apic ticks$/mg;
    is $told, $ticks eq $apic ? 1 : 0, ".. and a change is told, where it is one";
    # Both count from the boot on, the ticks from a little later; in hundredths.
    my @uptime = $boot->{text} =~ /^  (\d+)\.(\d\d) s, (\d+) ticks/m;
    cmp_ok "$uptime[0]$uptime[1]", '>=', $uptime[2] - 1, '.. uptime goes by the clock';
}

# An HPET that has the 8254's line, and interrupts on it a thousand times a second.
my $boot = session({ machine => 'q35', kernel => 'build/tests/hpet-legacy.elf' }, 'selftest clock.',
    'selftest timer.', 'selftest trap.the_timer', 'sysinfo');
is scalar(() = $boot->{text} =~ /^ok \d+ - (?:clock|timer|trap)\.(?!.* # SKIP)/mg), 6,
    'HPET in legacy replacement: all self-tests of clock and ticks pass' or diag $boot->{text};
like $boot->{text}, qr/^clock: .*; ticks by the 8254$/m, '.. and it is the 8254 that ticks';

# Where the APIC ticks, programs run, take turns, sleep and are ended; the prompt answers.
for my $machine ('microvm,pit=off', 'microvm,pit=off,pic=off', 'microvm,pic=off') {
    $boot = session({ machine => $machine, modules => programs(qw(hello busy)) }, 'run hello',
        'run busy spin &', 'run busy spin &', 'run busy nap 20', 'ps', 'kill all', 'ps', 'check');
    like $boot->{text}, qr/^Hello from ring 3/m, "$machine: a program runs" or diag $boot->{text};
    like $boot->{text}, qr/^plat> run busy nap 20\nbusy: .*late/m, '.. one sleeps beside two that compute';
    my ($ps) = $boot->{text} =~ /^plat> ps\n(.*?)^plat> /ms;
    is scalar(() = $ps =~ /^ +\d+ +0 (?:ready|running) .* (?!0\.0\d)\d+\.\d\d  busy$/mg), 2,
        '.. both had turns' or diag $ps;
    like $boot->{text}, qr/^  2 processes were killed$/m, '.. and are ended';
    like $boot->{text}, qr/^  check: sound$/m, '.. all is sound';
}
$boot = boot(machine => 'microvm,pit=off', modules => programs('hello'), append => 'run=hello shell=no');
is $boot->{status}, OK, 'run=hello without an 8254';

# Nothing ticks: no 8254 and no APIC, or no chip that tells how fast the APIC's timer goes.
for my $case (['microvm,pit=off', '486'], ['microvm,pit=off,rtc=off', undef]) {
    my ($machine, $cpu) = @$case;
    $boot = session({ machine => $machine, cpu => $cpu, modules => programs('hello') }, 'run hello',
        'selftest clock.', 'date', 'sysinfo');
    like $boot->{text}, qr/^timer: its interrupts do not come; keys are looked for, no program is started$/m,
        "$machine" . ($cpu ? " with $cpu" : '') . ': nothing ticks, which is said' or diag $boot->{text};
    like $boot->{text}, qr/^hello: is not started: /m, '.. no program is started';
    like $boot->{text}, qr/^ok \d+ - clock\.it_never_goes_back$/m, '.. the clock does not go back';
    like $boot->{text}, qr/^clock: by ticks alone, no chip counts; ticks by nothing$/m, '.. and says why';
    like $boot->{text}, $cpu ? qr/^  20\d\d-\d\d-\d\d .* UTC$/m : qr/^date: no real-time clock answers$/m,
        '.. date';
}

# The date runs on over midnight, the ends of months, of years and of a century. The RTC starts with QEMU:
# each answer is no earlier than its start, and no later than what has passed here since.
for my $case (['2026-02-28T23:59:59', 'pc'], ['2024-02-28T23:59:59', 'q35'],
    ['2000-02-28T23:59:59', 'pc', '486'], ['2037-12-31T23:59:59', 'pc'],
    ['1999-12-31T23:59:59', 'isapc'], ['2026-07-01T11:59:59', 'microvm']) {
    my ($base, $machine, $cpu) = @$case;
    my ($year, $month, $day, $hour, $minute, $second) = split /[-T:]/, $base;
    my $start = timegm($second, $minute, $hour, $day, $month - 1, $year);
    my ($begun, $ended) = (time, 0);
    $boot = boot(exit_device => 0, seconds => 60, machine => $machine, cpu => $cpu,
        extra => ['-rtc', "base=$base"], script => [[$prompt, sub { select undef, undef, undef, 1.1 }],
        [qr//, "date\r"], [qr/^  .* UTC\r$/m, sub { $ended = time; $kill->(@_) }]]);
    my @answer = $boot->{text} =~ /^  (\d+)-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d) UTC$/m;
    is scalar @answer, 6, "$base, $machine: a date" or diag $boot->{text};
    my $since = timegm(@answer[5, 4, 3, 2], $answer[1] - 1, $answer[0]) - $start;
    cmp_ok $since, '>=', 1, ".. $answer[0]-$answer[1]-$answer[2] is later";
    cmp_ok $since, '<=', $ended - $begun + 2, '.. and not too late';
}

done_testing;
