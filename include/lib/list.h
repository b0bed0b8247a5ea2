/*
 * Doubly linked lists, the links inside of what is listed. A list is a link of its own: empty, it
 * points to itself. So is a link that is on no list, and taking it off then changes nothing.
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
#define LIST_EACH(at, list) for (struct list_link *at = (list)->next; at != (list); at = at->next)

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
    link->next = place;
    link->previous = place->previous;
    place->previous->next = link;
    place->previous = link;
}

/* Takes LINK off its list, if it is on one. */
static inline void list_remove(struct list_link *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    list_init(link);
}

#endif
