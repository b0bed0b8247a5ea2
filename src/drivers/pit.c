#include "drivers/pit.h"

#include "cpu/cpu.h"
#include "cpu/io.h"
#include "cpu/panic.h"
#include "drivers/pic.h"
#include "drivers/tick_count.h"
#include "lib/print.h"

enum {
    CHANNEL_0 = 0x40,
    COMMAND = 0x43,
    RATE_GENERATOR = 0x34, /* channel 0, low byte then high byte, mode 2 */
    LATCH = 0x00,          /* channel 0: what is read next is the count of now */
    INPUT_HZ = 1193182,
    DIVISOR = (INPUT_HZ + (int)PIT_TICKS_A_SECOND / 2) / (int)PIT_TICKS_A_SECOND,
    IRQ_LINE = 0,
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
} pit;

static uint16_t count(void)
{
    uint32_t flags = cpu_save_flags(); /* the two reads belong together */
    io_write8(COMMAND, LATCH);
    uint16_t low = io_read8(CHANNEL_0);
    uint16_t high = io_read8(CHANNEL_0);
    cpu_restore_flags(flags);
    return (uint16_t)(low | high << 8);
}

static struct tick_reading take_reading(void)
{
    uint64_t before = cpu_tsc();
    uint16_t now = count();
    return (struct tick_reading){before, cpu_tsc(), now < DIVISOR ? (uint32_t)(DIVISOR - now) : 0};
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
    if (pit.has_stamps && !tick_count_in_time(&pit.count, cpu_tsc())) {
        struct tick_reading reading = read_moment();
        passed = tick_count_add(&pit.count, &reading);
    }
    pit.ticks = pit.ticks + passed;
    pit.interrupts = pit.interrupts + 1;
    for (int i = 0; i < HANDLERS_MOST && pit.on_tick[i]; i++)
        pit.on_tick[i]();
}

void pit_on_tick(void (*handler)(void))
{
    int i = 0;
    while (i < HANDLERS_MOST && pit.on_tick[i])
        i++;
    if (i == HANDLERS_MOST)
        panic("timer: more than %d handlers", HANDLERS_MOST);
    pit.on_tick[i] = handler;
}

void pit_init(void)
{
    pit.has_stamps = cpu_identify().tsc;
    tick_count_init(&pit.count, DIVISOR);
    io_write8(COMMAND, RATE_GENERATOR);
    io_write8(CHANNEL_0, DIVISOR & 0xff);
    io_write8(CHANNEL_0, DIVISOR >> 8);
    pic_start(IRQ_LINE, tick);
}

uint32_t pit_ticks(void)
{
    return pit.ticks;
}

uint32_t pit_interrupts(void)
{
    return pit.interrupts;
}

bool pit_works(void)
{
    struct pit_deadline deadline = pit_deadline_in(FIRST_MICROSECONDS);
    while (!pit.ticks && !pit_deadline_passed(&deadline))
        pit_wait();
    return pit.ticks != 0;
}

void pit_wait(void)
{
    static uint32_t in_vain;
    if (pit.ticks) {
        cpu_wait();
        return;
    }
    cpu_enable_interrupts();
    io_pause();
    if (++in_vain == WAITS_IN_VAIN)
        kprintf("%stimer: its interrupts do not come; keys are looked for, no program is started\n",
                print_at_line_start() ? "" : "\n");
}

struct pit_deadline pit_deadline_in(uint32_t nmicroseconds)
{
    return (struct pit_deadline){
        .counts_left = nmicroseconds + nmicroseconds / 5, /* 1.2, for 1.193182 */
        .looks_left = nmicroseconds,
        .looks_most = nmicroseconds,
        .last = count(),
    };
}

bool pit_deadline_passed(struct pit_deadline *deadline)
{
    uint16_t now = count();
    uint16_t passed = deadline->last > now ? (uint16_t)(deadline->last - now) : 0;
    if (now == deadline->last) {
        if (deadline->looks_left > 0)
            deadline->looks_left--;
    } else {
        deadline->looks_left = deadline->looks_most;
    }
    /* The count starts again from a number that the firmware may have chosen: that step is left
     * out. */
    deadline->last = now;
    deadline->counts_left -= passed < deadline->counts_left ? passed : deadline->counts_left;
    return deadline->counts_left == 0 || deadline->looks_left == 0;
}

void pit_delay(uint32_t nmicroseconds)
{
    struct pit_deadline deadline = pit_deadline_in(nmicroseconds);
    while (!pit_deadline_passed(&deadline))
        ;
}
