/*
 * Theory. A line can be read in several ways: a tool takes its bytes one after the other, with or
 * without carriage returns; a terminal has cells, and \b, \r and tabs move in them; a row that is
 * full goes on at the left. Each way is a reading. It keeps the first cells of the line, as many as
 * the longest word has.
 *
 * Invariant: in no reading ring 3 completes a word of the kernel's at the beginning of a line. A
 * byte that would do so gets a mark in front of it. No word has a mark in it, so that the mark
 * spoils the word in each reading, wherever its cell is, and the byte behind it completes none.
 * Nothing is held back: what a byte becomes depends on what came before it alone.
 *
 * Not modelled: \b and \r behind characters that take no cell or two, and rows of a terminal that
 * has neither 80 columns nor the screen's.
 */
#include "process/user_text.h"

#include "lib/print.h"

enum {
    MARK = '|',
    TAB = 8,
    TERMINAL_COLUMNS = 80,
    OUTPUT_BYTES = 136, /* a piece of 128 plain bytes goes out in one */
    DELETE = 0x7f,
    CONTROLS_8_BIT = 0x80, /* to 0x9f */
    OTHERS_8_BIT = 0xa0
};

/*
 * How lines begin that tools, or people, take for the kernel's: those that the README lists, and
 * what it says unasked. TAP's reader takes "ok" for a word of its own whatever stands behind it.
 */
static const struct word {
    const char *text;
    bool indented; /* also with blanks in front */
} words[] = {
    {"ok", false},       {"not ok", false},   {"1..", false},       {"TAP ", false},
    {"pragma ", false},  {"Bail out!", true}, {"plat:", false},     {"plat>", false},
    {"Plat:", false},    {"panic:", false},   {"memory:", false},   {"heap:", false},
    {"boot:", false},    {"cpu:", false},     {"firmware:", false}, {"paging:", false},
    {"process:", false}, {"console:", false}, {"timer:", false},    {"watch:", false},
    {"done\n", false},
};

/* Whether a word stands at the beginning that has the cell FROM. */
static bool completed(const struct user_text_reading *reading, size_t from)
{
    for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
        const char *word = words[w].text;
        size_t i = 0;
        if (reading->indented && !words[w].indented)
            continue;
        while (i < USER_TEXT_CELLS && word[i] &&
               (word[i] == reading->cells[i] || (word[i] == ' ' && reading->passed[i])))
            i++;
        if (!word[i] && i > from)
            return true;
    }
    return false;
}

static void next_row(struct user_text_reading *reading)
{
    reading->at = 0;
    for (size_t i = 0; i < USER_TEXT_CELLS; i++) {
        reading->cells[i] = '\0';
        reading->passed[i] = false;
    }
}

static void put_cell(struct user_text_reading *reading, char c)
{
    if (reading->width && reading->at == reading->width)
        next_row(reading);
    if (reading->at < USER_TEXT_CELLS) {
        reading->cells[reading->at] = c;
        reading->passed[reading->at] = false;
    }
    reading->at++;
}

static void pass_tab(struct user_text_reading *reading)
{
    size_t stop = (reading->at / TAB + 1) * TAB;
    if (reading->width && stop > reading->width)
        stop = reading->width;
    for (; reading->at < stop; reading->at++)
        if (reading->at < USER_TEXT_CELLS)
            reading->passed[reading->at] = true;
}

static bool is_continuation(char c)
{
    return ((uint8_t)c & 0xc0) == 0x80;
}

static void put(struct user_text_reading *reading, char c)
{
    if (reading->indented && reading->at == 0 && (c == ' ' || c == '\t'))
        return;
    if (c == '\n')
        next_row(reading);
    else if (c == '\r')
        reading->at = reading->terminal ? 0 : reading->at;
    else if (reading->terminal && c == '\b')
        reading->at -= reading->at > 0;
    else if (reading->terminal && c == '\t')
        pass_tab(reading);
    else if (!reading->characters || !is_continuation(c))
        put_cell(reading, c == '\t' ? ' ' : c);
}

static void put_all(struct user_text *text, char c)
{
    for (size_t i = 0; i < USER_TEXT_READINGS; i++)
        put(&text->readings[i], c);
}

