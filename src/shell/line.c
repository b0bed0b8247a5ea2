#include "shell/line.h"

#include "drivers/keyboard.h"
#include "lib/string.h"

void line_init(struct line *line, void (*echo)(const char *text, size_t nbytes))
{
    line->length = line->cursor = line->nhistory = line->shown = 0;
    line->text[0] = '\0';
    line->echo = echo;
}

static void repeat(struct line *line, char c, size_t count)
{
    while (count--)
        line->echo(&c, 1);
}

/* Shows what stands from the cursor on, wipes ERASED cells behind it, and puts the cursor back. */
static void show_rest(struct line *line, size_t erased)
{
    size_t rest = line->length - line->cursor;
    line->echo(line->text + line->cursor, rest);
    repeat(line, ' ', erased);
    repeat(line, '\b', rest + erased);
}

static void insert(struct line *line, char c)
{
    if (line->length + 1 == LINE_BYTES)
        return;
    for (size_t i = line->length + 1; i > line->cursor; i--)
        line->text[i] = line->text[i - 1];
    line->text[line->cursor++] = c;
    line->length++;
    line->echo(&c, 1);
    if (line->cursor < line->length)
        show_rest(line, 0);
}

/* Takes out the character at the cursor. */
static void erase(struct line *line)
{
    if (line->cursor == line->length)
        return;
    for (size_t i = line->cursor; i < line->length; i++)
        line->text[i] = line->text[i + 1];
    line->length--;
    show_rest(line, 1);
}

static void move_to(struct line *line, size_t cursor)
{
    if (cursor < line->cursor)
        repeat(line, '\b', line->cursor - cursor);
    else
        line->echo(line->text + line->cursor, cursor - line->cursor);
    line->cursor = cursor;
}

static void replace(struct line *line, const char *text)
{
    move_to(line, 0);
    size_t before = line->length;
    string_copy(line->text, sizeof line->text, text);
    line->length = string_length(line->text);
    show_rest(line, before > line->length ? before - line->length : 0);
    move_to(line, line->length);
}

static const char *history_back(const struct line *line, size_t back)
{
    return line->history[(line->nhistory - back) % LINE_HISTORY];
}

static void show_history(struct line *line, size_t back)
{
    size_t kept = line->nhistory < LINE_HISTORY ? line->nhistory : LINE_HISTORY;
    if (back > kept)
        return;
    if (line->shown == 0)
        string_copy(line->draft, sizeof line->draft, line->text);
    line->shown = back;
    replace(line, back ? history_back(line, back) : line->draft);
}

static void control(struct line *line, int key)
{
    switch (key) {
    case 'a' & 0x1f:
        move_to(line, 0);
        return;
    case 'e' & 0x1f:
        move_to(line, line->length);
        return;
    case 'u' & 0x1f:
        replace(line, "");
        return;
    case 'c' & 0x1f:
        line->shown = 0;
        replace(line, "");
        return;
    default:
        return;
    }
}

bool line_key(struct line *line, int key)
{
    switch (key) {
    case '\n':
        move_to(line, line->length);
        line->echo("\n", 1);
        return true;
    case '\b':
        if (line->cursor > 0) {
            move_to(line, line->cursor - 1);
            erase(line);
        }
        return false;
    case KEY_DELETE:
        erase(line);
        return false;
    case KEY_LEFT:
        if (line->cursor > 0)
            move_to(line, line->cursor - 1);
        return false;
    case KEY_RIGHT:
        if (line->cursor < line->length)
            move_to(line, line->cursor + 1);
        return false;
    case KEY_HOME:
        move_to(line, 0);
        return false;
    case KEY_END:
        move_to(line, line->length);
        return false;
    case KEY_UP:
        show_history(line, line->shown + 1);
        return false;
    case KEY_DOWN:
        if (line->shown > 0)
            show_history(line, line->shown - 1);
        return false;
    default:
        if (key >= 0x20 && key < 0x7f)
            insert(line, (char)key);
        else
            control(line, key);
        return false;
    }
}

void line_next(struct line *line)
{
    bool repeated = line->nhistory > 0 && string_equal(line->text, history_back(line, 1));
    if (line->length > 0 && !repeated)
        string_copy(line->history[line->nhistory++ % LINE_HISTORY], LINE_BYTES, line->text);
    line->length = line->cursor = line->shown = 0;
    line->text[0] = '\0';
}
