/*
 * The block table: one byte per block of 4096 bytes says who holds it.
 *
 *     0x00  free
 *     0x41  taken, first and only block of an allocation
 *     0xC1  taken, first of several
 *     0x81  taken, inside
 *     0x01  taken, last of several
 *
 * So an allocation of three blocks reads C1 81 01, and anyone can read the whole heap. The memory
 * itself is never touched here: START may be any address, present or not. Beside the table stands
 * what makes search and free independent of its length: how long each run is, and lists of the free
 * ones by length.
 *
 * Where an allocation goes: each length up to HEAP_EXACT_MOST blocks has a bin for the free runs
 * that are as long, and above that each eighth of a power of two has one. The run is taken from the
 * first bin that has one long enough, and there the one that became a free run last. Of the bin of
 * a length above HEAP_EXACT_MOST only the last HEAP_LOOKS runs are asked whether they are.
 */
#ifndef PLAT_MEMORY_HEAP_HEAP_H
#define PLAT_MEMORY_HEAP_HEAP_H

#include "lib/status.h"
#include "lib/types.h"

/* In the kernel a page; in the library a parameter. */
#ifdef PLATHEAP_BLOCK_SIZE
#define HEAP_BLOCK_SIZE (PLATHEAP_BLOCK_SIZE + 0u)
#else
#define HEAP_BLOCK_SIZE 4096u
#endif

_Static_assert((HEAP_BLOCK_SIZE & (HEAP_BLOCK_SIZE - 1)) == 0 && HEAP_BLOCK_SIZE >= 256 &&
                   HEAP_BLOCK_SIZE <= 65536,
               "a block has a power of two from 256 to 65536 bytes");

#define HEAP_BLOCK_TABLE_ENTRY_TAKEN 0x01
#define HEAP_BLOCK_TABLE_ENTRY_FREE  0x00
#define HEAP_BLOCK_HAS_NEXT          0x80
#define HEAP_BLOCK_IS_FIRST          0x40

typedef uint8_t HEAP_BLOCK_TABLE_ENTRY;

typedef size_t block_t; /* a block's index in its table */

#define HEAP_NOWHERE SIZE_MAX /* no block */

enum {
    HEAP_EXACT_MOST = 64,
    HEAP_OCTAVES_ABOVE = sizeof(size_t) == 4 ? 15 : 19, /* of run lengths from 64 blocks on */
    HEAP_BINS = HEAP_EXACT_MOST + 1 + 8 * HEAP_OCTAVES_ABOVE,
    HEAP_LOOKS = 8
};

/* 4 GB in 32 bits, 64 GB in 64. */
#define HEAP_BLOCKS_MOST ((size_t)1 << (HEAP_OCTAVES_ABOVE + 5))

/* What is known of the run or allocation that begins at a block; of a free run the length at its
 * last block once more. Of other blocks it is unspecified. */
struct heap_run {
    uint32_t length;
    uint32_t newer, older; /* in the bin, where it is free; else for whom the allocation serves */
};

struct heap_table {
    HEAP_BLOCK_TABLE_ENTRY *entries;
    size_t total;          /* how many entries, and blocks */
    struct heap_run *runs; /* as many */
};

struct heap_statistics {
    size_t total;       /* blocks */
    size_t taken;       /* of them */
    size_t peak;        /* most blocks that were ever taken at once */
    size_t allocations; /* live now */
    /* Ever, up to SIZE_MAX: */
    size_t served;  /* requests that got memory */
    size_t failed;  /* requests that got none; those for 0 bytes not counted */
    size_t refused; /* frees that were refused */
};

#define HEAP_NO_RUN UINT32_MAX

struct heap {
    struct heap_table *table;
    void *saddr;                       /* where block 0 begins */
    uint32_t newest[HEAP_BINS];        /* in each bin; HEAP_NO_RUN in an empty one */
    uint32_t bins[HEAP_BINS / 32 + 1]; /* a bit for each bin that is not empty */
    uint32_t words;                    /* a bit for each word of these that is not 0 */
    struct heap_statistics statistics;
};

/* Why heap_free() refused a pointer. Zero is no refusal; the others are negative. */
enum heap_refusal {
    HEAP_FREED = 0,
    HEAP_OUT_OF_RANGE = -101,
    HEAP_MISALIGNED = -102,
    HEAP_NOT_FIRST = -103,
    HEAP_ALREADY_FREE = -104,
    HEAP_RESERVED = -105, /* nobody ever allocated it: a hole in RAM, or the slabs' own blocks */
    HEAP_BROKEN = -106    /* the header in front of it, or of its neighbour, was overwritten */
};

