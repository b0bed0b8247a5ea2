/*
 * Best fit over an ordered array (seed 002): the smallest free piece that is large enough, and for
 * which there are frames; the lowest of equals. Allocations have a header in front and are linked
 * in the order of their addresses; what is free is a gap between two of them, and an entry of the
 * array.
 */
#ifndef PLAT_MEMORY_GROWING_BEST_FIT_H
#define PLAT_MEMORY_GROWING_BEST_FIT_H

#include "memory/growing/growing.h"
#include "memory/growing/ordered_array.h"

struct best_fit_block {
    uint32_t seal; /* mixes address and size; another one once it has been freed */
    size_t size;   /* bytes, this header included */
    struct best_fit_block *previous, *next; /* allocations; NULL at the ends */
} __attribute__((aligned(GROWING_ALIGNMENT)));

struct best_fit {
    struct growing_heap growing; /* first */
    struct best_fit_block *first, *last;
    struct ordered_array free;
    struct window window; /* growing.window */
};

/*
 * Makes HEAP an empty one in NBYTES bytes from START on, the first quarter of which, rounded up to
 * a page, is the array's: enough for as many pieces as there can be. The array's first page gets
 * its frame. -EINVARG as from window_create() for either part, -ENOMEM without memory.
 */
MUST_USE int best_fit_create(struct best_fit *heap, void *start, size_t nbytes,
                             struct window_source source);

/* HEAP behind the common interface. */
struct allocator best_fit_allocator(struct best_fit *heap);

#endif
