/*
 * Theory. The size decides who serves, and the tag of a pointer's block decides who is asked to
 * free: slabs, spans, or the block table.
 *
 * Invariant, besides those of the parts:
 *   - the first block of every allocation of the table has a tag, and no other block has one, but
 *     that all blocks of a span have its tag: so a tag above OWNER_SPAN alone says that whole
 *     blocks begin there that may be freed;
 *   - slabs are the allocations with the tag OWNER_SLAB, of one block each, and spans those with
 *     OWNER_SPAN, of SPAN_BLOCKS;
 *   - the quick lists hold exactly the allocations with the tag OWNER_KEPT.
 *
 * What is kept for later is bounded by constants, so that giving all of it back is: KEPT_MOST runs,
 * a slab for each class, a span. In blocks the runs are at most a sixteenth of what is taken, and
 * KEPT_ALWAYS, and at most a sixteenth of what is not. Measured (`make bench`, 32 bits; runs of 1
 * to 64 blocks, half full, instructions a call; bytes that the trace "text" takes for each live
 * one):
 *   - of what is taken a sixteenth 137 and 1.51, an eighth 137 and 1.59, a thirty-second 169 and
 *     1.52, without a bound by it 136 and 4.65: with up to 40 runs;
 *   - with 12 runs 173 instead, but giving back 40 would be 5,000 instructions more in one call;
 *   - KEPT_ALWAYS 4, 8 and 16: 1.41, 1.45 and 1.51.
 *
 * Where a request finds no memory, all that is kept goes back, and it is tried again; after that it
 * is served by any place that is large enough. So it fails only if it would fail again at once.
 */
#include "memory/heap/block_heap.h"

#include "lib/checked.h"
#include "memory/heap/block_private.h"
#include "memory/memory.h"

/* -- Quick lists -- */

/* Gives the allocation at FIRST, which is in no list, back to the table. */
static SLOW int give_back(struct block_heap *heap, block_t first)
{
    size_t nblocks = heap->table.runs[first].length;
    heap->owners[first] = OWNER_FREE;
    heap_free_at(&heap->heap, first);
    block_limit_kept(heap);
    if (heap->pages.decommit)
        heap->pages.decommit(heap->pages.context, block_address(heap, first), nblocks);
    return HEAP_FREED;
}

static void release_kept(struct block_heap *heap)
{
    struct kept_runs *kept = &heap->kept;
    for (uint32_t bin = 0; kept->count > 0; bin++)
        for (; kept->newest[bin] != NO_BLOCK; kept->count--) {
            uint32_t first = kept->newest[bin];
            kept->newest[bin] = heap->table.runs[first].older;
            (void)give_back(heap, first);
        }
    kept->blocks = 0;
}

/* -- Blocks -- */

/* Asks for what lies behind the NBLOCKS fresh blocks at FIRST; if that is refused they are free
 * again, PEAK is what it was, and the answer is NO_BLOCK. */
static inline uint32_t block_commit(struct block_heap *heap, block_t first, size_t nblocks,
                                    size_t peak)
{
    const struct block_pages *pages = &heap->pages;
    if (pages->commit && !pages->commit(pages->context, block_address(heap, first), nblocks)) {
        heap_free_at(&heap->heap, first);
        heap->heap.statistics.peak = peak;
        heap->heap.statistics.served--;
        return NO_BLOCK;
    }
    block_limit_kept(heap);
    return (uint32_t)first;
}

/* NBLOCKS fresh blocks of the table that there is memory behind, without a tag. */
static SLOW uint32_t take_fresh(struct block_heap *heap, size_t nblocks)
{
    size_t peak = heap->heap.statistics.peak;
    block_t first = heap_malloc_at(&heap->heap, nblocks);
    return first == HEAP_NOWHERE ? NO_BLOCK : block_commit(heap, first, nblocks, peak);
}

