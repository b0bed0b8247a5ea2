/*
 * What both halves of the serial line tell each other: serial.c has the port, serial_out.c what
 * waits to be sent. Call with interrupts off, unless said otherwise.
 */
#ifndef PLAT_DRIVERS_SERIAL_PRIVATE_H
#define PLAT_DRIVERS_SERIAL_PRIVATE_H

#include "drivers/serial.h"

/* Moves bytes between port and rings, as far as both have room. */
void serial_serve(void);

/* Whether the interrupt is known to come; where it does not, each write sends all there is. */
bool serial_by_interrupt(void);

/* The next bytes for the port, which moves, up to MOST; how many. */
uint32_t serial_out_take(uint8_t *bytes, uint32_t most);

/* Input was lost. And adds a line about that, and about lost output, once there is room. */
void serial_out_tell_of_cut(void);
void serial_out_tell(void);

/* Waits until all has been taken; false where the line is stuck. Interrupts may be on. */
bool serial_out_wait(void);

/* Makes the ring a print sink; and that sink. */
void serial_out_start(void);
const struct print_sink *serial_out_sink(void);

#endif
