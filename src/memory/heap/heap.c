/*
 * Theory. A block is 4096 bytes at saddr + 4096 * index. A run is a maximal sequence of free blocks
 * or the blocks of one allocation. The table is the whole truth: no header in the memory, and all
 * that stands beside it can be made again from it, but the order within the bins.
 *
 * Invariant:
 *   - every entry has one of the five legal values;
 *   - an entry with HAS_NEXT is followed by a taken entry without IS_FIRST;
 *   - a taken entry without IS_FIRST is preceded by an entry with HAS_NEXT;
 *   - runs[] has the length of every run and allocation at its first block, and that of a free run
 *     at its last block too;
 *   - the list of each bin has exactly the free runs of its lengths; bins[] and words say which
 *     bins are not empty;
 *   - statistics.taken is the number of taken entries and statistics.allocations that of entries
 *     with IS_FIRST; taken <= peak <= total.
 *
 * Search is best fit up to 64 blocks, and a good fit above. Measured on 25,600 blocks, requests of
 * 1 to 64 blocks, kept 90 % full, 100,000 operations: first fit at the lowest address failed 7,110
 * times, a binary buddy 32,969, an exact fit or else the first 12, this twice, and with the lowest
 * of equals instead of the newest once (`make bench`: the row "pages, 90 % full"). The newest is
 * the head of a list; the lowest would take a tree.
 *
 * Requests of 1 to 1,024 blocks, 80 % full: of 100,000 fail 1,597; with quarters of a power of two
 * instead of eighths 1,872, with sixteenths 1,787; with one look instead of HEAP_LOOKS 1,852, with
 * four 1,678, with sixteen or all 1,597.
 *
 * Freeing is a border crossing: range, alignment, and the entry's own bits are checked before
 * anything is written. It never walks HAS_NEXT: the length stands beside the table.
 *
 * Cost: the entries written, 16 at a time, and a constant for at most three lists. Space: one byte
 * a block, and 12 for its run.
 */
#include "memory/heap/heap.h"

#include "lib/checked.h"
#include "memory/heap/block_entry.h"
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

/* -- Bins -- */

/* Adds the free run of LENGTH blocks from START on, as the newest of its bin. */
static inline void heap_insert(struct heap *heap, block_t start, size_t length)
{
    struct heap_run *runs = heap->table->runs, *run = &runs[start];
    uint32_t bin = bin_of((uint32_t)length), older = heap->newest[bin];
    runs[start + length - 1].length = (uint32_t)length;
    *run = (struct heap_run){.length = (uint32_t)length, .newer = HEAP_NO_RUN, .older = older};
    heap->newest[bin] = (uint32_t)start;
    if (older != HEAP_NO_RUN) {
        runs[older].newer = (uint32_t)start;
        return;
    }
    heap->bins[bin / 32] |= (uint32_t)1 << bin % 32;
    heap->words |= (uint32_t)1 << bin / 32;
}

/* Removes the newest run of BIN, which OLDER follows. */
static inline void heap_remove_newest(struct heap *heap, uint32_t bin, uint32_t older)
{
    heap->newest[bin] = older;
    if (older != HEAP_NO_RUN) {
        heap->table->runs[older].newer = HEAP_NO_RUN;
        return;
    }
    heap->bins[bin / 32] ^= (uint32_t)1 << bin % 32;
    if (heap->bins[bin / 32] == 0)
        heap->words ^= (uint32_t)1 << bin / 32;
}

/* Removes the free run that begins at START from its bin; its length. */
static inline size_t heap_remove(struct heap *heap, block_t start)
{
    struct heap_run *runs = heap->table->runs;
    struct heap_run run = runs[start];
    if (run.newer == HEAP_NO_RUN) {
        heap_remove_newest(heap, bin_of(run.length), run.older);
        return run.length;
    }
    runs[run.newer].older = run.older;
    if (run.older != HEAP_NO_RUN)
        runs[run.older].newer = run.newer;
    return run.length;
}

/* The first bin from BIN on that is not empty; HEAP_BINS where there is none. */
static inline uint32_t next_bin(const struct heap *heap, uint32_t bin)
{
    uint32_t i = bin / 32, word = heap->bins[i] >> bin % 32;
    if (word)
        return bin + (uint32_t)__builtin_ctz(word);
    uint32_t words = heap->words & ~(uint32_t)1 << i; /* those above word i */
    if (!words)
        return HEAP_BINS;
    i = (uint32_t)__builtin_ctz(words);
    return i * 32 + (uint32_t)__builtin_ctz(heap->bins[i]);
}

