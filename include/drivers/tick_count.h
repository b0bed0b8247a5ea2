/*
 * How many ticks of the timer have passed when one of its interrupts comes. Where interrupts were
 * off for longer than a tick, the ones between are lost; a counter that goes on meanwhile, the
 * processor's time stamps, tells of them. Pure.
 */
#ifndef PLAT_DRIVERS_TICK_COUNT_H
#define PLAT_DRIVERS_TICK_COUNT_H

#include "lib/types.h"

enum {
    TICK_COUNT_MOST = 100,  /* what one call answers at most, a second */
    TICK_COUNT_UNREAD = 255 /* ticks from one pair of readings to the next */
};

/* One moment by both clocks. */
struct tick_reading {
    uint64_t before, after; /* time stamps around the moment at which the timer's count was taken */
    uint32_t late;          /* counts of the timer since its last tick began; less than a tick's */
};

struct tick_count {
    uint32_t counts_a_tick;
    bool begun; /* LAST is the last interrupt's; the next one's is wanted */
    struct tick_reading last;
    uint32_t length;   /* of a tick, in units of 64 time stamps; 0: not known, or not trusted */
    uint32_t shortest; /* of those measured since it was set */
    uint32_t nmeasured, nwanted;
    uint32_t start; /* when the tick began that all is counted from, in the same units */
    uint32_t given; /* ticks that have been answered since */
    uint32_t ahead; /* ticks answered before their interrupts: those may still come */
    uint32_t nwrong, distrust;
};

/* COUNTS_A_TICK is from 1024 to 65535. */
void tick_count_init(struct tick_count *count, uint32_t counts_a_tick);

/*
 * Whether the interrupt that comes at STAMP is the next tick's, as far as time stamps tell. Then it
 * has been counted as one, and no reading is needed. After TICK_COUNT_UNREAD that were, one is not.
 */
bool tick_count_in_time(struct tick_count *count, uint64_t stamp);

/*
 * How many ticks have passed since the last call, READING being the moment of the interrupt: one,
 * more where interrupts were lost, or none where it was counted already. Until the counter has been
 * measured, about 30 times, the answer is one. Whatever the readings are, the sum is never less
 * than the number of calls, and a call adds TICK_COUNT_MOST at most.
 */
uint32_t tick_count_add(struct tick_count *count, const struct tick_reading *reading);

#endif
