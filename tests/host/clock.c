/* Which chip the clock goes by, on boards whose chips stand still, jump, or are not there. */
#include "case.h"
#include "drivers/acpi.h"
#include "drivers/date.h"
#include "lib/string.h"

#define PLAT_CPU_CPU_H
#define PLAT_CPU_IO_H
#define PLAT_CPU_PROBE_H
#define PLAT_DRIVERS_HPET_H
#define PLAT_DRIVERS_PIT_H
#define PLAT_DRIVERS_RTC_H
#define PLAT_DRIVERS_TIMER_H

enum chip { STAMPS, PM_TIMER, HPET, PIT, RTC, CHIPS };
enum kind { NONE, GOOD, STILL, JUMPS };

/* Each look at a chip takes a microsecond. */
static struct {
    uint64_t now; /* in microseconds */
    enum kind kinds[CHIPS];
    bool hpet_started;
    uint64_t ticks_from;                             /* when the ticks began; 0: not yet */
    uint64_t tick_most;                              /* the longest of them */
    uint32_t looks, nstops, stop_looks, stop_length; /* the host stops the machine, at first */
    void (*on_tick)(void);
} board;

static uint64_t look(enum chip chip)
{
    board.now++;
    if (board.nstops && ++board.looks % board.stop_looks == 0) {
        board.nstops--;
        board.now += board.stop_length;
    }
    switch (board.kinds[chip]) {
    case GOOD:
        return board.now;
    case JUMPS:
        return board.now + (board.now / 1700 * 2654435761u >> 7) % 50000;
    default:
        return 12345;
    }
}

static uint64_t cpu_tsc(void)
{
    return look(STAMPS) * 2400;
}

static uint32_t cpu_save_flags(void)
{
    return 0;
}

static void cpu_restore_flags(uint32_t flags)
{
    (void)flags;
}

static void cpu_enable_interrupts(void)
{
}

static uint32_t io_read32(uint16_t port)
{
    return port == 0x608 && board.kinds[PM_TIMER] ? (uint32_t)(look(PM_TIMER) * 3579545 / 1000000)
                                                  : UINT32_MAX;
}

static const void *probe_memory(uint32_t address, uint32_t nbytes)
{
    (void)address, (void)nbytes;
    return NULL;
}

#define HPET_A_MICROSECOND 1000000000u

static uint32_t hpet_take_over(paddr_t address)
{
    return address && board.kinds[HPET] ? 69841279 : 0;
}

static void hpet_start(void)
{
    board.hpet_started = true;
}

static uint32_t hpet_count(void)
{
    return board.hpet_started ? (uint32_t)(look(HPET) * 1431818 / 100000) : 0;
}

enum { PIT_HZ = 1193182, PIT_COUNTS_A_TICK = 11932 };

static uint32_t timer_ticks(void)
{
    return board.ticks_from ? (uint32_t)((board.now - board.ticks_from) / 10000) : 0;
}

static uint32_t pit_late(void)
{
    return board.kinds[PIT] ? (uint32_t)(look(PIT) * PIT_HZ / 1000000 % PIT_COUNTS_A_TICK) : 0;
}

static uint64_t rtc_measure_second(void)
{
    if (board.kinds[RTC] != GOOD)
        return 0;
    board.now += 1000000;
    return board.kinds[STAMPS] == GOOD ? UINT64_C(2400000000) : 1000;
}

static void timer_on_tick(void (*handler)(void))
{
    board.on_tick = handler;
}

static const char *timer_name(void)
{
    return "the 8254";
}

#pragma GCC diagnostic ignored "-Wint-to-pointer-cast" /* of 64-bit hosts; there is no memory */
#include "drivers/clock.c"

/* The next tick; then the kernel has nothing to do, if IDLE. */
static void tick_once(bool idle)
{
    board.now += 10000 - board.now % 10000;
    uint64_t begun = board.now;
    board.on_tick();
    if (board.now - begun > board.tick_most)
        board.tick_most = board.now - begun;
    if (idle)
        (void)clock_tend();
}

static void clear(void)
{
    __builtin_memset(&board, 0, sizeof board);
    __builtin_memset(&clock, 0, sizeof clock);
}

/* Starts the clock of a board with these chips, and has it tick for ten seconds. */
static void start_on(const enum kind kinds[CHIPS], bool idle)
{
    __builtin_memcpy(board.kinds, kinds, sizeof board.kinds);
    board.now = 1000000;
    struct acpi acpi = {.hpet = 0xfed00000};
    if (kinds[PM_TIMER])
        acpi.pm_timer = (struct acpi_register){ACPI_PORT, 0x608};
    clock_init(&acpi, kinds[STAMPS] != NONE);
    board.ticks_from = board.now;
    for (int i = 0; i < 1000; i++)
        tick_once(idle);
}

static void start(const enum kind kinds[CHIPS], bool idle)
{
    clear();
    start_on(kinds, idle);
}

