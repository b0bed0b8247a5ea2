/*
 * The real-time clock (Motorola MC146818A): the time of day while the machine is off, and a period
 * that can be waited for. Its interrupts, on line 8, are not used.
 */
#ifndef PLAT_DRIVERS_RTC_H
#define PLAT_DRIVERS_RTC_H

#include "drivers/date.h"

enum { RTC_PERIODS_A_SECOND = 1024 };

/*
 * Reads the clock, twice the same and not while it counts on; CENTURY is the register that ACPI
 * names, or 0. NULL, or why not, in a few words. Takes up to 2 ms, and is given up after a tenth of
 * a second.
 */
MUST_USE const char *rtc_read(struct date_registers *registers, uint8_t century);

/* Has the periods begin, and end again: the chip's registers are then as they were. */
void rtc_begin_periods(void);
void rtc_end_periods(void);

/* Waits, awake, until N of them have ended that it has seen; false where none does for long: a
 * million looks. */
MUST_USE bool rtc_await_periods(uint32_t n);

#endif
