/*
 * What stands beside the block table so that nobody has to scan it: the length of every run, and
 * for each rank of lengths the set of the free runs that have it, in the order of their addresses.
 *
 * A rank is a length of up to HEAP_EXACT_MOST blocks, or a quarter of an octave above.
 */
#ifndef PLAT_MEMORY_HEAP_HEAP_INDEX_H
#define PLAT_MEMORY_HEAP_HEAP_INDEX_H

#include "lib/types.h"

typedef size_t block_t; /* a block's index in its table */

enum {
    HEAP_WORD_BITS = sizeof(size_t) * 8,
    HEAP_EXACT_MOST = 64,
    HEAP_OCTAVES_ABOVE = sizeof(size_t) == 4 ? 15 : 19, /* of run lengths from 64 blocks on */
    HEAP_RANKS = HEAP_EXACT_MOST + 1 + 4 * HEAP_OCTAVES_ABOVE,
    HEAP_NEAR_MOST = 7
};

/* Four levels of bits: 4 GB in 32 bits, 64 GB in 64. */
#define HEAP_BLOCKS_MOST ((size_t)HEAP_WORD_BITS * HEAP_WORD_BITS * HEAP_WORD_BITS * HEAP_WORD_BITS)

/* The lowest members of a set, the lowest of them last. */
struct heap_near {
    uint32_t count;
    uint32_t starts[HEAP_NEAR_MOST];
};

struct heap_index {
    uint32_t *lengths; /* by block: of the run or allocation that begins here; at a free run's last
                          block its length once more; else unspecified */
    size_t ranks[HEAP_RANKS / HEAP_WORD_BITS + 1]; /* a bit for each rank that has members */
    struct heap_near near[HEAP_RANKS];
    /* The members that are not near: a tree of bits (heap_index.c). */
    size_t *starts, *groups, *clusters, roots[HEAP_RANKS];
    size_t group_words, cluster_words; /* of one rank */
};

/* How many words hold NBITS bits, and how many the index of NBLOCKS blocks takes. */
#define HEAP_WORDS_FOR(nbits) (((nbits) + HEAP_WORD_BITS - 1) / HEAP_WORD_BITS)
#define HEAP_INDEX_WORDS(nblocks)                                                                  \
    (HEAP_WORDS_FOR(nblocks) +                                                                     \
     HEAP_RANKS * (HEAP_WORDS_FOR(HEAP_WORDS_FOR(nblocks)) +                                       \
                   HEAP_WORDS_FOR(HEAP_WORDS_FOR(HEAP_WORDS_FOR(nblocks)))) +                      \
     ((nblocks) * sizeof(uint32_t) + sizeof(size_t) - 1) / sizeof(size_t))

/*
 * How many bytes the index of NBLOCKS blocks takes, struct heap_index aside: below 5 a block, and
 * a constant. NBLOCKS is at most HEAP_BLOCKS_MOST.
 */
static inline size_t heap_index_bytes(size_t nblocks)
{
    return HEAP_INDEX_WORDS(nblocks) * sizeof(size_t);
}

/* Makes INDEX an empty one, over MEMORY of heap_index_bytes(NBLOCKS). */
void heap_index_init(struct heap_index *index, void *memory, size_t nblocks);

/* Whether the free run of LENGTH blocks at START is in the set of its rank. O(1). */
bool heap_index_holds(const struct heap_index *index, block_t start, size_t length);

/*
 * NULL where the invariant at the top of heap_index.c holds for TOTAL blocks, else the sentence
 * that is broken; and in *NMEMBERS how many runs the sets hold. O(bits).
 */
MUST_USE const char *heap_index_check(const struct heap_index *index, size_t total,
                                      size_t *nmembers);

#endif
