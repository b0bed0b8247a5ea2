/*
 * Theory. Until the time stamps are known, the reference itself is the clock: it is read and what
 * it has gone on by is added up. Meanwhile both are compared, for HALF and for as long again; if so
 * many time stamps were a microsecond both times, that is how fast they go. A counter that jumps or
 * stands still spoils one of the two. Nobody waits for it: whoever asks for the time looks.
 *
 * From then on time stamps are multiplied, and the reference is looked at once a second, to measure
 * better and to see whether the processor has changed its pace. One comparison alone proves
 * nothing, for either of them may have jumped.
 *
 * Each change begins at the moment and the microsecond of the last answer, so no step is seen.
 */
#include "drivers/clock_count.h"

enum {
    STAMPS_A_MICROSECOND_MOST = 1 << 17, /* 131 GHz */
    COMPARED_LEAST = 500000,             /* microseconds */
    COMPARED_MOST = 60000000,            /* .. so that products have room */
    NEAR_SHIFT = 6,                      /* a sixty-fourth */
    SAME_SHIFT = 9
};

bool clock_scale_of(struct clock_scale *scale, uint64_t counts, uint64_t microseconds)
{
    const uint64_t most = (uint64_t)1 << 62;
    int shift = 32;
    if (counts == 0 || microseconds == 0 || counts >= most || microseconds >= most)
        return false;
    for (; microseconds >= counts; shift--)
        counts <<= 1;
    for (; microseconds < counts - microseconds; shift++)
        microseconds <<= 1;
    if (shift < 1 || shift > 63)
        return false;
    uint32_t multiplier = 0;
    for (int i = 0; i < 32; i++) {
        bool bit = microseconds >= counts - microseconds;
        multiplier = multiplier << 1 | bit;
        microseconds = bit ? microseconds - (counts - microseconds) : microseconds << 1;
    }
    *scale = (struct clock_scale){multiplier, (uint8_t)shift};
    return true;
}

uint64_t clock_scaled(struct clock_scale scale, uint64_t counts)
{
    uint64_t low = (counts & UINT32_MAX) * scale.multiplier;
    uint64_t high = (counts >> 32) * scale.multiplier;
    return scale.shift > 32 ? (high + (low >> 32)) >> (scale.shift - 32)
                            : (high << (32 - scale.shift)) + (low >> scale.shift);
}

static void compare_from(struct clock_count *count, struct clock_reading reading)
{
    count->first = reading;
    count->half = 0;
    count->gap = count->gap_stamps = 0;
}

void clock_count_begin(struct clock_count *count, const struct clock_reference *reference,
                       bool has_stamps, struct clock_reading reading, uint64_t microseconds)
{
    *count = (struct clock_count){.reference = reference,
                                  .has_stamps = has_stamps,
                                  .base = microseconds,
                                  .last = reading,
                                  .told = microseconds};
    compare_from(count, reading);
}

void clock_count_go_by(struct clock_count *count, struct clock_scale scale, uint64_t stamp,
                       uint64_t microseconds)
{
    *count = (struct clock_count){.has_stamps = true,
                                  .by_stamps = true,
                                  .scale = scale,
                                  .base = microseconds,
                                  .base_stamp = stamp,
                                  .told = microseconds};
}

static uint64_t answer(struct clock_count *count, uint64_t microseconds)
{
    if (microseconds > count->told)
        count->told = microseconds;
    return count->told;
}

static uint64_t between(const struct clock_count *count, struct clock_reading from,
                        struct clock_reading to)
{
    return clock_scaled(count->reference->scale, (to.count - from.count) & count->reference->mask);
}

static void go_by(struct clock_count *count, struct clock_scale scale, struct clock_reading reading)
{
    count->scale = scale;
    count->base = count->told;
    count->base_stamp = reading.stamp;
    count->off = 0;
    compare_from(count, reading);
}

uint64_t clock_count_at(struct clock_count *count, uint64_t stamp)
{
    uint64_t now = count->base + clock_scaled(count->scale, stamp - count->base_stamp);
    if (now < count->told || stamp < count->base_stamp) {
        count->base = now = count->told;
        count->base_stamp = stamp;
    }
    return count->told = now;
}

/* Whether A1 / B1 and A2 / B2 differ by less than one part in 2^SHIFT; the As are below 2^26. */
static bool alike(uint64_t a1, uint64_t b1, uint64_t a2, uint64_t b2, unsigned shift)
{
    for (; (b1 | b2) >> 37; b1 >>= 1)
        b2 >>= 1;
    uint64_t one = a1 * b2, other = a2 * b1;
    return (one > other ? one - other : other - one) < one >> shift;
}

