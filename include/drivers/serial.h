/*
 * The first serial port (COM1), a 16550 or one like it, at 115200 8N1. It is never given up: output
 * that does not move is dropped, counted and told, and input goes on meanwhile.
 */
#ifndef PLAT_DRIVERS_SERIAL_H
#define PLAT_DRIVERS_SERIAL_H

#include "lib/print.h"

enum {
    /*
     * So many received bytes are kept until somebody reads them, from serial_init() on. When they
     * fill the buffer, RTS and the receive interrupt go off and further bytes stay in the port,
     * until half of the buffer is free. A sender that obeys RTS loses nothing, nor does QEMU, which
     * looks at the port itself.
     *
     * Where the port says that it has lost bytes of any other sender, all that is in it is thrown
     * away, as is the rest of the line, up to its CR or LF. In place of these bytes SERIAL_CANCEL
     * is read, and the other side is told. So no line is obeyed of which a part was lost.
     */
    SERIAL_BUFFER_BYTES = 4096,

    /*
     * So many bytes wait until the port has sent them. Where they fill the buffer, the caller waits
     * until the port sends. If that sends nothing for SERIAL_PATIENCE_MICROSECONDS, further bytes
     * are dropped, and nobody waits any more until it does. In their place goes out
     *
     *     [serial: 1234 bytes lost]
     *
     * on a line of its own; a line's end counts as two bytes.
     */
    SERIAL_SEND_BYTES = 65536,
    SERIAL_PATIENCE_MICROSECONDS = 50000
};

#define SERIAL_CANCEL "\x18\x15" /* CAN ends a terminal's sequence, Ctrl-U erases a line */

/*
 * Finds out by registers that received bytes do not touch whether there is a port, sets it up,
 * keeps what was received before, and makes it a print sink. Returns whether there is one; where
 * there is none, nothing ever waits for it. Call with interrupts off.
 */
bool serial_init(void);

/* What is written to the port alone; NULL where there is none. */
const struct print_sink *serial_sink(void);

/*
 * From now on interrupt line 4 takes in what is received, and sends what waits. TAKE sees each byte
 * as it comes in, with interrupts off; where it returns true the byte was for it, and is not kept.
 * Until the first such interrupt has come, each write waits until all is sent.
 */
void serial_start_input(bool (*take)(uint8_t byte));

/* Takes in and sends what can be; for a machine whose interrupts do not come, or get lost. */
void serial_poll(void);

/* The oldest byte that is kept, which it then no longer is; -1 where there is none. */
int serial_read(void);

/* How many received bytes are kept, how many bytes wait to be sent, how many were ever dropped. */
size_t serial_unread(void);
size_t serial_unsent(void);
uint64_t serial_lost(void);

/* Before the machine goes off: waits, not for ever, until all that was printed has left. */
void serial_drain(void);

#endif
