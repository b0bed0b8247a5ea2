/*
 * Theory. The size decides who serves, and the block decides who is asked to free: by_block says
 * whose objects or pieces a block holds, and where it says nobody's the block is the table's.
 *
 * Invariant, besides those of the parts:
 *   - the first block of every allocation of the table has a tag, and no other block has one: so a
 *     tag above OWNER_SLAB alone says that whole blocks begin there that may be freed;
 *   - by_block says whose a block is exactly where its allocation has the tag OWNER_SLAB;
 *   - kept runs are the allocations of the table with the tag OWNER_KEPT.
 *
 * Where a request finds no memory, all that is kept for later goes back, and it is tried again.
 */
#include "memory/heap/block_heap.h"

#include "lib/checked.h"
#include "memory/heap/block_private.h"
#include "memory/memory.h"

enum { NEAR = 8, LOOKS = 8 /* lengths that are looked at in one call for a run to release */ };

static size_t words_to_hold(size_t nbytes)
{
    return units_to_hold(nbytes, sizeof(size_t)) * sizeof(size_t);
}

size_t block_heap_bytes_beside(size_t nblocks)
{
    return words_to_hold(2 * nblocks) + nblocks * (sizeof(struct heap_run) + sizeof(struct slab *));
}

/* Releases all kept runs; returns how many blocks. */
static size_t release_kept(struct block_heap *heap)
{
    size_t before = heap->heap.statistics.taken;
    block_t first;
    for (size_t nblocks = KEPT_LONGEST; heap->kept.blocks > 0; nblocks--)
        while (kept_take(&heap->kept, nblocks, &first))
            (void)block_release(heap, first);
    return before - heap->heap.statistics.taken;
}

/* More is kept than may be: looks at the next few lengths for a run to release. */
static SLOW void release_one(struct block_heap *heap)
{
    struct kept_runs *kept = &heap->kept;
    for (size_t i = 0; i < LOOKS; i++) {
        block_t first;
        if (kept->cursor == 0)
            kept->cursor = KEPT_LONGEST;
        if (kept_take(kept, kept->cursor, &first)) {
            (void)block_release(heap, first);
            return;
        }
        kept->cursor--;
    }
}

/* Asks for what lies behind NBLOCKS fresh blocks from FIRST on; NULL, and they are free, if
 * refused. */
static SLOW void *get_pages(struct block_heap *heap, block_t first, size_t nblocks)
{
    void *start = heap_address_of(&heap->heap, first);
    if (heap->pages.get(heap->pages.context, start, nblocks))
        return start;
    heap->heap.statistics.failed++;
    heap->owners[first] = OWNER_FREE;
    heap_free_at(&heap->heap, first);
    return NULL;
}

/* Tags NBLOCKS fresh blocks from FIRST on, and sees to it that there is memory; NULL if not. */
static inline void *hand_out(struct block_heap *heap, block_t first, size_t nblocks,
                             enum heap_owner owner)
{
    if (first == HEAP_NOWHERE)
        return NULL;
    if (heap->kept.most > 0) /* it is 0 where much is taken, and then now as well */
        kept_limit(&heap->kept, heap->heap.statistics.taken, heap->table.total);
    heap->owners[first] = (uint8_t)owner;
    return heap->pages.get ? get_pages(heap, first, nblocks) : heap_address_of(&heap->heap, first);
}

static void *get_blocks(void *context, size_t nblocks)
{
    struct block_heap *heap = context;
    block_t first = heap_malloc_at(&heap->heap, nblocks);
    if (first == HEAP_NOWHERE && release_kept(heap)) {
        heap->heap.statistics.failed--; /* tried again, it counts once */
        first = heap_malloc_at(&heap->heap, nblocks);
    }
    return hand_out(heap, first, nblocks, OWNER_SLAB);
}

static void put_blocks(void *context, void *start, size_t nblocks)
{
    struct block_heap *heap = context;
    (void)nblocks;
    (void)block_release(heap, heap_block_of(&heap->heap, start));
}

