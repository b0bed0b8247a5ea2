/*
 * Theory. Blocks lie one behind the other from the window's start to its break, each with its
 * header in front. A header is sealed: its first word mixes whether the block is free with where
 * and how large it is and which is the next free one, so that a header that was overwritten, or
 * copied, is seen before its other words are believed.
 *
 * Invariant:
 *   - the sizes of the blocks lead from the window's start to its break, exactly;
 *   - every header has its seal, and lies in pages with frames; so do all bytes of a taken block;
 *   - no two neighbours are both free;
 *   - the list holds the free blocks and no others, in the order of their addresses.
 *
 * Cost: an allocation walks the free blocks up to the first that fits and has its frames, a free
 * those below it: the list is the only way to the neighbour in front. A free block that is large
 * has no frames between its header and its last page.
 */
#include "memory/growing/free_list.h"

#include "lib/checked.h"
#include "memory/growing/free_list_private.h"

static struct memory_block *write_block(uint8_t *place, size_t size, uint32_t state)
{
    struct memory_block *block = (struct memory_block *)(void *)place;
    block->size = size;
    block->next = NULL;
    block->free = list_seal(block, state);
    return block;
}

/* Says that the free block behind PREVIOUS, or the first where that is NULL, is NEXT. */
static void set_next(struct free_list *heap, struct memory_block *previous,
                     struct memory_block *next)
{
    *(previous ? &previous->next : &heap->first) = next;
    if (previous)
        previous->free = list_seal(previous, LIST_FREE);
}

/*
 * The last free block below ADDRESS into *PREVIOUS; NULL where there is none. HEAP_BROKEN where a
 * header on the way there has no seal.
 */
static int find_previous(struct free_list *heap, const uint8_t *address,
                         struct memory_block **previous)
{
    struct memory_block *last = NULL;
    for (struct memory_block *at = heap->first; at && (uint8_t *)at < address; at = at->next) {
        if (!list_is(at, LIST_FREE) || (last && list_end_of(last) >= (uint8_t *)at))
            return free_list_damage(heap, at, last);
        last = at;
    }
    *previous = last;
    return last && list_end_of(last) > address ? free_list_damage(heap, last, address) : HEAP_FREED;
}

/* Links BLOCK, free, behind PREVIOUS, or first where that is NULL. */
static void list_link(struct free_list *heap, struct memory_block *previous,
                      struct memory_block *block)
{
    set_next(heap, block, previous ? previous->next : heap->first);
    set_next(heap, previous, block);
}

static void list_unlink(struct free_list *heap, struct memory_block *previous,
                        struct memory_block *block)
{
    set_next(heap, previous, block->next);
}

/* Makes BLOCK and what is free on both sides one free block; PREVIOUS is the last free one below.
 */
static struct memory_block *join(struct free_list *heap, struct memory_block *previous,
                                 struct memory_block *block)
{
    uint8_t *end = list_end_of(block);
    struct memory_block *next = previous ? previous->next : heap->first;
    if ((uint8_t *)next == end) {
        end = list_end_of(next);
        list_unlink(heap, previous, next);
    }
    if (previous && list_end_of(previous) == (uint8_t *)block) {
        next = previous->next;
        block->free = list_seal(block, LIST_FREE); /* for who frees it again */
        block = write_block((uint8_t *)previous, (size_t)(end - (uint8_t *)previous), LIST_FREE);
        set_next(heap, block, next);
        return block;
    }
    block = write_block((uint8_t *)block, (size_t)(end - (uint8_t *)block), LIST_FREE);
    list_link(heap, previous, block);
    return block;
}

/* The last free block, and the one before it, or a broken one; NULL where there is none. */
static struct memory_block *last_free(const struct free_list *heap, struct memory_block **previous)
{
    *previous = NULL;
    struct memory_block *last = heap->first;
    for (; last && list_is(last, LIST_FREE) && last->next; last = last->next)
        *previous = last;
    return last;
}

static uint8_t *list_end(const struct growing_heap *growing)
{
    struct memory_block *previous, *last = last_free(list_of(growing), &previous);
    if (last && !list_is(last, LIST_FREE))
        return NULL;
    return last && list_end_of(last) == growing->window->brk ? (uint8_t *)last
                                                             : growing->window->brk;
}

static void list_move_end(struct growing_heap *growing, uint8_t *from, uint8_t *to)
{
    struct free_list *heap = list_of(growing);
    struct memory_block *previous, *last = last_free(heap, &previous);
    bool joins = last && list_end_of(last) == from;
    uint8_t *start = joins ? (uint8_t *)last : from;
    if (joins)
        list_unlink(heap, previous, last);
    if (start < to)
        list_link(heap, joins ? previous : last,
                  write_block(start, (size_t)(to - start), LIST_FREE));
}

