/* A growing window in the kernel's directory, with frames from the block heap. */
#ifndef PLAT_MEMORY_KHEAP_KERNEL_WINDOW_H
#define PLAT_MEMORY_KHEAP_KERNEL_WINDOW_H

#include "memory/growing/window.h"
#include "memory/heap/block_heap.h"
#include "memory/memory_map.h"

/*
 * Finds up to *NBYTES bytes of addresses, a multiple of 4 MB, at LAYOUT_GROWING_WINDOW or where
 * RAM, screen and device memory of MAP leave room; and makes all their page tables. Returns where
 * they begin, how many in *NBYTES, and in *SOURCE how pages there get frames of FRAMES. NULL
 * without room or memory. The kernel's directory must be paging.h's already.
 */
MUST_USE void *kernel_window_open(struct block_heap *frames, const struct memory_map *map,
                                  size_t *nbytes, struct window_source *source);

#endif
