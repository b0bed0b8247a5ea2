/*
 * The serial line: one port, a 16550 or one like it, 8N1. It is never given up: output that does
 * not move is dropped, counted and told, and input goes on meanwhile. A port that comes late, or is
 * pulled out and comes back, sends what was printed until then as if it had been slow.
 */
#ifndef PLAT_DRIVERS_SERIAL_H
#define PLAT_DRIVERS_SERIAL_H

#include "boot/options.h"
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
     * until the port sends. If that sends nothing for SERIAL_PATIENCE_MICROSECONDS, or for twice
     * the time that 16 bytes take, further bytes are dropped, and nobody waits any more until it
     * does. In their place goes out
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
 * Looks for the port that is WANTED, sets it up, keeps what was received before, and makes the line
 * a print sink. Of any port: COM1, COM2, COM3, those on PCI, COM4, and the first one that is there.
 * Whether one is there is found out by registers that received bytes do not touch, and where
 * nothing answers, by reading alone. Where there is none, nothing ever waits for it. Call with
 * interrupts off.
 */
void serial_init(const struct options_serial *wanted);

/* The first of the port's registers; 0 where there is none. */
uint16_t serial_port(void);

/* What is written to the line alone; NULL where there has never been a port. */
const struct print_sink *serial_sink(void);

/*
 * From now on the port's interrupt takes in what is received, and sends what waits. TAKE sees each
 * byte as it comes in, with interrupts off; where it returns true the byte was for it, and is not
 * kept. Until the first such interrupt has come, and for a port that has none, the timer's ticks do
 * the same: 1,600 bytes a second each way. A write waits then until all but 1,024 bytes are sent,
 * and before the first tick, until all are.
 *
 * Once a second a tick looks whether the port is there, and else whether one has come to any of the
 * places that were looked at before; COM4 only where it was wanted. That costs an access to a port
 * for each place, and up to 17 for one on PCI.
 */
void serial_start_input(bool (*take)(uint8_t byte));

/* Prints what there is, as a part of a line: "serial yes" for COM1 at 115200. */
void serial_say(void);

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
