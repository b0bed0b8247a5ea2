/*
 * What the parts of the serial line tell each other: serial.c has the port, serial_find.c the
 * places where one may be, serial_out.c what waits to be sent. Call with interrupts off, unless
 * said otherwise.
 */
#ifndef PLAT_DRIVERS_SERIAL_PRIVATE_H
#define PLAT_DRIVERS_SERIAL_PRIVATE_H

#include "drivers/serial.h"
#include "drivers/serial_place.h"

/*
 * Asks the places where the port that is WANTED may be, one after another, until TAKE says that it
 * has one there; and again, later. Places where nothing answers, or what is read is the same as the
 * last time, are passed over. And whether there is any place to be asked again.
 */
void serial_find(const struct options_serial *wanted, bool (*take)(struct serial_place *place));
bool serial_find_again(bool (*take)(struct serial_place *place));
bool serial_find_can(void);

/* Moves bytes between port and rings, as far as both have room. */
void serial_serve(void);

/* Whether the interrupt is known to come. */
bool serial_by_interrupt(void);

/* So many bytes a write may leave unsent: somebody else sends them, or there is nobody. */
uint32_t serial_leaves(void);

/* How long a byte takes, at least. */
uint32_t serial_byte_microseconds(void);

/* The next bytes for the port, up to MOST; how many. And the port, which moves, has NBYTES. */
uint32_t serial_out_next(uint8_t *bytes, uint32_t most);
void serial_out_sent(uint32_t nbytes);

/* Input was lost. And adds a line about that, and about lost output, once there is room. */
void serial_out_tell_of_cut(void);
void serial_out_tell(void);

/* Waits until all has been taken; false where the line is stuck. Interrupts may be on. */
bool serial_out_wait(void);

/* Nobody waits for the line until a byte has left the ring. */
void serial_out_stand_still(void);

/* Makes the ring a print sink, of a line that stands still if ALONE; and that sink. */
void serial_out_start(bool alone);
const struct print_sink *serial_out_sink(void);

#endif
