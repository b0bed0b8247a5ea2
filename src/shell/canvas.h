/* What a live map is drawn on: cells above, some rows of text below them. */
#ifndef PLAT_SHELL_CANVAS_H
#define PLAT_SHELL_CANVAS_H

#include "lib/print.h"
#include "shell/live_map.h"

/* A character of code page 437 and, above it, an enum print_style, or CANVAS_OWNER and an owner:
 * then it is in the owner's colour. */
typedef uint16_t canvas_character_t;

enum { CANVAS_STYLE_SHIFT = 8, CANVAS_OWNER = 0x1000, CANVAS_BLOCK = 0xdb /* all ink */ };

/* How cells are laid out. */
struct canvas_grid {
    size_t columns, rows, tall; /* as live_map_arrange() has them */
    unsigned width, height;     /* pixels of a cell; 0 where cells are half characters */
};

struct canvas {
    const char *name;
    size_t columns, rows; /* of characters, all over */
    size_t room;          /* most cells that it ever has */
    unsigned closest;     /* how often cells can be doubled in size */
    /* The grid for NCELLS in the upper ROWS of characters; too many for it begin somewhere. */
    struct canvas_grid (*arrange)(size_t rows, size_t ncells, unsigned closer);
    void (*clear)(size_t rows);               /* makes them black for another grid; may be NULL */
    void (*edge)(const struct live_map *map); /* draws addresses beside its rows; may be NULL */
    /* Draws MAP's cells of a place that live_map_change() named. */
    void (*draw)(const struct live_map *map, size_t place);
    void (*put)(size_t row, size_t column, canvas_character_t character);
    void (*flush)(void); /* after each frame; may be NULL */
    bool (*begin)(void); /* makes all of it black; false where it can't be had */
    bool (*lost)(void);  /* whether somebody took it back */
    void (*end)(void);   /* shows what was there before */
};

/* Of the picture, the text screen, and a terminal on the serial line; NULL where there is none. */
const struct canvas *canvas_picture(void);
const struct canvas *canvas_text(void);
const struct canvas *canvas_terminal(void);

#endif