/* The newest of the last HEAP_LOOKS runs of BIN that has NBLOCKS blocks; HEAP_NOWHERE if none. */
static block_t find_in_bin(const struct heap *heap, uint32_t bin, size_t nblocks)
{
    const struct heap_run *runs = heap->table->runs;
    uint32_t start = heap->newest[bin];
    for (int i = 0; i < HEAP_LOOKS && start != HEAP_NO_RUN; i++, start = runs[start].older)
        if (runs[start].length >= nblocks)
            return start;
    return HEAP_NOWHERE;
}

/* Where the run begins that NBLOCKS, not 0, are taken from; HEAP_NOWHERE where none is found. */
static inline block_t heap_find(const struct heap *heap, size_t nblocks)
{
    if (nblocks > heap->table->total)
        return HEAP_NOWHERE;
    uint32_t bin = bin_of((uint32_t)nblocks);
    if (nblocks > HEAP_EXACT_MOST) {
        block_t start = find_in_bin(heap, bin++, nblocks);
        if (start != HEAP_NOWHERE)
            return start;
    }
    bin = next_bin(heap, bin);
    return bin == HEAP_BINS ? HEAP_NOWHERE : heap->newest[bin];
}

/* -- Runs -- */

/* Four entries at once, wherever they lie. */
typedef uint32_t four_entries __attribute__((aligned(1), may_alias));

/* Trusted: a prover of ours has no idea of two types for one place. */
static inline void put_four(HEAP_BLOCK_TABLE_ENTRY *entry, HEAP_BLOCK_TABLE_ENTRY value)
{
    *(four_entries *)(void *)entry = value * 0x01010101u;
}

/* Writes VALUE into the COUNT entries from ENTRY on. */
static inline void fill(HEAP_BLOCK_TABLE_ENTRY *entry, size_t count, HEAP_BLOCK_TABLE_ENTRY value)
{
    HEAP_BLOCK_TABLE_ENTRY *end = entry + count;
    if (count < 4) { /* and at least 1 */
        entry[0] = entry[count / 2] = end[-1] = value;
        return;
    }
    /*@ loop invariant 0 <= count <= \at(count, Pre) && 4 <= \at(count, Pre);
        loop invariant entry == \at(entry, Pre) + (\at(count, Pre) - count);
        loop invariant filled(\at(entry, Pre), \at(count, Pre) - count, value);
        loop assigns count, entry, \at(entry, Pre)[0 .. \at(count, Pre) - 1];
        loop variant count; */
    for (; count >= 16; count -= 16, entry += 16) {
        put_four(entry, value);
        put_four(entry + 4, value);
        put_four(entry + 8, value);
        put_four(entry + 12, value);
    }
    if (count >= 8) {
        put_four(entry, value);
        put_four(entry + 4, value);
        put_four(end - 8, value);
    } else if (count >= 4)
        put_four(entry, value);
    /*@ assert filled(\at(entry, Pre), \at(count, Pre) - 4, value); */
    put_four(end - 4, value); /* over some that are written already, as end - 8 may be */
}

/* Writes the entries of an allocation of LENGTH blocks from FIRST on. */
static inline void write_allocation(struct heap *heap, block_t first, size_t length)
{
    HEAP_BLOCK_TABLE_ENTRY *entry = heap->table->entries + first;
    heap->table->runs[first].length = (uint32_t)length;
    if (length == 1) {
        *entry = make_taken(true, false);
        return;
    }
    fill(entry, length, make_taken(false, true));
    entry[0] = make_taken(true, true);
    entry[length - 1] = make_taken(false, false);
    /*@ assert entry[0] == 0xc1 && entry[length - 1] == 0x01; */
    /*@ assert \forall integer i; first < i < first + length - 1 ==>
            heap->table->entries[i] == 0x81; */
}

static inline void count_taken(struct heap *heap, size_t nblocks)
{
    struct heap_statistics *statistics = &heap->statistics;
    size_t taken = statistics->taken += nblocks;
    if (taken > statistics->peak)
        statistics->peak = taken;
}

/* Makes LENGTH blocks from FIRST on, which are in no bin, an allocation. */
static inline void begin_allocation(struct heap *heap, block_t first, size_t length)
{
    write_allocation(heap, first, length);
    heap->statistics.allocations++;
    count_taken(heap, length);
}

/* Allocates the blocks FIRST to END out of the free run at START. */
static void take_from(struct heap *heap, block_t start, block_t first, block_t end)
{
    size_t rest = start + heap_remove(heap, start) - end;
    if (first > start)
        heap_insert(heap, start, first - start);
    if (rest > 0)
        heap_insert(heap, end, rest);
    begin_allocation(heap, first, end - first);
}

