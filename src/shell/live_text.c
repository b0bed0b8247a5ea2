#include "shell/live_text.h"

#include "drivers/timer.h"
#include "memory/kheap/kheap_look.h"
#include "process/process.h"
#include "shell/inspect.h"
#include "shell/owners.h"

enum {
    LEGEND_COLUMNS = 20, /* of an owner */
    OTHER_ROWS = 3 + INSPECT_LINES,
    ROWS_FEW = 3 /* where there is no room for more */
};

/* Once a second. The table does not count frees: they are requests that are no longer live. */
static void count(struct live_text *text, uint32_t tick)
{
    const struct heap_statistics *s = &kheap()->statistics;
    uint32_t ticks = tick - text->counted_at;
    if (ticks < TIMER_TICKS_A_SECOND)
        return;
    size_t served = s->served - text->served, live = s->allocations - text->allocations;
    size_t freed = (ptrdiff_t)(served - live) > 0 ? served - live : 0; /* some were split */
    text->served_a_second = served * TIMER_TICKS_A_SECOND / ticks;
    text->freed_a_second = freed * TIMER_TICKS_A_SECOND / ticks;
    text->served = s->served;
    text->allocations = s->allocations;
    text->counted_at = tick;
}

static void print_view(struct panel *panel, const struct live_map *map, bool paused)
{
    size_t shown = map->columns * map->rows << map->shift, left = map->total - map->first;
    panel_print(panel, PRINT_TITLE, "a cell is %zu block%s: ", (size_t)1 << map->shift,
                map->shift ? "s" : "");
    panel_print(panel, PRINT_PLAIN, "%zu to %zu", map->first,
                map->first + (shown < left ? shown : left) - 1);
    panel_print(panel, PRINT_DIM, "  q end  + - zoom  arrows  enter  ");
    panel_print(panel, paused ? PRINT_BAD : PRINT_DIM, paused ? "p go on" : "p pause");
    panel_next(panel);
}

static void print_totals(struct panel *panel)
{
    const struct heap_statistics *s = &kheap()->statistics;
    panel_print(panel, PRINT_PLAIN,
                "blocks: %zu total, %zu taken, %zu free, peak %zu, largest free run %zu", s->total,
                s->taken, s->total - s->taken, s->peak, heap_largest_free(kheap()));
    panel_next(panel);
}

static size_t count_processes(void)
{
    size_t processes = 0;
    LIST_EACH(at, process_all())
    processes += LIST_ENTRY(at, struct process, all)->directory != NULL;
    return processes;
}

/* Small objects, pieces and runs that are kept come and go without the table. */
static void print_requests(struct panel *panel, const struct live_text *text)
{
    const struct heap_statistics *s = &kheap()->statistics;
    panel_print(panel, PRINT_PLAIN,
                "by the table: %zu served, %zu/s; %zu failed; %zu freed/s; %zu live; %zu processes",
                s->served, text->served_a_second, s->failed, text->freed_a_second, s->allocations,
                count_processes());
    panel_next(panel);
}

static void print_legend(struct panel *panel, const struct live_map *map)
{
    for (unsigned owner = 0; owner < HEAP_OWNERS; owner++) {
        if (panel->column + LEGEND_COLUMNS > panel->columns)
            panel_next(panel);
        panel_swatch(panel, owner);
        panel_print(panel, PRINT_PLAIN, " %-8s %6zu  ", owner_looks[owner].name,
                    map->counts[owner]);
    }
    panel_next(panel);
}

size_t live_text_rows(const struct canvas *canvas)
{
    size_t in_a_row = canvas->columns / LEGEND_COLUMNS;
    size_t rows = OTHER_ROWS + (HEAP_OWNERS + in_a_row - 1) / in_a_row;
    return 2 * rows <= canvas->rows ? rows : ROWS_FEW;
}

size_t live_text_bytes(const struct canvas *canvas)
{
    return panel_bytes(canvas, live_text_rows(canvas));
}

void live_text_init(struct live_text *text, const struct canvas *canvas, void *memory,
                    uint32_t tick)
{
    *text = (struct live_text){
        .counted_at = tick,
        .served = kheap()->statistics.served,
        .allocations = kheap()->statistics.allocations,
    };
    panel_init(&text->panel, canvas, live_text_rows(canvas), memory);
    inspect_forget();
}

void live_text_show(struct live_text *text, const struct live_map *map, bool paused, uint32_t tick)
{
    struct panel *panel = &text->panel;
    struct inspection inspection;
    count(text, tick);
    inspect(map, tick, &inspection);
    panel_clear(panel);
    print_view(panel, map, paused);
    print_totals(panel);
    if (panel->rows > ROWS_FEW) {
        print_requests(panel, text);
        print_legend(panel, map);
    }
    for (size_t i = 0; i < INSPECT_LINES; i++) {
        panel_print(panel, i ? PRINT_PLAIN : PRINT_TITLE, "%s", inspection.lines[i]);
        panel_next(panel);
    }
    panel_show(panel);
}
