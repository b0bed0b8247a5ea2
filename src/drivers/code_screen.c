#include "drivers/code_screen.h"

#include "drivers/screen.h"
#include "drivers/vga_text.h"

enum {
    LEAST = 2, /* pixels of a module, times those of a glyph's dot */
    MOST = 4,
    HALVES = 2, /* modules beside each other in a cell of a text screen */
    LEFT_HALF = 0xdd,
    BLACK = 0,
    WHITE = 15
};

static const rgb_t ink = 0x000000, paper = 0xffffff;

static struct qr code;

/* The largest version of which all modules have room in that many, with the light ones around. */
static unsigned version_within(uint32_t modules)
{
    unsigned version = 0;
    while (version < QR_VERSION_MOST && 17 + 4 * (version + 1) + 2 * QR_QUIET <= modules)
        version++;
    return version;
}

/* As much of TEXT as a code of VERSION_MOST holds. */
static bool encode(const char *text, size_t nbytes, unsigned version_most)
{
    if (version_most == 0)
        return false;
    size_t room = qr_room(version_most, QR_LOW);
    return qr_encode(&code, text, nbytes < room ? nbytes : room, version_most);
}

/* With its light modules around. */
static uint32_t side(void)
{
    return code.side + 2 * QR_QUIET;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* -- In pixels -- */

/* Each line of modules as runs of dark ones on light. */
static void draw(const struct pixels *pixels, uint32_t left, uint32_t top, uint32_t size)
{
    pixels_fill(pixels, left, top, side() * size, side() * size, paper);
    left += QR_QUIET * size;
    top += QR_QUIET * size;
    for (uint32_t row = 0; row < code.side; row++)
        for (uint32_t column = 0, run; column < code.side; column += run + 1) {
            for (run = 0; qr_dark(&code, row, column + run); run++)
                ;
            pixels_fill(pixels, left + column * size, top + row * size, run * size, size, ink);
        }
}

bool code_screen_beside(const char *text, size_t nbytes)
{
    const struct framebuffer *screen = screen_framebuffer();
    if (!screen || screen_borrowed() || !encode(text, nbytes, QR_VERSION_MOST))
        return false;
    uint32_t width = GLYPH_COLUMNS * screen->scale, height = GLYPH_LINES * screen->scale;
    struct framebuffer_place place;
    for (uint32_t size = MOST * screen->scale; size >= LEAST * screen->scale; size--) {
        uint32_t pixels = side() * size;
        if (!screen_lend_place((pixels + width - 1) / width, (pixels + height - 1) / height,
                               &place))
            continue;
        draw(&screen->pixels, (place.column + place.columns) * width - pixels, place.row * height,
             size);
        return true;
    }
    return false;
}

void code_screen_end(void)
{
    screen_take_back_place();
}

static bool fill_picture(const char *text, size_t nbytes)
{
    const struct pixels *pixels = &screen_framebuffer()->pixels;
    uint32_t room = least(pixels->width, pixels->height);
    if (!encode(text, nbytes, version_within(room / LEAST)) || !screen_borrow())
        return false;
    uint32_t size = room / side();
    pixels_fill(pixels, 0, 0, pixels->width, pixels->height, ink);
    draw(pixels, (pixels->width - side() * size) / 2, (pixels->height - side() * size) / 2, size);
    return true;
}

/* -- In halves of characters -- */

static uint8_t colour(uint32_t row, uint32_t column)
{
    return qr_dark(&code, row, column) ? BLACK : WHITE;
}

static bool fill_text(const char *text, size_t nbytes)
{
    if (!encode(text, nbytes, version_within(VGA_TEXT_FINE_ROWS)) || !screen_borrow())
        return false;
    if (!vga_text_make_fine()) {
        screen_give_back();
        return false;
    }
    uint32_t top = (VGA_TEXT_FINE_ROWS - code.side) / 2;
    uint32_t left = (HALVES * VGA_TEXT_COLUMNS - code.side) / 2;
    for (uint32_t row = 0; row < VGA_TEXT_FINE_ROWS; row++)
        for (uint32_t i = 0; i < VGA_TEXT_COLUMNS; i++)
            vga_text_draw(row, i, LEFT_HALF, colour(row - top, HALVES * i - left),
                          colour(row - top, HALVES * i + 1 - left));
    return true;
}

bool code_screen_fill(const char *text, size_t nbytes)
{
    return screen_framebuffer() ? fill_picture(text, nbytes) : fill_text(text, nbytes);
}
