/*
 * Small objects, packed in blocks of one size class each (after Bonwick, "The Slab Allocator",
 * USENIX 1994). What is known about a block, a bit an object among it, stands in another place, so
 * that writing past an object never reaches it, and a double or interior free is seen on the spot.
 */
#ifndef PLAT_MEMORY_HEAP_SLAB_H
#define PLAT_MEMORY_HEAP_SLAB_H

#include "memory/heap/heap.h"

#define SLAB_LARGEST 2048u /* bytes; larger requests are the block table's */

/* Sizes in bytes, ascending. From 512 on, what cuts a block into 7, 6, 5, 4, 3 and 2. */
/* clang-format off */
#define SLAB_CLASSES(X) \
    X(8) X(16) X(32) X(48) X(64) X(80) X(96) X(112) X(128) X(160) X(192) X(224) X(256) X(320) \
    X(384) X(448) X(512) X(576) X(672) X(816) X(1024) X(1360) X(2048)
/* clang-format on */

#define SLAB_COUNT_ONE(size) +1
enum {
    SLAB_NCLASSES = 0 SLAB_CLASSES(SLAB_COUNT_ONE),
    SLAB_WORDS = HEAP_BLOCK_SIZE / 8 / 32 /* a bit for each of the smallest objects of a block */
};

/* What is known about one block of objects. */
struct slab {
    struct slab *next, *previous; /* among those of its class that have a free object */
    uint8_t *start;
    uint16_t nobjects, nfree;
    uint16_t class_index;      /* SLAB_NCLASSES: a block of these structures */
    uint16_t words_free;       /* bit w: free[w] is not 0 */
    uint32_t free[SLAB_WORDS]; /* bit i: object i is free */
};

/* Where blocks come from and go to; CONTEXT is the caller's. */
struct slab_source {
    void *(*get_block)(void *context); /* 4096 bytes on a block boundary, or NULL */
    void (*put_block)(void *context, void *block);
    void *context;
};

struct slab_statistics {
    size_t objects; /* live now */
    size_t bytes;   /* of their classes */
    size_t blocks;  /* held, those for the structures included */
};

struct slab_heap {
    struct slab_source source;
    const uint8_t *start; /* of the memory that blocks come from */
    size_t nblocks;
    struct slab **by_block;                  /* an entry a block: whose it is, or NULL */
    uint8_t class_of[SLAB_LARGEST / 16 + 1]; /* by size in units of 16 bytes, rounded up */
    struct slab *partial[SLAB_NCLASSES + 1];
    struct slab *spare[SLAB_NCLASSES + 1]; /* one empty slab a class is kept, against thrashing */
    struct slab_statistics statistics;
};

/*
 * Makes HEAP serve objects in blocks from SOURCE, all of which lie in the NBLOCKS blocks from START
 * on. BY_BLOCK has NBLOCKS entries; it stays the caller's, and is cleared.
 */
void slab_init(struct slab_heap *heap, struct slab_source source, void *start, size_t nblocks,
               struct slab **by_block);

/*
 * NBYTES from 1 to SLAB_LARGEST, on a multiple of 16 (of 8 up to 8 bytes); not cleared. NULL
 * without memory, and for other sizes. O(1).
 */
MUST_USE void *slab_malloc(struct slab_heap *heap, size_t nbytes);

/* How many bytes an object has that was asked for with NBYTES, 1 to SLAB_LARGEST. */
size_t slab_size_for(const struct slab_heap *heap, size_t nbytes);

/* Whether ADDRESS lies in a block that holds objects. */
bool slab_owns(const struct slab_heap *heap, const void *address);

/*
 * Frees the object that begins at POINTER, which slab_owns(). HEAP_FREED; or HEAP_NOT_FIRST inside
 * of an object, HEAP_ALREADY_FREE, HEAP_RESERVED for the structures' own blocks: then nothing has
 * changed. O(1).
 */
MUST_USE int slab_free(struct slab_heap *heap, void *pointer);

/* Gives back the empty blocks that are kept; returns how many. O(classes). */
size_t slab_trim(struct slab_heap *heap);

/* NULL where the invariant at the top of slab.c holds, else the sentence that is broken. */
MUST_USE const char *slab_check(const struct slab_heap *heap);

#endif
