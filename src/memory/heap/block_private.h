/* What block_heap.c and block_resize.c know. */
#ifndef PLAT_MEMORY_HEAP_BLOCK_PRIVATE_H
#define PLAT_MEMORY_HEAP_BLOCK_PRIVATE_H

#include "memory/heap/block_heap.h"

/* Why the blocks that begin at POINTER can't be freed; or HEAP_FREED, and in *NBLOCKS how many. */
int block_judge(const struct block_heap *heap, const void *pointer, size_t *nblocks);

#endif
