#include "memory/kheap/heap_plan.h"

#include "lib/checked.h"
#include "memory/layout.h"

/*
 * The default start, unless most of the memory lies below it: then the lowest usable page, so that
 * a small machine boots.
 */
static page_t choose_start(const struct memory_map *map, page_t top)
{
    page_t wanted = page_of(LAYOUT_HEAP);
    page_t above = memory_map_count(map, MEMORY_USABLE, wanted, top);
    page_t below = memory_map_count(map, MEMORY_USABLE, 0, wanted);
    if (above >= below)
        return wanted;
    page_t lowest;
    return memory_map_find(map, 1, 0, top, &lowest) ? lowest : wanted;
}

/* Below the user window or in the heap's span: there every directory maps it as it is. */
static bool place_table(const struct memory_map *map, struct heap_plan *plan)
{
    return memory_map_find(map, plan->table_pages, 0, page_of(LAYOUT_USER_STACK), &plan->table) ||
           memory_map_find(map, plan->table_pages, plan->first, plan->end, &plan->table);
}

bool heap_plan_make(struct heap_plan *plan, const struct memory_map *map,
                    size_t (*bytes_beside)(size_t nblocks), page_t pages_most)
{
    page_t top = memory_map_top(map, page_of(LAYOUT_GROWING_WINDOW));
    page_t first = choose_start(map, top);
    page_t span = top > first ? top - first : 0;
    if (pages_most && span > pages_most)
        span = pages_most;
    *plan = (struct heap_plan){.first = first, .end = first + span};
    plan->table_pages = (page_t)units_to_hold(bytes_beside(span), PAGE_SIZE);
    plan->needed = HEAP_PLAN_BLOCKS_LEAST + plan->table_pages;
    plan->usable = memory_map_count(map, MEMORY_USABLE, plan->first, plan->end);
    if (plan->usable < plan->needed || !place_table(map, plan))
        return false;
    /* The heap never serves its own table. */
    if (plan->table >= plan->first && plan->table < plan->end)
        plan->first = plan->table + plan->table_pages;
    plan->usable = memory_map_count(map, MEMORY_USABLE, plan->first, plan->end);
    return plan->usable >= HEAP_PLAN_BLOCKS_LEAST;
}
