/* The PS/2 keyboard behind an i8042. Every wait is bounded: a PC without one boots on. */
#ifndef PLAT_DRIVERS_KEYBOARD_H
#define PLAT_DRIVERS_KEYBOARD_H

#include "lib/types.h"

/* A key is its character, or one of these. */
enum key {
    KEY_NONE = -1,
    KEY_UP = 256,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_HOME,
    KEY_END,
    KEY_DELETE
};

/*
 * Finds the controller and lets it interrupt on line 1; each key pressed is handed to PRESS in the
 * interrupt. Caps Lock and Num Lock are off at first, and their lights follow them. Returns whether
 * there is a controller that can be set up; without one the keyboard is left on. Call with
 * interrupts off. Costs half a second at most, where the controller does not answer.
 */
bool keyboard_init(void (*press)(int key));

/* Hands over what has been pressed; for a machine whose interrupt line does not come. */
void keyboard_poll(void);

/* Restarts the machine through the controller's reset line, if it has one. */
void keyboard_pulse_reset(void);

#endif
