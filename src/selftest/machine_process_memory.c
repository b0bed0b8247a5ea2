/* What processes have, and that nothing of it is left behind. */
#include "case.h"
#include "cpu/cpu.h"
#include "cpu/probe.h"
#include "memory/kheap/kheap.h"
#include "memory/kheap/kheap_look.h"
#include "memory/layout.h"
#include "process/kernel_stack.h"
#include "process/process_memory.h"
#include "process/user_memory.h"
#include "selftest/ring3.h"

/* push 0xfffff001; malloc; test eax, eax; jnz end; push -1; malloc; test; jnz; push 0; malloc;
 * end: push eax; exit */
// clang-format off
static const uint8_t wants_too_much[] = {
    0x68, 0x01, 0xf0, 0xff, 0xff, RING3_CALL(SYSTEM_MALLOC), 0x85, 0xc0, 0x75, 22,
    0x6a, 0xff, RING3_CALL(SYSTEM_MALLOC), 0x85, 0xc0, 0x75, 9,
    0x6a, 0, RING3_CALL(SYSTEM_MALLOC), 0x50, RING3_CALL(SYSTEM_EXIT)};

/* again: push 0x1000; malloc; add esp, 4; test eax, eax; jnz again; push 3; exit */
static const uint8_t takes_all_memory[] = {
    0x68, 0, 0x10, 0, 0, RING3_CALL(SYSTEM_MALLOC), 0x83, 0xc4, 4, 0x85, 0xc0, 0x75, 0xed,
    0x6a, 3, RING3_CALL(SYSTEM_EXIT)};
// clang-format on

CASE(process, s3_sizes_that_wrap_and_none_give_null)
{
    struct process_end end = RING3_RUN(wants_too_much);
    CHECK(ring3_ended_by(&end, PROCESS_EXITED, 0));
}

/* Page by page: what ring 3 may use is the process's own. */
CASE(process, s1_nothing_of_the_kernel_is_open_to_ring_3)
{
    struct process *process = RING3_START(ring3_spins);
    size_t open = 0, foreign = 0;
    CHECK(process);
    for (page_t page = 0; page < PAGES_IN_4GB; page++) {
        struct paging_walk walk = paging_walk(process->directory, page_address(page));
        bool user = walk.mapped && (walk.flags & PAGING_ACCESS_FROM_ALL);
        open += user;
        foreign += user &&
                   (!walk.own ||
                    kheap_owner_of(heap_block_of(kheap(), (void *)walk.physical)) != OWNER_PROCESS);
        if (walk.large)
            page |= PAGING_LARGE_PAGES - 1;
    }
    bool guard =
        paging_walk(process->directory, LAYOUT_USER_STACK - 1).flags & PAGING_ACCESS_FROM_ALL;
    bool null = paging_walk(process->directory, 0).mapped;
    ring3_stop(process);
    CHECK_EQUAL(open, 1 + 4); /* its image, its stack */
    CHECK_EQUAL(foreign, 0);
    CHECK(!guard && !null);
    CHECK(cpu_cr0() & CR0_WRITE_PROTECT);
}

/* A program that covers 0x600000, where relatives have the stack of their own interrupts. */
CASE(process, s5_a_program_of_3_mb_runs)
{
    enum { NBYTES = 3 << 20 };
    uint8_t *code = kzalloc(NBYTES);
    SKIP_UNLESS(code && heap_largest_free(kheap()) > NBYTES / HEAP_BLOCK_SIZE + 64,
                (kfree(code), "6 MB of free memory are needed"));
    /* jmp to the last page, and exit there */
    const uint32_t distance = NBYTES - PAGE_SIZE - 5;
    code[0] = 0xe9;
    for (size_t i = 0; i < 4; i++)
        code[1 + i] = (uint8_t)(distance >> 8 * i);
    for (size_t i = 0; i < sizeof ring3_exits_with_7; i++)
        code[NBYTES - PAGE_SIZE + i] = ring3_exits_with_7[i];
    struct process_end end = ring3_run(code, NBYTES);
    kfree(code);
    CHECK(ring3_ended_by(&end, PROCESS_EXITED, 7));
}