/* Makes the blocks FIRST to END free, and one run with the free blocks on both sides. */
static inline void heap_give_back(struct heap *heap, block_t first, block_t end)
{
    HEAP_BLOCK_TABLE_ENTRY *entries = heap->table->entries;
    fill(entries + first, end - first, HEAP_BLOCK_TABLE_ENTRY_FREE);
    heap->statistics.taken -= end - first;
    if (first > 0 && is_free(entries[first - 1])) {
        first -= heap->table->runs[first - 1].length;
        (void)heap_remove(heap, first);
    }
    if (end < heap->table->total && is_free(entries[end]))
        end += heap_remove(heap, end);
    heap_insert(heap, first, end - first);
}

/* Why POINTER can't be freed, or HEAP_FREED when it can. */
static inline int heap_judge(const struct heap *heap, const void *pointer)
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

/* -- Creation -- */

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
    if (!heap || !table || !table->entries || !table->runs || from == 0 || to <= from)
        return -EINVARG;
    if (!is_multiple(from, HEAP_BLOCK_SIZE) || !is_multiple(to, HEAP_BLOCK_SIZE) ||
        !is_multiple((uintptr_t)table->runs, sizeof(uint32_t)))
        return -EINVARG;
    if (table->total != (to - from) / HEAP_BLOCK_SIZE || table->total > HEAP_BLOCKS_MOST)
        return -EINVARG;
    if (overlaps(heap, sizeof *heap, from, to) || overlaps(table, sizeof *table, from, to) ||
        overlaps(table->entries, table->total, from, to) ||
        overlaps(table->runs, table->total * sizeof *table->runs, from, to))
        return -EINVARG;
    memset(table->entries, HEAP_BLOCK_TABLE_ENTRY_FREE, table->total);
    *heap = (struct heap){.table = table, .saddr = start};
    heap->statistics.total = table->total;
    for (size_t bin = 0; bin < HEAP_BINS; bin++)
        heap->newest[bin] = HEAP_NO_RUN;
    heap_insert(heap, 0, table->total);
    return 0;
}

int heap_take(struct heap *heap, block_t first, block_t end)
{
    if (first >= end || end > heap->table->total)
        return -EINVARG;
    for (block_t block = first; block < end; block++)
        if (!is_free(heap->table->entries[block]))
            return -EINVARG;
    block_t start = first;
    while (start > 0 && is_free(heap->table->entries[start - 1]))
        start--;
    take_from(heap, start, first, end);
    return 0;
}

/* -- Allocations -- */

IN_REGISTERS block_t heap_malloc_at(struct heap *heap, size_t nblocks)
{
    block_t start = nblocks > 0 ? heap_find(heap, nblocks) : HEAP_NOWHERE;
    if (start == HEAP_NOWHERE)
        return HEAP_NOWHERE;
    size_t length = heap_remove(heap, start);
    if (length > nblocks)
        heap_insert(heap, start + nblocks, length - nblocks);
    begin_allocation(heap, start, nblocks);
    checked_count(&heap->statistics.served);
    return start;
}

void *heap_malloc(struct heap *heap, size_t nbytes)
{
    block_t first = heap_malloc_at(heap, units_to_hold(nbytes, HEAP_BLOCK_SIZE));
    if (first != HEAP_NOWHERE)
        return heap_address_of(heap, first);
    if (nbytes > 0)
        checked_count(&heap->statistics.failed);
    return NULL;
}

/* Where NBLOCKS aligned blocks begin in the free run at START; HEAP_NOWHERE if it has none. */
static block_t align_in_run(const struct heap *heap, block_t start, size_t nblocks,
                            size_t alignment)
{
    uintptr_t address = (uintptr_t)heap_address_of(heap, start), aligned;
    size_t length = heap->table->runs[start].length;
    if (nblocks > length || !checked_round_up(address, alignment, &aligned) ||
        (aligned - address) / HEAP_BLOCK_SIZE > length - nblocks)
        return HEAP_NOWHERE;
    return start + (aligned - address) / HEAP_BLOCK_SIZE;
}

