/* watch: the block table, live, on whatever the person who typed it looks at. */
#include "cpu/cpu.h"
#include "drivers/console.h"
#include "drivers/timer.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/kheap/kheap.h"
#include "memory/kheap/kheap_look.h"
#include "process/process.h"
#include "shell/command.h"
#include "shell/inspect.h"
#include "shell/live_text.h"

enum { TICKS_A_FRAME = TIMER_TICKS_A_SECOND / 10, SECONDS_MOST = 1000000, ESCAPE = 27, CTRL_C = 3 };

static struct {
    const struct canvas *canvas;
    struct live_map map;
    struct live_text text;
    unsigned closer;       /* how often the cells are doubled in size */
    bool paused, has_edge; /* its addresses are drawn, from block FIRST on */
    block_t first;
    uint32_t started, frames;
    uint64_t cells; /* in all frames */
} live;

static struct canvas_grid grid(void)
{
    return live.canvas->arrange(live.canvas->rows - live_text_rows(live.canvas),
                                live_map_ncells(&live.map), live.closer);
}

static void arrange(void)
{
    struct canvas_grid cells = grid();
    if (live.canvas->clear)
        live.canvas->clear(live.canvas->rows - live_text_rows(live.canvas));
    live_map_arrange(&live.map, cells.columns, cells.rows, cells.tall);
    live.has_edge = false;
}

/* FRESH: by a new look at the table. */
static void show(bool fresh)
{
    uint32_t tick = timer_ticks();
    if (fresh)
        live_map_look(&live.map, tick);
    if (live.canvas->edge && (!live.has_edge || live.first != live.map.first))
        live.canvas->edge(&live.map);
    live.has_edge = true;
    live.first = live.map.first;
    for (size_t place = 0; live_map_change(&live.map, &place); place++)
        live.canvas->draw(&live.map, place);
    live_text_show(&live.text, &live.map, live.paused, tick);
    if (live.canvas->flush)
        live.canvas->flush();
    live.frames++;
    live.cells += live.map.columns * live.map.rows;
}

static void zoom(bool closer)
{
    if (closer && live.map.shift == 0 && live.closer < live.canvas->closest) {
        live.closer++;
        if (grid().columns == live.map.columns) { /* they are as large as they can be */
            live.closer--;
            return;
        }
    } else if (!closer && live.closer > 0) {
        live.closer--;
    } else if (!live_map_zoom(&live.map, closer)) {
        return;
    }
    arrange();
    show(true);
}

static void move(enum live_move way)
{
    show(live_map_move(&live.map, way) || !live.paused);
}

static void print_block(void)
{
    struct inspection inspection;
    inspect(&live.map, timer_ticks(), &inspection);
    for (size_t i = 0; i < INSPECT_LINES; i++)
        if (inspection.lines[i][0])
            kprintf("%s%s\n", i ? "    " : "  ", inspection.lines[i]);
}

/* False where KEY ends it. */
static bool obey(int key)
{
    static const struct {
        int key;
        enum live_move move;
    } moves[] = {{KEY_LEFT, LIVE_LEFT}, {KEY_RIGHT, LIVE_RIGHT}, {KEY_UP, LIVE_UP},
                 {KEY_DOWN, LIVE_DOWN}, {KEY_HOME, LIVE_HOME},   {KEY_END, LIVE_END}};
    if (key == 'q' || key == ESCAPE || key == CTRL_C)
        return false;
    if (key == '+' || key == '=')
        zoom(true);
    if (key == '-')
        zoom(false);
    if (key == '\n')
        print_block();
    if (key == 'p' || key == ' ') {
        live.paused = !live.paused;
        show(false);
    }
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++)
        if (key == moves[i].key)
            move(moves[i].move);
    return true;
}

/* Until a key ends it, somebody takes the screen back, or so many ticks have passed, not for 0.
 * Others run between frames, however long drawing one takes. */
static void run(uint32_t ticks)
{
    show(true);
    uint32_t next = timer_ticks() + TICKS_A_FRAME;
    while (!live.canvas->lost() && (!ticks || timer_ticks() - live.started < ticks)) {
        cpu_disable_interrupts();
        int key = console_poll_key();
        bool due = (int32_t)(timer_ticks() - next) >= 0;
        if (key == KEY_NONE && !due)
            process_idle();
        cpu_enable_interrupts();
        if (key != KEY_NONE && !obey(key))
            return;
        if (due) {
            if (!live.paused)
                show(true);
            next = timer_ticks() + TICKS_A_FRAME;
        }
    }
}

/* The words of the command; says what is wrong with them. */
static bool read_words(unsigned nwords, char **words, bool *serial, uint32_t *seconds)
{
    for (unsigned i = 0; i < nwords; i++) {
        bool screen = string_equal(words[i], "screen");
        if (screen || string_equal(words[i], "terminal")) {
            *serial = !screen;
        } else if (!string_to_number(words[i], false, seconds) || *seconds == 0 ||
                   *seconds > SECONDS_MOST) {
            kprintf("watch: %s is unknown; expected: screen, terminal, or 1 to %d seconds\n",
                    words[i], SECONDS_MOST);
            return false;
        }
    }
    return true;
}

static const struct canvas *choose(bool serial)
{
    const struct canvas *screen = canvas_picture() ? canvas_picture() : canvas_text();
    if (!serial && !screen)
        kprintf("watch: there is no screen; it is drawn on the terminal\n");
    return serial || !screen ? canvas_terminal() : screen;
}

/* From the fewest blocks a cell on, until all of the table has room. */
static void fit(void)
{
    struct canvas_grid cells;
    do
        cells = grid();
    while (cells.columns * cells.rows < live_map_ncells(&live.map) &&
           live_map_zoom(&live.map, false));
    kprintf("watch: %zu blocks, %zu a cell, %zux%zu cells", live.map.total,
            (size_t)1 << live.map.shift, cells.columns, cells.rows);
    if (cells.width)
        kprintf(" of %ux%u pixels", cells.width, cells.height);
    kprintf(" on %s; q ends it\n", live.canvas->name);
}

/* Draws on CANVAS with MEMORY for what it remembers: the map's, then the text's. */
static void watch(const struct canvas *canvas, uint8_t *memory, uint32_t ticks)
{
    live.canvas = canvas;
    live.closer = live.frames = 0;
    live.cells = 0;
    live.paused = false;
    live.started = timer_ticks();
    live_map_init(&live.map, kheap_all(), memory, canvas->room);
    live_text_init(&live.text, canvas, memory + live_map_bytes(live.map.total, canvas->room),
                   live.started);
    fit();
    if (!canvas->begin())
        return;
    arrange();
    run(ticks);
    canvas->end();
}

void command_watch(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context;
    bool serial = console_last_was_serial();
    uint32_t seconds = 0;
    if (!read_words(nwords, words, &serial, &seconds))
        return;
    const struct canvas *canvas = choose(serial);
    if (!canvas) {
        kprintf("watch: there is no serial line; expected: watch screen\n");
        return;
    }
    size_t nbytes = live_map_bytes(kheap()->table->total, canvas->room) + live_text_bytes(canvas);
    uint8_t *memory = kmalloc(nbytes);
    if (!memory) {
        kprintf("watch: no memory for the %zu bytes in which it remembers what is shown\n", nbytes);
        return;
    }
    watch(canvas, memory, seconds * TIMER_TICKS_A_SECOND);
    kfree(memory);
    kprintf("watch: %u frames, %u cells drawn of %llu\n", live.frames, live.map.drawn,
            (unsigned long long)live.cells);
}
