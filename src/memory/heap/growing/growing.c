#include "memory/heap/growing/growing.h"

#include "lib/bits.h"
#include "lib/checked.h"

int growing_heap_resize(struct growing_heap *heap, size_t nbytes)
{
    struct window *window = heap->window;
    uint8_t *was = window->brk;
    size_t size;
    if (!checked_round_up(nbytes, WINDOW_PAGE, &size) || size > window->nbytes ||
        window->start + size < heap->kind->end(heap))
        return -EINVARG;
    if (window->start + size < was)
        heap->kind->move_end(heap, was, window->start + size); /* the page that says so may go */
    int status = kbrk(window, window->start + size);
    if (!status && window->brk > was)
        heap->kind->move_end(heap, was, window->brk);
    return status;
}

bool growing_heap_grow(struct growing_heap *heap, size_t need)
{
    size_t size = window_size(heap->window);
    size_t used = window_offset(heap->window, heap->kind->end(heap)), least;
    if (!checked_add(used, need, &least))
        return false;
    return (least <= size + GROWING_STEP && !growing_heap_resize(heap, size + GROWING_STEP)) ||
           !growing_heap_resize(heap, least);
}

size_t growing_heap_trim(void *memory)
{
    struct growing_heap *heap = memory;
    size_t before = heap->window->pages;
    int status = growing_heap_resize(heap, window_offset(heap->window, heap->kind->end(heap)));
    return status ? 0 : before - heap->window->pages; /* down never fails */
}

void growing_heap_settle(struct growing_heap *heap, uint8_t *from, uint8_t *to)
{
    struct window *window = heap->window;
    if (to == window->brk && (size_t)(to - from) >= GROWING_STEP)
        (void)growing_heap_trim(heap);
    else if ((size_t)(to - from) >= (GROWING_LARGE + 1) * WINDOW_PAGE)
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

bool growing_alignment(size_t *alignment)
{
    if (*alignment < GROWING_ALIGNMENT && (*alignment & (*alignment - 1)) == 0)
        *alignment = GROWING_ALIGNMENT;
    return (*alignment & (*alignment - 1)) == 0 &&
           *alignment <= (size_t)WINDOW_PAGES_MOST * WINDOW_PAGE;
}

uint8_t *growing_place(uint8_t *place, size_t header, size_t alignment, size_t least)
{
    size_t gap = (0 - ((uintptr_t)place + header)) & (alignment - 1);
    while (gap > 0 && gap < least)
        gap += alignment;
    return place + gap;
}
