/*
 * Streams of objects. Each object's first bytes are written, as its owner would: an allocator that
 * keeps its lists in the memory pays for that together with its user.
 */
#include <math.h>

#include "bench.h"

enum {
    CHURN_LIVE = 10000,
    CHURN_SMALLEST = 8,
    CHURN_LARGEST = 8192,
    QUANTILES = 4096,
    BURST = 10000,
    SMALL = 48,
    SMALLS = 100000,
    LEFT = 100, /* one of so many stays */
    MIDDLE = 256
};

static void *live[SMALLS + SMALLS];
static uint32_t sizes[SMALLS + SMALLS], nlive, seed;

static void free_all(struct run *run)
{
    while (nlive > 0)
        bench_put(run->allocator, live[--nlive]);
}

/* -- Pairs: the allocator's shortest way -- */

static void pairs(struct run *run)
{
    size_t nbytes = run->stream->parameter;
    for (; run->operations < run->limit; run->operations += 2) {
        void *pointer = bench_get(run->allocator, nbytes);
        bench_touch(run, pointer, nbytes);
        bench_put(run->allocator, pointer);
    }
}

/* -- Churn: any of many goes, another of any size comes -- */

/* Sizes of density s^-1.5: most are small, and each octave has about the same number of bytes. */
static uint16_t quantiles[QUANTILES];

static void make_quantiles(void)
{
    double from = 1 / sqrt(CHURN_SMALLEST), to = 1 / sqrt(CHURN_LARGEST);
    for (size_t i = 0; i < QUANTILES; i++) {
        double root = from + ((double)i + 0.5) / QUANTILES * (to - from);
        quantiles[i] = (uint16_t)(1 / (root * root));
    }
}

static void churn_prepare(struct run *run)
{
    make_quantiles();
    seed = 2463534242u;
    for (nlive = 0; nlive < CHURN_LIVE; nlive++) {
        sizes[nlive] = quantiles[bench_random(&seed) % QUANTILES];
        live[nlive] = bench_get(run->allocator, sizes[nlive]);
        bench_touch(run, live[nlive], sizes[nlive]);
    }
}

static void churn(struct run *run)
{
    size_t bytes = 0, most = 0;
    for (size_t i = 0; run->probe && i < CHURN_LIVE; i++)
        bytes += sizes[i];
    for (; run->operations < run->limit; run->operations += 2) {
        uint32_t i = bench_below(bench_random(&seed), CHURN_LIVE);
        uint32_t nbytes = quantiles[bench_random(&seed) % QUANTILES];
        bench_put(run->allocator, live[i]);
        live[i] = bench_get(run->allocator, nbytes);
        bench_touch(run, live[i], nbytes);
        if (run->probe) {
            bytes = bytes - sizes[i] + nbytes;
            sizes[i] = nbytes;
            most = bytes > most ? bytes : most;
        }
    }
    if (run->probe)
        run->probe(run, most);
}

/* -- Bursts: many come, then all go, in the reverse order or in the same -- */

static void burst(struct run *run, bool reverse)
{
    seed = 2463534242u;
    for (; run->operations < run->limit; run->operations += 2 * BURST) {
        size_t bytes = 0;
        for (size_t i = 0; i < BURST; i++) {
            uint32_t nbytes = 16 + 8 * bench_below(bench_random(&seed), 63);
            bytes += nbytes;
            live[i] = bench_get(run->allocator, nbytes);
            bench_touch(run, live[i], nbytes);
        }
        if (run->probe)
            run->probe(run, bytes);
        for (size_t i = 0; i < BURST; i++)
            bench_put(run->allocator, live[reverse ? BURST - 1 - i : i]);
    }
}

static void burst_lifo(struct run *run)
{
    burst(run, true);
}

static void burst_fifo(struct run *run)
{
    burst(run, false);
}

/* -- Adversarial: small objects that stay hold the blocks that middling ones would need -- */

static void holes_prepare(struct run *run)
{
    static void *passing[SMALLS];
    uint32_t npassing = 0;
    nlive = 0;
    for (size_t i = 0; i < SMALLS; i++) {
        void *pointer = bench_get(run->allocator, SMALL);
        bench_touch(run, pointer, SMALL);
        if (i % LEFT == 0)
            live[nlive++] = pointer;
        else
            passing[npassing++] = pointer;
    }
    if (run->probe)
        run->probe(run, (size_t)SMALLS * SMALL);
    while (npassing > 0)
        bench_put(run->allocator, passing[--npassing]);
}

static void holes(struct run *run)
{
    for (; run->operations < run->limit && nlive < SMALLS; run->operations++) {
        live[nlive] = bench_get(run->allocator, MIDDLE);
        bench_touch(run, live[nlive++], MIDDLE);
    }
    if (run->probe)
        run->probe(run, SMALLS / LEFT * SMALL + run->operations * MIDDLE);
}

/* -- Zeroed: an operation is one get and its put; each page is looked at, so that it is there -- */

static void zeroed(struct run *run)
{
    size_t nbytes = run->stream->parameter;
    for (; run->operations < run->limit; run->operations++) {
        char *pointer = bench_get_zero(run->allocator, nbytes);
        for (size_t i = 0; i < nbytes; i += BENCH_BLOCK)
            ((volatile char *)pointer)[i] = 1;
        bench_put(run->allocator, pointer);
    }
}

enum { MANY = 400000, SOME = 100000 };

const struct stream object_streams[] = {
    {"pair 16 B", BENCH_OBJECTS, 16, MANY, NULL, pairs, NULL},
    {"pair 64 B", BENCH_OBJECTS, 64, MANY, NULL, pairs, NULL},
    {"pair 256 B", BENCH_OBJECTS, 256, MANY, NULL, pairs, NULL},
    {"pair 1 KB", BENCH_OBJECTS, 1024, MANY, NULL, pairs, NULL},
    {"pair 4 KB", BENCH_OBJECTS, 4096, MANY, NULL, pairs, NULL},
    {"pair 16 KB", BENCH_OBJECTS, 16384, MANY, NULL, pairs, NULL},
    {"pair 64 KB", BENCH_OBJECTS, 65536, MANY, NULL, pairs, NULL},
    {"churn 8 B..8 KB", BENCH_OBJECTS, 0, MANY, churn_prepare, churn, free_all},
    {"burst LIFO", BENCH_OBJECTS, 0, MANY, NULL, burst_lifo, NULL},
    {"burst FIFO", BENCH_OBJECTS, 0, MANY, NULL, burst_fifo, NULL},
    {"holes of 48 B", BENCH_OBJECTS, 0, SOME / 5, holes_prepare, holes, free_all},
    {"zeroed 4 KB", BENCH_ZEROED, 4096, SOME, NULL, zeroed, NULL},
    {"zeroed 64 KB", BENCH_ZEROED, 65536, SOME / 16, NULL, zeroed, NULL},
    {"zeroed 1 MB", BENCH_ZEROED, 1 << 20, SOME / 256, NULL, zeroed, NULL},
};
const size_t nobject_streams = sizeof object_streams / sizeof object_streams[0];
