/* What is true of a free list's blocks: for one pointer, and for all of them. */
#include "lib/checked.h"
#include "memory/growing/free_list_private.h"

static bool in_break(const struct free_list *heap, const void *address)
{
    return window_offset(heap->growing.window, address) < window_size(heap->growing.window);
}

int free_list_damage(struct free_list *heap, const void *block, const void *neighbour)
{
    heap->growing.damage.block = block;
    heap->growing.damage.neighbour = neighbour;
    return HEAP_BROKEN;
}

/* Why nobody can say by its header alone what POINTER is; so all blocks are asked. O(blocks). */
static int list_judge_slowly(struct free_list *heap, const uint8_t *pointer)
{
    const uint8_t *brk = heap->growing.window->brk;
    const struct memory_block *previous = NULL;
    for (uint8_t *at = heap->growing.window->start; at < brk;) {
        const struct memory_block *block = (struct memory_block *)(void *)at;
        bool is_free = list_is(block, LIST_FREE);
        if (!is_free && !list_is(block, LIST_TAKEN))
            return free_list_damage(heap, block, previous);
        if (pointer < list_end_of(block))
            return is_free ? HEAP_ALREADY_FREE : HEAP_NOT_FIRST;
        previous = block;
        at = list_end_of(block);
    }
    return HEAP_OUT_OF_RANGE;
}

int free_list_judge(struct free_list *heap, const void *pointer)
{
    const struct memory_block *block = list_header_of(pointer);
    if (!in_break(heap, pointer))
        return HEAP_OUT_OF_RANGE;
    if (!is_multiple((uintptr_t)pointer, GROWING_ALIGNMENT))
        return HEAP_MISALIGNED;
    if (!in_break(heap, block) || !window_has(heap->growing.window, block, LIST_HEADER) ||
        !list_is(block, LIST_TAKEN))
        return list_judge_slowly(heap, pointer);
    const struct memory_block *next = (struct memory_block *)(void *)list_end_of(block);
    if ((uint8_t *)next < heap->growing.window->brk && !list_is(next, LIST_FREE) &&
        !list_is(next, LIST_TAKEN))
        return free_list_damage(heap, block, next);
    return HEAP_FREED;
}

const char *free_list_check(const void *memory)
{
    const struct free_list *heap = list_of(memory);
    const struct window *window = heap->growing.window;
    const struct memory_block *listed = heap->first, *previous = NULL;
    size_t nlive = 0;
    const char *broken = window_check(window);
    for (uint8_t *at = window->start; at < window->brk && !broken;) {
        const struct memory_block *block = (struct memory_block *)(void *)at;
        if (!is_multiple((uintptr_t)at, GROWING_ALIGNMENT) || !window_has(window, at, LIST_HEADER))
            return "a block's header stands where none can";
        bool is_free = list_is(block, LIST_FREE);
        if (!is_free && !list_is(block, LIST_TAKEN))
            return "a block's header has been overwritten";
        if (block->size < LIST_HEADER || block->size > (size_t)(window->brk - at))
            return "a block reaches past the break";
        if (is_free && block != listed)
            return "the list does not hold the free blocks in their order";
        if (is_free && previous && list_is(previous, LIST_FREE))
            return "two neighbours are both free";
        if (!is_free && !window_has(window, at, block->size))
            return "an allocation has pages without frames";
        listed = is_free ? block->next : listed;
        nlive += !is_free;
        previous = block;
        at = list_end_of(block);
    }
    if (!broken && listed)
        return "the list holds a block that is none";
    return broken || nlive == heap->growing.nlive ? broken : "the count of allocations is wrong";
}

void free_list_picture(const struct growing_heap *growing, struct growing_picture *picture)
{
    *picture = (struct growing_picture){0};
    for (const struct memory_block *at = list_of(growing)->first; at && list_is(at, LIST_FREE);
         at = at->next)
        growing_picture_add(picture, at->size);
}

void free_list_statistics(const void *memory, struct allocator_statistics *statistics)
{
    const struct free_list *heap = list_of(memory);
    const struct window *window = heap->growing.window;
    size_t above = window->nbytes - window_size(window), largest = 0;
    const struct memory_block *last = NULL;
    for (const struct memory_block *at = heap->first; at && list_is(at, LIST_FREE); at = at->next) {
        largest = at->size > largest ? at->size : largest;
        last = at;
    }
    if (last && list_end_of(last) == window->brk)
        above += last->size;
    largest = above > largest ? above : largest;
    *statistics =
        (struct allocator_statistics){.pages = window->pages,
                                      .peak = window->peak,
                                      .returned = window->returned,
                                      .largest = largest > LIST_HEADER ? largest - LIST_HEADER : 0};
}
