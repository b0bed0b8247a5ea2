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

static int refuse(struct block_heap *heap, int refusal)
{
    heap->heap.statistics.refused++;
    return refusal;
}

/* Why a pointer that is in no slab or group, and where no live blocks begin, is refused. */
static __attribute__((noinline)) int refuse_blocks(struct block_heap *heap, const void *pointer)
{
    size_t nblocks;
    int refusal = block_judge(heap, pointer, &nblocks);
    if (!refusal)
        heap->broken = "an allocation of the table has a tag that can't be";
    return refuse(heap, refusal ? refusal : HEAP_RESERVED);
}

/* Whole blocks are kept, or go back to the table. */
static inline int free_blocks(struct block_heap *heap, block_t first)
{
    size_t nblocks = heap->heap.index.lengths[first];
    if (kept_add(&heap->kept, &heap->heap, first, nblocks))
        heap->owners[first] = OWNER_KEPT;
    else
        block_release(heap, first, nblocks);
    return HEAP_FREED;
}

int block_heap_free_rest(struct block_heap *heap, void *pointer)
{
    size_t offset = (uintptr_t)pointer - (uintptr_t)heap->slabs.start;
    block_t block = offset / HEAP_BLOCK_SIZE;
    if (block >= heap->slabs.nblocks)
        return refuse(heap, HEAP_OUT_OF_RANGE);
    struct slab *slab = heap->slabs.by_block[block];
    if (!slab)
        return heap->owners[block] > OWNER_SLAB && offset % HEAP_BLOCK_SIZE == 0
                   ? free_blocks(heap, block)
                   : refuse_blocks(heap, pointer);
    if (slab->class_index >= SLAB_PIECES && pieces_keep(&heap->pieces, slab, pointer))
        return HEAP_FREED;
    int refusal = slab->class_index < SLAB_PIECES ? slab_free(&heap->slabs, slab, pointer)
                                                  : pieces_free(&heap->pieces, slab, pointer);
    return refusal ? refuse(heap, refusal) : HEAP_FREED;
}

int block_heap_free(struct block_heap *heap, void *pointer)
{
    struct slab *slab = slab_of(&heap->slabs, pointer);
    if (slab && slab_free_quickly(slab, pointer))
        return HEAP_FREED;
    return block_heap_free_rest(heap, pointer);
}
