/*
 * Small objects, of up to SLAB_LARGEST bytes: slabs of one block, each with objects of one size
 * class.
 *
 * All that is known of a slab stands beside the blocks, in the page map: a struct slab and bits for
 * each block, of use where the block is one. So what is written beyond an object's end reaches
 * other objects only.
 */
#ifndef PLAT_MEMORY_HEAP_SLAB_H
#define PLAT_MEMORY_HEAP_SLAB_H

#include "memory/heap/heap.h"

enum {
    SLAB_STEP = 16,                     /* each object's size and address is a multiple of it */
    SLAB_LARGEST = HEAP_BLOCK_SIZE / 4, /* bytes */
    SLAB_CLASSES = HEAP_BLOCK_SIZE >= 4096   ? 27 + 8 * (__builtin_ctz(HEAP_BLOCK_SIZE) - 12)
                   : HEAP_BLOCK_SIZE == 2048 ? 18
                   : HEAP_BLOCK_SIZE == 1024 ? 12
                   : HEAP_BLOCK_SIZE == 512  ? 7
                                             : 4, /* as many as next_size() of slab.c makes */
    SLAB_SHIFT = 20, /* of the inverse of a size: exact for blocks of up to 64 KB */
    SLAB_OBJECTS = HEAP_BLOCK_SIZE / SLAB_STEP,                /* most in a slab */
    SLAB_WORDS = SLAB_OBJECTS / 32 > 8 ? SLAB_OBJECTS / 32 : 8 /* of bits, in the page map */
};

#define SLAB_NONE UINT32_MAX /* no block */

enum slab_state {
    SLAB_FULL,   /* no object is free */
    SLAB_LISTED, /* some are; in the list of its class */
    SLAB_CURRENT /* its class allocates from it */
};

/*
 * Its objects end where the block does, and are counted from there: object i begins at the block's
 * end - (i + 1) * size.
 */
struct slab {
    uint32_t size;    /* of an object */
    uint32_t inverse; /* 2 to the SLAB_SHIFT / size, rounded down */
    uint16_t until;   /* after so many frees slab_turn() has to look at it */
    uint8_t class;
    uint8_t state; /* enum slab_state */
    uint32_t last; /* size - 1: how many bytes stand behind an object's first one */
};

typedef uint32_t slab_bits_t[SLAB_WORDS]; /* one for each object that is free */

enum { SLAB_BITS_STEP = sizeof(slab_bits_t) / sizeof(struct slab) };
_Static_assert(sizeof(slab_bits_t) % sizeof(struct slab) == 0, "bits_from leads to whole bits");

/* What a size class allocates from: the objects whose bits are in *WORD. */
struct slab_class {
    uint32_t *word;
    uintptr_t first;  /* the object of bit 0 */
    uint32_t size;    /* of an object */
    uint32_t current; /* the block of WORD; SLAB_NONE, and WORD is NONE's address */
    uint32_t none;    /* 0 */
    uint32_t newest;  /* in the list of slabs with free objects; SLAB_NONE where it is empty */
    uint32_t count;   /* objects in a slab */
    uint32_t inverse;
};

/* Where whole blocks come from, and go to. */
struct slab_source {
    uint32_t (*get)(void *context); /* a block; SLAB_NONE without memory */
    void (*put)(void *context, uint32_t block);
    void *context;
};

struct slab_heap {
    uint16_t offsets[SLAB_LARGEST / SLAB_STEP]; /* [(nbytes - 1) / SLAB_STEP]: where its class is */
    struct slab_class classes[SLAB_CLASSES];
    uintptr_t start;       /* of block 0 */
    struct slab *slabs;    /* the page map .. */
    slab_bits_t *free;     /* .. and its bits */
    uintptr_t bits_from;   /* where they stand: SLAB_BITS_STEP times the struct slab's address on */
    struct heap_run *runs; /* newer and older of a listed slab are its neighbours in a ring */
    size_t nfull;          /* slabs that are full */
    struct slab_source source;
};

/*
 * Makes HEAP one without slabs, over the blocks from START on: MAP and FREE are the page map, and
 * RUNS what the block table knows of them.
 */
void slab_init(struct slab_heap *heap, void *start, struct slab *map, slab_bits_t *free,
               struct heap_run *runs, struct slab_source source);

/* The class for NBYTES, 1 to SLAB_LARGEST. */
static inline struct slab_class *slab_class_for(struct slab_heap *heap, size_t nbytes)
{
    return (struct slab_class *)(void *)((char *)heap + heap->offsets[(nbytes - 1) / SLAB_STEP]);
}

/* An object of CLASS, whose word is not 0. */
static inline void *slab_take(struct slab_class *class)
{
    uint32_t free = *class->word;
    *class->word = free & (free - 1);
    return (void *)(class->first - (uint32_t)__builtin_ctz(free) * class->size);
}

/* The same where it is 0; NULL without memory. At most BLOCK_HEAP_BOUND instructions with the
 * block's. */
IN_REGISTERS void *slab_take_slowly(struct slab_heap *heap, struct slab_class *class);

/* An object of CLASS from a slab that there is; NULL where none has one. */
void *slab_take_left(struct slab_heap *heap, struct slab_class *class);

/* Which object begins so many bytes behind the start of the block, or of another one; UINT32_MAX
 * where none does. */
static inline uint32_t slab_index(const struct slab *slab, size_t offset)
{
    uint32_t behind = ~(uint32_t)offset % HEAP_BLOCK_SIZE; /* how many bytes are behind this one */
    uint32_t index = behind * slab->inverse >> SLAB_SHIFT;
    return behind - index * slab->size == slab->last ? index : UINT32_MAX;
}

/* Marks the object of SLAB that begins at OFFSET as free; false, and nothing changed,
 * where no live one does. If it did, slab_count_free() is to follow. */
static inline bool slab_mark_free(struct slab_heap *heap, struct slab *slab, size_t offset)
{
    uint32_t index = slab_index(slab, offset);
    if (index == UINT32_MAX)
        return false;
    uint32_t *word = (uint32_t *)(heap->bits_from + SLAB_BITS_STEP * (uintptr_t)slab) + index / 32;
    uint32_t was = *word, now = was | (uint32_t)1 << index % 32;
    if (now == was)
        return false;
    *word = now;
    return true;
}

/* Lists the slab, or gives its block back. HEAP_FREED. */
IN_REGISTERS int slab_turn(struct slab_heap *heap, struct slab *slab);

static inline int slab_count_free(struct slab_heap *heap, struct slab *slab)
{
    return --slab->until ? HEAP_FREED : slab_turn(heap, slab);
}

/* Why the object of BLOCK, a slab, at OFFSET can't be freed; HEAP_FREED where it can. */
static inline int slab_judge(const struct slab_heap *heap, block_t block, size_t offset)
{
    uint32_t index = slab_index(&heap->slabs[block], offset);
    if (index == UINT32_MAX)
        return HEAP_NOT_FIRST;
    return heap->free[block][index / 32] >> index % 32 & 1 ? HEAP_ALREADY_FREE : HEAP_FREED;
}

/* How many objects of BLOCK, a slab, are live. */
uint32_t slab_count_live(const struct slab_heap *heap, block_t block);

/* How many classes hold a slab that is empty, and give it back at slab_trim(). */
size_t slab_kept(const struct slab_heap *heap);
void slab_trim(struct slab_heap *heap);

/* Checks all slabs, which are the blocks with the tag OWNER in OWNERS. NULL, or the broken
 * sentence.
 */
const char *slab_check(const struct slab_heap *heap, const uint8_t *owners, uint8_t owner,
                       size_t nblocks);

#endif
