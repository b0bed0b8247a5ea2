/*
 * Middle sizes, above small ones and up to SPAN_LARGEST bytes: runs of units, in spans of
 * SPAN_BLOCKS blocks.
 *
 * All that is known of a unit stands beside the blocks: a tag for each unit, and links for each
 * SPAN_GROUP of them.
 */
#ifndef PLAT_MEMORY_HEAP_SPAN_H
#define PLAT_MEMORY_HEAP_SPAN_H

#include "memory/heap/heap.h"

enum {
    SPAN_UNITS_A_BLOCK = 16,
    SPAN_UNIT = HEAP_BLOCK_SIZE / SPAN_UNITS_A_BLOCK, /* bytes */
    SPAN_BLOCKS = 8,
    SPAN_UNITS = SPAN_BLOCKS * SPAN_UNITS_A_BLOCK,
    SPAN_SHORTEST = 5, /* units of an allocation, at least, and of a free run that is listed */
    SPAN_GROUP = 8,    /* units: in no group two listed runs begin */
    SPAN_LARGEST = 2 * HEAP_BLOCK_SIZE,
    SPAN_WORDS = SPAN_UNITS / 32 + 1
};

_Static_assert(SPAN_GROUP <= 2 * SPAN_SHORTEST, "behind a listed run stands an allocation");

#define SPAN_NONE UINT32_MAX /* no unit, or no block */

/* What a unit's tag says; all other bits are 0. */
enum {
    TAG_LENGTH = 0x00ff, /* of the run, in units */
    TAG_FREE = 0x0100,   /* the first unit of a free run */
    TAG_LAST = 0x0200,   /* the last one */
    TAG_TAKEN = 0x0400,  /* the first unit of an allocation */
    TAG_START = 0x0800,  /* the first unit of a span */
    TAG_END = 0x1000,    /* the last one */
    TAG_EDGES = TAG_START | TAG_END
};

struct span_link {
    uint32_t newer, older; /* in the list of runs of the same length */
};

/* Where whole spans come from, and go to. */
struct span_source {
    uint32_t (*get)(void *context); /* the first block; SPAN_NONE without memory */
    void (*put)(void *context, uint32_t block);
    void *context;
};

struct span_heap {
    uintptr_t start; /* of block 0 */
    uint16_t *tags;  /* of each unit of the heap; of use where its block is a span's */
    struct span_link *links;
    uint32_t newest[SPAN_UNITS]; /* [length]: the free run that was listed last, or SPAN_NONE */
    uint32_t bins[SPAN_WORDS];   /* a bit for each length of which there is one */
    uint32_t spare;              /* a span that is empty, its first block; or SPAN_NONE */
    struct span_source source;
};

/* How many bytes tags and links take for a block. */
enum {
    SPAN_TAG_BYTES = SPAN_UNITS_A_BLOCK * sizeof(uint16_t),
    SPAN_LINK_BYTES = SPAN_UNITS_A_BLOCK / SPAN_GROUP * sizeof(struct span_link)
};

/* Makes HEAP one without spans, over the blocks from START on. */
void span_init(struct span_heap *heap, void *start, uint16_t *tags, struct span_link *links,
               struct span_source source);

/* NBYTES, not 0 and up to SPAN_LARGEST; NULL without memory. */
IN_REGISTERS void *span_malloc(struct span_heap *heap, size_t nbytes);

/* Of the unit at OFFSET bytes from the heap's start, whose block is a span's: frees the allocation
 * that begins there. HEAP_FREED, or why not, and nothing has changed. */
IN_REGISTERS int span_free(struct span_heap *heap, size_t offset);

/* What that would be, and in *NBYTES how large the allocation is. */
int span_judge(const struct span_heap *heap, size_t offset, size_t *nbytes);

/* Makes the allocation that begins at OFFSET hold NBYTES, not 0, where it is; false, and nothing
 * changed, where it can't. */
bool span_resize(struct span_heap *heap, size_t offset, size_t nbytes);

/* Gives the spare span back. */
void span_trim(struct span_heap *heap);

/* The run that holds the unit at OFFSET: where it begins, its bytes, and whether it is taken. */
bool span_run_at(const struct span_heap *heap, size_t offset, size_t *start, size_t *nbytes);

/* Checks all spans, whose blocks are those with the tag OWNER in OWNERS. NULL, or the broken
 * sentence. */
const char *span_check(const struct span_heap *heap, const uint8_t *owners, uint8_t owner,
                       size_t nblocks);

#endif
