#include "selftest/selftest.h"

#include "arena.h"
#include "lib/print.h"
#include "memory/heap/kheap.h"
#include "selftest/runner.h"

/* linker.ld gathers them. */
extern const struct test_case *const test_cases_start[], *const test_cases_end[];

uint8_t (*arena)[ARENA_BLOCK_SIZE];
struct shared *shared;

static size_t taken_before;

static void before(void)
{
    kfree(kmalloc(1)); /* what a heap keeps once it has served anything is not the case's */
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
    shared = kmalloc_for(OWNER_TEST, sizeof *shared);
    if (!arena || !shared) {
        kprintf("selftest: %zu K of memory are needed\n",
                (ARENA_BLOCKS * sizeof *arena + sizeof *shared) / 1024);
        kfree(arena);
        return false;
    }
    struct runner_totals totals =
        runner_run(test_cases_start, test_cases_end, pattern, (struct runner_hooks){before, after});
    kfree(shared);
    kfree(arena);
    return totals.passed > 0 && totals.failed == 0;
}
