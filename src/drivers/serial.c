/*
 * Theory. Two rings: one holds what was received and not yet read, the other (serial_out.c) what
 * was printed and not yet sent. serial_serve() moves bytes between them and the port, as far as
 * both have room, and never waits. The interrupt calls it, and so does each write and
 * serial_poll(). So a lost interrupt delays bytes and loses none, and what is received is taken in
 * whether or not the port sends.
 *
 * A port whose interrupt does not come is served by the timer's ticks. Once a second a tick looks
 * whether the port is there as it was left, and where none is, whether one has come: by reading
 * alone, until what is read changes. What was printed meanwhile waits in the ring, for nobody.
 *
 * The FIFO is what a wire needs, whose bytes come whether or not they are taken in. Turning it on
 * loses a byte that comes in that moment, though. An emulated port whose bytes take no time waits
 * until a byte is taken, and may bring the next one in any moment: there the FIFO stays as it is.
 * The first bytes that are sent tell one from the other.
 *
 * Where the port has lost bytes of a line, cut() cancels what was kept of it, and receive_byte()
 * leaves out the rest.
 */
#include "cpu/cpu.h"
#include "cpu/io.h"
#include "drivers/deadline.h"
#include "drivers/pic.h"
#include "drivers/serial_private.h"
#include "drivers/timer.h"
#include "lib/byte_ring.h"

/* Registers, from the first port on (National Semiconductor PC16550D, section 8). */
enum {
    DATA = 0,             /* divisor, low half, while DIVISOR_ACCESS */
    INTERRUPT_ENABLE = 1, /* divisor, high half, while DIVISOR_ACCESS */
    FIFO_CONTROL = 2,     /* to write, */
    INTERRUPT_ID = 2,     /* and to read */
    LINE_CONTROL = 3,
    MODEM_CONTROL = 4,
    LINE_STATUS = 5,

    ON_RECEIVED = 0x01,
    ON_CAN_SEND = 0x02,
    FIFO_ON = 0x01, /* without the bits that empty it */
    FIFO_IS_ON = 0xc0,
    FIFO_BYTES = 16,
    ID_MASK = 0x0f,
    ID_NONE = 0x01,
    ID_CAN_SEND = 0x02,
    LINE_8N1 = 0x03,
    DIVISOR_ACCESS = 0x80,
    MODEM_HOLD = 0x09,  /* DTR, and OUT2, which lets interrupts through; */
    MODEM_READY = 0x0b, /* with RTS, which lets the other side send */
    STATUS_RECEIVED = 0x01,
    STATUS_OVERRUN = 0x02, /* a byte came and found no room in the port; reading clears it */
    STATUS_NO_STOP = 0x08, /* this byte came garbled */
    STATUS_BREAK = 0x10,   /* this is no byte: the line rests the wrong way */
    STATUS_CAN_SEND = 0x20,
    STATUS_ALL_SENT = 0x40,

    RECEIVED_MOST = 64,    /* at once: nobody knows how fast the other side is */
    STRANGERS_MOST = 1000, /* interrupts in a row that are not this port's */
    LOOK_TICKS = 100,
    LEFT_TO_TICKS = 1024, /* bytes, of which a tick sends 16 */
    SILENCE_MICROSECONDS = 10000,
    SILENCE_LOOKS = 50,
    SILENCE_PAUSE = 20000,
    LAST_MILLISECONDS = 30000, /* a reader of QEMU's output may pause and come back */
    DRAIN_MILLISECONDS_MOST = 900000,
    BITS_A_BYTE = 10
};

static uint8_t kept[SERIAL_BUFFER_BYTES];

static struct {
    uint16_t port; /* of the place that is used, which is PLACE */
    bool present;
    bool held;         /* the other side is not to send */
    bool started;      /* interrupts have been asked for, */
    bool by_interrupt; /* and the one that says that the port can send has come */
    uint8_t enabled;   /* as the port's register has it */
    uint8_t burst;     /* bytes that a port that can send takes */
    enum { FIFO_UNTRIED, FIFO_WANTED, FIFO_SETTLED } fifo;
    bool overrun;   /* bytes in the port lie around a hole */
    bool skipping;  /* the rest of a line with a hole */
    bool abandoned; /* the last wait for all to be sent was in vain */
    bool (*take)(uint8_t byte);
    struct byte_ring in;

    uint32_t baud;
    struct serial_place *place; /* NULL: there has never been one */
    bool keeps;                 /* LINE_CONTROL reads as it was written */
    bool ticks;                 /* the timer's come */
    uint32_t nticks;            /* since the last look */
    uint32_t strangers;         /* the last interrupts, which were not this port's */
} serial = {.in = {.bytes = kept, .size = SERIAL_BUFFER_BYTES}};

_Static_assert((SERIAL_BUFFER_BYTES & (SERIAL_BUFFER_BYTES - 1)) == 0, "a power of two");

