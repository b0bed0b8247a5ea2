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

/* By enum heap_owner. scripts/heapview reads it out of the kernel. */
extern const struct owner_look owner_looks[HEAP_OWNERS];

#endif
