/* What slab.c and its checker both know. */
#ifndef PLAT_MEMORY_HEAP_SLAB_PRIVATE_H
#define PLAT_MEMORY_HEAP_SLAB_PRIVATE_H

#include "memory/heap/slab.h"

/* Of each class's objects, in bytes; the last entry is the structures' own. */
extern const uint16_t slab_sizes[SLAB_NCLASSES + 1];

/* A block of structures always holds one: its own. */
static inline bool slab_is_empty(const struct slab *slab)
{
    return slab->nfree == slab->nobjects - (slab->class_index == SLAB_NCLASSES);
}

#endif
