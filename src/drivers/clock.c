#include "drivers/clock.h"

#include "cpu/cpu.h"
#include "cpu/io.h"
#include "cpu/probe.h"
#include "drivers/clock_count.h"
#include "drivers/pit.h"
#include "drivers/timer.h"
#include "lib/print.h"

enum {
    PM_TIMER_HZ = 3579545, /* ACPI 6.5, section 4.8.3.3 */
    READS_MOST = 10,
    LOOKS_MOST = 1000,      /* at a chip that may stand still: any counts faster than it is read */
    SETTLE_LOOKS = 1000000, /* 10 ms are fewer */
    READINGS_MOST = 3,
    CLOSE_ENOUGH = 1 << 16, /* time stamps: three accesses to a chip take fewer */
    TICKS_COMPARED = 128    /* from one comparison to the next */
};

static struct {
    bool has_stamps;
    bool runs; /* without ticks */
    struct clock_reference reference;
    uint32_t (*read)(void); /* .. and its count */
    struct clock_count count;
    struct acpi_register pm_timer;
    uint64_t pit_counts;
    uint32_t nticks; /* handlers called */
} clock;

static uint32_t pm_timer_once(void)
{
    return clock.pm_timer.place == ACPI_PORT ? io_read32((uint16_t)clock.pm_timer.address)
                                             : *(volatile uint32_t *)clock.pm_timer.address;
}

/* Old chipsets (Intel PIIX4, ICH4) may be read while they count: three in order are right. */
static uint32_t read_pm_timer(void)
{
    uint32_t first = pm_timer_once(), second = pm_timer_once(), third = pm_timer_once();
    for (int i = 0; i < READS_MOST && ((second - first) | (third - second)) >> 8 & 0xffff; i++) {
        first = second;
        second = third;
        third = pm_timer_once();
    }
    return second;
}

static uint32_t read_pit(void)
{
    uint32_t ticks = timer_ticks();
    clock.pit_counts = clock_widen(clock.pit_counts, ticks, PIT_COUNTS_A_TICK, pit_late());
    return (uint32_t)clock.pit_counts;
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
    if (!clock.read)
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

/* Begins to go by a chip, if it counts. */
static bool go_by(const char *name, uint32_t (*read)(void), uint32_t hz, uint32_t mask)
{
    uint32_t first = read();
    int looks = 0;
    while (read() == first)
        if (++looks == LOOKS_MOST)
            return false;
    clock.reference = (struct clock_reference){.name = name, .mask = mask};
    if (!clock_scale_of(&clock.reference.scale, hz, 1000000))
        return false;
    clock.read = read;
    clock.runs = true;
    clock_count_begin(&clock.count, &clock.reference, clock.has_stamps, read_moment(), 0);
    return true;
}

static void tick(void)
{
    if (++clock.nticks % TICKS_COMPARED != 0 && clock.count.by_stamps)
        return;
    if (clock.count.by_stamps && clock.read != read_pit)
        clock_count_compare(&clock.count, read_moment());
    else
        (void)now();
}

/* The 8254 says nothing of the time but its interrupts, so as long as they are off it is watched.
 */
static bool go_by_pit(void)
{
    if (!go_by("the 8254", read_pit, PIT_HZ, UINT32_MAX))
        return false;
    for (int i = 0; i < SETTLE_LOOKS && clock.has_stamps && !clock.count.by_stamps; i++)
        (void)now();
    return true;
}

void clock_init(const struct acpi *acpi, bool has_stamps)
{
    clock.has_stamps = has_stamps;
    clock.pm_timer = acpi->pm_timer;
    if (clock.pm_timer.place == ACPI_MEMORY && !probe_memory(clock.pm_timer.address, 4))
        clock.pm_timer.place = ACPI_NOWHERE;
    uint32_t mask = acpi->pm_timer_wide ? UINT32_MAX : 0xffffff;
    bool pm_timer = clock.pm_timer.place != ACPI_NOWHERE &&
                    go_by("ACPI's PM timer", read_pm_timer, PM_TIMER_HZ, mask);
    if (!pm_timer)
        (void)go_by_pit();
    timer_on_tick(tick);
}

void clock_say(void)
{
    if (!clock.runs) {
        kprintf("clock: by the timer's ticks; no chip tells how fast time stamps go\n");
        return;
    }
    struct clock_scale scale = clock.count.scale, inverse;
    if (clock.count.by_stamps &&
        clock_scale_of(&inverse, scale.multiplier, (uint64_t)1 << scale.shift))
        kprintf("clock: time stamps, %u MHz by %s\n",
                (uint32_t)((clock_scaled(inverse, 1000) + 500) * 4294968 >> 32),
                clock.reference.name);
    else
        kprintf("clock: %s, %s\n", clock.reference.name,
                clock.has_stamps ? "until it has told how fast time stamps go"
                                 : "without time stamps");
}
