/* Allocations on a boundary of their own. */
#include "memory/heap/heap_private.h"

/* The lowest block from START on, where a run of LENGTH begins, at which its address is aligned;
 * its end where that is past the run. */
static block_t align_in_run(const struct heap *heap, block_t start, size_t length, size_t alignment)
{
    uintptr_t address = (uintptr_t)heap_address_of(heap, start), aligned;
    if (!checked_round_up(address, alignment, &aligned) ||
        (aligned - address) / HEAP_BLOCK_SIZE > length)
        return start + length;
    return start + (aligned - address) / HEAP_BLOCK_SIZE;
}

/* The first of all free runs that holds NBLOCKS aligned ones; total where none does. */
static block_t find_aligned(const struct heap *heap, size_t nblocks, size_t alignment)
{
    size_t total = heap->table->total, length;
    for (block_t start = 0; start < total; start += length) {
        length = heap->index.lengths[start];
        if (is_free(heap->table->entries[start]) &&
            align_in_run(heap, start, length, alignment) + nblocks <= start + length)
            return start;
    }
    return total;
}

void *heap_malloc_aligned(struct heap *heap, size_t nbytes, size_t alignment)
{
    size_t nblocks = units_to_hold(nbytes, HEAP_BLOCK_SIZE), total = heap->table->total, with_slack;
    if (alignment == 0 || (alignment & (alignment - 1)) != 0)
        return NULL;
    if (alignment <= HEAP_BLOCK_SIZE || nblocks == 0)
        return heap_malloc(heap, nbytes);
    block_t start = total;
    if (checked_add(nblocks, alignment / HEAP_BLOCK_SIZE - 1, &with_slack) && with_slack <= total)
        start = heap_find(&heap->index, with_slack, total);
    if (start == total && nblocks <= total)
        start = find_aligned(heap, nblocks, alignment);
    if (start == total) {
        heap->statistics.failed++;
        return NULL;
    }
    size_t length = heap->index.lengths[start];
    block_t first = align_in_run(heap, start, length, alignment);
    take_from(heap, start, length, first, first + nblocks);
    heap->statistics.served++;
    return heap_address_of(heap, first);
}