/* A free run with NBLOCKS aligned blocks, of the first HEAP_LOOKS that might have them. */
static block_t find_aligned(const struct heap *heap, size_t nblocks, size_t alignment)
{
    int looks = 0;
    for (uint32_t bin = next_bin(heap, bin_of((uint32_t)nblocks)); bin < HEAP_BINS;
         bin = next_bin(heap, bin + 1))
        for (uint32_t start = heap->newest[bin]; start != HEAP_NO_RUN;
             start = heap->table->runs[start].older) {
            if (align_in_run(heap, start, nblocks, alignment) != HEAP_NOWHERE)
                return start;
            if (++looks == HEAP_LOOKS)
                return HEAP_NOWHERE;
        }
    return HEAP_NOWHERE;
}

block_t heap_malloc_aligned_at(struct heap *heap, size_t nblocks, size_t alignment)
{
    size_t with_slack;
    if (alignment <= HEAP_BLOCK_SIZE || nblocks == 0)
        return heap_malloc_at(heap, nblocks);
    block_t start = HEAP_NOWHERE;
    if (checked_add(nblocks, alignment / HEAP_BLOCK_SIZE - 1, &with_slack))
        start = heap_find(heap, with_slack);
    if (start == HEAP_NOWHERE && nblocks <= heap->table->total)
        start = find_aligned(heap, nblocks, alignment);
    if (start == HEAP_NOWHERE)
        return HEAP_NOWHERE;
    block_t first = align_in_run(heap, start, nblocks, alignment);
    take_from(heap, start, first, first + nblocks);
    checked_count(&heap->statistics.served);
    return first;
}

void *heap_malloc_aligned(struct heap *heap, size_t nbytes, size_t alignment)
{
    if (alignment == 0 || (alignment & (alignment - 1)) != 0)
        return NULL;
    block_t first = heap_malloc_aligned_at(heap, units_to_hold(nbytes, HEAP_BLOCK_SIZE), alignment);
    if (first != HEAP_NOWHERE)
        return heap_address_of(heap, first);
    if (nbytes > 0)
        checked_count(&heap->statistics.failed);
    return NULL;
}

IN_REGISTERS void heap_free_at(struct heap *heap, block_t first)
{
    heap->statistics.allocations--;
    heap_give_back(heap, first, first + heap->table->runs[first].length);
}

int heap_free(struct heap *heap, void *pointer)
{
    int refusal = heap_judge(heap, pointer);
    if (refusal) {
        checked_count(&heap->statistics.refused);
        return refusal;
    }
    heap_free_at(heap, heap_block_of(heap, pointer));
    return HEAP_FREED;
}

bool heap_resize(struct heap *heap, void *pointer, size_t nblocks)
{
    if (nblocks == 0 || heap_judge(heap, pointer))
        return false;
    block_t first = heap_block_of(heap, pointer);
    size_t was = heap->table->runs[first].length;
    if (nblocks > was) {
        block_t next = first + was;
        if (next == heap->table->total || !is_free(heap->table->entries[next]))
            return false;
        size_t room = heap->table->runs[next].length;
        if (nblocks - was > room)
            return false;
        (void)heap_remove(heap, next);
        if (nblocks - was < room)
            heap_insert(heap, first + nblocks, room - (nblocks - was));
        count_taken(heap, nblocks - was);
    }
    if (nblocks != was)
        write_allocation(heap, first, nblocks);
    if (nblocks < was)
        heap_give_back(heap, first + nblocks, first + was);
    return true;
}

int heap_split(struct heap *heap, void *pointer)
{
    int refusal = heap_judge(heap, pointer);
    if (refusal)
        return refusal;
    block_t first = heap_block_of(heap, pointer);
    size_t nblocks = heap->table->runs[first].length;
    fill(heap->table->entries + first, nblocks, make_taken(true, false));
    for (size_t i = 0; i < nblocks; i++)
        heap->table->runs[first + i].length = 1;
    heap->statistics.allocations += nblocks - 1;
    return HEAP_FREED;
}

size_t heap_allocation_blocks(const struct heap *heap, const void *pointer, int *refusal)
{
    int reason = heap_judge(heap, pointer);
    if (refusal)
        *refusal = reason;
    return reason ? 0 : heap->table->runs[heap_block_of(heap, pointer)].length;
}

size_t heap_largest_free(const struct heap *heap)
{
    if (heap->words == 0)
        return 0;
    uint32_t i = 31 - (uint32_t)__builtin_clz(heap->words);
    uint32_t bin = i * 32 + 31 - (uint32_t)__builtin_clz(heap->bins[i]), start = heap->newest[bin];
    size_t largest = 0;
    for (int j = 0; j < HEAP_LOOKS && start != HEAP_NO_RUN; j++) {
        const struct heap_run *run = &heap->table->runs[start];
        largest = run->length > largest ? run->length : largest;
        start = run->older;
    }
    return largest;
}
