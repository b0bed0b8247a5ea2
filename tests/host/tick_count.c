/*
 * Ticks against a machine of which everything is known: a timer, interrupts that are off for a
 * while, a host that stops it between two instructions, and time stamps good and bad. Its time is a
 * real number of ticks; the oracle is that number, cut to a whole one.
 */
#include "drivers/tick_count.h"

#include "case.h"

enum { COUNTS = 11932, SETTLED = 100 };

static uint64_t seed;

static uint32_t below(uint32_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 16) % limit;
}

static double share(void)
{
    return below(1000000) / 1e6;
}

static struct {
    struct tick_count count;
    double now;    /* in ticks */
    double stamps; /* the counter */
    double a_tick; /* stamps in a tick */
    double noise;  /* how often the host stops between two instructions */
    uint64_t told; /* ticks that were answered */
    uint64_t ninterrupts, nreadings, nlost;
    uint64_t edges; /* that the interrupt controller has seen */
    uint64_t backlog;
    bool keeps_all; /* as some emulators do: each interrupt comes, late */
} machine;

static void pass(double ticks)
{
    machine.now += ticks;
    machine.stamps += ticks * machine.a_tick;
}

static void begin(double a_tick)
{
    seed = 88172645463325252u;
    __builtin_memset(&machine, 0, sizeof machine);
    machine.a_tick = a_tick;
    machine.stamps = 12345;
    tick_count_init(&machine.count, COUNTS);
}

/* What the interrupt's handler does. */
static uint32_t interrupt(void)
{
    struct tick_reading reading;
    machine.ninterrupts++;
    pass(0.0003 * share());
    if (tick_count_in_time(&machine.count, (uint64_t)machine.stamps)) {
        machine.told++;
        return 1;
    }
    machine.nreadings++;
    reading.before = (uint64_t)machine.stamps;
    pass(share() < machine.noise ? 0.4 * share() : 0.0002 * share());
    reading.late = (uint32_t)((machine.now - (double)(uint64_t)machine.now) * COUNTS);
    pass(share() < machine.noise ? 0.4 * share() : 0.0002 * share());
    reading.after = (uint64_t)machine.stamps;
    uint32_t answer = tick_count_add(&machine.count, &reading);
    machine.told += answer;
    return answer;
}

/* Goes on until interrupts are on and one has come; they are OFF for so many ticks first. */
static uint32_t tick(double off)
{
    pass(off);
    uint64_t edge = (uint64_t)machine.now;
    if (edge <= machine.edges && machine.backlog == 0) {
        pass((double)(machine.edges + 1) - machine.now + 0.0001);
        edge = machine.edges + 1;
    }
    machine.backlog += edge - machine.edges;
    machine.edges = edge;
    if (!machine.keeps_all) {
        machine.nlost += machine.backlog - 1;
        machine.backlog = 1;
    }
    machine.backlog--;
    return interrupt();
}

static void settle(void)
{
    for (int i = 0; i < SETTLED; i++)
        (void)tick(0);
}

/* How far the answers are ahead of the ticks since SETTLED ones; below 0: behind. */
static int64_t ahead(void)
{
    return (int64_t)(machine.told - (uint64_t)machine.now);
}

static const double paces[] = {250e3, 600e3, 1e6, 9.99e6, 24e6, 50e6, 66e6};

CASE(tick_count, k5_without_losses_each_interrupt_is_one_tick)
{
    for (size_t i = 0; i < sizeof paces / sizeof paces[0]; i++) {
        begin(paces[i]);
        for (int j = 0; j < 5000; j++)
            CHECK_EQUAL(tick(share() < 0.1 ? 0.9 * share() : 0), 1);
        CHECK_EQUAL(ahead(), 0);
    }
}

CASE(tick_count, k5_readings_are_taken_when_in_doubt)
{
    for (size_t i = 0; i < sizeof paces / sizeof paces[0]; i++) {
        begin(paces[i]);
        settle();
        machine.nreadings = 0;
        for (int j = 0; j < 64 * (TICK_COUNT_UNREAD + 1); j++)
            CHECK_EQUAL(tick(0), 1);
        CHECK(machine.nreadings >= 64);
        CHECK(machine.nreadings <= 300);
        (void)tick(0.5);
        CHECK_EQUAL(ahead(), 0);
    }
}

