/* Where the kernel's heap lies, and what in it is not memory. Both panic where they can't. */
#ifndef PLAT_MEMORY_KHEAP_KHEAP_PLACE_H
#define PLAT_MEMORY_KHEAP_KHEAP_PLACE_H

#include "memory/heap/block_heap.h"
#include "memory/kheap/heap_plan.h"

/* Plans a heap of at most NBYTES_MOST (0: no bound), and claims the table's own memory in MAP. */
struct heap_plan kheap_claim(struct memory_map *map, size_t nbytes_most);

/* Takes for good what is not RAM, or holds something: every range of MAP that is not usable. */
void kheap_take_holes(struct block_heap *heap, const struct memory_map *map,
                      const struct heap_plan *plan);

#endif
