/*
 * Theory. Two rings: one holds what was received and not yet read, the other (serial_out.c) what
 * was printed and not yet sent. serial_serve() moves bytes between them and the port, as far as
 * both have room, and never waits. The interrupt calls it, and so does each write and
 * serial_poll(). So a lost interrupt delays bytes and loses none, and what is received is taken in
 * whether or not the port sends.
 *
 * Where the port has lost bytes of a line, cut() cancels what was kept of it, and receive_byte()
 * leaves out the rest.
 */
#include "cpu/cpu.h"
#include "cpu/io.h"
#include "drivers/deadline.h"
#include "drivers/pic.h"
#include "drivers/serial_private.h"
#include "lib/byte_ring.h"

/* COM1 and its registers (National Semiconductor PC16550D, section 8). */
enum {
    PORT = 0x3f8,
    DATA = PORT + 0,             /* divisor, low half, while DIVISOR_ACCESS */
    INTERRUPT_ENABLE = PORT + 1, /* divisor, high half, while DIVISOR_ACCESS */
    FIFO_CONTROL = PORT + 2,     /* to write, */
    INTERRUPT_ID = PORT + 2,     /* and to read */
    LINE_CONTROL = PORT + 3,
    MODEM_CONTROL = PORT + 4,
    LINE_STATUS = PORT + 5,

    ON_RECEIVED = 0x01,
    ON_CAN_SEND = 0x02,
    FIFO_ON = 0x01, /* without the bits that empty it */
    FIFO_IS_ON = 0xc0,
    FIFO_BYTES = 16,
    ID_MASK = 0x0f,
    ID_CAN_SEND = 0x02,
    LINE_8N1 = 0x03,
    DIVISOR_ACCESS = 0x80,
    DIVISOR_115200 = 1,
    MODEM_HOLD = 0x09,  /* DTR, and OUT2, which lets interrupts through; */
    MODEM_READY = 0x0b, /* with RTS, which lets the other side send */
    STATUS_RECEIVED = 0x01,
    STATUS_OVERRUN = 0x02, /* a byte came and found no room in the port; reading clears it */
    STATUS_NO_STOP = 0x08, /* this byte came garbled */
    STATUS_BREAK = 0x10,   /* this is no byte: the line rests the wrong way */
    STATUS_CAN_SEND = 0x20,
    STATUS_ALL_SENT = 0x40,

    IRQ_LINE = 4,
    RECEIVED_MOST = 64, /* at once; a port that was pulled out reads as all ones for ever */
    SILENCE_MICROSECONDS = 10000,
    SILENCE_LOOKS = 50,
    SILENCE_PAUSE = 20000,
    LAST_MICROSECONDS = 30000000 /* a reader of QEMU's output may pause and come back */
};

static uint8_t kept[SERIAL_BUFFER_BYTES];

static struct {
    bool present;
    bool held;         /* the other side is not to send */
    bool started;      /* interrupts have been asked for, */
    bool by_interrupt; /* and the one that says that the port can send has come */
    uint8_t enabled;   /* as the port's register has it */
    uint8_t burst;     /* bytes that a port that can send takes */
    bool overrun;      /* bytes in the port lie around a hole */
    bool skipping;     /* the rest of a line with a hole */
    bool abandoned;    /* the last wait for all to be sent was in vain */
    bool (*take)(uint8_t byte);
    struct byte_ring in;
} serial = {.in = {.bytes = kept, .size = SERIAL_BUFFER_BYTES}};

_Static_assert((SERIAL_BUFFER_BYTES & (SERIAL_BUFFER_BYTES - 1)) == 0, "a power of two");

/* Reading the status clears the overrun, so that all read it here. */
static uint8_t look(void)
{
    uint8_t status = io_read8(LINE_STATUS);
    if (status & STATUS_OVERRUN)
        serial.overrun = true;
    return status;
}

/* A port that has a byte, or can send, interrupts as soon as that is enabled. */
static void enable_interrupts(void)
{
    uint8_t wanted = 0;
    if (serial.started && !serial.held)
        wanted |= ON_RECEIVED;
    if (serial.started && (!serial.by_interrupt || serial_unsent() > 0))
        wanted |= ON_CAN_SEND;
    if (wanted != serial.enabled)
        io_write8(INTERRUPT_ENABLE, wanted);
    serial.enabled = wanted;
}

static void hold(bool on)
{
    serial.held = on;
    io_write8(MODEM_CONTROL, on ? MODEM_HOLD : MODEM_READY);
    enable_interrupts();
}

/* IN has room for SERIAL_CANCEL and a byte whenever the port is not held. */
static void keep(const void *bytes, uint32_t nbytes)
{
    if (!byte_ring_put(&serial.in, bytes, nbytes) ||
        byte_ring_room(&serial.in) < sizeof SERIAL_CANCEL)
        hold(true);
}

/* Here something is missing: the line that it belongs to must not be obeyed. */
static void cut(void)
{
    if (!serial.skipping)
        keep(SERIAL_CANCEL, sizeof SERIAL_CANCEL - 1);
    serial.skipping = true;
    serial_out_tell_of_cut();
}

static void receive_byte(uint8_t byte, uint8_t status)
{
    if ((status & STATUS_BREAK) || (serial.take && serial.take(byte)) || serial.overrun)
        return; /* nobody knows on which side of a hole it lies */
    if (status & STATUS_NO_STOP)
        cut();
    else if (serial.skipping)
        serial.skipping = byte != '\r' && byte != '\n';
    else
        keep(&byte, 1);
}