/* "out of range", "misaligned", "not a first block", "already free", "reserved", "its header was
 * overwritten". */
const char *heap_refusal_text(int refusal);

/*
 * Makes HEAP serve the bytes from START to END (exclusive), all blocks free. TABLE, its entries and
 * its runs stay the caller's and must outlive HEAP. -EINVARG, and nothing changed, unless START
 * and END lie on block boundaries, 0 < START < END, TABLE has exactly one entry a block and at most
 * HEAP_BLOCKS_MOST, and neither HEAP, TABLE, its entries nor its runs lie in the memory that is
 * served. O(blocks).
 */
MUST_USE int heap_create(struct heap *heap, void *start, void *end, struct heap_table *table);

/*
 * NBLOCKS blocks of the run that is described above, now taken; not cleared. Returns where they
 * begin; HEAP_NOWHERE for 0 blocks and where no run is found. O(1) but for the entries written.
 */
MUST_USE IN_REGISTERS block_t heap_malloc_at(struct heap *heap, size_t nblocks);

/* The same for as many blocks as hold NBYTES; and where they are, or NULL, and that is counted. */
MUST_USE void *heap_malloc(struct heap *heap, size_t nbytes);

/*
 * The same two on a multiple of ALIGNMENT bytes, a power of two (otherwise NULL). From a run that
 * is longer by ALIGNMENT; without one, HEAP_LOOKS that might do are tried. O(1) but for the
 * entries.
 */
MUST_USE block_t heap_malloc_aligned_at(struct heap *heap, size_t nblocks, size_t alignment);
MUST_USE void *heap_malloc_aligned(struct heap *heap, size_t nbytes, size_t alignment);

/*
 * Frees the allocation that begins at POINTER and returns HEAP_FREED, or refuses: then nothing
 * changes but the count of refusals. O(1) but for the entries written.
 */
MUST_USE int heap_free(struct heap *heap, void *pointer);

/* The same for the allocation that begins at block FIRST; that there is one is not asked. */
IN_REGISTERS void heap_free_at(struct heap *heap, block_t first);

/*
 * Makes the allocation that begins at POINTER NBLOCKS blocks long, in place: shorter, or into the
 * free blocks behind it. False, and nothing changed, where these are too few, NBLOCKS is 0, or
 * heap_free() would refuse POINTER. O(1) but for the entries written.
 */
MUST_USE bool heap_resize(struct heap *heap, void *pointer, size_t nblocks);

/*
 * Makes the allocation that begins at POINTER one of a block for each of its blocks. HEAP_FREED; or
 * why heap_free() would refuse POINTER, and nothing has changed. O(blocks of it).
 */
MUST_USE int heap_split(struct heap *heap, void *pointer);

/*
 * Takes the free blocks FIRST to END (exclusive) as one allocation; for what was never memory or
 * is in use already. -EINVARG, and nothing changed, where the range is empty, reaches past the
 * table or is not all free. O(END, at most), for finding the run.
 */
MUST_USE int heap_take(struct heap *heap, block_t first, block_t end);

/*
 * How many blocks the allocation that begins at POINTER has; 0 and, unless it is NULL, the reason
 * in *REFUSAL, where heap_free() would refuse it. O(1).
 */
size_t heap_allocation_blocks(const struct heap *heap, const void *pointer, int *refusal);

/* How many blocks heap_malloc_at() still gives at once. O(1). */
size_t heap_largest_free(const struct heap *heap);

/*
 * NULL where the invariant at the top of heap.c holds, else the sentence that is broken. Follows no
 * link that leads out of the table. O(blocks).
 */
MUST_USE const char *heap_check(const struct heap *heap);

/* The block that holds ADDRESS, which lies in the heap. */
static inline block_t heap_block_of(const struct heap *heap, const void *address)
{
    return ((uintptr_t)address - (uintptr_t)heap->saddr) / HEAP_BLOCK_SIZE;
}

static inline void *heap_address_of(const struct heap *heap, block_t block)
{
    return (uint8_t *)heap->saddr + block * HEAP_BLOCK_SIZE;
}

static inline bool heap_contains(const struct heap *heap, const void *address)
{
    return (uintptr_t)address >= (uintptr_t)heap->saddr &&
           heap_block_of(heap, address) < heap->table->total;
}

#endif
