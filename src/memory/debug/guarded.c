/*
 * Theory. Page 2i + 1 of the blocks is object page i; the even ones are never given to anybody. A
 * page that is freed rests until all others that rest have been used, so that it stays closed for
 * as long as can be.
 *
 * Invariant: the ring holds exactly the object pages without a live object; these pages are closed,
 * and so are the even ones, but for those that guarded_open() opened since an object near them came
 * or went; objects[i], unless NULL, lies in object page i.
 */
#include "memory/debug/guarded.h"

#include "lib/checked.h"
#include "memory/memory.h"

static uint8_t *page_of_object(const struct guarded_pages *guarded, size_t i)
{
    return guarded->start + (2 * i + 1) * GUARDED_PAGE;
}

static size_t page_number(const struct guarded_pages *guarded, const void *address)
{
    return ((uintptr_t)address - (uintptr_t)guarded->start) / GUARDED_PAGE;
}

/* Closes the pages on both sides of PAGE, and sets that itself. */
static void set_page(struct guarded_pages *guarded, uint8_t *page, bool open)
{
    guarded->set(guarded->context, page - GUARDED_PAGE, false);
    guarded->set(guarded->context, page, open);
    guarded->set(guarded->context, page + GUARDED_PAGE, false);
}

void guarded_init(struct guarded_pages *guarded, void *start, size_t nblocks,
                  void (*set)(void *context, void *page, bool open), void *context)
{
    memset(guarded, 0, sizeof *guarded);
    guarded->start = start;
    guarded->count = guarded->nresting = (nblocks - 1) / 2;
    guarded->set = set;
    guarded->context = context;
    for (size_t i = 0; i < guarded->count; i++) {
        guarded->resting[i] = (uint8_t)i;
        set_page(guarded, page_of_object(guarded, i), false);
    }
}

uint8_t *guarded_next(const struct guarded_pages *guarded)
{
    return guarded->nresting ? guarded->objects[guarded->resting[guarded->first]] : NULL;
}

void *guarded_malloc(struct guarded_pages *guarded, size_t nbytes, size_t alignment)
{
    size_t least = nbytes > 8 ? 16 : 8, room;
    if (alignment & (alignment - 1))
        return NULL;
    if (alignment < least)
        alignment = least;
    if (guarded->nresting == 0 || alignment > GUARDED_PAGE ||
        !checked_round_up(nbytes, alignment, &room) || room > GUARDED_PAGE)
        return NULL;
    size_t i = guarded->resting[guarded->first];
    guarded->first = (guarded->first + 1) % guarded->count;
    guarded->nresting--;
    set_page(guarded, page_of_object(guarded, i), true);
    bool at_end = guarded->served++ % 2 == 0;
    return guarded->objects[i] = page_of_object(guarded, i) + (at_end ? GUARDED_PAGE - room : 0);
}

void guarded_free(struct guarded_pages *guarded, void *object)
{
    size_t last = (guarded->first + guarded->nresting++) % guarded->count;
    guarded->resting[last] = (uint8_t)(page_number(guarded, object) / 2);
    set_page(guarded, guarded_page(object), false);
}

uint8_t *guarded_near(const struct guarded_pages *guarded, const void *address)
{
    size_t page = page_number(guarded, address), count = guarded->count;
    if (page % 2)
        return guarded->objects[page / 2];
    uint8_t *below = page > 0 ? guarded->objects[page / 2 - 1] : NULL;
    uint8_t *above = page / 2 < count ? guarded->objects[page / 2] : NULL;
    bool nearer_below = (uintptr_t)address % GUARDED_PAGE < GUARDED_PAGE / 2;
    return (nearer_below && below) || !above ? below : above;
}

void guarded_open(struct guarded_pages *guarded, const void *address)
{
    guarded->set(guarded->context, guarded_page(address), true);
}
