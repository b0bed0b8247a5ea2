#include "drivers/timer.h"

#include "cpu/cpu.h"
#include "cpu/io.h"
#include "cpu/panic.h"
#include "drivers/deadline.h"
#include "drivers/pic.h"
#include "drivers/pit.h"
#include "drivers/tick_count.h"
#include "lib/print.h"

enum {
    HANDLERS_MOST = 6,
    READINGS_MOST = 3,
    CLOSE_ENOUGH = 1 << 16,  /* time stamps: three accesses to ports take fewer */
    WAITS_IN_VAIN = 1000000, /* of about 1 us */
    FIRST_MICROSECONDS = 100000
};

static struct {
    volatile uint32_t ticks;
    volatile uint32_t interrupts;
    bool has_stamps;
    struct tick_count count;
    void (*on_tick[HANDLERS_MOST])(void);
} timer;

static struct tick_reading take_reading(void)
{
    uint64_t before = cpu_tsc();
    uint32_t late = pit_late();
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
    pic_start(PIT_LINE, tick);
}

uint32_t timer_ticks(void)
{
    return timer.ticks;
}

uint32_t timer_interrupts(void)
{
    return timer.interrupts;
}

bool timer_works(void)
{
    struct deadline deadline = deadline_in(FIRST_MICROSECONDS);
    while (!timer.ticks && !deadline_passed(&deadline))
        timer_wait();
    return timer.ticks != 0;
}

void timer_wait(void)
{
    static uint32_t in_vain;
    if (timer.ticks) {
        cpu_wait();
        return;
    }
    cpu_enable_interrupts();
    io_pause();
    if (++in_vain == WAITS_IN_VAIN)
        kprintf("%stimer: its interrupts do not come; keys are looked for, no program is started\n",
                print_at_line_start() ? "" : "\n");
}
