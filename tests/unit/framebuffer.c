/*
 * Text on a picture in memory, read back pixel by pixel by code of its own, with a font made up
 * here. The arena holds the framebuffer's own state in front and the picture behind it.
 */
#include "drivers/framebuffer.h"

#include "arena.h"
#include "case.h"
#include "lib/string.h"

enum { STATE_BLOCKS = 16, GUARD = 64, UNTOUCHED = 0xc3, UNKNOWN = '?' + 256 };

static uint8_t font[256][GLYPH_LINES];

struct format {
    uint8_t nbits;
    struct boot_colour red, green, blue;
};

static const struct format formats[] = {
    {32, {16, 8}, {8, 8}, {0, 8}},  {32, {0, 8}, {8, 8}, {16, 8}},
    {32, {24, 8}, {16, 8}, {8, 8}}, {32, {20, 10}, {10, 10}, {0, 10}},
    {24, {16, 8}, {8, 8}, {0, 8}},  {24, {0, 8}, {8, 8}, {16, 8}},
    {16, {11, 5}, {5, 6}, {0, 5}},  {16, {0, 5}, {5, 6}, {11, 5}},
    {16, {8, 4}, {4, 4}, {0, 4}},   {15, {10, 5}, {5, 5}, {0, 5}},
};
enum { FORMATS = sizeof formats / sizeof formats[0] };

/* What is under test, and where. */
static struct {
    struct framebuffer *fb;
    const struct format *format;
    uint8_t *picture;
    size_t pitch, nbytes; /* NBYTES: of all lines, and what is between them */
    uint32_t width, height, scale;
} it;

static void make_font(void)
{
    for (unsigned c = 0; c < 256; c++)
        for (unsigned i = 0; i < GLYPH_LINES; i++)
            font[c][i] = (uint8_t)(c == ' ' ? 0 : i < 8 ? c << 4 | c >> 4 : ~c + i * 29 * c);
}

static bool begin(const struct format *format, uint32_t width, uint32_t height, size_t pitch)
{
    _Static_assert(sizeof(struct framebuffer) <= STATE_BLOCKS * ARENA_BLOCK_SIZE, "it has room");
    it.fb = (struct framebuffer *)arena[0];
    it.format = format;
    it.picture = arena[STATE_BLOCKS] + GUARD + 1;
    it.pitch = pitch;
    it.nbytes = pitch * height;
    it.width = width;
    it.height = height;
    it.scale = 1;
    uint8_t *guard = it.picture - GUARD;
    for (size_t i = 0; i < it.nbytes + 2 * GUARD; i++)
        guard[i] = UNTOUCHED;
    make_font();
    struct boot_screen screen = {.pitch = (uint32_t)pitch,
                                 .width = width,
                                 .height = height,
                                 .bits_a_pixel = format->nbits,
                                 .red = format->red,
                                 .green = format->green,
                                 .blue = format->blue};
    struct pixels pixels = pixels_of(&screen, it.picture);
    return framebuffer_create(it.fb, &pixels, (const uint8_t(*)[GLYPH_LINES])font);
}

/* Whether a colour's field of the pixel VALUE is SHADE, 0 .. 255, as nearly as it has bits. */
static bool is_shade(uint32_t value, struct boot_colour colour, uint32_t wanted)
{
    uint32_t most = (1u << colour.nbits) - 1;
    uint32_t got = (value >> colour.position & most) * 255 / most;
    uint32_t apart = got > wanted ? got - wanted : wanted - got;
    return apart <= (colour.nbits < 8 ? 17 : 0);
}

/* 1: a pixel of colour INK; 0: a black one; -1: another. */
static int pixel(uint32_t x, uint32_t y, uint32_t ink)
{
    unsigned nbytes = (it.format->nbits + 7u) / 8;
    uint32_t value = 0;
    for (unsigned i = nbytes; i-- > 0;)
        value = value << 8 | it.picture[y * it.pitch + x * nbytes + i];
    if (value == 0)
        return 0;
    bool same = is_shade(value, it.format->red, ink >> 16) &&
                is_shade(value, it.format->green, ink >> 8 & 0xff) &&
                is_shade(value, it.format->blue, ink & 0xff);
    return same ? 1 : -1;
}

