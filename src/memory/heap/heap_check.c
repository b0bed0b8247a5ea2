/* Whether what heap.c states at its top holds: the table, and the index against the table. */
#include "lib/checked.h"
#include "memory/heap/block_entry.h"
#include "memory/heap/heap.h"

/* What a walk through the table counts. */
struct count {
    size_t taken, allocations, free_runs;
};

/* Each entry's value, and that it fits to the one before. */
static const char *check_table(const struct heap *heap, struct count *count)
{
    bool inside = false; /* the entry before has HAS_NEXT */
    for (block_t block = 0; block < heap->table->total; block++) {
        HEAP_BLOCK_TABLE_ENTRY entry = heap->table->entries[block];
        if (!is_legal(entry))
            return "an entry has none of the five legal values";
        if (inside && (is_free(entry) || is_first(entry)))
            return "an entry with HAS_NEXT is not followed by the rest of its allocation";
        if (!inside && !is_free(entry) && !is_first(entry))
            return "a taken entry without IS_FIRST has no HAS_NEXT before it";
        count->taken += !is_free(entry);
        count->allocations += is_first(entry);
        inside = has_next(entry);
    }
    return inside ? "the last entry has HAS_NEXT" : NULL;
}

/* The run or allocation of LENGTH blocks from START on, against the index. */
static const char *check_run(const struct heap *heap, block_t start, size_t length,
                             struct count *count)
{
    const struct heap_index *index = &heap->index;
    if (index->lengths[start] != length)
        return "the index has another length for a run than the table";
    if (!is_free(heap->table->entries[start]))
        return NULL;
    if (index->lengths[start + length - 1] != length)
        return "the index has another length at a free run's end";
    if (!heap_index_holds(index, start, length))
        return "a free run is not in the set of its rank";
    count->free_runs++;
    return NULL;
}

static const char *check_runs(const struct heap *heap, struct count *count)
{
    const HEAP_BLOCK_TABLE_ENTRY *entries = heap->table->entries;
    size_t total = heap->table->total, nmembers;
    for (block_t start = 0, end; start < total; start = end) {
        bool free_run = is_free(entries[start]);
        end = start + 1;
        while (end < total && (free_run ? is_free(entries[end]) : has_next(entries[end - 1])))
            end++;
        const char *broken = check_run(heap, start, end - start, count);
        if (broken)
            return broken;
    }
    const char *broken = heap_index_check(&heap->index, total, &nmembers);
    if (broken)
        return broken;
    return nmembers == count->free_runs ? NULL : "the index knows a free run that is none";
}

const char *heap_check(const struct heap *heap)
{
    const struct heap_statistics *statistics = &heap->statistics;
    struct count count = {0};
    const char *broken = check_table(heap, &count);
    if (!broken)
        broken = check_runs(heap, &count);
    if (broken)
        return broken;
    if (count.taken != statistics->taken)
        return "the count of taken blocks is wrong";
    if (count.allocations != statistics->allocations)
        return "the count of allocations is wrong";
    if (statistics->total != heap->table->total || statistics->peak < count.taken ||
        statistics->peak > statistics->total)
        return "total, peak and taken are out of order";
    return NULL;
}
