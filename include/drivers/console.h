/* Keys from the serial line and keyboards, as one stream. */
#ifndef PLAT_DRIVERS_CONSOLE_H
#define PLAT_DRIVERS_CONSOLE_H

#include "drivers/keyboard.h"

/* Starts input from both, and from USB's keyboards once usb_init() has been called. Returns whether
 * there is a keyboard controller. */
bool console_start_input(void);

/* Takes KEY as one that was pressed on a keyboard. Call with interrupts off. */
void console_press(int key);

/* Prints the line that says which consoles there are; and one where nobody can type. */
void console_say(bool has_keyboard);

/* The next key; sleeps until there is one. Interrupts must be on. */
int console_read_key(void);

/* The next key, or KEY_NONE where there is none yet. */
int console_poll_key(void);

/* The next key, or KEY_NONE where none comes within NTICKS of the timer. Sleeps meanwhile. */
int console_wait_key(uint32_t nticks);

/* Whether the last key that was read came over the serial line. */
bool console_last_was_serial(void);

/*
 * While ON, Ctrl-C is no key; and whether it was pressed since the last question. One that was
 * pressed before, and has not been read, counts as well, and stays a key.
 */
void console_catch_interrupt(bool on);
bool console_interrupted(void);

/*
 * IDLE is what to do instead of sleeping while there is no key: it is called with interrupts off,
 * may turn them on, and is called again and again. ARRIVED is called with interrupts off when a key
 * has come, also Ctrl-C.
 */
void console_set_hooks(void (*idle)(void), void (*arrived)(void));

/* A terminal's input, taken apart: what is no character is several bytes. */
struct terminal_decoder {
    int state;
    unsigned number;      /* of a control sequence: its first, bounded */
    unsigned nparameters; /* 0, 1, or 2 for more */
    bool odd;             /* it has other bytes, too */
    uint8_t left;         /* bytes to be skipped */
    uint8_t entered;      /* the byte before, where it was an Enter */
};

/*
 * The key that BYTE, the next one, makes: a character from 1 to 0xff, but neither '\r', escape nor
 * 0x7f, or one of enum key; KEY_NONE within a sequence, and where it means nothing.
 */
int terminal_decode(struct terminal_decoder *decoder, uint8_t byte);

/* Nothing has come behind the last byte: true where that was the escape key alone, which counts as
 * taken apart from now on. */
MUST_USE bool terminal_escape(struct terminal_decoder *decoder);

/* .. nor for so long that nothing will: what has not ended is dropped. */
void terminal_give_up(struct terminal_decoder *decoder);

#endif
