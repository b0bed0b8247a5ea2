/* Whether what block_heap.c states at its top holds, and all that its parts state; what there is.
 */
#include "lib/checked.h"
#include "memory/heap/block_heap.h"
#include "memory/heap/block_private.h"

/* The tags, against the table's allocations, whose lengths are right. */
static const char *check_tags(const struct block_heap *heap, size_t *nkept)
{
    for (block_t block = 0, end; block < heap->table.total; block = end) {
        uint8_t tag = heap->owners[block];
        bool taken = heap->table.entries[block] != HEAP_BLOCK_TABLE_ENTRY_FREE;
        end = block + heap->table.runs[block].length;
        if (tag >= HEAP_OWNERS || (tag != OWNER_FREE) != taken)
            return "a tag is missing where an allocation begins, or stands elsewhere";
        for (block_t inside = block + 1; inside < end; inside++)
            if (heap->owners[inside] != (tag == OWNER_SPAN ? tag : OWNER_FREE))
                return "a tag stands inside of an allocation, or is missing inside of a span";
        if ((tag == OWNER_SLAB && end - block != 1) ||
            (tag == OWNER_SPAN && end - block != SPAN_BLOCKS))
            return "a slab or a span has another length";
        *nkept += tag == OWNER_KEPT;
    }
    return NULL;
}

/* The quick lists, against the tags and the lengths. */
static const char *check_kept(const struct block_heap *heap, size_t nkept)
{
    const struct kept_runs *kept = &heap->kept;
    size_t count = 0, blocks = 0;
    size_t taken = heap->heap.statistics.taken, rest = heap->table.total - taken;
    for (uint32_t bin = 0; bin < KEPT_BINS; bin++)
        for (uint32_t first = kept->newest[bin]; first != NO_BLOCK;
             first = heap->table.runs[first].older) {
            if (first >= heap->table.total || heap->owners[first] != OWNER_KEPT ||
                heap->table.runs[first].length > KEPT_LONGEST ||
                kept_bin(heap->table.runs[first].length) != bin || ++count > nkept)
                return "a quick list has what is not its own, or has it twice";
            blocks += heap->table.runs[first].length;
        }
    if (count != nkept || kept->count != count || kept->blocks != blocks || count > KEPT_MOST)
        return "the count of kept runs is wrong";
    size_t most = taken / KEPT_PART + KEPT_ALWAYS;
    return kept->most == (most < rest / KEPT_PART ? most : rest / KEPT_PART)
               ? NULL
               : "how many blocks may be kept is wrong";
}

const char *block_heap_check(const struct block_heap *heap)
{
    size_t nkept = 0;
    if (heap->broken)
        return heap->broken;
    if (!block_heap_is_laid_out(heap))
        return "the heap's own addresses are wrong";
    const char *broken = heap_check(&heap->heap);
    if (!broken)
        broken = check_tags(heap, &nkept);
    if (!broken)
        broken = check_kept(heap, nkept);
    if (!broken)
        broken = slab_check(&heap->slabs, heap->owners, OWNER_SLAB, heap->table.total);
    return broken ? broken : span_check(&heap->spans, heap->owners, OWNER_SPAN, heap->table.total);
}

/* -- For those who look -- */

const struct heap *block_heap_table(const struct block_heap *heap)
{
    return &heap->heap;
}

const uint8_t *block_heap_owners(const struct block_heap *heap)
{
    return heap->owners;
}

static block_t first_of(const struct block_heap *heap, block_t block)
{
    const HEAP_BLOCK_TABLE_ENTRY *entries = heap->table.entries;
    while (block > 0 && entries[block] != HEAP_BLOCK_TABLE_ENTRY_FREE &&
           !(entries[block] & HEAP_BLOCK_IS_FIRST))
        block--;
    return block;
}

enum heap_owner block_heap_owner_of(const struct block_heap *heap, block_t block)
{
    return (enum heap_owner)heap->owners[first_of(heap, block)];
}

static void describe_object(const struct block_heap *heap, size_t offset,
                            struct heap_description *description)
{
    block_t block = offset / HEAP_BLOCK_SIZE;
    const struct slab *slab = &heap->slabs.slabs[block];
    size_t behind =
        HEAP_BLOCK_SIZE - offset % HEAP_BLOCK_SIZE; /* the address's byte and those behind */
    size_t index = (behind - 1) / slab->size;
    size_t end = (block + 1) * HEAP_BLOCK_SIZE;
    description->room_here = HEAP_BLOCK_SIZE / slab->size;
    description->live_here = slab_count_live(&heap->slabs, block);
    if (index >= description->room_here)
        return; /* in front of the first */
    description->start = (void *)(heap->slabs.start + end - (index + 1) * slab->size);
    description->nbytes = slab->size;
    description->live = !(heap->slabs.free[block][index / 32] >> index % 32 & 1);
}

static void describe_middle(const struct block_heap *heap, size_t offset, size_t first,
                            struct heap_description *description)
{
    size_t start, nbytes;
    description->live = span_run_at(&heap->spans, offset, &start, &nbytes);
    description->start = (void *)(heap->slabs.start + start);
    description->nbytes = nbytes;
    description->room_here = SPAN_UNITS;
    for (size_t at = first; at < first + (size_t)SPAN_BLOCKS * HEAP_BLOCK_SIZE; at += nbytes)
        if (span_run_at(&heap->spans, at, &start, &nbytes))
            description->live_here += nbytes / SPAN_UNIT;
}

bool block_heap_describe(const struct block_heap *heap, const void *address,
                         struct heap_description *description)
{
    size_t offset = block_offset_of(heap, address), block = offset / HEAP_BLOCK_SIZE;
    if (block >= heap->table.total)
        return false;
    block_t first = first_of(heap, block);
    enum heap_owner owner = (enum heap_owner)heap->owners[first];
    *description = (struct heap_description){.owner = owner,
                                             .live = owner > OWNER_SPAN,
                                             .start = block_address(heap, first),
                                             .nbytes = HEAP_BLOCK_SIZE};
    if (owner == OWNER_SLAB)
        describe_object(heap, offset, description);
    else if (owner == OWNER_SPAN)
        describe_middle(heap, offset, first * HEAP_BLOCK_SIZE, description);
    else if (owner != OWNER_FREE)
        description->nbytes = heap->table.runs[first].length * HEAP_BLOCK_SIZE;
    return true;
}

struct block_heap_statistics block_heap_statistics(const struct block_heap *heap)
{
    struct block_heap_statistics statistics = {0};
    for (block_t block = 0; block < heap->table.total; block++) {
        const struct slab *slab = &heap->slabs.slabs[block];
        if (heap->owners[block] == OWNER_SPAN)
            statistics.spans++;
        if (heap->owners[block] != OWNER_SLAB)
            continue;
        statistics.slabs++;
        size_t live = slab_count_live(&heap->slabs, block);
        statistics.objects += live;
        statistics.object_bytes += live * slab->size;
    }
    size_t start, nbytes, end = heap->table.total * HEAP_BLOCK_SIZE;
    for (size_t at = 0; at < end; at += nbytes) {
        nbytes = HEAP_BLOCK_SIZE;
        if (heap->owners[at / HEAP_BLOCK_SIZE] != OWNER_SPAN ||
            !span_run_at(&heap->spans, at, &start, &nbytes))
            continue;
        statistics.middles++;
        statistics.middle_bytes += nbytes;
    }
    return statistics;
}
