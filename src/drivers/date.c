#include "drivers/date.h"

/* MC146818A, "Register B", and the hour's register. */
enum { BINARY = 1 << 2, HOURS_24 = 1 << 1, AFTERNOON = 1 << 7, WRONG = 0xff };

/* The number that BYTE means; WRONG where its digits are none. */
static unsigned number(const struct date_registers *registers, uint8_t byte)
{
    unsigned tens = byte >> 4, ones = byte & 15u;
    if (registers->format & BINARY)
        return byte;
    return tens > 9 || ones > 9 ? WRONG : tens * 10 + ones;
}

static unsigned hour_of(const struct date_registers *registers)
{
    if (registers->format & HOURS_24)
        return number(registers, registers->hour);
    unsigned hour = number(registers, registers->hour & (uint8_t)~AFTERNOON);
    if (hour < 1 || hour > 12)
        return WRONG;
    return hour % 12 + (registers->hour & AFTERNOON ? 12 : 0);
}

static unsigned days_in(unsigned month, unsigned year)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

const char *date_decode(struct date *date, const struct date_registers *registers)
{
    unsigned century = number(registers, registers->century);
    unsigned year = number(registers, registers->year);
    unsigned month = number(registers, registers->month), day = number(registers, registers->day);
    unsigned hour = hour_of(registers), minute = number(registers, registers->minute),
             second = number(registers, registers->second);
    if (year > 99)
        return "the real-time clock's year is none";
    year += century >= 19 && century <= 21 ? century * 100 : year < 80 ? 2000 : 1900;
    if (month < 1 || month > 12)
        return "the real-time clock's month is none";
    if (day < 1 || day > days_in(month, year))
        return "the real-time clock's day is none of that month";
    if (hour > 23 || minute > 59 || second > 59)
        return "the real-time clock's time of day is none";
    *date = (struct date){(uint16_t)year, (uint8_t)month,  (uint8_t)day,
                          (uint8_t)hour,  (uint8_t)minute, (uint8_t)second};
    return NULL;
}
