/*
 * Adversaries: states in which a single call could cost what the size of the heap or its history
 * allows. What comes before that call is not counted; only the call that took longest is.
 */
#include "bench.h"

enum { MANY = 25600, SMALL = 512, COMB = 65, NEAR_FIT = 79, KEPT_LONGEST = 64, KEPT_EACH = 7 };

static void *live[MANY];
static size_t nlive;

static bool get(struct run *run, size_t nbytes)
{
    void *pointer = nlive < MANY ? bench_get(run->allocator, nbytes) : NULL;
    if (pointer)
        live[nlive++] = pointer;
    run->operations++;
    return pointer != NULL;
}

static void put(struct run *run, size_t i)
{
    bench_put(run->allocator, live[i]);
    live[i] = live[--nlive];
}

static void put_all(struct run *run)
{
    while (nlive > 0)
        put(run, nlive - 1);
}

/* All that is free, in the longest pieces that there are. */
static void take_the_rest(struct run *run)
{
    for (size_t nblocks = BENCH_BLOCKS; nblocks > 0; nblocks /= 2)
        while (get(run, nblocks * BENCH_BLOCK))
            ;
}

/* -- Blocks that were small objects', and then a request for which they must be given back -- */

static void spare_prepare(struct run *run)
{
    while (nlive < 7000 && get(run, SMALL))
        ;
    for (size_t i = 0; i < 7000 / 8; i++)
        bench_put(run->allocator, live[--nlive]);
    size_t small = nlive;
    take_the_rest(run);
    for (size_t i = small; i-- > 0;) {
        bench_put(run->allocator, live[i]);
        live[i] = live[--nlive];
    }
}

static void spare(struct run *run)
{
    for (int i = 0; i < 4; i++)
        (void)get(run, 4 * BENCH_BLOCK);
}

/* -- Freed runs of each length, and then a request for all -- */

static void kept_prepare(struct run *run)
{
    for (size_t nblocks = 1; nblocks <= KEPT_LONGEST; nblocks++)
        for (int i = 0; i < KEPT_EACH; i++)
            (void)get(run, nblocks * BENCH_BLOCK);
    put_all(run);
}

static void kept(struct run *run)
{
    (void)get(run, (size_t)BENCH_BLOCKS * BENCH_BLOCK);
}

static void too_much(struct run *run)
{
    (void)get(run, ((size_t)BENCH_BLOCKS + 1) * BENCH_BLOCK);
}

/* -- Runs of COMB blocks, none of which is long enough or lies right -- */

static void comb(struct run *run, size_t nblocks)
{
    size_t i = 0;
    while (get(run, nblocks * BENCH_BLOCK))
        ;
    size_t all = nlive;
    take_the_rest(run);
    for (i = all; i-- > 0;)
        if (i % 2 == 0) {
            bench_put(run->allocator, live[i]);
            live[i] = NULL;
        }
    size_t left = 0;
    for (i = 0; i < nlive; i++)
        if (live[i])
            live[left++] = live[i];
    nlive = left;
}

static void near_fit_prepare(struct run *run)
{
    comb(run, COMB);
}

static void near_fit(struct run *run)
{
    (void)get(run, NEAR_FIT * BENCH_BLOCK);
}

static void aligned_prepare(struct run *run)
{
    comb(run, 1);
}

static void aligned(struct run *run)
{
    void *pointer = bench_get_aligned(run->allocator, 2 * BENCH_BLOCK, 2 * BENCH_BLOCK);
    run->operations++;
    if (pointer)
        live[nlive++] = pointer;
}

/* -- No memory at all -- */

static void short_prepare(struct run *run)
{
    take_the_rest(run);
}

static void short_of_memory(struct run *run)
{
    for (size_t nbytes = 8; nbytes <= 4 * BENCH_BLOCK; nbytes *= 2)
        (void)get(run, nbytes + nbytes / 4);
}

const struct stream worst_streams[] = {
    {"worst: spare slabs", BENCH_WORST, 0, 100, spare_prepare, spare, put_all},
    {"worst: kept runs", BENCH_WORST, 0, 100, kept_prepare, kept, put_all},
    {"worst: too much", BENCH_WORST, 0, 100, kept_prepare, too_much, put_all},
    {"worst: near fit", BENCH_WORST, 0, 100, near_fit_prepare, near_fit, put_all},
    {"worst: aligned", BENCH_WORST, 0, 100, aligned_prepare, aligned, put_all},
    {"worst: no memory", BENCH_WORST, 0, 100, short_prepare, short_of_memory, put_all},
};
const size_t nworst_streams = sizeof worst_streams / sizeof worst_streams[0];
