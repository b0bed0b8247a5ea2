/*
 * A cell is a character and its style. CELLS is a ring of rows, so that a scroll moves none of
 * them. SHOWN is what stands on the screen, by its place there; CURSOR is set where it is
 * underlined.
 *
 * Invariant: where a row is not dirty, what should be shown there is shown. The cells of a place
 * that is lent are blank, and so is what SHOWN says of them.
 */
#include "drivers/framebuffer.h"

enum { STYLE_SHIFT = 8, CURSOR = 0x8000, UNKNOWN = 0xffff, CURSOR_LINES = 2, TAB = 8, BLANK = ' ' };

static const rgb_t paper = 0x000000;

/* Those of the text screen. */
static const rgb_t inks[FRAMEBUFFER_STYLES] = {
    [PRINT_PLAIN] = 0xaaaaaa, [PRINT_TITLE] = 0x55ffff, [PRINT_GOOD] = 0x55ff55,
    [PRINT_BAD] = 0xff5555,   [PRINT_DIM] = 0x555555,
};

_Static_assert(FRAMEBUFFER_COLUMNS_MOST *GLYPH_COLUMNS *PIXELS_SCALE_MOST >=
                       BOOT_SCREEN_WIDTH_MOST &&
                   FRAMEBUFFER_ROWS_MOST * GLYPH_LINES * PIXELS_SCALE_MOST >=
                       BOOT_SCREEN_HEIGHT_MOST,
               "every screen that is accepted has a scale");

static uint16_t *row_of(struct framebuffer *fb, uint32_t row)
{
    uint32_t place = fb->top + row;
    return fb->cells[place < fb->rows ? place : place - fb->rows];
}

bool framebuffer_create(struct framebuffer *fb, const struct pixels *pixels,
                        const uint8_t (*font)[GLYPH_LINES])
{
    uint32_t columns = 0, rows = 0, scale = 0;
    do {
        scale++;
        columns = pixels->width / (GLYPH_COLUMNS * scale);
        rows = pixels->height / (GLYPH_LINES * scale);
    } while (columns > FRAMEBUFFER_COLUMNS_MOST || rows > FRAMEBUFFER_ROWS_MOST);
    if (scale > PIXELS_SCALE_MOST || !columns || !rows)
        return false;
    fb->pixels = *pixels;
    fb->font = font;
    fb->scale = scale;
    fb->columns = columns;
    fb->rows = rows;
    fb->row = fb->column = fb->top = fb->next = 0;
    fb->style = PRINT_PLAIN;
    fb->lent.rows = 0;
    for (uint32_t row = 0; row < rows; row++)
        for (uint32_t i = 0; i < columns; i++)
            fb->cells[row][i] = BLANK;
    for (unsigned style = 0; style < FRAMEBUFFER_STYLES; style++)
        pixels_pattern(&fb->pixels, &fb->patterns[style], scale, inks[style], paper);
    framebuffer_redraw(fb);
    return true;
}

void framebuffer_redraw(struct framebuffer *fb)
{
    pixels_fill(&fb->pixels, 0, 0, fb->pixels.width, fb->pixels.height, paper);
    fb->lent.rows = 0;
    for (uint32_t row = 0; row < fb->rows; row++) {
        fb->dirty[row] = true;
        for (uint32_t i = 0; i < fb->columns; i++)
            fb->shown[row][i] = BLANK;
    }
}

static bool are_blank(struct framebuffer *fb, uint32_t row, uint32_t column, uint32_t ncells)
{
    const uint16_t *cells = row_of(fb, row) + column;
    for (uint32_t i = 0; i < ncells; i++)
        if (cells[i] != BLANK)
            return false;
    return true;
}

static bool is_blank(struct framebuffer *fb, const struct framebuffer_place *place)
{
    for (uint32_t i = 0; i < place->rows; i++)
        if (place->row + i == fb->row ||
            !are_blank(fb, place->row + i, place->column, place->columns))
            return false;
    return true;
}

bool framebuffer_lend(struct framebuffer *fb, uint32_t columns, uint32_t rows,
                      struct framebuffer_place *place)
{
    framebuffer_take_back(fb);
    if (!rows || rows > fb->rows || columns >= fb->columns)
        return false;
    *place = (struct framebuffer_place){0, fb->columns - columns, rows, columns};
    while (place->row + rows <= fb->rows && !is_blank(fb, place))
        place->row++;
    if (place->row + rows > fb->rows)
        return false;
    framebuffer_draw(fb, SIZE_MAX); /* what stood there before */
    fb->lent = *place;
    return true;
}

