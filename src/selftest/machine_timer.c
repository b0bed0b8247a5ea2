/* Ticks that were lost come again, and do not run ahead; the clock goes as they do. */
#include "case.h"
#include "cpu/cpu.h"
#include "cpu/io.h"
#include "drivers/clock.h"
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

static uint32_t count_of_8254(void)
{
    io_write8(0x43, 0);
    uint32_t low = io_read8(0x40);
    return low | (uint32_t)io_read8(0x40) << 8;
}

/* Whether there is one that counts. */
static bool has_8254(void)
{
    uint32_t first = count_of_8254();
    for (int i = 0; i < 1000; i++)
        if (count_of_8254() != first)
            return true;
    return false;
}

enum { COUNTS = 11932 };

/* What the chip has left of a tick, without the driver: the 8254, or the local APIC's timer. */
static uint32_t chip_count(bool by_8254)
{
    if (by_8254)
        return count_of_8254();
    const volatile uint32_t *apic =
        (const volatile uint32_t *)((uint32_t)cpu_read_msr(0x1b) & 0xfffff000);
    return (apic[0x390 / 4] >> 8) * COUNTS / (apic[0x380 / 4] >> 8);
}

/*
 * Time stamps of a tick, in units of 256: the shortest of many measurements of a sixth of one. A
 * host that stops the machine meanwhile makes them longer.
 */
static uint32_t stamps_of_a_tick(void)
{
    enum { PART = 2000 };
    uint32_t shortest = UINT32_MAX;
    bool by_8254 = has_8254();
    for (int i = 0; i < MEASUREMENTS; i++) {
        uint32_t first, now, flags = cpu_save_flags();
        do
            first = chip_count(by_8254);
        while (first < PART + 1000);
        uint64_t start = cpu_tsc();
        do
            now = chip_count(by_8254);
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
    /* Interrupts that were late may come close together, having been counted: then time tells. */
    CHECK(ticks >= AHEAD_TICKS || ticks + 2 >= passed / length);
    CHECK(passed / length + 2 >= ticks);
}

CASE(clock, it_never_goes_back)
{
    enum { READINGS = 100000, OFF = 1000 };
    uint64_t last = clock_microseconds(), begun = last;
    uint32_t flags = 0, ticks = timer_ticks();
    for (uint32_t i = 0; i < READINGS; i++) {
        if (i % (2 * OFF) == 0)
            flags = cpu_save_flags();
        uint64_t now = clock_microseconds();
        if (i % (2 * OFF) == OFF)
            cpu_restore_flags(flags);
        CHECK(now >= last);
        last = now;
    }
    CHECK(last > begun || (!clock_runs() && timer_ticks() == ticks));
}

/* The best of a few windows: a host may hold interrupts back, and a 486 loses them then. */
CASE(clock, it_goes_as_the_ticks_do)
{
    enum { WINDOWS = 20, TICKS = 20, WANTED = TICKS * 10000, OFF_MOST = WANTED / 25 };
    SKIP_UNLESS(timer_works(), "the timer does not tick");
    uint32_t best = UINT32_MAX;
    for (int i = 0; i < WINDOWS && best > OFF_MOST; i++) {
        await_interrupts(1);
        uint64_t start = clock_microseconds();
        uint32_t ticks = timer_ticks();
        while (timer_ticks() - ticks < TICKS)
            cpu_wait();
        if (timer_ticks() - ticks > TICKS)
            continue; /* it ends within a tick, nobody knows where */
        uint32_t passed = (uint32_t)(clock_microseconds() - start);
        uint32_t off = passed > WANTED ? passed - WANTED : WANTED - passed;
        best = off < best ? off : best;
    }
    CHECK(best <= OFF_MOST);
}

CASE(clock, deadlines_are_as_long_as_they_say)
{
    SKIP_UNLESS(clock_runs(), "nothing counts but ticks");
    for (uint32_t microseconds = 1000; microseconds <= 16000; microseconds *= 4) {
        uint32_t flags = cpu_save_flags();
        uint64_t start = clock_microseconds();
        deadline_wait(microseconds);
        uint64_t passed = clock_microseconds() - start;
        cpu_restore_flags(flags);
        CHECK(passed >= microseconds);
    }
}
