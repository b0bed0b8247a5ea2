/* What heap.c and its check know of a table entry's bits, and of bins. */
#ifndef PLAT_MEMORY_HEAP_BLOCK_ENTRY_H
#define PLAT_MEMORY_HEAP_BLOCK_ENTRY_H

#include "memory/heap/heap.h"

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

/* The bin of LENGTH, which is not 0: itself, or its first four digits above 64. */
static inline uint32_t bin_of(uint32_t length)
{
    if (length <= HEAP_EXACT_MOST)
        return length;
    uint32_t octave = 31 - (uint32_t)__builtin_clz(length);
    return HEAP_EXACT_MOST + 1 + (octave - 6) * 8 + (length >> (octave - 3)) % 8;
}

#endif
