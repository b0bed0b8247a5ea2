/* Whether what block_heap.c states at its top holds, and all that its parts state; whose a block
 * is. */
#include "memory/heap/block_heap.h"

static const char *check_tags(const struct block_heap *heap, size_t *nkept)
{
    uint8_t owner = OWNER_FREE; /* of the allocation that the block belongs to */
    for (block_t block = 0; block < heap->table.total; block++) {
        HEAP_BLOCK_TABLE_ENTRY entry = heap->table.entries[block];
        uint8_t tag = heap->owners[block];
        if (tag >= HEAP_OWNERS)
            return "an owner tag has no meaning";
        if ((tag != OWNER_FREE) != ((entry & HEAP_BLOCK_IS_FIRST) != 0))
            return "an owner tag is missing where an allocation begins, or stands elsewhere";
        if (tag != OWNER_FREE || entry == HEAP_BLOCK_TABLE_ENTRY_FREE)
            owner = tag;
        if ((heap->slabs.by_block[block] != NULL) != (owner == OWNER_SLAB))
            return "a block's tag is wrong on whether it holds small objects";
        *nkept += tag == OWNER_KEPT;
    }
    return NULL;
}

/* The kept runs' lists, against the tags and the lengths. */
static const char *check_kept(const struct block_heap *heap, size_t nkept)
{
    const struct kept_runs *kept = &heap->kept;
    size_t count = 0, blocks = 0;
    for (size_t length = 1; length <= KEPT_LONGEST; length++) {
        const struct kept_length *of = &kept->of[length];
        if (of->count > KEPT_A_LENGTH)
            return "too many runs of a length are kept";
        for (size_t i = 0; i < of->count; i++) {
            block_t first = of->firsts[i];
            if (first >= heap->table.total || heap->owners[first] != OWNER_KEPT ||
                heap->table.runs[first].length != length)
                return "a kept run is not what its list says";
        }
        count += of->count;
        blocks += of->count * length;
    }
    return count == nkept && blocks == kept->blocks ? NULL : "the count of kept runs is wrong";
}

const char *block_heap_check(const struct block_heap *heap)
{
    size_t nkept = 0;
    if (heap->broken)
        return heap->broken;
    const char *broken = heap_check(&heap->heap);
    if (!broken)
        broken = check_tags(heap, &nkept);
    if (!broken)
        broken = check_kept(heap, nkept);
    if (!broken)
        broken = slab_check(&heap->slabs);
    return broken ? broken : pieces_check(&heap->pieces);
}

enum heap_owner block_heap_owner_of(const struct block_heap *heap, block_t block)
{
    const HEAP_BLOCK_TABLE_ENTRY *entries = heap->table.entries;
    if (entries[block] == HEAP_BLOCK_TABLE_ENTRY_FREE)
        return OWNER_FREE;
    while (block > 0 && !(entries[block] & HEAP_BLOCK_IS_FIRST))
        block--;
    return (enum heap_owner)heap->owners[block];
}
