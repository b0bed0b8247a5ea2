#include "memory/growing/ordered_array.h"

#include "lib/checked.h"
#include "memory/memory.h"

int ordered_array_create(struct ordered_array *array, void *start, size_t nbytes,
                         struct window_source source)
{
    array->pieces = start;
    array->count = array->room = 0;
    return window_create(&array->window, start, nbytes, source);
}

bool ordered_array_reserve(struct ordered_array *array, size_t count)
{
    size_t nbytes;
    if (count <= array->room)
        return true;
    if (!checked_multiply(count, sizeof *array->pieces, &nbytes) ||
        !checked_round_up(nbytes, WINDOW_PAGE, &nbytes) || nbytes > array->window.nbytes ||
        kbrk(&array->window, array->window.start + nbytes))
        return false;
    array->room = nbytes / sizeof *array->pieces;
    return true;
}

void ordered_array_trim(struct ordered_array *array, size_t count)
{
    size_t npages = units_to_hold(count * sizeof *array->pieces, WINDOW_PAGE);
    if (npages < array->window.pages &&
        !kbrk(&array->window, array->window.start + npages * WINDOW_PAGE))
        array->room = npages * WINDOW_PAGE / sizeof *array->pieces;
}

static bool before(struct free_piece a, struct free_piece b)
{
    return a.nbytes < b.nbytes || (a.nbytes == b.nbytes && a.start < b.start);
}

size_t ordered_array_halve(const struct ordered_array *array, struct free_piece piece, size_t *low,
                           size_t *high)
{
    size_t middle = *low + (*high - *low) / 2;
    if (before(array->pieces[middle], piece))
        *low = middle + 1;
    else
        *high = middle;
    return middle;
}

size_t ordered_array_find(const struct ordered_array *array, struct free_piece piece)
{
    size_t low = 0, high = array->count;
    while (low < high)
        (void)ordered_array_halve(array, piece, &low, &high);
    return low;
}

void ordered_array_insert(struct ordered_array *array, struct free_piece piece)
{
    size_t place = ordered_array_find(array, piece);
    memmove(array->pieces + place + 1, array->pieces + place,
            (array->count - place) * sizeof *array->pieces);
    array->pieces[place] = piece;
    array->count++;
}

void ordered_array_remove(struct ordered_array *array, size_t place)
{
    array->count--;
    memmove(array->pieces + place, array->pieces + place + 1,
            (array->count - place) * sizeof *array->pieces);
}

const char *ordered_array_check(const struct ordered_array *array)
{
    if (array->count > array->room ||
        array->room * sizeof *array->pieces > array->window.pages * WINDOW_PAGE)
        return "the array is larger than its room";
    for (size_t i = 1; i < array->count; i++)
        if (!before(array->pieces[i - 1], array->pieces[i]))
            return "the array is not in order";
    return window_check(&array->window);
}
