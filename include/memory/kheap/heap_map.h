/*
 * What tools outside of the machine may rely on: the symbol heap_map of a kernel's ELF file, 20
 * words that lead to all blocks and to what is inside of them. scripts/heapview reads it out of the
 * guest's physical memory. All that is promised is little-endian and laid out as it is said here;
 * heap_map.c fails to build where it is not, and tests/host/heap_map.c has it in numbers. Whoever
 * changes it gives it another version.
 *
 * A block whose owner is "small" holds objects of one size. They end where the block does: object i
 * begins at the block's end - (i + 1) * size. It is free where bit i % 32 of its word i / 32 is
 * set.
 *
 * Blocks whose owner is "middle" come in spans of SPAN_BLOCKS, each an allocation of the table. The
 * tag of a unit that begins a run has the run's length in units in its low 8 bits, and 0x100 where
 * the run is free, 0x400 where it is an allocation. A span whose first unit has neither of the two
 * is free as a whole. Other bits of a tag mean nothing to tools.
 *
 * A growing heap lies in virtual memory from WINDOW_START to the break, and all addresses of its
 * blocks are virtual. Translate them through the page directory, as the processor does.
 *
 *   - Free list: blocks stand one behind the other from the start to the break, each with a header
 *     of its own, free or not: seal, size in bytes with the header, next free one (or 0), a word
 *     without meaning. Where the seal ^ address ^ size * 0x9e3779b1 ^ next * 0x85ebca6b is
 *     0x66726565 the block is free, where it is 0x74616b6e it is taken; else it was overwritten.
 *     Behind a free block's header there may be pages without frames.
 *   - Best fit: each allocation has a header: seal, size in bytes with the header, previous
 *     allocation and next one (or 0). What is between two of them, in front of the first or behind
 *     the last is free, and an entry of the array, 12 bytes: how many bytes, where they start, the
 *     allocation that ends there (or 0).
 */
#ifndef PLAT_MEMORY_KHEAP_HEAP_MAP_H
#define PLAT_MEMORY_KHEAP_HEAP_MAP_H

#include "memory/heap/block_heap.h"

#define HEAP_MAP_MAGIC 0x70616d68u /* "hmap" */

enum { HEAP_MAP_VERSION = 2 };

enum heap_map_design { HEAP_MAP_BLOCKS, HEAP_MAP_FREE_LIST, HEAP_MAP_BEST_FIT };

/* Of the addresses, those that are paddr_t are physical. */
struct heap_map {
    uint32_t magic;
    uint32_t version;
    uint32_t block_bytes;
    uint32_t nowners; /* how many entries owner_looks has (shell/owners.h) */
    uint32_t nblocks; /* 0 as long as there is no heap */
    paddr_t start;    /* of block 0 */
    paddr_t entries;  /* the table: a byte a block, as in heap.h */
    paddr_t owners;   /* a byte a block, as in owner.h: of use where an allocation begins */

    paddr_t directory; /* the kernel's page directory; 0 as long as the heap does not know it */
    paddr_t small;     /* 16 bytes a block, of use where it is small: an object's size, in bytes, in
                          the first word */
    paddr_t bits;      /* 32 bytes a block: of a small one, a bit an object; of a span's, 16 tags, a
                          uint16_t each */
    uint32_t unit_bytes;
    uint32_t span_blocks;

    uint32_t design;      /* enum heap_map_design: what serves kmalloc. If not the table: */
    vaddr_t window_start; /* .. where its first block may begin */
    paddr_t window_break; /* .. where the word lies that holds the break, a vaddr_t */
    paddr_t first;        /* .. where that of the first free block, or the first allocation, lies */
    paddr_t pieces;       /* of best fit: where that lies that holds the array's vaddr_t */
    paddr_t npieces;      /* .. and that of how many entries it has */
    uint32_t header_bytes;
};

#define HEAP_MAP_PROMISE(layout)                                                                   \
    _Static_assert(layout, "tools count on this: to change it, give heap_map another version")

#define HEAP_MAP_WORD(number, word)                                                                \
    HEAP_MAP_PROMISE(offsetof(struct heap_map, word) == 4 * (number) &&                            \
                     sizeof(((struct heap_map *)0)->word) == 4)

HEAP_MAP_WORD(0, magic);
HEAP_MAP_WORD(1, version);
HEAP_MAP_WORD(2, block_bytes);
HEAP_MAP_WORD(3, nowners);
HEAP_MAP_WORD(4, nblocks);
HEAP_MAP_WORD(5, start);
HEAP_MAP_WORD(6, entries);
HEAP_MAP_WORD(7, owners);
HEAP_MAP_WORD(8, directory);
HEAP_MAP_WORD(9, small);
HEAP_MAP_WORD(10, bits);
HEAP_MAP_WORD(11, unit_bytes);
HEAP_MAP_WORD(12, span_blocks);
HEAP_MAP_WORD(13, design);
HEAP_MAP_WORD(14, window_start);
HEAP_MAP_WORD(15, window_break);
HEAP_MAP_WORD(16, first);
HEAP_MAP_WORD(17, pieces);
HEAP_MAP_WORD(18, npieces);
HEAP_MAP_WORD(19, header_bytes);
HEAP_MAP_PROMISE(sizeof(struct heap_map) == 80);

extern struct heap_map heap_map;

struct free_list;
struct best_fit;

/* HEAP, which is complete and the kernel's, is the one that is to be seen. O(1). */
void heap_map_publish(const struct block_heap *heap);

/* What translates the kernel's addresses. */
void heap_map_publish_directory(const uint32_t *directory);

/* HEAP, which lies where its address is physical, is to serve kmalloc. */
void heap_map_publish_free_list(const struct free_list *heap);
void heap_map_publish_best_fit(const struct best_fit *heap);

#endif
