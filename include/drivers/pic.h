/* The two interrupt controllers (Intel 8259A): lines 0 to 15 become vectors 32 to 47. */
#ifndef PLAT_DRIVERS_PIC_H
#define PLAT_DRIVERS_PIC_H

#include "lib/types.h"

/* Moves the lines away from the processor's own vectors and closes all of them. */
void pic_init(void);

/*
 * Connects the controllers with the first processor directly, on a board that has a register for it
 * (drivers/mp_table.h): whoever ran before may have led them through an APIC that is not set up.
 */
void pic_connect(void);

/* Opens LINE; HANDLER runs on each of its interrupts, with interrupts off, before its end. */
void pic_start(unsigned line, void (*handler)(void));

/* Closes LINE, which may be asked for by something that nobody serves. Call with interrupts off. */
void pic_stop(unsigned line);

/* Interrupts that no device had asked for, since the start. */
uint32_t pic_spurious(void);

#endif
