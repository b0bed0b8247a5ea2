/* A live map in half characters on a text screen: an upper half block has two colours. */
#include "drivers/screen.h"
#include "drivers/vga_text.h"
#include "shell/canvas.h"
#include "shell/live_colours.h"

enum { UPPER_HALF = 0xdf, DOT = 0xfa, TALL = 2, BLACK = 0, DARK = 8, WHITE = 15 };

/* A colour of a VGA for each owner: sixteen are too few for levels. */
static uint8_t owner_colours[HEAP_OWNERS];

/* Those of vga_text.c. */
static const uint8_t styles[] = {
    [PRINT_PLAIN] = 0x07, [PRINT_TITLE] = 0x0b, [PRINT_GOOD] = 0x0a,
    [PRINT_BAD] = 0x0c,   [PRINT_DIM] = 0x08,
};

static struct canvas_grid arrange(size_t rows, size_t ncells, unsigned closer)
{
    (void)ncells, (void)closer;
    return (struct canvas_grid){VGA_TEXT_COLUMNS, TALL * rows, TALL, 0, 0};
}

static uint8_t colour(live_cell_t cell)
{
    if (cell & LIVE_CURSOR)
        return WHITE;
    unsigned owner = cell & LIVE_OWNER;
    return owner < HEAP_OWNERS ? owner_colours[owner] : BLACK;
}

static void draw(const struct live_map *map, size_t place)
{
    size_t column = place % map->columns, row = place / map->columns;
    live_cell_t upper = live_map_cell(map, column, TALL * row);
    if (upper == LIVE_BEHIND) /* free blocks are black */
        vga_text_draw(row, column, DOT, DARK, BLACK);
    else
        vga_text_draw(row, column, UPPER_HALF, colour(upper),
                      colour(live_map_cell(map, column, TALL * row + 1)));
}

static void put(size_t row, size_t column, canvas_character_t character)
{
    unsigned look = character >> CANVAS_STYLE_SHIFT;
    uint8_t ink = character & CANVAS_OWNER ? owner_colours[look & LIVE_OWNER] : styles[look];
    vga_text_draw(row, column, (uint8_t)character, ink, BLACK);
}

static bool begin(void)
{
    if (!screen_borrow())
        return false;
    for (size_t row = 0; row < VGA_TEXT_ROWS; row++)
        for (size_t column = 0; column < VGA_TEXT_COLUMNS; column++)
            vga_text_draw(row, column, ' ', BLACK, BLACK);
    return true;
}

static bool lost(void)
{
    return !screen_borrowed();
}

const struct canvas *canvas_text(void)
{
    static const struct canvas canvas = {
        .name = "the text screen",
        .columns = VGA_TEXT_COLUMNS,
        .rows = VGA_TEXT_ROWS,
        .room = VGA_TEXT_COLUMNS * VGA_TEXT_ROWS * TALL,
        .arrange = arrange,
        .draw = draw,
        .put = put,
        .begin = begin,
        .lost = lost,
        .end = screen_give_back,
    };
    for (unsigned owner = 0; owner < HEAP_OWNERS; owner++)
        owner_colours[owner] = live_colour_of_16(owner);
    return vga_text_present() ? &canvas : NULL;
}
