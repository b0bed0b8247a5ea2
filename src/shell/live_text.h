/* The rows of text below a live map: the view, the totals, the legend, and the block under the
 * cursor. */
#ifndef PLAT_SHELL_LIVE_TEXT_H
#define PLAT_SHELL_LIVE_TEXT_H

#include "shell/panel.h"

struct live_text {
    struct panel panel;
    uint32_t counted_at;        /* tick of these: */
    size_t served, allocations; /* the table's statistics */
    size_t served_a_second, freed_a_second;
};

/* How many rows CANVAS has for it, and how many bytes of memory these want. */
size_t live_text_rows(const struct canvas *canvas);
size_t live_text_bytes(const struct canvas *canvas);

/* Begins at TICK with MEMORY of live_text_bytes(). */
void live_text_init(struct live_text *text, const struct canvas *canvas, void *memory,
                    uint32_t tick);

/* Draws what has changed by TICK. */
void live_text_show(struct live_text *text, const struct live_map *map, bool paused, uint32_t tick);

#endif
