/* What the files of the block heap, and the library's, know of it; and heap_map.c, for tools. */
#ifndef PLAT_MEMORY_HEAP_BLOCK_PRIVATE_H
#define PLAT_MEMORY_HEAP_BLOCK_PRIVATE_H

#include "memory/heap/block_heap.h"
#include "memory/heap/kept.h"
#include "memory/heap/slab.h"
#include "memory/heap/span.h"

/* Out of the way of the short paths, which then need no room on the stack. */
#define SLOW __attribute__((noinline))

_Static_assert((int)SLAB_LARGEST == (int)BLOCK_HEAP_SMALL &&
                   (int)SPAN_LARGEST == (int)BLOCK_HEAP_MIDDLE,
               "the header says which sizes are small, and which middle");

struct block_heap {
    struct slab_heap slabs; /* first: what most calls touch */
    struct span_heap spans;
    struct kept_runs kept;
    struct heap heap;
    struct heap_table table;
    uint8_t *owners; /* enum heap_owner, of each block */
    struct block_pages pages;
    const char *broken; /* NULL, or the first sentence that did not hold when it was relied on */
};

/*
 * The page map: what is known of a block that is a slab, or a span's. A block is never both, so
 * they share the room; but for the bits of blocks above 4096 bytes, which need more of it than the
 * tags.
 */
union page_info {
    struct slab slab;
    struct span_link links[SPAN_UNITS_A_BLOCK / SPAN_GROUP];
};

enum {
    TAGS_APART = sizeof(slab_bits_t) > SPAN_TAG_BYTES,
    PAGE_BITS_BYTES = sizeof(slab_bits_t) + TAGS_APART * SPAN_TAG_BYTES
};

_Static_assert(sizeof(union page_info) == sizeof(struct slab) &&
                   sizeof(union page_info) == SPAN_LINK_BYTES &&
                   sizeof(slab_bits_t) >= SPAN_TAG_BYTES,
               "both find what they know of block i at its i-th place");

/* How many bytes stand beside a block: its entry, tag, page map, units and run. */
enum {
    BLOCK_BYTES_BESIDE = 2 + sizeof(union page_info) + PAGE_BITS_BYTES + sizeof(struct heap_run)
};

/* At least block_heap_bytes_beside(NBLOCKS), as a constant. */
#define BLOCK_HEAP_BESIDE(nblocks)                                                                 \
    (sizeof(struct block_heap) + (size_t)(nblocks)*BLOCK_BYTES_BESIDE + 32)

/* Whether the heap's own addresses are those that block_heap_create() wrote. */
bool block_heap_is_laid_out(const struct block_heap *heap);

/* Malloc of more than SLAB_LARGEST bytes, or of none. */
IN_REGISTERS void *block_heap_malloc_large(struct block_heap *heap, size_t nbytes);

/* Malloc of small objects, where CLASS has no more in its word. */
IN_REGISTERS void *block_heap_malloc_slowly(struct block_heap *heap, struct slab_class *class);

/* Free of what is in no slab; it also says why a pointer into one is refused. */
IN_REGISTERS int block_heap_free_rest(struct block_heap *heap, void *pointer);

/* What became of a request to resize in place. */
enum { RESIZE_DONE = 1, RESIZE_MOVE = 2 /* else a refusal */ };

/*
 * block_heap_resize() that tells a wrong pointer from a size that needs another place; in *WAS how
 * many bytes the allocation has, or had. For 0 bytes nothing is changed. ANYHOW it may stay off a
 * block boundary where malloc would give whole blocks.
 */
int block_heap_try_resize(struct block_heap *heap, void *pointer, size_t nbytes, bool anyhow,
                          size_t *was);

static inline size_t block_offset_of(const struct block_heap *heap, const void *pointer)
{
    return (uintptr_t)pointer - heap->slabs.start;
}

static inline void *block_address(const struct block_heap *heap, block_t block)
{
    return (void *)(heap->slabs.start + block * HEAP_BLOCK_SIZE);
}

/* How many blocks may be kept, after what is taken has changed. */
static inline void block_limit_kept(struct block_heap *heap)
{
    size_t taken = heap->heap.statistics.taken, rest = heap->table.total - taken;
    size_t most = taken / KEPT_PART + KEPT_ALWAYS;
    heap->kept.most = (uint32_t)(most < rest / KEPT_PART ? most : rest / KEPT_PART);
}

#endif
