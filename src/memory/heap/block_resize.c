/* How large an allocation is, whether there is one, and making it larger or smaller where it is. */
#include "lib/checked.h"
#include "memory/heap/block_private.h"

static int judge_blocks(const struct block_heap *heap, const void *pointer, size_t *nbytes)
{
    int refusal;
    size_t nblocks = heap_allocation_blocks(&heap->heap, pointer, &refusal);
    *nbytes = nblocks * HEAP_BLOCK_SIZE;
    if (refusal)
        return refusal;
    uint8_t owner = heap->owners[heap_block_of(&heap->heap, pointer)];
    return owner == OWNER_KEPT ? HEAP_ALREADY_FREE : owner == OWNER_HOLE ? HEAP_RESERVED : 0;
}

/* Why what begins at POINTER can't be freed; or HEAP_FREED, and in *NBYTES its size. */
static inline int block_judge(const struct block_heap *heap, const void *pointer, size_t *nbytes)
{
    size_t offset = block_offset_of(heap, pointer), block = offset / HEAP_BLOCK_SIZE;
    *nbytes = 0;
    if (block >= heap->table.total)
        return HEAP_OUT_OF_RANGE;
    if (heap->owners[block] == OWNER_SLAB) {
        *nbytes = heap->slabs.slabs[block].size;
        return slab_judge(&heap->slabs, block, offset);
    }
    return heap->owners[block] == OWNER_SPAN ? span_judge(&heap->spans, offset, nbytes)
                                             : judge_blocks(heap, pointer, nbytes);
}

size_t block_heap_size(const struct block_heap *heap, const void *pointer, int *refusal)
{
    size_t nbytes;
    int reason = block_judge(heap, pointer, &nbytes);
    if (refusal)
        *refusal = reason;
    return reason ? 0 : nbytes;
}

/* Whole blocks: WAS bytes from POINTER on, to become NBLOCKS. */
static bool resize_blocks(struct block_heap *heap, void *pointer, size_t was, size_t nblocks)
{
    const struct block_pages *pages = &heap->pages;
    size_t had = was / HEAP_BLOCK_SIZE, peak = heap->heap.statistics.peak;
    uint8_t *end = (uint8_t *)pointer + was;
    if (!heap_resize(&heap->heap, pointer, nblocks))
        return false;
    if (nblocks > had && pages->commit && !pages->commit(pages->context, end, nblocks - had)) {
        if (!heap_resize(&heap->heap, pointer, had))
            heap->broken = "an allocation can't be cut back to its length";
        heap->heap.statistics.peak = peak;
        return false;
    }
    if (nblocks < had && pages->decommit)
        pages->decommit(pages->context, (uint8_t *)pointer + nblocks * HEAP_BLOCK_SIZE,
                        had - nblocks);
    block_limit_kept(heap);
    return true;
}

int block_heap_try_resize(struct block_heap *heap, void *pointer, size_t nbytes, bool anyhow,
                          size_t *was)
{
    size_t offset = block_offset_of(heap, pointer), block = offset / HEAP_BLOCK_SIZE, size;
    int refusal = block_judge(heap, pointer, &size);
    *was = size;
    if (refusal)
        return refusal;
    if (nbytes == 0)
        return RESIZE_MOVE;
    bool shrinks = nbytes < size / 2 && size > SLAB_STEP, done;
    if (heap->owners[block] == OWNER_SLAB)
        done = nbytes <= size && !shrinks;
    else if (heap->owners[block] == OWNER_SPAN)
        done =
            (anyhow || nbytes % HEAP_BLOCK_SIZE != 0) && span_resize(&heap->spans, offset, nbytes);
    else
        done = !(shrinks && nbytes <= SPAN_LARGEST) &&
               resize_blocks(heap, pointer, size, units_to_hold(nbytes, HEAP_BLOCK_SIZE));
    return done ? RESIZE_DONE : RESIZE_MOVE;
}

bool block_heap_stay(struct block_heap *heap, void *pointer, size_t nbytes)
{
    size_t was;
    int result = block_heap_try_resize(heap, pointer, nbytes, true, &was);
    bool stays = result == RESIZE_DONE || (result == RESIZE_MOVE && nbytes <= was);
    heap->heap.statistics.failed -= stays;
    return stays;
}

bool block_heap_resize(struct block_heap *heap, void *pointer, size_t nbytes)
{
    size_t was;
    return nbytes > 0 && block_heap_try_resize(heap, pointer, nbytes, false, &was) == RESIZE_DONE;
}
