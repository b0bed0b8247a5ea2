#include "drivers/pic.h"

#include "cpu/io.h"
#include "cpu/trap.h"

/* Intel 8259A, "Initialization Command Words". */
enum {
    FIRST = 0x20,
    SECOND = 0xa0,
    DATA = 1, /* the second port of each chip */
    INITIALIZE = 0x11,
    MODE_8086 = 0x01,
    READ_IN_SERVICE = 0x0b,
    END_OF_INTERRUPT = 0x20,
    CASCADE_LINE = 2,
    /* Intel MultiProcessor Specification 1.4, chapter 3.6.2.1. */
    IMCR_SELECT = 0x22,
    IMCR_DATA = 0x23,
    IMCR = 0x70,
    IMCR_PIC_MODE = 0x00,
    LINES = 16
};

static struct {
    void (*handlers[LINES])(void);
    uint16_t open; /* a bit a line */
    uint32_t spurious;
} pic;

static void send(uint16_t port, uint8_t value)
{
    io_write8(port, value);
    io_pause();
}

static void write_masks(void)
{
    uint16_t closed = (uint16_t)~pic.open;
    send(FIRST + DATA, (uint8_t)closed);
    send(SECOND + DATA, (uint8_t)(closed >> 8));
}

/*
 * A line that falls silent too early makes its chip deliver its last line without marking it as
 * being served. Such an interrupt must not be ended, except at the first chip where the second one
 * passed it on.
 */
static bool is_spurious(unsigned line)
{
    if (line % 8 != 7)
        return false;
    uint16_t chip = line < 8 ? FIRST : SECOND;
    io_write8(chip, READ_IN_SERVICE);
    if (io_read8(chip) & 0x80)
        return false;
    pic.spurious++;
    if (chip == SECOND)
        io_write8(FIRST, END_OF_INTERRUPT);
    return true;
}

static void handle(struct trap_frame *frame)
{
    unsigned line = frame->vector - TRAP_IRQ_BASE;
    if (is_spurious(line))
        return;
    /* Before the handler, which may turn interrupts on for a while. */
    if (line >= 8)
        io_write8(SECOND, END_OF_INTERRUPT);
    io_write8(FIRST, END_OF_INTERRUPT);
    if (pic.handlers[line])
        pic.handlers[line]();
}

void pic_init(void)
{
    for (uint32_t line = 0; line < LINES; line++)
        trap_set_handler(TRAP_IRQ_BASE + line, handle);
    send(FIRST, INITIALIZE);
    send(SECOND, INITIALIZE);
    send(FIRST + DATA, TRAP_IRQ_BASE);
    send(SECOND + DATA, TRAP_IRQ_BASE + 8);
    send(FIRST + DATA, 1 << CASCADE_LINE);
    send(SECOND + DATA, CASCADE_LINE);
    send(FIRST + DATA, MODE_8086);
    send(SECOND + DATA, MODE_8086);
    pic.open = 1 << CASCADE_LINE;
    write_masks();
}

void pic_connect(void)
{
    send(IMCR_SELECT, IMCR);
    send(IMCR_DATA, IMCR_PIC_MODE);
}

void pic_start(unsigned line, void (*handler)(void))
{
    pic.handlers[line] = handler;
    pic.open |= (uint16_t)(1u << line);
    write_masks();
}

void pic_stop(unsigned line)
{
    pic.open &= (uint16_t) ~(1u << line);
    write_masks();
}

uint32_t pic_spurious(void)
{
    return pic.spurious;
}
