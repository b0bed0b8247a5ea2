/* Typing at a USB keyboard by its reports, and what comes of it. */
#ifndef PLAT_TESTS_USB_TYPING_H
#define PLAT_TESTS_USB_TYPING_H

#include "drivers/usb/usb_keyboard.h"

enum { A = 0x04, B = 0x05, C = 0x06, CAPS_LOCK = 0x39, NUM_LOCK = 0x53, RIGHT = 0x4f };
enum { LEFT_CONTROL = 1 << 0, LEFT_SHIFT = 1 << 1, RIGHT_CONTROL = 1 << 4, RIGHT_SHIFT = 1 << 5 };

static int pressed[32];
static size_t npressed;

static inline void press(int key)
{
    if (npressed < sizeof pressed / sizeof pressed[0])
        pressed[npressed] = key;
    npressed++;
}

/* The key that was pressed since the last call, if it was one. */
static inline int the_key(void)
{
    size_t count = npressed;
    npressed = 0;
    return count == 0 ? KEY_NONE : count == 1 ? pressed[0] : -100 - (int)count;
}

/* All that was pressed, as text. */
static inline const char *text(void)
{
    static char all[sizeof pressed / sizeof pressed[0] + 1];
    size_t count = npressed < sizeof all - 1 ? npressed : sizeof all - 1;
    for (size_t i = 0; i < count; i++)
        all[i] = pressed[i] >= 0 && pressed[i] < 128 ? (char)pressed[i] : '\x7f';
    all[count] = '\0';
    npressed = 0;
    return all;
}

static inline void report(struct usb_keyboard *keyboard, unsigned modifiers, unsigned a, unsigned b,
                          unsigned c, uint32_t now_ms)
{
    uint8_t bytes[USB_REPORT_BYTES] = {(uint8_t)modifiers, 0xff,       (uint8_t)a,
                                       (uint8_t)b,         (uint8_t)c, 0};
    usb_keyboard_report(keyboard, bytes, sizeof bytes, now_ms, press);
}

static inline void tap(struct usb_keyboard *keyboard, unsigned usage)
{
    report(keyboard, 0, usage, 0, 0, 0);
    report(keyboard, 0, 0, 0, 0, 0);
}

#endif
