/*
 * A window of virtual memory with a break, after Unix's sbrk: what lies below the break may be used
 * as far as there are frames behind it, what lies above has none. Pure: frames come from a source.
 */
#ifndef PLAT_MEMORY_GROWING_WINDOW_H
#define PLAT_MEMORY_GROWING_WINDOW_H

#include "lib/status.h"
#include "lib/types.h"

enum {
    WINDOW_PAGE = 4096,
    WINDOW_PAGES_MOST = 16384 /* 64 MB */
};

/* Where frames come from. */
struct window_source {
    /* Puts frames behind NPAGES pages, not 0, from START on, which have none; their contents are
     * anything. How many of the first ones have one now: fewer without memory. */
    size_t (*map)(void *context, void *start, size_t npages);
    /* Takes the frame behind PAGE away; touching PAGE faults from now on. */
    void (*unmap)(void *context, void *page);
    void *context;
};

struct window {
    uint8_t *start;
    size_t nbytes;
    uint8_t *brk; /* the break: any byte of the window, or its end */
    struct window_source source;
    size_t pages;                             /* that have a frame now */
    size_t peak;                              /* most that ever had one */
    size_t returned;                          /* frames ever given back */
    uint32_t present[WINDOW_PAGES_MOST / 32]; /* a bit a page: it has a frame */
    uint32_t before[WINDOW_PAGES_MOST / 32];  /* working space, to undo by */
};

/*
 * Makes WINDOW one of NBYTES bytes from START on, without frames, its break at START. -EINVARG
 * unless START is not NULL, both are multiples of a page, NBYTES is from one page to
 * WINDOW_PAGES_MOST of them, and the window's end is an address too, which 4 GB is not.
 */
MUST_USE int window_create(struct window *window, void *start, size_t nbytes,
                           struct window_source source);

/*
 * Moves the break to ADDRESS. Up: all pages from the old break to it have frames then. Down: all
 * whole pages above it
 * lose theirs. -EINVARG outside of the window, -ENOMEM without memory: then break and frames are as
 * they were. O(pages).
 */
MUST_USE int kbrk(struct window *window, void *address);

/* Moves it by INCREMENT bytes. The break as it was, as Unix has it; NULL where kbrk() fails. */
MUST_USE void *ksbrk(struct window *window, ptrdiff_t increment);

/* Gives every page with a byte from FROM to TO (exclusive), below the break, a frame; none where
 * they are equal. False without memory: then nothing has changed. O(pages). */
MUST_USE bool window_back(struct window *window, const void *from, const void *to);

/* Takes the frames of all pages that lie wholly between FROM and TO. O(pages). */
void window_release(struct window *window, const void *from, const void *to);

/* How many bytes there are from the start to the break; and to ADDRESS, if it is in the window. */
static inline size_t window_size(const struct window *window)
{
    return (uintptr_t)window->brk - (uintptr_t)window->start;
}

static inline size_t window_offset(const struct window *window, const void *address)
{
    return (uintptr_t)address - (uintptr_t)window->start;
}

/* Whether all bytes from ADDRESS on, NBYTES, not 0, are below the break and have frames. */
bool window_has(const struct window *window, const void *address, size_t nbytes);

/* NULL where the invariant at the top of window.c holds, else the sentence that is broken. */
MUST_USE const char *window_check(const struct window *window);

#endif