CASE(process, p1_a_small_one_costs_few_blocks)
{
    SKIP_UNLESS(!kheap_growing(), "another heap takes blocks for itself");
    struct process *first = RING3_START(ring3_spins); /* has the first object of each size */
    CHECK(first);
    kheap_trim();
    size_t before = kheap_taken();
    struct process *process = RING3_START(ring3_spins);
    size_t cost = process ? kheap_taken() - before - process->nblocks : SIZE_MAX;
    if (process)
        ring3_stop(process);
    ring3_stop(first);
    CHECK(cost <= 8);
}

CASE(process, s8_all_memory_of_one_comes_back)
{
    size_t largest = heap_largest_free(kheap()), spare = 2048;
    void *rest = largest > spare ? kmalloc((largest - spare) * HEAP_BLOCK_SIZE) : NULL;
    size_t sound = 0;
    for (int i = 0; i < 3; i++) {
        struct process_end end = RING3_RUN(takes_all_memory);
        sound += ring3_ended_by(&end, PROCESS_EXITED, 3) && !kheap_check();
    }
    kfree(rest);
    CHECK_EQUAL(sound, 3);
}

CASE(process, s8_many_at_once)
{
    enum { MOST = 64 };
    struct process *processes[MOST];
    size_t count = 0, pages = 0;
    while (count < MOST && heap_largest_free(kheap()) > 64 &&
           (processes[count] = RING3_START(ring3_sleeps)))
        count++;
    const char *broken = process_check();
    for (size_t i = 0; i < count; i++)
        pages += processes[i]->nblocks;
    for (size_t i = 0; i < count; i += 2) /* from the middle of their lists */
        ring3_stop(processes[i]);
    for (size_t i = 1; i < count; i += 2)
        ring3_stop(processes[i]);
    CHECK_HOLDS(broken);
    CHECK(count > 1);
    CHECK_EQUAL(pages, count * 5);
}

CASE(process, memory_is_its_own_and_zero)
{
    struct process *one = RING3_START(ring3_spins), *other;
    CHECK(one);
    other = RING3_START(ring3_spins);
    uint8_t *memory = process_malloc(one, 3 * PAGE_SIZE + 1);
    uint8_t bytes[4] = {1, 2, 3, 4}, back[4] = {9, 9, 9, 9};
    bool zero = memory != NULL;
    for (vaddr_t at = 0; at < 4 * PAGE_SIZE; at += sizeof back)
        zero = zero && !user_read(one->directory, back, (vaddr_t)memory + at, sizeof back) &&
               !back[0] && !back[1] && !back[2] && !back[3];
    vaddr_t across = (vaddr_t)memory + PAGE_SIZE - 2;
    int status[] = {
        user_write(one->directory, across, bytes, 4),
        user_read(one->directory, back, across, 4),
        other ? user_read(other->directory, bytes, across, 4) : 0,
        other ? process_free(other, memory) : 0,
        process_free(one, memory + PAGE_SIZE),
        process_free(one, memory + 1),
        process_free(one, (void *)LAYOUT_USER_PROGRAM),
        process_free(one, (void *)LAYOUT_USER_STACK),
        process_free(one, (void *)kernel_start),
        process_free(one, NULL),
        process_free(one, memory),
        process_free(one, memory),
        user_read(one->directory, back, across, 4),
    };
    ring3_stop(one);
    if (other)
        ring3_stop(other);
    CHECK(zero);
    CHECK(back[0] == 1 && back[1] == 2 && back[2] == 3 && back[3] == 4);
    static const int wanted[] = {0,        0,        -EFAULT,  -EINVARG, -EINVARG,
                                 -EINVARG, -EINVARG, -EINVARG, -EINVARG, 0,
                                 0,        -EINVARG, -EFAULT};
    for (size_t i = 0; i < sizeof status / sizeof status[0]; i++)
        CHECK_EQUAL(status[i], wanted[i]);
}

