/*
 * The one clock: microseconds since the start, which never go back. It goes by the processor's time
 * stamps, once a chip whose pace is known has told how fast they go; until then, and on a processor
 * without them, by that chip. Where no chip counts, it goes by the timer's ticks.
 */
#ifndef PLAT_DRIVERS_CLOCK_H
#define PLAT_DRIVERS_CLOCK_H

#include "drivers/acpi.h"

enum { CLOCK_HUNDREDTH = 10000 }; /* of a second, in microseconds */

/*
 * Starts the clock, by the first of these that counts and goes with the time stamps: ACPI's PM
 * timer, the HPET, both where ACPI has them, the 8254, which pit_start() must have started, and the
 * RTC's seconds. Takes some 500 instructions with the first two, which are compared with time
 * stamps later on; with the 8254 4 ms, and with the RTC two seconds. An HPET gives the lines back
 * that it has taken from the 8254 and the RTC. Call once, with interrupts off.
 */
void clock_init(const struct acpi *acpi, bool has_stamps);

/*
 * Microseconds since clock_init(), 0 before it. Interrupts may be on or off. Some 80 instructions
 * by time stamps, else a few accesses to the chip. By the timer's ticks and the 8254's count where
 * there is nothing better: then it loses what the ticks lose.
 */
uint64_t clock_microseconds(void);

/* The same in hundredths of a second; begins again after 497 days. */
uint32_t clock_hundredths(void);

/*
 * Where the chip and the time stamps have turned out not to go together, it goes on by what it went
 * by until this is called, which tries the next chip; from where there is time, for it takes up to
 * half a second with the 8254, and two where only the RTC is left. Returns false where there was
 * nothing to do; else interrupts are on.
 */
bool clock_tend(void);

/* Whether it goes on by itself, without ticks, so that who waits with interrupts off can go by it.
 */
MUST_USE bool clock_runs(void);

/* One line: what it goes by. */
void clock_say(void);

#endif
