/*
 * Text on a picture: cells in RAM that are written and scrolled, and drawn later, where they differ
 * from what is shown. The same characters at the same places as on the text screen of a VGA: a line
 * breaks before the character that has no place in it. Pure.
 */
#ifndef PLAT_DRIVERS_FRAMEBUFFER_H
#define PLAT_DRIVERS_FRAMEBUFFER_H

#include "drivers/pixels.h"
#include "lib/print.h"

enum {
    /* 1400 by 1056 pixels; on a larger picture each pixel of a glyph takes several of them. */
    FRAMEBUFFER_COLUMNS_MOST = 176,
    FRAMEBUFFER_ROWS_MOST = 66,
    FRAMEBUFFER_STYLES = PRINT_DIM + 1
};

/* A rectangle of cells. */
struct framebuffer_place {
    uint32_t row, column, rows, columns;
};

struct framebuffer {
    struct pixels pixels;
    const uint8_t (*font)[GLYPH_LINES]; /* 256 glyphs */
    uint32_t scale, columns, rows;
    uint32_t row, column; /* the cursor; COLUMN may be COLUMNS: the line is full */
    uint32_t top;         /* which of the rows in CELLS is the first on the screen */
    uint32_t next;        /* where drawing goes on, a row of the screen */
    enum print_style style;
    struct framebuffer_place lent;     /* no rows: none is */
    bool dirty[FRAMEBUFFER_ROWS_MOST]; /* by row of the screen: may differ from what is shown */
    uint16_t cells[FRAMEBUFFER_ROWS_MOST][FRAMEBUFFER_COLUMNS_MOST];
    uint16_t shown[FRAMEBUFFER_ROWS_MOST][FRAMEBUFFER_COLUMNS_MOST];
    struct pixels_pattern patterns[FRAMEBUFFER_STYLES];
};

/*
 * Makes *FRAMEBUFFER text on PIXELS in FONT's glyphs, and blackens the picture. Returns false, and
 * draws nothing, where it has no room for a character, or too much for PIXELS_SCALE_MOST.
 */
MUST_USE bool framebuffer_create(struct framebuffer *framebuffer, const struct pixels *pixels,
                                 const uint8_t (*font)[GLYPH_LINES]);

/*
 * Writes at the cursor, into the cells alone. \n, \r, \b and \t (to the next multiple of 8) move.
 * Some 20 instructions a character, and a line's cells for a scroll.
 */
void framebuffer_write(struct framebuffer *framebuffer, const char *text, size_t nbytes);

/* How the characters written from now on look. */
void framebuffer_set_style(struct framebuffer *framebuffer, enum print_style style);

/*
 * Draws cells that differ from what is shown, and the cursor, a line under its cell: row after row,
 * until NCELLS have been drawn at least or all are. Returns whether some are left. Costs some 600
 * instructions for a cell drawn, and 5 for each other in a row that may differ. Each pixel is
 * written once at most, and none is read.
 */
bool framebuffer_draw(struct framebuffer *framebuffer, size_t ncells);

/* Blackens the picture, whatever somebody else has drawn there; framebuffer_draw() draws all text
 * again. */
void framebuffer_redraw(struct framebuffer *framebuffer);

/*
 * Lends a place of COLUMNS by ROWS cells beside the text: at the right edge, as high as no
 * character stands in it, nor the cursor's row crosses it. All text is drawn before. False where
 * there is none. The place is the borrower's until text needs it, by being written or scrolled
 * there, or framebuffer_take_back(); then it is blank again at the next draw. One at a time.
 */
MUST_USE bool framebuffer_lend(struct framebuffer *framebuffer, uint32_t columns, uint32_t rows,
                               struct framebuffer_place *place);
void framebuffer_take_back(struct framebuffer *framebuffer);

#endif