int block_heap_create(struct block_heap *heap, void *start, void *end, void *beside,
                      const struct block_pages *pages)
{
    size_t nblocks = ((uintptr_t)end - (uintptr_t)start) / HEAP_BLOCK_SIZE;
    if (!heap || !beside || (uintptr_t)end <= (uintptr_t)start || nblocks > HEAP_BLOCKS_MOST)
        return -EINVARG;
    struct slab **by_block =
        (struct slab **)(void *)((uint8_t *)beside + words_to_hold(2 * nblocks));
    memset(heap, 0, sizeof *heap);
    heap->table = (struct heap_table){
        .entries = beside, .total = nblocks, .runs = (struct heap_run *)(by_block + nblocks)};
    heap->owners = (uint8_t *)beside + nblocks;
    if (pages)
        heap->pages = *pages;
    int status = heap_create(&heap->heap, start, end, &heap->table);
    if (status)
        return status;
    memset(heap->owners, OWNER_FREE, nblocks);
    slab_init(&heap->slabs, (struct slab_source){get_blocks, put_blocks, heap}, start, nblocks,
              by_block);
    pieces_init(&heap->pieces, &heap->slabs);
    kept_limit(&heap->kept, 0, nblocks);
    return 0;
}

int block_heap_take(struct block_heap *heap, block_t first, block_t end)
{
    int status = heap_take(&heap->heap, first, end);
    if (!status)
        heap->owners[first] = OWNER_HOLE;
    return status;
}

size_t block_heap_trim(struct block_heap *heap)
{
    size_t before = heap->heap.statistics.taken;
    (void)pieces_trim(&heap->pieces);
    (void)slab_trim(&heap->slabs);
    (void)release_kept(heap);
    return before - heap->heap.statistics.taken;
}

/* Whether a request that has just failed should be tried again: something was kept for later. */
static bool has_more(struct block_heap *heap)
{
    if (block_heap_trim(heap) == 0)
        return false;
    heap->heap.statistics.failed--; /* tried again, it counts once */
    return true;
}

/* All that is kept goes back, and the request is tried again. */
static SLOW void *malloc_again(struct block_heap *heap, enum heap_owner owner, size_t nblocks)
{
    if (nblocks == 0 || nblocks > heap->table.total || !has_more(heap))
        return NULL; /* what the heap has not is refused before anything is given back for it */
    return hand_out(heap, heap_malloc_at(&heap->heap, nblocks), nblocks, owner);
}

/* Where no run is kept that is as long. */
static SLOW void *malloc_blocks(struct block_heap *heap, enum heap_owner owner, size_t nblocks)
{
    if (heap->kept.blocks > heap->kept.most)
        release_one(heap);
    block_t first = heap_malloc_at(&heap->heap, nblocks);
    return first == HEAP_NOWHERE ? malloc_again(heap, owner, nblocks)
                                 : hand_out(heap, first, nblocks, owner);
}

/* A run of a little more than NBLOCKS blocks that was kept; NULL where there is none. */
static SLOW void *take_near(struct block_heap *heap, size_t nblocks)
{
    size_t most = nblocks + nblocks / NEAR;
    for (size_t length = nblocks + 1; length <= most && length <= KEPT_LONGEST; length++)
        if (heap->kept.of[length].count > 0)
            return block_take_kept(heap, OWNER_KERNEL, length);
    return NULL;
}

void *block_heap_malloc_whole(struct block_heap *heap, size_t nblocks)
{
    if (heap->kept.most > 0) {
        void *near = take_near(heap, nblocks);
        if (near)
            return near;
    }
    return malloc_blocks(heap, OWNER_KERNEL, nblocks);
}

void *block_heap_malloc_for(struct block_heap *heap, enum heap_owner owner, size_t nbytes)
{
    size_t nblocks = units_to_hold(nbytes, HEAP_BLOCK_SIZE);
    void *kept = block_take_kept(heap, owner, nblocks);
    return kept ? kept : malloc_blocks(heap, owner, nblocks);
}

