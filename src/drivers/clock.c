#include "drivers/clock.h"

#include "cpu/cpu.h"
#include "cpu/io.h"
#include "cpu/probe.h"
#include "drivers/clock_count.h"
#include "drivers/hpet.h"
#include "drivers/pit.h"
#include "drivers/rtc.h"
#include "drivers/timer.h"
#include "lib/print.h"

enum {
    PM_TIMER_HZ = 3579545, /* ACPI 6.5, section 4.8.3.3 */
    PM_TIMER_MASK = 0xffffff,
    READS_MOST = 10,
    NEAR_COUNTS = 0xff,
    LOOKS_MOST = 1000,      /* at a chip that may stand still: any counts faster than it is read */
    SETTLE_LOOKS = 1000000, /* TRIES are fewer */
    HALF_MICROSECONDS = 5000,
    TRIES = 4,
    PIT_HALF_MICROSECONDS = 2000, /* a host that stops the machine for 10 ms spoils one */
    PIT_TRIES = 100,
    READINGS_MOST = 3,
    CLOSE_ENOUGH = 1 << 16, /* time stamps: three accesses to a chip take fewer */
    TICKS_COMPARED = 128,   /* from one comparison to the next */
    STAMPS_LEAST = 1000000  /* in a second */
};

static struct {
    bool begun;
    bool has_stamps;
    bool runs; /* without ticks */
    struct clock_reference reference;
    uint32_t (*read)(void); /* .. and its count */
    struct clock_count count;
    bool compares; /* it need not be looked at for a second */
    struct acpi_register pm_timer;
    uint32_t pm_timer_mask;
    uint32_t hpet_period;
    uint64_t pit_counts;
    uint32_t nticks; /* handlers called */
    size_t next;     /* of the chips, to try */
} clock;

static uint32_t pm_timer_once(void)
{
    return clock.pm_timer.place == ACPI_PORT ? io_read32((uint16_t)clock.pm_timer.address)
                                             : *(volatile uint32_t *)clock.pm_timer.address;
}

/* Old chipsets (Intel PIIX4, ICH4) may be read while they count: two that are near are right. */
static uint32_t read_pm_timer(void)
{
    uint32_t first = pm_timer_once(), second = pm_timer_once();
    for (int i = 0; i < READS_MOST && (second - first) & PM_TIMER_MASK & ~(uint32_t)NEAR_COUNTS;
         i++) {
        first = second;
        second = pm_timer_once();
    }
    return second;
}

/* A tick may read it, too. */
static uint32_t read_pit(void)
{
    uint32_t flags = cpu_save_flags(), ticks = timer_ticks();
    clock.pit_counts = clock_widen(clock.pit_counts, ticks, PIT_COUNTS_A_TICK, pit_late());
    uint32_t counts = (uint32_t)clock.pit_counts;
    cpu_restore_flags(flags);
    return counts;
}

static struct clock_reading take_reading(uint64_t *length)
{
    uint64_t before = clock.has_stamps ? cpu_tsc() : 0;
    struct clock_reading reading = {before, clock.read()};
    if (clock.has_stamps)
        reading.stamp = cpu_tsc();
    *length = reading.stamp - before;
    return reading;
}

/* The closest of a few: a host, or the firmware, may stop the machine in the middle of one. */
static struct clock_reading read_moment(void)
{
    uint64_t length, next_length;
    struct clock_reading reading = take_reading(&length);
    for (int i = 1; i < READINGS_MOST && length > CLOSE_ENOUGH; i++) {
        struct clock_reading next = take_reading(&next_length);
        if (next_length < length) {
            reading = next;
            length = next_length;
        }
    }
    return reading;
}

static uint64_t now(void)
{
    return clock.count.by_stamps ? clock_count_at(&clock.count, cpu_tsc())
                                 : clock_count_read(&clock.count, read_moment());
}

uint64_t clock_microseconds(void)
{
    if (!clock.begun)
        return 0;
    uint32_t flags = cpu_save_flags();
    uint64_t microseconds = now();
    cpu_restore_flags(flags);
    return microseconds;
}

uint32_t clock_hundredths(void)
{
    static const struct clock_scale ten_thousandth = {3518437209u, 45};
    return (uint32_t)clock_scaled(ten_thousandth, clock_microseconds());
}

bool clock_runs(void)
{
    return clock.runs;
}

/* Interrupts are off: who looks at the clock finds the old chip or the new one. */
static void begin(const char *name, uint32_t (*read)(void), uint32_t mask, struct clock_scale scale)
{
    clock.compares = read != read_pit;
    clock.reference = (struct clock_reference){
        .name = name,
        .mask = mask,
        .scale = scale,
        .half = clock.compares ? HALF_MICROSECONDS : PIT_HALF_MICROSECONDS,
        .tries = clock.compares ? TRIES : PIT_TRIES,
        .watched = !clock.compares,
    };
    clock.read = read;
    clock_count_begin(&clock.count, &clock.reference, clock.has_stamps, read_moment(),
                      clock.count.told);
}

