/* A live map in pixels: cells in a margin, with addresses at their left edge. What is not ours is
 * striped and what is kept is hollow, so that nobody has to tell greys apart. */
#include "drivers/screen.h"
#include "lib/format.h"
#include "shell/canvas.h"
#include "shell/live_colours.h"

enum {
    SIDE_LEAST = 4, /* pixels of a cell */
    SIDE_MOST = 24, /* .. times the scale of the text, as the next one */
    GAP_FROM = 6,   /* from this side on there is a line between cells */
    CLOSEST = 3,
    LABEL_COLUMNS = 11, /* characters: an address and a blank */
    MARGIN = 4          /* pixels, times the scale, above the cells and to their right */
};

static const rgb_t background = 0x000000, cursor_colour = 0xffffff;
static const rgb_t ground = 0x14141a; /* between cells: so near to a free one that lines are soft */

static struct {
    struct canvas canvas;
    uint32_t width, height, gap; /* pixels: of a cell, and of them between cells */
    uint32_t left, top;          /* .. beside and above all cells */
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
    uint32_t labels = LABEL_COLUMNS * GLYPH_COLUMNS * scale(), margin = MARGIN * scale();
    uint32_t all_width = screen_framebuffer()->pixels.width - labels - margin;
    uint32_t all_height = (uint32_t)rows * GLYPH_LINES * scale() - 2 * margin;
    uint32_t side = SIDE_MOST * scale();
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
    picture.left = labels + all_width % width / 2;
    picture.top = margin;
    return (struct canvas_grid){all_width / width, all_height / side, 1, width, side};
}

static void clear(size_t rows)
{
    const struct pixels *pixels = &screen_framebuffer()->pixels;
    pixels_fill(pixels, 0, 0, pixels->width, (uint32_t)rows * GLYPH_LINES * scale(), ground);
}

/* What CELL shows, in so many pixels. Its corners have its colour. */
static void fill(live_cell_t cell, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    const struct pixels *pixels = &screen_framebuffer()->pixels;
    unsigned owner = cell & LIVE_OWNER;
    uint32_t side = width < height ? width : height, line = scale() < side / 4 ? scale() : side / 4;
    pixels_fill(pixels, x, y, width, height, owner < HEAP_OWNERS ? live_colour(cell) : ground);
    if (line == 0)
        return; /* smaller than any cell of the map */
    if (owner == OWNER_KEPT)
        pixels_fill(pixels, x + line, y + line, width - 2 * line, height - 2 * line, ground);
    for (uint32_t at = line; owner == OWNER_HOLE && at + line < height; at += 2 * line)
        pixels_fill(pixels, x, y + at, width, line, ground);
}

static void draw(const struct live_map *map, size_t place)
{
    const struct pixels *pixels = &screen_framebuffer()->pixels;
    live_cell_t cell = map->wanted[place];
    uint32_t x = (uint32_t)(place % map->columns) * picture.width + picture.left;
    uint32_t y = (uint32_t)(place / map->columns) * picture.height + picture.top;
    uint32_t width = picture.width - picture.gap, height = picture.height - picture.gap;
    bool cursor = cell & LIVE_CURSOR;
    if (cursor)
        pixels_fill(pixels, x, y, width, height, cursor_colour);
    else
        fill(cell, x, y, width, height);
    if (cursor && height >= 2 * GAP_FROM) /* its own colour inside */
        pixels_fill(pixels, x + width / 4, y + height / 4, width / 2, height / 2,
                    live_colour(cell));
}

/* The address of each row's first block, as far as there is room for them. */
static void edge(const struct live_map *map)
{
    const struct framebuffer *text = screen_framebuffer();
    uint32_t high = GLYPH_LINES * scale(), free_from = 0;
    pixels_fill(&text->pixels, 0, 0, LABEL_COLUMNS * GLYPH_COLUMNS * scale(),
                (uint32_t)map->rows * picture.height + picture.top, background);
    for (uint32_t row = 0; row < map->rows; row++) {
        block_t block = map->first + ((block_t)row * map->columns << map->shift);
        uint32_t y = row * picture.height + picture.top;
        char label[LABEL_COLUMNS + 1];
        if (block >= map->total || y < free_from ||
            y + high > (uint32_t)map->rows * picture.height + picture.top)
            continue;
        free_from = y + high;
        format_text(label, sizeof label, "%p", heap_address_of(block_heap_table(map->heap), block));
        for (uint32_t i = 0; label[i]; i++)
            pixels_glyph(&text->pixels, &text->patterns[PRINT_DIM], i * GLYPH_COLUMNS * scale(), y,
                         text->font[(uint8_t)label[i]]);
    }
}

static void put(size_t row, size_t column, canvas_character_t character)
{
    const struct framebuffer *text = screen_framebuffer();
    uint32_t x = (uint32_t)column * GLYPH_COLUMNS * scale();
    uint32_t y = (uint32_t)row * GLYPH_LINES * scale();
    if (character & CANVAS_OWNER)
        fill((live_cell_t)((character >> CANVAS_STYLE_SHIFT & LIVE_OWNER) |
                           LIVE_LEVELS << LIVE_LEVEL_SHIFT),
             x + scale(), y + 3 * scale(), (GLYPH_COLUMNS - 2) * scale(),
             (GLYPH_LINES - 6) * scale());
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
        .edge = edge,
        .draw = draw,
        .put = put,
        .begin = begin,
        .lost = lost,
        .end = screen_give_back,
    };
    return &picture.canvas;
}
