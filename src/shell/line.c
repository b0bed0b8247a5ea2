/*
 * A key changes the text and the cursor, and no more; then show() makes the terminal agree: it
 * knows what each cell shows, writes from the first to the last one that differs, and goes back.
 */
#include "shell/line.h"

#include "drivers/keyboard.h"
#include "lib/string.h"

enum { LAST = LINE_CELLS - 1 };

static void begin(struct line *line)
{
    line->length = line->cursor = line->shown = line->first = line->column = 0;
    line->text[0] = '\0';
    line->too_long = false;
    for (size_t i = 0; i < LINE_CELLS; i++)
        line->cells[i] = ' ';
}

void line_init(struct line *line, void (*echo)(const char *text, size_t nbytes))
{
    line->nhistory = 0;
    line->echo = echo;
    begin(line);
}

static void go_to(struct line *line, size_t column)
{
    static const char back = '\b';
    for (; line->column > column; line->column--)
        line->echo(&back, 1);
    if (line->column < column)
        line->echo(line->cells + line->column, column - line->column);
    line->column = column;
}

/* Whether the cursor would stand on a sign, or outside. */
static bool is_hidden(const struct line *line)
{
    if (line->cursor < line->first + (line->first > 0))
        return true;
    size_t end = line->first + LINE_CELLS;
    return line->length > end ? line->cursor >= end - 1 : line->cursor > end;
}

/* Moves the window by half of itself, or more, where it has to be moved at all. */
static void scroll(struct line *line)
{
    if (line->length <= LINE_CELLS)
        line->first = 0;
    else if (is_hidden(line))
        line->first = line->cursor > LINE_CELLS / 2 ? line->cursor - LINE_CELLS / 2 : 0;
}

static char wanted(const struct line *line, size_t cell)
{
    if (cell == 0 && line->first > 0)
        return '<';
    if (cell == LAST && line->too_long)
        return '!';
    if (cell == LAST && line->length > line->first + LINE_CELLS)
        return '>';
    size_t at = line->first + cell;
    return at < line->length ? line->text[at] : ' ';
}

static void show(struct line *line)
{
    size_t from = LINE_CELLS, end = 0;
    scroll(line);
    for (size_t i = 0; i < LINE_CELLS; i++) {
        if (wanted(line, i) == line->cells[i])
            continue;
        from = from < i ? from : i;
        end = i + 1;
    }
    if (end > 0) {
        go_to(line, from);
        for (size_t i = from; i < end; i++)
            line->cells[i] = wanted(line, i);
        go_to(line, end);
    }
    go_to(line, line->cursor - line->first);
}

static void insert(struct line *line, char c)
{
    if (line->length + 1 == LINE_BYTES) {
        line->too_long = true;
        return;
    }
    for (size_t i = line->length + 1; i > line->cursor; i--)
        line->text[i] = line->text[i - 1];
    line->text[line->cursor++] = c;
    line->length++;
}

/* Takes out the character at the cursor. */
static void erase(struct line *line)
{
    if (line->cursor == line->length)
        return;
    for (size_t i = line->cursor; i < line->length; i++)
        line->text[i] = line->text[i + 1];
    line->length--;
}

static void replace(struct line *line, const char *text)
{
    string_copy(line->text, sizeof line->text, text);
    line->length = line->cursor = string_length(line->text);
    line->too_long = false;
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
    if (line->shown == 0) {
        string_copy(line->draft, sizeof line->draft, line->text);
        line->draft_too_long = line->too_long;
    }
    line->shown = back;
    replace(line, back ? history_back(line, back) : line->draft);
    line->too_long = !back && line->draft_too_long;
}

static void edit(struct line *line, int key)
{
    switch (key) {
    case '\b':
        if (line->cursor > 0) {
            line->cursor--;
            erase(line);
        }
        return;
    case KEY_DELETE:
        erase(line);
        return;
    case KEY_LEFT:
        line->cursor -= line->cursor > 0;
        return;
    case KEY_RIGHT:
        line->cursor += line->cursor < line->length;
        return;
    case KEY_HOME:
    case 'a' & 0x1f:
        line->cursor = 0;
        return;
    case KEY_END:
    case 'e' & 0x1f:
        line->cursor = line->length;
        return;
    case KEY_UP:
        show_history(line, line->shown + 1);
        return;
    case KEY_DOWN:
        if (line->shown > 0)
            show_history(line, line->shown - 1);
        return;
    case 'u' & 0x1f:
        replace(line, "");
        return;
    case 'c' & 0x1f:
        line->shown = 0;
        replace(line, "");
        return;
    case '\t':
        insert(line, ' ');
        return;
    default:
        if (key >= 0x20 && key < 0x7f)
            insert(line, (char)key);
    }
}

bool line_key(struct line *line, int key)
{
    bool ended = key == '\n';
    if (ended)
        line->cursor = line->length;
    else
        edit(line, key);
    show(line);
    if (ended)
        line->echo("\n", 1);
    return ended;
}

void line_next(struct line *line)
{
    bool repeated = line->nhistory > 0 && string_equal(line->text, history_back(line, 1));
    if (line->length > 0 && !repeated && !line->too_long)
        string_copy(line->history[line->nhistory++ % LINE_HISTORY], LINE_BYTES, line->text);
    begin(line);
}
