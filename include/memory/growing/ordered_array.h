/*
 * Free pieces of a heap in the order of their sizes and, among equals, of their addresses (seed
 * 002). The array stands in a window of its own, and grows in it.
 */
#ifndef PLAT_MEMORY_GROWING_ORDERED_ARRAY_H
#define PLAT_MEMORY_GROWING_ORDERED_ARRAY_H

#include "memory/growing/window.h"

struct free_piece {
    size_t nbytes;
    uint8_t *start;
    void *before; /* the allocation that ends there, or NULL; the array does not look at it */
};

struct ordered_array {
    struct window window;
    struct free_piece *pieces;
    size_t count, room; /* pieces; and how many there is memory for */
};

/* Makes ARRAY an empty one in NBYTES bytes from START on. -EINVARG as from window_create(). */
MUST_USE int ordered_array_create(struct ordered_array *array, void *start, size_t nbytes,
                                  struct window_source source);

/* Makes room for COUNT pieces. False where the window or the memory is spent. */
MUST_USE bool ordered_array_reserve(struct ordered_array *array, size_t count);

/* Gives back what is not needed for COUNT pieces, which are no fewer than there are. */
void ordered_array_trim(struct ordered_array *array, size_t count);

/* The place of the first piece that is not before PIECE; count where there is none. O(log n). */
size_t ordered_array_find(const struct ordered_array *array, struct free_piece piece);

/* One step of that: the place from *LOW on and below *HIGH that it looks at; these two close in. */
size_t ordered_array_halve(const struct ordered_array *array, struct free_piece piece, size_t *low,
                           size_t *high);

/* Puts PIECE, which is not in ARRAY, where it belongs. There is room. O(n). */
void ordered_array_insert(struct ordered_array *array, struct free_piece piece);

/* Takes the piece at PLACE out. O(n). */
void ordered_array_remove(struct ordered_array *array, size_t place);

/* NULL, or the sentence that is broken: in order, within its room, its room with frames. */
MUST_USE const char *ordered_array_check(const struct ordered_array *array);

#endif
