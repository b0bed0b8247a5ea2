/* Filled in once; what it points to changes as the heap does, and is nobody's copy. */
#include "memory/kheap/heap_map.h"

struct heap_map heap_map = {
    .magic = HEAP_MAP_MAGIC,
    .version = HEAP_MAP_VERSION,
    .block_bytes = HEAP_BLOCK_SIZE,
    .nowners = HEAP_OWNERS,
};

void heap_map_publish(const struct block_heap *heap)
{
    heap_map.start = (paddr_t)heap->heap.saddr;
    heap_map.entries = (paddr_t)heap->table.entries;
    heap_map.owners = (paddr_t)heap->owners;
    heap_map.nblocks = heap->table.total;
}
