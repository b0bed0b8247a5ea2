/*
 * What time it is, by two counters: one of which it is known how fast it goes (the reference, a
 * chip's), and the processor's time stamps, which are quick to read and of which it is not. Pure.
 */
#ifndef PLAT_DRIVERS_CLOCK_COUNT_H
#define PLAT_DRIVERS_CLOCK_COUNT_H

#include "lib/types.h"

/* N counts are N * MULTIPLIER / 2^SHIFT microseconds. */
struct clock_scale {
    uint32_t multiplier;
    uint8_t shift;
};

/*
 * The scale by which COUNTS are MICROSECONDS, to 31 bits; false, and *SCALE as it was, where one of
 * them is 0 or from 2^62 on, or the scale is outside of 2^-31 to 2^31. Some 1,000 instructions.
 */
MUST_USE bool clock_scale_of(struct clock_scale *scale, uint64_t counts, uint64_t microseconds);

/* That many counts in microseconds, rounded down; what is wanted is below 2^64. */
uint64_t clock_scaled(struct clock_scale scale, uint64_t counts);

/* A counter that goes up and begins again behind MASK, which is 2^n - 1. */
struct clock_reference {
    const char *name;
    uint32_t mask;
    struct clock_scale scale;
    uint32_t half; /* microseconds that the first comparison takes twice */
    unsigned tries;
    bool watched; /* goes round so soon that a machine that is stopped for a while misses it */
};

/* One moment by both; STAMP is 0 without time stamps. */
struct clock_reading {
    uint64_t stamp;
    uint32_t count;
};

struct clock_count {
    const struct clock_reference *reference;
    bool has_stamps;
    bool by_stamps; /* they are trusted; else the reference's counts are added up */
    bool confirmed; /* .. by a longer comparison */
    bool refused;   /* both were compared, and do not go together */
    struct clock_scale scale;
    uint64_t base, base_stamp;        /* microseconds and time stamp that all is counted from */
    uint64_t counts;                  /* of the reference's, since then */
    struct clock_reading last, first; /* the last reading; the one that a comparison began with */
    uint64_t half, half_stamp;        /* of the first comparison: microseconds since FIRST */
    uint64_t gap, gap_stamps;         /* .. and the longest time between two readings */
    bool spoiled;                     /* the first half */
    unsigned nwrong;
    uint64_t off, off_stamps; /* the last comparison, if it was off: microseconds in so many */
    uint64_t told;            /* the last answer */
};

/* Begins at READING, which is MICROSECONDS. REFERENCE is kept. */
void clock_count_begin(struct clock_count *count, const struct clock_reference *reference,
                       bool has_stamps, struct clock_reading reading, uint64_t microseconds);

/* Goes by time stamps from STAMP on, which is MICROSECONDS, of a known pace and without a
 * reference: it can't be compared. */
void clock_count_go_by(struct clock_count *count, struct clock_scale scale, uint64_t stamp,
                       uint64_t microseconds);

/*
 * The time at READING, as long as not BY_STAMPS. It has to be asked for before the reference has
 * gone half round. After two times HALF in which both counters went alike, it goes by time stamps;
 * after TRIES comparisons that went wrong REFUSED is set. Never less than the last answer.
 */
uint64_t clock_count_read(struct clock_count *count, struct clock_reading reading);

/*
 * The time at STAMP, BY_STAMPS. Never less than the last answer: where the time stamps are set
 * back, it goes on from there. Some 50 instructions.
 */
uint64_t clock_count_at(struct clock_count *count, uint64_t stamp);

/*
 * Compares again, BY_STAMPS: call every second or two. A longer comparison is a better one, so what
 * differs by less than a sixty-fourth is put right at once; what differs by more, because the
 * processor has changed its pace, when it has been seen twice. The clock goes on without a step.
 * Where no comparison has come out yet and TRIES have gone wrong, REFUSED is set.
 */
void clock_count_compare(struct clock_count *count, struct clock_reading reading);

/*
 * A counter that begins again with each tick, as one that does not: its value LATE counts after the
 * last beginning that is known of, NTICKS ticks of COUNTS_A_TICK since the start. At least LAST,
 * the last such value: a tick that has begun and not been told of yet is counted.
 */
uint64_t clock_widen(uint64_t last, uint32_t nticks, uint32_t counts_a_tick, uint32_t late);

#endif
