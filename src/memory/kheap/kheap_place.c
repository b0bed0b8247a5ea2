#include "memory/kheap/kheap_place.h"

#include "cpu/panic.h"
#include "memory/layout.h"

void kheap_take_holes(struct block_heap *heap, const struct memory_map *map,
                      const struct heap_plan *plan)
{
    for (size_t i = 0; i < map->nranges; i++) {
        const struct memory_range *range = &map->ranges[i];
        page_t from = range->first > plan->first ? range->first : plan->first;
        page_t to = range->end < plan->end ? range->end : plan->end;
        if (range->kind == MEMORY_USABLE || from >= to)
            continue;
        block_t first = from - plan->first, end = to - plan->first;
        if (block_heap_take(heap, first, end))
            panic("heap: can't take the hole 0x%08x", page_address(from));
    }
}

struct heap_plan kheap_claim(struct memory_map *map, size_t nbytes_most)
{
    struct heap_plan plan;
    page_t pages_most = page_of((uint32_t)nbytes_most);
    if (nbytes_most && !pages_most)
        pages_most = 1; /* less than a page is a bound too: far too little, and said */
    if (!heap_plan_make(&plan, map, block_heap_bytes_beside, pages_most))
        panic("too little memory: the heap needs %u K of usable RAM below %u MB%s; there are %u K",
              plan.needed * 4, LAYOUT_GROWING_WINDOW >> 20,
              nbytes_most ? " and within heap_size" : "", plan.usable * 4);
    if (memory_map_claim(map, page_address(plan.table), (uint64_t)plan.table_pages << PAGE_SHIFT,
                         MEMORY_TABLES))
        panic("heap: no room in the memory map to claim the table");
    memory_map_settle(map);
    return plan;
}
