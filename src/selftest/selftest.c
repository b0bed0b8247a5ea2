#include "selftest/selftest.h"

#include "arena.h"
#include "lib/print.h"
#include "memory/heap/kheap.h"
#include "selftest/runner.h"

/* linker.ld gathers them. */
extern const struct test_case *const test_cases_start[], *const test_cases_end[];

uint8_t (*arena)[ARENA_BLOCK_SIZE];

static size_t taken_before;

static void before(void)
{
    kheap_trim();
    taken_before = kheap()->statistics.taken;
}

static const char *after(void)
{
    const char *broken = kheap_check();
    if (broken)
        return broken;
    kheap_trim();
    return kheap()->statistics.taken == taken_before ? NULL : "the heap has other blocks taken";
}

bool selftest_run(const char *pattern)
{
    arena = kmalloc_for(OWNER_TEST, ARENA_BLOCKS * sizeof *arena);
    if (!arena) {
        kprintf("selftest: %d K of memory are needed\n", ARENA_BLOCKS * ARENA_BLOCK_SIZE / 1024);
        return false;
    }
    struct runner_totals totals =
        runner_run(test_cases_start, test_cases_end, pattern, (struct runner_hooks){before, after});
    kfree(arena);
    return totals.passed > 0 && totals.failed == 0;
}
