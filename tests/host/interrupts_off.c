/* What the debug build says of sections in which interrupts are off, by a clock that is made up. */
#include <stdio.h>
#include <string.h>

#include "case.h"
#include "lib/print.h"
#include "lib/symbols.h"

#define PLAT_DEBUG
#define PLAT_CPU_CPU_H
static uint64_t now;
static struct {
    bool tsc;
} identity = {.tsc = true};
static uint64_t cpu_tsc(void)
{
    return now;
}
static uint32_t cpu_save_flags(void)
{
    return 0;
}
static void cpu_restore_flags(uint32_t flags)
{
    (void)flags;
}
#define cpu_identify() identity
#define symbols_kernel symbols
static const struct symbol_table symbols;
static char said[200];
#define kprintf(...) (void)snprintf(said, sizeof said, __VA_ARGS__)
#include "cpu/interrupts_off.c"

/* The number in the line about the longest section. */
static unsigned long longest(void)
{
    interrupts_off_say();
    unsigned long number = 0;
    for (const char *digit = strstr(said, "off for ") + 8; *digit >= '0' && *digit <= '9'; digit++)
        number = number * 10 + (unsigned long)(*digit - '0');
    return number;
}

CASE(interrupts_off, the_longest_section_since_the_last_question)
{
    interrupts_off_watch();
    (void)longest();
    interrupts_off_begin();
    now += 10;
    interrupts_off_end();
    interrupts_off_begin();
    now += 300;
    interrupts_off_begin(); /* they are off already: the section goes on */
    now += 40;
    interrupts_off_end();
    now += 1000;
    interrupts_off_end(); /* they were on */
    interrupts_off_begin();
    now += 20;
    interrupts_off_end();
    CHECK_EQUAL(longest(), 340);
    CHECK_EQUAL(longest(), 0);
    interrupts_off_begin();
    now += 7;
    interrupts_off_end();
    CHECK_EQUAL(longest(), 7);
}
