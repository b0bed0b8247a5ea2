#include "memory/kheap/kheap_growing.h"

#include "lib/string.h"
#include "memory/growing/best_fit.h"
#include "memory/growing/free_list.h"
#include "memory/kheap/heap_map.h"
#include "memory/kheap/kernel_window.h"

enum { WINDOW_BYTES = 64 << 20 };

/* Objects of a growing heap, and of the block heap from before there was one. */
struct two_heaps {
    struct allocator growing, blocks;
    uint8_t *start; /* of the window, in which everything is the growing heap's */
    size_t nbytes;
};

/* Whose POINTER is. */
static const struct allocator *owner_of(const void *heaps, const void *pointer)
{
    const struct two_heaps *two = heaps;
    bool growing = (uintptr_t)pointer - (uintptr_t)two->start < two->nbytes;
    return growing ? &two->growing : &two->blocks;
}

static void *two_malloc(void *heaps, size_t nbytes, size_t alignment)
{
    const struct two_heaps *two = heaps;
    return allocator_malloc(&two->growing, nbytes, alignment);
}

static int two_free(void *heaps, void *pointer)
{
    return allocator_free(owner_of(heaps, pointer), pointer);
}

static size_t two_size(const void *heaps, const void *pointer, int *refusal)
{
    return allocator_size(owner_of(heaps, pointer), pointer, refusal);
}

static bool two_resize(void *heaps, void *pointer, size_t nbytes)
{
    return allocator_resize(owner_of(heaps, pointer), pointer, nbytes);
}

static bool two_stay(void *heaps, void *pointer, size_t nbytes)
{
    return allocator_stay(owner_of(heaps, pointer), pointer, nbytes);
}

static size_t two_trim(void *heaps)
{
    const struct two_heaps *two = heaps;
    return two->growing.kind->trim(two->growing.heap) + two->blocks.kind->trim(two->blocks.heap);
}

static const char *two_check(const void *heaps)
{
    const struct two_heaps *two = heaps;
    const char *broken = allocator_check(&two->growing);
    return broken ? broken : allocator_check(&two->blocks);
}

static void two_statistics(const void *heaps, struct allocator_statistics *statistics)
{
    const struct two_heaps *two = heaps;
    *statistics = allocator_statistics(&two->growing);
}

static const struct allocator_kind two_kind = {.name = "growing",
                                               .malloc = two_malloc,
                                               .free = two_free,
                                               .size = two_size,
                                               .resize = two_resize,
                                               .stay = two_stay,
                                               .trim = two_trim,
                                               .check = two_check,
                                               .statistics = two_statistics};

/* What is allocated once and for good. */
struct parts {
    struct two_heaps two;
    struct window window; /* of the free list */
    union {
        struct free_list free_list;
        struct best_fit best_fit;
    } heap;
};

static struct growing_heap *create(const char *design, struct parts *parts, void *start,
                                   size_t nbytes, struct window_source source)
{
    struct free_list *list = &parts->heap.free_list;
    struct best_fit *fit = &parts->heap.best_fit;
    if (string_equal(design, "best_fit")) {
        if (best_fit_create(fit, start, nbytes, source))
            return NULL;
        parts->two.growing = best_fit_allocator(fit);
        heap_map_publish_best_fit(fit);
        return &fit->growing;
    }
    if (window_create(&parts->window, start, nbytes, source))
        return NULL;
    free_list_create(list, &parts->window);
    parts->two.growing = free_list_allocator(list);
    heap_map_publish_free_list(list);
    return &list->growing;
}

struct growing_heap *kheap_growing_create(const char *design, struct block_heap *blocks,
                                          const struct memory_map *map, struct allocator *objects)
{
    struct window_source source;
    size_t nbytes = WINDOW_BYTES;
    struct parts *parts = block_heap_malloc_for(blocks, OWNER_WINDOW, sizeof *parts);
    if (!parts)
        return NULL;
    void *start = kernel_window_open(blocks, map, &nbytes, &source);
    struct growing_heap *heap = start ? create(design, parts, start, nbytes, source) : NULL;
    if (!heap) {
        (void)!block_heap_free(blocks, parts); /* just allocated: it is not refused */
        return NULL;
    }
    parts->two.blocks = block_heap_allocator(blocks);
    parts->two.start = start;
    parts->two.nbytes = nbytes;
    *objects = (struct allocator){.kind = &two_kind, .heap = &parts->two};
    return heap;
}
