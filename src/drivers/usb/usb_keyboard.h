/*
 * A USB keyboard's reports into keys, by way of the codes that a PS/2 keyboard sends: so that both
 * give the same keys (HID Usage Tables 1.12, section 10; HID 1.11, appendix B.1). Pure.
 */
#ifndef PLAT_DRIVERS_USB_USB_KEYBOARD_H
#define PLAT_DRIVERS_USB_USB_KEYBOARD_H

#include "drivers/scancodes.h"

enum { USB_REPORT_BYTES = 8, USB_REPEAT_FIRST_MS = 500, USB_REPEAT_MS = 33 };

/* All zero: nothing is held down, and no lock is on. */
struct usb_keyboard {
    struct scancode_state decoder;
    uint8_t held[USB_REPORT_BYTES]; /* the last report */
    uint8_t repeated;               /* the key that repeats; 0: none */
    uint32_t repeat_at;
};

/*
 * Hands PRESS the keys that the REPORT of NBYTES, at the time NOW_MS, has and the one before had
 * not. Bytes that are missing are 0. A report that says that too many keys are down changes
 * nothing.
 */
void usb_keyboard_report(struct usb_keyboard *keyboard, const uint8_t *report, size_t nbytes,
                         uint32_t now_ms, void (*press)(int key));

/* Hands PRESS the key that is held down once more where it is time: the keyboard does not repeat
 * by itself. At most one. */
void usb_keyboard_repeat(struct usb_keyboard *keyboard, uint32_t now_ms, void (*press)(int key));

/* The lights that the keyboard is to show, as its output report wants them. */
uint8_t usb_keyboard_lights(const struct usb_keyboard *keyboard);

#endif
