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
    const struct heap *table = block_heap_table(heap);
    heap_map.start = (paddr_t)table->saddr;
    heap_map.entries = (paddr_t)table->table->entries;
    heap_map.owners = (paddr_t)block_heap_owners(heap);
    heap_map.nblocks = table->table->total;
}
