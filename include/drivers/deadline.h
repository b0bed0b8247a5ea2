/* Moments in the near future, for who waits for a device with interrupts off. */
#ifndef PLAT_DRIVERS_DEADLINE_H
#define PLAT_DRIVERS_DEADLINE_H

#include "lib/types.h"

/*
 * A moment NMICROSECONDS from now, 1000 to 1000 seconds, by the clock (drivers/clock.h). Before it
 * runs, by the 8254's counter: up to twice as fast then, as the firmware left it, and later if
 * nobody looks for 10 ms. Where that stands still, too, the moment has come after NMICROSECONDS
 * looks at it.
 */
struct deadline {
    bool by_clock;
    uint64_t at; /* by the clock */
    uint32_t counts_left, looks_left, looks_most;
    uint16_t last;
};
MUST_USE struct deadline deadline_in(uint32_t nmicroseconds);
MUST_USE bool deadline_passed(struct deadline *deadline);

/* Waits so long, awake. */
void deadline_wait(uint32_t nmicroseconds);

#endif
