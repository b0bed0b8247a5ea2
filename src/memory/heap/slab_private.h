/* What slab.c, its checker and pieces.c know. */
#ifndef PLAT_MEMORY_HEAP_SLAB_PRIVATE_H
#define PLAT_MEMORY_HEAP_SLAB_PRIVATE_H

#include "memory/heap/slab.h"

/* Of each class's objects, in bytes; the last entry is the structures' own. */
extern const uint16_t slab_sizes[SLAB_NCLASSES + 1];

/* The current word of a class that has no slab: 0, and never written. */
extern uint32_t slab_nothing;

/* The entry of by_block for the block that begins at BLOCK. */
static inline struct slab **slab_entry(struct slab_heap *heap, const uint8_t *block)
{
    return &heap->by_block[(size_t)(block - heap->start) / HEAP_BLOCK_SIZE];
}

/* Where the block of SLAB begins. */
static inline uint8_t *slab_block(const struct slab *slab)
{
    if (slab->class_index == SLAB_STRUCTURES)
        return slab->origin + slab->size;
    return slab->origin - (uintptr_t)slab->origin % HEAP_BLOCK_SIZE; /* blocks lie on boundaries */
}

/* The bits of word WORD of a slab whose objects are all free. */
static inline uint32_t slab_all_free(const struct slab *slab, unsigned word)
{
    unsigned nobjects = slab->nobjects <= word * 32 ? 0 : slab->nobjects - word * 32;
    uint32_t bits = nobjects >= 32 ? UINT32_MAX : ((uint32_t)1 << nobjects) - 1;
    /* Structures: no object 0, and object 1 is the block's own. */
    return slab->class_index == SLAB_STRUCTURES && word == 0 ? bits & ~(uint32_t)3 : bits;
}

static inline bool slab_is_empty(const struct slab *slab)
{
    const uint32_t *word = slab->free, *last = word + (slab->nobjects - 1u) / 32;
    if (*last != slab->last)
        return false;
    if (slab->class_index == SLAB_STRUCTURES && word != last && *word++ != ~(uint32_t)3)
        return false;
    while (word != last)
        if (*word++ != UINT32_MAX)
            return false;
    return true;
}

#endif
