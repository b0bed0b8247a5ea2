/* The PC speaker: how something ended, for who sees no screen. */
#ifndef PLAT_DRIVERS_SPEAKER_H
#define PLAT_DRIVERS_SPEAKER_H

#include "lib/types.h"

/* Whether somebody wants to hear it; nobody does before. */
void speaker_ask(bool on);

/*
 * If so, one long high tone where it PASSED, 0.7 s of 1760 Hz; else three low ones, each lower than
 * the one before: 0.2 s of 440, 330 and 220 Hz. Waits for their end, awake, and longer only where
 * the timer does not count: pit_delay(). Interrupts may be off.
 */
void speaker_beep(bool passed);

#endif