/* The character that stands at a cell in colour INK, + 512 where a cursor is under it. */
static unsigned character(uint32_t row, uint32_t column, uint32_t ink)
{
    uint8_t lines[GLYPH_LINES] = {0};
    for (uint32_t y = 0; y < 16 * it.scale; y++)
        for (uint32_t x = 0; x < 8 * it.scale; x++) {
            int bit = pixel(column * 8 * it.scale + x, row * 16 * it.scale + y, ink);
            uint8_t mask = (uint8_t)(0x80 >> x / it.scale), *line = &lines[y / it.scale];
            bool first = x % it.scale == 0 && y % it.scale == 0;
            if (bit < 0 || (!first && (bit != 0) != ((*line & mask) != 0)))
                return UNKNOWN;
            if (bit)
                *line |= mask;
        }
    bool cursor = lines[14] == 0xff && lines[15] == 0xff;
    for (unsigned c = 0; c < 256; c++) {
        unsigned same = 0;
        while (same < (cursor ? 14 : 16) && lines[same] == font[c][same])
            same++;
        if (same == (cursor ? 14 : 16))
            return c + (cursor ? 512 : 0);
    }
    return UNKNOWN;
}

/* Whether ROW shows TEXT from its first column on, and then blanks; the cursor at CURSOR or -1. */
static bool row_shows(uint32_t row, const char *text, uint32_t ink, int cursor)
{
    for (uint32_t i = 0; i < it.width / (8 * it.scale); i++) {
        unsigned wanted = *text ? (uint8_t)*text++ : ' ';
        if (character(row, i, ink) != wanted + ((int)i == cursor ? 512 : 0))
            return false;
    }
    return !*text;
}

/* Whether nothing but the lines' own bytes was written. */
static bool only_lines_written(void)
{
    size_t used = it.width * ((it.format->nbits + 7u) / 8);
    for (size_t i = 0; i < GUARD; i++)
        if (it.picture[(ptrdiff_t)i - GUARD] != UNTOUCHED || it.picture[it.nbytes + i] != UNTOUCHED)
            return false;
    for (size_t i = 0; i < it.nbytes; i++)
        if (i % it.pitch >= used && it.picture[i] != UNTOUCHED)
            return false;
    return true;
}

static void say(const char *text)
{
    framebuffer_write(it.fb, text, string_length(text));
}

static void draw(void)
{
    framebuffer_draw(it.fb, SIZE_MAX);
}

enum { PLAIN = 0xaaaaaa, TITLE = 0x55ffff, GOOD = 0x55ff55, BAD = 0xff5555, DIM = 0x555555 };

CASE(framebuffer, every_format_shows_what_was_written)
{
    /* 20 by 6 characters and a part of one more; lines with odd bytes between them, and without. */
    for (size_t i = 0; i < FORMATS; i++)
        for (size_t odd = 0; odd < 14; odd += 13) {
            CHECK(begin(&formats[i], 163, 99, 163 * ((formats[i].nbits + 7u) / 8) + odd));
            CHECK(only_lines_written());
            static const struct {
                enum print_style style;
                const char *text;
                uint32_t ink;
            } lines[] = {{PRINT_PLAIN, "plain, ~{}| 0123", PLAIN},
                         {PRINT_TITLE, "title of 20 letters.", TITLE},
                         {PRINT_GOOD, "good", GOOD},
                         {PRINT_BAD, "bad \x01\xb0\xdb\xdc\xdf\xfe", BAD},
                         {PRINT_DIM, "dim", DIM}};
            for (size_t row = 0; row < 5; row++) {
                framebuffer_set_style(it.fb, lines[row].style);
                say(lines[row].text);
                say("\n");
            }
            framebuffer_set_style(it.fb, PRINT_PLAIN);
            draw();
            for (uint32_t row = 0; row < 5; row++)
                CHECK(row_shows(row, lines[row].text, lines[row].ink, -1));
            CHECK(row_shows(5, "", PLAIN, 0));
            CHECK(only_lines_written());
        }
}

CASE(framebuffer, nothing_is_drawn_before_it_is_asked_for)
{
    CHECK(begin(&formats[0], 160, 96, 643));
    say("one\ntwo\n");
    CHECK(row_shows(0, "", PLAIN, -1) && row_shows(1, "", PLAIN, -1));
    draw();
    CHECK(row_shows(0, "one", PLAIN, -1) && row_shows(1, "two", PLAIN, -1));
    CHECK(!framebuffer_draw(it.fb, SIZE_MAX));
}

