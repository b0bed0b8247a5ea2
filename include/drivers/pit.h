/* The interval timer (Intel 8254): its first counter, which begins again a hundred times a second.
 */
#ifndef PLAT_DRIVERS_PIT_H
#define PLAT_DRIVERS_PIT_H

#include "lib/types.h"

enum { PIT_HZ = 1193182, PIT_COUNTS_A_TICK = 11932, PIT_LINE = 0 };

/* Starts the counter, and with it its interrupts on line PIT_LINE. */
void pit_start(void);

/* What it has left: it counts down, from what the firmware has chosen before pit_start(). */
uint16_t pit_count(void);

/* Counts since it last began, below PIT_COUNTS_A_TICK; 0 where there is none. */
uint32_t pit_late(void);

#endif
