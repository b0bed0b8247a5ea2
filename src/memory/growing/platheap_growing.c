/* The library's interface: a heap that grows, in a region that holds what it knows, too, with a
 * user's lock and a user's pages. */
#include "platheap_growing.h"

#include "lib/checked.h"
#include "memory/growing/best_fit.h"
#include "memory/growing/free_list.h"
#include "memory/memory.h"

enum { PLATHEAP_GROWING_ALIGNMENT = 16 /* of the heap's own data; no type needs more */ };

struct platheap_growing {
    struct platheap_growing_options options;
    struct allocator allocator;
    size_t overhead_bytes;
    size_t failed; /* requests, ever */
    union {        /* last: a free list needs less */
        struct {
            struct free_list list;
            struct window window;
        } first;
        struct best_fit best;
    } design;
} __attribute__((aligned(PLATHEAP_GROWING_ALIGNMENT)));

_Static_assert((int)PLATHEAP_GROWING_OUT_OF_RANGE == (int)HEAP_OUT_OF_RANGE &&
                   (int)PLATHEAP_GROWING_MISALIGNED == (int)HEAP_MISALIGNED &&
                   (int)PLATHEAP_GROWING_NOT_FIRST == (int)HEAP_NOT_FIRST &&
                   (int)PLATHEAP_GROWING_ALREADY_FREE == (int)HEAP_ALREADY_FREE &&
                   (int)PLATHEAP_GROWING_BROKEN == (int)HEAP_BROKEN,
               "the library's refusals are the heap's");
_Static_assert(PLATHEAP_GROWING_REGION_MOST == (size_t)WINDOW_PAGES_MOST * WINDOW_PAGE,
               "the longest region is the longest window");

static struct growing_heap *growing_of(const struct platheap_growing *heap)
{
    return heap->allocator.heap;
}

static size_t commit_pages(void *context, void *start, size_t npages)
{
    const struct platheap_growing_options *options = context;
    bool done = !options->commit || options->commit(options->context, start, npages * WINDOW_PAGE);
    return done ? npages : 0;
}

static void release_page(void *context, void *page)
{
    const struct platheap_growing_options *options = context;
    if (options->release)
        options->release(options->context, page, WINDOW_PAGE);
}

/* Makes the allocator of HEAP over NBYTES from START on, whole pages. */
static int create(struct platheap_growing *heap, enum platheap_design design, void *start,
                  size_t nbytes)
{
    struct window_source source = {commit_pages, release_page, &heap->options};
    if (design == PLATHEAP_BEST_FIT) {
        int status = best_fit_create(&heap->design.best, start, nbytes, source);
        heap->allocator = best_fit_allocator(&heap->design.best);
        return status;
    }
    int status = window_create(&heap->design.first.window, start, nbytes, source);
    free_list_create(&heap->design.first.list, &heap->design.first.window);
    heap->allocator = free_list_allocator(&heap->design.first.list);
    return status;
}

struct platheap_growing *platheap_growing_create(void *region, size_t nbytes,
                                                 enum platheap_design design,
                                                 const struct platheap_growing_options *options)
{
    uintptr_t start = (uintptr_t)region, end, first;
    size_t own = offsetof(struct platheap_growing, design);
    if (design == PLATHEAP_FREE_LIST)
        own += sizeof(((struct platheap_growing *)0)->design.first);
    else if (design == PLATHEAP_BEST_FIT)
        own += sizeof(((struct platheap_growing *)0)->design.best);
    else
        return NULL;
    if (!region || !checked_add(start, nbytes, &end) ||
        !checked_round_up(start, PLATHEAP_GROWING_ALIGNMENT, &start) ||
        !checked_add(start, own, &first) || !checked_round_up(first, WINDOW_PAGE, &first) ||
        first >= end)
        return NULL;
    size_t room = (end - first) / WINDOW_PAGE * WINDOW_PAGE;
    if (room > PLATHEAP_GROWING_REGION_MOST)
        room = PLATHEAP_GROWING_REGION_MOST;
    struct platheap_growing *heap = (struct platheap_growing *)start;
    memset(heap, 0, own);
    if (options)
        heap->options = *options;
    if (create(heap, design, (void *)first, room))
        return NULL;
    heap->overhead_bytes = nbytes - growing_of(heap)->window->nbytes;
    return heap;
}