CASE(tick_count, k5_lost_ticks_are_made_up_to_the_last)
{
    for (size_t i = 0; i < sizeof paces / sizeof paces[0]; i++) {
        begin(paces[i]);
        settle();
        CHECK_EQUAL(ahead(), 0);
        for (int j = 0; j < 5000; j++) {
            (void)tick(share() < 0.2 ? (j % 10 ? 5 : 60) * share() : 0);
            CHECK_EQUAL(ahead(), 0);
        }
        CHECK(machine.nlost > 1000);
    }
}

/* A host that stops the machine in the middle of a reading. Never ahead, and soon right again. */
CASE(tick_count, k5_on_a_host_that_is_loaded)
{
    for (int keeps_all = 0; keeps_all < 2; keeps_all++)
        for (size_t i = 0; i < sizeof paces / sizeof paces[0]; i++) {
            begin(paces[i]);
            machine.keeps_all = keeps_all;
            settle();
            machine.noise = 0.03;
            int64_t least = 0;
            for (int j = 0; j < 5000; j++) {
                (void)tick(share() < (keeps_all ? 0.03 : 0.1) ? 20 * share() : 0);
                CHECK(ahead() <= (keeps_all ? 5 : 0));
                least = ahead() < least ? ahead() : least;
            }
            machine.noise = 0;
            for (int j = 0; j < 200; j++)
                (void)tick(0);
            CHECK(least >= -25);
            CHECK_EQUAL(ahead(), 0);
        }
}

/* For each counter that is none: at least a tick each interrupt, and not far ahead. */
static int64_t drift(void (*disturb)(int step), int nsteps, uint32_t *most)
{
    begin(10e6);
    settle();
    *most = tick(50); /* of which 49 are ahead of their interrupts, which will not come */
    for (int i = 0; i < nsteps; i++) {
        disturb(i);
        uint32_t answer = tick(share() < 0.1 ? 0.8 * share() : 0);
        *most = answer > *most ? answer : *most;
        if (machine.told < machine.ninterrupts)
            return INT64_MIN;
    }
    return ahead();
}

static void stands_still(int step)
{
    machine.a_tick = step < 500 ? 0 : 10e6;
}

static void doubles(int step)
{
    machine.a_tick = step < 1000 ? 20e6 : 10e6;
}

static void jumps(int step)
{
    if (step % 10 == 0)
        machine.stamps += step % 20 ? 1e12 : 30e6;
}

static void starts_again(int step)
{
    if (step == 50)
        machine.stamps = 0;
}

static void sleeps_with_the_processor(int step)
{
    (void)step;
    machine.a_tick = share() < 0.5 ? 2e5 : 10e6 * share();
}

static void is_random(int step)
{
    (void)step;
    machine.a_tick = 2e6 + 30e6 * share();
}

CASE(tick_count, k5_a_counter_that_is_not_one_does_little_harm)
{
    static const struct {
        void (*disturb)(int step);
        int64_t most;
    } counters[] = {{stands_still, 0},
                    {doubles, 40},
                    {jumps, 900},
                    {starts_again, 100},
                    {sleeps_with_the_processor, 300},
                    {is_random, 300}};
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        uint32_t most;
        int64_t far = drift(counters[i].disturb, 20000, &most);
        if (far < -49 || far > counters[i].most || most > TICK_COUNT_MOST)
            case_fail(run_, __FILE__, __LINE__, "counter %u: %d ticks ahead, %u at once",
                      (unsigned)i, (int)far, most);
    }
}

/* Interrupts off for longer than is made up for: a second is, and it goes on from there. */
CASE(tick_count, k5_at_most_a_second_at_once)
{
    begin(10e6);
    settle();
    CHECK_EQUAL(tick(500), TICK_COUNT_MOST);
    for (int i = 0; i < 1000; i++)
        CHECK_EQUAL(tick(0), 1);
    CHECK(tick(50) >= 50);
}

/* Readings that can't be measured, of a counter that stands still, after ticks that were ahead. */
CASE(tick_count, k5_the_sum_is_never_less_than_the_interrupts)
{
    begin(10e6);
    settle();
    (void)tick(50);
    struct tick_reading reading = machine.count.last;
    uint32_t told = 50;
    for (uint32_t i = 1; i <= 1000; i++) {
        reading.late = i;
        told += tick_count_add(&machine.count, &reading);
        CHECK(told >= 1 + i);
    }
    CHECK(told < 1000 + 50 + TICK_COUNT_MOST);
}
