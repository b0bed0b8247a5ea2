#!/usr/bin/perl
# The processor's state is set, not inherited (k1): entered with hostile values in every register,
# on processors of all ages; and machine checks end in words.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Machine;
use Test::More;

my $hostile = 'build/tests/hostile-entry.elf';
for my $machine ([cpu => '486'], [cpu => 'pentium', modules => programs('hostile')],
    [cpu => 'qemu32,+mce,+mca'], [cpu => 'max'],
    [cpu => 'max', qemu => 'qemu-system-x86_64', modules => programs('hostile')]) {
    my %with = @$machine;
    my $name = join ' ', $with{qemu} // (), $with{cpu}, $with{modules} ? 'with programs' : ();
    my $boot = boot(kernel => $hostile, append => 'selftest', seconds => 600, %with);
    my $passed = passed_selftest($boot);
    ok $passed > 80, "k1: entered with hostile values, $name: $passed self-tests pass"
        or diag $boot->{text};
    like $boot->{text}, qr/^ok \d+ - cpu\.k1_cr0_and_cr4_are_exactly_what_plat_means$/m,
        '.. CR0 and CR4 are looked at';
    next unless $with{cpu} =~ /max|mca/;
    like $boot->{text}, qr/^ok \d+ - cpu\.k1_machine_checks_are_told$/m, '.. and the banks';
}
my $boot = boot(kernel => $hostile, append => 'selftest=cpu pse=no', cpu => 'max');
ok passed_selftest($boot), 'k1: the same with pse=no' or diag $boot->{text};

# A machine check, made by QEMU, while the kernel waits and while a program computes.
for my $with ([], ["run count 10000000\r"]) {
    my @typed = @$with;
    my $machine = Machine->start(no_kernel => 1, cpu => 'qemu32,+mce,+mca', extra => ['-kernel',
            $hostile, '-initrd', programs('count'), '-device',
            'isa-debug-exit,iobase=0xf4,iosize=0x04']);
    $machine->wait_for(qr/^plat> \z/m);
    syswrite $machine->{to}, $_ for @typed;
    $machine->wait_for(qr/process \d+: \d/) if @typed;
    $machine->monitor('mce 0 1 0xb600000000000000 0x5 0x1234000 0');
    my $what = @typed ? 'a machine check in ring 3' : 'a machine check in ring 0';
    is $machine->left, PANIC, "k1: $what ends the kernel" or diag $machine->{text};
    like $machine->{text}, qr/^panic: machine check \(#MC, vector 18\)
  bank 1: status b600000000000000, address 0000000001234000
  eax /m, '.. in words, with what the banks say';
    like $machine->{text}, qr/^panic: the machine stands still\n\z/m, '.. to the end';
}

done_testing;
