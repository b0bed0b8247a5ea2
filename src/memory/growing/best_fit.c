/*
 * Theory. Nothing is written into a free piece, so all of its whole pages may go; the array knows
 * where it is. A gap is free and the whole space between two allocations, so nothing is ever left
 * to be joined: freeing a block makes one gap of the one in front, the block, and the one behind,
 * and both neighbours stand in the block's header.
 *
 * Invariant:
 *   - every allocation has its seal, is linked to its neighbours in the order of addresses, and all
 *     its bytes have frames;
 *   - the array holds exactly the gaps between allocations, in front of the first and behind the
 *     last up to the break;
 *   - a gap has room for an allocation, but for the one at the break;
 *   - the array has room for two pieces more than there are allocations, or for as many as there
 *     can ever be. There can't be more gaps than allocations and one: freeing never needs memory.
 *
 * Cost: a binary search in the array, a look at each entry behind that has not the room or the
 * frames, and moving what lies behind the place in it: an allocation moves at most two entries, a
 * free three.
 */
#include "memory/growing/best_fit.h"

#include "lib/checked.h"
#include "memory/growing/best_fit_private.h"

enum { ARRAY_SHARE = 4 }; /* the part of the memory that is the array's */

/* Every gap but the last has an allocation behind it: two times FIT_LEAST bytes for each piece. */
#define PIECES_MOST(nbytes) ((nbytes) / (2 * FIT_LEAST) + 2)
_Static_assert(PIECES_MOST((ARRAY_SHARE - 1) * WINDOW_PAGE) * sizeof(struct free_piece) <=
                   WINDOW_PAGE,
               "each page of the array has room for the pieces of its share of the memory");

/* The gap between BEFORE and AFTER, each NULL at an end; of no bytes where they touch. */
static struct free_piece gap_between(const struct best_fit *heap, struct best_fit_block *before,
                                     struct best_fit_block *after)
{
    uint8_t *start = gap_start(heap, before);
    return (struct free_piece){(size_t)(gap_end(heap, after) - start), start, before};
}

static void insert_gap(struct best_fit *heap, struct free_piece gap)
{
    if (gap.nbytes)
        ordered_array_insert(&heap->free, gap);
}

static void remove_gap(struct best_fit *heap, struct free_piece gap)
{
    if (gap.nbytes)
        ordered_array_remove(&heap->free, ordered_array_find(&heap->free, gap));
}

/* How many gaps there may be with one allocation more. */
static size_t gaps_most(const struct best_fit *heap)
{
    size_t most = PIECES_MOST(heap->window.nbytes), count = heap->growing.nlive + 3;
    return count < most ? count : most;
}

static bool reserve(struct best_fit *heap)
{
    return ordered_array_reserve(&heap->free, gaps_most(heap));
}

static uint8_t *fit_end(const struct growing_heap *growing)
{
    const struct best_fit *heap = fit_of(growing);
    return best_fit_is_sound(heap, heap->last) ? gap_start(heap, heap->last) : NULL;
}

static void fit_move_end(struct growing_heap *growing, uint8_t *from, uint8_t *to)
{
    struct best_fit *heap = fit_of(growing);
    uint8_t *start = fit_end(growing);
    remove_gap(heap, (struct free_piece){(size_t)(from - start), start, heap->last});
    insert_gap(heap, (struct free_piece){(size_t)(to - start), start, heap->last});
}

/* Links a new allocation at PLACE, whose header has frames, behind BEFORE. */
static struct best_fit_block *fit_link(struct best_fit *heap, struct best_fit_block *before,
                                       uint8_t *place, size_t size)
{
    struct best_fit_block *block = (struct best_fit_block *)(void *)place;
    block->size = size;
    block->seal = fit_seal(block, FIT_TAKEN);
    block->previous = before;
    block->next = before ? before->next : heap->first;
    *(before ? &before->next : &heap->first) = block;
    *(block->next ? &block->next->previous : &heap->last) = block;
    return block;
}

/* Allocates SIZE bytes at PLACE in entry ENTRY of the array; NULL without memory. */
static void *fit_cut(struct best_fit *heap, size_t entry, uint8_t *place, size_t size)
{
    struct free_piece gap = heap->free.pieces[entry];
    size_t rest = (size_t)(gap.start + gap.nbytes - place) - size;
    if (rest < FIT_LEAST)
        size += rest;
    if (!window_back(&heap->window, place, place + size))
        return NULL;
    ordered_array_remove(&heap->free, entry);
    struct best_fit_block *block = fit_link(heap, gap.before, place, size);
    insert_gap(heap, gap_between(heap, block->previous, block));
    insert_gap(heap, gap_between(heap, block, block->next));
    heap->growing.nlive++;
    return block + 1;
}

