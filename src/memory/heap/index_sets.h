/*
 * The part of the index that every operation goes through; heap.c's own. What is rare is in
 * heap_index.c, where the theory stands.
 */
#ifndef PLAT_MEMORY_HEAP_INDEX_SETS_H
#define PLAT_MEMORY_HEAP_INDEX_SETS_H

#include "memory/heap/heap_index.h"

/* The trees: heap_index.c. */
void index_far_insert(struct heap_index *index, size_t rank, block_t start);
void index_far_remove(struct heap_index *index, size_t rank, block_t start);
block_t index_far_after(const struct heap_index *index, size_t rank, block_t from, size_t total);
void index_refill(struct heap_index *index, size_t rank);

static inline size_t index_bit(size_t place)
{
    return (size_t)1 << place % HEAP_WORD_BITS;
}

static inline size_t index_lowest(size_t word)
{
    return (size_t)__builtin_ctzl(word);
}

/* The rank of LENGTH, which is not 0: itself, or the first three digits above 64. */
static inline size_t index_rank(size_t length)
{
    if (length <= HEAP_EXACT_MOST)
        return length;
    size_t octave = HEAP_WORD_BITS - 1 - (size_t)__builtin_clzl(length);
    return HEAP_EXACT_MOST + 1 + (octave - 6) * 4 + (length >> (octave - 2)) % 4;
}

/* Adds the free run of LENGTH blocks from START on. */
static inline void index_insert(struct heap_index *index, block_t start, size_t length)
{
    index->lengths[start] = index->lengths[start + length - 1] = (uint32_t)length;
    size_t rank = index_rank(length);
    struct heap_near *near = &index->near[rank];
    size_t i = near->count;
    if (i == 0)
        index->ranks[rank / HEAP_WORD_BITS] |= index_bit(rank);
    else if (i == HEAP_NEAR_MOST || (index->roots[rank] && start > near->starts[0])) {
        index_far_insert(index, rank, start);
        return;
    }
    near->count++;
    for (; i > 0 && near->starts[i - 1] < start; i--)
        near->starts[i] = near->starts[i - 1];
    near->starts[i] = (uint32_t)start;
}

/* What a set must do when its near part has lost a member. */
static inline void index_shrink(struct heap_index *index, size_t rank)
{
    if (--index->near[rank].count > 0)
        return;
    if (index->roots[rank])
        index_refill(index, rank);
    else
        index->ranks[rank / HEAP_WORD_BITS] ^= index_bit(rank);
}

/* Moves the front of the lowest member of RANK up to START; what is left has the same rank. */
static inline void index_move_first(struct heap_index *index, size_t rank, block_t start,
                                    size_t length)
{
    struct heap_near *near = &index->near[rank];
    index->lengths[start] = index->lengths[start + length - 1] = (uint32_t)length;
    near->starts[near->count - 1] = (uint32_t)start;
}

/* Removes the free run of LENGTH blocks from START on, which is in its set. */
static inline void index_remove(struct heap_index *index, block_t start, size_t length)
{
    size_t rank = index_rank(length);
    struct heap_near *near = &index->near[rank];
    if (start > near->starts[0]) {
        index_far_remove(index, rank, start);
        return;
    }
    uint32_t carried = (uint32_t)start;
    for (size_t i = near->count - 1;; i--) {
        uint32_t was = near->starts[i];
        near->starts[i] = carried;
        if (was == start)
            break;
        carried = was;
    }
    index_shrink(index, rank);
}

/* The lowest rank from RANK on that has members; HEAP_RANKS where there is none. */
static inline size_t index_next_rank(const struct heap_index *index, size_t rank)
{
    size_t i = rank / HEAP_WORD_BITS;
    size_t word = index->ranks[i] >> rank % HEAP_WORD_BITS;
    if (word)
        return rank + index_lowest(word);
    while (++i < sizeof index->ranks / sizeof index->ranks[0])
        if (index->ranks[i])
            return i * HEAP_WORD_BITS + index_lowest(index->ranks[i]);
    return HEAP_RANKS;
}

/* Whether RANK has members. */
static inline bool index_has(const struct heap_index *index, size_t rank)
{
    return index->near[rank].count != 0;
}

/* Removes the lowest member of RANK, which has one. */
static inline block_t index_pop(struct heap_index *index, size_t rank)
{
    struct heap_near *near = &index->near[rank];
    block_t start = near->starts[near->count - 1];
    index_shrink(index, rank);
    return start;
}

/* The lowest member of RANK, which has one. */
static inline block_t index_first(const struct heap_index *index, size_t rank)
{
    const struct heap_near *near = &index->near[rank];
    return near->starts[near->count - 1];
}

#endif
