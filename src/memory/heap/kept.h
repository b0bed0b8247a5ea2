/*
 * Quick lists: whole runs of blocks that were freed, for the next request of their length. Runs of
 * 1 to KEPT_EXACT blocks have a list for each length, those of up to KEPT_LONGEST one for each
 * eighth of a power of two. To the table they are allocations.
 *
 * There are never more than KEPT_MOST, so that giving all of them back is bounded, and their blocks
 * are few, so that they cost little: see block_heap.c.
 */
#ifndef PLAT_MEMORY_HEAP_KEPT_H
#define PLAT_MEMORY_HEAP_KEPT_H

#include "memory/heap/heap.h"

#define NO_BLOCK UINT32_MAX

enum {
    KEPT_EXACT = 15,
    KEPT_LONGEST = 64,
    KEPT_BINS = 34,
    KEPT_MOST = 12,
    KEPT_PART = 16,
    KEPT_ALWAYS = 8
};

struct kept_runs {
    uint32_t count;             /* runs */
    uint32_t blocks, most;      /* their blocks, and how many there may be */
    uint32_t newest[KEPT_BINS]; /* in each list, or NO_BLOCK; heap_run.older leads to the next */
};

/* The list of runs of LENGTH blocks, up to KEPT_LONGEST. */
static inline uint32_t kept_bin(size_t length)
{
    static const uint8_t bins[KEPT_LONGEST + 1] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 16, 17, 17, 18, 18,
        19, 19, 20, 20, 21, 21, 22, 22, 23, 23, 24, 24, 24, 24, 25, 25, 25, 25, 26, 26, 26, 26,
        27, 27, 27, 27, 28, 28, 28, 28, 29, 29, 29, 29, 30, 30, 30, 30, 31, 31, 31, 31, 32};
    return bins[length];
}

/* A run of NBLOCKS blocks, or some more above KEPT_EXACT; NO_BLOCK if none is kept. */
static inline uint32_t kept_take(struct kept_runs *kept, const struct heap_run *runs,
                                 size_t nblocks)
{
    if (nblocks - 1 >= KEPT_LONGEST)
        return NO_BLOCK;
    uint32_t *newest = &kept->newest[kept_bin(nblocks)];
    if (*newest == NO_BLOCK || runs[*newest].length < nblocks) {
        newest++;
        if (nblocks <= KEPT_EXACT || *newest == NO_BLOCK)
            return NO_BLOCK;
    }
    uint32_t first = *newest;
    *newest = runs[first].older;
    kept->count--;
    kept->blocks -= runs[first].length;
    return first;
}

/* Keeps the allocation at FIRST; false where that would be too many runs or blocks. */
static inline bool kept_put(struct kept_runs *kept, struct heap_run *runs, block_t first)
{
    uint32_t nblocks = runs[first].length, blocks = kept->blocks + nblocks;
    if (nblocks > KEPT_LONGEST || kept->count == KEPT_MOST || blocks > kept->most)
        return false;
    uint32_t *newest = &kept->newest[kept_bin(nblocks)];
    runs[first].older = *newest;
    *newest = (uint32_t)first;
    kept->count++;
    kept->blocks = blocks;
    return true;
}

#endif
