/* A USB keyboard's reports, against the characters that stand on the keys, and any report. */
#include "case.h"
#include "lib/string.h"
#include "usb_typing.h"

/* On the keys from usage 0x04 on; on the keypad from 0x54 on. */
static const char plain[] = "abcdefghijklmnopqrstuvwxyz1234567890\n\033\b\t -=[]\\\\;'`,./";
static const char shifted[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ!@#$%^&*()\n\033\b\t _+{}||:\"~<>?";
static const char keypad[] = "/*-+\n1234567890.";

CASE(usb_keyboard, the_keys_give_what_stands_on_them)
{
    struct usb_keyboard keyboard = {.repeated = 0};
    npressed = 0;
    for (unsigned i = 0; i < sizeof plain - 1; i++) {
        tap(&keyboard, A + i);
        CHECK_EQUAL(the_key(), plain[i]);
        report(&keyboard, i % 2 ? LEFT_SHIFT : RIGHT_SHIFT, A + i, 0, 0, 0); /* both at once */
        CHECK_EQUAL(the_key(), shifted[i]);
        report(&keyboard, 0, 0, 0, 0, 0);
        report(&keyboard, i % 2 ? LEFT_CONTROL : RIGHT_CONTROL, A + i, 0, 0, 0);
        CHECK_EQUAL(the_key(), i < 26 ? (int)i + 1 : plain[i]);
        report(&keyboard, 0, 0, 0, 0, 0);
    }
    tap(&keyboard, NUM_LOCK);
    for (unsigned i = 0; i < sizeof keypad - 1; i++) {
        tap(&keyboard, 0x54 + i);
        CHECK_EQUAL(the_key(), keypad[i]);
    }
    static const int arrows[] = {KEY_RIGHT, KEY_LEFT, KEY_DOWN, KEY_UP};
    for (unsigned i = 0; i < 4; i++) {
        tap(&keyboard, RIGHT + i);
        CHECK_EQUAL(the_key(), arrows[i]);
    }
}

CASE(usb_keyboard, one_shift_or_control_is_still_down_when_the_other_is_let_go)
{
    static const struct {
        unsigned both, one;
        int key;
    } pairs[] = {{LEFT_SHIFT | RIGHT_SHIFT, LEFT_SHIFT, 'A'},
                 {LEFT_SHIFT | RIGHT_SHIFT, RIGHT_SHIFT, 'A'},
                 {LEFT_CONTROL | RIGHT_CONTROL, LEFT_CONTROL, 1},
                 {LEFT_CONTROL | RIGHT_CONTROL, RIGHT_CONTROL, 1},
                 {0xcc, 0x44, 'a'}}; /* Alt, and the keys with a logo */
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct usb_keyboard keyboard = {.repeated = 0};
        npressed = 0;
        report(&keyboard, pairs[i].both, 0, 0, 0, 0);
        report(&keyboard, pairs[i].one, 0, 0, 0, 0);
        CHECK_EQUAL(the_key(), KEY_NONE);
        report(&keyboard, pairs[i].one, A, 0, 0, 0);
        CHECK_EQUAL(the_key(), pairs[i].key);
        report(&keyboard, pairs[i].one, 0, 0, 0, 0);
        report(&keyboard, 0, 0, 0, 0, 0);
        report(&keyboard, 0, A, 0, 0, 0);
        CHECK_EQUAL(the_key(), 'a');
    }
}

CASE(usb_keyboard, several_keys_come_and_go_in_any_order)
{
    struct usb_keyboard keyboard = {.repeated = 0};
    npressed = 0;
    report(&keyboard, 0, A, 0, 0, 0);
    report(&keyboard, 0, A, B, 0, 0);
    report(&keyboard, 0, A, B, C, 0);
    CHECK_TEXT(text(), "abc");
    report(&keyboard, 0, C, A, 0, 0); /* others move up, or stand in another order */
    report(&keyboard, 0, 0, C, 0, 0);
    CHECK_TEXT(text(), "");
    report(&keyboard, 0, B, C, A, 0);
    CHECK_TEXT(text(), "ba");
    report(&keyboard, 0, 0, 0, 0, 0);
    report(&keyboard, LEFT_SHIFT, B, A, C, 0); /* all at once, in the order they stand there */
    CHECK_TEXT(text(), "BAC");
    report(&keyboard, 0, B, A, A + 7, 0); /* and some for others */
    CHECK_TEXT(text(), "h");
    report(&keyboard, 0, C, C, C, 0);
    CHECK_TEXT(text(), "c"); /* one key, however often it stands there */
}

CASE(usb_keyboard, any_reports_give_the_keys_that_are_new)
{
    struct usb_keyboard keyboard = {.repeated = 0};
    uint32_t random = 1;
    bool was[16] = {false};
    npressed = 0;
    for (int i = 0; i < 300; i++) {
        uint8_t bytes[USB_REPORT_BYTES] = {0};
        char wanted[USB_REPORT_BYTES] = "";
        bool is[16] = {false};
        size_t count = 0;
        for (size_t at = 2; at < sizeof bytes; at++) {
            random = random * 1103515245 + 12345;
            unsigned letter = random >> 16 & 15;
            if (random >> 28 & 1)
                continue;
            bytes[at] = (uint8_t)(A + letter);
            if (!was[letter] && !is[letter])
                wanted[count++] = (char)('a' + letter);
            is[letter] = true;
        }
        for (unsigned letter = 0; letter < 16; letter++)
            was[letter] = is[letter];
        usb_keyboard_report(&keyboard, bytes, sizeof bytes, 0, press);
        CHECK_TEXT(text(), wanted);
    }
}

