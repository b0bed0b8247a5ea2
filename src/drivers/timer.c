#include "drivers/timer.h"

#include "cpu/apic.h"
#include "cpu/cpu.h"
#include "cpu/io.h"
#include "cpu/panic.h"
#include "drivers/clock.h"
#include "drivers/clock_count.h"
#include "drivers/deadline.h"
#include "drivers/pic.h"
#include "drivers/pit.h"
#include "drivers/tick_count.h"
#include "lib/print.h"

enum {
    HANDLERS_MOST = 6,
    READINGS_MOST = 3,
    CLOSE_ENOUGH = 1 << 16, /* time stamps: three accesses to ports take fewer */
    PATIENCE_MICROSECONDS = 250000,
    WAITS_LEAST = 1000,        /* .. and so many moments with interrupts on */
    APIC_SHARES = 10000,       /* of a tick: how late an interrupt was */
    APIC_MICROSECONDS = 10000, /* for which it is measured */
    TICK_MICROSECONDS = 1000000 / (int)TIMER_TICKS_A_SECOND,
    APIC_COUNTS_LEAST = 1000,   /* in a tick: 1.6 MHz */
    APIC_COUNTS_MOST = 1 << 28, /* .. 430 GHz */
    FEW_BITS = 18               /* numbers that times APIC_SHARES fit into a word */
};

enum ticker { BY_PIT, BY_APIC, BY_NONE };

static struct {
    volatile uint32_t ticks;
    volatile uint32_t interrupts;
    bool has_stamps;
    enum ticker by;
    uint32_t apic_counts; /* in a tick */
    struct deadline patience;
    uint32_t waits; /* in vain, since PATIENCE began */
    struct tick_count count;
    void (*on_tick[HANDLERS_MOST])(void);
} timer;

/* How much of this tick is over. */
static uint32_t apic_late(void)
{
    uint32_t counts = timer.apic_counts, left = apic_timer_left();
    unsigned shift = 0;
    while (counts >> shift >> FEW_BITS)
        shift++;
    uint32_t late =
        left < counts ? ((counts - left) >> shift) * APIC_SHARES / (counts >> shift) : 0;
    return late < APIC_SHARES ? late : APIC_SHARES - 1;
}

static struct tick_reading take_reading(void)
{
    uint64_t before = cpu_tsc();
    uint32_t late = timer.by == BY_APIC ? apic_late() : pit_late();
    return (struct tick_reading){before, cpu_tsc(), late};
}

/* The closest of a few: a host, or the firmware, may stop the machine in the middle of one. */
static struct tick_reading read_moment(void)
{
    struct tick_reading best = take_reading();
    for (int i = 1; i < READINGS_MOST && best.after - best.before > CLOSE_ENOUGH; i++) {
        struct tick_reading next = take_reading();
        if (next.after - next.before < best.after - best.before)
            best = next;
    }
    return best;
}

static void tick(void)
{
    uint32_t passed = 1;
    if (timer.has_stamps && !tick_count_in_time(&timer.count, cpu_tsc())) {
        struct tick_reading reading = read_moment();
        passed = tick_count_add(&timer.count, &reading);
    }
    timer.ticks = timer.ticks + passed;
    timer.interrupts = timer.interrupts + 1;
    for (int i = 0; i < HANDLERS_MOST && timer.on_tick[i]; i++)
        timer.on_tick[i]();
}

/* One that comes all the same, once others tick, is none. */
static void pit_tick(void)
{
    if (timer.by == BY_PIT)
        tick();
}

void timer_on_tick(void (*handler)(void))
{
    int i = 0;
    while (i < HANDLERS_MOST && timer.on_tick[i])
        i++;
    if (i == HANDLERS_MOST)
        panic("timer: more than %d handlers", HANDLERS_MOST);
    timer.on_tick[i] = handler;
}

void timer_init(void)
{
    timer.has_stamps = cpu_identify().tsc;
    tick_count_init(&timer.count, PIT_COUNTS_A_TICK);
    pic_start(PIT_LINE, pit_tick);
}

uint32_t timer_ticks(void)
{
    return timer.ticks;
}

uint32_t timer_interrupts(void)
{
    return timer.interrupts;
}

/* Counts of the APIC's timer in a tick; 0 where it can't be used, or stands still. */
static uint32_t measure_apic(void)
{
    struct cpu_features cpu = cpu_identify();
    if (!clock_runs() || !apic_timer_begin(&cpu))
        return 0;
    uint32_t flags = cpu_save_flags();
    uint64_t start = clock_microseconds();
    uint32_t left = apic_timer_left();
    cpu_restore_flags(flags);
    deadline_wait(APIC_MICROSECONDS);
    flags = cpu_save_flags();
    uint64_t passed = clock_microseconds() - start;
    uint32_t counts = left - apic_timer_left();
    cpu_restore_flags(flags);
    struct clock_scale scale;
    if (!clock_scale_of(&scale, passed, counts))
        return 0;
    uint64_t a_tick = clock_scaled(scale, TICK_MICROSECONDS);
    return a_tick >= APIC_COUNTS_LEAST && a_tick < APIC_COUNTS_MOST ? (uint32_t)a_tick : 0;
}

/* No tick has come: whoever was to make them does not. */
static void try_next(void)
{
    const char *begin = print_at_line_start() ? "" : "\n";
    timer.waits = 0;
    timer.apic_counts = timer.by == BY_PIT ? measure_apic() : 0;
    if (!timer.apic_counts) {
        timer.by = BY_NONE;
        kprintf("%stimer: its interrupts do not come; keys are looked for, no program is started\n",
                begin);
        return;
    }
    uint32_t flags = cpu_save_flags();
    timer.by = BY_APIC;
    tick_count_init(&timer.count, APIC_SHARES);
    apic_timer_start(timer.apic_counts, tick);
    cpu_restore_flags(flags);
    kprintf("%stimer: the 8254's interrupts do not come; the local APIC's timer ticks\n", begin);
}

void timer_wait(void)
{
    if (timer.ticks) {
        if (!clock_tend())
            cpu_wait();
        return;
    }
    cpu_enable_interrupts();
    io_pause();
    if (timer.by == BY_NONE)
        return;
    if (timer.waits == 0)
        timer.patience = deadline_in(PATIENCE_MICROSECONDS);
    if (++timer.waits >= WAITS_LEAST && deadline_passed(&timer.patience) && !timer.ticks)
        try_next();
}

bool timer_works(void)
{
    while (!timer.ticks && timer.by != BY_NONE)
        timer_wait();
    return timer.ticks != 0;
}

const char *timer_name(void)
{
    static const char *const names[] = {
        [BY_PIT] = "the 8254", [BY_APIC] = "the local APIC's timer", [BY_NONE] = "nothing"};
    return names[timer.by];
}
