/* The library's interface: block_heap.c in a region that holds its table too, with a user's lock.
 */
#include "platheap.h"

#include "lib/checked.h"
#include "memory/heap/platheap_private.h"
#include "memory/heap/told.h"
#include "memory/memory.h"

#define CALLER __builtin_return_address(0)

_Static_assert((int)PLATHEAP_OUT_OF_RANGE == (int)HEAP_OUT_OF_RANGE &&
                   (int)PLATHEAP_MISALIGNED == (int)HEAP_MISALIGNED &&
                   (int)PLATHEAP_NOT_FIRST == (int)HEAP_NOT_FIRST &&
                   (int)PLATHEAP_ALREADY_FREE == (int)HEAP_ALREADY_FREE &&
                   (int)PLATHEAP_RESERVED == (int)HEAP_RESERVED,
               "the library's refusals are the heap's");

static bool commit_pages(void *context, void *start, size_t nblocks)
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

size_t platheap_region_for(size_t nbytes)
{
    size_t nblocks = units_to_hold(nbytes, HEAP_BLOCK_SIZE), most;
    if (nblocks == 0 || nblocks > HEAP_BLOCKS_MOST ||
        !checked_multiply(nblocks + 1, HEAP_BLOCK_SIZE, &most) ||
        !checked_add(most, PLATHEAP_ALIGNMENT + sizeof(struct platheap), &most) ||
        !checked_add(most, block_heap_bytes_beside(nblocks), &most))
        return 0;
    return most;
}

struct platheap *platheap_create(void *region, size_t nbytes,
                                 const struct platheap_options *options)
{
    uintptr_t start = (uintptr_t)region, end;
    size_t nblocks;
    if (!region || nbytes / HEAP_BLOCK_SIZE > HEAP_BLOCKS_MOST ||
        !checked_add(start, nbytes, &end) || !checked_round_up(start, PLATHEAP_ALIGNMENT, &start) ||
        start >= end)
        return NULL;
    uintptr_t first = divide(start, end, &nblocks);
    if (nblocks == 0)
        return NULL;
    struct platheap *heap = (struct platheap *)start;
    told_region(region, first - (uintptr_t)region, nblocks * HEAP_BLOCK_SIZE);
    memset(heap, 0, sizeof *heap);
    if (options)
        heap->options = *options;
    struct block_pages pages = {commit_pages, release, &heap->options};
    bool has_pages = heap->options.commit || heap->options.release;
    if (!block_heap_create((void *)first, (void *)(first + nblocks * HEAP_BLOCK_SIZE),
                           blocks_of(heap), has_pages ? &pages : NULL))
        return NULL;
    heap->overhead_bytes = first - (uintptr_t)region;
    heap->quick = !TOLD && !heap->options.lock && !heap->options.unlock &&
                  !heap->options.allocated && !heap->options.freed;
    heap->quick_most = heap->quick ? SLAB_LARGEST : 0;
    heap->quick_blocks = heap->quick ? nblocks : 0;
    return heap;
}

/* POINTER, unless it is NULL, has NBYTES from now on. */
static void *tell_allocated(struct platheap *heap, void *pointer, size_t nbytes)
{
    if (!pointer)
        return NULL;
    told_allocated(pointer, nbytes);
    if (heap->options.allocated)
        heap->options.allocated(heap->options.context, pointer, nbytes);
    return pointer;
}

/* POINTER, which had room for so many bytes, is nobody's any more. */
static void tell_freed(struct platheap *heap, void *pointer, size_t room)
{
    told_freed(pointer, room);
    if (heap->options.freed)
        heap->options.freed(heap->options.context, pointer);
}

static void tell_resized(struct platheap *heap, void *pointer, size_t room, size_t nbytes)
{
    told_resized(pointer, room, nbytes);
    if (heap->options.freed)
        heap->options.freed(heap->options.context, pointer);
    if (heap->options.allocated)
        heap->options.allocated(heap->options.context, pointer, nbytes);
}