CASE(process, s2_only_its_own_memory_is_read_and_written_for_it)
{
    struct process *process = RING3_START(ring3_spins);
    char text[8] = "";
    CHECK(process);
    const struct paging_4gb_chunk *space = process->directory;
    const vaddr_t top = LAYOUT_USER_STACK_TOP, text_at = LAYOUT_USER_PROGRAM;
    int status[] = {
        user_write(space, (vaddr_t)kernel_start, text, 4),
        user_read(space, text, (vaddr_t)kernel_start, 4),
        user_write(space, 0, text, 4),
        user_write(space, top - 2, text, 4),     /* on into what is not its own */
        user_read(space, text, 0xfffffffe, 4),   /* past 4 GB */
        user_read(space, text, top, UINT32_MAX), /* and round */
        user_read_text(space, text, 4, 0),
        user_read_text(space, text, 4, text_at + PAGE_SIZE),
        user_write(space, top - 4, "abc", 4),
        user_read_text(space, text, 4, top - 4),
        user_read_text(space, text, 3, top - 4), /* no room for the end */
        user_write(space, top - 4, "abcd", 4),
        user_read_text(space, text, 8, top - 4), /* no end before the memory's */
        user_read(space, text, 0, 0),
    };
    ring3_stop(process);
    static const int wanted[] = {-EFAULT, -EFAULT, -EFAULT, -EFAULT,  -EFAULT, -EFAULT, -EFAULT,
                                 -EFAULT, 0,       3,       -EINVARG, 0,       -EFAULT, 0};
    for (size_t i = 0; i < sizeof status / sizeof status[0]; i++)
        CHECK_EQUAL(status[i], wanted[i]);
}

/* Takes all memory in pieces of a block, each of which holds where the one before it is. */
static void *take_all(void)
{
    void *hoard = NULL, *block;
    while ((block = kmalloc_for(OWNER_SHELL, PAGE_SIZE))) {
        *(void **)block = hoard;
        hoard = block;
    }
    return hoard;
}

/* Gives the first piece back; the rest of them. */
static void *give_one(void *hoard)
{
    void *rest = *(void **)hoard;
    kfree(hoard);
    return rest;
}

/* With one block more each time, each of its allocations is the one that fails, once. */
CASE(process, s7_without_memory_nothing_is_left_behind)
{
    struct process *other = RING3_START(ring3_spins);
    void *hoard = take_all();
    size_t started = 0, refused = 0, given = 0;
    const char *broken = NULL;
    for (int i = 0; i < 80 && other && hoard && !broken; i++) {
        struct process *process = RING3_START(ring3_spins);
        started += process != NULL;
        refused += !process;
        if (process)
            ring3_stop(process);
        void *memory = process_malloc(other, 3 * PAGE_SIZE);
        given += memory && !process_free(other, memory);
        broken = process_check();
        hoard = give_one(hoard);
    }
    while (hoard)
        hoard = give_one(hoard);
    if (other)
        ring3_stop(other);
    CHECK_HOLDS(broken);
    /* A growing heap gives back its own spare pages when it fails. */
    CHECK(refused >= (kheap_growing() ? 1u : 8u) && started > 0);
    CHECK(given > 0 && (kheap_growing() || given < refused + started));
}

/* The same for a program's own calls: what it starts, and what it allocates. */
CASE(process, s7_without_memory_system_calls_fail_and_leave_nothing)
{
    struct process_end end;
    void *hoard = take_all();
    const char *broken = NULL;
    bool there = true;
    for (int i = 0; i < 60 && hoard && !broken && there; i++) {
        there = ring3_run_program("many 2", 10, &end);
        broken = process_check();
        hoard = give_one(hoard);
    }
    while (hoard)
        hoard = give_one(hoard);
    CHECK_HOLDS(broken);
    SKIP_UNLESS(there, "the loader did not bring the program many");
    CHECK(ring3_ended_by(&end, PROCESS_EXITED, 0)); /* at last there was enough */
}

CASE(process, a_page_below_each_kernel_stack_is_absent)
{
    uint32_t flags = cpu_save_flags(), word;
    vaddr_t stacks[3];
    size_t good = 0;
    for (size_t i = 0; i < 3; i++)
        stacks[i] = kernel_stack_create();
    for (size_t i = 0; i < 3; i++)
        good += stacks[i] && kernel_stack_is_guard(stacks[i] - 1) &&
                !kernel_stack_is_guard(stacks[i]) && !probe_read(stacks[i] - 4, &word) &&
                probe_write(stacks[i], 1) && probe_write(stacks[i] + KERNEL_STACK_BYTES - 4, 1);
    for (size_t i = 0; i < 3; i++)
        if (stacks[i])
            kernel_stack_destroy(stacks[i]);
    bool gone = !stacks[0] || !probe_read(stacks[0], &word);
    cpu_restore_flags(flags);
    CHECK_EQUAL(good, 3);
    CHECK(gone);
}