/* Cuts a block of SIZE bytes at PLACE out of BLOCK, which is free; NULL without memory. */
static void *list_cut(struct free_list *heap, struct memory_block *previous,
                      struct memory_block *block, uint8_t *place, size_t size)
{
    uint8_t *end = list_end_of(block);
    size_t rest = (size_t)(end - place) - size;
    if (rest < LIST_HEADER) {
        size += rest;
        rest = 0;
    }
    if (!window_back(heap->growing.window, place, place + size + (rest ? LIST_HEADER : 0)))
        return NULL;
    list_unlink(heap, previous, block);
    if (place > (uint8_t *)block) {
        block = write_block((uint8_t *)block, (size_t)(place - (uint8_t *)block), LIST_FREE);
        list_link(heap, previous, block);
        previous = block;
    }
    if (rest)
        list_link(heap, previous, write_block(place + size, rest, LIST_FREE));
    return write_block(place, size, LIST_TAKEN) + 1;
}

/* The first free block that is large enough and has the frames, cut. */
static bool first_fit(struct growing_heap *growing, const uint8_t *from, size_t size,
                      size_t alignment, void **pointer)
{
    struct free_list *heap = list_of(growing);
    struct memory_block *previous = NULL;
    *pointer = NULL;
    for (struct memory_block *at = heap->first; at && !*pointer; at = at->next) {
        if (!list_is(at, LIST_FREE)) {
            (void)free_list_damage(heap, at, previous);
            return false;
        }
        uint8_t *place = growing_place((uint8_t *)at, LIST_HEADER, alignment, LIST_HEADER);
        if ((uint8_t *)at >= from && place <= list_end_of(at) &&
            (size_t)(list_end_of(at) - place) >= size)
            *pointer = list_cut(heap, previous, at, place, size);
        previous = at;
    }
    return true;
}

static void *list_malloc(void *memory, size_t nbytes, size_t alignment)
{
    struct free_list *heap = list_of(memory);
    size_t size;
    if (!growing_block_size(nbytes, LIST_HEADER, &size) ||
        !growing_alignment(heap->growing.window, &alignment))
        return NULL;
    void *pointer = growing_heap_malloc(&heap->growing, size, alignment);
    heap->growing.nlive += pointer != NULL;
    return pointer;
}

static int list_free(void *memory, void *pointer)
{
    struct free_list *heap = list_of(memory);
    struct memory_block *block = list_header_of(pointer), *previous = NULL;
    int refusal = free_list_judge(heap, pointer);
    if (!refusal)
        refusal = find_previous(heap, (uint8_t *)block, &previous);
    if (refusal) {
        heap->growing.refused++;
        return refusal;
    }
    heap->growing.nlive--;
    block = join(heap, previous, block);
    growing_heap_settle(&heap->growing, (uint8_t *)block + LIST_HEADER, list_end_of(block));
    return HEAP_FREED;
}

static size_t list_size(const void *memory, const void *pointer, int *refusal)
{
    int reason = free_list_judge(list_of(memory), pointer);
    if (refusal)
        *refusal = reason;
    return reason ? 0 : list_header_of(pointer)->size - LIST_HEADER;
}

static bool list_resize(void *memory, void *pointer, size_t nbytes)
{
    struct free_list *heap = list_of(memory);
    struct memory_block *block = list_header_of(pointer), *previous;
    size_t size;
    if (!growing_block_size(nbytes, LIST_HEADER, &size) || free_list_judge(heap, pointer) ||
        find_previous(heap, (uint8_t *)block, &previous))
        return false;
    struct memory_block *next = previous ? previous->next : heap->first;
    size_t room = block->size + ((uint8_t *)next == list_end_of(block) ? next->size : 0);
    if (size > room)
        return false;
    size_t rest = room - size;
    if (rest < LIST_HEADER) {
        size = room;
        rest = 0;
    }
    if (!window_back(heap->growing.window, block,
                     (uint8_t *)block + size + (rest ? LIST_HEADER : 0)))
        return false;
    if ((uint8_t *)next == list_end_of(block))
        list_unlink(heap, previous, next);
    (void)write_block((uint8_t *)block, size, LIST_TAKEN);
    if (!rest)
        return true;
    next = write_block(list_end_of(block), rest, LIST_FREE);
    list_link(heap, previous, next);
    growing_heap_settle(&heap->growing, (uint8_t *)next + LIST_HEADER, list_end_of(next));
    return true;
}

struct allocator free_list_allocator(struct free_list *heap)
{
    return (struct allocator){.kind = &heap->growing.kind->allocator, .heap = heap};
}

void free_list_create(struct free_list *heap, struct window *window)
{
    static const struct growing_kind kind = {
        .allocator = {.name = "free_list",
                      .malloc = list_malloc,
                      .free = list_free,
                      .size = list_size,
                      .resize = list_resize,
                      .trim = growing_heap_trim,
                      .check = free_list_check,
                      .statistics = free_list_statistics},
        .header = LIST_HEADER,
        .gap = LIST_HEADER,
        .least = LIST_HEADER,
        .find = first_fit,
        .end = list_end,
        .move_end = list_move_end,
        .picture = free_list_picture,
        .each = free_list_each,
        .search = free_list_search,
    };
    *heap = (struct free_list){.growing = {.kind = &kind, .window = window}};
}