/* NBLOCKS blocks or a few more, whose first has the tag OWNER; NO_BLOCK without memory. */
static inline uint32_t take_blocks(struct block_heap *heap, enum heap_owner owner, size_t nblocks)
{
    uint32_t first = kept_take(&heap->kept, heap->table.runs, nblocks);
    if (first == NO_BLOCK)
        first = take_fresh(heap, nblocks);
    if (first != NO_BLOCK)
        heap->owners[first] = (uint8_t)owner;
    return first;
}

static inline int put_blocks(struct block_heap *heap, block_t first)
{
    if (!kept_put(&heap->kept, heap->table.runs, first))
        return give_back(heap, first);
    heap->owners[first] = OWNER_KEPT;
    return HEAP_FREED;
}

static void *malloc_blocks(struct block_heap *heap, enum heap_owner owner, size_t nblocks)
{
    uint32_t first = take_blocks(heap, owner, nblocks);
    return first == NO_BLOCK ? NULL : block_address(heap, first);
}

static uint32_t get_slab(void *context)
{
    return take_blocks(context, OWNER_SLAB, 1);
}

static void put_slab(void *context, uint32_t block)
{
    (void)put_blocks(context, block);
}

/* A freestanding compiler calls memset() for eight bytes, but not its builtin. */
static uint32_t get_span(void *context)
{
    struct block_heap *heap = context;
    uint32_t first = take_blocks(heap, OWNER_SPAN, SPAN_BLOCKS);
    if (first != NO_BLOCK)
        __builtin_memset(heap->owners + first, OWNER_SPAN, SPAN_BLOCKS);
    return first;
}

static void put_span(void *context, uint32_t first)
{
    struct block_heap *heap = context;
    __builtin_memset(heap->owners + first, OWNER_FREE, SPAN_BLOCKS);
    (void)put_blocks(heap, first);
}

/* -- Creation -- */

enum { BESIDE_ALIGNMENT = 16 };

static size_t rounded(size_t nbytes)
{
    return units_to_hold(nbytes, BESIDE_ALIGNMENT) * BESIDE_ALIGNMENT;
}

size_t block_heap_bytes_beside(size_t nblocks)
{
    return rounded(sizeof(struct block_heap)) + rounded(2 * nblocks) +
           nblocks * (BLOCK_BYTES_BESIDE - 2);
}

/* Where the parts of what stands beside NBLOCKS blocks begin, behind HEAP itself. */
struct layout {
    uint8_t *entries, *owners;
    union page_info *info;
    slab_bits_t *bits;
    uint16_t *tags;
    struct heap_run *runs;
};

static struct layout lay_out(const struct block_heap *heap, size_t nblocks)
{
    uint8_t *entries = (uint8_t *)(uintptr_t)heap + rounded(sizeof *heap);
    uint8_t *info = entries + rounded(2 * nblocks);
    uint8_t *bits = info + nblocks * sizeof(union page_info);
    uint8_t *tags = bits + TAGS_APART * nblocks * sizeof(slab_bits_t);
    uint8_t *runs = bits + nblocks * PAGE_BITS_BYTES;
    return (struct layout){.entries = entries,
                           .owners = entries + nblocks,
                           .info = (union page_info *)(void *)info,
                           .bits = (slab_bits_t *)(void *)bits,
                           .tags = (uint16_t *)(void *)tags,
                           .runs = (struct heap_run *)(void *)runs};
}

struct block_heap *block_heap_create(void *start, void *end, void *beside,
                                     const struct block_pages *pages)
{
    size_t nblocks = ((uintptr_t)end - (uintptr_t)start) / HEAP_BLOCK_SIZE;
    struct block_heap *heap = beside;
    if (!heap || (uintptr_t)end <= (uintptr_t)start || nblocks > HEAP_BLOCKS_MOST)
        return NULL;
    struct layout layout = lay_out(heap, nblocks);
    memset(heap, 0, sizeof *heap);
    heap->table = (struct heap_table){layout.entries, nblocks, layout.runs};
    heap->owners = layout.owners;
    if (pages)
        heap->pages = *pages;
    if (heap_create(&heap->heap, start, end, &heap->table))
        return NULL;
    memset(heap->owners, OWNER_FREE, nblocks);
    slab_init(&heap->slabs, start, &layout.info->slab, layout.bits, layout.runs,
              (struct slab_source){get_slab, put_slab, heap});
    span_init(&heap->spans, start, layout.tags, layout.info->links,
              (struct span_source){get_span, put_span, heap});
    for (uint32_t bin = 0; bin < KEPT_BINS; bin++)
        heap->kept.newest[bin] = NO_BLOCK;
    block_limit_kept(heap);
    return heap;
}

