/*
 * What the registers of a real-time clock (Motorola MC146818A, and its like in each PC since) mean.
 * Pure.
 */
#ifndef PLAT_DRIVERS_DATE_H
#define PLAT_DRIVERS_DATE_H

#include "lib/types.h"

/* As they were read; CENTURY is 0 where the machine has no register for it. */
struct date_registers {
    uint8_t second, minute, hour, day, month, year, century;
    uint8_t format; /* register B: binary or decimal digits, 24 or 12 hours */
};

struct date {
    uint16_t year;
    uint8_t month, day; /* from 1 on */
    uint8_t hour, minute, second;
};

/*
 * NULL, or why that is no date, in a few words. Years without a century, or with one that is not 19
 * to 21, are those from 1980 to 2079. Seconds are at most 59: the chip knows no leap seconds.
 */
MUST_USE const char *date_decode(struct date *date, const struct date_registers *registers);

#endif
