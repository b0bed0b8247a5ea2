/* The serial line: what the interrupt sends, and what is received over the port's own loopback. */
#include "case.h"
#include "cpu/cpu.h"
#include "cpu/io.h"
#include "drivers/deadline.h"
#include "drivers/serial_private.h"
#include "drivers/timer.h"
#include "lib/string.h"

enum {
    DATA = 0, /* from the first port on */
    MODEM_CONTROL = 4,
    LINE_STATUS = 5,
    LOOPBACK = 0x10,
    STATUS_ALL_SENT = 0x40,
    FIFO_BYTES = 16,
    TICKS_MOST = 3000 /* the reader of QEMU's output may pause */
};

static uint8_t get(unsigned which)
{
    return io_read8((uint16_t)(serial_port() + which));
}

static void set(unsigned which, uint8_t value)
{
    io_write8((uint16_t)(serial_port() + which), value);
}

/* Lines of comment for all consoles. */
static void print_lines(void)
{
    static const char line[] =
        "# the serial line sends by interrupt what a ring keeps until then\n";
    for (int i = 0; i < 8; i++)
        print_text(line, sizeof line - 1);
}

/* Whether all is sent in the end, though nobody polls the port or prints. */
static bool interrupt_sends_all(void)
{
    uint32_t start = timer_ticks();
    while (serial_unsent() > 0 && timer_ticks() - start < TICKS_MOST)
        cpu_wait();
    return serial_unsent() == 0;
}

/* While interrupts are off nothing can come between: what is left was left by the writes. */
CASE(serial, a_write_leaves_the_sending_to_the_interrupt)
{
    SKIP_UNLESS(serial_port(), "no serial port");
    SKIP_UNLESS(serial_by_interrupt(), "the interrupt of the serial port does not come");
    print_flush();
    uint32_t flags = cpu_save_flags();
    print_lines();
    size_t left = serial_unsent();
    size_t backlog = print_backlog();
    cpu_restore_flags(flags);
    CHECK(left > 8 * FIFO_BYTES);
    CHECK(backlog > 0 && backlog <= left);
    CHECK(interrupt_sends_all());
    CHECK_EQUAL(print_backlog(), 0);
}

CASE(serial, print_flush_sends_with_interrupts_off)
{
    SKIP_UNLESS(serial_port(), "no serial port");
    uint64_t lost = serial_lost();
    uint32_t flags = cpu_save_flags();
    print_lines();
    for (int i = 0; i < TICKS_MOST && serial_unsent() > 0; i++)
        print_flush();
    size_t left = serial_unsent();
    cpu_restore_flags(flags);
    CHECK_EQUAL(left, 0);
    CHECK_EQUAL(serial_lost(), lost);
}

static bool wait_until_sent(void)
{
    struct deadline deadline = deadline_in(1000 + 200 * serial_byte_microseconds());
    while (!(get(LINE_STATUS) & STATUS_ALL_SENT))
        if (deadline_passed(&deadline))
            return false;
    return true;
}

static void end_loopback(void)
{
    set(MODEM_CONTROL, (uint8_t)(get(MODEM_CONTROL) & ~LOOPBACK));
}

/* Sends TEXT to the port itself, and has each byte taken in. */
static void loop_back(const char *text)
{
    for (; *text; text++) {
        set(DATA, (uint8_t)*text);
        (void)wait_until_sent();
        serial_poll();
    }
}

/* The same without a look at the port, which would clear an overrun. */
static void loop_back_unseen(const char *text)
{
    for (; *text; text++) {
        set(DATA, (uint8_t)*text);
        deadline_wait(1000 + 2 * serial_byte_microseconds());
    }
}

/* What the port sends it receives from now on; false where what was printed stays in it. */
static bool begin_loopback(void)
{
    print_flush();
    if (serial_unsent() > 0 || !wait_until_sent())
        return false;
    set(MODEM_CONTROL, get(MODEM_CONTROL) | LOOPBACK);
    return true;
}

/* Whether it does; where not, what tries it goes out and shows nowhere. Interrupts are off. */
static bool has_loopback(void)
{
    if (!begin_loopback())
        return false;
    loop_back("\r");
    end_loopback();
    return serial_unread() == 1 && serial_read() == '\r';
}

/* The bytes that wait to be read, as text. */
static void read_all(char *text, size_t nbytes)
{
    int byte;
    size_t length = 0;
    while ((byte = serial_read()) >= 0 && length + 1 < nbytes)
        text[length++] = (char)byte;
    text[length] = '\0';
}

CASE(serial, k10_a_line_of_which_a_part_was_lost_is_cancelled)
{
    SKIP_UNLESS(serial_port(), "no serial port");
    SKIP_UNLESS(serial_unread() == 0, "somebody types");
    char text[64] = "";
    uint32_t flags = cpu_save_flags();
    bool loops = has_loopback() && begin_loopback();
    if (loops) {
        loop_back("ps\rfree 1");
        loop_back_unseen("000\rkill 12345678901234567890"); /* more than the port holds */
        serial_poll();
        end_loopback();
        loops = begin_loopback(); /* what is said about it goes out before */
        loop_back("1\rps\r");
        end_loopback();
        read_all(text, sizeof text);
    }
    cpu_restore_flags(flags);
    SKIP_UNLESS(loops, "the port has no loopback");
    CHECK_TEXT(text, "ps\rfree 1" SERIAL_CANCEL "ps\r");
}

/* Byte I of a long input. */
static char nth(uint32_t i)
{
    return (char)('A' + i % 41);
}

CASE(serial, k10_more_input_than_is_kept_stays_in_the_port_and_output_goes_on)
{
    SKIP_UNLESS(serial_port(), "no serial port");
    SKIP_UNLESS(serial_by_interrupt(), "the interrupt of the serial port does not come");
    SKIP_UNLESS(serial_unread() == 0, "somebody types");
    uint32_t flags = cpu_save_flags(), nsent = 0, nread = 0;
    bool loops = has_loopback() && begin_loopback(), same = true;
    if (loops) {
        /* Holding the sender ends it. */
        while ((get(MODEM_CONTROL) & LOOPBACK) && nsent <= SERIAL_BUFFER_BYTES)
            loop_back((const char[]){nth(nsent++), '\0'});
        loops = begin_loopback();
        loop_back((const char[]){nth(nsent++), '\0'});
        end_loopback();
    }
    cpu_restore_flags(flags);
    SKIP_UNLESS(loops, "the port has no loopback");
    size_t kept = serial_unread();
    print_lines();
    bool goes_on = interrupt_sends_all();
    for (int byte; (byte = serial_read()) >= 0; nread++) {
        same = same && byte == nth(nread);
        serial_poll();
    }
    CHECK(goes_on && same);
    CHECK(kept < nsent && kept <= SERIAL_BUFFER_BYTES);
    CHECK_EQUAL(nread, nsent);
}
