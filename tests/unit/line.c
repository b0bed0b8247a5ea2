/* Line editing against a terminal that knows only characters, backspaces and the newline. */
#include "shell/line.h"

#include "case.h"
#include "drivers/keyboard.h"
#include "lib/string.h"

static struct {
    char cells[80 - sizeof "plat> " + 1]; /* what the prompt leaves of a row */
    size_t column, newlines;
} terminal;
static struct line line;

static void echo(const char *text, size_t nbytes)
{
    for (size_t i = 0; i < nbytes; i++) {
        if (text[i] == '\b')
            terminal.column -= terminal.column > 0;
        else if (text[i] == '\n')
            terminal.newlines++;
        else if (terminal.column + 1 < sizeof terminal.cells)
            terminal.cells[terminal.column++] = text[i];
    }
}

static void start(void)
{
    for (size_t i = 0; i < sizeof terminal.cells; i++)
        terminal.cells[i] = '\0';
    terminal.column = terminal.newlines = 0;
}

static bool type(const char *keys)
{
    bool ended = false;
    for (; *keys; keys++)
        ended = line_key(&line, *keys);
    return ended;
}

/* Whether the terminal shows the line, blanks behind it, and the cursor where the line has it. */
static bool shows_line(void)
{
    size_t i = 0;
    for (; i < line.length; i++)
        if (terminal.cells[i] != line.text[i])
            return false;
    for (; terminal.cells[i]; i++)
        if (terminal.cells[i] != ' ')
            return false;
    return terminal.column == line.cursor && line.text[line.length] == '\0';
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
    for (int i = 0; i < 2 * LINE_BYTES; i++)
        type("x");
    CHECK_EQUAL(line.length, LINE_BYTES - 1);
    CHECK(shows_line());
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
