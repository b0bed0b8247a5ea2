#include "selftest/selftest.h"

#include "arena.h"
#include "cpu/cpu.h"
#include "lib/format.h"
#include "lib/print.h"
#include "memory/kheap/kheap.h"
#include "memory/kheap/kheap_look.h"
#include "selftest/check.h"
#include "selftest/pages.h"
#include "selftest/runner.h"
#include "selftest/verdict.h"

/* linker.ld gathers them. */
extern const struct test_case *const test_cases_start[], *const test_cases_end[];

uint8_t (*arena)[ARENA_BLOCK_SIZE];
struct shared *shared;

enum { NAMES_MOST = 64, SUMMARY_BYTES = 120 };

static struct {
    size_t taken_before; /* blocks */
    bool in_pages, ran;
    struct runner_totals totals;
    const char *failed[NAMES_MOST]; /* the first names of those that did */
    size_t nfailed;                 /* .. there */
} selftest;

static void before(void)
{
    kfree(kmalloc(1)); /* what a heap keeps once it has served anything is not the case's */
    kheap_trim();
    selftest.taken_before = kheap_taken();
}

static const char *after(void)
{
    const char *broken = kheap_check();
    if (broken)
        return broken;
    kheap_trim();
    return kheap_taken() == selftest.taken_before ? NULL : "the heap has other blocks taken";
}

static void said(const struct test_case *test, bool passed)
{
    if (!passed && selftest.nfailed < NAMES_MOST)
        selftest.failed[selftest.nfailed++] = test->name;
    pages_turn();
}

static bool passed(void)
{
    return selftest.totals.passed > 0 && selftest.totals.failed == 0;
}

static void show_verdict(void)
{
    struct cpu_features cpu = cpu_identify();
    char summary[SUMMARY_BYTES];
    const struct runner_totals *totals = &selftest.totals;
    format_text(summary, sizeof summary, "Plat: %u self-tests passed, %u failed, on %s",
                totals->passed, totals->failed,
                cpu.brand[0]    ? cpu.brand
                : cpu.vendor[0] ? cpu.vendor
                                : "a 486 or 386");
    verdict_show(passed(), summary, selftest.failed, selftest.nfailed);
}

void selftest_in_pages(void)
{
    selftest.in_pages = true;
}

bool selftest_run(const char *pattern)
{
    arena = kmalloc_for(OWNER_SHELL, ARENA_BLOCKS * sizeof *arena);
    shared = kmalloc_for(OWNER_SHELL, sizeof *shared);
    if (!arena || !shared) {
        kprintf("selftest: %zu K of memory are needed\n",
                (ARENA_BLOCKS * sizeof *arena + sizeof *shared) / 1024);
        kfree(shared);
        kfree(arena);
        return false;
    }
    selftest.nfailed = 0;
    selftest.ran = true;
    if (selftest.in_pages)
        pages_start();
    selftest.totals =
        runner_run(test_cases_start, test_cases_end, pattern,
                   (struct runner_hooks){
                       .before = before, .after = after, .finally = check_kernel, .said = said});
    pages_end();
    kfree(shared);
    kfree(arena);
    show_verdict();
    return passed();
}

struct selftest_last selftest_last(void)
{
    return (struct selftest_last){selftest.ran, selftest.totals.passed, selftest.totals.failed,
                                  selftest.failed, selftest.nfailed};
}

void selftest_say_last(void)
{
    if (selftest.ran)
        kprintf("self-tests: %u passed, %u failed\n", selftest.totals.passed,
                selftest.totals.failed);
    else
        kprintf("self-tests: not run\n");
}
