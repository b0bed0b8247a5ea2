/* Rows of text below a live map, of which only characters that changed are drawn. */
#ifndef PLAT_SHELL_PANEL_H
#define PLAT_SHELL_PANEL_H

#include "shell/canvas.h"

struct panel {
    const struct canvas *canvas;
    size_t top, rows, columns;
    canvas_character_t *wanted, *shown; /* row after row */
    size_t row, column;                 /* where text is added */
    unsigned look;                      /* in which it is */
};

/* How many bytes panel_init() wants for a canvas. */
size_t panel_bytes(const struct canvas *canvas, size_t rows);

/* Makes PANEL the lowest ROWS of CANVAS, which is black. */
void panel_init(struct panel *panel, const struct canvas *canvas, size_t rows, void *memory);

/* Begins at the first row again, with blanks. */
void panel_clear(struct panel *panel);

/* Adds text; what has no place in the row, or behind the last row, is cut off. */
void panel_print(struct panel *panel, enum print_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a block in OWNER's colour. */
void panel_swatch(struct panel *panel, enum heap_owner owner);

/* What follows goes into the next row. */
void panel_next(struct panel *panel);

/* Draws what differs from what is shown. */
void panel_show(struct panel *panel);

#endif