static void lock(struct platheap_growing *heap)
{
    if (heap->options.lock)
        heap->options.lock(heap->options.context);
}

static void unlock(struct platheap_growing *heap)
{
    if (heap->options.unlock)
        heap->options.unlock(heap->options.context);
}

static void report(struct platheap_growing *heap, const char *function, const void *pointer,
                   int refusal)
{
    if (refusal && heap->options.report)
        heap->options.report(heap->options.context, function, (void *)(uintptr_t)pointer, refusal);
}

void *platheap_growing_aligned_alloc(struct platheap_growing *heap, size_t alignment, size_t nbytes)
{
    void *pointer = NULL;
    lock(heap);
    if (alignment > 0)
        pointer = allocator_malloc(&heap->allocator, nbytes, alignment);
    heap->failed += !pointer && nbytes > 0;
    unlock(heap);
    return pointer;
}

void *platheap_growing_malloc(struct platheap_growing *heap, size_t nbytes)
{
    return platheap_growing_aligned_alloc(heap, 1, nbytes);
}

static int free_for(struct platheap_growing *heap, const char *function, void *pointer)
{
    if (!pointer)
        return 0;
    lock(heap);
    int refusal = allocator_free(&heap->allocator, pointer);
    unlock(heap);
    report(heap, function, pointer, refusal);
    return refusal;
}

int platheap_growing_free(struct platheap_growing *heap, void *pointer)
{
    return free_for(heap, "platheap_growing_free", pointer);
}

void *platheap_growing_realloc(struct platheap_growing *heap, void *pointer, size_t nbytes)
{
    static const char name[] = "platheap_growing_realloc";
    int refusal;
    if (!pointer)
        return platheap_growing_malloc(heap, nbytes);
    if (nbytes == 0) {
        (void)free_for(heap, name, pointer);
        return NULL;
    }
    lock(heap);
    size_t was = allocator_size(&heap->allocator, pointer, &refusal);
    bool in_place = !refusal && allocator_resize(&heap->allocator, pointer, nbytes);
    unlock(heap);
    report(heap, name, pointer, refusal);
    if (refusal || in_place)
        return refusal ? NULL : pointer;
    void *moved = platheap_growing_malloc(heap, nbytes);
    if (moved) {
        memcpy(moved, pointer, nbytes < was ? nbytes : was);
        (void)free_for(heap, name, pointer);
    }
    return moved;
}

size_t platheap_growing_usable_size(struct platheap_growing *heap, const void *pointer)
{
    int refusal;
    if (!pointer)
        return 0;
    lock(heap);
    size_t nbytes = allocator_size(&heap->allocator, pointer, &refusal);
    unlock(heap);
    report(heap, "platheap_growing_usable_size", pointer, refusal);
    return nbytes;
}

size_t platheap_growing_trim(struct platheap_growing *heap)
{
    lock(heap);
    size_t npages = heap->allocator.kind->trim(heap->allocator.heap);
    unlock(heap);
    return npages * WINDOW_PAGE;
}

void platheap_growing_statistics(struct platheap_growing *heap,
                                 struct platheap_growing_statistics *statistics)
{
    lock(heap);
    const struct growing_heap *growing = growing_of(heap);
    struct allocator_statistics counts = allocator_statistics(&heap->allocator);
    *statistics = (struct platheap_growing_statistics){
        .page_bytes = WINDOW_PAGE,
        .pages = growing->window->nbytes / WINDOW_PAGE,
        .committed = counts.pages,
        .peak = counts.peak,
        .live = growing->nlive,
        .largest = counts.largest,
        .overhead_bytes = heap->overhead_bytes,
        .failed = heap->failed,
        .refused = growing->refused,
    };
    unlock(heap);
}

const char *platheap_growing_check(struct platheap_growing *heap)
{
    lock(heap);
    const char *broken = allocator_check(&heap->allocator);
    unlock(heap);
    return broken;
}
