/* The library's interface: block_heap.c in a region that holds its table too, with a user's lock.
 */
#include "platheap.h"

#include "lib/checked.h"
#include "memory/heap/block_heap.h"
#include "memory/memory.h"

struct platheap {
    struct block_heap blocks;
    bool quick;          /* there is no lock: the short ways are open */
    size_t quick_most;   /* .. in malloc up to this many bytes; 0 where there is one */
    size_t quick_blocks; /* .. in free for this many blocks; 0 where there is one */
    struct platheap_options options;
    size_t overhead_bytes;
};

_Static_assert((int)PLATHEAP_OUT_OF_RANGE == (int)HEAP_OUT_OF_RANGE &&
                   (int)PLATHEAP_MISALIGNED == (int)HEAP_MISALIGNED &&
                   (int)PLATHEAP_NOT_FIRST == (int)HEAP_NOT_FIRST &&
                   (int)PLATHEAP_ALREADY_FREE == (int)HEAP_ALREADY_FREE &&
                   (int)PLATHEAP_RESERVED == (int)HEAP_RESERVED,
               "the library's refusals are the heap's");

static bool commit(void *context, void *start, size_t nblocks)
{
    const struct platheap_options *options = context;
    return !options->commit || options->commit(options->context, start, nblocks * HEAP_BLOCK_SIZE);
}

static void release(void *context, void *start, size_t nblocks)
{
    const struct platheap_options *options = context;
    if (options->release)
        options->release(options->context, start, nblocks * HEAP_BLOCK_SIZE);
}

enum { ALIGNMENT = 16 /* of the heap's own data; no type needs more */ };

/* How many blocks there are between START and END behind what NBLOCKS of them need, and where. */
static size_t room_behind(uintptr_t start, uintptr_t end, size_t nblocks, uintptr_t *first)
{
    size_t beside = sizeof(struct platheap) + block_heap_bytes_beside(nblocks);
    bool fits = checked_add(start, beside, first) &&
                checked_round_up(*first, HEAP_BLOCK_SIZE, first) && *first < end;
    return fits ? (end - *first) / HEAP_BLOCK_SIZE : 0;
}

/*
 * How the bytes from START to END are divided: the heap and what stands beside its blocks, rounded
 * up to a block, then *NBLOCKS blocks, as many as there can be. Returns where these begin.
 */
static uintptr_t divide(uintptr_t start, uintptr_t end, size_t *nblocks)
{
    size_t room = (end - start) / HEAP_BLOCK_SIZE;
    uintptr_t first, one_more;
    *nblocks = HEAP_BLOCKS_MOST;
    do {
        *nblocks = room < *nblocks ? room : *nblocks;
        room = room_behind(start, end, *nblocks, &first);
    } while (room < *nblocks);
    /* The last step may have been too long: fewer blocks need less beside them. */
    while (room > *nblocks && room_behind(start, end, *nblocks + 1, &one_more) > *nblocks) {
        ++*nblocks;
        first = one_more;
    }
    return first;
}

struct platheap *platheap_create(void *region, size_t nbytes,
                                 const struct platheap_options *options)
{
    uintptr_t start = (uintptr_t)region, end;
    size_t nblocks;
    if (!region || nbytes / HEAP_BLOCK_SIZE > HEAP_BLOCKS_MOST ||
        !checked_add(start, nbytes, &end) || !checked_round_up(start, ALIGNMENT, &start) ||
        start >= end)
        return NULL;
    uintptr_t first = divide(start, end, &nblocks);
    if (nblocks == 0)
        return NULL;
    struct platheap *heap = (struct platheap *)start;
    memset(heap, 0, sizeof *heap);
    if (options)
        heap->options = *options;
    struct block_pages pages = {commit, release, &heap->options};
    if (block_heap_create(&heap->blocks, (void *)first, (void *)(first + nblocks * HEAP_BLOCK_SIZE),
                          heap + 1, heap->options.commit || heap->options.release ? &pages : NULL))
        return NULL;
    heap->overhead_bytes = first - (uintptr_t)region;
    heap->quick = !heap->options.lock && !heap->options.unlock;
    heap->quick_most = heap->quick ? SLAB_LARGEST : 0;
    heap->quick_blocks = heap->quick ? nblocks : 0;
    return heap;
}

