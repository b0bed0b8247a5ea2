/*
 * Theory. Where frames are short, a gap may be long enough and still not serve: a request goes on
 * to the next gap, and at last to the break. A page without a frame lies wholly inside of one gap,
 * so that a search through all of them asks for each page once. The last gap is tried again with
 * the break moved up: by a step, so that the next requests find room; then by no more than this
 * request must have, as the rest of a step takes frames, too. Without either there is no place for
 * it.
 */
#include "memory/growing/growing.h"

#include "lib/bits.h"
#include "lib/checked.h"

/* How short the heap can be when its last allocation ends at END. */
static size_t shortest(const struct growing_heap *heap, const uint8_t *end)
{
    size_t used = window_offset(heap->window, end);
    size_t size = units_to_hold(used, WINDOW_PAGE) * WINDOW_PAGE;
    return size > used && size - used < heap->kind->least ? size + WINDOW_PAGE : size;
}

int growing_heap_resize(struct growing_heap *heap, size_t nbytes)
{
    struct window *window = heap->window;
    uint8_t *was = window->brk, *end = heap->kind->end(heap);
    size_t size;
    if (!end || !checked_round_up(nbytes, WINDOW_PAGE, &size) || size > window->nbytes ||
        size < shortest(heap, end))
        return -EINVARG;
    if (window->start + size < was)
        heap->kind->move_end(heap, was, window->start + size); /* the page that says so may go */
    int status = kbrk(window, window->start + size);
    if (!status && window->brk > was)
        heap->kind->move_end(heap, was, window->brk);
    return status;
}

static void shrink(struct growing_heap *heap, size_t nbytes)
{
    int status = growing_heap_resize(heap, nbytes);
    (void)status; /* down to where nothing is allocated never fails */
}

/* SIZE bytes behind END, where the last allocation ends, with a heap that is NBYTES long; else
 * NULL, and it is as long as it was. */
static void *find_behind(struct growing_heap *heap, const uint8_t *end, size_t nbytes, size_t size,
                         size_t alignment)
{
    size_t was = window_size(heap->window);
    void *pointer = NULL;
    if (growing_heap_resize(heap, nbytes))
        return NULL;
    if (!heap->kind->find(heap, end, size, alignment, &pointer) || !pointer)
        shrink(heap, was); /* the frames below the old break are not there */
    return pointer;
}

void *growing_heap_malloc(struct growing_heap *heap, size_t size, size_t alignment)
{
    const struct growing_kind *kind = heap->kind;
    const struct window *window = heap->window;
    void *pointer = NULL;
    if (!kind->find(heap, window->start, size, alignment, &pointer) || pointer)
        return pointer;
    uint8_t *end = kind->end(heap);
    if (!end)
        return NULL;
    size_t was = window_size(window), least;
    const uint8_t *place = growing_place(end, kind->header, alignment, kind->gap);
    if (!checked_add(window_offset(window, place), size, &least) || least <= was)
        return NULL;
    if (least <= was + GROWING_STEP)
        pointer = find_behind(heap, end, was + GROWING_STEP, size, alignment);
    return pointer ? pointer : find_behind(heap, end, least, size, alignment);
}

size_t growing_heap_trim(void *memory)
{
    struct growing_heap *heap = memory;
    size_t before = heap->window->pages;
    const uint8_t *end = heap->kind->end(heap);
    if (end)
        shrink(heap, shortest(heap, end));
    return before - heap->window->pages;
}

void growing_heap_settle(struct growing_heap *heap, uint8_t *from, uint8_t *to)
{
    struct window *window = heap->window;
    size_t first = units_to_hold(window_offset(window, from), WINDOW_PAGE);
    if (to == window->brk && (size_t)(to - from) >= GROWING_STEP)
        (void)growing_heap_trim(heap);
    else if (window_offset(window, to) / WINDOW_PAGE >= first + GROWING_LARGE)
        window_release(window, from, to);
}

bool growing_block_size(size_t nbytes, size_t header, size_t *size)
{
    return nbytes > 0 && checked_add(nbytes, header, size) &&
           checked_round_up(*size, GROWING_ALIGNMENT, size) &&
           *size <= (size_t)WINDOW_PAGES_MOST * WINDOW_PAGE;
}

void growing_picture_add(struct growing_picture *picture, size_t nbytes)
{
    picture->npieces++;
    picture->nbytes += nbytes;
    picture->by_size[bits_highest(nbytes)]++;
}

bool growing_alignment(const struct window *window, size_t *alignment)
{
    if (*alignment < GROWING_ALIGNMENT && (*alignment & (*alignment - 1)) == 0)
        *alignment = GROWING_ALIGNMENT;
    return (*alignment & (*alignment - 1)) == 0 && *alignment <= window->nbytes;
}

uint8_t *growing_place(uint8_t *place, size_t header, size_t alignment, size_t least)
{
    size_t gap = (0 - ((uintptr_t)place + header)) & (alignment - 1);
    while (gap > 0 && gap < least)
        gap += alignment;
    return place + gap;
}
