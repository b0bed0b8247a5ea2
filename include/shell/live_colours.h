/* The colours of a live map's cells, on pictures and on screens that have only a few. Pure. */
#ifndef PLAT_SHELL_LIVE_COLOURS_H
#define PLAT_SHELL_LIVE_COLOURS_H

#include "drivers/pixels.h"
#include "shell/live_map.h"

/* That of CELL, its cursor aside: its owner's, mixed with that of free blocks by its level; black
 * behind the table. */
rgb_t live_colour(live_cell_t cell);

/* The number of a VGA's 16 colours that stands for OWNER: the nearest that no owner before it has,
 * and never white. */
uint8_t live_colour_of_16(enum heap_owner owner);

/* The number of the nearest of the 240 colours from 16 on that terminals agree about (xterm's 256:
 * a cube of 6 shades, then 24 greys). */
uint8_t live_colour_of_256(rgb_t colour);

#endif
