/*
 * Objects of 513 bytes to 32 KB: runs of equal pieces out of a group of blocks. It is the block
 * table once more, a step finer and in two words: which pieces are free, and where an allocation
 * begins. A group has 64 pieces, of 64, 256 or 1024 bytes; the sizes that each serves take 9 to 32
 * of them, so that no more than an eighth of an object is wasted.
 */
#ifndef PLAT_MEMORY_HEAP_PIECES_H
#define PLAT_MEMORY_HEAP_PIECES_H

#include "memory/heap/slab.h"

enum {
    PIECES_TIERS = 3,
    PIECES_A_GROUP = 64,
    PIECES_ALIGNMENT = 64,  /* bytes: a piece of the smallest */
    PIECES_LARGEST = 32768, /* bytes: half a group of the largest */
};

/* Groups by how long their longest free run may be. */
struct pieces_tier {
    uint64_t lengths;   /* bit i: groups[i + 1] is not empty */
    struct slab *empty; /* the group that may stay although it is all free; NULL or any group */
    struct slab *groups[PIECES_A_GROUP + 1];
};

struct pieces_heap {
    struct slab_heap *slabs; /* structures, blocks and by_block are shared with it */
    struct pieces_tier tiers[PIECES_TIERS];
    size_t blocks; /* held */
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

/* Gives back the empty groups that are kept, one a tier; returns how many blocks. */
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
