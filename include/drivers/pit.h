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

/*
 * Whether it has ticked, or does so within a tenth of a second: what waits for ticks is not to be
 * begun on a machine where none come. Interrupts must be on.
 */
MUST_USE bool pit_works(void);

/*
 * Sleeps until an interrupt has come; interrupts are on afterwards. As long as the timer has not
 * ticked even once, it only waits for a microsecond: on a machine whose interrupts do not come,
 * those who look again and again still get their keys. It says so after about a second.
 */
void pit_wait(void);

#endif
