/*
 * The high precision event timer (Intel, "IA-PC HPET Specification" 1.0a), where ACPI names one: a
 * counter that goes on by itself. Its timers are not used.
 */
#ifndef PLAT_DRIVERS_HPET_H
#define PLAT_DRIVERS_HPET_H

#include "lib/types.h"

#define HPET_A_MICROSECOND 1000000000u /* of its units, femtoseconds */

/*
 * Takes it over from whoever ran before: its timers give the 8254's and the RTC's lines back, if
 * they had them, and do not interrupt any more. ADDRESS is ACPI's, 0 for none; its registers must
 * be mapped. Returns how long a count is, in femtoseconds; 0 where it can't be used.
 */
uint32_t hpet_take_over(paddr_t address);

/* Has it count, behind hpet_take_over(). */
void hpet_start(void);

/* The lower half of its count, which goes up. */
uint32_t hpet_count(void);

#endif
