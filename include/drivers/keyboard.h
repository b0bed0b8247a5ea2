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
 * interrupt. Returns whether there is a controller.
 */
bool keyboard_init(void (*press)(int key));

/* Hands over what has been pressed; for a machine whose interrupt line does not come. */
void keyboard_poll(void);

/* Restarts the machine through the controller's reset line, if it has one. */
void keyboard_pulse_reset(void);

#endif
