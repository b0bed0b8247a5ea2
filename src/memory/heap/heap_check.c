/* Whether what heap.c states at its top holds: the table, and what stands beside it. */
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

/* That what stands before the free run in its list leads to it: nothing, or a run of the bin. */
static bool heap_is_listed(const struct heap *heap, block_t start)
{
    const struct heap_run *run = &heap->table->runs[start];
    if (run->newer == HEAP_NO_RUN)
        return heap->newest[bin_of(run->length)] == start;
    return run->newer < heap->table->total && heap->table->runs[run->newer].older == start;
}

/* The run or allocation of LENGTH blocks from START on, against what is known of it. */
static const char *heap_check_run(const struct heap *heap, block_t start, size_t length,
                                  struct count *count)
{
    const struct heap_run *runs = heap->table->runs;
    if (runs[start].length != length)
        return "another length is known of a run than the table's";
    if (!is_free(heap->table->entries[start]))
        return NULL;
    if (runs[start + length - 1].length != length)
        return "another length is known at a free run's end";
    if (!heap_is_listed(heap, start))
        return "a free run is not in the bin of its length";
    count->free_runs++;
    return NULL;
}

static const char *check_runs(const struct heap *heap, struct count *count)
{
    const HEAP_BLOCK_TABLE_ENTRY *entries = heap->table->entries;
    size_t total = heap->table->total;
    for (block_t start = 0, end; start < total; start = end) {
        bool free_run = is_free(entries[start]);
        end = start + 1;
        while (end < total && (free_run ? is_free(entries[end]) : has_next(entries[end - 1])))
            end++;
        const char *broken = heap_check_run(heap, start, end - start, count);
        if (broken)
            return broken;
    }
    return NULL;
}

/* Whether a free run of BIN begins at START, as far as the table and runs[] know. */
static bool begins(const struct heap *heap, uint32_t start, uint32_t bin)
{
    const HEAP_BLOCK_TABLE_ENTRY *entries = heap->table->entries;
    if (start >= heap->table->total || !is_free(entries[start]))
        return false;
    if (start > 0 && is_free(entries[start - 1]))
        return false;
    return bin_of(heap->table->runs[start].length) == bin;
}

/* The list of BIN; *NLEFT runs are still to be found, in this bin and those behind it. */
static const char *check_bin(const struct heap *heap, uint32_t bin, size_t *nleft)
{
    uint32_t newer = HEAP_NO_RUN;
    for (uint32_t at = heap->newest[bin]; at != HEAP_NO_RUN; at = heap->table->runs[at].older) {
        if (*nleft == 0 || !begins(heap, at, bin))
            return "a bin has something that is no free run of its lengths";
        if (heap->table->runs[at].newer != newer)
            return "the list of a bin does not lead back";
        newer = at;
        --*nleft;
    }
    bool is_set = heap->bins[bin / 32] >> bin % 32 & 1;
    if (is_set != (heap->newest[bin] != HEAP_NO_RUN))
        return "a bin's bit is wrong on whether it is empty";
    return NULL;
}

static const char *check_bins(const struct heap *heap, size_t nruns)
{
    for (uint32_t bin = 0; bin < HEAP_BINS; bin++) {
        const char *broken = check_bin(heap, bin, &nruns);
        if (broken)
            return broken;
    }
    for (uint32_t i = 0; i < 32; i++) {
        uint32_t word = i <= HEAP_BINS / 32 ? heap->bins[i] : 0;
        if ((heap->words >> i & 1) != (word != 0))
            return "the bit of a word of bins is wrong";
    }
    if (heap->bins[HEAP_BINS / 32] >> HEAP_BINS % 32)
        return "a bin has a bit that does not exist";
    return nruns == 0 ? NULL : "a free run is in no bin";
}

const char *heap_check(const struct heap *heap)
{
    const struct heap_statistics *statistics = &heap->statistics;
    struct count count = {0};
    const char *broken = check_table(heap, &count);
    if (!broken)
        broken = check_runs(heap, &count);
    if (!broken)
        broken = check_bins(heap, count.free_runs);
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
