#!/usr/bin/perl
# The kernel's self-tests in v86, under node. All pass but those that need what v86 has not, and
# those are named here: what else fails or is skipped is an error, of ours or of a new v86.
use strict;
use warnings;
use lib 'tests/web';
use Test::More;
use Web;

my %fail = (
    'cpu.k1_debug_registers_are_empty' => 'its DR7 has no bit that is always set',
    'serial.k10_a_line_of_which_a_part_was_lost_is_cancelled' => 'its serial port loses nothing',
);
my @skip = (
    'console.the_framebuffer_is_mapped_for_devices', 'console.the_framebuffer_shows_the_last_lines',
    'console.the_timer_draws_what_was_printed', 'cpu.k1_machine_checks_are_told',
    'kheap.holes_can_not_be_freed', 'machine_growing.a_header_that_was_overwritten_is_refused_and'
    . '_nothing_merged', 'machine_growing.a_page_mapped_again_shows_its_new_frame',
    'machine_growing.c1_c2_every_page_has_a_frame_of_its_own',
    'machine_growing.c5_memory_that_is_freed_is_the_block_heaps_again',
    'machine_growing.p6_growth_shows_in_older_and_in_newer_directories',
    'machine_growing.past_the_window_and_past_memory_there_is_nothing',
    'process.s1_to_s9_hostile_programs_change_nothing', # v86 ends at `int 0x81`
    'process.smap_closes_what_is_ring_3s_to_the_kernel', 'trap.k15_what_the_processor_interrupts_'
    . 'for_is_closed', 'trap.only_the_pic_interrupts');

my $node = skip_unless('node', 'nodejs');
my $v86 = v86();
my @programs = grep { !/hostile/ } glob 'build/user/*.elf build/user/*.bin';
my $text = do {
    open my $pipe, '-|', $node, 'tests/web/selftest.mjs', $v86, 'src/web/bundle.js',
        'build/plat.elf', @programs or die "$node: $!";
    local $/;
    <$pipe>;
};

my ($planned) = $text =~ /^TAP version 13\n1\.\.(\d+)$/m;
ok $planned, 'the self-tests began' or diag $text;
my (@numbers, @failed, @skipped);
while ($text =~ /(not )?ok (\d+) - (\S+)( # SKIP)?/g) {
    push @numbers, $2;
    push @failed, $3 if $1;
    push @skipped, $3 if $4;
}
is scalar(@numbers), $planned, 'each of them ran';
is_deeply [sort @failed], [sort keys %fail], 'those fail that need what v86 has not, and no others';
note "$_: $fail{$_}" for sort keys %fail;
is_deeply [sort @skipped], [sort @skip], 'and those are skipped whose devices it has not';
my $passed = $planned - @failed;
like $text, qr/^plat: $passed passed, @{[scalar @failed]} failed$/m, 'the closing line says so';
done_testing;
