/*
 * Theory. Interrupts come late, but the timer's own count says how late: so each reading tells at
 * which time stamp the last tick began. Between two such beginnings lies a whole number of ticks,
 * once the length of a tick is known in time stamps. That number is the answer. Errors do not add
 * up, because it is always counted from the beginning of a tick.
 *
 * The length is the shortest of those between the readings of two interrupts in a row, of 16 such
 * pairs. Only those whose second reading was no later in its tick than the first are measured:
 * between these there is at least one beginning. More ticks between, and a processor that stood
 * still between two instructions, make a length longer, never shorter.
 *
 * A counter need not be what it should be: it may stop while the processor sleeps, or change its
 * pace. Then beginnings do not lie whole ticks apart. Such a reading is answered with one tick, and
 * counted from where it was before: the next good one makes up for it. After some of them in a row
 * the length is measured anew, each time after twice as long a wait.
 *
 * Taking a reading takes three accesses to ports, some 3 us, and Bochs 2.7 holds the next
 * interrupts back for up to 200 ms after one in a hundred. So an interrupt that comes when a tick
 * is due, by the time stamps since the last beginning, is that tick: a lost one would have made it
 * late. After any other one the next is read as well, for a pair.
 *
 * An interrupt that comes for a tick that was counted already is answered with none. AHEAD is how
 * many ticks have been answered before their interrupts: no more of these can come, and a counter
 * that stands still is found out so.
 */
#include "drivers/tick_count.h"

enum {
    UNIT_SHIFT = 6,
    LENGTHS = 16,          /* measured for one that is believed */
    LENGTH_LEAST = 2048,   /* at 100 ticks a second a counter of 13 MHz; none is as slow */
    LENGTH_MOST = 1 << 22, /* .. of 26 GHz */
    WRONG_MOST = 4,
    DISTRUST_MOST = 1 << 20
};

void tick_count_init(struct tick_count *count, uint32_t counts_a_tick)
{
    *count = (struct tick_count){
        .counts_a_tick = counts_a_tick, .shortest = UINT32_MAX, .nwanted = LENGTHS};
}

static void set_length(struct tick_count *count, uint32_t length)
{
    count->length = length >= LENGTH_LEAST && length < LENGTH_MOST ? length : 0;
    count->shortest = UINT32_MAX;
    count->nmeasured = 0;
    count->nwanted = LENGTHS;
}

/* Ends a measurement. What is known stays, where it is confirmed: ticks are being counted by it. */
static void believe(struct tick_count *count)
{
    uint32_t is = count->length,
             off = count->shortest > is ? count->shortest - is : is - count->shortest;
    set_length(count, off <= is / 64 ? is : count->shortest);
}

/* Measures a tick's length from the last reading to this one, if that can be done. */
static void measure(struct tick_count *count, const struct tick_reading *reading)
{
    const struct tick_reading *last = &count->last;
    uint64_t passed = (reading->after - last->before) >> UNIT_SHIFT;
    if (!count->begun || reading->late > last->late || passed >= 2 * LENGTH_MOST)
        return;
    if (reading->late == last->late && passed < count->length / 2 + LENGTH_LEAST / 2)
        return; /* of one tick, whose interrupt came twice */
    uint32_t counts =
        count->counts_a_tick - (last->late - reading->late); /* of one tick at least */
    if (counts < count->counts_a_tick / 4 * 3)
        return;
    uint32_t most = (uint32_t)passed + 1;
    int shift = __builtin_clz(most); /* for as many digits as there is room for */
    uint32_t rate = (most << shift) / counts + 1;
    uint32_t length = (uint32_t)((uint64_t)rate * count->counts_a_tick >> shift);
    if (length < count->shortest)
        count->shortest = length;
    if (++count->nmeasured >= count->nwanted)
        believe(count);
}

/* When the tick began in which READING was taken. */
static uint32_t beginning(const struct tick_count *count, const struct tick_reading *reading)
{
    uint32_t share = (reading->late << 16) / count->counts_a_tick; /* of the tick, in 65536ths */
    uint32_t since = (uint32_t)((uint64_t)count->length * share >> 16);
    return (uint32_t)(reading->after >> UNIT_SHIFT) - since;
}

/* Forgets the length. */
static void distrust(struct tick_count *count)
{
    count->distrust += count->distrust < DISTRUST_MOST ? count->distrust + 1 : 0;
    set_length(count, 0);
    count->nwanted = LENGTHS * count->distrust;
}

static uint32_t answer_one(struct tick_count *count)
{
    count->given++;
    if (++count->nwrong >= WRONG_MOST)
        distrust(count);
    return 1;
}

static void count_from(struct tick_count *count, uint32_t start)
{
    count->start = start;
    count->given = 0;
}

static uint32_t answer(struct tick_count *count, uint32_t nticks)
{
    count->given += nticks;
    count->ahead += nticks - 1;
    if (count->ahead > TICK_COUNT_MOST)
        count->ahead = TICK_COUNT_MOST;
    return nticks;
}

static uint32_t count_ticks(struct tick_count *count, uint32_t start)
{
    uint32_t length = count->length, half = length / 2;
    int32_t passed = (int32_t)(start - count->start + half);
    if (passed < 0)
        return answer_one(count);
    uint32_t nticks = (uint32_t)passed / length, place = (uint32_t)passed % length;
    if (nticks > count->given + TICK_COUNT_MOST) {
        if (++count->nwrong >= WRONG_MOST)
            distrust(count);
        uint32_t most = answer(count, TICK_COUNT_MOST);
        count_from(count, start);
        return most;
    }
    uint32_t off = place > half ? place - half : half - place; /* from a whole number */
    bool more = nticks > count->given;
    if (off > length / 8 || (!more && count->ahead == 0))
        return answer_one(count);
    count->nwrong = 0;
    if (!more) {
        count->ahead--;
        return 0;
    }
    uint32_t answered = answer(count, nticks - count->given);
    if (off <= length / 16) /* else the next reading might be off from this one */
        count_from(count, start);
    return answered;
}

bool tick_count_in_time(struct tick_count *count, uint64_t stamp)
{
    uint32_t due = count->start + (count->given + 1) * count->length;
    uint32_t most = count->length / 32, early = due + most - (uint32_t)(stamp >> UNIT_SHIFT);
    if (!count->length || count->begun || count->given >= TICK_COUNT_UNREAD || early > 2 * most)
        return false;
    count->given++;
    return true;
}

static uint32_t add(struct tick_count *count, const struct tick_reading *reading)
{
    uint32_t was = count->length;
    measure(count, reading);
    count->last = *reading;
    if (!count->length)
        return 1;
    uint32_t start = beginning(count, reading);
    if (count->length == was)
        return count_ticks(count, start);
    count_from(count, start);
    return 1;
}

uint32_t tick_count_add(struct tick_count *count, const struct tick_reading *reading)
{
    bool second = count->begun;
    uint32_t nticks = add(count, reading);
    bool in_order = count->length && nticks == 1 && count->nwrong == 0;
    count->begun = !second || !in_order; /* a pair, for a measurement, and more while in doubt */
    return nticks;
}
