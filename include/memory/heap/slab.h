/*
 * Small objects, packed in blocks of one size class each (after Bonwick, "The Slab Allocator",
 * USENIX 1994). What is known about a block, a bit an object among it, stands in another place, so
 * that writing past an object never reaches it, and a double or interior free is seen on the spot.
 */
#ifndef PLAT_MEMORY_HEAP_SLAB_H
#define PLAT_MEMORY_HEAP_SLAB_H

#include "memory/heap/heap.h"

#define SLAB_LARGEST 512u /* bytes */

/* Each class's size in bytes, behind that of the class before. */
/* clang-format off */
#define SLAB_CLASSES(X) \
    X(0, 8) X(8, 16) X(16, 32) X(32, 48) X(48, 64) X(64, 80) X(80, 96) X(96, 112) X(112, 128) \
    X(128, 144) X(144, 160) X(160, 176) X(176, 192) X(192, 208) X(208, 224) X(224, 240) \
    X(240, 256) X(256, 288) X(288, 320) X(320, 352) X(352, 384) X(384, 416) X(416, 448) \
    X(448, 480) X(480, 512)
/* clang-format on */

#define SLAB_COUNT_ONE(previous, size) +1
enum {
    SLAB_NCLASSES = 0 SLAB_CLASSES(SLAB_COUNT_ONE),
    SLAB_STRUCTURES = SLAB_NCLASSES,      /* the class of these structures themselves */
    SLAB_PIECES = SLAB_STRUCTURES + 1,    /* from here on: a group of pieces (pieces.h) */
    SLAB_WORDS = HEAP_BLOCK_SIZE / 8 / 32 /* a bit for each of the smallest objects of a block */
};

/* Where a slab is to be found. */
enum slab_place {
    SLAB_FULL,    /* nowhere but by its block */
    SLAB_PARTIAL, /* on its class's list: it has a free object and one that is not */
    SLAB_SPARE,   /* all free, and kept for the next slab of any class */
    SLAB_CURRENT  /* its class serves from it */
};

/* What is known about one block of objects, or one group of blocks cut into pieces. */
struct slab {
    struct slab *next, *previous; /* on its list */
    uint8_t *origin;              /* object i is at origin + i * size; of a group: its start - 1 */
    uint16_t size, nobjects;      /* of a group: 0, and how many allocations are live */
    uint16_t inverse;             /* offset / size is offset * inverse >> 16; 0: nobody's to free */
    uint8_t class_index;
    uint8_t listed; /* of a slab: enum slab_place; of a group: its list (pieces.c) */
    uint32_t last;  /* the bits of a slab's last word when all of its objects are free */
    union {
        uint32_t free[SLAB_WORDS]; /* bit i: object i is free; no bit from nobjects on */
        struct {
            uint64_t free;     /* bit i: piece i is free */
            uint8_t starts[8]; /* [i]: which of the pieces from 8 * i on begins an allocation */
            uint8_t bins[8];   /* .. of which size */
        } pieces;
    };
};

/* Where blocks come from and go to; CONTEXT is the caller's. */
struct slab_source {
    void *(*get)(void *context, size_t nblocks); /* on a block boundary, or NULL */
    void (*put)(void *context, void *blocks, size_t nblocks);
    void *context;
};

/* Where the next object of a class comes from: 32 objects of one slab. */
struct slab_class {
    uint32_t *word; /* their bits */
    uint8_t *base;  /* the first of them */
    size_t size;
    struct slab *slab; /* whose they are; NULL at first */
};

struct slab_heap {
    struct slab_source source;
    uint8_t *start; /* of the memory that blocks come from */
    size_t nblocks;
    struct slab **by_block;             /* an entry a block: whose it is, or NULL */
    uint8_t class_of[SLAB_LARGEST / 8]; /* by (size - 1) / 8 */
    struct slab_class classes[SLAB_NCLASSES + 1];
    struct slab *oldest[SLAB_NCLASSES + 1]; /* the class's list: who became partial first */
    struct slab *newest[SLAB_NCLASSES + 1];
    struct slab *spare; /* the last that became one, and by their next all others */
    size_t nspare, spare_most;
    size_t blocks; /* held for objects and for structures, and spare */
};

/*
 * Makes HEAP serve objects in blocks from SOURCE, all of which lie in the NBLOCKS blocks from START
 * on. BY_BLOCK has NBLOCKS entries; it stays the caller's, and is cleared.
 */
