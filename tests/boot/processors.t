#!/usr/bin/perl
# Every processor on every board, and pages of 4 KB, as on a processor without PSE.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Test::More;

for my $machine (qw(pc isapc q35)) {
    for my $cpu (qw(486 pentium qemu32 max)) {
        my $boot = boot(machine => $machine, cpu => $cpu, append => 'selftest');
        my $passed = passed_selftest($boot);
        ok $passed > 80, "$machine with $cpu: $passed self-tests pass" or diag $boot->{text};
    }
}

my %tables = (4 => 2, 16 => 5, 48 => 13, 128 => 1025);
for my $memory (sort { $a <=> $b } keys %tables) {
    my $boot = boot(cpu => '486,-pse', memory => $memory, append => 'selftest');
    ok passed_selftest($boot), "a 486 without PSE, $memory MB: self-tests pass"
        or diag $boot->{text};
    like $boot->{text}, qr/^paging: .* in 4 KB pages, $tables{$memory} blocks$/m,
        ".. with $tables{$memory} blocks of directory and tables";
}
my $boot = boot(memory => 64, append => 'selftest=paging pse=no');
ok passed_selftest($boot), 'pse=no: self-tests pass';
like $boot->{text}, qr/^paging: .* in 4 KB pages/m, '.. in pages of 4 KB';

$boot = boot(append => 'stop=prompt');
is $boot->{status}, OK, 'stop=prompt leaves';
like $boot->{text}, qr/^paging: identity map of 4096 MB in 4 MB pages, ([1-8]) blocks$/m,
    'the identity map costs at most 8 blocks with PSE';

# AMD fills the processor's name up with blanks, Intel's older ones have them in front.
$boot = boot(append => 'stop=map', cpu => 'qemu64,model-id=   Ryzen 7 8-Core Processor              ');
like $boot->{text}, qr/^cpu: \w+, Ryzen 7 8-Core Processor, signature /m, 'a name without its blanks'
    or diag $boot->{text};

done_testing;