static bool counts(uint32_t (*read)(void))
{
    uint32_t first = read();
    for (int i = 0; i < LOOKS_MOST; i++)
        if (read() != first)
            return true;
    return false;
}

/* Begins to go by a chip, if it counts. */
static bool go_by(const char *name, uint32_t (*read)(void), uint32_t mask, struct clock_scale scale)
{
    if (!counts(read == read_pit ? pit_late : read)) /* which ticks do not touch */
        return false;
    uint32_t flags = cpu_save_flags();
    clock.runs = true;
    begin(name, read, mask, scale);
    cpu_restore_flags(flags);
    return true;
}

static bool go_by_pm_timer(void)
{
    struct clock_scale scale;
    return clock.pm_timer.place != ACPI_NOWHERE && clock_scale_of(&scale, PM_TIMER_HZ, 1000000) &&
           go_by("ACPI's PM timer", read_pm_timer, clock.pm_timer_mask, scale);
}

static bool go_by_hpet(void)
{
    struct clock_scale scale;
    if (!clock.hpet_period || !clock_scale_of(&scale, HPET_A_MICROSECOND, clock.hpet_period))
        return false;
    hpet_start();
    return go_by("the HPET", hpet_count, UINT32_MAX, scale);
}

static const struct clock_scale of_pit = {3599591090u, 32}; /* 1000000 / PIT_HZ */

/* A look at least every 10 ms is needed; so it is watched. */
static bool go_by_pit(void)
{
    if (!go_by("the 8254", read_pit, UINT32_MAX, of_pit))
        return false;
    struct clock_count *count = &clock.count;
    for (int i = 0; i < SETTLE_LOOKS && clock.has_stamps && !count->by_stamps && !count->refused;
         i++) {
        uint32_t flags = cpu_save_flags();
        (void)now();
        cpu_restore_flags(flags);
    }
    return true;
}

/* It has no counter, but seconds, of which one is waited for; so nothing can be compared with it
 * later on. An 8254 that counts, but not as the time stamps do, is trusted more than they are. */
static bool go_by_rtc(void)
{
    struct clock_scale scale;
    if (!clock.has_stamps || counts(pit_late))
        return false;
    uint64_t stamps = rtc_measure_second();
    if (stamps < STAMPS_LEAST || !clock_scale_of(&scale, stamps, 1000000))
        return false;
    uint32_t flags = cpu_save_flags();
    clock.reference.name = "the RTC";
    clock.runs = true;
    clock.compares = false;
    clock_count_go_by(&clock.count, scale, cpu_tsc(), clock.count.told);
    cpu_restore_flags(flags);
    return true;
}

/* The next chip that counts. It is not for a tick: some of them are waited for. */
static void choose(void)
{
    static bool (*const chips[])(void) = {go_by_pm_timer, go_by_hpet, go_by_pit, go_by_rtc};
    while (clock.next < sizeof chips / sizeof chips[0])
        if (chips[clock.next++]() && !clock.count.refused)
            return;
    /* Nothing goes with the time stamps. By the ticks, and what the 8254 has between them. */
    clock.has_stamps = false;
    if (go_by_pit())
        return;
    uint32_t flags = cpu_save_flags();
    clock.runs = false;
    begin("ticks", read_pit, UINT32_MAX, of_pit);
    cpu_restore_flags(flags);
}

bool clock_tend(void)
{
    if (!clock.count.refused)
        return false;
    cpu_enable_interrupts();
    choose();
    return true;
}

static void tick(void)
{
    bool due = ++clock.nticks % TICKS_COMPARED == 0;
    if (!clock.count.by_stamps)
        (void)now();
    else if (due && clock.compares)
        clock_count_compare(&clock.count, read_moment());
}

void clock_init(const struct acpi *acpi, bool has_stamps)
{
    clock.has_stamps = has_stamps;
    clock.pm_timer = acpi->pm_timer;
    clock.pm_timer_mask = acpi->pm_timer_wide ? UINT32_MAX : PM_TIMER_MASK;
    if (clock.pm_timer.place == ACPI_MEMORY && !probe_memory(clock.pm_timer.address, 4))
        clock.pm_timer.place = ACPI_NOWHERE;
    clock.hpet_period = hpet_take_over(acpi->hpet);
    choose();
    clock.begun = true;
    timer_on_tick(tick);
}

void clock_say(void)
{
    struct clock_scale scale = clock.count.scale, inverse;
    if (clock.count.by_stamps &&
        clock_scale_of(&inverse, scale.multiplier, (uint64_t)1 << scale.shift))
        kprintf("clock: time stamps, %u MHz by %s", (uint32_t)(clock_scaled(inverse, 2) + 1) / 2,
                clock.reference.name);
    else if (clock.runs)
        kprintf("clock: %s%s", clock.reference.name,
                clock.has_stamps ? ", time stamps are being measured" : "");
    else
        kprintf("clock: by ticks alone, no chip counts");
    kprintf("; ticks by %s\n", timer_name());
}