static SLOW void *malloc_locked(struct platheap *heap, size_t nbytes, const void *caller)
{
    if (heap->watcher)
        return heap->watcher->malloc(heap, nbytes, 1, caller);
    platheap_lock(heap);
    void *pointer = block_heap_malloc(blocks_of(heap), nbytes);
    (void)tell_allocated(heap, pointer, nbytes);
    platheap_unlock(heap);
    return pointer;
}

void *platheap_malloc(struct platheap *heap, size_t nbytes)
{
    struct block_heap *blocks = blocks_of(heap);
    if (nbytes - 1 < heap->quick_most) {
        struct slab_class *class = slab_class_for(&blocks->slabs, nbytes);
        return *class->word ? slab_take(class) : block_heap_malloc_slowly(blocks, class);
    }
    return heap->quick ? block_heap_malloc_large(blocks, nbytes)
                       : malloc_locked(heap, nbytes, CALLER);
}

static void *zalloc_for(struct platheap *heap, size_t nbytes, const void *caller)
{
    void *pointer = heap->watcher ? heap->watcher->malloc(heap, nbytes, 1, caller)
                                  : platheap_malloc(heap, nbytes);
    return pointer ? memset(pointer, 0, TOLD ? nbytes : platheap_usable_size(heap, pointer)) : NULL;
}

void *platheap_zalloc(struct platheap *heap, size_t nbytes)
{
    return zalloc_for(heap, nbytes, CALLER);
}

void *platheap_calloc(struct platheap *heap, size_t count, size_t nbytes)
{
    size_t product;
    return checked_multiply(count, nbytes, &product) ? zalloc_for(heap, product, CALLER) : NULL;
}

void *platheap_aligned_alloc(struct platheap *heap, size_t alignment, size_t nbytes)
{
    if (heap->watcher)
        return heap->watcher->malloc(heap, nbytes, alignment, CALLER);
    platheap_lock(heap);
    void *pointer = block_heap_malloc_aligned(blocks_of(heap), nbytes, alignment);
    (void)tell_allocated(heap, pointer, nbytes);
    platheap_unlock(heap);
    return pointer;
}

static SLOW int free_locked(struct platheap *heap, const char *function, void *pointer,
                            const void *caller)
{
    if (!pointer)
        return 0;
    if (heap->watcher)
        return heap->watcher->free(heap, function, pointer, caller);
    platheap_lock(heap);
    size_t room = TOLD ? block_heap_size(blocks_of(heap), pointer, NULL) : 0;
    int refusal = block_heap_free(blocks_of(heap), pointer);
    if (!refusal)
        tell_freed(heap, pointer, room);
    platheap_unlock(heap);
    platheap_report(heap, function, pointer, refusal);
    return refusal;
}

static SLOW int free_rest(struct platheap *heap, void *pointer)
{
    int refusal = block_heap_free_rest(blocks_of(heap), pointer);
    if (refusal)
        platheap_report(heap, "platheap_free", pointer, refusal);
    return refusal;
}

int platheap_free(struct platheap *heap, void *pointer)
{
    struct block_heap *blocks = blocks_of(heap);
    size_t offset = block_offset_of(blocks, pointer), block = offset / HEAP_BLOCK_SIZE;
    if (block >= heap->quick_blocks) /* as NULL is */
        return free_locked(heap, "platheap_free", pointer, CALLER);
    struct slab *slab = &blocks->slabs.slabs[block];
    if (blocks->owners[block] != OWNER_SLAB || !slab_mark_free(&blocks->slabs, slab, offset))
        return free_rest(heap, pointer);
    return slab_count_free(&blocks->slabs, slab);
}

static SLOW bool stays(struct platheap *heap, void *pointer, size_t nbytes)
{
    platheap_lock(heap);
    size_t room = TOLD ? block_heap_size(blocks_of(heap), pointer, NULL) : 0;
    bool in_place = block_heap_stay(blocks_of(heap), pointer, nbytes);
    if (in_place)
        tell_resized(heap, pointer, room, nbytes);
    platheap_unlock(heap);
    return in_place;
}