void slab_init(struct slab_heap *heap, struct slab_source source, void *start, size_t nblocks,
               struct slab **by_block);

/*
 * Why slab_free() would refuse POINTER, which lies in SLAB: HEAP_NOT_FIRST inside of an object,
 * HEAP_ALREADY_FREE, HEAP_RESERVED for the structures' own blocks; or HEAP_FREED. O(1).
 */
int slab_judge(const struct slab *slab, const void *pointer);

/* NBYTES where the current objects are used up: from another word, slab or block. O(1). */
MUST_USE void *slab_malloc_slowly(struct slab_heap *heap, size_t nbytes);

/* What slab_free_quickly() leaves: an odd pointer, or a slab that may be empty now. */
MUST_USE int slab_free(struct slab_heap *heap, struct slab *slab, void *pointer);

/* The class that serves NBYTES, 1 to SLAB_LARGEST. */
static inline struct slab_class *slab_class_for(struct slab_heap *heap, size_t nbytes)
{
    return &heap->classes[heap->class_of[(nbytes - 1) / 8]];
}

/* The next object of CLASS, whose current word has one. */
static inline void *slab_take(const struct slab_class *class)
{
    uint32_t bits = *class->word;
    *class->word &= bits - 1;
    return class->base + (size_t)__builtin_ctz(bits) * class->size;
}

/*
 * NBYTES from 1 to SLAB_LARGEST, on a multiple of 16 (of 8 up to 8 bytes), not cleared; NULL where
 * slab_malloc_slowly() must be asked. O(1).
 */
MUST_USE static inline void *slab_malloc_quickly(struct slab_heap *heap, size_t nbytes)
{
    struct slab_class *class = slab_class_for(heap, nbytes);
    return *class->word ? slab_take(class) : NULL;
}

/* The slab or group that holds ADDRESS; NULL where there is none. */
static inline struct slab *slab_of(const struct slab_heap *heap, const void *address)
{
    size_t block = ((uintptr_t)address - (uintptr_t)heap->start) / HEAP_BLOCK_SIZE;
    return block < heap->nblocks ? heap->by_block[block] : NULL;
}

/* WORD of SLAB, which was full, now has a free object: SLAB is listed, or current where its class
 * has no other free object at hand. O(1). */
void slab_put_full(struct slab_heap *heap, struct slab *slab, uint32_t *word);

/*
 * Frees the object that begins at POINTER, in SLAB, which may be a group; false, and nothing done,
 * where slab_free() must be asked, or another. O(1).
 */
MUST_USE static inline bool slab_free_quickly(struct slab_heap *heap, struct slab *slab,
                                              void *pointer)
{
    uint32_t offset = (uint32_t)((uint8_t *)pointer - slab->origin);
    uint32_t object = offset * slab->inverse >> 16;
    if (object * slab->size != offset)
        return false; /* not where an object begins */
    uint32_t *word = &slab->free[object / 32], was = *word, all = was | (uint32_t)1 << object % 32;
    if (was == all)
        return false; /* free already */
    if (slab->listed == SLAB_FULL) {
        *word = all;
        slab_put_full(heap, slab, word);
        return true;
    }
    /* All of a word is free, and perhaps of the slab. */
    if (slab->listed != SLAB_CURRENT && (all == UINT32_MAX || all == slab->last))
        return false;
    *word = all;
    return true;
}

/* How many bytes the object has that was asked for with NBYTES, 1 to SLAB_LARGEST. */
static inline size_t slab_size_for(const struct slab_heap *heap, size_t nbytes)
{
    return heap->classes[heap->class_of[(nbytes - 1) / 8]].size;
}

/* Gives back the empty blocks that are kept; returns how many. O(classes and spare slabs). */
size_t slab_trim(struct slab_heap *heap);

/* A structure that the caller describes; NULL without memory. And back. O(1). */
struct slab *slab_new_structure(struct slab_heap *heap);
void slab_put_structure(struct slab_heap *heap, struct slab *slab);

struct slab_statistics {
    size_t objects; /* live now, those of structures not counted */
    size_t bytes;   /* of their classes */
    size_t blocks;  /* held for objects and for structures */
};

/* O(blocks). */
struct slab_statistics slab_statistics(const struct slab_heap *heap);

/* NULL where the invariant at the top of slab.c holds, else the sentence that is broken. */
MUST_USE const char *slab_check(const struct slab_heap *heap);

#endif