void framebuffer_take_back(struct framebuffer *fb)
{
    const struct framebuffer_place *lent = &fb->lent;
    for (uint32_t row = lent->row; row < lent->row + lent->rows; row++) {
        fb->dirty[row] = true;
        for (uint32_t i = 0; i < lent->columns; i++)
            fb->shown[row][lent->column + i] = UNKNOWN;
    }
    fb->lent.rows = 0;
}

static void scroll(struct framebuffer *fb)
{
    uint16_t *cells = row_of(fb, 0); /* becomes the last one */
    for (uint32_t i = 0; i < fb->columns; i++)
        cells[i] = BLANK;
    fb->top = fb->top + 1 < fb->rows ? fb->top + 1 : 0;
    for (uint32_t row = 0; row < fb->rows; row++)
        fb->dirty[row] = true;
    const struct framebuffer_place *lent = &fb->lent;
    if (lent->rows && !are_blank(fb, lent->row + lent->rows - 1, lent->column, lent->columns))
        framebuffer_take_back(fb);
}

static void next_line(struct framebuffer *fb)
{
    fb->column = 0;
    if (fb->row + 1 < fb->rows)
        fb->dirty[++fb->row] = true;
    else
        scroll(fb);
}

static void put(struct framebuffer *fb, char c)
{
    if (fb->column == fb->columns)
        next_line(fb);
    if (fb->row - fb->lent.row < fb->lent.rows && fb->column >= fb->lent.column)
        framebuffer_take_back(fb);
    /* A blank looks the same in every style: never drawn for its style alone. */
    unsigned style = c == BLANK ? PRINT_PLAIN : fb->style;
    row_of(fb, fb->row)[fb->column++] = (uint16_t)((uint8_t)c | style << STYLE_SHIFT);
}

void framebuffer_write(struct framebuffer *fb, const char *text, size_t nbytes)
{
    fb->dirty[fb->row] = true; /* the others as the cursor comes to them */
    for (size_t i = 0; i < nbytes; i++) {
        switch (text[i]) {
        case '\n':
            next_line(fb);
            break;
        case '\r':
            fb->column = 0;
            break;
        case '\b':
            fb->column -= fb->column > 0;
            break;
        case '\t':
            do
                put(fb, BLANK);
            while (fb->column % TAB && fb->column < fb->columns);
            break;
        default:
            put(fb, text[i]);
        }
    }
}

void framebuffer_set_style(struct framebuffer *fb, enum print_style style)
{
    fb->style = style;
}

static void draw_cell(const struct framebuffer *fb, uint32_t row, uint32_t column, uint16_t cell)
{
    const struct pixels_pattern *pattern = &fb->patterns[(cell & ~CURSOR) >> STYLE_SHIFT];
    const uint8_t *glyph = fb->font[cell & 0xff];
    uint8_t underlined[GLYPH_LINES];
    if (cell & CURSOR) {
        for (unsigned i = 0; i < GLYPH_LINES; i++)
            underlined[i] = i < GLYPH_LINES - CURSOR_LINES ? glyph[i] : 0xff;
        glyph = underlined;
    }
    pixels_glyph(&fb->pixels, pattern, column * GLYPH_COLUMNS * fb->scale,
                 row * GLYPH_LINES * fb->scale, glyph);
}

/* Draws what differs in ROW; how many cells that were. */
static size_t draw_row(struct framebuffer *fb, uint32_t row)
{
    const uint16_t *cells = row_of(fb, row);
    uint16_t *shown = fb->shown[row];
    uint32_t cursor = fb->column < fb->columns ? fb->column : fb->columns - 1;
    size_t drawn = 0;
    fb->dirty[row] = false;
    for (uint32_t i = 0; i < fb->columns; i++) {
        uint16_t cell = cells[i];
        if (row == fb->row && i == cursor)
            cell |= CURSOR;
        if (cell == shown[i])
            continue;
        shown[i] = cell;
        draw_cell(fb, row, i, cell);
        drawn++;
    }
    return drawn;
}

bool framebuffer_draw(struct framebuffer *fb, size_t ncells)
{
    size_t drawn = 0;
    for (uint32_t i = 0; i < fb->rows && drawn < ncells; i++) {
        if (fb->dirty[fb->next])
            drawn += draw_row(fb, fb->next);
        fb->next = fb->next + 1 < fb->rows ? fb->next + 1 : 0;
    }
    for (uint32_t row = 0; row < fb->rows; row++)
        if (fb->dirty[row])
            return true;
    return false;
}
