/* Scan codes of set 1, as a PC's keyboard controller delivers them, into keys (US layout). */
#ifndef PLAT_DRIVERS_SCANCODES_H
#define PLAT_DRIVERS_SCANCODES_H

#include "drivers/keyboard.h"

struct scancode_state {
    bool extended; /* the byte before was 0xe0 */
    bool shift, control, caps;
};

/* The key that BYTE completes, or KEY_NONE. */
int scancode_decode(struct scancode_state *state, uint8_t byte);

#endif
