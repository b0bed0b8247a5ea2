/* What pieces.c and pieces_resize.c know: the lists of a tier's groups. */
#ifndef PLAT_MEMORY_HEAP_PIECES_PRIVATE_H
#define PLAT_MEMORY_HEAP_PIECES_PRIVATE_H

#include "memory/heap/pieces.h"

/* HEAP_FREED where a live allocation of GROUP begins at POINTER, and with which piece; or a
 * refusal.
 */
int pieces_find(const struct slab *group, const void *pointer, size_t *place);

static inline size_t tier_of(const struct slab *group)
{
    return (size_t)group->class_index - SLAB_PIECES;
}

/* The list for a longest run of LENGTH pieces. */
static inline unsigned list_for(unsigned length)
{
    if (length <= PIECES_LONGEST)
        return length < PIECES_SHORTEST ? 0 : length - PIECES_SHORTEST + 1;
    return length < PIECES_A_GROUP ? PIECES_EXACT_LISTS + 1 + (length - PIECES_LONGEST - 1) * 3 / 16
                                   : PIECES_LISTS - 1;
}

static inline void link_group(struct pieces_tier *tier, struct slab *group, unsigned list)
{
    struct slab **head = &tier->groups[list];
    group->listed = (uint8_t)list;
    if (list == 0)
        return;
    group->previous = NULL;
    group->next = *head;
    if (*head)
        (*head)->previous = group;
    *head = group;
    tier->lists |= (uint32_t)1 << list;
}

static inline void unlink_group(struct pieces_tier *tier, struct slab *group)
{
    if (!group->listed)
        return;
    if (group->next)
        group->next->previous = group->previous;
    if (group->previous)
        group->previous->next = group->next;
    else if (!(tier->groups[group->listed] = group->next))
        tier->lists ^= (uint32_t)1 << group->listed;
}

#endif
