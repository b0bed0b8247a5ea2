/* The kernel's heap for those who look into it: the shell, tests, statistics, other allocators. */
#ifndef PLAT_MEMORY_KHEAP_KHEAP_LOOK_H
#define PLAT_MEMORY_KHEAP_KHEAP_LOOK_H

#include "memory/heap/block_heap.h"

struct growing_heap;
struct heap_trace;
struct heap_watch;
struct memory_map;
struct window_source;

/* The heap itself. */
const struct block_heap *kheap_all(void);
const struct heap *kheap(void);           /* its block table; all 0 where there is no heap yet */
const struct memory_map *kheap_map(void); /* what kheap_init() was given */

/* What kheap_choose() made; NULL where kmalloc serves from the block heap. */
struct growing_heap *kheap_growing(void);

/* The records; NULL where the heap is not watched. */
struct heap_watch *kheap_watched(void);

/*
 * Records the last NEVENTS calls, a power of two, from now on; 0 ends that and forgets them. False,
 * and nothing is recorded, without memory. A krealloc that moves is a malloc and a free.
 */
MUST_USE bool kheap_trace(size_t nevents);
const struct heap_trace *kheap_traced(void);

/* Blocks that are taken, without those of the records: these grow with what is watched. */
size_t kheap_taken(void);

/* Blocks that could be served, but for what a watched heap holds back. */
size_t kheap_free_blocks(void);

/* Frees that were refused, ever. */
size_t kheap_refused(void);

/* ksize() of a pointer that may be anything: 0 where it is wrong, and nothing is said. */
size_t kheap_size_of(const void *pointer);

static inline enum heap_owner kheap_owner_of(block_t block)
{
    return block_heap_owner_of(kheap_all(), block);
}

/* NULL, or the broken sentence of a heap behind kmalloc. O(blocks). To be called as nothing else
 * of the heap runs. */
MUST_USE const char *kheap_check(void);

/* Gives back all blocks that are kept for later. */
void kheap_trim(void);

/*
 * Addresses for a growing heap of the caller's own, *NBYTES or fewer, a multiple of 4 MB, with the
 * block heap's frames; for good. NULL without room or memory.
 */
MUST_USE void *kheap_window(size_t *nbytes, struct window_source *source);

#endif
