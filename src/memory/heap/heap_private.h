/*
 * What all operations of the block table are made of: how runs are cut, written and joined. Each
 * keeps the invariant at the top of heap.c, given what it says it needs.
 */
#ifndef PLAT_MEMORY_HEAP_HEAP_PRIVATE_H
#define PLAT_MEMORY_HEAP_HEAP_PRIVATE_H

#include "lib/checked.h"
#include "memory/heap/block_entry.h"
#include "memory/heap/index_sets.h"

/* What heap_scan() answers for NBLOCKS blocks, not 0 and at most TOTAL. */
block_t heap_find(const struct heap_index *index, size_t nblocks, size_t total);

/* What heap_malloc_at() does for more than HEAP_EXACT_MOST blocks: a run must be looked for. */
block_t heap_malloc_long(struct heap *heap, size_t nblocks);

/* Four entries at once, wherever they lie. */
typedef uint32_t four_entries __attribute__((aligned(1), may_alias));

/* Writes VALUE into the COUNT entries from ENTRY on. */
static inline void fill(HEAP_BLOCK_TABLE_ENTRY *entry, size_t count, HEAP_BLOCK_TABLE_ENTRY value)
{
    four_entries *at = (four_entries *)(void *)entry;
    const four_entries four = value * 0x01010101u;
    HEAP_BLOCK_TABLE_ENTRY *end = entry + count;
    if (count < 4) { /* and at least 1 */
        entry[0] = entry[count / 2] = end[-1] = value;
        return;
    }
    for (; count >= 16; count -= 16, at += 4)
        at[0] = at[1] = at[2] = at[3] = four;
    if (count & 8) {
        at[0] = at[1] = four;
        at += 2;
    }
    if (count & 4)
        at[0] = four;
    ((four_entries *)(void *)end)[-1] = four; /* over some that are written already */
}

/* Writes the entries of an allocation of LENGTH blocks from FIRST on. */
static inline void write_allocation(struct heap *heap, block_t first, size_t length)
{
    HEAP_BLOCK_TABLE_ENTRY *entry = heap->table->entries + first;
    heap->index.lengths[first] = (uint32_t)length;
    if (length == 1) {
        *entry = make_taken(true, false);
        return;
    }
    fill(entry, length, make_taken(false, true));
    entry[0] = make_taken(true, true);
    entry[length - 1] = make_taken(false, false);
}

static inline void count_taken(struct heap *heap, size_t nblocks)
{
    struct heap_statistics *statistics = &heap->statistics;
    size_t taken = statistics->taken += nblocks;
    if (taken > statistics->peak)
        statistics->peak = taken;
}

/* Allocates the blocks FIRST to END out of the free run of LENGTH blocks at START. */
static inline void take_from(struct heap *heap, block_t start, size_t length, block_t first,
                             block_t end)
{
    index_remove(&heap->index, start, length);
    if (first > start)
        index_insert(&heap->index, start, first - start);
    if (start + length > end)
        index_insert(&heap->index, end, start + length - end);
    write_allocation(heap, first, end - first);
    heap->statistics.allocations++;
    count_taken(heap, end - first);
}

/* Takes NBLOCKS blocks from FIRST on, which are in no set. */
static inline block_t serve(struct heap *heap, block_t first, size_t nblocks)
{
    write_allocation(heap, first, nblocks);
    heap->statistics.allocations++;
    heap->statistics.served++;
    count_taken(heap, nblocks);
    return first;
}

/* Cuts NBLOCKS from the front of the lowest run of RANK, all of whose runs are longer. */
static block_t cut_first(struct heap_index *index, size_t rank, size_t nblocks)
{
    block_t start = index_first(index, rank);
    size_t rest = index->lengths[start] - nblocks;
    if (rank <= HEAP_EXACT_MOST || index_rank(rest) != rank) {
        (void)index_pop(index, rank);
        index_insert(index, start + nblocks, rest);
    } else {
        index_move_first(index, rank, start + nblocks, rest);
    }
    return start;
}

/* Where a run must be cut. */
static inline block_t malloc_cut(struct heap *heap, size_t nblocks)
{
    size_t rank = nblocks == 0 ? HEAP_RANKS : index_next_rank(&heap->index, nblocks);
    if (rank < HEAP_RANKS)
        return serve(heap, cut_first(&heap->index, rank, nblocks), nblocks);
    heap->statistics.failed += nblocks != 0;
    return HEAP_NOWHERE;
}

/* What heap_malloc_at() does. */
static inline block_t malloc_at(struct heap *heap, size_t nblocks)
{
    if (nblocks > HEAP_EXACT_MOST)
        return heap_malloc_long(heap, nblocks);
    if (!index_has(&heap->index, nblocks))
        return malloc_cut(heap, nblocks);
    return serve(heap, index_pop(&heap->index, nblocks), nblocks);
}

/* Why POINTER can't be freed, or HEAP_FREED when it can. */
static inline int judge(const struct heap *heap, const void *pointer)
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

/* Makes the blocks FIRST to END free, and one run with the free blocks on both sides. */
static inline void give_back(struct heap *heap, block_t first, block_t end)
{
    struct heap_index *index = &heap->index;
    const HEAP_BLOCK_TABLE_ENTRY *entries = heap->table->entries;
    fill(heap->table->entries + first, end - first, HEAP_BLOCK_TABLE_ENTRY_FREE);
    heap->statistics.taken -= end - first;
    if (first > 0 && is_free(entries[first - 1])) {
        size_t length = index->lengths[first - 1];
        first -= length;
        index_remove(index, first, length);
    }
    if (end < heap->table->total && is_free(entries[end])) {
        size_t length = index->lengths[end];
        index_remove(index, end, length);
        end += length;
    }
    index_insert(index, first, end - first);
}

/* Frees the allocation of NBLOCKS blocks from FIRST on. */
static inline void free_at(struct heap *heap, block_t first, size_t nblocks)
{
    heap->statistics.allocations--;
    give_back(heap, first, first + nblocks);
}

#endif
