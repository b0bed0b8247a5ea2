/* How large an allocation is, and making it larger or smaller where it is. */
#include "lib/checked.h"
#include "memory/heap/block_heap.h"
#include "memory/heap/block_private.h"

size_t block_heap_size(const struct block_heap *heap, const void *pointer, int *refusal)
{
    struct slab *slab = slab_of(&heap->slabs, pointer);
    int reason;
    size_t size;
    if (!slab) {
        reason = block_judge(heap, pointer, &size);
        size *= HEAP_BLOCK_SIZE;
    } else if (slab->class_index < SLAB_PIECES) {
        reason = slab_judge(slab, pointer);
        size = slab->size;
    } else {
        size = pieces_size(slab, pointer, &reason);
    }
    if (refusal)
        *refusal = reason;
    return reason ? 0 : size;
}

/* Whole blocks: SIZE bytes from POINTER on, to become NBLOCKS. */
static bool resize_blocks(struct block_heap *heap, void *pointer, size_t size, size_t nblocks)
{
    size_t was = size / HEAP_BLOCK_SIZE;
    struct block_pages *pages = &heap->pages;
    if (!heap_resize(&heap->heap, pointer, nblocks))
        return false;
    if (nblocks > was) {
        if (pages->get && !pages->get(pages->context, (uint8_t *)pointer + size, nblocks - was)) {
            if (!heap_resize(&heap->heap, pointer, was))
                heap->broken = "an allocation can't be cut back to its length";
            return false;
        }
    } else if (nblocks < was && pages->put) {
        pages->put(pages->context, (uint8_t *)pointer + nblocks * HEAP_BLOCK_SIZE, was - nblocks);
    }
    return true;
}

bool block_heap_resize(struct block_heap *heap, void *pointer, size_t nbytes)
{
    size_t size = block_heap_size(heap, pointer, NULL);
    struct slab *slab = slab_of(&heap->slabs, pointer);
    if (size == 0 || nbytes == 0)
        return false;
    if (slab && slab->class_index >= SLAB_PIECES) {
        bool whole = is_multiple(nbytes, HEAP_BLOCK_SIZE); /* those lie on a boundary */
        return (!whole || is_multiple((uintptr_t)pointer, HEAP_BLOCK_SIZE)) &&
               pieces_resize(&heap->pieces, slab, pointer, nbytes);
    }
    if (slab)
        return nbytes <= size && nbytes > size / 2;
    if (nbytes <= size && nbytes <= PIECES_LARGEST && nbytes <= size / 2)
        return false;
    return resize_blocks(heap, pointer, size, units_to_hold(nbytes, HEAP_BLOCK_SIZE));
}
