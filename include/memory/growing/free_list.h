/*
 * First fit over a free list (seed 000): every block has a header in front of it, the free ones are
 * linked in the order of their addresses, and the first that is large enough, and for which there
 * are frames, is cut.
 */
#ifndef PLAT_MEMORY_GROWING_FREE_LIST_H
#define PLAT_MEMORY_GROWING_FREE_LIST_H

#include "memory/growing/growing.h"

struct memory_block {
    uint32_t free;             /* FREE or TAKEN, sealed with its address and all words below */
    size_t size;               /* bytes, this header included */
    struct memory_block *next; /* of a free block: the next free one, or NULL */
} __attribute__((aligned(GROWING_ALIGNMENT)));

struct free_list {
    struct growing_heap growing; /* first */
    struct memory_block *first;  /* free one, or NULL */
};

/* Makes HEAP an empty one over WINDOW, an empty one too, which stays the caller's. */
void free_list_create(struct free_list *heap, struct window *window);

/* HEAP behind the common interface. */
struct allocator free_list_allocator(struct free_list *heap);

#endif
