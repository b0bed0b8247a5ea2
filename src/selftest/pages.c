#include "selftest/pages.h"

#include "drivers/console.h"
#include "drivers/screen.h"
#include "drivers/timer.h"
#include "lib/print.h"
#include "lib/string.h"

enum { PAGE_SECONDS = 10 };

static struct {
    struct print_sink counter;
    bool counting;
    uint32_t columns, rows; /* of the screen */
    uint32_t column, lines; /* written since the last page */
} pages;

/* What the screen does with TEXT, as far as lines go. */
static void count(const char *text, size_t nbytes)
{
    if (!pages.counting)
        return;
    for (size_t i = 0; i < nbytes; i++) {
        bool full = pages.column == pages.columns;
        if (text[i] == '\n' || full) {
            pages.lines++;
            pages.column = 0;
        }
        pages.column += text[i] != '\n';
    }
}

void pages_start(void)
{
    pages.counting = false;
    if (!screen_size(&pages.columns, &pages.rows))
        return;
    if (!pages.counter.write) {
        pages.counter.write = count;
        print_add_sink(&pages.counter);
    }
    pages.column = pages.lines = 0;
    pages.counting = true;
}

/* On the screen alone: whoever reads the serial line reads it later, or scrolls back. */
static void write(const char *text)
{
    screen_sink()->write(text, string_length(text));
}

static void show_notice(const char *notice)
{
    if (screen_sink()->style)
        screen_sink()->style(PRINT_TITLE);
    write(notice);
    if (screen_sink()->style)
        screen_sink()->style(PRINT_PLAIN);
    print_flush();
}

static void hide_notice(const char *notice)
{
    write("\r");
    for (; *notice; notice++)
        write(" ");
    write("\r");
}

int pages_wait(const char *notice)
{
    if (!screen_sink())
        return KEY_NONE;
    show_notice(notice);
    int key = console_wait_key(PAGE_SECONDS * TIMER_TICKS_A_SECOND);
    hide_notice(notice);
    return key;
}

static void turn(void)
{
    pages.lines = 0;
    if (pages_wait("-- a key: on; q: on to the end --") == 'q')
        pages.counting = false;
}

void pages_turn(void)
{
    /* On a screen of few lines, what is long may be cut, so that there are lines at all. */
    uint32_t next = PAGES_LINES_MOST < pages.rows / 2 ? PAGES_LINES_MOST : pages.rows / 2;
    if (pages.counting && pages.lines + next + 1 >= pages.rows)
        turn();
}

void pages_end(void)
{
    if (pages.counting && pages.lines)
        turn();
    pages.counting = false;
}
