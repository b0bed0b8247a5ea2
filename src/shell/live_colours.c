#include "shell/live_colours.h"

#include "shell/owners.h"

enum {
    CUBE_SHADES = 6,
    VGA_COLOURS = 16,
    VGA_WHITE = 15,
    CUBE = 16, /* where the cube of colours begins, and the greys behind it */
    GREYS = 232,
    NGREYS = 24
};

static uint32_t shade(rgb_t colour, unsigned shift)
{
    return colour >> shift & 0xff;
}

rgb_t live_colour(live_cell_t cell)
{
    unsigned look = cell, owner = look & LIVE_OWNER;
    unsigned level = (look & LIVE_LEVEL) >> LIVE_LEVEL_SHIFT;
    if (owner >= HEAP_OWNERS)
        return 0;
    rgb_t whole = owner_looks[owner].colour, none = owner_looks[OWNER_FREE].colour, mixed = 0;
    for (unsigned shift = 0; shift < 24; shift += 8)
        mixed |= (shade(whole, shift) * (level + 1) + shade(none, shift) * (LIVE_LEVELS - level)) /
                     (LIVE_LEVELS + 1)
                 << shift;
    return mixed;
}

/* How far apart they are, squared. */
static uint32_t apart(rgb_t a, rgb_t b)
{
    uint32_t sum = 0;
    for (unsigned shift = 0; shift < 24; shift += 8) {
        int32_t d = (int32_t)shade(a, shift) - (int32_t)shade(b, shift);
        sum += (uint32_t)(d * d);
    }
    return sum;
}

uint8_t live_colour_of_16(enum heap_owner owner)
{
    static const rgb_t palette[VGA_COLOURS] = {
        0x000000, 0x0000aa, 0x00aa00, 0x00aaaa, 0xaa0000, 0xaa00aa, 0xaa5500, 0xaaaaaa,
        0x555555, 0x5555ff, 0x55ff55, 0x55ffff, 0xff5555, 0xff55ff, 0xffff55, 0xffffff,
    };
    uint32_t used = 1u << VGA_WHITE;
    for (unsigned i = 0;; i++) {
        unsigned nearest = VGA_WHITE;
        for (unsigned colour = 0; colour < VGA_COLOURS; colour++)
            if (!(used >> colour & 1) &&
                (nearest == VGA_WHITE || apart(palette[colour], owner_looks[i].colour) <
                                             apart(palette[nearest], owner_looks[i].colour)))
                nearest = colour;
        if (i == (unsigned)owner)
            return (uint8_t)nearest;
        used |= 1u << nearest;
    }
}

static const uint8_t cube_shades[CUBE_SHADES] = {0, 95, 135, 175, 215, 255};

static uint32_t nearest_shade(uint32_t wanted)
{
    uint32_t at = 0;
    while (at < CUBE_SHADES - 1 && 2 * wanted > 0u + cube_shades[at] + cube_shades[at + 1])
        at++;
    return at;
}

uint8_t live_colour_of_256(rgb_t colour)
{
    uint32_t number = 0;
    rgb_t in_cube = 0;
    for (unsigned i = 0, shift = 16; i < 3; i++, shift -= 8) {
        uint32_t at = nearest_shade(shade(colour, shift));
        number = number * CUBE_SHADES + at;
        in_cube = in_cube << 8 | cube_shades[at];
    }
    uint32_t best = apart(in_cube, colour), answer = CUBE + number;
    for (uint32_t i = 0; i < NGREYS; i++) {
        rgb_t grey = (8 + 10 * i) * 0x010101;
        if (apart(grey, colour) < best) {
            best = apart(grey, colour);
            answer = GREYS + i;
        }
    }
    return (uint8_t)answer;
}