bool block_heap_is_laid_out(const struct block_heap *heap)
{
    const struct slab_heap *slabs = &heap->slabs;
    const struct span_heap *spans = &heap->spans;
    if (heap->heap.statistics.total != heap->table.total)
        return false;
    struct layout layout = lay_out(heap, heap->table.total);
    return heap->heap.table == &heap->table && heap->table.entries == layout.entries &&
           heap->table.runs == layout.runs && heap->owners == layout.owners &&
           slabs->slabs == &layout.info->slab && slabs->free == layout.bits &&
           slabs->bits_from == (uintptr_t)slabs->free - SLAB_BITS_STEP * (uintptr_t)slabs->slabs &&
           slabs->runs == layout.runs && spans->tags == layout.tags &&
           spans->links == layout.info->links && slabs->start == (uintptr_t)heap->heap.saddr &&
           spans->start == slabs->start && slabs->source.get == get_slab &&
           slabs->source.put == put_slab && slabs->source.context == heap &&
           spans->source.get == get_span && spans->source.put == put_span &&
           spans->source.context == heap;
}

int block_heap_take(struct block_heap *heap, block_t first, block_t end)
{
    int status = heap_take(&heap->heap, first, end);
    if (!status)
        heap->owners[first] = OWNER_HOLE;
    block_limit_kept(heap);
    return status;
}

/* -- Allocation -- */

static inline bool is_middle(size_t nbytes)
{
    return nbytes <= SPAN_LARGEST && nbytes % HEAP_BLOCK_SIZE != 0;
}

/* What the slow ways know of a request. */
struct request {
    size_t nbytes, alignment; /* of which the latter is at least 1 */
    enum heap_owner owner;    /* above OWNER_KERNEL it is for whole blocks */
};

/* A small object of the smallest class whose size is a multiple of the alignment: its objects lie
 * on multiples of it, too. */
static void *serve_small(struct block_heap *heap, const struct request *request)
{
    struct slab_class *at = slab_class_for(&heap->slabs, request->nbytes);
    while (at->size & (request->alignment - 1))
        at++; /* at the latest the last one's is: SLAB_LARGEST is a power of two */
    return *at->word ? slab_take(at) : slab_take_slowly(&heap->slabs, at);
}

static void *serve_blocks(struct block_heap *heap, const struct request *request)
{
    size_t nblocks = units_to_hold(request->nbytes, HEAP_BLOCK_SIZE);
    if (request->alignment <= HEAP_BLOCK_SIZE)
        return malloc_blocks(heap, request->owner, nblocks);
    size_t peak = heap->heap.statistics.peak;
    block_t first = heap_malloc_aligned_at(&heap->heap, nblocks, request->alignment);
    if (first == HEAP_NOWHERE || block_commit(heap, first, nblocks, peak) == NO_BLOCK)
        return NULL;
    heap->owners[first] = (uint8_t)request->owner;
    return block_address(heap, first);
}

/* From the kind of place that is meant for the request. */
static void *serve(struct block_heap *heap, const struct request *request)
{
    if (request->owner == OWNER_KERNEL) {
        if (request->nbytes <= SLAB_LARGEST && request->alignment <= SLAB_LARGEST)
            return serve_small(heap, request);
        if (is_middle(request->nbytes) && request->alignment <= SPAN_UNIT)
            return span_malloc(&heap->spans, request->nbytes);
    }
    return serve_blocks(heap, request);
}

