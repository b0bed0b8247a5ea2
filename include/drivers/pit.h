/* The interval timer (Intel 8254): a tick a hundredth of a second. */
#ifndef PLAT_DRIVERS_PIT_H
#define PLAT_DRIVERS_PIT_H

#include "lib/types.h"

#define PIT_TICKS_A_SECOND 100u

/* Starts the ticks, on interrupt line 0. */
void pit_init(void);

/* HANDLER runs on each tick, in the interrupt, after those that came before it; two at most. */
void pit_on_tick(void (*handler)(void));

/* Ticks since the start; wraps after 497 days. */
uint32_t pit_ticks(void);

#endif