/* Whether C, as the next byte, completes a word in one of the readings. */
static bool completes(const struct user_text *text, char c)
{
    if (c == '\b')
        return false;
    for (size_t i = 0; i < USER_TEXT_READINGS; i++) {
        struct user_text_reading next = text->readings[i];
        size_t from = next.width && next.at == next.width ? 0 : next.at;
        if (from >= USER_TEXT_CELLS)
            continue;
        if (c == '\n' || c == '\r') /* either ends a line, for one tool or another */
            put_cell(&next, '\n');
        else
            put(&next, c);
        if (completed(&next, from))
            return true;
    }
    return false;
}

/* Whether BYTE goes on with the UTF-8 sequence before it; notes what may come behind it. */
static bool goes_on(struct user_text *text, uint8_t byte)
{
    bool valid = text->expected && byte >= text->low && byte <= text->high;
    text->low = 0x80;
    text->high = 0xbf;
    if (valid) {
        text->expected--;
        return true;
    }
    text->expected = byte < 0xc2 || byte > 0xf4 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    if (byte == 0xc2 || byte == 0xe0) /* U+0080 to U+009F are controls; and longer than need be */
        text->low = 0xa0;
    else if (byte == 0xf0)
        text->low = 0x90;
    else if (byte == 0xed) /* halves of characters; and past the last one */
        text->high = 0x9f;
    else if (byte == 0xf4)
        text->high = 0x8f;
    return false;
}

/* How BYTE is shown, in SHOWN; how many bytes that takes. */
static size_t show(struct user_text *text, uint8_t byte, char shown[4])
{
    static const char digits[] = "0123456789abcdef";
    bool inside = goes_on(text, byte);
    if (byte >= CONTROLS_8_BIT && byte < OTHERS_8_BIT && !inside) {
        shown[0] = '\\';
        shown[1] = 'x';
        shown[2] = digits[byte >> 4];
        shown[3] = digits[byte & 0xf];
        return 4;
    }
    if ((byte < ' ' && byte != '\n' && byte != '\t' && byte != '\b' && byte != '\r') ||
        byte == DELETE) {
        shown[0] = '^';
        shown[1] = (char)(byte ^ 0x40);
        return 2;
    }
    shown[0] = (char)byte;
    return 1;
}

void user_text_init(struct user_text *text, size_t columns,
                    void (*emit)(const char *text, size_t nbytes))
{
    *text = (struct user_text){
        .readings = {{.terminal = false},
                     {.indented = true},
                     {.terminal = true, .indented = true},
                     {.terminal = true, .width = columns},
                     {.terminal = true, .characters = true},
                     {.terminal = true, .characters = true, .width = TERMINAL_COLUMNS}},
        .emit = emit,
    };
}

void user_text_write(struct user_text *text, const char *bytes, size_t nbytes)
{
    char output[OUTPUT_BYTES], shown[4];
    size_t used = 0;
    for (size_t i = 0; i < nbytes; i++) {
        size_t length = show(text, (uint8_t)bytes[i], shown);
        if (used + length + 1 > sizeof output) {
            text->emit(output, used);
            used = 0;
        }
        if (completes(text, shown[0])) {
            put_all(text, MARK);
            output[used++] = MARK;
        }
        for (size_t j = 0; j < length; j++) {
            put_all(text, shown[j]);
            output[used++] = shown[j];
        }
    }
    if (used)
        text->emit(output, used);
}

void user_text_follow(struct user_text *text, const char *bytes, size_t nbytes)
{
    size_t first = nbytes; /* what stands before the last line does not matter */
    while (first > 0 && bytes[first - 1] != '\n')
        first--;
    if (first > 0)
        put_all(text, '\n');
    for (; first < nbytes; first++)
        put_all(text, bytes[first]);
    text->expected = 0;
}

static struct {
    struct user_text text;
    uint32_t seen; /* of what has been printed, as print_written() counts */
} console;

static void follow(const char *bytes, size_t nbytes)
{
    user_text_follow(&console.text, bytes, nbytes);
}

void user_text_start(size_t columns)
{
    user_text_init(&console.text, columns, print_text);
    console.seen = print_written();
}

void user_text_print(const char *bytes, size_t nbytes)
{
    static const struct print_sink follower = {.write = follow};
    if (console.seen != print_written())
        print_again(&follower, console.seen);
    user_text_write(&console.text, bytes, nbytes);
    console.seen = print_written();
}