CASE(framebuffer, lines_break_and_scroll_as_on_a_text_screen)
{
    CHECK(begin(&formats[4], 160, 96, 480));
    for (int i = 0; i < 50; i++) {
        const char line[] = {'#', ' ', (char)('0' + i / 10), (char)('0' + i % 10), '\n', '\0'};
        say(line);
    }
    draw();
    CHECK(row_shows(0, "# 45", PLAIN, -1) && row_shows(4, "# 49", PLAIN, -1));
    CHECK(row_shows(5, "", PLAIN, 0));
    say("twenty characters 20");
    draw();
    CHECK(row_shows(5, "twenty characters 20", PLAIN, 19)); /* full, and not broken yet */
    CHECK(row_shows(0, "# 45", PLAIN, -1));
    say("\nnext");
    draw();
    CHECK(row_shows(4, "twenty characters 20", PLAIN, -1) && row_shows(5, "next", PLAIN, 4));
    say("\rtwenty characters 20then");
    draw();
    CHECK(row_shows(4, "twenty characters 20", PLAIN, -1) && row_shows(5, "then", PLAIN, 4));
    say("\b\b\b\b\b\b\bx\ty\bz");
    draw();
    CHECK(row_shows(5, "x       z", PLAIN, 9));
    say("\t.\t"); /* 20 is no multiple of 8: the line ends before it */
    draw();
    CHECK(row_shows(5, "x       z       .", PLAIN, 19));
    say("!\tq");
    draw();
    CHECK(row_shows(4, "x       z       .", PLAIN, -1) && row_shows(5, "!       q", PLAIN, 9));
    CHECK(only_lines_written());
}

CASE(framebuffer, what_is_shown_already_is_not_drawn_again)
{
    CHECK(begin(&formats[0], 160, 96, 640));
    say("same\nsame\nother\nsame\nsame\n");
    draw();
    /* Behind its back: whatever is drawn or read from now on can be told. */
    for (size_t i = 0; i < it.nbytes; i++)
        it.picture[i] = 0x77;
    say("same"); /* over the cursor */
    framebuffer_set_style(it.fb, PRINT_BAD);
    say("   \b\b\b"); /* blanks look the same in every style */
    framebuffer_set_style(it.fb, PRINT_PLAIN);
    draw();
    for (uint32_t row = 0; row < 6; row++)
        for (uint32_t i = 0; i < 20; i++)
            CHECK_EQUAL(character(row, i, PLAIN), row < 5 || i > 4 ? UNKNOWN
                                                  : i < 4          ? (uint8_t) "same"[i]
                                                                   : 512 + ' ');
    say("\n"); /* scrolls: "other" and a "same" change their places, and the last row empties */
    draw();
    CHECK_EQUAL(character(0, 0, PLAIN), UNKNOWN);
    CHECK_EQUAL(character(1, 0, PLAIN), 'o');
    CHECK_EQUAL(character(1, 4, PLAIN), 'r');
    CHECK_EQUAL(character(1, 5, PLAIN), UNKNOWN);
    CHECK_EQUAL(character(2, 0, PLAIN), 's');
    CHECK_EQUAL(character(3, 0, PLAIN), UNKNOWN);
    CHECK_EQUAL(character(4, 0, PLAIN), UNKNOWN);
    CHECK(row_shows(5, "", PLAIN, 0) || character(5, 5, PLAIN) == UNKNOWN);
    CHECK_EQUAL(character(5, 0, PLAIN), 512 + ' ');
    CHECK_EQUAL(character(5, 3, PLAIN), ' ');
}

CASE(framebuffer, all_is_drawn_again_over_what_somebody_else_drew)
{
    CHECK(begin(&formats[0], 163, 99, 700)); /* with edges where no character has room */
    framebuffer_set_style(it.fb, PRINT_TITLE);
    say("one\n\ntwo");
    framebuffer_set_style(it.fb, PRINT_PLAIN);
    draw();
    for (uint32_t y = 0; y < it.height; y++)
        for (uint32_t x = 0; x < it.width * 4; x++)
            it.picture[y * it.pitch + x] = 0x77;
    say("\n"); /* meanwhile */
    framebuffer_redraw(it.fb);
    draw();
    CHECK(row_shows(0, "one", TITLE, -1) && row_shows(1, "", PLAIN, -1));
    CHECK(row_shows(2, "two", TITLE, -1) && row_shows(3, "", PLAIN, 0));
    CHECK(row_shows(4, "", PLAIN, -1) && row_shows(5, "", PLAIN, -1));
    for (uint32_t i = 0; i < it.width; i++)
        CHECK_EQUAL(pixel(i, it.height - 1, PLAIN), 0);
    for (uint32_t i = 0; i < it.height; i++)
        CHECK_EQUAL(pixel(it.width - 1, i, PLAIN), 0);
    CHECK(only_lines_written());
}

