/* How the blocks of each owner look, in words, on a screen of characters, and in pictures. */
#ifndef PLAT_SHELL_OWNERS_H
#define PLAT_SHELL_OWNERS_H

#include "drivers/pixels.h"
#include "memory/heap/block_heap.h"

struct owner_look {
    const char *name;
    char letter; /* in small where only a part of what it stands for is taken */
    rgb_t colour;
};

/* By enum heap_owner. scripts/heapview reads it out of the kernel, by its symbol. */
extern const struct owner_look owner_looks[HEAP_OWNERS];

_Static_assert(sizeof(void *) != 4 ||
                   (sizeof(struct owner_look) == 12 && offsetof(struct owner_look, letter) == 4 &&
                    offsetof(struct owner_look, colour) == 8),
               "three words without gaps but behind the letter: scripts/heapview counts on it");

#endif
