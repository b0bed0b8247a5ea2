/* Best fit's blocks and gaps, for somebody who looks at them: all, and those of one search. */
#include "memory/growing/best_fit_private.h"

static bool show_gap(const struct best_fit *heap, const struct best_fit_block *before,
                     const struct best_fit_block *after, struct growing_visitor visitor)
{
    const uint8_t *start = gap_start(heap, before), *end = gap_end(heap, after);
    struct growing_piece piece = {start, (size_t)(end - start), false, false};
    return start == end || visitor.visit(visitor.context, &piece, GROWING_TOO_SMALL);
}

bool best_fit_each(const struct growing_heap *growing, struct growing_visitor visitor)
{
    const struct best_fit *heap = fit_of(growing);
    const struct best_fit_block *before = NULL;
    for (const struct best_fit_block *at = heap->first; at; at = at->next) {
        if (!best_fit_is_sound(heap, at) || at->previous != before)
            return false;
        struct growing_piece piece = {(const uint8_t *)at, at->size, true, true};
        if (!show_gap(heap, before, at, visitor) ||
            !visitor.visit(visitor.context, &piece, GROWING_TOO_SMALL))
            return true;
        before = at;
    }
    (void)show_gap(heap, before, NULL, visitor);
    return true;
}

/* The array is cut in half again and again; then the smallest that is large enough is known. */
bool best_fit_search(const struct growing_heap *growing, size_t size,
                     struct growing_visitor visitor)
{
    const struct ordered_array *array = &fit_of(growing)->free;
    size_t low = 0, high = array->count;
    while (low < high) {
        size_t place = ordered_array_halve(array, (struct free_piece){.nbytes = size}, &low, &high);
        const struct free_piece *gap = &array->pieces[place];
        struct growing_piece piece = {gap->start, gap->nbytes, false, false};
        if (!visitor.visit(visitor.context, &piece,
                           gap->nbytes < size ? GROWING_TOO_SMALL : GROWING_LARGE_ENOUGH))
            return true;
    }
    if (low < array->count) {
        struct growing_piece piece = {array->pieces[low].start, array->pieces[low].nbytes, false,
                                      false};
        (void)visitor.visit(visitor.context, &piece, GROWING_CHOSEN);
    }
    return true;
}
