/*
 * A live map in half characters on a terminal at the other end of the serial line: ECMA-48's
 * sequences, xterm's 256 colours, UTF-8. It has its alternate screen meanwhile; text that is
 * printed goes on in rows of its own at the bottom, which scroll by themselves, and comes once more
 * when the terminal has its other screen back.
 */
#include "drivers/serial.h"
#include "lib/format.h"
#include "shell/canvas.h"
#include "shell/live_colours.h"

enum {
    COLUMNS = 80, /* of the terminal, which nobody asks */
    ROWS = 24,
    TEXT_ROWS = 3, /* for what is printed */
    TALL = 2,
    BUFFER_BYTES = 512,
    PIECE_BYTES = 48, /* the longest that is sent at once */
    WHITE = 231,
    BLACK = 16,
    NOWHERE = COLUMNS + 1
};

static struct {
    size_t row, column;  /* where the terminal's cursor is; NOWHERE: not known */
    unsigned ink, paper; /* as the terminal has them; 0: not known */
    uint32_t printed;    /* before it began */
    size_t nbytes;
    char buffer[BUFFER_BYTES];
} terminal;

static const uint8_t styles[] = {
    [PRINT_PLAIN] = 250, [PRINT_TITLE] = 87, [PRINT_GOOD] = 83,
    [PRINT_BAD] = 203,   [PRINT_DIM] = 240,
};

static void send(void)
{
    const struct print_sink *sink = serial_sink();
    if (sink)
        sink->write(terminal.buffer, terminal.nbytes);
    terminal.nbytes = 0;
}

static void add(const char *text)
{
    while (*text)
        terminal.buffer[terminal.nbytes++] = *text++;
    if (terminal.nbytes > BUFFER_BYTES - PIECE_BYTES)
        send();
}

static void add_number(const char *before, size_t number, const char *behind)
{
    char piece[PIECE_BYTES];
    format_text(piece, sizeof piece, "%s%zu%s", before, number, behind);
    add(piece);
}

/* Between frames the cursor is among the printed text: it is kept, and goes back there. */
static void go(size_t row, size_t column)
{
    if (terminal.column == NOWHERE)
        add("\0337\033[?7l"); /* saved with its colours; no breaking of lines */
    if (terminal.row != row || terminal.column != column) {
        add_number("\033[", row + 1, ";");
        add_number("", column + 1, "H");
    }
    terminal.row = row;
    terminal.column = column + 1;
}

static void flush(void)
{
    if (terminal.column != NOWHERE)
        add("\033[?7h\0338");
    terminal.column = NOWHERE;
    terminal.ink = terminal.paper = 0;
    send();
}

static void set_ink(unsigned ink)
{
    if (terminal.ink != ink)
        add_number("\033[38;5;", ink, "m");
    terminal.ink = ink;
}

static void set_paper(unsigned paper)
{
    if (terminal.paper != paper)
        add_number("\033[48;5;", paper, "m");
    terminal.paper = paper;
}

static unsigned colour(live_cell_t cell)
{
    return cell & LIVE_CURSOR ? WHITE : live_colour_of_256(live_colour(cell));
}

static void draw(const struct live_map *map, size_t place)
{
    size_t column = place % map->columns, row = place / map->columns;
    unsigned upper = colour(live_map_cell(map, column, TALL * row));
    unsigned lower = colour(live_map_cell(map, column, TALL * row + 1));
    go(row, column);
    set_paper(lower);
    if (upper != lower)
        set_ink(upper);
    add(upper == lower ? " " : "\xe2\x96\x80");
}

static void put(size_t row, size_t column, canvas_character_t character)
{
    unsigned look = character >> CANVAS_STYLE_SHIFT;
    char text[] = {(char)character, '\0'};
    go(row, column);
    set_paper(BLACK);
    if (character & CANVAS_OWNER)
        set_ink(colour((live_cell_t)((look & LIVE_OWNER) | LIVE_LEVELS << LIVE_LEVEL_SHIFT)));
    else
        set_ink(styles[look]);
    add(character & CANVAS_OWNER ? "\xe2\x96\x88" : text);
}

static struct canvas_grid arrange(size_t rows, size_t ncells, unsigned closer)
{
    (void)ncells, (void)closer;
    return (struct canvas_grid){COLUMNS, TALL * rows, TALL, 0, 0};
}

static bool begin(void)
{
    if (!serial_sink())
        return false;
    terminal.column = NOWHERE;
    terminal.printed = print_written();
    add("\033[?1049h\033[?25l\033[2J"); /* the other screen, no cursor, all of it blank */
    add_number("\033[", ROWS - TEXT_ROWS + 1, ";");
    add_number("", ROWS, "r"); /* what scrolls */
    add_number("\033[", ROWS - TEXT_ROWS + 1, ";1H");
    send();
    return true;
}

static bool lost(void)
{
    return !serial_sink();
}

static void end(void)
{
    flush();
    add("\033[r\033[m\033[?25h\033[?1049l");
    send();
    if (serial_sink())
        print_again(serial_sink(), terminal.printed);
}

const struct canvas *canvas_terminal(void)
{
    static const struct canvas canvas = {
        .name = "the terminal",
        .columns = COLUMNS,
        .rows = ROWS - TEXT_ROWS,
        .room = COLUMNS * (ROWS - TEXT_ROWS) * TALL,
        .arrange = arrange,
        .draw = draw,
        .put = put,
        .flush = flush,
        .begin = begin,
        .lost = lost,
        .end = end,
    };
    return serial_sink() ? &canvas : NULL;
}
