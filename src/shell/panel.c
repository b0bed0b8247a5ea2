#include "shell/panel.h"

#include <stdarg.h>

#include "lib/format.h"

enum { BLANK = ' ' };

size_t panel_bytes(const struct canvas *canvas, size_t rows)
{
    return 2 * rows * canvas->columns * sizeof(canvas_character_t);
}

void panel_init(struct panel *panel, const struct canvas *canvas, size_t rows, void *memory)
{
    size_t count = rows * canvas->columns;
    *panel = (struct panel){
        .canvas = canvas,
        .top = canvas->rows - rows,
        .rows = rows,
        .columns = canvas->columns,
        .wanted = memory,
        .shown = (canvas_character_t *)memory + count,
    };
    for (size_t i = 0; i < count; i++)
        panel->shown[i] = BLANK;
}

void panel_clear(struct panel *panel)
{
    for (size_t i = 0; i < panel->rows * panel->columns; i++)
        panel->wanted[i] = BLANK;
    panel->row = panel->column = 0;
}

static void add(void *context, const char *text, size_t nbytes)
{
    struct panel *panel = context;
    for (size_t i = 0; i < nbytes && panel->row < panel->rows; i++)
        if (panel->column < panel->columns)
            panel->wanted[panel->row * panel->columns + panel->column++] =
                (canvas_character_t)((uint8_t)text[i] |
                                     (text[i] == BLANK ? PRINT_PLAIN : panel->look)
                                         << CANVAS_STYLE_SHIFT);
}

void panel_print(struct panel *panel, enum print_style style, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    panel->look = style;
    format_to(add, panel, format, arguments);
    va_end(arguments);
}

void panel_swatch(struct panel *panel, enum heap_owner owner)
{
    static const char block = (char)CANVAS_BLOCK;
    panel->look = CANVAS_OWNER >> CANVAS_STYLE_SHIFT | owner;
    add(panel, &block, 1);
}

void panel_next(struct panel *panel)
{
    panel->row++;
    panel->column = 0;
}

void panel_show(struct panel *panel)
{
    for (size_t i = 0; i < panel->rows * panel->columns; i++) {
        if (panel->wanted[i] == panel->shown[i])
            continue;
        panel->shown[i] = panel->wanted[i];
        panel->canvas->put(panel->top + i / panel->columns, i % panel->columns, panel->shown[i]);
    }
}
