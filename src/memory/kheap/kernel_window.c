#include "memory/kheap/kernel_window.h"

#include "cpu/panic.h"
#include "memory/layout.h"
#include "memory/paging/paging.h"

enum { WINDOWS_MOST = 256 };

static struct {
    struct {
        page_t first, end;
    } windows[WINDOWS_MOST];
    size_t count;
} state;

/* Runs of frames, as long as there are some, as many as it takes. */
static size_t map_pages(void *frames, void *start, size_t npages)
{
    size_t done = 0;
    for (size_t run = npages; done < npages && run > 0;
         run = npages - done < run ? npages - done : run) {
        void *frame = block_heap_malloc_singles(frames, OWNER_WINDOW, run);
        if (!frame) {
            run /= 2;
            continue;
        }
        paging_map_reserved((vaddr_t)start + done * PAGE_SIZE, (paddr_t)frame, run, 0);
        done += run;
    }
    return done;
}

static void unmap_page(void *frames, void *page)
{
    void *frame = (void *)paging_unmap_reserved((vaddr_t)page);
    if (block_heap_free(frames, frame))
        panic("heap: the window's page %p had no frame of the heap's", page);
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
    return paging_can_reserve(page_address(first), (end - first) / PAGING_LARGE_PAGES);
}

/* A place for NPAGES pages, the usual one first; 0 where there is none. */
static page_t find_place(const struct memory_map *map, page_t npages, bool hide_ram)
{
    page_t usual = page_of(LAYOUT_GROWING_WINDOW);
    for (page_t at = usual; at + npages < PAGES_IN_4GB; at += PAGING_LARGE_PAGES)
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
    for (page_t npages = page_of(*nbytes) / PAGING_LARGE_PAGES * PAGING_LARGE_PAGES;
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
        *source = (struct window_source){.map = map_pages, .unmap = unmap_page, .context = frames};
        return (void *)page_address(place);
    }
    return NULL;
}
