#include "memory/heap/growing/kernel_window.h"

#include "cpu/panic.h"
#include "memory/layout.h"
#include "memory/paging/paging.h"

enum { WINDOWS_MOST = 4 };

static struct {
    struct {
        page_t first, end;
    } windows[WINDOWS_MOST];
    size_t count;
} state;

static bool map_page(void *frames, void *page)
{
    void *frame = block_heap_malloc_for(frames, OWNER_WINDOW, PAGE_SIZE);
    if (!frame)
        return false;
    /* The tables are there: it can't fail. */
    if (paging_map(paging_kernel(), (vaddr_t)page, (paddr_t)frame,
                   PAGING_IS_PRESENT | PAGING_IS_WRITEABLE))
        panic("heap: the window's page %p can't be mapped", page);
    return true;
}

static void unmap_page(void *frames, void *page)
{
    paddr_t frame;
    if (paging_get_physical_address(paging_kernel(), (vaddr_t)page, &frame) ||
        paging_unmap(paging_kernel(), (vaddr_t)page) || block_heap_free(frames, (void *)frame))
        panic("heap: the window's page %p has no frame of the heap's", page);
}

/*
 * Whether nobody needs the pages FIRST to END at their own addresses. RAM at or above the window's
 * place is never the heap's, so that it may be hidden where there is no better place.
 */
static bool is_free(const struct memory_map *map, page_t first, page_t end, bool hide_ram)
{
    for (size_t i = 0; i < map->nranges; i++) {
        const struct memory_range *range = &map->ranges[i];
        bool hidden = range->kind == MEMORY_HOLE || (hide_ram && range->kind == MEMORY_USABLE &&
                                                     first >= page_of(LAYOUT_GROWING_WINDOW));
        if (range->first < end && range->end > first && !hidden)
            return false;
    }
    for (size_t i = 0; i < state.count; i++)
        if (state.windows[i].first < end && state.windows[i].end > first)
            return false;
    return true;
}

/* A place for NPAGES pages, the usual one first; 0 where there is none. */
static page_t find_place(const struct memory_map *map, page_t npages, bool hide_ram)
{
    page_t usual = page_of(LAYOUT_GROWING_WINDOW);
    for (page_t at = usual; at + npages <= PAGES_IN_4GB; at += PAGING_LARGE_PAGES)
        if (is_free(map, at, at + npages, hide_ram))
            return at;
    for (page_t at = usual; at > page_of(LAYOUT_HEAP); at -= PAGING_LARGE_PAGES)
        if (is_free(map, at, at + npages, hide_ram))
            return at;
    return 0;
}

void *kernel_window_open(struct block_heap *frames, const struct memory_map *map, size_t *nbytes,
                         struct window_source *source)
{
    for (page_t npages = page_of(*nbytes);
         npages >= PAGING_LARGE_PAGES && state.count < WINDOWS_MOST;
         npages = npages / 2 / PAGING_LARGE_PAGES * PAGING_LARGE_PAGES) {
        page_t place = find_place(map, npages, false);
        if (!place)
            place = find_place(map, npages, true);
        if (!place || paging_reserve(page_address(place), npages / PAGING_LARGE_PAGES))
            continue;
        state.windows[state.count].first = place;
        state.windows[state.count++].end = place + npages;
        *nbytes = npages * PAGE_SIZE;
        *source = (struct window_source){.map = map_page, .unmap = unmap_page, .context = frames};
        return (void *)page_address(place);
    }
    return NULL;
}
