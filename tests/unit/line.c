/* Line editing against a terminal that knows only characters, backspaces and the newline. */
#include "shell/line.h"

#include "case.h"
#include "drivers/keyboard.h"
#include "lib/string.h"

enum { ROW = 80 - (sizeof "plat> " - 1) }; /* what the prompt leaves of it */

static struct {
    char cells[ROW];
    size_t column, newlines, written;
    bool left; /* the row, at either end */
} terminal;
static struct line line;

static void echo(const char *text, size_t nbytes)
{
    terminal.written += nbytes;
    for (size_t i = 0; i < nbytes; i++) {
        if (text[i] == '\b' && terminal.column > 0)
            terminal.column--;
        else if (text[i] == '\n')
            terminal.newlines++;
        else if (text[i] >= ' ' && text[i] < 0x7f && terminal.column + 1 < ROW)
            terminal.cells[terminal.column++] = text[i];
        else
            terminal.left = true;
    }
}

static void start(void)
{
    for (size_t i = 0; i < ROW; i++)
        terminal.cells[i] = ' ';
    terminal.column = terminal.newlines = 0;
    terminal.left = false;
}

static bool type(const char *keys)
{
    bool ended = false;
    for (; *keys; keys++)
        ended = line_key(&line, *keys);
    return ended;
}

/*
 * Whether the terminal shows the line, or what has room of it, with signs where it goes on, blanks
 * behind it, and the cursor where the line has it.
 */
static bool shows_line(void)
{
    if (terminal.left || line.text[line.length] || line.cursor < terminal.column)
        return false;
    size_t first = line.cursor - terminal.column; /* in the first cell */
    size_t end = first + LINE_CELLS;
    if (first > 0 && (line.length <= LINE_CELLS || terminal.column == 0))
        return false;
    if (line.length > end && terminal.column >= LINE_CELLS - 1)
        return false;
    for (size_t i = 0; i < ROW; i++) {
        char wanted = first + i < line.length && i < LINE_CELLS ? line.text[first + i] : ' ';
        if (i == 0 && first > 0)
            wanted = '<';
        if (i == LINE_CELLS - 1 && line.length > end)
            wanted = '>';
        if (i == LINE_CELLS - 1 && line.too_long)
            wanted = '!';
        if (terminal.cells[i] != wanted)
            return false;
    }
    return true;
}

static void begin(void)
{
    line_init(&line, echo);
    start();
}

CASE(line, typing_and_erasing)
{
    begin();
    CHECK(!type("heap"));
    CHECK(!type("\b\blp"));
    CHECK_TEXT(line.text, "help");
    CHECK(shows_line());
    line_key(&line, KEY_HOME);
    line_key(&line, KEY_DELETE);
    type("H");
    line_key(&line, KEY_RIGHT);
    type("\b");
    CHECK_TEXT(line.text, "Hlp");
    CHECK(shows_line());
    line_key(&line, KEY_END);
    line_key(&line, KEY_LEFT);
    line_key(&line, KEY_DELETE);
    line_key(&line, KEY_DELETE);
    CHECK_TEXT(line.text, "Hl");
    CHECK(shows_line());
    CHECK(type("\n"));
    CHECK_EQUAL(terminal.newlines, 1);
}

CASE(line, edges_do_nothing)
{
    begin();
    type("\b");
    line_key(&line, KEY_LEFT);
    line_key(&line, KEY_RIGHT);
    line_key(&line, KEY_DELETE);
    line_key(&line, KEY_UP);
    line_key(&line, KEY_DOWN);
    line_key(&line, 0x07);
    type("words to wipe");
    line_key(&line, 'u' & 0x1f);
    CHECK_TEXT(line.text, "");
    CHECK(shows_line());
    type("more");
    line_key(&line, 'a' & 0x1f);
    CHECK_EQUAL(line.cursor, 0);
    line_key(&line, 'e' & 0x1f);
    CHECK_EQUAL(line.cursor, 4);
    line_key(&line, 'c' & 0x1f);
    CHECK_TEXT(line.text, "");
    CHECK(shows_line());
    CHECK_EQUAL(line.length, 0);
    CHECK(shows_line());
}

/* A character of a long line that tells its place. */
static char letter(size_t i)
{
    return (char)('a' + i % 26);
}

CASE(line, c71_a_long_line_is_whole)
{
    begin();
    for (size_t i = 0; i + 1 < LINE_BYTES; i++) {
        CHECK_EQUAL(line.length, i);
        CHECK(!line_key(&line, letter(i)));
        CHECK(shows_line());
    }
    CHECK(line.length >= 255 && !line.too_long);
    for (size_t i = 0; i < line.length; i++)
        CHECK_EQUAL(line.text[i], letter(i));
    for (size_t i = line.length; i > 0; i--) {
        line_key(&line, KEY_LEFT);
        CHECK_EQUAL(line.cursor, i - 1);
        CHECK(shows_line());
    }
    for (size_t i = 0; i < line.length; i++) {
        line_key(&line, KEY_RIGHT);
        CHECK(shows_line());
    }
    line_key(&line, KEY_HOME);
    CHECK(shows_line());
    line_key(&line, KEY_DELETE);
    line_key(&line, 'X');
    CHECK_EQUAL(line.text[0], 'X');
    CHECK_EQUAL(line.text[1], letter(1));
    CHECK(shows_line());
    line_key(&line, KEY_END);
    CHECK(shows_line());
    while (line.length > 0) {
        line_key(&line, '\b');
        CHECK(shows_line());
    }
}

