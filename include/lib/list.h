/*
 * Doubly linked lists, the links inside of what is listed. A list is a link of its own: empty, it
 * points to itself. So is a link that is on no list, and taking it off then changes nothing.
 *
 * Every step and every change first looks whether the neighbours' links lead back: a broken list is
 * told, and neither spread nor walked in circles.
 */
#ifndef PLAT_LIB_LIST_H
#define PLAT_LIB_LIST_H

#include "lib/types.h"

struct list_link {
    struct list_link *next, *previous;
};

/* The thing of TYPE whose MEMBER is LINK. */
#define LIST_ENTRY(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* Runs through all links of LIST; the current one must stay on it. */
#define LIST_EACH(at, list)                                                                        \
    for (struct list_link *at = list_next(list); at != (list); at = list_next(at))

/* Called where the links at LINK do not lead back. The program's own: the kernel panics (panic.c).
 */
_Noreturn void list_broken(const struct list_link *link);

/* The link behind LINK, or the first one of a list. */
static inline struct list_link *list_next(const struct list_link *link)
{
    struct list_link *next = link->next;
    if (next->previous != link)
        list_broken(link);
    return next;
}

/* Makes LIST empty, or LINK one that is on no list. */
static inline void list_init(struct list_link *list)
{
    list->next = list->previous = list;
}

static inline bool list_is_empty(const struct list_link *list)
{
    return list->next == list;
}

/* Puts LINK, which is on no list, before PLACE; before the list itself is at its end. */
static inline void list_insert(struct list_link *place, struct list_link *link)
{
    struct list_link *before = place->previous;
    if (before->next != place)
        list_broken(place);
    link->next = place;
    link->previous = before;
    before->next = link;
    place->previous = link;
}

/* Takes LINK off its list, if it is on one. */
static inline void list_remove(struct list_link *link)
{
    struct list_link *before = link->previous, *behind = link->next;
    if (before->next != link || behind->previous != link)
        list_broken(link);
    before->next = behind;
    behind->previous = before;
    list_init(link);
}

#endif
