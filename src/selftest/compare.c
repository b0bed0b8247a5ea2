#include "selftest/compare.h"

#include "lib/print.h"
#include "memory/memory.h"

enum { CALLS = 12000 };

const uint16_t compare_mix[COMPARE_MIX] = {
    8,   8,   8,   8,   9,   9,   9,   10,  10,  10,  11,  11,  12,   12,   13,   13,
    14,  14,  15,  16,  16,  17,  18,  19,  20,  21,  22,  23,  24,   26,   27,   29,
    30,  32,  35,  37,  39,  42,  45,  49,  53,  57,  62,  68,  75,   82,   91,   101,
    113, 127, 144, 164, 189, 221, 261, 312, 381, 476, 610, 810, 1127, 1675, 2748, 5309};

static uint32_t below(struct compare *work, uint32_t limit)
{
    work->seed ^= work->seed << 13;
    work->seed ^= work->seed >> 17;
    work->seed ^= work->seed << 5;
    return (uint32_t)((uint64_t)work->seed * limit >> 32);
}

/* -- Calls, each by the clock -- */

static void note(struct compare *work, uint64_t start)
{
    uint64_t ticks = work->clock() - start;
    ticks = ticks > work->reading ? ticks - work->reading : 0;
    work->numbers.ticks += ticks;
    work->numbers.calls++;
    if (ticks > work->numbers.worst)
        work->numbers.worst = ticks;
}

static void put(struct compare *work, size_t slot)
{
    if (!work->objects[slot])
        return;
    uint64_t start = work->clock();
    int refusal = allocator_free(work->allocator, work->objects[slot]);
    note(work, start);
    work->numbers.failed += refusal != HEAP_FREED;
    work->numbers.live -= work->sizes[slot];
    work->objects[slot] = NULL;
}

static void hold(struct compare *work, size_t slot, void *pointer, uint32_t nbytes)
{
    work->objects[slot] = pointer;
    work->sizes[slot] = nbytes;
    work->numbers.live += nbytes;
    if (work->numbers.live > work->numbers.most_live)
        work->numbers.most_live = work->numbers.live;
}

/* Puts an object of NBYTES in the place of SLOT's. */
static void get(struct compare *work, size_t slot, uint32_t nbytes)
{
    put(work, slot);
    uint64_t start = work->clock();
    void *pointer = allocator_malloc(work->allocator, nbytes, 0);
    note(work, start);
    if (pointer)
        hold(work, slot, pointer, nbytes);
    else
        work->numbers.failed++;
}

/* As realloc: where it is, or elsewhere with its contents. */
static void resize(struct compare *work, size_t slot, uint32_t nbytes)
{
    void *pointer = work->objects[slot];
    uint32_t was = work->sizes[slot];
    if (!pointer) {
        get(work, slot, nbytes);
        return;
    }
    uint64_t start = work->clock();
    bool in_place = allocator_resize(work->allocator, pointer, nbytes);
    void *moved = in_place ? pointer : allocator_malloc(work->allocator, nbytes, 0);
    if (moved && !in_place) {
        memcpy(moved, pointer, was < nbytes ? was : nbytes);
        work->numbers.failed += allocator_free(work->allocator, pointer) != HEAP_FREED;
    }
    note(work, start);
    if (!moved) {
        work->numbers.failed++;
        return;
    }
    work->numbers.live -= was;
    hold(work, slot, moved, nbytes);
}

/* -- Workloads -- */

/* Any of many goes, another of any size comes. */
static void churn(struct compare *work, uint32_t nlive, const uint16_t *sizes, uint32_t nsizes)
{
    for (uint32_t i = 0; i < nlive; i++)
        get(work, i, sizes[below(work, nsizes)]);
    while (work->numbers.calls < CALLS)
        get(work, below(work, nlive), sizes[below(work, nsizes)]);
}

static void small_objects(struct compare *work)
{
    static const uint16_t sizes[] = {16, 24, 32, 48, 64, 96, 128, 192, 256};
    churn(work, 2000, sizes, sizeof sizes / sizeof sizes[0]);
}

static void all_sizes(struct compare *work)
{
    churn(work, 1000, compare_mix, COMPARE_MIX);
}

static void whole_pages(struct compare *work)
{
    static const uint16_t sizes[] = {4096, 8192, 12288, 16384, 32768, 61440};
    churn(work, 200, sizes, sizeof sizes / sizeof sizes[0]);
}

/* All at once, and all back in the order of their coming. */
static void bursts(struct compare *work)
{
    while (work->numbers.calls < CALLS) {
        for (uint32_t i = 0; i < 1500; i++)
            get(work, i, 16 + 8 * below(work, 63));
        for (uint32_t i = 0; i < 1500; i++)
            put(work, i);
    }
}

/* Every other object goes; those that come then are too large for the holes. */
static void comb(struct compare *work)
{
    for (uint32_t i = 0; i < 3000; i++)
        get(work, i, 200);
    for (uint32_t i = 0; i < 3000; i += 2)
        put(work, i);
    for (uint32_t i = 0; i < 3000; i += 2)
        get(work, i, 280);
    for (uint32_t i = 1; i < 3000; i += 2)
        put(work, i);
}