static uint8_t get(unsigned which)
{
    return io_read8((uint16_t)(serial.port + which));
}

static void set(unsigned which, uint8_t value)
{
    io_write8((uint16_t)(serial.port + which), value);
}

/* Reading the status clears the overrun, so that all read it here. A port that was pulled out
 * neither has a byte nor sends one; without parity no port's status is all ones. */
static uint8_t look(void)
{
    uint8_t status = get(LINE_STATUS);
    if (status == SERIAL_NOBODY)
        return 0;
    if (status & STATUS_OVERRUN)
        serial.overrun = true;
    return status;
}

/* A port that has a byte, or can send, interrupts as soon as that is enabled. */
static void enable_interrupts(void)
{
    uint8_t wanted = 0;
    bool on = serial.started && serial.place->line != SERIAL_POLLED;
    if (on && !serial.held)
        wanted |= ON_RECEIVED;
    if (on && (!serial.by_interrupt || serial_unsent() > 0))
        wanted |= ON_CAN_SEND;
    if (wanted != serial.enabled)
        set(INTERRUPT_ENABLE, wanted);
    serial.enabled = wanted;
}

static void hold(bool on)
{
    serial.held = on;
    if (!serial.present)
        return;
    bool starts = serial.fifo != FIFO_SETTLED && !serial.started;
    set(MODEM_CONTROL, on || starts ? MODEM_HOLD : MODEM_READY);
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
            receive_byte(get(DATA), status);
            continue;
        }
        if (serial.overrun)
            cut(); /* the hole is behind all that was in the port */
        serial.overrun = false;
        return;
    }
}

static bool has_fifo(void)
{
    return (get(INTERRUPT_ID) & FIFO_IS_ON) == FIFO_IS_ON;
}

static void settle_fifo(bool on)
{
    serial.burst = on ? FIFO_BYTES : 1;
    serial.fifo = FIFO_SETTLED;
    hold(serial.held);
}

/* The first bytes have just been written. */
static void try_fifo(void)
{
    if (look() & STATUS_ALL_SENT)
        settle_fifo(false);
    else
        serial.fifo = FIFO_WANTED;
}

