/* The first serial port (COM1), a 16550 or one like it, at 115200 8N1. */
#ifndef PLAT_DRIVERS_SERIAL_H
#define PLAT_DRIVERS_SERIAL_H

#include "lib/print.h"

/*
 * Finds out by a loopback whether there is a port, sets it up and makes it a print sink. Returns
 * whether there is one; where there is none, nothing ever waits for it.
 */
bool serial_init(void);

/* What is written to the port alone; NULL where there is none. */
const struct print_sink *serial_sink(void);

/* From now on each byte received is handed to RECEIVE, in interrupt line 4 or in serial_poll(). */
void serial_start_input(void (*receive)(uint8_t byte));

/* Hands over what has been received; for a machine whose interrupt line does not come. */
void serial_poll(void);

/* Waits, not for ever, until all that was printed has left the port. */
void serial_drain(void);

#endif