CASE(line, c71_a_line_that_is_too_long_says_so)
{
    begin();
    for (size_t i = 0; i + 1 < LINE_BYTES; i++)
        line_key(&line, letter(i));
    CHECK(!line.too_long);
    line_key(&line, 'x');
    CHECK(line.too_long && shows_line());
    CHECK_EQUAL(line.text[LINE_BYTES - 2], letter(LINE_BYTES - 2));
    for (int i = 0; i < 100; i++)
        line_key(&line, '\b');
    type("more");
    CHECK(line.too_long && shows_line()); /* what was refused does not come back */
    line_key(&line, KEY_UP);
    CHECK(line.too_long);
    CHECK(type("\n") && line.too_long && shows_line());
    line_next(&line);
    start();
    CHECK(!line.too_long);
    line_key(&line, KEY_UP);
    CHECK_TEXT(line.text, ""); /* and is not remembered */
    type("a word\n");
    line_next(&line);
    start();
    for (size_t i = 0; i < LINE_BYTES; i++)
        line_key(&line, letter(i));
    line_key(&line, KEY_UP);
    CHECK_TEXT(line.text, "a word");
    CHECK(!line.too_long && shows_line());
    line_key(&line, KEY_DOWN);
    CHECK(line.too_long && shows_line());
    line_key(&line, 'u' & 0x1f);
    CHECK(!line.too_long && shows_line());
}

/* Keys at random, against a model that knows no terminal; a key writes a row and back at most. */
CASE(line, random_keys)
{
    static const int keys[] = {KEY_LEFT,   KEY_LEFT, KEY_RIGHT,  KEY_HOME,   KEY_END,
                               KEY_DELETE, '\b',     '\b',       'a' & 0x1f, 'e' & 0x1f,
                               KEY_LEFT,   KEY_LEFT, KEY_DELETE, 0x07,       KEY_RIGHT};
    char model[LINE_BYTES] = "";
    size_t length = 0, cursor = 0;
    uint32_t random = 1;
    begin();
    for (int i = 0; i < 20000; i++) {
        random = random * 1664525 + 1013904223;
        uint32_t any = random >> 8;
        size_t which = any % 40;
        int key = which < sizeof keys / sizeof keys[0] ? keys[which] : (int)(' ' + any / 40 % 95);
        if (any / 40 % 1000 == 7)
            key = 'u' & 0x1f;
        if (length + 1 == LINE_BYTES && key < 0x7f)
            key = '\b';
        bool erases = (key == '\b' && cursor > 0) || (key == KEY_DELETE && cursor < length);
        cursor -= (key == '\b' || key == KEY_LEFT) && cursor > 0;
        if (erases) {
            length--;
            for (size_t j = cursor; j < length; j++)
                model[j] = model[j + 1];
        } else if (key == KEY_RIGHT) {
            cursor += cursor < length;
        } else if (key == KEY_HOME || key == 1) {
            cursor = 0;
        } else if (key == KEY_END || key == 5) {
            cursor = length;
        } else if (key == ('u' & 0x1f)) {
            length = cursor = 0;
        } else if (key >= ' ' && key < 0x7f) {
            for (size_t j = length++; j > cursor; j--)
                model[j] = model[j - 1];
            model[cursor++] = (char)key;
        }
        model[length] = '\0';
        terminal.written = 0;
        line_key(&line, key);
        CHECK_TEXT(line.text, model);
        CHECK_EQUAL(line.cursor, cursor);
        CHECK(shows_line() && !line.too_long);
        CHECK(terminal.written <= 3 * ROW);
    }
}

CASE(line, history)
{
    begin();
    static const char *const lines[] = {"one", "two", "two", "", "three"};
    for (size_t i = 0; i < 5; i++) {
        type(lines[i]);
        line_next(&line);
    }
    start();
    type("dra");
    static const char *const back[] = {"three", "two", "one", "one"};
    for (size_t i = 0; i < 4; i++) {
        line_key(&line, KEY_UP);
        CHECK_TEXT(line.text, back[i]);
        CHECK(shows_line());
    }
    line_key(&line, KEY_DOWN);
    CHECK_TEXT(line.text, "two");
    line_key(&line, KEY_DOWN);
    line_key(&line, KEY_DOWN);
    CHECK_TEXT(line.text, "dra");
    CHECK(shows_line());
    for (int i = 0; i < 3 * LINE_HISTORY; i++) {
        const char text[] = {(char)('a' + i % 26), '\0'};
        line_next(&line);
        type(text);
    }
    line_next(&line);
    for (int i = 0; i < LINE_HISTORY; i++)
        line_key(&line, KEY_UP);
    CHECK_TEXT(line.text, "g"); /* the last 16 of 48: number 33 is the oldest */
}