static void send(void)
{
    uint8_t bytes[FIFO_BYTES];
    uint32_t nbytes = serial_out_next(bytes, FIFO_BYTES), nsent = 0;
    if (nbytes == 0 || !(look() & STATUS_CAN_SEND))
        return;
    do
        set(DATA, bytes[nsent++]);
    while (nsent < nbytes && (serial.burst > 1 || (look() & STATUS_CAN_SEND)));
    serial_out_sent(nsent);
    serial.abandoned = false;
    if (serial.fifo == FIFO_UNTRIED)
        try_fifo();
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

/*
 * Turning the FIFO on empties the port, so that it is done only while nobody sends, on either side.
 * Where somebody always does, the port goes on as it is. In an interrupt there is no time to wait.
 */
static void turn_fifo_on(void)
{
    uint8_t status = look();
    if (!(status & STATUS_ALL_SENT) || (serial.started && (status & STATUS_RECEIVED)))
        return;
    if (serial.started || wait_for_silence())
        set(FIFO_CONTROL, FIFO_ON);
    settle_fifo(has_fifo());
}

void serial_serve(void)
{
    if (!serial.present)
        return;
    receive();
    if (serial.fifo == FIFO_WANTED)
        turn_fifo_on();
    send();
    serial_out_tell();
    enable_interrupts();
}

bool serial_by_interrupt(void)
{
    return serial.by_interrupt;
}

uint32_t serial_leaves(void)
{
    if (serial.by_interrupt || !serial.present)
        return SERIAL_SEND_BYTES;
    return serial.ticks ? LEFT_TO_TICKS : 0;
}

uint32_t serial_byte_microseconds(void)
{
    return BITS_A_BYTE * 1000000 / serial.baud + 1;
}

uint16_t serial_port(void)
{
    return serial.present ? serial.port : 0;
}

void serial_poll(void)
{
    if (!serial.present)
        return;
    uint32_t flags = cpu_save_flags();
    serial_serve();
    cpu_restore_flags(flags);
}

static void stop_interrupts(void)
{
    if (serial.started && serial.place->line != SERIAL_POLLED)
        pic_stop((unsigned)serial.place->line);
    serial.by_interrupt = false;
}

/* A line of PCI's stays up as long as any device on it asks for something: one that nobody serves
 * would keep the processor here for ever. */
static bool is_strangers(uint8_t id)
{
    if (!(id & ID_NONE))
        serial.strangers = 0;
    else if (serial.place->on_pci && ++serial.strangers > STRANGERS_MOST)
        return true;
    return false;
}

static void interrupt(void)
{
    uint8_t id = serial.present ? get(INTERRUPT_ID) : ID_NONE;
    if ((id & ID_MASK) == ID_CAN_SEND)
        serial.by_interrupt = true;
    if (is_strangers(id)) {
        stop_interrupts();
        serial.place->line = SERIAL_POLLED;
    }
    if (!serial.present)
        return;
    serial_serve();
    /* The line to the interrupt controller has to fall before it can rise for what is left. */
    set(INTERRUPT_ENABLE, 0);
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
    set(DATA, low);
    set(INTERRUPT_ENABLE, high);
    return get(DATA) == low && get(INTERRUPT_ENABLE) == high;
}

/* Whether there is a port, which then has its speed. Asks the divisor and not a loopback: what is
 * sent to the port meanwhile would be taken for the byte that is to come back. */
static bool find_port(void)
{
    uint32_t divisor = OPTIONS_BAUD_MOST / serial.baud;
    set(LINE_CONTROL, DIVISOR_ACCESS);
    bool keeps = has_divisor(0x5a, 0xa5) && has_divisor(0xa5, 0x5a);
    bool found = keeps && has_divisor((uint8_t)divisor, (uint8_t)(divisor >> 8));
    set(LINE_CONTROL, LINE_8N1);
    return found;
}

/* One that the firmware, or the loader, has turned on may be left on at any time. */
static void begin_fifo(void)
{
    if (has_fifo()) {
        set(FIFO_CONTROL, FIFO_ON);
        settle_fifo(true);
        return;
    }
    serial.burst = 1;
    serial.fifo = FIFO_UNTRIED;
    hold(serial.held);
}

static void start_interrupts(void)
{
    if (serial.place->line != SERIAL_POLLED)
        pic_start((unsigned)serial.place->line, interrupt);
    enable_interrupts();
}

/* Whether there is a port at PLACE, which is then used. */
static bool use(struct serial_place *place)
{
    serial.port = place->port;
    if (!find_port())
        return false;
    serial.place = place;
    serial.keeps = get(LINE_CONTROL) == LINE_8N1;
    set(INTERRUPT_ENABLE, 0);
    serial.enabled = 0;
    serial.present = true;
    begin_fifo();
    if (serial.started)
        start_interrupts();
    return true;
}

void serial_init(const struct options_serial *wanted)
{
    serial.baud = wanted->baud;
    if (wanted->where == OPTIONS_SERIAL_NONE)
        return;
    serial_find(wanted, use);
    serial_out_start(!serial.present);
}

const struct print_sink *serial_sink(void)
{
    return serial.place ? serial_out_sink() : NULL;
}

/* The port is gone, or somebody has set it up anew. What was typed was cut there. */
static void lose(void)
{
    cut();
    stop_interrupts();
    serial.present = false;
    serial.place->seen = SERIAL_NOBODY;
    serial_out_stand_still();
}

/* Interrupts may get lost, so that a look is for all ports. */
static void tick(void)
{
    serial.ticks = true;
    bool look_now = ++serial.nticks == LOOK_TICKS;
    if (!serial.by_interrupt || look_now)
        serial_serve();
    if (!look_now)
        return;
    serial.nticks = 0;
    if (serial.present && serial.keeps && get(LINE_CONTROL) != LINE_8N1)
        lose();
    if (!serial.present && serial_find_again(use))
        serial_serve();
}

void serial_start_input(bool (*take)(uint8_t byte))
{
    if (!serial_find_can())
        return;
    uint32_t flags = cpu_save_flags();
    serial.take = take;
    serial.started = true;
    hold(serial.held);
    if (serial.present)
        start_interrupts();
    timer_on_tick(tick);
    cpu_restore_flags(flags);
}

void serial_say(void)
{
    bool polled = serial.present &&
                  (serial.place->line == SERIAL_POLLED || (serial.ticks && !serial.by_interrupt));
    if (!serial.present)
        kprintf("serial no");
    else if (serial.port == SERIAL_COM1 && serial.baud == OPTIONS_BAUD_MOST && !polled)
        kprintf("serial yes");
    else if (polled)
        kprintf("serial yes (0x%x, %u baud, polled)", serial.port, serial.baud);
    else
        kprintf("serial yes (0x%x, %u baud, interrupt %d)", serial.port, serial.baud,
                serial.place->line);
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
    uint32_t nmilliseconds =
        LAST_MILLISECONDS + (uint32_t)serial_unsent() * (BITS_A_BYTE * 1000) / serial.baud;
    if (nmilliseconds > DRAIN_MILLISECONDS_MOST)
        nmilliseconds = DRAIN_MILLISECONDS_MOST;
    struct deadline deadline =
        deadline_in(serial.abandoned ? SERIAL_PATIENCE_MICROSECONDS : nmilliseconds * 1000);
    while (!serial_out_wait() || !(look() & STATUS_ALL_SENT)) {
        serial.abandoned = deadline_passed(&deadline);
        if (serial.abandoned)
            return;
    }
}
