/* The only places that know the bits of a table entry. */
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

#endif
