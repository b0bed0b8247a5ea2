/*
 * Freed runs of blocks that are kept whole for a while, for the next request of the same length or
 * of one a little shorter: cutting and joining runs is most of what an allocation costs. To the
 * block table they are taken.
 */
#ifndef PLAT_MEMORY_HEAP_KEPT_H
#define PLAT_MEMORY_HEAP_KEPT_H

#include "memory/heap/heap.h"

enum {
    KEPT_LONGEST = HEAP_EXACT_MOST,
    KEPT_A_LENGTH = 7,
    KEPT_ALWAYS = 32 /* blocks that may be kept however little is live */
};

struct kept_runs {
    size_t blocks; /* in all of them */
    size_t most;   /* that may be: kept_limit() has the reasons; it lags behind a little */
    size_t cursor; /* the length that is looked at next where too many are kept */
    struct kept_length {
        uint32_t count;
        uint32_t firsts[KEPT_A_LENGTH];
    } of[KEPT_LONGEST + 1];
};

/*
 * To be called where TAKEN of TOTAL blocks have become taken, kept ones among them. No more may be
 * kept than is live, a few aside, nor more than a quarter of all; and nothing where no quarter is
 * free: runs that are kept can't join, and requests would fail.
 */
static inline void kept_limit(struct kept_runs *kept, size_t taken, size_t total)
{
    size_t most = (taken + KEPT_ALWAYS) / 2, quarter = total / 4;
    kept->most = taken > 3 * quarter ? 0 : most < quarter ? most : quarter;
}

/* Whether a run of NBLOCKS blocks is kept; it begins at *FIRST and is no longer kept. */
static inline bool kept_take(struct kept_runs *kept, size_t nblocks, block_t *first)
{
    if (nblocks > KEPT_LONGEST)
        return false;
    struct kept_length *of = &kept->of[nblocks];
    size_t count = of->count;
    if (count == 0)
        return false;
    of->count = (uint32_t)--count;
    *first = of->firsts[count];
    kept->blocks -= nblocks;
    return true;
}

/* Keeps the allocation of NBLOCKS blocks from FIRST on; false where it should be freed instead: it
 * is long, there are enough of its length, or of all. */
static inline bool kept_add(struct kept_runs *kept, block_t first, size_t nblocks)
{
    size_t blocks = kept->blocks + nblocks;
    if (nblocks > KEPT_LONGEST || blocks > kept->most)
        return false;
    struct kept_length *of = &kept->of[nblocks];
    size_t count = of->count;
    if (count == KEPT_A_LENGTH)
        return false;
    of->firsts[count] = (uint32_t)first;
    of->count = (uint32_t)(count + 1);
    kept->blocks = blocks;
    return true;
}

#endif
