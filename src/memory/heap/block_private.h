/* What the parts of block_heap.h know of each other. */
#ifndef PLAT_MEMORY_HEAP_BLOCK_PRIVATE_H
#define PLAT_MEMORY_HEAP_BLOCK_PRIVATE_H

#include "memory/heap/block_heap.h"

/* Why the blocks that begin at POINTER can't be freed; or HEAP_FREED, and in *NBLOCKS how many. */
int block_judge(const struct block_heap *heap, const void *pointer, size_t *nblocks);

/* Out of the way of the short paths, which then need no room on the stack. */
#define SLOW __attribute__((noinline))

#endif
