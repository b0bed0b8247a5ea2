/* Freeing: whose it is, whether it may go, and whether it is kept for the next request. */
#include "lib/checked.h"
#include "memory/heap/block_heap.h"
#include "memory/heap/block_private.h"

int block_judge(const struct block_heap *heap, const void *pointer, size_t *nblocks)
{
    int refusal;
    *nblocks = heap_allocation_blocks(&heap->heap, pointer, &refusal);
    if (refusal)
        return refusal;
    uint8_t owner = heap->owners[heap_block_of(&heap->heap, pointer)];
    return owner == OWNER_KEPT ? HEAP_ALREADY_FREE : owner == OWNER_HOLE ? HEAP_RESERVED : 0;
}

int block_release(struct block_heap *heap, block_t first)
{
    size_t nblocks = heap->table.runs[first].length;
    heap->owners[first] = OWNER_FREE;
    heap_free_at(&heap->heap, first);
    kept_limit(&heap->kept, heap->heap.statistics.taken, heap->table.total);
    if (heap->pages.put)
        heap->pages.put(heap->pages.context, heap_address_of(&heap->heap, first), nblocks);
    return HEAP_FREED;
}

static SLOW int refuse(struct block_heap *heap, int refusal)
{
    heap->heap.statistics.refused++;
    return refusal;
}

/* Why a pointer that is in no slab or group, and where no live blocks begin, is refused. */
static SLOW int refuse_blocks(struct block_heap *heap, const void *pointer)
{
    size_t nblocks;
    int refusal = block_judge(heap, pointer, &nblocks);
    if (!refusal)
        heap->broken = "an allocation of the table has a tag that can't be";
    return refuse(heap, refusal ? refusal : HEAP_RESERVED);
}

static SLOW int free_pieces(struct block_heap *heap, struct slab *group, void *pointer)
{
    int refusal;
    if (pieces_keep(&heap->pieces, group, pointer))
        return HEAP_FREED;
    refusal = pieces_free(&heap->pieces, group, pointer);
    return refusal ? refuse(heap, refusal) : HEAP_FREED;
}

static SLOW int free_object(struct block_heap *heap, struct slab *slab, void *pointer)
{
    int refusal = slab_free(&heap->slabs, slab, pointer);
    return refusal ? refuse(heap, refusal) : HEAP_FREED;
}

int block_heap_free_rest(struct block_heap *heap, void *pointer)
{
    size_t offset = (uintptr_t)pointer - (uintptr_t)heap->slabs.start;
    block_t block = offset / HEAP_BLOCK_SIZE;
    if (block >= heap->slabs.nblocks)
        return refuse(heap, HEAP_OUT_OF_RANGE);
    struct slab *slab = heap->slabs.by_block[block];
    if (slab)
        return slab->class_index < SLAB_PIECES ? free_object(heap, slab, pointer)
                                               : free_pieces(heap, slab, pointer);
    if (!block_is_first(heap, pointer, block))
        return refuse_blocks(heap, pointer);
    return block_keep(heap, block) ? HEAP_FREED : block_release(heap, block);
}

int block_heap_free(struct block_heap *heap, void *pointer)
{
    struct slab *slab = slab_of(&heap->slabs, pointer);
    if (slab && slab_free_quickly(&heap->slabs, slab, pointer))
        return HEAP_FREED;
    return block_heap_free_rest(heap, pointer);
}
