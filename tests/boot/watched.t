#!/usr/bin/perl
# The self-tests with every heap behind kmalloc, watched and not. Which cases are skipped is listed
# here, with their reasons: a skip that is not expected is a failure.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Test::More;

my %machine = (
    'kheap.holes_can_not_be_freed' => 'the heap of this machine has no hole',
    'cpu.k1_machine_checks_are_told' => 'no banks for machine checks',
    'process.smap_closes_what_is_ring_3s_to_the_kernel' => 'this processor has no SMAP',
    map { ("console.$_" => 'no framebuffer') } qw(the_framebuffer_is_mapped_for_devices
        the_timer_draws_what_was_printed the_framebuffer_shows_the_last_lines));
my %not_growing = map { ("machine_growing.$_" => 'kmalloc serves from the block heap') } qw(
    past_the_window_and_past_memory_there_is_nothing
    a_header_that_was_overwritten_is_refused_and_nothing_merged
    p6_growth_shows_in_older_and_in_newer_directories a_page_mapped_again_shows_its_new_frame
    c5_memory_that_is_freed_is_the_block_heaps_again c1_c2_every_page_has_a_frame_of_its_own);
my %growing = (
    'kheap.refused_frees_of_small_objects_change_nothing' => 'kmalloc serves from a growing heap',
    'kheap.blocks_and_small_objects_are_told_apart' => 'kmalloc serves from a growing heap',
    'krealloc.grows_in_place_into_what_is_free' => 'a growing heap gives back what is cut off',
    'process.p1_a_small_one_costs_few_blocks' => 'another heap takes blocks for itself');
my %watched = (
    'kheap.b10_four_bytes_do_not_cost_a_block' =>
        'a watched heap puts zones behind objects, or pages around them',
    'krealloc.grows_in_place_into_what_is_free' => 'a watched heap changes no size in place');

# The thousand attacks take long on a watched heap: one boot.
my %attacked = ('block heap_watch' => 1);
my %not_attacked = ('process.s1_to_s9_hostile_programs_change_nothing' =>
    'the loader did not bring the program hostile');

my %passed;
for my $heap (qw(block free_list best_fit)) {
    for my $watch ('plain', 'heap_watch', 'heap_guard=4') {
        my $name = "$heap $watch";
        my $words = $watch eq 'plain' ? '' : $watch;
        my $boot = boot(append => "selftest heap=$heap $words",
            modules => programs('many', $attacked{$name} ? 'hostile' : ()));
        my $passed = passed_selftest($boot);
        ok $passed, "$name: self-tests pass" or diag $boot->{text};
        $passed{$passed}++;
        my %skipped = $boot->{text} =~ /^ok \d+ - (\S+) # SKIP (.*)$/mg;
        # Both heaps that grow say first why sizes do not change in place.
        is_deeply \%skipped, { %machine, $attacked{$name} ? () : %not_attacked,
            $words ? %watched : (), $heap eq 'block' ? %not_growing : %growing },
            '.. and only what can not hold there is skipped';
        my $said = () = $boot->{text} =~ /^heap: (?:every allocation is|1 of 4 allocations)/mg;
        is $said, { plain => 0, heap_watch => 1, 'heap_guard=4' => 2 }->{$watch},
            '.. it is watched as was asked';
    }
}
is scalar keys %passed, 1, 'the same number of cases everywhere';

# Each thing that a heap is watched for, alone and together.
for my $words (qw(heap_watch=records heap_watch=poison heap_watch=red_zones heap_watch=quarantine
    heap_guard=1), 'heap_watch heap_guard=2') {
    my $boot = boot(append => "selftest=k $words");
    ok passed_selftest($boot), "$words: the heap's self-tests pass" or diag $boot->{text};
}

done_testing;
