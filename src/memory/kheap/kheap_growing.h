/* A growing heap behind kmalloc, with the block heap beside it. */
#ifndef PLAT_MEMORY_KHEAP_KHEAP_GROWING_H
#define PLAT_MEMORY_KHEAP_KHEAP_GROWING_H

#include "memory/growing/growing.h"
#include "memory/heap/block_heap.h"
#include "memory/memory_map.h"

/*
 * Makes a growing heap of DESIGN, "free_list" or "best_fit", in a window that MAP has room for,
 * with frames of BLOCKS; and *OBJECTS an allocator that serves from it, and sizes and frees what
 * either of them has given. NULL, and *OBJECTS as it was, without memory or room.
 */
MUST_USE struct growing_heap *kheap_growing_create(const char *design, struct block_heap *blocks,
                                                   const struct memory_map *map,
                                                   struct allocator *objects);

#endif
