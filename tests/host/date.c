/* A battery's clock against a calendar that is counted, and not looked up. */
#include "drivers/date.h"

#include "case.h"
#include "lib/string.h"

static uint8_t digits(unsigned value, bool binary)
{
    return (uint8_t)(binary ? value : value / 10 * 16 + value % 10);
}

enum { BINARY = 4, HOURS_24 = 2 };

static struct date_registers registers_of(const struct date *date, uint8_t format, bool century)
{
    bool binary = format & BINARY;
    unsigned hour = date->hour, twelve = hour % 12 == 0 ? 12 : hour % 12;
    uint8_t half = hour >= 12 ? 0x80 : 0;
    return (struct date_registers){
        .second = digits(date->second, binary),
        .minute = digits(date->minute, binary),
        .hour = format & HOURS_24 ? digits(hour, binary) : digits(twelve, binary) | half,
        .day = digits(date->day, binary),
        .month = digits(date->month, binary),
        .year = digits(date->year % 100, binary),
        .century = century ? digits(date->year / 100u, binary) : 0,
        .format = format,
    };
}

static bool same(const struct date *a, const struct date *b)
{
    return a->year == b->year && a->month == b->month && a->day == b->day && a->hour == b->hour &&
           a->minute == b->minute && a->second == b->second;
}

/* The date NDAYS after 1 March 1600, by the lengths of 400, 100, 4 years and of five months. */
static struct date counted(uint32_t ndays)
{
    uint32_t of_400 = ndays % 146097;
    uint32_t years = (of_400 - of_400 / 1460 + of_400 / 36524 - of_400 / 146096) / 365;
    uint32_t day = of_400 - (365 * years + years / 4 - years / 100);
    uint32_t month = (5 * day + 2) / 153; /* from March on */
    uint32_t year = 1600 + ndays / 146097 * 400 + years + (month >= 10);
    return (struct date){.year = (uint16_t)year,
                         .month = (uint8_t)(month < 10 ? month + 3 : month - 9),
                         .day = (uint8_t)(day - (153 * month + 2) / 5 + 1)};
}

/* 1 January 1900 and 2200, counted so. */
enum { FROM = 109513, TO = 219086, WINDOW_FROM = 138732, WINDOW_TO = 175257 };

CASE(date, each_day_of_three_centuries)
{
    struct date got, first = counted(FROM), end = counted(TO);
    CHECK(first.year == 1900 && first.month == 1 && first.day == 1);
    CHECK(end.year == 2200 && end.month == 1 && end.day == 1);
    for (uint32_t ndays = FROM; ndays < TO; ndays++) {
        struct date date = counted(ndays), next = counted(ndays + 1);
        struct date_registers registers = registers_of(&date, ndays % 2 ? BINARY | 2 : 2, true);
        CHECK_TEXT(date_decode(&got, &registers) ? "refused" : "", "");
        CHECK(same(&got, &date));
        if (next.day != 1)
            continue;
        date.day++;
        registers = registers_of(&date, HOURS_24, true);
        CHECK(date_decode(&got, &registers) != NULL);
    }
}

CASE(date, without_a_century_from_1980_to_2079)
{
    struct date got, first = counted(WINDOW_FROM), end = counted(WINDOW_TO);
    CHECK(first.year == 1980 && first.month == 1 && first.day == 1);
    CHECK(end.year == 2080 && end.month == 1 && end.day == 1);
    static const uint8_t none[] = {0, 0x18, 0x22, 0xff, 0x1a, 0x99};
    for (uint32_t ndays = WINDOW_FROM; ndays < WINDOW_TO; ndays += 13) {
        struct date date = counted(ndays);
        struct date_registers registers = registers_of(&date, HOURS_24, false);
        registers.century = none[ndays % sizeof none];
        CHECK(date_decode(&got, &registers) == NULL);
        CHECK(same(&got, &date));
    }
}

CASE(date, each_second_of_a_day_in_each_format)
{
    static const uint8_t formats[] = {0, HOURS_24, BINARY, BINARY | HOURS_24};
    struct date date = {2024, 2, 29, 0, 0, 0}, got;
    for (size_t i = 0; i < sizeof formats; i++)
        for (uint32_t second = 0; second < 86400; second += 7) {
            date.hour = (uint8_t)(second / 3600);
            date.minute = (uint8_t)(second / 60 % 60);
            date.second = (uint8_t)(second % 60);
            struct date_registers registers = registers_of(&date, formats[i], true);
            CHECK(date_decode(&got, &registers) == NULL);
            CHECK(same(&got, &date));
        }
}

CASE(date, nonsense_is_refused_and_changes_nothing)
{
    const struct date_registers good = {0x59, 0x59, 0x23, 0x31, 0x12, 0x99, 0x19, HOURS_24};
    const struct date mark = {1, 2, 3, 4, 5, 6};
    struct date got;
    CHECK(date_decode(&got, &good) == NULL);
    CHECK(got.year == 1999 && got.month == 12 && got.day == 31 && got.hour == 23);
    static const struct {
        uint8_t place, value, format;
    } wrong[] = {{0, 0x60, 2}, {0, 0x5a, 2}, {0, 0xff, 2}, {0, 60, 6},   {1, 0x60, 2},
                 {1, 0xa0, 2}, {2, 0x24, 2}, {2, 0x1a, 2}, {2, 0x00, 0}, {2, 0x13, 0},
                 {2, 0x80, 0}, {2, 0x93, 0}, {2, 24, 6},   {2, 13, 4},   {3, 0x00, 2},
                 {3, 0x32, 2}, {3, 0x0a, 2}, {4, 0x00, 2}, {4, 0x13, 2}, {4, 0x0c, 2},
                 {4, 13, 6},   {5, 0xa0, 2}, {5, 0x9a, 2}, {5, 100, 6},  {5, 0xff, 2}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct date_registers registers = good;
        if (wrong[i].format & BINARY)
            registers = (struct date_registers){59, 59, 23, 31, 12, 99, 19, 0};
        if (!(wrong[i].format & HOURS_24))
            registers.hour = wrong[i].format & BINARY ? 11 : 0x11;
        registers.format = wrong[i].format;
        got = mark;
        CHECK(date_decode(&got, &registers) == NULL);
        ((uint8_t *)&registers)[wrong[i].place] = wrong[i].value;
        got = mark;
        CHECK(date_decode(&got, &registers) != NULL);
        CHECK(same(&got, &mark));
    }
    /* A machine without a clock reads so, and one whose battery was taken out. */
    struct date_registers all;
    __builtin_memset(&all, 0xff, sizeof all);
    CHECK(date_decode(&got, &all) != NULL);
    __builtin_memset(&all, 0, sizeof all);
    CHECK(date_decode(&got, &all) != NULL);
}
