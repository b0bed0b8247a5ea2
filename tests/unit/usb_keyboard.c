/*
 * A USB keyboard's reports, against what the same keys give on a PS/2 keyboard. Which key is which
 * is written down here the other way round: by the place in IBM's table of scan codes (set 1), the
 * usage of HID Usage Tables 1.12, section 10.
 */
#include "case.h"
#include "lib/string.h"
#include "usb_typing.h"

#define EXT 0x100
enum { SHIFT = 1, CAPS = 2, NUM = 4, CONTROL = 8, STATES = 16 };

/* clang-format off */
static const uint8_t usages[] = { /* of the scan codes from 0x01 on; 0: no key */
    0x29, 0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x2d, 0x2e, 0x2a,
    0x2b, 0x14, 0x1a, 0x08, 0x15, 0x17, 0x1c, 0x18, 0x0c, 0x12, 0x13, 0x2f, 0x30, 0x28,
    0xe0, 0x04, 0x16, 0x07, 0x09, 0x0a, 0x0b, 0x0d, 0x0e, 0x0f, 0x33, 0x34, 0x35,
    0xe1, 0x31, 0x1d, 0x1b, 0x06, 0x19, 0x05, 0x11, 0x10, 0x36, 0x37, 0x38, 0xe5, 0x55,
    0xe2, 0x2c, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x40, 0x41, 0x42, 0x43, 0x53, 0x47,
    0x5f, 0x60, 0x61, 0x56, 0x5c, 0x5d, 0x5e, 0x57, 0x59, 0x5a, 0x5b, 0x62, 0x63,
    0, 0, 0x64, 0x44, 0x45};
static const struct { uint8_t code, usage; } extended[] = {
    {0x1c, 0x58}, {0x35, 0x54}, {0x47, 0x4a}, {0x48, 0x52}, {0x49, 0x4b}, {0x4b, 0x50},
    {0x4d, 0x4f}, {0x4f, 0x4d}, {0x50, 0x51}, {0x51, 0x4e}, {0x52, 0x49}, {0x53, 0x4c},
    {0x5d, 0x65}};
/* clang-format on */

/* A keyboard whose locks are as WANTED, and the bits of what is to be held down. */
static struct usb_keyboard in_state(int wanted, unsigned *modifiers)
{
    struct usb_keyboard keyboard = {.repeated = 0};
    if (wanted & CAPS)
        tap(&keyboard, CAPS_LOCK);
    if (wanted & NUM)
        tap(&keyboard, NUM_LOCK);
    *modifiers = (wanted & SHIFT ? RIGHT_SHIFT : 0u) | (wanted & CONTROL ? LEFT_CONTROL : 0u);
    return keyboard;
}

static int ps2_send(struct scancode_state *state, int code)
{
    if (code & EXT)
        (void)scancode_decode(state, 0xe0);
    return scancode_decode(state, (uint8_t)code);
}

static int ps2_code(unsigned usage)
{
    for (size_t i = 0; i < sizeof usages; i++)
        if (usages[i] == usage && usage != 0 && usage < 0xe0)
            return (int)i + 1;
    for (size_t i = 0; i < sizeof extended / sizeof extended[0]; i++)
        if (extended[i].usage == usage)
            return EXT | extended[i].code;
    return usage == 0x32 ? 0x2b : 0; /* beside Enter on some keyboards: the same key */
}

static int ps2_key(unsigned usage, int wanted)
{
    struct scancode_state state = {0};
    static const struct {
        int when, code;
        bool let_go;
    } before[] = {{CAPS, 0x3a, true}, {NUM, 0x45, true}, {SHIFT, 0x36, false}, {CONTROL, 0x1d, 0}};
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++)
        if (wanted & before[i].when) {
            (void)ps2_send(&state, before[i].code);
            if (before[i].let_go)
                (void)ps2_send(&state, before[i].code | 0x80);
        }
    int code = ps2_code(usage);
    return code ? ps2_send(&state, code) : KEY_NONE;
}

CASE(usb_keyboard, each_usage_in_each_state_is_the_key_of_a_ps2_keyboard)
{
    for (int wanted = 0; wanted < STATES; wanted++)
        for (unsigned usage = 2; usage < 256; usage++) {
            unsigned modifiers;
            struct usb_keyboard keyboard = in_state(wanted, &modifiers);
            report(&keyboard, modifiers, 0, 0, 0, 0);
            npressed = 0;
            report(&keyboard, modifiers, usage, 0, 0, 0);
            int key = the_key();
            if (key != ps2_key(usage, wanted))
                case_fail(run_, __FILE__, __LINE__, "usage %02x in state %x is %d, wanted %d",
                          usage, (unsigned)wanted, key, ps2_key(usage, wanted));
            report(&keyboard, modifiers, usage, 0, 0, 0);
            report(&keyboard, modifiers, 0, 0, 0, 0);
            CHECK_EQUAL(the_key(), KEY_NONE);
        }
}

/* From times close to where they wrap, too. */
CASE(usb_keyboard, a_key_that_is_held_repeats)
{
    static const uint32_t starts[] = {0,          12345,     UINT32_MAX - 499, UINT32_MAX - 510,
                                      UINT32_MAX, INT32_MAX, INT32_MAX - 499};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        struct usb_keyboard keyboard = {.repeated = 0};
        uint32_t start = starts[i];
        npressed = 0;
        usb_keyboard_repeat(&keyboard, start, press); /* nothing is held */
        report(&keyboard, 0, A, 0, 0, start);
        CHECK_TEXT(text(), "a");
        for (uint32_t ms = 0; ms < 700; ms++) {
            usb_keyboard_repeat(&keyboard, start + ms, press);
            bool time = ms == 500 || ms == 533 || ms == 566 || ms == 599 || ms == 632 ||
                        ms == 665 || ms == 698;
            CHECK_TEXT(text(), time ? "a" : "");
        }
        report(&keyboard, LEFT_SHIFT, A, 0, 0, start + 700); /* the same key, another character */
        usb_keyboard_repeat(&keyboard, start + 900, press);
        CHECK_TEXT(text(), "A"); /* one, however late */
        usb_keyboard_repeat(&keyboard, start + 932, press);
        CHECK_TEXT(text(), "");
        report(&keyboard, 0, 0, 0, 0, start + 932);
        usb_keyboard_repeat(&keyboard, start + 2000, press);
        CHECK_TEXT(text(), "");
    }
}
