/*
 * Freed runs of blocks that are kept whole for a while, for the next request of the same length:
 * cutting and joining runs is most of what an allocation costs. To the block table they are taken.
 */
#ifndef PLAT_MEMORY_HEAP_KEPT_H
#define PLAT_MEMORY_HEAP_KEPT_H

#include "memory/heap/heap.h"

enum {
    KEPT_LONGEST = HEAP_EXACT_MOST,
    KEPT_A_LENGTH = 8,
    KEPT_ALWAYS = 32 /* blocks that may be kept however little is live */
};

struct kept_runs {
    size_t blocks; /* in all of them */
    uint8_t counts[KEPT_LONGEST + 1];
    uint32_t firsts[KEPT_LONGEST + 1][KEPT_A_LENGTH];
};

/* The block where a kept run of NBLOCKS blocks begins, no longer kept; SIZE_MAX where none is. */
static inline size_t kept_take(struct kept_runs *kept, size_t nblocks)
{
    if (nblocks > KEPT_LONGEST || !kept->counts[nblocks])
        return SIZE_MAX;
    kept->blocks -= nblocks;
    return kept->firsts[nblocks][--kept->counts[nblocks]];
}

/* Whether nothing is to be kept, because HEAP is no longer a quarter free. */
static inline bool kept_is_closed(const struct heap *heap)
{
    return heap->statistics.taken > heap->statistics.total / 4 * 3;
}

/*
 * Keeps the allocation of NBLOCKS blocks from FIRST on; false where it should be freed instead: it
 * is long, there are enough of its length, or more would be kept than is live.
 */
static inline bool kept_add(struct kept_runs *kept, const struct heap *heap, block_t first,
                            size_t nblocks)
{
    size_t taken = heap->statistics.taken, total = heap->statistics.total;
    if (nblocks > KEPT_LONGEST || kept->counts[nblocks] == KEPT_A_LENGTH)
        return false;
    size_t blocks = kept->blocks + nblocks;
    if (blocks > total / 4 || 2 * blocks > taken + KEPT_ALWAYS) /* live are taken - blocks */
        return false;
    kept->firsts[nblocks][kept->counts[nblocks]++] = (uint32_t)first;
    kept->blocks = blocks;
    return true;
}

#endif
