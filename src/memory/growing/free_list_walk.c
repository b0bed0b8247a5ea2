/* A free list's blocks, for somebody who looks at them: all, and those of one search. */
#include "memory/growing/free_list_private.h"

bool free_list_each(const struct growing_heap *growing, struct growing_visitor visitor)
{
    const uint8_t *at = growing->window->start, *end = growing->window->brk;
    while (at < end) {
        const struct memory_block *block = (const struct memory_block *)(const void *)at;
        bool live = list_is(block, LIST_TAKEN);
        if (!live && !list_is(block, LIST_FREE))
            return false;
        struct growing_piece piece = {at, block->size, live, true};
        if (!visitor.visit(visitor.context, &piece, GROWING_TOO_SMALL))
            return true;
        at = list_end_of(block);
    }
    return true;
}

/* First fit ends at the first block that is large enough. */
bool free_list_search(const struct growing_heap *growing, size_t size,
                      struct growing_visitor visitor)
{
    for (const struct memory_block *at = list_of(growing)->first; at; at = at->next) {
        if (!list_is(at, LIST_FREE))
            return false;
        bool fits = at->size >= size;
        struct growing_piece piece = {(const uint8_t *)at, at->size, false, true};
        if (!visitor.visit(visitor.context, &piece, fits ? GROWING_CHOSEN : GROWING_TOO_SMALL) ||
            fits)
            return true;
    }
    return true;
}
