/* Scan codes of set 1, as a PC's keyboard controller delivers them, into keys (US layout). Pure. */
#ifndef PLAT_DRIVERS_SCANCODES_H
#define PLAT_DRIVERS_SCANCODES_H

#include "drivers/keyboard.h"

/* All zero: nothing is held down, and no lock is on. */
struct scancode_state {
    uint8_t prefix;  /* 0xe0 where that was the last byte */
    uint8_t to_skip; /* bytes of Pause that are still to come */
    uint8_t held;    /* shift, control and lock keys, a bit each */
    bool caps, num;  /* the locks */
};

/*
 * The key that BYTE completes, or KEY_NONE. A lock changes once each time its key is pressed,
 * however long that is held. The keypad's digits are digits while Num Lock is on, and else arrows,
 * Home, End and Delete; shift does not change that.
 */
int scancode_decode(struct scancode_state *state, uint8_t byte);

/* The lights that a keyboard is to show, as its command 0xed wants them. */
uint8_t scancode_lights(const struct scancode_state *state);

#endif
