/* Between malloc.c and the table of its blocks, blocks.c. */
#ifndef PLAT_USER_MALLOC_PRIVATE_H
#define PLAT_USER_MALLOC_PRIVATE_H

#include "user/plat.h"

/* What the kernel gave at one address. */
struct kernel_blocks {
    uint8_t *start;  /* on a block's boundary; NULL where there is no entry */
    uint32_t nsmall; /* 0, or how many small objects the block is cut into */
    size_t nblocks;
};

/*
 * Asks the kernel for memory for NBYTES, more than 0, and enters it. NULL without memory, and
 * nothing has changed. NSMALL is for blocks_find() to tell.
 */
void *blocks_get(size_t nbytes, uint32_t nsmall);

/* Gives the memory at START, which is entered, back. */
void blocks_put(void *start);

/* The entry whose memory starts at START, or NULL; good until the next get or put. */
struct kernel_blocks *blocks_find(const void *start);

#endif
