/*
 * Objects of 513 bytes to 32 KB: runs of equal pieces out of a group of blocks. It is the block
 * table once more, a step finer: a word says which pieces are free, and a few bytes where the
 * allocations are. A group has 64 pieces, of 64, 256 or 1024 bytes; the sizes that each serves take
 * 9 to 32 of them, so that no more than an eighth of an object is wasted.
 *
 * What is freed may be kept whole for the next request of as many pieces, as in kept.h.
 */
#ifndef PLAT_MEMORY_HEAP_PIECES_H
#define PLAT_MEMORY_HEAP_PIECES_H

#include "memory/heap/slab.h"

enum {
    PIECES_TIERS = 3,
    PIECES_A_GROUP = 64,
    PIECES_ALIGNMENT = 64,  /* bytes: a piece of the smallest */
    PIECES_LARGEST = 32768, /* bytes: half a group of the largest */
    PIECES_SHORTEST = 9,    /* pieces of an allocation */
    PIECES_LONGEST = 32,
    PIECES_EXACT_LISTS =
        PIECES_LONGEST - PIECES_SHORTEST + 1, /* of groups: by their longest runs */
    PIECES_LISTS = 32,
    PIECES_BINS = PIECES_TIERS * PIECES_LONGEST /* sizes: 32 * tier + length - 1 */
};

/* In starts: the flag of a run that is kept, and that no allocation begins in these eight. */
enum { PIECES_KEPT = 64, PIECES_NONE = 255 };

/* Runs of a size that may be kept, and bytes for each block held: a run more is not kept. */
enum { PIECES_KEPT_RUNS = 4, PIECES_KEPT_A_BLOCK = 192 };

/* Groups by how long their longest free run may be. */
struct pieces_tier {
    uint32_t lists;     /* bit i: groups[i] is not empty */
    struct slab *empty; /* the group that may stay although nothing in it is live; or any group */
    struct slab *groups[PIECES_LISTS];
};

struct pieces_heap {
    struct slab_heap *slabs; /* structures, blocks and by_block are shared with it */
    size_t kept;             /* bytes, in all runs that are */
    size_t blocks;           /* held */
    uint8_t counts[PIECES_BINS];
    uint8_t *runs[PIECES_BINS][PIECES_KEPT_RUNS]; /* that are kept: their bytes in starts */
    struct pieces_tier tiers[PIECES_TIERS];
};

void pieces_init(struct pieces_heap *heap, struct slab_heap *slabs);

/* NBYTES, SLAB_LARGEST < NBYTES <= PIECES_LARGEST, on a multiple of the piece's size; not cleared.
 * NULL without memory. O(1). */
MUST_USE void *pieces_malloc(struct pieces_heap *heap, size_t nbytes);

/*
 * Frees the allocation that begins at POINTER, which lies in GROUP. HEAP_FREED; or HEAP_NOT_FIRST,
 * HEAP_ALREADY_FREE: then nothing has changed. O(1).
 */
MUST_USE int pieces_free(struct pieces_heap *heap, struct slab *group, void *pointer);

/* Tier t has pieces of 64 * 4^t bytes and groups of 4^t blocks. */
static inline unsigned pieces_shift(size_t tier)
{
    return 6 + 2 * (unsigned)tier;
}

/* The bin of allocations that hold NBYTES. */
static inline size_t pieces_bin_for(size_t nbytes)
{
    if (nbytes <= PIECES_LONGEST << 6)
        return (nbytes - 1) >> 6;
    return nbytes <= PIECES_LONGEST << 8 ? PIECES_LONGEST + ((nbytes - 1) >> 8)
                                         : 2 * PIECES_LONGEST + ((nbytes - 1) >> 10);
}

/* How many pieces an allocation of BIN has, and of which tier. */
static inline unsigned pieces_length(size_t bin)
{
    return (unsigned)bin % PIECES_LONGEST + 1;
}

static inline size_t pieces_tier(size_t bin)
{
    return bin / PIECES_LONGEST;
}

static inline size_t pieces_bytes(size_t bin)
{
    return (size_t)pieces_length(bin) << pieces_shift(pieces_tier(bin));
}

/* The group that has START among its bytes of starts, for an allocation from PLACE on. */
static inline struct slab *pieces_group(uint8_t *start, size_t place)
{
    return (struct slab *)(void *)(start - place / 8 - offsetof(struct slab, pieces.starts));
}

/* A run of BIN that was kept; NULL where there is none. O(1). */
MUST_USE static inline void *pieces_take_kept(struct pieces_heap *heap, size_t bin)
{
    size_t count = heap->counts[bin];
    if (count == 0)
        return NULL;
    heap->counts[bin] = (uint8_t)--count;
    heap->kept -= pieces_bytes(bin);
    uint8_t *start = heap->runs[bin][count];
    size_t place = *start - (size_t)PIECES_KEPT;
    struct slab *group = pieces_group(start, place);
    *start = (uint8_t)place;
    group->nobjects++;
    return group->origin + 1 + (place << pieces_shift(pieces_tier(bin)));
}

/* Keeps the allocation at POINTER in GROUP; false where pieces_free() must be asked. O(1). */
MUST_USE static inline bool pieces_keep(struct pieces_heap *heap, struct slab *group, void *pointer)
{
    size_t tier = (size_t)group->class_index - SLAB_PIECES;
    size_t offset = (size_t)((uint8_t *)pointer - group->origin) - 1;
    size_t place = offset >> pieces_shift(tier);
    uint8_t *start = &group->pieces.starts[place / 8];
    if (*start != place || place << pieces_shift(tier) != offset)
        return false;
    size_t bin = group->pieces.bins[place / 8], count = heap->counts[bin];
    if (count == PIECES_KEPT_RUNS || heap->kept >= heap->blocks * PIECES_KEPT_A_BLOCK ||
        (group->nobjects == 1 && heap->tiers[tier].empty != group))
        return false;
    heap->kept += (size_t)pieces_length(bin) << pieces_shift(tier);
    heap->counts[bin] = (uint8_t)(count + 1);
    heap->runs[bin][count] = start;
    *start = (uint8_t)(place + PIECES_KEPT);
    group->nobjects--;
    return true;
}

/*
 * How many bytes the allocation that begins at POINTER in GROUP has; 0 and, unless it is NULL, the
 * reason in *REFUSAL, where pieces_free() would refuse it. O(1).
 */
size_t pieces_size(const struct slab *group, const void *pointer, int *refusal);

/*
 * Makes that allocation NBYTES long in place, shorter or longer. False, and nothing changed, where
 * the pieces behind it are not free, where NBYTES is another tier's, or pieces_size() is 0. O(1).
 */
MUST_USE bool pieces_resize(struct pieces_heap *heap, struct slab *group, void *pointer,
                            size_t nbytes);

/* Frees all runs that are kept. */
void pieces_release_kept(struct pieces_heap *heap);

/* Gives back all that is kept: runs, and the empty groups, one a tier; returns how many blocks. */
size_t pieces_trim(struct pieces_heap *heap);

struct pieces_statistics {
    size_t allocations, bytes; /* live, in whole pieces */
    size_t blocks;             /* held */
};

/* O(blocks). */
struct pieces_statistics pieces_statistics(const struct pieces_heap *heap);

/* NULL where the invariant at the top of pieces.c holds, else the sentence that is broken. */
MUST_USE const char *pieces_check(const struct pieces_heap *heap);

#endif
