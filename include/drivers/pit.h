/* The interval timer (Intel 8254): a tick a hundredth of a second. */
#ifndef PLAT_DRIVERS_PIT_H
#define PLAT_DRIVERS_PIT_H

#include "lib/types.h"

#define PIT_TICKS_A_SECOND 100u

/* Starts the ticks, on interrupt line 0. */
void pit_init(void);

/* HANDLER runs on each interrupt, in it, after those that came before it; six at most. */
void pit_on_tick(void (*handler)(void));

/*
 * Ticks since the start; wraps after 497 days. Those that were lost while interrupts were off for
 * longer than a tick are made up for by the next interrupt, a second at most, where the processor
 * has time stamps, from about the thirtieth tick on. Never goes back.
 */
uint32_t pit_ticks(void);

/* Interrupts of the timer's since the start. */
uint32_t pit_interrupts(void);

/* How many milliseconds TICKS are, modulo 2^31: never negative. */
static inline int32_t pit_milliseconds(uint32_t ticks)
{
    return (int32_t)(ticks * (1000 / PIT_TICKS_A_SECOND) & INT32_MAX);
}

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

/*
 * A moment NMICROSECONDS from now, by the chip's own counter: it needs no interrupts and runs
 * before pit_init(), too (up to twice as fast then, as the firmware left it). Where it stands
 * still, the moment has come after NMICROSECONDS looks at it. Look often: a look has to come at
 * least every 10 ms, or the moment comes later. From 1000 microseconds to 1000 seconds.
 */
struct pit_deadline {
    uint32_t counts_left, looks_left, looks_most;
    uint16_t last;
};
MUST_USE struct pit_deadline pit_deadline_in(uint32_t nmicroseconds);
MUST_USE bool pit_deadline_passed(struct pit_deadline *deadline);

/* Waits so long, awake. Interrupts may be off. */
void pit_delay(uint32_t nmicroseconds);

#endif
