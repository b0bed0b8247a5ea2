#include "drivers/pixels.h"

struct pixels pixels_of(const struct boot_screen *screen, void *start)
{
    return (struct pixels){
        .start = start,
        .pitch = screen->pitch,
        .width = screen->width,
        .height = screen->height,
        .nbytes = (screen->bits_a_pixel + 7u) / 8,
        .red = screen->red,
        .green = screen->green,
        .blue = screen->blue,
    };
}

/* The highest bits of SHADE, 0 to 255, where COLOUR wants them; those of a wider field repeat. */
static uint32_t field(struct boot_colour colour, uint32_t shade)
{
    uint32_t wide = shade * 0x01010101u;
    return wide >> (32 - colour.nbits) << colour.position;
}

uint32_t pixels_value(const struct pixels *pixels, rgb_t colour)
{
    return field(pixels->red, colour >> 16 & 0xff) | field(pixels->green, colour >> 8 & 0xff) |
           field(pixels->blue, colour & 0xff);
}

static uint8_t *put(uint8_t *at, uint32_t value, uint32_t nbytes)
{
    for (uint32_t i = 0; i < nbytes; i++, value >>= 8)
        *at++ = (uint8_t)value;
    return at;
}

/* COUNT pixels from AT on: in words, once four of them are made. */
static void fill_line(uint8_t *at, size_t count, const uint8_t four[16], uint32_t nbytes)
{
    for (; count >= 4; count -= 4)
        for (uint32_t i = 0; i < nbytes; i++, at += 4)
            __builtin_memcpy(at, four + 4 * i, 4);
    for (uint32_t i = 0; i < count * nbytes; i++)
        at[i] = four[i];
}

void pixels_fill(const struct pixels *pixels, uint32_t x, uint32_t y, uint32_t width,
                 uint32_t height, rgb_t colour)
{
    if (x >= pixels->width || y >= pixels->height)
        return;
    if (width > pixels->width - x)
        width = pixels->width - x;
    if (height > pixels->height - y)
        height = pixels->height - y;
    uint8_t four[16], *end = four;
    for (int i = 0; i < 4; i++)
        end = put(end, pixels_value(pixels, colour), pixels->nbytes);
    uint8_t *line = pixels->start + y * pixels->pitch + (size_t)x * pixels->nbytes;
    for (; height > 0; height--, line += pixels->pitch)
        fill_line(line, width, four, pixels->nbytes);
}

void pixels_pattern(const struct pixels *pixels, struct pixels_pattern *pattern, uint32_t scale,
                    rgb_t ink, rgb_t paper)
{
    const uint32_t values[] = {pixels_value(pixels, paper), pixels_value(pixels, ink)};
    pattern->scale = scale;
    pattern->nwords = pixels->nbytes * scale; /* four pixels have four times as many bytes */
    for (unsigned bits = 0; bits < 16; bits++) {
        uint8_t *at = (uint8_t *)pattern->words[bits];
        for (unsigned mask = 8; mask; mask >>= 1)
            for (uint32_t i = 0; i < scale; i++)
                at = put(at, values[(bits & mask) != 0], pixels->nbytes);
    }
}

/* NWORDS is at least 2. Nothing says that AT is a multiple of 4. */
static uint8_t *copy(uint8_t *at, const uint32_t *words, uint32_t nwords)
{
    do {
        __builtin_memcpy(at, words++, sizeof *words);
        at += sizeof *words;
    } while (--nwords);
    return at;
}

void pixels_glyph(const struct pixels *pixels, const struct pixels_pattern *pattern, uint32_t x,
                  uint32_t y, const uint8_t *glyph)
{
    uint8_t *line = pixels->start + y * pixels->pitch + (size_t)x * pixels->nbytes;
    for (unsigned i = 0; i < GLYPH_LINES; i++) {
        const uint32_t *left = pattern->words[glyph[i] >> 4];
        const uint32_t *right = pattern->words[glyph[i] & 15];
        for (uint32_t n = pattern->scale; n > 0; n--, line += pixels->pitch)
            copy(copy(line, left, pattern->nwords), right, pattern->nwords);
    }
}
