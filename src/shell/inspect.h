/* A block of the kernel's heap in words. */
#ifndef PLAT_SHELL_INSPECT_H
#define PLAT_SHELL_INSPECT_H

#include "shell/live_map.h"

enum { INSPECT_LINES = 3, INSPECT_BYTES = 160 };

struct inspection {
    char lines[INSPECT_LINES][INSPECT_BYTES];
};

/*
 * The block under MAP's cursor at TICK, or the first one of its cell that is taken: what the table
 * says; the allocation it is in, and since when; and who has it, as far as that is known: objects
 * or pieces of a slab, the process, or the callers where the heap is watched. O(pages of all
 * processes) for the last line, and only when another allocation is under the cursor.
 */
void inspect(const struct live_map *map, uint32_t tick, struct inspection *inspection);

/* The next inspection looks for everything anew: MAP is another one. */
void inspect_forget(void);

#endif