void *block_heap_malloc_singles(struct block_heap *heap, enum heap_owner owner, size_t nblocks)
{
    void *start = block_heap_malloc_for(heap, owner, nblocks * HEAP_BLOCK_SIZE);
    if (!start || heap_split(&heap->heap, start))
        return NULL;
    memset(heap->owners + heap_block_of(&heap->heap, start), (int)owner, nblocks);
    return start;
}

static SLOW void *malloc_pieces(struct block_heap *heap, size_t nbytes)
{
    void *pointer = pieces_malloc(&heap->pieces, nbytes);
    if (!pointer && has_more(heap))
        pointer = pieces_malloc(&heap->pieces, nbytes);
    if (pointer || heap->table.total == heap->heap.statistics.taken)
        return pointer;
    heap->heap.statistics.failed--; /* a group is too much; what the request needs may be there */
    return block_heap_malloc_for(heap, OWNER_KERNEL, nbytes);
}

/* What malloc_pieces() does, where a run is kept. */
static SLOW void *malloc_middling(struct block_heap *heap, size_t nbytes)
{
    void *kept = pieces_take_kept(&heap->pieces, pieces_bin_for(nbytes));
    return kept ? kept : malloc_pieces(heap, nbytes);
}

static SLOW void *malloc_small_again(struct block_heap *heap, size_t nbytes)
{
    return has_more(heap) ? slab_malloc_slowly(&heap->slabs, nbytes) : NULL;
}

static SLOW void *malloc_small(struct block_heap *heap, size_t nbytes)
{
    void *pointer = slab_malloc_slowly(&heap->slabs, nbytes);
    return pointer ? pointer : malloc_small_again(heap, nbytes);
}

void *block_heap_malloc_rest(struct block_heap *heap, size_t nbytes)
{
    if (nbytes - 1 < SLAB_LARGEST)
        return malloc_small(heap, nbytes);
    if (nbytes % HEAP_BLOCK_SIZE != 0 && nbytes < PIECES_LARGEST)
        return malloc_middling(heap, nbytes);
    size_t nblocks = units_to_hold(nbytes, HEAP_BLOCK_SIZE);
    void *kept = block_take_kept(heap, OWNER_KERNEL, nblocks);
    return kept ? kept : block_heap_malloc_whole(heap, nblocks);
}

void *block_heap_malloc(struct block_heap *heap, size_t nbytes)
{
    void *pointer = nbytes - 1 < SLAB_LARGEST ? slab_malloc_quickly(&heap->slabs, nbytes) : NULL;
    return pointer ? pointer : block_heap_malloc_rest(heap, nbytes);
}

void *block_heap_malloc_aligned(struct block_heap *heap, size_t nbytes, size_t alignment)
{
    size_t size = nbytes > alignment ? nbytes : alignment, power = 16;
    if (alignment == 0 || (alignment & (alignment - 1)) != 0 || nbytes == 0)
        return NULL;
    if (alignment <= 16 && (alignment <= 8 || nbytes > 8))
        return block_heap_malloc(heap, nbytes);
    while (power < size && power < SLAB_LARGEST)
        power *= 2;
    if (power >= size) /* a class whose size is a power of two lies on multiples of it */
        return block_heap_malloc(heap, power);
    if (alignment <= PIECES_ALIGNMENT)
        return block_heap_malloc(heap, nbytes);
    if (alignment <= HEAP_BLOCK_SIZE)
        return block_heap_malloc_for(heap, OWNER_KERNEL, nbytes);
    void *start = heap_malloc_aligned(&heap->heap, nbytes, alignment);
    if (!start && has_more(heap))
        start = heap_malloc_aligned(&heap->heap, nbytes, alignment);
    if (!start)
        return NULL;
    return hand_out(heap, heap_block_of(&heap->heap, start), units_to_hold(nbytes, HEAP_BLOCK_SIZE),
                    OWNER_KERNEL);
}