/* From any that will do: a larger class that has an object, a middle size, a block. */
static void *serve_anyhow(struct block_heap *heap, const struct request *request)
{
    if (request->owner == OWNER_KERNEL && request->nbytes <= SLAB_LARGEST) {
        struct slab_class *end = heap->slabs.classes + SLAB_CLASSES;
        struct slab_class *at = slab_class_for(&heap->slabs, request->nbytes);
        for (; at < end; at++) {
            bool lies_right = !(at->size & (request->alignment - 1));
            void *object = lies_right ? slab_take_left(&heap->slabs, at) : NULL;
            if (object)
                return object;
        }
        void *middle =
            request->alignment <= SPAN_UNIT ? span_malloc(&heap->spans, request->nbytes) : NULL;
        if (middle)
            return middle;
    }
    return serve_blocks(heap, request);
}

/* Whether the heap could serve REQUEST if all of it were free. */
static bool could_serve(const struct block_heap *heap, const struct request *request)
{
    uintptr_t first, end = heap->slabs.start + heap->table.total * HEAP_BLOCK_SIZE;
    return checked_round_up(heap->slabs.start, request->alignment, &first) && first < end &&
           request->nbytes <= end - first;
}

/* REQUEST has failed: all that is kept for later goes back, and it is tried again. */
static SLOW void *try_again(struct block_heap *heap, const struct request *request)
{
    void *pointer = NULL;
    if (request->nbytes == 0)
        return NULL;
    /* What the heap has not is refused before anything is given back for it. */
    if (could_serve(heap, request)) {
        if (block_heap_trim(heap) > 0)
            pointer = serve(heap, request);
        if (!pointer)
            pointer = serve_anyhow(heap, request);
    }
    if (!pointer)
        checked_count(&heap->heap.statistics.failed);
    return pointer;
}

static SLOW void *malloc_again(struct block_heap *heap, size_t nbytes)
{
    return try_again(heap, &(struct request){nbytes, 1, OWNER_KERNEL});
}

IN_REGISTERS void *block_heap_malloc_slowly(struct block_heap *heap, struct slab_class *class)
{
    void *object = slab_take_slowly(&heap->slabs, class);
    return object ? object : malloc_again(heap, class->size);
}

static SLOW void *malloc_whole(struct block_heap *heap, size_t nbytes)
{
    void *pointer = malloc_blocks(heap, OWNER_KERNEL, units_to_hold(nbytes, HEAP_BLOCK_SIZE));
    return pointer ? pointer : malloc_again(heap, nbytes);
}

IN_REGISTERS void *block_heap_malloc_large(struct block_heap *heap, size_t nbytes)
{
    if (!is_middle(nbytes)) {
        uint32_t first =
            kept_take(&heap->kept, heap->table.runs, units_to_hold(nbytes, HEAP_BLOCK_SIZE));
        if (first == NO_BLOCK)
            return malloc_whole(heap, nbytes);
        heap->owners[first] = OWNER_KERNEL;
        return block_address(heap, first);
    }
    void *pointer = span_malloc(&heap->spans, nbytes);
    return pointer ? pointer : malloc_again(heap, nbytes);
}

void *block_heap_malloc(struct block_heap *heap, size_t nbytes)
{
    if (nbytes - 1 >= SLAB_LARGEST)
        return block_heap_malloc_large(heap, nbytes);
    struct slab_class *class = slab_class_for(&heap->slabs, nbytes);
    return *class->word ? slab_take(class) : block_heap_malloc_slowly(heap, class);
}

static void *malloc_request(struct block_heap *heap, const struct request *request)
{
    void *pointer = request->nbytes > 0 ? serve(heap, request) : NULL;
    return pointer ? pointer : try_again(heap, request);
}

void *block_heap_malloc_for(struct block_heap *heap, enum heap_owner owner, size_t nbytes)
{
    size_t whole;
    if (!checked_round_up(nbytes, HEAP_BLOCK_SIZE, &whole))
        whole = nbytes; /* more than there is */
    return malloc_request(heap, &(struct request){whole, 1, owner});
}

