/*
 * Theory. A bit for each page says whether it has a frame, so that a page is never mapped twice nor
 * unmapped twice, whatever is asked for; and so that what was mapped can be undone exactly.
 *
 * Invariant:
 *   - start <= brk <= limit;
 *   - pages is the number of bits that are set, at most peak;
 *   - no page that begins at the break or above it has its bit set.
 *
 * A page below the break may be without a frame: the heaps on top give back what lies inside of
 * free blocks.
 */
#include "memory/growing/window.h"

#include "lib/checked.h"
#include "memory/memory.h"

static bool has_frame(const struct window *window, size_t page)
{
    return window->present[page / 32] >> page % 32 & 1;
}

static void take_frame(struct window *window, size_t page)
{
    window->source.unmap(window->source.context, window->start + page * WINDOW_PAGE);
    window->present[page / 32] ^= (uint32_t)1 << page % 32;
    window->pages--;
}

/* Gives the pages FIRST to END, which have none, frames; how many of them got one. */
static size_t give_frames(struct window *window, size_t first, size_t end)
{
    size_t count = window->source.map(window->source.context, window->start + first * WINDOW_PAGE,
                                      end - first);
    for (size_t page = first; page < first + count; page++)
        window->present[page / 32] ^= (uint32_t)1 << page % 32;
    window->pages += count;
    return count;
}

/* Gives the pages FIRST to END what frames they lack. Where that fails, those that are new go. */
static bool back_pages(struct window *window, size_t first, size_t end)
{
    size_t page = first;
    for (size_t word = first / 32; word * 32 < end; word++)
        window->before[word] = window->present[word];
    while (page < end) {
        size_t lacking = page;
        while (lacking < end && has_frame(window, lacking))
            lacking++;
        for (page = lacking; page < end && !has_frame(window, page);)
            page++;
        size_t count = page > lacking ? give_frames(window, lacking, page) : 0;
        if (count < page - lacking) {
            page = lacking + count;
            break;
        }
    }
    if (page < end) {
        while (page-- > first)
            if (!(window->before[page / 32] >> page % 32 & 1))
                take_frame(window, page);
        return false;
    }
    if (window->pages > window->peak)
        window->peak = window->pages;
    return true;
}

static void release_pages(struct window *window, size_t first, size_t end)
{
    for (size_t page = first; page < end; page++) {
        if (!has_frame(window, page))
            continue;
        take_frame(window, page);
        window->returned++;
    }
}

int window_create(struct window *window, void *start, size_t nbytes, struct window_source source)
{
    uintptr_t first = (uintptr_t)start;
    if (!start || !is_multiple(first, WINDOW_PAGE) || !is_multiple(nbytes, WINDOW_PAGE) ||
        nbytes == 0 || nbytes / WINDOW_PAGE > WINDOW_PAGES_MOST || nbytes > UINTPTR_MAX - first)
        return -EINVARG;
    memset(window, 0, sizeof *window);
    window->start = window->brk = start;
    window->nbytes = nbytes;
    window->source = source;
    return 0;
}

int kbrk(struct window *window, void *address)
{
    size_t size = (uintptr_t)address - (uintptr_t)window->start, was = window_size(window);
    if (size > window->nbytes) /* or ADDRESS is below: no window reaches so far that that wraps */
        return -EINVARG;
    size_t end = units_to_hold(size, WINDOW_PAGE), end_was = units_to_hold(was, WINDOW_PAGE);
    if (size > was && !back_pages(window, was / WINDOW_PAGE, end))
        return -ENOMEM;
    release_pages(window, end, end_was);
    window->brk = address;
    return 0;
}

void *ksbrk(struct window *window, ptrdiff_t increment)
{
    uint8_t *was = window->brk;
    size_t size = window_size(window), change = (size_t)increment;
    if (increment < 0 ? 0 - change > size : change > window->nbytes - size)
        return NULL;
    return kbrk(window, window->start + (size + change)) ? NULL : was;
}

bool window_back(struct window *window, const void *from, const void *to)
{
    size_t first = window_offset(window, from) / WINDOW_PAGE;
    size_t end = units_to_hold(window_offset(window, to), WINDOW_PAGE);
    return from == to || back_pages(window, first, end);
}

void window_release(struct window *window, const void *from, const void *to)
{
    size_t first = units_to_hold(window_offset(window, from), WINDOW_PAGE);
    release_pages(window, first, window_offset(window, to) / WINDOW_PAGE);
}

bool window_has(const struct window *window, const void *address, size_t nbytes)
{
    size_t offset = window_offset(window, address);
    if (offset >= window_size(window) || nbytes > window_size(window) - offset)
        return false;
    for (size_t page = offset / WINDOW_PAGE; page <= (offset + nbytes - 1) / WINDOW_PAGE; page++)
        if (!has_frame(window, page))
            return false;
    return true;
}

const char *window_check(const struct window *window)
{
    size_t count = 0, end = units_to_hold(window_size(window), WINDOW_PAGE);
    if (window_size(window) > window->nbytes)
        return "the break lies outside of the window";
    for (size_t page = 0; page < WINDOW_PAGES_MOST; page++) {
        if (page % 32 == 0 && !window->present[page / 32]) {
            page += 31; /* most windows are far smaller */
            continue;
        }
        count += has_frame(window, page);
        if (page >= end && has_frame(window, page))
            return "a page above the break has a frame";
    }
    if (count != window->pages)
        return "the count of frames is wrong";
    return window->pages <= window->peak ? NULL : "more pages have frames than ever had";
}
