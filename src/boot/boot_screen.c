/* Which of the loader's screens can be used. */
#include "boot/boot_info.h"

enum { TEXT_ADDRESS = 0xb8000, TEXT_COLUMNS = 80, TEXT_ROWS = 25, TEXT_PITCH = 160 };

/* The bits of a pixel that COLOUR takes; 0 where it reaches out of one of NBITS. */
static uint64_t colour_bits(struct boot_colour colour, unsigned nbits)
{
    if (!colour.nbits || colour.position >= nbits || colour.nbits > nbits - colour.position)
        return 0;
    return ((1ull << colour.nbits) - 1) << colour.position;
}

static const char *refuse_colours(const struct boot_screen *screen)
{
    unsigned nbits = screen->bits_a_pixel;
    if (nbits != 15 && nbits != 16 && nbits != 24 && nbits != 30 && nbits != 32)
        return "its pixels have neither 15, 16, 24, 30 nor 32 bits";
    uint64_t red = colour_bits(screen->red, nbits), green = colour_bits(screen->green, nbits),
             blue = colour_bits(screen->blue, nbits);
    if (!red || !green || !blue || (red & green) || (green & blue) || (red & blue))
        return "its colours do not fit into its pixels";
    return NULL;
}

static const char *refuse_size(const struct boot_screen *screen)
{
    if (screen->width < BOOT_SCREEN_WIDTH_LEAST || screen->height < BOOT_SCREEN_HEIGHT_LEAST)
        return "it is smaller than 320x200";
    if (screen->width > BOOT_SCREEN_WIDTH_MOST || screen->height > BOOT_SCREEN_HEIGHT_MOST)
        return "it is larger than 5632x4224";
    if (screen->pitch < screen->width * ((screen->bits_a_pixel + 7u) / 8))
        return "its lines overlap";
    if (screen->pitch > BOOT_SCREEN_PITCH_MOST)
        return "its lines are more than 64 KB apart";
    if (screen->nbytes)
        return NULL;
    return screen->address < (uint64_t)1 << 32 ? "it reaches over the end of 4 GB"
                                               : "it reaches over the end of 1 TB";
}

static const char *refuse_text(const struct boot_screen *screen)
{
    if (screen->width != TEXT_COLUMNS || screen->height != TEXT_ROWS || screen->pitch != TEXT_PITCH)
        return "its text is not 80x25";
    return screen->address == TEXT_ADDRESS ? NULL : "its text is not at 0xb8000";
}

static const char *refuse_screen(const struct boot_screen *screen, unsigned type)
{
    if (type != BOOT_SCREEN_TEXT && type != BOOT_SCREEN_PIXELS)
        return type == BOOT_SCREEN_PALETTE ? "its pixels are numbers of a palette"
                                           : "its type is unknown";
    if (screen->text)
        return refuse_text(screen);
    const char *why = refuse_colours(screen);
    return why ? why : refuse_size(screen);
}

void boot_screen_judge(struct boot_screen *screen, uint64_t address, unsigned type)
{
    const uint64_t near = (uint64_t)1 << 32, far = (uint64_t)1 << 40;
    uint64_t end, nbytes = (uint64_t)screen->pitch * screen->height;
    screen->described = true;
    screen->text = type == BOOT_SCREEN_TEXT;
    screen->address = address;
    /* Bounded, so that no nonsense takes all of memory for a screen. */
    bool fits =
        screen->pitch <= BOOT_SCREEN_PITCH_MOST && screen->height <= BOOT_SCREEN_HEIGHT_MOST &&
        !__builtin_add_overflow(address, nbytes, &end) && end <= (address < near ? near : far);
    screen->nbytes = fits ? (uint32_t)nbytes : 0;
    screen->refused = refuse_screen(screen, type);
}
