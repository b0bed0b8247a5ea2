/* The block heap behind the interface that all heaps have. */
#include "memory/heap/block_heap.h"

static void *allocator_serve(void *heap, size_t nbytes, size_t alignment)
{
    return alignment ? block_heap_malloc_aligned(heap, nbytes, alignment)
                     : block_heap_malloc(heap, nbytes);
}

static int take_back(void *heap, void *pointer)
{
    return block_heap_free(heap, pointer);
}

static size_t size(const void *heap, const void *pointer, int *refusal)
{
    return block_heap_size(heap, pointer, refusal);
}

static bool resize(void *heap, void *pointer, size_t nbytes)
{
    return block_heap_resize(heap, pointer, nbytes);
}

static bool stay(void *heap, void *pointer, size_t nbytes)
{
    return block_heap_stay(heap, pointer, nbytes);
}

static size_t trim(void *heap)
{
    return block_heap_trim(heap);
}

static const char *check(const void *heap)
{
    return block_heap_check(heap);
}

static void statistics(const void *memory, struct allocator_statistics *statistics)
{
    const struct heap *heap = block_heap_table(memory);
    *statistics =
        (struct allocator_statistics){.pages = heap->statistics.taken,
                                      .peak = heap->statistics.peak,
                                      .largest = heap_largest_free(heap) * HEAP_BLOCK_SIZE};
}

struct allocator block_heap_allocator(struct block_heap *heap)
{
    static const struct allocator_kind kind = {.name = "block",
                                               .malloc = allocator_serve,
                                               .free = take_back,
                                               .size = size,
                                               .resize = resize,
                                               .stay = stay,
                                               .trim = trim,
                                               .check = check,
                                               .statistics = statistics};
    return (struct allocator){.kind = &kind, .heap = heap};
}