/* What realloc does in a heap that is not watched: ALIGNMENT is 1 for what malloc would give. */
static void *realloc_in(struct platheap *heap, const char *function, void *pointer,
                        size_t alignment, size_t nbytes)
{
    size_t was;
    if (nbytes == 0) {
        (void)free_locked(heap, function, pointer, NULL);
        return NULL;
    }
    platheap_lock(heap);
    bool lies_right = is_multiple((uintptr_t)pointer, alignment);
    int result =
        block_heap_try_resize(blocks_of(heap), pointer, lies_right ? nbytes : 0, false, &was);
    if (result == RESIZE_DONE)
        tell_resized(heap, pointer, was, nbytes);
    platheap_unlock(heap);
    if (result == RESIZE_DONE)
        return pointer;
    if (result != RESIZE_MOVE) {
        platheap_report(heap, function, pointer, result);
        return NULL;
    }
    void *moved = alignment == 1 ? platheap_malloc(heap, nbytes)
                                 : platheap_aligned_alloc(heap, alignment, nbytes);
    if (!moved)
        return lies_right && stays(heap, pointer, nbytes) ? pointer : NULL;
    told_open(pointer, was);
    memcpy(moved, pointer, nbytes < was ? nbytes : was);
    (void)platheap_free(heap, pointer);
    return moved;
}

void *platheap_realloc(struct platheap *heap, void *pointer, size_t nbytes)
{
    if (heap->watcher)
        return heap->watcher->realloc(heap, "platheap_realloc", pointer, 1, nbytes, CALLER);
    return pointer ? realloc_in(heap, "platheap_realloc", pointer, 1, nbytes)
                   : platheap_malloc(heap, nbytes);
}

void *platheap_aligned_realloc(struct platheap *heap, void *pointer, size_t alignment,
                               size_t nbytes)
{
    if (alignment == 0 || (alignment & (alignment - 1)) != 0)
        return NULL;
    if (heap->watcher)
        return heap->watcher->realloc(heap, "platheap_aligned_realloc", pointer, alignment, nbytes,
                                      CALLER);
    return pointer ? realloc_in(heap, "platheap_aligned_realloc", pointer, alignment, nbytes)
                   : platheap_aligned_alloc(heap, alignment, nbytes);
}

size_t platheap_usable_size(struct platheap *heap, const void *pointer)
{
    int refusal;
    if (!pointer)
        return 0;
    if (heap->watcher)
        return heap->watcher->size(heap, "platheap_usable_size", pointer, CALLER);
    platheap_lock(heap);
    size_t nbytes = block_heap_size(blocks_of(heap), pointer, &refusal);
    platheap_unlock(heap);
    platheap_report(heap, "platheap_usable_size", pointer, refusal);
    return nbytes;
}

size_t platheap_trim(struct platheap *heap)
{
    if (heap->watcher)
        heap->watcher->release(heap, CALLER);
    platheap_lock(heap);
    size_t nblocks = block_heap_trim(blocks_of(heap));
    platheap_unlock(heap);
    return nblocks * HEAP_BLOCK_SIZE;
}

void platheap_statistics(struct platheap *heap, struct platheap_statistics *statistics)
{
    platheap_lock(heap);
    const struct block_heap *blocks = blocks_of(heap);
    const struct heap_statistics *counts = &blocks->heap.statistics;
    *statistics = (struct platheap_statistics){
        .block_bytes = HEAP_BLOCK_SIZE,
        .blocks = counts->total,
        .taken = counts->taken,
        .peak = counts->peak,
        .largest_free = heap_largest_free(&blocks->heap),
        .kept = block_heap_kept(blocks),
        .overhead_bytes = heap->overhead_bytes,
        .failed = counts->failed,
        .refused = counts->refused,
    };
    platheap_unlock(heap);
}

const char *platheap_check(struct platheap *heap)
{
    platheap_lock(heap);
    const char *broken = block_heap_check(blocks_of(heap));
    platheap_unlock(heap);
    return broken;
}

const unsigned char *platheap_table(const struct platheap *heap, void **start, size_t *count)
{
    const struct block_heap *blocks = blocks_of(heap);
    *start = blocks->heap.saddr;
    *count = blocks->table.total;
    return blocks->table.entries;
}