/* So many microseconds in so many time stamps: whether that can be. */
static bool possible(uint64_t microseconds, uint64_t stamps)
{
    return microseconds > 0 && microseconds < COMPARED_MOST && stamps >= microseconds &&
           stamps / 2 >> 16 < microseconds; /* STAMPS_A_MICROSECOND_MOST */
}

_Static_assert(STAMPS_A_MICROSECOND_MOST == 2 << 16, "possible() divides by it");

/* Whether a part of the comparison went otherwise without the longest time between two readings: if
 * a host stopped the machine then, the reference may have gone round. Its turns are all alike. */
static bool missed(struct clock_count *count, uint64_t microseconds, uint64_t stamps)
{
    uint64_t gap = count->gap, gap_stamps = count->gap_stamps;
    count->gap = count->gap_stamps = 0;
    return count->reference->watched &&
           (gap > microseconds ||
            !alike(microseconds, stamps, microseconds - gap, stamps - gap_stamps, 5));
}

/* The first comparison, of which the first half is over or not. */
static void settle(struct clock_count *count, struct clock_reading reading)
{
    uint64_t since = between(count, count->first, reading);
    uint64_t stamps = reading.stamp - count->first.stamp;
    if (!count->half && since >= count->reference->half) {
        count->half = since;
        count->half_stamp = reading.stamp;
        count->spoiled = since < COMPARED_MOST && missed(count, since, stamps);
        return;
    }
    bool back = since < count->half || count->half >= COMPARED_MOST;
    if (!count->half || (!back && since < count->half + count->reference->half))
        return;
    uint64_t before = count->half_stamp - count->first.stamp;
    struct clock_scale scale;
    if (!back && !count->spoiled && possible(since, stamps) && possible(count->half, before) &&
        alike(since, stamps, count->half, before, 5) &&
        !missed(count, since - count->half, stamps - before) &&
        clock_scale_of(&scale, stamps, since)) {
        count->by_stamps = true;
        go_by(count, scale, reading);
        return;
    }
    count->refused = ++count->nwrong >= count->reference->tries;
    compare_from(count, reading);
}

uint64_t clock_count_read(struct clock_count *count, struct clock_reading reading)
{
    uint32_t passed = (reading.count - count->last.count) & count->reference->mask;
    if (passed <= count->reference->mask / 2) /* else it went back */
        count->counts += passed;
    if (reading.stamp - count->last.stamp > count->gap_stamps) {
        count->gap_stamps = reading.stamp - count->last.stamp;
        count->gap = between(count, count->last, reading);
    }
    count->last = reading;
    uint64_t now =
        answer(count, count->base + clock_scaled(count->reference->scale, count->counts));
    if (count->has_stamps && !count->refused)
        settle(count, reading);
    return now;
}

void clock_count_compare(struct clock_count *count, struct clock_reading reading)
{
    uint64_t stamps = reading.stamp - count->first.stamp;
    uint64_t own = clock_scaled(count->scale, stamps);
    uint64_t since = between(count, count->first, reading);
    uint64_t round = clock_scaled(count->reference->scale, count->reference->mask);
    (void)clock_count_at(count, reading.stamp);
    if (own < COMPARED_LEAST && since < COMPARED_LEAST)
        return;
    struct clock_scale scale;
    /* Near the end of a round, nobody knows how many they were. */
    if (own >= round / 4 * 3 || since >= round / 4 * 3 || !possible(since, stamps) ||
        !clock_scale_of(&scale, stamps, since)) {
        compare_from(count, reading);
        return;
    }
    bool near = alike(since, 1, own, 1, NEAR_SHIFT);
    bool again = count->off && alike(since, stamps, count->off, count->off_stamps, SAME_SHIFT);
    if (near || again) {
        count->confirmed = true;
        go_by(count, scale, reading);
        return;
    }
    count->refused = !count->confirmed && ++count->nwrong >= count->reference->tries;
    count->off = since;
    count->off_stamps = stamps;
    compare_from(count, reading);
}

uint64_t clock_widen(uint64_t last, uint32_t nticks, uint32_t counts_a_tick, uint32_t late)
{
    uint64_t now = (uint64_t)nticks * counts_a_tick + late;
    if (now >= last)
        return now;
    uint64_t behind = last - now;
    if (behind > UINT32_MAX)
        return last;
    return now + (uint64_t)(((uint32_t)behind + counts_a_tick - 1) / counts_a_tick) * counts_a_tick;
}
