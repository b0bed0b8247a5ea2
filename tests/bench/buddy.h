/*
 * A yardstick: the binary buddy system (Knuth, TAOCP 1, 2.5), written as well as we can. Each
 * request is rounded up to a power of two. Nothing is kept in the memory served.
 */
#ifndef PLAT_TESTS_BENCH_BUDDY_H
#define PLAT_TESTS_BENCH_BUDDY_H

#include <stddef.h>

struct buddy;

/* The only one, over the addresses that nobody touches; serves nothing until the first reset. */
extern struct buddy buddy;

/* NBLOCKS blocks of 4096 bytes, at most BENCH_BLOCKS, all free. */
void buddy_reset(void *heap, size_t nblocks);

/* NULL where no run is long enough. O(log blocks), as is the other. */
void *buddy_malloc(void *heap, size_t nbytes);

/* 0, or -1 for what is no allocation. */
int buddy_free(void *heap, void *pointer);

double buddy_footprint(void *heap);

#endif
