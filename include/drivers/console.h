/* Keys from the serial line and the keyboard, as one stream. */
#ifndef PLAT_DRIVERS_CONSOLE_H
#define PLAT_DRIVERS_CONSOLE_H

#include "drivers/keyboard.h"

/* Starts input from both. Returns whether there is a keyboard controller. */
bool console_start_input(void);

/* The next key; sleeps until there is one. Interrupts must be on. */
int console_read_key(void);

/* Takes the next byte of a terminal's input apart: arrows and the like are several bytes. */
struct terminal_decoder {
    int state;
    char parameter;
};
int terminal_decode(struct terminal_decoder *decoder, uint8_t byte);

#endif
