/*
 * The heap whose memory is a map: one interface over small objects, middle ones and whole blocks of
 * the block table (heap.h). Pure: it neither locks nor prints; a refusal is a value.
 *
 *     1 byte to 1 KB              an object of a size class, on a multiple of 16
 *     to 8 KB                     units of 256 bytes, on a multiple of 256; but
 *     a multiple of 4096 bytes    whole blocks, on a block boundary
 *     above 8 KB                  whole blocks, on a block boundary
 *
 * Where memory is short a request may get a larger kind of place than that, never a smaller one.
 *
 * Cost: on a 32-bit machine every call of malloc, malloc_aligned, free and resize is at most
 * BLOCK_HEAP_BOUND instructions, and writes the table entries of the blocks besides. A call that
 * would fail gives back first what is kept for later; that is at most BLOCK_HEAP_BOUND_SHORT
 * instructions, whatever the heap's size. With frame pointers, as in the kernel, either is a tenth
 * more. tests/stress/bounds.c and `make bench` measure it.
 */
#ifndef PLAT_MEMORY_HEAP_BLOCK_HEAP_H
#define PLAT_MEMORY_HEAP_BLOCK_HEAP_H

#include "memory/heap/allocator.h"
#include "memory/heap/heap.h"
#include "memory/heap/owner.h"

/* The largest small object, and the largest middle one; whole blocks are neither. */
enum { BLOCK_HEAP_SMALL = HEAP_BLOCK_SIZE / 4, BLOCK_HEAP_MIDDLE = 2 * HEAP_BLOCK_SIZE };

enum { BLOCK_HEAP_BOUND = 450, BLOCK_HEAP_BOUND_SHORT = 10000 };

/*
 * Where the memory behind blocks comes from, where it is not simply there. commit() makes NBLOCKS
 * blocks from START on usable before they are handed out, or returns false: then the request that
 * needs them is tried once more when what is kept for later has been given back, and gets NULL if
 * it is refused again. decommit() is told what is free again. Both may be NULL.
 */
struct block_pages {
    bool (*commit)(void *context, void *start, size_t nblocks);
    void (*decommit)(void *context, void *start, size_t nblocks);
    void *context;
};

struct block_heap;

/* How many bytes stand beside NBLOCKS blocks: all that the heap knows. */
size_t block_heap_bytes_beside(size_t nblocks);

/*
 * A heap that serves the blocks from START to END (exclusive), all free. BESIDE has
 * block_heap_bytes_beside() bytes, is aligned for a pointer, stays the caller's and does not lie in
 * the memory served; the heap begins there. PAGES may be NULL, and is copied. NULL where
 * heap_create() refuses START and END. O(blocks).
 */
MUST_USE struct block_heap *block_heap_create(void *start, void *end, void *beside,
                                              const struct block_pages *pages);

/* Takes the blocks FIRST to END for good, as a hole. -EINVARG as from heap_take(). */
MUST_USE int block_heap_take(struct block_heap *heap, block_t first, block_t end);

/* NBYTES of memory, not cleared; NULL for 0 bytes and without memory. */
MUST_USE void *block_heap_malloc(struct block_heap *heap, size_t nbytes);

/* The same, whole blocks however few the bytes, marked as OWNER's, which is from OWNER_KERNEL on.
 */
MUST_USE void *block_heap_malloc_for(struct block_heap *heap, enum heap_owner owner, size_t nbytes);

/* NBLOCKS allocations of a block each, in a row, marked as OWNER's; NULL where no run is as long.
 * O(NBLOCKS). */
MUST_USE void *block_heap_malloc_singles(struct block_heap *heap, enum heap_owner owner,
                                         size_t nblocks);

/* NBYTES on a multiple of ALIGNMENT, a power of two (otherwise NULL). */
MUST_USE void *block_heap_malloc_aligned(struct block_heap *heap, size_t nbytes, size_t alignment);

/* Frees what the functions above gave: HEAP_FREED, or a refusal, and nothing has changed. */
MUST_USE int block_heap_free(struct block_heap *heap, void *pointer);

/*
 * How many bytes the allocation that begins at POINTER may use, NBYTES or more; 0 and, unless it is
 * NULL, the reason in *REFUSAL, where block_heap_free() would refuse it. O(1).
 */
size_t block_heap_size(const struct block_heap *heap, const void *pointer, int *refusal);

/*
 * Makes the allocation that begins at POINTER hold NBYTES, not 0, where it is. False, and nothing
 * changed, where it can't, or where another kind of place would be as good: what has become less
 * than half should move.
 */
MUST_USE bool block_heap_resize(struct block_heap *heap, void *pointer, size_t nbytes);

/*
 * Where malloc of NBYTES, not 0, has just failed to which the allocation at POINTER was to move:
 * whether it holds NBYTES where it is after all. What was kept behind it has gone back by now, and
 * what is too large where it is may stay. Then that malloc is not counted as failed.
 */
MUST_USE bool block_heap_stay(struct block_heap *heap, void *pointer, size_t nbytes);

/* Gives back all that is kept for later; returns how many blocks. */
size_t block_heap_trim(struct block_heap *heap);

/* Counts a free that was refused by what stands in front of the heap. */
void block_heap_count_refused(struct block_heap *heap);

/* -- For those who look -- */

/* The block table. */
const struct heap *block_heap_table(const struct block_heap *heap);

/* enum heap_owner, a byte a block; OWNER_FREE but where the enum says. */
const uint8_t *block_heap_owners(const struct block_heap *heap);

/* What BLOCK is for. O(blocks of its allocation). */
enum heap_owner block_heap_owner_of(const struct block_heap *heap, block_t block);

/* The thing that an address lies in. */
struct heap_description {
    enum heap_owner owner; /* of its block */
    bool live;             /* an allocation; else free, kept, a hole, or room for objects */
    void *start; /* of it; of an address in front of a slab's first object, of the block */
    size_t nbytes;
    size_t live_here, room_here; /* where owner is OWNER_SLAB or OWNER_SPAN: objects, and as many as
                                    there could be; or units */
};

/* False for an ADDRESS that is not in the heap. O(blocks of the allocation). */
bool block_heap_describe(const struct block_heap *heap, const void *address,
                         struct heap_description *description);

struct block_heap_statistics {
    size_t objects, object_bytes, slabs; /* small ones that are live; their blocks */
    size_t middles, middle_bytes, spans; /* middle ones; their blocks */
};

/* O(blocks). */
struct block_heap_statistics block_heap_statistics(const struct block_heap *heap);

/* Blocks that block_heap_trim() would give back. O(1). */
size_t block_heap_kept(const struct block_heap *heap);

/* HEAP behind the common interface. */
struct allocator block_heap_allocator(struct block_heap *heap);

/* NULL where all that the heap knows is sound, else the sentence that is broken. O(blocks). */
MUST_USE const char *block_heap_check(const struct block_heap *heap);

#endif
