/*
 * The ticks: one a hundredth of a second, by the 8254, or where its interrupts do not come by the
 * timer of the local APIC.
 */
#ifndef PLAT_DRIVERS_TIMER_H
#define PLAT_DRIVERS_TIMER_H

#include "lib/types.h"

#define TIMER_TICKS_A_SECOND 100u

/* Starts the ticks, by the 8254, which pit_start() has started. Behind clock_init(). */
void timer_init(void);

/* HANDLER runs on each interrupt, in it, after those that came before it; six at most. */
void timer_on_tick(void (*handler)(void));

/*
 * Ticks since the start; wraps after 497 days. Those that were lost while interrupts were off for
 * longer than a tick are made up for by the next interrupt, a second at most, where the processor
 * has time stamps, from about the thirtieth tick on. Never goes back.
 */
uint32_t timer_ticks(void);

/* Interrupts of the timer's since the start. */
uint32_t timer_interrupts(void);

/* How many milliseconds TICKS are, modulo 2^31: never negative. */
static inline int32_t timer_milliseconds(uint32_t ticks)
{
    return (int32_t)(ticks * (1000 / TIMER_TICKS_A_SECOND) & INT32_MAX);
}

/*
 * Whether it has ticked, or does so within a quarter of a second from the 8254 or the next one from
 * the APIC: what waits for ticks is not to be begun on a machine where none come. Interrupts must
 * be on.
 */
MUST_USE bool timer_works(void);

/*
 * Sleeps until an interrupt has come; interrupts are on afterwards. As long as the timer has not
 * ticked even once, it only waits for a microsecond, and after a quarter of a second of that tries
 * the APIC: nobody else has to wait for this to be decided. Where no interrupts come at all, those
 * who look again and again still get their keys. Each is said in a line.
 */
void timer_wait(void);

/* What ticks, in a few words. */
const char *timer_name(void);

#endif
