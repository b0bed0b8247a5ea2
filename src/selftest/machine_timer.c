/* The clock: ticks that were lost come again, and it does not run ahead. */
#include "case.h"
#include "cpu/cpu.h"
#include "cpu/io.h"
#include "drivers/deadline.h"
#include "drivers/timer.h"

/* Until N more interrupts of the timer's have come. */
static void await_interrupts(uint32_t n)
{
    for (uint32_t start = timer_interrupts(); timer_interrupts() - start < n;)
        cpu_wait();
}

enum { SETTLED_MOST = 300, OFF_TICKS = 8, AHEAD_TICKS = 50, MEASUREMENTS = 200 };

/*
 * Whether ticks that are lost, because interrupts are off for some, come with the next interrupts,
 * but for one. At first they do not, until time stamps have been measured.
 */
static bool are_made_up(void)
{
    for (uint32_t i = 0; i < SETTLED_MOST; i++) {
        await_interrupts(1);
        uint32_t flags = cpu_save_flags();
        uint32_t ticks = timer_ticks();
        deadline_wait(OFF_TICKS * 10000);
        cpu_restore_flags(flags);
        await_interrupts(2);
        if (timer_ticks() - ticks >= OFF_TICKS - 1)
            return true;
    }
    return false;
}

CASE(timer, k5_ticks_that_were_lost_are_made_up)
{
    SKIP_UNLESS(timer_works(), "the timer does not tick");
    uint32_t flags = cpu_save_flags();
    bool as_many = timer_ticks() == timer_interrupts();
    cpu_restore_flags(flags);
    CHECK(as_many || cpu_identify().tsc);
    SKIP_UNLESS(cpu_identify().tsc, "this processor has no time stamps");
    CHECK(are_made_up());
}

/* The count that the chip has left of this tick, without the driver. */
static uint32_t chip_count(void)
{
    io_write8(0x43, 0);
    uint32_t low = io_read8(0x40);
    return low | (uint32_t)io_read8(0x40) << 8;
}

/*
 * Time stamps of a tick, in units of 256: the shortest of many measurements of a sixth of one. A
 * host that stops the machine meanwhile makes them longer.
 */
static uint32_t stamps_of_a_tick(void)
{
    enum { COUNTS = 11932, PART = 2000 };
    uint32_t shortest = UINT32_MAX;
    for (int i = 0; i < MEASUREMENTS; i++) {
        uint32_t first, now, flags = cpu_save_flags();
        do
            first = chip_count();
        while (first < PART + 1000);
        uint64_t start = cpu_tsc();
        do
            now = chip_count();
        while (now <= first && first - now < PART);
        uint32_t passed = (uint32_t)((cpu_tsc() - start) >> 8);
        cpu_restore_flags(flags);
        if (now <= first && passed < UINT32_MAX / COUNTS &&
            passed * COUNTS / (first - now) < shortest)
            shortest = passed * COUNTS / (first - now);
    }
    return shortest;
}

CASE(timer, k5_ticks_do_not_run_ahead)
{
    SKIP_UNLESS(cpu_identify().tsc, "this processor has no time stamps");
    SKIP_UNLESS(timer_works(), "the timer does not tick");
    CHECK(are_made_up());
    uint32_t length = stamps_of_a_tick();
    await_interrupts(1);
    uint64_t start = cpu_tsc();
    uint32_t ticks = timer_ticks();
    await_interrupts(AHEAD_TICKS);
    ticks = timer_ticks() - ticks;
    uint32_t passed = (uint32_t)((cpu_tsc() - start) >> 8);
    CHECK(ticks >= AHEAD_TICKS);
    CHECK(passed / length + 2 >= ticks);
}
