#include "drivers/usb/usb_keyboard.h"

enum {
    MODIFIERS = 0, /* the byte of a report that has a bit for each */
    FIRST_KEY = 2, /* behind it one that means nothing */
    USAGE_ROLL_OVER = 1,
    USAGE_FIRST = 4,
    USAGE_LEFT_CONTROL = 0xe0, /* and up to 0xe7 the other modifiers, in the order of their bits */
    EXTENDED = 0x80,           /* the code stands behind 0xe0 */
    PREFIX = 0xe0,
    RELEASED = 0x80,
    LIGHT_NUM = 1 << 0,
    LIGHT_CAPS = 1 << 1
};

#define E(code) ((code) | EXTENDED)

/* Codes of set 1 by usage, from USAGE_FIRST on; 0 where there is none. */
static const uint8_t codes[] = {
    /* a to z */
    0x1e, 0x30, 0x2e, 0x20, 0x12, 0x21, 0x22, 0x23, 0x17, 0x24, 0x25, 0x26, 0x32, 0x31, 0x18, 0x19,
    0x10, 0x13, 0x1f, 0x14, 0x16, 0x2f, 0x11, 0x2d, 0x15, 0x2c,
    /* 1 to 9, 0 */
    0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b,
    /* Enter, Escape, Backspace, Tab, Space, - = [ ] \ # ; ' ` , . / Caps Lock */
    0x1c, 0x01, 0x0e, 0x0f, 0x39, 0x0c, 0x0d, 0x1a, 0x1b, 0x2b, 0x2b, 0x27, 0x28, 0x29, 0x33, 0x34,
    0x35, 0x3a,
    /* F1 to F12 */
    0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x40, 0x41, 0x42, 0x43, 0x44, 0x57, 0x58,
    /* Print Screen and Pause, of several bytes, are left out: no key comes of them */
    0, 0x46, 0,
    /* Insert, Home, Page Up, Delete, End, Page Down, Right, Left, Down, Up */
    E(0x52), E(0x47), E(0x49), E(0x53), E(0x4f), E(0x51), E(0x4d), E(0x4b), E(0x50), E(0x48),
    /* Num Lock; on the keypad / * - + Enter, 1 to 9, 0 and . */
    0x45, E(0x35), 0x37, 0x4a, 0x4e, E(0x1c), 0x4f, 0x50, 0x51, 0x4b, 0x4c, 0x4d, 0x47, 0x48, 0x49,
    0x52, 0x53,
    /* the key more than the US have, and Menu */
    0x56, E(0x5d)};
_Static_assert(sizeof codes == 0x65 - USAGE_FIRST + 1, "a code a usage");

/* Control, Shift, Alt and the key with a logo, left, then right. */
static const uint8_t modifiers[8] = {0x1d, 0x2a, 0x38, E(0x5b), E(0x1d), 0x36, E(0x38), E(0x5c)};

static uint8_t code_of(uint8_t usage)
{
    if (usage >= USAGE_FIRST && (size_t)usage - USAGE_FIRST < sizeof codes)
        return codes[usage - USAGE_FIRST];
    return 0;
}

static void send(struct usb_keyboard *keyboard, uint8_t code, bool pressed, void (*press)(int key))
{
    if (!code)
        return;
    if (code & EXTENDED)
        (void)scancode_decode(&keyboard->decoder, PREFIX);
    uint8_t byte = code & (uint8_t)~EXTENDED;
    int key = scancode_decode(&keyboard->decoder, pressed ? byte : byte | RELEASED);
    if (key != KEY_NONE)
        press(key);
}

/* Where USAGE stands first in REPORT; USB_REPORT_BYTES where it does not. */
static size_t place_of(const uint8_t *report, uint8_t usage)
{
    size_t place = FIRST_KEY;
    while (place < USB_REPORT_BYTES && report[place] != usage)
        place++;
    return place;
}

static bool has(const uint8_t *report, uint8_t usage)
{
    return place_of(report, usage) < USB_REPORT_BYTES;
}

/* Those of FROM that TO has not. */
static void send_missing(struct usb_keyboard *keyboard, const uint8_t *from, const uint8_t *to,
                         bool pressed, void (*press)(int key))
{
    for (uint8_t bit = 0; bit < 8; bit++)
        if (from[MODIFIERS] & ~to[MODIFIERS] & 1 << bit)
            send(keyboard, modifiers[bit], pressed, press);
    for (size_t i = FIRST_KEY; i < USB_REPORT_BYTES; i++)
        if (place_of(from, from[i]) == i && !has(to, from[i]))
            send(keyboard, code_of(from[i]), pressed, press);
}

static void choose_repeated(struct usb_keyboard *keyboard, const uint8_t *now, uint32_t now_ms)
{
    for (size_t i = FIRST_KEY; i < USB_REPORT_BYTES; i++)
        if (code_of(now[i]) && !has(keyboard->held, now[i])) {
            keyboard->repeated = now[i];
            keyboard->repeat_at = now_ms + USB_REPEAT_FIRST_MS;
        }
    if (keyboard->repeated && !has(now, keyboard->repeated))
        keyboard->repeated = 0;
}

void usb_keyboard_report(struct usb_keyboard *keyboard, const uint8_t *report, size_t nbytes,
                         uint32_t now_ms, void (*press)(int key))
{
    uint8_t now[USB_REPORT_BYTES] = {0};
    for (size_t i = 0; i < nbytes && i < sizeof now; i++)
        now[i] = report[i];
    if (has(now, USAGE_ROLL_OVER))
        return;
    send_missing(keyboard, keyboard->held, now, false, press);
    send_missing(keyboard, now, keyboard->held, true, press);
    choose_repeated(keyboard, now, now_ms);
    for (size_t i = 0; i < sizeof now; i++)
        keyboard->held[i] = now[i];
}

void usb_keyboard_repeat(struct usb_keyboard *keyboard, uint32_t now_ms, void (*press)(int key))
{
    if (!keyboard->repeated || (int32_t)(now_ms - keyboard->repeat_at) < 0)
        return;
    keyboard->repeat_at = now_ms + USB_REPEAT_MS;
    send(keyboard, code_of(keyboard->repeated), true, press);
}

uint8_t usb_keyboard_lights(const struct usb_keyboard *keyboard)
{
    return (uint8_t)((keyboard->decoder.num ? LIGHT_NUM : 0) |
                     (keyboard->decoder.caps ? LIGHT_CAPS : 0));
}