CASE(usb_keyboard, too_many_keys_at_once_change_nothing)
{
    struct usb_keyboard keyboard = {.repeated = 0};
    static const uint8_t roll_over[] = {LEFT_SHIFT, 0, 1, 1, 1, 1, 1, 1}, one[] = {0, 0, A, 1};
    npressed = 0;
    report(&keyboard, 0, A, B, 0, 0);
    CHECK_TEXT(text(), "ab");
    usb_keyboard_report(&keyboard, roll_over, sizeof roll_over, 0, press);
    usb_keyboard_report(&keyboard, one, sizeof one, 0, press);
    report(&keyboard, 0, A, B, C, 0);
    CHECK_TEXT(text(), "c"); /* nothing was let go, and Shift was not pressed */
    usb_keyboard_report(&keyboard, roll_over, sizeof roll_over, 0, press);
    usb_keyboard_repeat(&keyboard, 499, press);
    CHECK_TEXT(text(), "");
    usb_keyboard_repeat(&keyboard, 500, press);
    CHECK_TEXT(text(), "c");
    static const uint8_t second[] = {0, 1, A}; /* the byte that means nothing */
    report(&keyboard, 0, 0, 0, 0, 0);
    usb_keyboard_report(&keyboard, second, sizeof second, 0, press);
    CHECK_TEXT(text(), "a");
}

CASE(usb_keyboard, reports_of_any_length_are_read_as_far_as_they_go)
{
    static const uint8_t bytes[] = {LEFT_SHIFT, 0, A, B, C, A + 3, A + 4, A + 5, A + 6, 1, 1};
    static const char *const wanted[] = {"",     "",      "",       "A",      "AB",     "ABC",
                                         "ABCD", "ABCDE", "ABCDEF", "ABCDEF", "ABCDEF", "ABCDEF"};
    for (size_t nbytes = 0; nbytes <= sizeof bytes; nbytes++) {
        struct usb_keyboard keyboard = {.repeated = 0};
        npressed = 0;
        usb_keyboard_report(&keyboard, bytes, nbytes, 0, press);
        CHECK_TEXT(text(), wanted[nbytes]);
        usb_keyboard_report(&keyboard, NULL, 0, 0, press); /* all is let go */
        usb_keyboard_repeat(&keyboard, 10000, press);
        CHECK_TEXT(text(), "");
        usb_keyboard_report(&keyboard, bytes + 1, nbytes > 2 ? 2 : 0, 0, press);
        usb_keyboard_report(&keyboard, bytes, nbytes, 0, press);
        CHECK_TEXT(text(), wanted[nbytes]);
    }
}

CASE(usb_keyboard, the_newest_key_repeats)
{
    struct usb_keyboard keyboard = {.repeated = 0};
    npressed = 0;
    report(&keyboard, 0, A, 0, 0, 0);
    report(&keyboard, 0, B, A, 0, 400);
    usb_keyboard_repeat(&keyboard, 899, press);
    CHECK_TEXT(text(), "ab");
    usb_keyboard_repeat(&keyboard, 900, press);
    CHECK_TEXT(text(), "b");
    report(&keyboard, 0, B, 0, 0, 910); /* the older one is let go */
    usb_keyboard_repeat(&keyboard, 933, press);
    CHECK_TEXT(text(), "b");
    report(&keyboard, 0, B, A, 0, 940);
    report(&keyboard, 0, B, 0, 0, 950); /* the newer one */
    CHECK_TEXT(text(), "a");
    usb_keyboard_repeat(&keyboard, 5000, press);
    CHECK_TEXT(text(), "");
    report(&keyboard, 0, B, 0xf0, 0, 5000); /* of no meaning */
    usb_keyboard_repeat(&keyboard, 9000, press);
    CHECK_TEXT(text(), "");
}

CASE(usb_keyboard, the_lights_show_the_locks)
{
    struct usb_keyboard keyboard = {.repeated = 0};
    CHECK_EQUAL(usb_keyboard_lights(&keyboard), 0);
    tap(&keyboard, NUM_LOCK);
    CHECK_EQUAL(usb_keyboard_lights(&keyboard), 1);
    report(&keyboard, 0, CAPS_LOCK, 0, 0, 0);
    CHECK_EQUAL(usb_keyboard_lights(&keyboard), 3);
    for (uint32_t ms = 0; ms < 2000; ms += 10)
        usb_keyboard_repeat(&keyboard, ms, press);
    CHECK_EQUAL(usb_keyboard_lights(&keyboard), 3); /* held down is pressed once */
    tap(&keyboard, NUM_LOCK);
    CHECK_EQUAL(usb_keyboard_lights(&keyboard), 2);
    tap(&keyboard, CAPS_LOCK);
    CHECK_EQUAL(usb_keyboard_lights(&keyboard), 0);
}