/* Most objects go soon, others stay for long; one request in 32 is for a buffer. */
static void kernel_like(struct compare *work)
{
    static const uint16_t fixed[] = {16, 32, 64, 96, 128, 192, 256, 512};
    enum { SHORT = 64, BUFFERS = 32, PLACES = 2000 };
    for (uint32_t turn = 0; work->numbers.calls < CALLS; turn++) {
        uint32_t nbytes = fixed[below(work, 8)];
        if (turn % 32 == 31)
            get(work, SHORT + below(work, BUFFERS), 4096 + 64 * below(work, 449));
        else if (turn % 4 == 3)
            get(work, SHORT + BUFFERS + below(work, PLACES - SHORT - BUFFERS), nbytes);
        else
            get(work, turn % SHORT, nbytes);
    }
}

/* Buffers that grow by a half each time between strings that pass. */
static void growing_text(struct compare *work)
{
    enum { BUFFERS = 16, LARGEST = 65536 };
    for (uint32_t turn = 0; work->numbers.calls < CALLS; turn++) {
        uint32_t buffer = below(work, BUFFERS), was = work->sizes[buffer];
        if (turn % 8 != 7)
            get(work, BUFFERS + turn % 1000, 1 + below(work, 64));
        else if (!work->objects[buffer] || was > LARGEST)
            get(work, buffer, 16 + below(work, 64));
        else
            resize(work, buffer, was + was / 2);
    }
}

static const struct {
    const char *name;
    void (*work)(struct compare *work); /* NULL: replays the trace */
} workloads[] = {
    {"small objects", small_objects},
    {"8 B to 8 KB", all_sizes},
    {"1 to 15 pages", whole_pages},
    {"bursts", bursts},
    {"comb", comb},
    {"kernel-like", kernel_like},
    {"growing text", growing_text},
    {"recorded", NULL},
};
const size_t compare_nworkloads = sizeof workloads / sizeof workloads[0];

const char *compare_name(size_t workload)
{
    return workloads[workload].name;
}

static bool can_replay(const struct compare_trace *trace)
{
    for (size_t i = 0; trace && i < trace->count; i++)
        if (trace->requests[i].id >= COMPARE_LIVE)
            return false;
    return trace && trace->count > 0;
}

static void replay(struct compare *work, const struct compare_trace *trace)
{
    for (size_t i = 0; i < trace->count; i++) {
        const struct compare_request *request = &trace->requests[i];
        if (request->verb == 'm')
            get(work, request->id, request->nbytes);
        else if (request->verb == 'r')
            resize(work, request->id, request->nbytes);
        else
            put(work, request->id);
    }
}

bool compare_run(struct compare *work, size_t workload, const struct allocator *allocator,
                 uint64_t (*clock)(void), const struct compare_trace *trace)
{
    if (!workloads[workload].work && !can_replay(trace))
        return false;
    memset(work, 0, sizeof *work);
    work->allocator = allocator;
    work->clock = clock;
    work->seed = 2463534242u;
    uint64_t start = clock();
    work->reading = clock() - start;
    if (workloads[workload].work)
        workloads[workload].work(work);
    else
        replay(work, trace);
    struct compare_numbers numbers = work->numbers;
    struct allocator_statistics statistics = allocator_statistics(allocator);
    numbers.largest = statistics.largest;
    numbers.returned = statistics.returned;
    for (size_t i = 0; i < COMPARE_LIVE; i++)
        put(work, i);
    numbers.failed = work->numbers.failed;
    (void)allocator->kind->trim(allocator->heap);
    statistics = allocator_statistics(allocator);
    numbers.most_held = statistics.peak * HEAP_BLOCK_SIZE;
    numbers.left = statistics.pages;
    work->numbers = numbers;
    return true;
}

void compare_print_head(const char *unit)
{
    kprintf("  %-14s %-9s %8s %8s %9s %8s %8s %6s %6s\n", "work", "design", unit, "slowest",
            "held/live", "largest", "returned", "failed", "left");
}

void compare_print(const char *workload, const char *design, const struct compare_numbers *numbers)
{
    uint64_t ticks = numbers->ticks;
    uint32_t calls = numbers->calls;
    for (; ticks > UINT32_MAX; calls /= 2) /* the kernel has no division of 64 bits */
        ticks /= 2;
    uint32_t average = calls ? (uint32_t)ticks / calls : 0;
    size_t live = numbers->most_live, percent = live ? numbers->most_held * 100 / live : 0;
    kprintf("  %-14s %-9s %8u %8u %5zu.%02zu %8zu K %6zu p %6u %4zu p\n", workload, design, average,
            (uint32_t)numbers->worst, percent / 100, percent % 100, numbers->largest / 1024,
            numbers->returned, numbers->failed, numbers->left);
}
