/*
 * What tools outside of the machine may rely on: the symbol heap_map of a kernel's ELF file, which
 * says where the block table lies. scripts/heapview reads it out of the guest's physical memory.
 * Whoever changes it gives it another version.
 */
#ifndef PLAT_MEMORY_KHEAP_HEAP_MAP_H
#define PLAT_MEMORY_KHEAP_HEAP_MAP_H

#include "memory/heap/block_heap.h"

#define HEAP_MAP_MAGIC 0x70616d68u /* "hmap" */

enum { HEAP_MAP_VERSION = 1 };

struct heap_map {
    uint32_t magic;
    uint32_t version;
    uint32_t block_bytes;
    uint32_t nowners; /* how many entries owner_looks has (shell/owners.h) */
    uint32_t nblocks; /* 0 as long as there is no heap */
    paddr_t start;    /* of block 0 */
    paddr_t entries;  /* the table: a byte a block, as in heap.h */
    paddr_t owners;   /* a byte a block, as in owner.h: of use where an allocation begins */
};

_Static_assert(sizeof(struct heap_map) == 32 && offsetof(struct heap_map, nowners) == 12 &&
                   offsetof(struct heap_map, nblocks) == 16 &&
                   offsetof(struct heap_map, owners) == 28,
               "eight words without gaps: scripts/heapview counts on it");

extern struct heap_map heap_map;

/* HEAP, which is complete and the kernel's, is the one that is to be seen. O(1). */
void heap_map_publish(const struct block_heap *heap);

#endif
