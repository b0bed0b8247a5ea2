/*
 * A picture in memory, drawn on without ever reading it back: what is behind a framebuffer is slow
 * to read, and may be anything. Pure.
 */
#ifndef PLAT_DRIVERS_PIXELS_H
#define PLAT_DRIVERS_PIXELS_H

#include "boot/boot_info.h"

enum { GLYPH_COLUMNS = 8, GLYPH_LINES = 16, PIXELS_SCALE_MOST = 4 };

/* A colour without a format: 0xRRGGBB. */
typedef uint32_t rgb_t;

struct pixels {
    uint8_t *start; /* HEIGHT lines of WIDTH pixels, PITCH bytes from one to the next */
    size_t pitch;
    uint32_t width, height;
    uint32_t nbytes; /* of a pixel: 2, 3 or 4 */
    struct boot_colour red, green, blue;
};

/* The picture that SCREEN, which is not refused and no text, describes; its memory is at START. */
struct pixels pixels_of(const struct boot_screen *screen, void *start);

/* The pixel that shows COLOUR; its bytes are written lowest first. */
uint32_t pixels_value(const struct pixels *pixels, rgb_t colour);

/* Fills a rectangle; what reaches out of the picture is cut off. */
void pixels_fill(const struct pixels *pixels, uint32_t x, uint32_t y, uint32_t width,
                 uint32_t height, rgb_t colour);

/*
 * Four pixels for each of the 16 things that half a line of a glyph can be, each pixel SCALE times,
 * as they stand in memory: a glyph's line is then two copies.
 */
struct pixels_pattern {
    uint32_t nwords, scale;
    uint32_t words[16][4 * PIXELS_SCALE_MOST];
};

/* SCALE: 1 to PIXELS_SCALE_MOST. Of each line's bits, INK shows those that are set. */
void pixels_pattern(const struct pixels *pixels, struct pixels_pattern *pattern, uint32_t scale,
                    rgb_t ink, rgb_t paper);

/*
 * Draws the 16 lines of GLYPH, whose highest bit is the pixel on the left, with its left upper
 * corner at X, Y. All of it must be inside of the picture. Each byte is written once.
 */
void pixels_glyph(const struct pixels *pixels, const struct pixels_pattern *pattern, uint32_t x,
                  uint32_t y, const uint8_t *glyph);

#endif
