#include "selftest/bench.h"

#include "cpu/cpu.h"
#include "lib/print.h"
#include "memory/kheap/kheap.h"
#include "memory/kheap/kheap_look.h"
#include "memory/memory.h"
#include "selftest/bench_process.h"
#include "selftest/bench_screen.h"
#include "selftest/compare.h"

enum { LIVE = 1024, OPERATIONS = 20000 };

static struct {
    void *objects[LIVE];
    size_t nlive;
    uint32_t seed;
    uint32_t worst, total, count, failed;
} state;

static uint32_t next_random(uint32_t below)
{
    state.seed ^= state.seed << 13;
    state.seed ^= state.seed >> 17;
    state.seed ^= state.seed << 5;
    return (uint32_t)((uint64_t)state.seed * below >> 32);
}

/* What reading the counter costs by itself. */
static uint32_t overhead(void)
{
    uint64_t start = cpu_tsc();
    return (uint32_t)(cpu_tsc() - start);
}

static void note(uint64_t start)
{
    uint32_t ticks = (uint32_t)(cpu_tsc() - start), reading = overhead();
    ticks = ticks > reading ? ticks - reading : 0;
    state.total += ticks;
    state.count++;
    state.worst = ticks > state.worst ? ticks : state.worst;
}

static void *timed_malloc(size_t nbytes)
{
    uint64_t start = cpu_tsc();
    void *pointer = kmalloc(nbytes);
    note(start);
    state.failed += !pointer;
    return pointer;
}

static void timed_free(void *pointer)
{
    uint64_t start = cpu_tsc();
    kfree(pointer);
    note(start);
}

static void begin(void)
{
    state.nlive = 0;
    state.seed = 2463534242u;
    state.worst = state.total = state.count = state.failed = 0;
}

static void end(const char *name)
{
    while (state.nlive > 0)
        kfree(state.objects[--state.nlive]);
    kheap_trim();
    kprintf("  %-28s %6u a call, slowest %6u, %u failed\n", name,
            state.count ? state.total / state.count : 0, state.worst, state.failed);
}

static void pair(const char *name, size_t nbytes)
{
    begin();
    for (int i = 0; i < OPERATIONS / 2; i++) {
        void *pointer = timed_malloc(nbytes);
        if (pointer)
            timed_free(pointer);
    }
    end(name);
}

/* Replaces one of LIVE objects, again and again. */
static void churn(void)
{
    begin();
    for (int i = 0; i < OPERATIONS; i++) {
        uint32_t victim = next_random(LIVE);
        if (state.nlive < LIVE) {
            state.objects[state.nlive] = timed_malloc(compare_mix[next_random(COMPARE_MIX)]);
            state.nlive += state.objects[state.nlive] != NULL;
            continue;
        }
        timed_free(state.objects[victim]);
        state.objects[victim] = timed_malloc(compare_mix[next_random(COMPARE_MIX)]);
        if (!state.objects[victim])
            state.objects[victim] = state.objects[--state.nlive];
    }
    end("churn, 8 to 8192 bytes");
}

/* All at once and back, in the order of their coming or against it. */
static void burst(const char *name, bool last_first)
{
    begin();
    for (int round = 0; round < OPERATIONS / 2 / LIVE; round++) {
        while (state.nlive < LIVE) {
            void *pointer = timed_malloc(16 + 8 * next_random(63));
            if (!pointer)
                break;
            state.objects[state.nlive++] = pointer;
        }
        for (size_t i = 0; i < state.nlive; i++)
            timed_free(state.objects[last_first ? state.nlive - 1 - i : i]);
        state.nlive = 0;
    }
    end(name);
}

/* Allocations of 1 to 64 blocks, as many as keep PERCENT of the heap taken. */
static void pages(const char *name, uint32_t percent)
{
    begin();
    const struct heap_statistics *counts = &kheap()->statistics;
    size_t target = counts->total / 100 * percent;
    void *rest = NULL;
    /* A large heap would need more objects than there is room for: its rest is one of them. */
    if (target > LIVE * 24)
        rest = kmalloc((target - LIVE * 24) * HEAP_BLOCK_SIZE);
    for (int i = 0; i < OPERATIONS; i++) {
        size_t used = counts->taken - block_heap_kept(kheap_all());
        if (used < target && state.nlive < LIVE) {
            void *pointer = timed_malloc((1 + next_random(64)) * HEAP_BLOCK_SIZE);
            if (pointer) {
                state.objects[state.nlive++] = pointer;
                continue;
            }
        }
        if (state.nlive > 0) {
            uint32_t victim = next_random((uint32_t)state.nlive);
            timed_free(state.objects[victim]);
            state.objects[victim] = state.objects[--state.nlive];
        }
    }
    kfree(rest);
    end(name);
}

/* How much of what a former owner wrote kzalloc hands out behind what was asked for. */
static void count_leftovers(void)
{
    size_t behind = 0, left = 0;
    for (size_t nbytes = 1; nbytes < 64 * 1024; nbytes += 101) {
        uint8_t *dirty = kmalloc(nbytes);
        if (dirty)
            memset(dirty, 0xff, ksize(dirty));
        kfree(dirty);
        uint8_t *clean = kzalloc(nbytes);
        size_t room = ksize(clean);
        for (size_t i = nbytes; i < room; i++)
            left += clean[i] != 0;
        behind += clean ? room - nbytes : 0;
        kfree(clean);
    }
    kprintf(
        "bench: kzalloc of 1 byte to 64 KB: %zu of %zu bytes behind the requests are old data\n",
        left, behind);
}

void bench_run(void)
{
    if (!cpu_identify().tsc) {
        kprintf("  this processor has no time stamp counter\n");
        return;
    }
    kprintf("bench: ticks of the time stamp counter, kmalloc and kfree\n");
    uint32_t flags = cpu_save_flags(); /* no interrupt counts as an allocation's */
    pair("pair, 16 bytes", 16);
    pair("pair, 256 bytes", 256);
    pair("pair, 1000 bytes", 1000);
    pair("pair, 4 KB", 4096);
    pair("pair, 64 KB", 65536);
    churn();
    burst("burst, last in first out", true);
    burst("burst, first in first out", false);
    pages("1 to 64 blocks, 10 % full", 10);
    pages("1 to 64 blocks, 50 % full", 50);
    pages("1 to 64 blocks, 90 % full", 90);
    cpu_restore_flags(flags);
    count_leftovers();
    bench_process_run();
    bench_screen_run();
    const char *broken = kheap_check();
    kprintf("bench: the heap is %s\n", broken ? broken : "sound");
}
