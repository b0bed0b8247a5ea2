/*
 * Streams of whole blocks, 1 to 64 at once, at a steady fullness. The memory is never touched:
 * there is none behind most of these heaps.
 */
#include "bench.h"

enum { LENGTH_MOST = 64, LIVE_MOST = 131072, WARM_UP = 8 /* times what is live */ };

static struct {
    void *pointer;
    size_t nblocks;
} live[LIVE_MOST];
static size_t nlive, taken, most;
static uint32_t seed;

static void free_one(struct run *run, size_t i)
{
    bench_put(run->allocator, live[i].pointer);
    taken -= live[i].nblocks;
    live[i] = live[--nlive];
    run->operations++;
}

static void free_any(struct run *run)
{
    if (nlive > 0)
        free_one(run, bench_below(bench_random(&seed), (uint32_t)nlive));
}

static bool get_blocks(struct run *run, size_t nblocks)
{
    void *pointer = bench_get(run->allocator, nblocks * BENCH_BLOCK);
    run->operations++;
    if (!pointer || nlive == LIVE_MOST) {
        run->failed++;
        return false;
    }
    live[nlive].pointer = pointer;
    live[nlive++].nblocks = nblocks;
    taken += nblocks;
    if (run->probe) {
        for (size_t i = 0; i < nblocks && !run->allocator->footprint; i++)
            ((volatile char *)pointer)[i * BENCH_BLOCK] = 1;
        most = taken > most ? taken : most;
    }
    return true;
}

static void free_all(struct run *run)
{
    while (nlive > 0)
        free_one(run, nlive - 1);
}

/* -- Steady: below the target one comes, else any one goes -- */

static size_t blocks_of(const struct stream *stream)
{
    return stream->kind == BENCH_LARGE ? BENCH_MILLION : BENCH_BLOCKS;
}

static void steady_until(struct run *run, size_t limit)
{
    size_t target = blocks_of(run->stream) * run->stream->parameter / 100;
    while (run->operations < limit) {
        if (taken >= target)
            free_any(run);
        else if (!get_blocks(run, 1 + bench_below(bench_random(&seed), LENGTH_MOST)))
            free_any(run);
    }
}

static void begin(void)
{
    seed = 2463534242u;
    nlive = taken = most = 0;
}

/* Filled, and replaced often enough that the holes are those of a heap that has run for long. */
static void steady_prepare(struct run *run)
{
    size_t target = blocks_of(run->stream) * run->stream->parameter / 100;
    begin();
    size_t filling = target / (LENGTH_MOST / 2);
    if (!run->probe) /* failures are counted from the empty heap on */
        steady_until(run, filling + filling * WARM_UP / run->allocator->slowness);
}

static void steady(struct run *run)
{
    steady_until(run, run->limit);
    if (run->probe)
        run->probe(run, most * BENCH_BLOCK);
}

/* -- Adversarial: nothing but holes of one block, then requests of one and two -- */

static void holes_prepare(struct run *run)
{
    begin();
    while (nlive < BENCH_BLOCKS && get_blocks(run, 1))
        ;
    for (size_t i = nlive; i-- > 0;)
        if (i % 2 == 0)
            free_one(run, i);
}

static void holes(struct run *run)
{
    for (size_t i = 0; run->operations < run->limit; i++) {
        (void)get_blocks(run, 1 + i % 2);
        free_any(run);
    }
    if (run->probe)
        run->probe(run, most * BENCH_BLOCK);
}

enum { MANY = 200000 };

const struct stream page_streams[] = {
    {"pages, 10 % full", BENCH_PAGES, 10, MANY, steady_prepare, steady, free_all},
    {"pages, 50 % full", BENCH_PAGES, 50, MANY, steady_prepare, steady, free_all},
    {"pages, 90 % full", BENCH_PAGES, 90, MANY, steady_prepare, steady, free_all},
    {"holes of a block", BENCH_PAGES, 0, MANY / 2, holes_prepare, holes, free_all},
    {"million, 10 % full", BENCH_LARGE, 10, MANY, steady_prepare, steady, free_all},
    {"million, 50 % full", BENCH_LARGE, 50, MANY, steady_prepare, steady, free_all},
    {"million, 90 % full", BENCH_LARGE, 90, MANY, steady_prepare, steady, free_all},
};
const size_t npage_streams = sizeof page_streams / sizeof page_streams[0];