static void lock(struct platheap *heap)
{
    if (heap->options.lock)
        heap->options.lock(heap->options.context);
}

static void unlock(struct platheap *heap)
{
    if (heap->options.unlock)
        heap->options.unlock(heap->options.context);
}

static void report(struct platheap *heap, const char *function, const void *pointer, int refusal)
{
    if (refusal && heap->options.report)
        heap->options.report(heap->options.context, function, (void *)(uintptr_t)pointer, refusal);
}

static __attribute__((noinline)) void *malloc_locked(struct platheap *heap, size_t nbytes)
{
    lock(heap);
    void *pointer = block_heap_malloc(&heap->blocks, nbytes);
    unlock(heap);
    return pointer;
}

/* Pieces, where a run is kept. */
static __attribute__((noinline)) void *malloc_middling(struct platheap *heap, size_t nbytes)
{
    void *kept = pieces_take_kept(&heap->blocks.pieces, pieces_bin_for(nbytes));
    return kept ? kept : block_heap_malloc_rest(&heap->blocks, nbytes);
}

void *platheap_malloc(struct platheap *heap, size_t nbytes)
{
    if (nbytes - 1 < heap->quick_most) {
        struct slab_class *class = slab_class_for(&heap->blocks.slabs, nbytes);
        if (*class->word)
            return slab_take(class);
        void *object = slab_malloc_slowly(&heap->blocks.slabs, nbytes);
        return object ? object : block_heap_malloc_rest(&heap->blocks, nbytes);
    }
    if (!heap->quick)
        return malloc_locked(heap, nbytes);
    if (nbytes % HEAP_BLOCK_SIZE == 0) {
        size_t nblocks = nbytes / HEAP_BLOCK_SIZE;
        void *kept = block_take_kept(&heap->blocks, OWNER_KERNEL, nblocks);
        return kept ? kept : block_heap_malloc_whole(&heap->blocks, nblocks);
    }
    return nbytes < PIECES_LARGEST ? malloc_middling(heap, nbytes)
                                   : block_heap_malloc_rest(&heap->blocks, nbytes);
}

static void *clear(struct platheap *heap, void *pointer)
{
    return pointer ? memset(pointer, 0, platheap_usable_size(heap, pointer)) : NULL;
}

void *platheap_zalloc(struct platheap *heap, size_t nbytes)
{
    return clear(heap, platheap_malloc(heap, nbytes));
}

void *platheap_calloc(struct platheap *heap, size_t count, size_t nbytes)
{
    size_t product;
    return checked_multiply(count, nbytes, &product) ? platheap_zalloc(heap, product) : NULL;
}

void *platheap_aligned_alloc(struct platheap *heap, size_t alignment, size_t nbytes)
{
    lock(heap);
    void *pointer = block_heap_malloc_aligned(&heap->blocks, nbytes, alignment);
    unlock(heap);
    return pointer;
}

/* Whether the live object at POINTER, of WAS bytes, can stay there with NBYTES, not 0; else *MOVED
 * is another place, or NULL without memory. */
static bool stays(struct block_heap *blocks, void *pointer, size_t was, size_t nbytes, void **moved)
{
    *moved = NULL;
    if (block_heap_resize(blocks, pointer, nbytes))
        return true;
    *moved = block_heap_malloc(blocks, nbytes);
    if (*moved)
        return false;
    /* What was kept behind it has gone back; or it is too large there, and there is no better. */
    return block_heap_resize(blocks, pointer, nbytes) || nbytes <= was;
}