/* The smallest gap that is large enough and has the frames, cut. */
static bool best(struct growing_heap *growing, const uint8_t *from, size_t size, size_t alignment,
                 void **pointer)
{
    struct best_fit *heap = fit_of(growing);
    size_t entry = ordered_array_find(&heap->free, (struct free_piece){.nbytes = size});
    *pointer = NULL;
    for (; entry < heap->free.count && !*pointer; entry++) {
        const struct free_piece *gap = &heap->free.pieces[entry];
        uint8_t *place = growing_place(gap->start, FIT_HEADER, alignment, FIT_LEAST);
        if (gap->start < from || (size_t)(place - gap->start) + size > gap->nbytes)
            continue;
        if (!best_fit_gap_is_sound(heap, gap))
            return false;
        *pointer = fit_cut(heap, entry, place, size);
    }
    return true;
}

static void *fit_malloc(void *memory, size_t nbytes, size_t alignment)
{
    struct best_fit *heap = fit_of(memory);
    size_t size;
    if (!growing_block_size(nbytes, FIT_HEADER, &size) ||
        !growing_alignment(&heap->window, &alignment) || !reserve(heap))
        return NULL;
    return growing_heap_malloc(&heap->growing, size, alignment);
}

static int fit_free(void *memory, void *pointer)
{
    struct best_fit *heap = fit_of(memory);
    struct best_fit_block *block = fit_header_of(pointer);
    int refusal = best_fit_judge(heap, pointer);
    if (refusal) {
        heap->growing.refused++;
        return refusal;
    }
    struct best_fit_block *before = block->previous, *after = block->next;
    remove_gap(heap, gap_between(heap, before, block));
    remove_gap(heap, gap_between(heap, block, after));
    *(before ? &before->next : &heap->first) = after;
    *(after ? &after->previous : &heap->last) = before;
    block->seal = fit_seal(block, FIT_FREED);
    heap->growing.nlive--;
    struct free_piece gap = gap_between(heap, before, after);
    insert_gap(heap, gap);
    growing_heap_settle(&heap->growing, gap.start, gap.start + gap.nbytes);
    return HEAP_FREED;
}

static size_t fit_size(const void *memory, const void *pointer, int *refusal)
{
    int reason = best_fit_judge(fit_of(memory), pointer);
    if (refusal)
        *refusal = reason;
    return reason ? 0 : fit_header_of(pointer)->size - FIT_HEADER;
}

static bool fit_resize(void *memory, void *pointer, size_t nbytes)
{
    struct best_fit *heap = fit_of(memory);
    struct best_fit_block *block = fit_header_of(pointer);
    size_t size;
    if (!growing_block_size(nbytes, FIT_HEADER, &size) || best_fit_judge(heap, pointer))
        return false;
    size_t room = (size_t)(gap_end(heap, block->next) - (uint8_t *)block);
    if (size > room)
        return false;
    if (room - size < FIT_LEAST)
        size = room;
    if (!window_back(&heap->window, block, (uint8_t *)block + size))
        return false;
    remove_gap(heap, gap_between(heap, block, block->next));
    block->size = size;
    block->seal = fit_seal(block, FIT_TAKEN);
    struct free_piece gap = gap_between(heap, block, block->next);
    insert_gap(heap, gap);
    growing_heap_settle(&heap->growing, gap.start, gap.start + gap.nbytes);
    return true;
}

static size_t fit_trim(void *memory)
{
    struct best_fit *heap = fit_of(memory);
    size_t ours = growing_heap_trim(memory), before = heap->free.window.pages;
    ordered_array_trim(&heap->free, gaps_most(heap));
    return ours + (before - heap->free.window.pages);
}

int best_fit_create(struct best_fit *heap, void *start, size_t nbytes, struct window_source source)
{
    static const struct growing_kind kind = {
        .allocator = {.name = "best_fit",
                      .malloc = fit_malloc,
                      .free = fit_free,
                      .size = fit_size,
                      .resize = fit_resize,
                      .trim = fit_trim,
                      .check = best_fit_check,
                      .statistics = best_fit_statistics},
        .header = FIT_HEADER,
        .gap = FIT_LEAST,
        .find = best,
        .end = fit_end,
        .move_end = fit_move_end,
        .picture = best_fit_picture,
        .each = best_fit_each,
        .search = best_fit_search,
    };
    size_t share = units_to_hold(nbytes / WINDOW_PAGE, ARRAY_SHARE) * WINDOW_PAGE;
    heap->growing = (struct growing_heap){.kind = &kind, .window = &heap->window};
    heap->first = heap->last = NULL;
    int status = ordered_array_create(&heap->free, start, share, source);
    if (!status)
        status = window_create(&heap->window, (uint8_t *)start + share, nbytes - share, source);
    return status || reserve(heap) ? status : -ENOMEM;
}

struct allocator best_fit_allocator(struct best_fit *heap)
{
    return (struct allocator){.kind = &heap->growing.kind->allocator, .heap = heap};
}
