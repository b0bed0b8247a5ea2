#include "drivers/vga_text.h"

#include "cpu/cpu.h"
#include "cpu/io.h"
#include "lib/print.h"

/* Registers of a VGA (IBM, "PS/2 Hardware Interface Technical Reference", 1992). */
enum {
    COLUMNS = VGA_TEXT_COLUMNS,
    ROWS = VGA_TEXT_ROWS,
    TEXT_MEMORY = 0xb8000,
    ATTRIBUTE_INDEX = 0x3c0, /* and data, one after the other */
    ATTRIBUTE_READ = 0x3c1,
    INPUT_STATUS = 0x3da,       /* reading it makes the next one an index */
    MODE_CONTROL = 0x10 | 0x20, /* while the picture stays on */
    MODE_TEXT = 0x04, /* nine dots wide; without blinking, a background has all of four bits */
    CRTC_INDEX = 0x3d4,
    CRTC_DATA = 0x3d5,
    ROW_HEIGHT = 0x09, /* lines of a row, less one, in its lower five bits */
    ROW_HEIGHT_BITS = 0x1f,
    LINES = 16,
    FINE_LINES = LINES * ROWS / VGA_TEXT_FINE_ROWS,
    CURSOR_START = 0x0a,
    CURSOR_OFF = 0x20,
    CURSOR_HIGH = 0x0e,
    CURSOR_LOW = 0x0f,
    TAB = 8
};

/* A cell is a character and, in the high byte, its colours. */
static volatile uint16_t *const video = (volatile uint16_t *)TEXT_MEMORY;
static uint16_t behind[ROWS * COLUMNS]; /* the text, while the screen is lent */
static volatile uint16_t *cells = (volatile uint16_t *)TEXT_MEMORY;

static const uint8_t colours[] = {
    [PRINT_PLAIN] = 0x07, [PRINT_TITLE] = 0x0b, [PRINT_GOOD] = 0x0a,
    [PRINT_BAD] = 0x0c,   [PRINT_DIM] = 0x08,
};

static struct {
    unsigned row, column;
    enum print_style style;
    uint8_t cursor, mode, height; /* registers, as they were when the screen was lent */
    bool fine;
    struct print_sink sink;
} vga;

static uint16_t cell(char c)
{
    return (uint16_t)((uint8_t)c | colours[vga.style] << 8);
}

static void scroll(void)
{
    for (unsigned i = 0; i < (ROWS - 1) * COLUMNS; i++)
        cells[i] = cells[i + COLUMNS];
    for (unsigned i = (ROWS - 1) * COLUMNS; i < ROWS * COLUMNS; i++)
        cells[i] = (uint16_t)(' ' | colours[PRINT_PLAIN] << 8);
}

static void next_line(void)
{
    vga.column = 0;
    if (vga.row + 1 < ROWS)
        vga.row++;
    else
        scroll();
}

static void put(char c)
{
    switch (c) {
    case '\n':
        next_line();
        return;
    case '\r':
        vga.column = 0;
        return;
    case '\b':
        if (vga.column)
            vga.column--;
        return;
    case '\t':
        do
            put(' ');
        while (vga.column % TAB);
        return;
    default:
        /* The line breaks before a character that has no place, not after one that filled it. */
        if (vga.column == COLUMNS)
            next_line();
        cells[vga.row * COLUMNS + vga.column++] = cell(c);
    }
}

static void show_cursor(void)
{
    unsigned at = vga.row * COLUMNS + (vga.column < COLUMNS ? vga.column : COLUMNS - 1);
    io_write8(CRTC_INDEX, CURSOR_HIGH);
    io_write8(CRTC_DATA, (uint8_t)(at >> 8));
    io_write8(CRTC_INDEX, CURSOR_LOW);
    io_write8(CRTC_DATA, (uint8_t)at);
}

static void write(const char *text, size_t nbytes)
{
    for (size_t i = 0; i < nbytes; i++)
        put(text[i]);
    show_cursor();
}