/* The chip that the clock is to go by, NULL for ticks alone; and whether by time stamps. */
static const struct {
    enum kind kinds[CHIPS];
    const char *by;
    bool stamps;
} boards[] = {
    {{GOOD, GOOD, GOOD, GOOD, GOOD}, "ACPI's PM timer", true},
    {{GOOD, STILL, GOOD, GOOD, GOOD}, "the HPET", true},
    {{GOOD, NONE, GOOD, NONE, NONE}, "the HPET", true},
    {{GOOD, JUMPS, GOOD, GOOD, GOOD}, "the HPET", true},
    {{GOOD, JUMPS, JUMPS, GOOD, GOOD}, "the 8254", true},
    {{GOOD, STILL, STILL, GOOD, GOOD}, "the 8254", true},
    {{GOOD, NONE, NONE, GOOD, NONE}, "the 8254", true},
    {{GOOD, NONE, NONE, STILL, GOOD}, "the RTC", true},
    {{GOOD, STILL, STILL, NONE, GOOD}, "the RTC", true},
    {{GOOD, JUMPS, NONE, STILL, GOOD}, "the RTC", true}, /* which is found out by ticks */
    {{GOOD, NONE, JUMPS, NONE, GOOD}, "the RTC", true},
    {{GOOD, JUMPS, JUMPS, STILL, STILL}, NULL, false},
    {{GOOD, STILL, STILL, STILL, STILL}, NULL, false},
    {{GOOD, NONE, NONE, NONE, NONE}, NULL, false},
    {{NONE, GOOD, GOOD, GOOD, GOOD}, "ACPI's PM timer", false},
    {{NONE, STILL, NONE, GOOD, GOOD}, "the 8254", false},
    {{NONE, STILL, STILL, STILL, GOOD}, NULL, false},
    {{STILL, NONE, NONE, GOOD, STILL}, "the 8254", false},
    {{JUMPS, NONE, NONE, GOOD, STILL}, "the 8254", false},
    {{JUMPS, NONE, NONE, GOOD, GOOD}, "the 8254", false},
    {{JUMPS, GOOD, GOOD, GOOD, GOOD}, "the 8254", false},
    {{STILL, NONE, NONE, STILL, GOOD}, NULL, false},
};

CASE(clock_board, the_first_chip_that_counts_is_the_clock)
{
    for (size_t i = 0; i < sizeof boards / sizeof boards[0]; i++) {
        start(boards[i].kinds, true);
        CHECK_EQUAL(clock_runs(), boards[i].by != NULL);
        CHECK(clock.count.by_stamps == boards[i].stamps);
        CHECK(clock.count.confirmed == (clock.count.by_stamps && clock.compares));
        if (boards[i].by)
            CHECK_TEXT(clock.reference.name, boards[i].by);
    }
}

/* Over the next ten seconds: a hundred readings a tick, or none for seconds. */
CASE(clock_board, it_goes_on_as_fast_as_time_does)
{
    for (size_t i = 0; i < sizeof boards / sizeof boards[0]; i++) {
        start(boards[i].kinds, true);
        uint64_t begun = clock_microseconds(), last = begun, from = board.now;
        for (int j = 0; j < 1000; j++) {
            for (int k = 0; k < (j % 10 ? 0 : 100); k++) {
                uint64_t now = clock_microseconds();
                CHECK(now >= last);
                last = now;
            }
            tick_once(true);
        }
        uint64_t passed = board.now - from, told = clock_microseconds() - begun;
        uint64_t off = passed > told ? passed - told : told - passed;
        CHECK(off <= passed / 100);
        uint32_t hundredths = clock_hundredths();
        CHECK(hundredths - (clock.count.told / 10000) <= 1);
    }
}

/* A tick looks at the chip that there is and no more, whatever is found out in it. Who never has
 * time to look for another one keeps that chip's time. */
CASE(clock_board, a_tick_waits_for_nothing)
{
    for (size_t i = 0; i < 2 * sizeof boards / sizeof boards[0]; i++) {
        start(boards[i / 2].kinds, i % 2);
        CHECK(board.tick_most < 100);
        uint64_t begun = clock_microseconds();
        for (int j = 0; j < 1000; j++)
            tick_once(i % 2);
        CHECK(board.tick_most < 100);
        CHECK(clock_microseconds() - begun > 9000000);
    }
}

/* A busy host's turns are all as long, and the 8254 has gone round once in each. */
CASE(clock_board, a_host_that_stops_the_machine_makes_no_time_pass_slower)
{
    static const enum kind kinds[CHIPS] = {GOOD, NONE, NONE, GOOD, NONE};
    for (uint32_t looks = 400; looks < 6000; looks += 50)
        for (uint32_t length = 9000; length < 25000; length += 500) {
            clear();
            board.nstops = 40;
            board.stop_looks = looks;
            board.stop_length = length;
            start_on(kinds, true);
            CHECK(clock.count.by_stamps);
            uint64_t second = clock_scaled(clock.count.scale, UINT64_C(2400000000));
            CHECK(second > 980000 && second < 1020000);
        }
}