CASE(framebuffer, in_pieces_all_rows_have_their_turn)
{
    CHECK(begin(&formats[7], 160, 96, 331));
    for (int round = 0; round < 6; round++) { /* always behind, and no row is forgotten */
        say("0123456789\nabcdefghij\n");
        CHECK(framebuffer_draw(it.fb, 10));
    }
    CHECK_EQUAL(character(5, 0, PLAIN) & 511, ' ');
    for (uint32_t row = 0; row < 5; row++)
        CHECK(character(row, 0, PLAIN) == '0' || character(row, 0, PLAIN) == 'a');
    int pieces = 1;
    while (framebuffer_draw(it.fb, 10))
        pieces++;
    CHECK(pieces <= 6);
    CHECK(row_shows(0, "abcdefghij", PLAIN, -1) && row_shows(1, "0123456789", PLAIN, -1));
    CHECK(row_shows(4, "abcdefghij", PLAIN, -1) && row_shows(5, "", PLAIN, 0));
    CHECK(only_lines_written());
}

CASE(framebuffer, a_large_picture_has_large_glyphs)
{
    static const struct {
        uint32_t width, height, scale;
    } sizes[] = {{1408, 16, 1}, {1415, 37, 1}, {1424, 32, 2}, {40, 1088, 2}, {24, 2160, 3}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t odd = 0; odd < 6; odd += 5) {
            size_t pitch = sizes[i].width * 2 + odd;
            if (pitch * sizes[i].height > (ARENA_BLOCKS - STATE_BLOCKS - 1) * ARENA_BLOCK_SIZE)
                continue;
            CHECK(begin(&formats[6], sizes[i].width, sizes[i].height, pitch));
            it.scale = sizes[i].scale;
            say("Q!");
            draw();
            uint32_t columns = it.width / (8 * it.scale);
            if (columns > 1)
                CHECK(row_shows(0, "Q!", PLAIN, columns > 2 ? 2 : 1));
            else
                CHECK(row_shows(0, "Q", PLAIN, -1) && row_shows(1, "!", PLAIN, 0));
            CHECK(only_lines_written());
        }
}

CASE(framebuffer, a_picture_without_room_is_refused)
{
    CHECK(!begin(&formats[0], 7, 96, 28));
    CHECK(!begin(&formats[0], 160, 15, 640));
    for (size_t i = 0; i < it.nbytes; i++)
        CHECK_EQUAL(it.picture[i], UNTOUCHED);
    struct pixels large = it.fb->pixels;
    large.width = (FRAMEBUFFER_COLUMNS_MOST + 1) * GLYPH_COLUMNS * PIXELS_SCALE_MOST;
    large.height = GLYPH_LINES * (PIXELS_SCALE_MOST + 1);
    large.start = NULL; /* not looked at */
    CHECK(!framebuffer_create(it.fb, &large, (const uint8_t(*)[GLYPH_LINES])font));
}

CASE(framebuffer, rectangles_are_cut_at_the_edges)
{
    for (size_t i = 0; i < FORMATS; i++) {
        CHECK(begin(&formats[i], 37, 21, 37 * ((formats[i].nbits + 7u) / 8) + 3));
        const struct pixels *pixels = &it.fb->pixels;
        pixels_fill(pixels, 5, 3, 7, 9, GOOD);
        pixels_fill(pixels, 30, 18, 100, UINT32_MAX, BAD);
        pixels_fill(pixels, 30, 18, 8, 1, BAD); /* one too many */
        pixels_fill(pixels, 30, 18, 1, 4, BAD);
        pixels_fill(pixels, 37, 0, 1, 1, BAD);
        pixels_fill(pixels, 0, 21, 1, 1, BAD);
        pixels_fill(pixels, UINT32_MAX, 2, UINT32_MAX, 1, BAD);
        pixels_fill(pixels, 1, 1, 0, 5, BAD);
        for (uint32_t y = 0; y < 21; y++)
            for (uint32_t x = 0; x < 37; x++) {
                bool good = x >= 5 && x < 12 && y >= 3 && y < 12, bad = x >= 30 && y >= 18;
                CHECK_EQUAL(pixel(x, y, good ? GOOD : BAD), good || bad ? 1 : 0);
            }
        CHECK(only_lines_written());
    }
}