static void receive(void)
{
    for (int i = 0; i < RECEIVED_MOST && !serial.held; i++) {
        uint8_t status = look();
        if (status & STATUS_RECEIVED) {
            receive_byte(io_read8(DATA), status);
            continue;
        }
        if (serial.overrun)
            cut(); /* the hole is behind all that was in the port */
        serial.overrun = false;
        return;
    }
}

static void send(void)
{
    if (serial_unsent() == 0 || !(look() & STATUS_CAN_SEND))
        return;
    uint8_t bytes[FIFO_BYTES];
    uint32_t nbytes = serial_out_take(bytes, serial.burst);
    for (uint32_t i = 0; i < nbytes; i++)
        io_write8(DATA, bytes[i]);
    serial.abandoned = false;
}

void serial_serve(void)
{
    receive();
    send();
    serial_out_tell();
    enable_interrupts();
}

bool serial_by_interrupt(void)
{
    return serial.by_interrupt;
}

void serial_poll(void)
{
    if (!serial.present)
        return;
    uint32_t flags = cpu_save_flags();
    serial_serve();
    cpu_restore_flags(flags);
}

static void interrupt(void)
{
    if ((io_read8(INTERRUPT_ID) & ID_MASK) == ID_CAN_SEND)
        serial.by_interrupt = true;
    serial_serve();
    /* The line to the interrupt controller has to fall before it can rise for what is left. */
    io_write8(INTERRUPT_ENABLE, 0);
    serial.enabled = 0;
    enable_interrupts();
}

int serial_read(void)
{
    uint32_t flags = cpu_save_flags();
    int byte = byte_ring_take(&serial.in);
    if (serial.held && byte_ring_used(&serial.in) <= SERIAL_BUFFER_BYTES / 2)
        hold(false);
    cpu_restore_flags(flags);
    return byte;
}

/* Whether there are two registers that keep what was written to them. */
static bool has_divisor(uint8_t low, uint8_t high)
{
    io_write8(DATA, low);
    io_write8(INTERRUPT_ENABLE, high);
    return io_read8(DATA) == low && io_read8(INTERRUPT_ENABLE) == high;
}

/* Whether there is a port, which then has its speed. Asks the divisor and not a loopback: what is
 * sent to the port meanwhile would be taken for the byte that is to come back. */
static bool find_port(void)
{
    io_write8(LINE_CONTROL, DIVISOR_ACCESS);
    bool keeps = has_divisor(0x5a, 0xa5) && has_divisor(0xa5, 0x5a);
    bool found = keeps && has_divisor(DIVISOR_115200, 0);
    io_write8(LINE_CONTROL, LINE_8N1);
    return found;
}

/* Takes in what was sent to the machine while it started; false where there is no end of it. No
 * port is touched for a while between two looks: an emulator has its own turn then, and else may
 * have none. For the same reason time alone does not tell silence. */
static bool wait_for_silence(void)
{
    if (!(look() & STATUS_RECEIVED))
        return true;
    struct deadline deadline = deadline_in(SILENCE_MICROSECONDS);
    for (int n = 0, looks = 0; n < SERIAL_BUFFER_BYTES && !serial.held; looks++) {
        for (int i = 0; i < SILENCE_PAUSE; i++)
            __asm__ volatile("");
        bool over = deadline_passed(&deadline) && looks >= SILENCE_LOOKS;
        if (look() & STATUS_RECEIVED) {
            receive();
            deadline = deadline_in(SILENCE_MICROSECONDS);
            looks = 0;
            n++;
        } else if (over) {
            return true;
        }
    }
    return false;
}

/* Turning the FIFO on empties the receiver, so that it is done only while nobody sends. Where
 * somebody always does, the port goes on as it is. */
static void turn_fifo_on(void)
{
    if (wait_for_silence())
        io_write8(FIFO_CONTROL, FIFO_ON);
    bool is_on = (io_read8(INTERRUPT_ID) & FIFO_IS_ON) == FIFO_IS_ON;
    serial.burst = is_on ? FIFO_BYTES : 1;
}

bool serial_init(void)
{
    serial.present = find_port();
    if (!serial.present)
        return false;
    io_write8(INTERRUPT_ENABLE, 0);
    io_write8(MODEM_CONTROL, MODEM_HOLD);
    turn_fifo_on();
    hold(serial.held);
    serial_out_start();
    return true;
}

const struct print_sink *serial_sink(void)
{
    return serial.present ? serial_out_sink() : NULL;
}

void serial_start_input(bool (*take)(uint8_t byte))
{
    if (!serial.present)
        return;
    uint32_t flags = cpu_save_flags();
    serial.take = take;
    serial.started = true;
    pic_start(IRQ_LINE, interrupt);
    enable_interrupts();
    cpu_restore_flags(flags);
}

size_t serial_unread(void)
{
    return byte_ring_used(&serial.in);
}

/* Waits so long once, and not for each line that is printed on the way out. */
void serial_drain(void)
{
    if (!serial.present)
        return;
    struct deadline deadline =
        deadline_in(serial.abandoned ? SERIAL_PATIENCE_MICROSECONDS : LAST_MICROSECONDS);
    while (!serial_out_wait() || !(look() & STATUS_ALL_SENT)) {
        serial.abandoned = deadline_passed(&deadline);
        if (serial.abandoned)
            return;
    }
}