static __attribute__((noinline)) int free_locked(struct platheap *heap, const char *function,
                                                 void *pointer)
{
    if (!pointer)
        return 0;
    lock(heap);
    int refusal = block_heap_free(&heap->blocks, pointer);
    unlock(heap);
    report(heap, function, pointer, refusal);
    return refusal;
}

void *platheap_realloc(struct platheap *heap, void *pointer, size_t nbytes)
{
    int refusal;
    void *moved = NULL;
    if (!pointer)
        return platheap_malloc(heap, nbytes);
    lock(heap);
    size_t was = block_heap_size(&heap->blocks, pointer, &refusal);
    bool in_place = !refusal && nbytes > 0 && stays(&heap->blocks, pointer, was, nbytes, &moved);
    unlock(heap);
    report(heap, "platheap_realloc", pointer, refusal);
    if (moved)
        memcpy(moved, pointer, nbytes < was ? nbytes : was);
    if (moved || (!refusal && nbytes == 0))
        (void)free_locked(heap, "platheap_realloc", pointer);
    return in_place ? pointer : moved;
}

/* What slab_free_quickly() leaves; a refusal is not counted yet. */
static __attribute__((noinline)) int free_slowly(struct platheap *heap, struct slab *slab,
                                                 void *pointer)
{
    if (slab->class_index < SLAB_PIECES)
        return slab_free(&heap->blocks.slabs, slab, pointer);
    if (pieces_keep(&heap->blocks.pieces, slab, pointer))
        return 0;
    return pieces_free(&heap->blocks.pieces, slab, pointer);
}

int platheap_free(struct platheap *heap, void *pointer)
{
    struct slab_heap *slabs = &heap->blocks.slabs;
    block_t block = ((uintptr_t)pointer - (uintptr_t)slabs->start) / HEAP_BLOCK_SIZE;
    if (block >= heap->quick_blocks) /* as NULL is */
        return free_locked(heap, "platheap_free", pointer);
    struct slab *slab = slabs->by_block[block];
    if (!slab && block_is_first(&heap->blocks, pointer, block))
        return block_keep(&heap->blocks, block) ? 0 : block_release(&heap->blocks, block);
    if (slab && (slab_free_quickly(slabs, slab, pointer) || !free_slowly(heap, slab, pointer)))
        return 0;
    return free_locked(heap, "platheap_free", pointer); /* it is refused */
}

size_t platheap_usable_size(struct platheap *heap, const void *pointer)
{
    int refusal;
    if (!pointer)
        return 0;
    lock(heap);
    size_t nbytes = block_heap_size(&heap->blocks, pointer, &refusal);
    unlock(heap);
    report(heap, "platheap_usable_size", pointer, refusal);
    return nbytes;
}

size_t platheap_trim(struct platheap *heap)
{
    lock(heap);
    size_t nblocks = block_heap_trim(&heap->blocks);
    unlock(heap);
    return nblocks * HEAP_BLOCK_SIZE;
}

void platheap_statistics(struct platheap *heap, struct platheap_statistics *statistics)
{
    lock(heap);
    const struct heap_statistics *counts = &heap->blocks.heap.statistics;
    *statistics = (struct platheap_statistics){
        .block_bytes = HEAP_BLOCK_SIZE,
        .blocks = counts->total,
        .taken = counts->taken,
        .peak = counts->peak,
        .largest_free = heap_largest_free(&heap->blocks.heap),
        .kept = heap->blocks.kept.blocks + heap->blocks.slabs.nspare,
        .overhead_bytes = heap->overhead_bytes,
        .failed = counts->failed,
        .refused = counts->refused,
    };
    unlock(heap);
}

const char *platheap_check(struct platheap *heap)
{
    lock(heap);
    const char *broken = block_heap_check(&heap->blocks);
    unlock(heap);
    return broken;
}

const unsigned char *platheap_table(const struct platheap *heap, void **start, size_t *count)
{
    *start = heap->blocks.heap.saddr;
    *count = heap->blocks.table.total;
    return heap->blocks.table.entries;
}
