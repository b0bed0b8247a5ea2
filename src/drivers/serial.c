#include "drivers/serial.h"

#include "cpu/io.h"
#include "drivers/pic.h"
#include "lib/print.h"

/* COM1 and its registers (National Semiconductor PC16550D, section 8). */
enum {
    PORT = 0x3f8,
    DATA = PORT + 0,             /* divisor, low half, while DIVISOR_ACCESS */
    INTERRUPT_ENABLE = PORT + 1, /* divisor, high half, while DIVISOR_ACCESS */
    FIFO_CONTROL = PORT + 2,
    LINE_CONTROL = PORT + 3,
    MODEM_CONTROL = PORT + 4,
    LINE_STATUS = PORT + 5,

    FIFO_ON_AND_EMPTY = 0x07,
    LINE_8N1 = 0x03,
    DIVISOR_ACCESS = 0x80,
    DIVISOR_115200 = 1,
    MODEM_READY = 0x0b, /* DTR, RTS, and OUT2, which lets interrupts through */
    MODEM_LOOPBACK = 0x1e,
    STATUS_RECEIVED = 0x01,
    STATUS_CAN_SEND = 0x20,
    STATUS_ALL_SENT = 0x40,

    IRQ_LINE = 4,
    /* A byte takes 87 us; each look at a port about 1 us. */
    WAITS_MOST = 20000
};

static struct {
    bool present;
    void (*receive)(uint8_t byte);
    struct print_sink sink;
} serial;

/* Waits for BITS in the line status; false where they don't come. */
static bool wait_for(uint8_t bits)
{
    for (int i = 0; i < WAITS_MOST; i++)
        if ((io_read8(LINE_STATUS) & bits) == bits)
            return true;
    return false;
}

static void send(uint8_t byte)
{
    if (!serial.present)
        return;
    /* A port that stops sending is a port that is gone: later text does not wait for it again. */
    if (wait_for(STATUS_CAN_SEND))
        io_write8(DATA, byte);
    else
        serial.present = false;
}

static void write(const char *text, size_t nbytes)
{
    for (size_t i = 0; i < nbytes; i++) {
        if (text[i] == '\n')
            send('\r');
        send((uint8_t)text[i]);
    }
}

/* A byte sent in loopback mode comes back where there is a chip to send it. */
static bool loopback(uint8_t byte)
{
    io_write8(DATA, byte);
    return wait_for(STATUS_RECEIVED) && io_read8(DATA) == byte;
}

bool serial_init(void)
{
    if (io_read8(LINE_STATUS) == 0xff)
        return false; /* nobody drives the bus: spares the wait */
    io_write8(INTERRUPT_ENABLE, 0);
    io_write8(LINE_CONTROL, DIVISOR_ACCESS);
    io_write8(DATA, DIVISOR_115200);
    io_write8(INTERRUPT_ENABLE, 0);
    io_write8(LINE_CONTROL, LINE_8N1);
    io_write8(FIFO_CONTROL, FIFO_ON_AND_EMPTY);
    io_write8(MODEM_CONTROL, MODEM_LOOPBACK);
    serial.present = loopback(0x5a) && loopback(0xa5);
    io_write8(MODEM_CONTROL, MODEM_READY);
    if (serial.present) {
        serial.sink.write = write;
        print_add_sink(&serial.sink);
    }
    return serial.present;
}

const struct print_sink *serial_sink(void)
{
    return serial.present ? &serial.sink : NULL;
}

void serial_poll(void)
{
    if (!serial.present || !serial.receive)
        return;
    /* Bounded: a port that was pulled out reads as all ones for ever. */
    for (int i = 0; i < WAITS_MOST && (io_read8(LINE_STATUS) & STATUS_RECEIVED); i++)
        serial.receive(io_read8(DATA));
}

void serial_start_input(void (*receive)(uint8_t byte))
{
    if (!serial.present)
        return;
    serial.receive = receive;
    io_write8(INTERRUPT_ENABLE, 0x01); /* on received data */
    pic_start(IRQ_LINE, serial_poll);
}

void serial_drain(void)
{
    if (serial.present)
        wait_for(STATUS_ALL_SENT);
}
