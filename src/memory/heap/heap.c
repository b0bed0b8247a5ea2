/*
 * Theory. A block is 4096 bytes at saddr + 4096 * index. A run is a maximal sequence of free blocks
 * or the blocks of one allocation. The table is the whole truth: no list, no header in the memory.
 *
 * Invariant:
 *   - every entry has one of the five legal values;
 *   - an entry with HAS_NEXT is followed by a taken entry without IS_FIRST;
 *   - a taken entry without IS_FIRST is preceded by an entry with HAS_NEXT;
 *   - every block below lowest_free is taken;
 *   - statistics.taken is the number of taken entries and statistics.allocations that of entries
 *     with IS_FIRST; taken <= peak <= total.
 *
 * Search is first fit at the lowest address. lowest_free only skips what can't be free, so that it
 * never changes an answer. It rises when the search fills the lowest hole and falls when a block
 * below it is freed: allocating into a heap that is full up to some point costs nothing for the
 * full part.
 *
 * Freeing is a border crossing: range, alignment, and the entry's own bits are checked before
 * anything is written, and the walk to the allocation's end is done in the same pass that clears,
 * because the invariant guarantees that it ends inside the table.
 *
 * Cost: malloc is linear in the blocks between lowest_free and the run's end; free in the blocks
 * freed; check and largest_free in the table. Space: one byte a block.
 */
#include "memory/heap/heap.h"

#include "lib/checked.h"
#include "memory/memory.h"

/* The only places that know the bits. */
static inline bool is_free(HEAP_BLOCK_TABLE_ENTRY entry)
{
    return entry == HEAP_BLOCK_TABLE_ENTRY_FREE;
}

static inline bool is_first(HEAP_BLOCK_TABLE_ENTRY entry)
{
    return (entry & HEAP_BLOCK_IS_FIRST) != 0;
}

static inline bool has_next(HEAP_BLOCK_TABLE_ENTRY entry)
{
    return (entry & HEAP_BLOCK_HAS_NEXT) != 0;
}

static inline HEAP_BLOCK_TABLE_ENTRY make_taken(bool first, bool next)
{
    return (HEAP_BLOCK_TABLE_ENTRY)(HEAP_BLOCK_TABLE_ENTRY_TAKEN |
                                    (first ? HEAP_BLOCK_IS_FIRST : 0) |
                                    (next ? HEAP_BLOCK_HAS_NEXT : 0));
}

static inline bool is_legal(HEAP_BLOCK_TABLE_ENTRY entry)
{
    return is_free(entry) || entry == make_taken(is_first(entry), has_next(entry));
}

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
    if (!heap || !table || !table->entries || from == 0 || to <= from)
        return -EINVARG;
    if (!is_multiple(from, HEAP_BLOCK_SIZE) || !is_multiple(to, HEAP_BLOCK_SIZE))
        return -EINVARG;
    if (table->total != (to - from) / HEAP_BLOCK_SIZE)
        return -EINVARG;
    if (overlaps(heap, sizeof *heap, from, to) || overlaps(table, sizeof *table, from, to) ||
        overlaps(table->entries, table->total, from, to))
        return -EINVARG;
    memset(table->entries, HEAP_BLOCK_TABLE_ENTRY_FREE, table->total);
    *heap = (struct heap){.table = table, .saddr = start};
    heap->statistics.total = table->total;
    return 0;
}

/*
 * The specification of the search: the lowest block that begins NBLOCKS free ones, or total.
 * Looks at each entry once.
 */
static block_t find_free_run(struct heap *heap, size_t nblocks)
{
    const struct heap_table *table = heap->table;
    size_t length = 0;
    for (block_t block = heap->lowest_free; block < table->total; block++) {
        heap->statistics.probes++;
        length = is_free(table->entries[block]) ? length + 1 : 0;
        if (length == nblocks)
            return block + 1 - nblocks;
    }
    return table->total;
}

static void mark_taken(struct heap *heap, block_t first, block_t end)
{
    struct heap_statistics *statistics = &heap->statistics;
    for (block_t block = first; block < end; block++)
        heap->table->entries[block] = make_taken(block == first, block + 1 < end);
    if (first == heap->lowest_free)
        heap->lowest_free = end;
    statistics->allocations++;
    statistics->taken += end - first;
    if (statistics->taken > statistics->peak)
        statistics->peak = statistics->taken;
}

