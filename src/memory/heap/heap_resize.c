/* Allocations that change their length where they are, or become many. */
#include "memory/heap/heap_private.h"

int heap_split(struct heap *heap, void *pointer)
{
    int refusal = judge(heap, pointer);
    if (refusal)
        return refusal;
    block_t first = heap_block_of(heap, pointer);
    size_t nblocks = heap->index.lengths[first];
    fill(heap->table->entries + first, nblocks, make_taken(true, false));
    for (size_t i = 0; i < nblocks; i++)
        heap->index.lengths[first + i] = 1;
    heap->statistics.allocations += nblocks - 1;
    return HEAP_FREED;
}

bool heap_resize(struct heap *heap, void *pointer, size_t nblocks)
{
    if (nblocks == 0 || judge(heap, pointer))
        return false;
    block_t first = heap_block_of(heap, pointer);
    size_t was = heap->index.lengths[first], total = heap->table->total;
    if (nblocks > was) {
        block_t next = first + was;
        if (next == total || !is_free(heap->table->entries[next]))
            return false;
        size_t room = heap->index.lengths[next];
        if (nblocks - was > room)
            return false;
        index_remove(&heap->index, next, room);
        if (nblocks - was < room)
            index_insert(&heap->index, first + nblocks, room - (nblocks - was));
        count_taken(heap, nblocks - was);
    }
    if (nblocks != was)
        write_allocation(heap, first, nblocks);
    if (nblocks < was)
        give_back(heap, first + nblocks, first + was);
    return true;
}
