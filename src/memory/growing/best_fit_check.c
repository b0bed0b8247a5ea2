/* What is true of best fit's blocks: for one pointer, and for all of them. */
#include "lib/checked.h"
#include "memory/growing/best_fit_private.h"

static int find_damage(struct best_fit *heap, const void *block, const void *neighbour)
{
    heap->growing.damage.block = block;
    heap->growing.damage.neighbour = neighbour;
    return HEAP_BROKEN;
}

static bool has_header(const struct best_fit *heap, const struct best_fit_block *block)
{
    return is_multiple((uintptr_t)block, GROWING_ALIGNMENT) &&
           window_has(&heap->window, block, FIT_HEADER);
}

bool best_fit_is_sound(const struct best_fit *heap, const struct best_fit_block *block)
{
    return !block || (has_header(heap, block) && fit_is(block, FIT_TAKEN));
}

/* What POINTER is, when there is no header in front of it. O(blocks). */
static int fit_judge_slowly(struct best_fit *heap, const uint8_t *pointer)
{
    const struct best_fit_block *before = NULL;
    for (const struct best_fit_block *at = heap->first; at; at = at->next) {
        if (!best_fit_is_sound(heap, at) || at->previous != before) /* and so there is no circle */
            return find_damage(heap, at, before);
        if ((const uint8_t *)at > pointer)
            break;
        before = at;
    }
    return before && pointer < fit_end_of(before) ? HEAP_NOT_FIRST : HEAP_ALREADY_FREE;
}

bool best_fit_gap_is_sound(struct best_fit *heap, const struct free_piece *gap)
{
    const struct best_fit_block *before = gap->before, *after = heap->first;
    if (!best_fit_is_sound(heap, before))
        return !find_damage(heap, before, gap->start);
    if (before)
        after = before->next;
    if (best_fit_is_sound(heap, after) && (after ? after->previous : heap->last) == before &&
        gap_start(heap, before) == gap->start && gap_end(heap, after) == gap->start + gap->nbytes)
        return true;
    return !find_damage(heap, after, before);
}

int best_fit_judge(struct best_fit *heap, const void *pointer)
{
    const struct best_fit_block *block = fit_header_of(pointer);
    if (window_offset(&heap->window, pointer) >= window_size(&heap->window))
        return HEAP_OUT_OF_RANGE;
    if (!is_multiple((uintptr_t)pointer, GROWING_ALIGNMENT))
        return HEAP_MISALIGNED;
    if (!best_fit_is_sound(heap, block))
        return fit_judge_slowly(heap, pointer);
    const struct best_fit_block *previous = block->previous, *next = block->next;
    if (!best_fit_is_sound(heap, previous) || (previous ? previous->next : heap->first) != block)
        return find_damage(heap, block, previous);
    if (!best_fit_is_sound(heap, next) || (next ? next->previous : heap->last) != block)
        return find_damage(heap, block, next);
    return HEAP_FREED;
}

/* Whether the gap from START to END, if there is one, is in the array; counts it. */
static bool gap_is_known(const struct best_fit *heap, uint8_t *start, const uint8_t *end,
                         size_t *ngaps)
{
    if (start == end)
        return true;
    struct free_piece gap = {.nbytes = (size_t)(end - start), .start = start};
    size_t place = ordered_array_find(&heap->free, gap);
    ++*ngaps;
    return place < heap->free.count && heap->free.pieces[place].start == start &&
           heap->free.pieces[place].nbytes == gap.nbytes;
}

const char *best_fit_check(const void *memory)
{
    const struct best_fit *heap = fit_of(memory);
    const struct best_fit_block *previous = NULL;
    size_t nlive = 0, ngaps = 0;
    const char *broken = window_check(&heap->window);
    if (!broken)
        broken = ordered_array_check(&heap->free);
    for (const struct best_fit_block *at = heap->first; at && !broken; at = at->next) {
        if (!best_fit_is_sound(heap, at))
            return "a block's header has been overwritten";
        if (at->previous != previous || (uint8_t *)at < gap_start(heap, previous))
            return "a block is not linked to its neighbour";
        if (!window_has(&heap->window, at, at->size))
            return "an allocation has pages without frames, or none of the heap's";
        size_t gap = (size_t)((const uint8_t *)at - gap_start(heap, previous));
        if (gap > 0 && gap < FIT_LEAST)
            return "a gap has no room for an allocation";
        if (!gap_is_known(heap, gap_start(heap, previous), (const uint8_t *)at, &ngaps))
            return "the array does not hold a gap";
        nlive++;
        previous = at;
    }
    if (broken)
        return broken;
    if (heap->last != previous)
        return "the last block is not the last";
    if (!gap_is_known(heap, gap_start(heap, previous), heap->window.brk, &ngaps))
        return "the array does not hold the gap at the break";
    if (ngaps != heap->free.count)
        return "the array holds a gap that is none";
    return nlive == heap->growing.nlive ? NULL : "the count of allocations is wrong";
}

void best_fit_picture(const struct growing_heap *growing, struct growing_picture *picture)
{
    const struct ordered_array *array = &fit_of(growing)->free;
    *picture = (struct growing_picture){.array_count = array->count, .array_room = array->room};
    for (size_t i = 0; i < array->count; i++)
        growing_picture_add(picture, array->pieces[i].nbytes);
}

void best_fit_statistics(const void *memory, struct allocator_statistics *statistics)
{
    const struct best_fit *heap = fit_of(memory);
    const struct window *window = &heap->window;
    const uint8_t *end = heap->growing.kind->end(&heap->growing);
    size_t largest = end ? window->nbytes - window_offset(window, end) : 0;
    if (heap->free.count > 0 && heap->free.pieces[heap->free.count - 1].nbytes > largest)
        largest = heap->free.pieces[heap->free.count - 1].nbytes;
    *statistics = (struct allocator_statistics){
        .pages = window->pages + heap->free.window.pages, /* the array only ever has more */
        .peak = window->peak + heap->free.window.peak,
        .returned = window->returned + heap->free.window.returned,
        .largest = largest > FIT_HEADER ? largest - FIT_HEADER : 0,
    };
}
