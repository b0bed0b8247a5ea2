/*
 * For how long interrupts are off, in a debug build (make DEBUG=yes): the longest section since the
 * kernel began to watch, in ticks of the time stamp counter, and where it began. With QEMU's
 * -icount shift=0 a tick is an instruction. Any other build has nothing of this in it.
 */
#ifndef PLAT_CPU_INTERRUPTS_OFF_H
#define PLAT_CPU_INTERRUPTS_OFF_H

#include "lib/types.h"

#ifdef PLAT_DEBUG

/* Interrupts go off, at the caller's or at AT; they may be off already. And on; they may be on. */
void interrupts_off_begin(void);
void interrupts_off_begin_at(uintptr_t at);
void interrupts_off_end(void);

/* Watches from now on. Without a time stamp counter there is nothing to see. */
void interrupts_off_watch(void);

/* A line about the longest section. The next one is looked for from then on. */
void interrupts_off_say(void);

#else

static inline void interrupts_off_begin(void)
{
}
static inline void interrupts_off_begin_at(uintptr_t at)
{
    (void)at;
}
static inline void interrupts_off_end(void)
{
}
static inline void interrupts_off_watch(void)
{
}
static inline void interrupts_off_say(void)
{
}

#endif

#endif
