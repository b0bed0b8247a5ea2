/*
 * The heap whose memory is a map: one interface over whole blocks (heap.h), pieces of blocks
 * (pieces.h) and small objects (slab.h). Pure: it neither locks nor prints; a refusal is a value.
 *
 *     1 to 512 bytes              an object, on a multiple of 16 (of 8 up to 8 bytes)
 *     513 bytes to 32 KB          pieces, on a multiple of 64 (or whole blocks, where there is no
 *                                 room for a group of pieces); but
 *     a multiple of 4096 bytes    whole blocks, on a block boundary
 *     above 32 KB                 whole blocks, on a block boundary
 */
#ifndef PLAT_MEMORY_HEAP_BLOCK_HEAP_H
#define PLAT_MEMORY_HEAP_BLOCK_HEAP_H

#include "memory/heap/allocator.h"
#include "memory/heap/heap.h"
#include "memory/heap/kept.h"
#include "memory/heap/pieces.h"
#include "memory/heap/slab.h"

/* What an allocation of the table is for. A byte a block, beside the table: at its first block. */
enum heap_owner {
    OWNER_FREE,
    OWNER_HOLE,    /* never memory, or in use before the heap began: taken for good */
    OWNER_KEPT,    /* freed, and kept whole for the next request */
    OWNER_SLAB,    /* small objects and pieces */
    OWNER_KERNEL,  /* an allocation without another word; from here on whole blocks that are live */
    OWNER_PAGING,  /* directories and page tables */
    OWNER_SHELL,   /* what the shell's `alloc` gives; self-tests, too */
    OWNER_GUARDED, /* objects in pages of their own, and the closed pages between them */
    OWNER_WINDOW,  /* frames behind pages of the growing window */
    OWNER_PROCESS, /* image, stack and allocations of a program */
    HEAP_OWNERS    /* how many */
};

/*
 * Where the memory behind blocks comes from, where it is not simply there. get() makes NBLOCKS
 * blocks from START on usable before they are handed out, or returns false: then the request that
 * needs them gets NULL, or is tried once more when what is kept for later has been given back.
 * put() is told what is free again. Both may be NULL.
 */
struct block_pages {
    bool (*get)(void *context, void *start, size_t nblocks);
    void (*put)(void *context, void *start, size_t nblocks);
    void *context;
};

struct block_heap {
    struct slab_heap slabs; /* first: what most calls touch */
    struct pieces_heap pieces;
    struct kept_runs kept;
    struct heap heap;
    struct heap_table table;
    uint8_t *owners; /* enum heap_owner, a byte a block; OWNER_FREE but where allocations begin */
    struct block_pages pages;
    const char *broken; /* NULL, or the first sentence that did not hold when it was relied on */
};

/* How many bytes stand beside NBLOCKS blocks: table, tags, index, and whose each block is. */
size_t block_heap_bytes_beside(size_t nblocks);

/*
 * Makes HEAP serve the blocks from START to END (exclusive), all free. BESIDE has
 * block_heap_bytes_beside() bytes, is aligned for a pointer, stays the caller's and does not lie in
 * the memory served. PAGES may be NULL. 0; or -EINVARG as from heap_create(), and HEAP is not to be
 * used.
 */
MUST_USE int block_heap_create(struct block_heap *heap, void *start, void *end, void *beside,
                               const struct block_pages *pages);

/* Takes the blocks FIRST to END for good, as a hole. -EINVARG as from heap_take(). */
MUST_USE int block_heap_take(struct block_heap *heap, block_t first, block_t end);

/* NBYTES of memory, not cleared; NULL for 0 bytes and without memory. O(1). */
MUST_USE void *block_heap_malloc(struct block_heap *heap, size_t nbytes);

/* The same, whole blocks however few the bytes, marked as OWNER's. */
MUST_USE void *block_heap_malloc_for(struct block_heap *heap, enum heap_owner owner, size_t nbytes);

/* NBLOCKS allocations of a block each, in a row, marked as OWNER's; NULL where no run is as long.
 * O(NBLOCKS). */
MUST_USE void *block_heap_malloc_singles(struct block_heap *heap, enum heap_owner owner,
                                         size_t nblocks);

/* NBYTES on a multiple of ALIGNMENT, a power of two (otherwise NULL). */
MUST_USE void *block_heap_malloc_aligned(struct block_heap *heap, size_t nbytes, size_t alignment);

/* Frees what the functions above gave: HEAP_FREED, or a refusal, and nothing has changed. O(1). */
MUST_USE int block_heap_free(struct block_heap *heap, void *pointer);

/* The same for those who have tried the short ways themselves. */
MUST_USE void *block_heap_malloc_rest(struct block_heap *heap, size_t nbytes);
MUST_USE int block_heap_free_rest(struct block_heap *heap, void *pointer);

/* Gives the allocation of the table that begins at FIRST back to it, and what lies behind it to its
 * source. Returns HEAP_FREED. O(1). */
int block_release(struct block_heap *heap, block_t first);

/* NBLOCKS whole blocks where block_take_kept() has none; perhaps a run that was kept and is longer
 * by an eighth at most. NULL without memory. O(1). */
MUST_USE void *block_heap_malloc_whole(struct block_heap *heap, size_t nblocks);

/* The short ways are these of blocks, and slab_malloc_quickly() and slab_free_quickly(). */

/* A run of NBLOCKS blocks that was kept, now OWNER's; NULL where there is none. O(1). */
MUST_USE static inline void *block_take_kept(struct block_heap *heap, enum heap_owner owner,
                                             size_t nblocks)
{
    block_t first;
    if (!kept_take(&heap->kept, nblocks, &first))
        return NULL;
    heap->owners[first] = (uint8_t)owner;
    return heap_address_of(&heap->heap, first);
}

/* Keeps the live blocks that begin at FIRST; false, and nothing done, where they should go. O(1) */
MUST_USE static inline bool block_keep(struct block_heap *heap, block_t first)
{
    if (!kept_add(&heap->kept, first, heap->table.runs[first].length))
        return false;
    heap->owners[first] = OWNER_KEPT;
    return true;
}

/* Whether live blocks begin at POINTER, which lies in block BLOCK. O(1). */
MUST_USE static inline bool block_is_first(const struct block_heap *heap, const void *pointer,
                                           block_t block)
{
    return heap->owners[block] > OWNER_SLAB && (uintptr_t)pointer % HEAP_BLOCK_SIZE == 0;
}

/*
 * How many bytes the allocation that begins at POINTER may use, NBYTES or more; 0 and, unless it is
 * NULL, the reason in *REFUSAL, where block_heap_free() would refuse it. O(1).
 */
size_t block_heap_size(const struct block_heap *heap, const void *pointer, int *refusal);

/*
 * Makes the allocation that begins at POINTER hold NBYTES, not 0, where it is. False, and nothing
 * changed, where it can't, or where another kind of place would be as good: what has become less
 * than half should move. O(1) but for table entries.
 */
MUST_USE bool block_heap_resize(struct block_heap *heap, void *pointer, size_t nbytes);

/* Gives back all that is kept for later; returns how many blocks. */
size_t block_heap_trim(struct block_heap *heap);

/* What BLOCK is for. O(blocks of its allocation). */
enum heap_owner block_heap_owner_of(const struct block_heap *heap, block_t block);

/* HEAP behind the common interface. */
struct allocator block_heap_allocator(struct block_heap *heap);

/* All checks of all parts, and that table and tags agree. NULL or the broken sentence. O(blocks) */
MUST_USE const char *block_heap_check(const struct block_heap *heap);

#endif