void *block_heap_malloc_singles(struct block_heap *heap, enum heap_owner owner, size_t nblocks)
{
    void *start = NULL;
    size_t nbytes;
    if (checked_multiply(nblocks, HEAP_BLOCK_SIZE, &nbytes))
        start = block_heap_malloc_for(heap, owner, nbytes);
    if (!start)
        return NULL;
    block_t first = heap_block_of(&heap->heap, start);
    size_t length = heap->table.runs[first].length; /* perhaps some more */
    if ((length > nblocks && !heap_resize(&heap->heap, start, nblocks)) ||
        heap_split(&heap->heap, start)) {
        heap->broken = "a fresh allocation can't be split";
        return NULL;
    }
    if (length > nblocks && heap->pages.decommit)
        heap->pages.decommit(heap->pages.context, block_address(heap, first + nblocks),
                             length - nblocks);
    memset(heap->owners + first, (int)owner, nblocks);
    block_limit_kept(heap);
    return start;
}

void *block_heap_malloc_aligned(struct block_heap *heap, size_t nbytes, size_t alignment)
{
    if (alignment == 0 || (alignment & (alignment - 1)) != 0)
        return NULL;
    return alignment <= SLAB_STEP
               ? block_heap_malloc(heap, nbytes)
               : malloc_request(heap, &(struct request){nbytes, alignment, OWNER_KERNEL});
}

/* -- Free -- */

static SLOW int refuse(struct block_heap *heap, int refusal)
{
    checked_count(&heap->heap.statistics.refused);
    return refusal;
}

/* Why a pointer can't be freed that is in no span, and where no live blocks begin. */
static SLOW int refuse_rest(struct block_heap *heap, void *pointer)
{
    int refusal;
    (void)block_heap_size(heap, pointer, &refusal);
    if (!refusal)
        heap->broken = "a block's tag and its table entry say different things";
    return refuse(heap, refusal ? refusal : HEAP_RESERVED);
}

IN_REGISTERS int block_heap_free_rest(struct block_heap *heap, void *pointer)
{
    size_t offset = block_offset_of(heap, pointer), block = offset / HEAP_BLOCK_SIZE;
    if (block >= heap->table.total)
        return refuse(heap, HEAP_OUT_OF_RANGE);
    if (heap->owners[block] > OWNER_SPAN && offset % HEAP_BLOCK_SIZE == 0)
        return put_blocks(heap, block);
    if (heap->owners[block] != OWNER_SPAN)
        return refuse_rest(heap, pointer);
    int refusal = span_free(&heap->spans, offset);
    return refusal ? refuse(heap, refusal) : HEAP_FREED;
}

int block_heap_free(struct block_heap *heap, void *pointer)
{
    size_t offset = block_offset_of(heap, pointer), block = offset / HEAP_BLOCK_SIZE;
    if (block < heap->table.total && heap->owners[block] == OWNER_SLAB) {
        struct slab *slab = &heap->slabs.slabs[block];
        if (slab_mark_free(&heap->slabs, slab, offset))
            return slab_count_free(&heap->slabs, slab);
    }
    return block_heap_free_rest(heap, pointer);
}

void block_heap_count_refused(struct block_heap *heap)
{
    checked_count(&heap->heap.statistics.refused);
}

/* -- What is kept -- */

size_t block_heap_trim(struct block_heap *heap)
{
    size_t before = heap->heap.statistics.taken;
    release_kept(heap);
    heap->kept.count = KEPT_MOST; /* what slabs and spans give now is not to be kept */
    slab_trim(&heap->slabs);
    span_trim(&heap->spans);
    heap->kept.count = 0;
    return before - heap->heap.statistics.taken;
}

size_t block_heap_kept(const struct block_heap *heap)
{
    return heap->kept.blocks + slab_kept(&heap->slabs) +
           (heap->spans.spare == SPAN_NONE ? 0 : SPAN_BLOCKS);
}