static void set_style(enum print_style style)
{
    vga.style = style;
}

/* A register keeps what is written to it, an empty bus does not. */
static bool has_register(void)
{
    io_write8(CRTC_INDEX, CURSOR_LOW);
    uint8_t before = io_read8(CRTC_DATA);
    io_write8(CRTC_DATA, 0x5a);
    bool kept = io_read8(CRTC_DATA) == 0x5a;
    io_write8(CRTC_DATA, before);
    return kept;
}

/* And memory; but without a VGA there may be some of another kind. */
static bool has_text_memory(void)
{
    uint16_t before = cells[0];
    cells[0] = 0x5aa5;
    cells[1] = 0xa55a;
    bool kept = cells[0] == 0x5aa5 && cells[1] == 0xa55a;
    cells[0] = before;
    return kept;
}

/* Gives a register a value; returns the one before. */
static uint8_t exchange(uint8_t number, uint8_t value)
{
    io_write8(CRTC_INDEX, number);
    uint8_t before = io_read8(CRTC_DATA);
    io_write8(CRTC_DATA, value);
    return before;
}

static uint8_t exchange_mode(uint8_t value)
{
    io_read8(INPUT_STATUS);
    io_write8(ATTRIBUTE_INDEX, MODE_CONTROL);
    uint8_t before = io_read8(ATTRIBUTE_READ);
    io_write8(ATTRIBUTE_INDEX, value);
    io_read8(INPUT_STATUS);
    return before;
}

bool vga_text_borrowed(void)
{
    return cells != video;
}

static void copy(volatile uint16_t *to)
{
    for (unsigned i = 0; i < ROWS * COLUMNS; i++)
        to[i] = cells[i];
    cells = to;
}

/* Interrupt handlers may print. */
bool vga_text_borrow(void)
{
    if (!vga_text_present())
        return false;
    uint32_t flags = cpu_save_flags();
    if (!vga_text_borrowed()) {
        copy(behind);
        vga.cursor = exchange(CURSOR_START, CURSOR_OFF);
        vga.mode = exchange_mode(MODE_TEXT);
    }
    cpu_restore_flags(flags);
    return true;
}

void vga_text_give_back(void)
{
    uint32_t flags = cpu_save_flags();
    if (vga_text_borrowed()) {
        copy(video);
        exchange(CURSOR_START, vga.cursor);
        if (vga.fine)
            exchange(ROW_HEIGHT, vga.height);
        vga.fine = false;
        exchange_mode(vga.mode);
    }
    cpu_restore_flags(flags);
}

bool vga_text_make_fine(void)
{
    uint32_t flags = cpu_save_flags();
    if (vga_text_borrowed() && !vga.fine) {
        io_write8(CRTC_INDEX, ROW_HEIGHT);
        vga.height = io_read8(CRTC_DATA);
        vga.fine = (vga.height & ROW_HEIGHT_BITS) == LINES - 1;
        if (vga.fine)
            io_write8(CRTC_DATA, (uint8_t)((vga.height & ~ROW_HEIGHT_BITS) | (FINE_LINES - 1)));
    }
    cpu_restore_flags(flags);
    return vga.fine;
}

void vga_text_draw(size_t row, size_t column, uint8_t character, uint8_t ink, uint8_t paper)
{
    video[row * COLUMNS + column] = (uint16_t)(character | ink << 8 | paper << 12);
}

bool vga_text_init(void)
{
    if (!has_register() || !has_text_memory())
        return false;
    vga.style = PRINT_PLAIN;
    for (unsigned i = 0; i < ROWS * COLUMNS; i++)
        cells[i] = cell(' ');
    vga.sink.write = write;
    vga.sink.style = set_style;
    vga.sink.flush = vga_text_give_back;
    print_add_sink(&vga.sink);
    return true;
}

bool vga_text_present(void)
{
    return vga.sink.write != NULL;
}

const struct print_sink *vga_text_sink(void)
{
    return vga_text_present() ? &vga.sink : NULL;
}
