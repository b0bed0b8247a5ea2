/*
 * The real-time clock (Motorola MC146818A): the time of day, also while the machine is off. Its
 * interrupts, on line 8, are not used.
 */
#ifndef PLAT_DRIVERS_RTC_H
#define PLAT_DRIVERS_RTC_H

#include "drivers/date.h"

/*
 * Reads the clock, twice the same and not while it counts on; CENTURY is the register that ACPI
 * names, or 0. NULL, or why not, in a few words. Takes up to 2 ms, and is given up after a tenth of
 * a second.
 */
MUST_USE const char *rtc_read(struct date_registers *registers, uint8_t century);

/*
 * Time stamps in a second of its; 0 where none begins: within a third of a second where it does not
 * count at all. Waits for up to two, awake. Emulators are late with the chip's quicker periods, by
 * a tenth and more, but not with its seconds.
 */
MUST_USE uint64_t rtc_measure_second(void);

#endif
