/* Making a heap: all that can be wrong with where it shall lie. */
#include "lib/checked.h"
#include "memory/heap/heap.h"
#include "memory/heap/index_sets.h"
#include "memory/memory.h"

const char *heap_refusal_text(int refusal)
{
    switch (refusal) {
    case HEAP_FREED:
        return "freed";
    case HEAP_OUT_OF_RANGE:
        return "out of range";
    case HEAP_MISALIGNED:
        return "misaligned";
    case HEAP_NOT_FIRST:
        return "not a first block";
    case HEAP_ALREADY_FREE:
        return "already free";
    case HEAP_RESERVED:
        return "reserved";
    case HEAP_BROKEN:
        return "its header was overwritten";
    default:
        return "unknown";
    }
}

/* Whether the NBYTES bytes at OBJECT and the range from START to END share a byte. */
static bool overlaps(const void *object, size_t nbytes, uintptr_t start, uintptr_t end)
{
    uintptr_t first = (uintptr_t)object;
    size_t last;
    if (nbytes == 0)
        return false;
    if (!checked_add(first, nbytes - 1, &last))
        return true; /* nothing real wraps: refuse it */
    return first < end && last >= start;
}

int heap_create(struct heap *heap, void *start, void *end, struct heap_table *table)
{
    uintptr_t from = (uintptr_t)start, to = (uintptr_t)end;
    if (!heap || !table || !table->entries || !table->index || from == 0 || to <= from)
        return -EINVARG;
    if (!is_multiple(from, HEAP_BLOCK_SIZE) || !is_multiple(to, HEAP_BLOCK_SIZE) ||
        !is_multiple((uintptr_t)table->index, sizeof(size_t)))
        return -EINVARG;
    if (table->total != (to - from) / HEAP_BLOCK_SIZE || table->total > HEAP_BLOCKS_MOST)
        return -EINVARG;
    if (overlaps(heap, sizeof *heap, from, to) || overlaps(table, sizeof *table, from, to) ||
        overlaps(table->entries, table->total, from, to) ||
        overlaps(table->index, heap_index_bytes(table->total), from, to))
        return -EINVARG;
    memset(table->entries, HEAP_BLOCK_TABLE_ENTRY_FREE, table->total);
    *heap = (struct heap){.table = table, .saddr = start};
    heap->statistics.total = table->total;
    heap_index_init(&heap->index, table->index, table->total);
    index_insert(&heap->index, 0, table->total);
    return 0;
}
