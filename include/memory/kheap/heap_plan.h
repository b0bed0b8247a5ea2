/* Where the heap and what stands beside it will lie. Pure: a question to a settled memory map. */
#ifndef PLAT_MEMORY_KHEAP_HEAP_PLAN_H
#define PLAT_MEMORY_KHEAP_HEAP_PLAN_H

#include "memory/memory_map.h"

enum { HEAP_PLAN_BLOCKS_LEAST = 64 /* what the kernel needs to boot and to answer: 256 KB */ };

struct heap_plan {
    page_t first, end; /* what the heap spans; end exclusive */
    page_t table, table_pages;
    page_t needed, usable; /* pages, for whom there are too few */
};

/*
 * Plans a heap that has BYTES_BESIDE(n) bytes beside it for n blocks. It begins at LAYOUT_HEAP, or
 * at the lowest usable page where more memory lies below that than above, and ends at the top of
 * usable memory below LAYOUT_GROWING_WINDOW, or PAGES_MOST (0: no bound) after its beginning. The
 * table stands below the user window where there is room; else in the heap's span, which then
 * begins behind it. False, and PLAN->needed and ->usable say how much, where there is too little
 * memory.
 */
MUST_USE bool heap_plan_make(struct heap_plan *plan, const struct memory_map *map,
                             size_t (*bytes_beside)(size_t nblocks), page_t pages_most);

#endif
