#include "selftest/verdict.h"

#include "drivers/screen.h"
#include "lib/print.h"
#include "lib/string.h"

enum {
    LETTER_COLUMNS = 5,
    LETTER_ROWS = 7,
    NLETTERS = 4,
    WORD_COLUMNS = NLETTERS * (LETTER_COLUMNS + 1) - 1,
    WIDTH = 2,          /* a character is half as wide as it is high */
    ROWS_BESIDE = 5,    /* empty ones, the summary, and the prompt that follows */
    FULL_BLOCK = '\xdb' /* of code page 437, which both kinds of screen have */
};

/* The leftmost of a row's five squares is the highest of its bits. */
struct letter {
    char name;
    uint8_t rows[LETTER_ROWS];
};
static const struct letter letters[] = {
    {'P', {0x1e, 0x11, 0x11, 0x1e, 0x10, 0x10, 0x10}},
    {'A', {0x0e, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11}},
    {'S', {0x0f, 0x10, 0x10, 0x0e, 0x01, 0x01, 0x1e}},
    {'F', {0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x10}},
    {'I', {0x0e, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e}},
    {'L', {0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1f}},
};

static const struct print_sink *sink;

static void write_repeated(char c, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        sink->write(&c, 1);
}

static void write_line(const char *text)
{
    sink->write(text, string_length(text));
    sink->write("\n", 1);
}

static const struct letter *letter_of(char name)
{
    const struct letter *letter = letters;
    while (letter->name != name)
        letter++;
    return letter;
}

static void write_word(const char *word, uint32_t scale, uint32_t indent)
{
    for (uint32_t row = 0; row < LETTER_ROWS * scale; row++) {
        write_repeated(' ', indent);
        for (const char *c = word; *c; c++) {
            uint8_t squares = letter_of(*c)->rows[row / scale];
            for (int bit = LETTER_COLUMNS - 1; bit >= 0; bit--)
                write_repeated(squares >> bit & 1 ? FULL_BLOCK : ' ', scale * WIDTH);
            write_repeated(' ', c[1] ? scale * WIDTH : 0);
        }
        write_line("");
    }
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void verdict_show(bool passed, const char *summary, const char *const *failed, size_t nfailed)
{
    uint32_t columns, rows;
    sink = screen_sink();
    if (!screen_size(&columns, &rows))
        return;
    uint32_t room = rows > ROWS_BESIDE ? rows - ROWS_BESIDE : 0;
    uint32_t scale = least(columns / (WORD_COLUMNS * WIDTH), room / LETTER_ROWS);
    uint32_t indent = (columns - scale * WORD_COLUMNS * WIDTH) / 2;
    room -= scale * LETTER_ROWS;
    write_line("");
    sink->style(PRINT_BAD);
    for (size_t i = 0; i < nfailed && i < room; i++)
        write_line(failed[i]);
    write_line("");
    sink->style(passed ? PRINT_GOOD : PRINT_BAD);
    write_word(passed ? "PASS" : "FAIL", scale, indent);
    write_line("");
    write_line(summary);
    sink->style(PRINT_PLAIN);
    if (sink->flush)
        sink->flush();
}
