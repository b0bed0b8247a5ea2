/*
 * What the cases of the heaps that grow have in common: one of them over the arena, with frames
 * that can run out and are full of junk, and what it looked like.
 */
#ifndef PLAT_TESTS_GROWING_HEAPS_H
#define PLAT_TESTS_GROWING_HEAPS_H

#include "arena.h"
#include "case.h"
#include "frames.h"
#include "lib/string.h"
#include "memory/growing/best_fit.h"
#include "memory/growing/free_list.h"

enum { PAGE = WINDOW_PAGE, PAGES = ARENA_BLOCKS };

static struct frames frames;
static struct free_list list;
static struct allocator heap;
static struct growing_heap *growing;
static size_t header; /* bytes */

/* A case for each design. */
#define BOTH(title)                                                                                \
    static void title(struct case_run *run_, bool best);                                           \
    CASE(growing, title)                                                                           \
    {                                                                                              \
        title(run_, false);                                                                        \
        if (!run_->failed)                                                                         \
            title(run_, true);                                                                     \
    }                                                                                              \
    static void title(struct case_run *run_, bool best)

/* An empty heap in a window of NPAGES pages; the array of best fit is in front of it. */
static inline bool begin(bool best, size_t npages)
{
    struct window_source source = frames_source(&frames);
    if (best) {
        size_t all = npages;
        while (all - (all + 3) / 4 < npages)
            all++;
        growing = &shared->best_fit.growing;
        heap = (struct allocator){NULL, NULL};
        if (all > PAGES || best_fit_create(&shared->best_fit, arena, all * PAGE, source))
            return false;
        heap = best_fit_allocator(&shared->best_fit);
        header = sizeof(struct best_fit_block);
    } else {
        if (window_create(&shared->window, arena, npages * PAGE, source))
            return false;
        growing = &list.growing;
        free_list_create(&list, &shared->window);
        heap = free_list_allocator(&list);
        header = sizeof(struct memory_block);
    }
    return growing->window->nbytes == npages * PAGE;
}

static inline uint8_t *take(size_t nbytes)
{
    return allocator_malloc(&heap, nbytes, 0);
}

static inline int give(void *pointer)
{
    return allocator_free(&heap, pointer);
}

static inline bool resize(void *pointer, size_t nbytes)
{
    return allocator_resize(&heap, pointer, nbytes);
}

static inline size_t size_of(const void *pointer)
{
    return allocator_size(&heap, pointer, NULL);
}

static inline const char *check(void)
{
    if (frames.wrong)
        return "a page was mapped or unmapped twice";
    size_t pages = allocator_statistics(&heap).pages;
    return pages == frames.count ? allocator_check(&heap) : "the pages are counted wrongly";
}

static inline size_t trim(void)
{
    return heap.kind->trim(heap.heap);
}

/* How many pages stay when all has been freed and trimmed: the array's. */
static inline size_t rest(bool best)
{
    return best ? shared->best_fit.free.window.pages : 0;
}

/* Looks at both ends, and at some bytes between: what is wrong is wrong for 16 bytes or more. */
static inline bool is_filled(const uint8_t *bytes, size_t nbytes, uint8_t value)
{
    for (size_t i = 0; i < nbytes; i += i < 64 ? 1 : 15)
        if (bytes[i] != value)
            return false;
    return bytes[nbytes - 1] == value;
}

/* All that must not change: which pages the heap has, what stands in them, and where it ends. */
struct state {
    bool has[PAGES];
    size_t brk, nlive, largest;
    uint32_t sum;
};

static struct state before;

static inline void look(struct state *state)
{
    const struct window *window = growing->window;
    memset(state, 0, sizeof *state);
    state->brk = window_size(window);
    state->nlive = growing->nlive;
    state->largest = allocator_statistics(&heap).largest;
    for (size_t page = 0; page < window->nbytes / PAGE; page++) {
        const uint32_t *words = (const void *)(window->start + page * PAGE);
        state->has[page] =
            window_has(window, words, 1) || (window->present[page / 32] >> page % 32 & 1);
        for (size_t i = 0; state->has[page] && i < PAGE / 4; i++)
            state->sum = (state->sum ^ words[i]) * 16777619u + (uint32_t)page;
    }
}

/* Whether nothing has changed since look(&before). */
static inline bool unchanged(void)
{
    static struct state now;
    look(&now);
    return memcmp(&now, &before, sizeof now) == 0;
}

#endif
