/* A live map in pixels. */
#include "drivers/screen.h"
#include "shell/canvas.h"
#include "shell/live_colours.h"

enum {
    SIDE_LEAST = 4, /* pixels of a cell */
    SIDE_MOST = 24, /* .. times the scale of the text, as the next one */
    GAP_FROM = 6,   /* from this side on there is a line between cells */
    CLOSEST = 3
};

static const rgb_t background = 0x000000, cursor_colour = 0xffffff;

static struct {
    struct canvas canvas;
    uint32_t width, height, gap; /* pixels: of a cell, and of them between cells */
    uint32_t left;               /* .. beside all cells */
} picture;

static uint32_t scale(void)
{
    return screen_framebuffer()->scale;
}

static uint32_t side_least(void)
{
    return scale() * 2 > SIDE_LEAST ? scale() * 2 : SIDE_LEAST;
}

/* The largest cells that leave room for all of NCELLS, or the smallest: squares, or nearly. */
static struct canvas_grid arrange(size_t rows, size_t ncells, unsigned closer)
{
    uint32_t all_width = screen_framebuffer()->pixels.width;
    uint32_t all_height = (uint32_t)rows * GLYPH_LINES * scale(), side = SIDE_MOST * scale();
    while (side > side_least() && (size_t)(all_width / side) * (all_height / side) < ncells)
        side--;
    uint32_t width = side;
    while (width < 2 * side && (size_t)(all_width / (width + 1)) * (all_height / side) >= ncells)
        width++;
    for (; closer > 0 && 2 * side <= all_height / 2; closer--) {
        width *= 2;
        side *= 2;
    }
    picture.width = width;
    picture.height = side;
    picture.gap = side >= GAP_FROM * scale() ? scale() : 0;
    picture.left = all_width % width / 2;
    return (struct canvas_grid){all_width / width, all_height / side, 1, width, side};
}

static void clear(size_t rows)
{
    const struct pixels *pixels = &screen_framebuffer()->pixels;
    pixels_fill(pixels, 0, 0, pixels->width, (uint32_t)rows * GLYPH_LINES * scale(), background);
}

static void draw(const struct live_map *map, size_t place)
{
    const struct pixels *pixels = &screen_framebuffer()->pixels;
    live_cell_t cell = map->wanted[place];
    uint32_t x = (uint32_t)(place % map->columns) * picture.width + picture.left;
    uint32_t y = (uint32_t)(place / map->columns) * picture.height;
    uint32_t width = picture.width - picture.gap, height = picture.height - picture.gap;
    bool cursor = cell & LIVE_CURSOR;
    pixels_fill(pixels, x, y, width, height, cursor ? cursor_colour : live_colour(cell));
    if (cursor && height >= 2 * GAP_FROM) /* its own colour inside */
        pixels_fill(pixels, x + width / 4, y + height / 4, width / 2, height / 2,
                    live_colour(cell));
}

static void put(size_t row, size_t column, canvas_character_t character)
{
    const struct framebuffer *text = screen_framebuffer();
    uint32_t x = (uint32_t)column * GLYPH_COLUMNS * scale();
    uint32_t y = (uint32_t)row * GLYPH_LINES * scale();
    if (character & CANVAS_OWNER)
        pixels_fill(&text->pixels, x + scale(), y + 3 * scale(), (GLYPH_COLUMNS - 2) * scale(),
                    (GLYPH_LINES - 6) * scale(),
                    live_colour((character >> CANVAS_STYLE_SHIFT & LIVE_OWNER) |
                                LIVE_LEVELS << LIVE_LEVEL_SHIFT));
    else
        pixels_glyph(&text->pixels, &text->patterns[character >> CANVAS_STYLE_SHIFT], x, y,
                     text->font[character & 0xff]);
}

static bool begin(void)
{
    const struct pixels *pixels = &screen_framebuffer()->pixels;
    if (!screen_borrow())
        return false;
    pixels_fill(pixels, 0, 0, pixels->width, pixels->height, background);
    return true;
}

static bool lost(void)
{
    return !screen_borrowed();
}

const struct canvas *canvas_picture(void)
{
    const struct framebuffer *text = screen_framebuffer();
    if (!text)
        return NULL;
    size_t least = side_least();
    picture.canvas = (struct canvas){
        .name = "the framebuffer",
        .columns = text->columns,
        .rows = text->rows,
        .room = (text->pixels.width / least) * (text->pixels.height / least),
        .closest = CLOSEST,
        .arrange = arrange,
        .clear = clear,
        .draw = draw,
        .put = put,
        .begin = begin,
        .lost = lost,
        .end = screen_give_back,
    };
    return &picture.canvas;
}