/* Somebody else draws on a place that has been lent: all of it black and white. */
static void draw_on(const struct framebuffer_place *place)
{
    pixels_fill(&it.fb->pixels, place->column * 8, place->row * 16, place->columns * 8,
                place->rows * 16, 0xffffff);
}

static bool is_white(const struct framebuffer_place *place)
{
    for (uint32_t y = place->row * 16; y < (place->row + place->rows) * 16; y++)
        for (uint32_t x = place->column * 8; x < (place->column + place->columns) * 8; x++)
            if (pixel(x, y, 0xffffff) != 1)
                return false;
    return true;
}

CASE(framebuffer, a_place_is_lent_where_no_text_is)
{
    struct framebuffer_place place;
    CHECK(begin(&formats[0], 160, 96, 640)); /* 20 by 6 */
    say("0123456789ABCDEFGHIJ\n0123\n012345678\n");
    CHECK(framebuffer_lend(it.fb, 10, 2, &place));
    CHECK(place.row == 1 && place.column == 10 && place.rows == 2 && place.columns == 10);
    CHECK(framebuffer_lend(it.fb, 11, 2, &place)); /* and the first one is over */
    CHECK(place.row == 1 && place.column == 9);
    CHECK(framebuffer_lend(it.fb, 15, 1, &place) && place.row == 1);
    CHECK(framebuffer_lend(it.fb, 17, 2, &place) && place.row == 4);
    CHECK(!framebuffer_lend(it.fb, 17, 3, &place));
    CHECK(!framebuffer_lend(it.fb, 20, 1, &place)); /* the cursor comes to a line's beginning */
    CHECK(!framebuffer_lend(it.fb, 5, 7, &place));
    CHECK(framebuffer_lend(it.fb, 1, 2, &place) && place.row == 1);
}

/* At the right of the two upper lines, with a long one below. */
static bool lend(struct framebuffer_place *place)
{
    if (!begin(&formats[0], 160, 96, 640))
        return false;
    say("first\nsecond\n");
    if (!framebuffer_lend(it.fb, 10, 2, place) || place->row != 0)
        return false;
    draw_on(place);
    say("third\n0123456789ABCDEFG\n5\n");
    draw();
    return is_white(place) && row_shows(3, "0123456789ABCDEFG", PLAIN, -1);
}

CASE(framebuffer, a_lent_place_stays_until_text_needs_it)
{
    struct framebuffer_place place;
    CHECK(lend(&place));
    say("6\n");
    draw();
    CHECK(is_white(&place)); /* no text was scrolled there */
    say("7\n");
    draw();
    CHECK(row_shows(0, "third", PLAIN, -1) && row_shows(1, "0123456789ABCDEFG", PLAIN, -1));
    draw_on(&place); /* it is over: nobody cares for what is drawn now */
    say("8\n9\n");
    draw();
    CHECK(!is_white(&place));
}

CASE(framebuffer, a_lent_place_is_blank_when_it_is_taken_back)
{
    struct framebuffer_place place;
    for (int i = 0; i < 2; i++) {
        CHECK(lend(&place));
        (i ? framebuffer_redraw : framebuffer_take_back)(it.fb);
        draw();
        CHECK(row_shows(0, "first", PLAIN, -1) && row_shows(1, "second", PLAIN, -1));
        CHECK(row_shows(3, "0123456789ABCDEFG", PLAIN, -1));
    }
}

CASE(framebuffer, what_is_written_at_a_lent_place_is_seen)
{
    struct framebuffer_place place;
    CHECK(begin(&formats[0], 160, 96, 640));
    CHECK(framebuffer_lend(it.fb, 4, 1, &place) && place.row == 1);
    draw_on(&place);
    say("\n123456789012345");
    draw();
    CHECK(is_white(&place));
    say("67");
    draw();
    CHECK(row_shows(1, "12345678901234567", PLAIN, 17));
}