void *heap_malloc(struct heap *heap, size_t nbytes)
{
    size_t nblocks = units_to_hold(nbytes, HEAP_BLOCK_SIZE);
    if (nblocks == 0)
        return NULL;
    if (nblocks > heap->statistics.total - heap->statistics.taken) {
        heap->statistics.failed++;
        return NULL;
    }
    block_t first = find_free_run(heap, nblocks);
    if (first == heap->table->total) {
        heap->statistics.failed++;
        return NULL;
    }
    mark_taken(heap, first, first + nblocks);
    heap->statistics.served++;
    return heap_address_of(heap, first);
}

int heap_take(struct heap *heap, block_t first, block_t end)
{
    if (first >= end || end > heap->table->total)
        return -EINVARG;
    for (block_t block = first; block < end; block++)
        if (!is_free(heap->table->entries[block]))
            return -EINVARG;
    mark_taken(heap, first, end);
    return 0;
}

/* Why POINTER can't be freed, or HEAP_FREED when it can. */
static int judge(const struct heap *heap, const void *pointer)
{
    if (!heap_contains(heap, pointer))
        return HEAP_OUT_OF_RANGE;
    if (!is_multiple((uintptr_t)pointer, HEAP_BLOCK_SIZE))
        return HEAP_MISALIGNED;
    HEAP_BLOCK_TABLE_ENTRY entry = heap->table->entries[heap_block_of(heap, pointer)];
    if (is_free(entry))
        return HEAP_ALREADY_FREE;
    return is_first(entry) ? HEAP_FREED : HEAP_NOT_FIRST;
}

int heap_free(struct heap *heap, void *pointer)
{
    int refusal = judge(heap, pointer);
    if (refusal) {
        heap->statistics.refused++;
        return refusal;
    }
    block_t first = heap_block_of(heap, pointer), block = first;
    HEAP_BLOCK_TABLE_ENTRY *entries = heap->table->entries;
    bool more;
    do {
        more = has_next(entries[block]);
        entries[block++] = HEAP_BLOCK_TABLE_ENTRY_FREE;
    } while (more && block < heap->table->total);
    if (first < heap->lowest_free)
        heap->lowest_free = first;
    heap->statistics.taken -= block - first;
    heap->statistics.allocations--;
    return HEAP_FREED;
}

size_t heap_allocation_blocks(const struct heap *heap, const void *pointer, int *refusal)
{
    int reason = judge(heap, pointer);
    if (refusal)
        *refusal = reason;
    if (reason)
        return 0;
    block_t first = heap_block_of(heap, pointer), last = first;
    while (has_next(heap->table->entries[last]) && last + 1 < heap->table->total)
        last++;
    return last - first + 1;
}

size_t heap_largest_free(const struct heap *heap)
{
    size_t largest = 0, length = 0;
    for (block_t block = heap->lowest_free; block < heap->table->total; block++) {
        length = is_free(heap->table->entries[block]) ? length + 1 : 0;
        largest = length > largest ? length : largest;
    }
    return largest;
}

const char *heap_check(const struct heap *heap)
{
    const struct heap_statistics *statistics = &heap->statistics;
    size_t taken = 0, allocations = 0;
    bool inside = false; /* the entry before has HAS_NEXT */
    for (block_t block = 0; block < heap->table->total; block++) {
        HEAP_BLOCK_TABLE_ENTRY entry = heap->table->entries[block];
        if (!is_legal(entry))
            return "an entry has none of the five legal values";
        if (inside && (is_free(entry) || is_first(entry)))
            return "an entry with HAS_NEXT is not followed by the rest of its allocation";
        if (!inside && !is_free(entry) && !is_first(entry))
            return "a taken entry without IS_FIRST has no HAS_NEXT before it";
        if (is_free(entry) && block < heap->lowest_free)
            return "a free block lies below lowest_free";
        taken += !is_free(entry);
        allocations += is_first(entry);
        inside = has_next(entry);
    }
    if (inside)
        return "the last entry has HAS_NEXT";
    if (taken != statistics->taken)
        return "the count of taken blocks is wrong";
    if (allocations != statistics->allocations)
        return "the count of allocations is wrong";
    if (statistics->total != heap->table->total || statistics->peak < taken ||
        statistics->peak > statistics->total)
        return "total, peak and taken are out of order";
    return NULL;
}
