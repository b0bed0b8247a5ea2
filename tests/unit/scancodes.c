/*
 * The keyboard's bytes against the US keyboard of 104 keys and one more, written down key by key
 * from IBM's table of scan codes ("PS/2 Hardware Interface Technical Reference", set 1).
 */
#include "drivers/scancodes.h"

#include "case.h"

/* Words of a key: its code, with EXT where 0xe0 stands before it, and what it means. */
#define EXT 0x100
enum { SHIFT = 1, CAPS = 2, NUM = 4, CONTROL = 8, STATES = 16 };

/* clang-format off */
static const struct { int code; char alone, with_shift; } characters[] = {
    {0x29, '`', '~'}, {0x02, '1', '!'}, {0x03, '2', '@'}, {0x04, '3', '#'}, {0x05, '4', '$'},
    {0x06, '5', '%'}, {0x07, '6', '^'}, {0x08, '7', '&'}, {0x09, '8', '*'}, {0x0a, '9', '('},
    {0x0b, '0', ')'}, {0x0c, '-', '_'}, {0x0d, '=', '+'}, {0x1a, '[', '{'}, {0x1b, ']', '}'},
    {0x2b, '\\', '|'}, {0x27, ';', ':'}, {0x28, '\'', '"'}, {0x33, ',', '<'}, {0x34, '.', '>'},
    {0x35, '/', '?'}, {0x56, '\\', '|'}, {0x39, ' ', ' '}, {0x0e, 8, 8}, {0x0f, 9, 9},
    {0x1c, 10, 10}, {0x01, 27, 27}, {0x37, '*', '*'}, {0x4a, '-', '-'}, {0x4e, '+', '+'},
    {EXT | 0x1c, 10, 10}, {EXT | 0x35, '/', '/'},
};
static const struct { int code; char letter; } letters[] = {
    {0x1e, 'a'}, {0x30, 'b'}, {0x2e, 'c'}, {0x20, 'd'}, {0x12, 'e'}, {0x21, 'f'}, {0x22, 'g'},
    {0x23, 'h'}, {0x17, 'i'}, {0x24, 'j'}, {0x25, 'k'}, {0x26, 'l'}, {0x32, 'm'}, {0x31, 'n'},
    {0x18, 'o'}, {0x19, 'p'}, {0x10, 'q'}, {0x13, 'r'}, {0x1f, 's'}, {0x14, 't'}, {0x16, 'u'},
    {0x2f, 'v'}, {0x11, 'w'}, {0x2d, 'x'}, {0x15, 'y'}, {0x2c, 'z'},
};
static const struct { int code; char digit; int key; } digits[] = {
    {0x52, '0', KEY_NONE}, {0x4f, '1', KEY_END}, {0x50, '2', KEY_DOWN}, {0x51, '3', KEY_NONE},
    {0x4b, '4', KEY_LEFT}, {0x4c, '5', KEY_NONE}, {0x4d, '6', KEY_RIGHT}, {0x47, '7', KEY_HOME},
    {0x48, '8', KEY_UP}, {0x49, '9', KEY_NONE}, {0x53, '.', KEY_DELETE},
};
static const struct { int code; int key; } others[] = {
    {EXT | 0x47, KEY_HOME}, {EXT | 0x48, KEY_UP}, {EXT | 0x4b, KEY_LEFT}, {EXT | 0x4d, KEY_RIGHT},
    {EXT | 0x4f, KEY_END}, {EXT | 0x50, KEY_DOWN}, {EXT | 0x53, KEY_DELETE},
};
/* clang-format on */

#define EACH(table) (size_t i = 0; i < sizeof(table) / sizeof(table)[0]; i++)

static int expected(int code, int state)
{
    for
        EACH(characters)
    if (characters[i].code == code)
        return state & SHIFT ? characters[i].with_shift : characters[i].alone;
    for
        EACH(letters)
    if (letters[i].code == code) {
        int place = letters[i].letter - 'a';
        bool large = !(state & SHIFT) != !(state & CAPS);
        return state & CONTROL ? 1 + place : (large ? 'A' : 'a') + place;
    }
    for
        EACH(digits)
    if (digits[i].code == code)
        return state & NUM ? digits[i].digit : digits[i].key;
    for
        EACH(others)
    if (others[i].code == code)
        return others[i].key;
    return KEY_NONE;
}

static int send(struct scancode_state *state, int code)
{
    if (code & EXT)
        (void)scancode_decode(state, 0xe0);
    return scancode_decode(state, (uint8_t)code);
}

/* Presses and lets go. */
static void tap(struct scancode_state *state, int code)
{
    (void)send(state, code);
    (void)send(state, code | 0x80);
}

static struct scancode_state in_state(int wanted)
{
    struct scancode_state state = {0};
    if (wanted & CAPS)
        tap(&state, 0x3a);
    if (wanted & NUM)
        tap(&state, 0x45);
    if (wanted & SHIFT)
        (void)send(&state, 0x36);
    if (wanted & CONTROL)
        (void)send(&state, 0x1d);
    return state;
}

CASE(scancodes, k11_every_code_in_every_state_is_the_key_on_the_keyboard)
{
    for (int wanted = 0; wanted < STATES; wanted++)
        for (int code = 0; code < 2 * EXT; code++) {
            if ((code & 0x80) || code == (EXT | 0x1d) || code == 0x1d || code == 0x2a ||
                code == 0x36 || code == 0x3a || code == 0x45)
                continue; /* no key, or one that changes the state */
            struct scancode_state state = in_state(wanted);
            int key = send(&state, code);
            if (key != expected(code, wanted))
                case_fail(run_, __FILE__, __LINE__, "code %03x in state %x is %d, wanted %d",
                          (unsigned)code, (unsigned)wanted, key, expected(code, wanted));
            CHECK_EQUAL(send(&state, code), expected(code, wanted)); /* held down */
            CHECK_EQUAL(send(&state, code | 0x80), KEY_NONE);
        }
}

CASE(scancodes, k11_one_shift_or_control_is_still_down_when_the_other_is_let_go)
{
    static const struct {
        int one, other, alone, with;
    } pairs[] = {{0x2a, 0x36, 'a', 'A'},
                 {0x36, 0x2a, 'a', 'A'},
                 {0x1d, EXT | 0x1d, 'a', 1},
                 {EXT | 0x1d, 0x1d, 'a', 1}};
    for
        EACH(pairs)
        {
            struct scancode_state state = {0};
            (void)send(&state, pairs[i].one);
            (void)send(&state, pairs[i].other);
            (void)send(&state, pairs[i].one | 0x80);
            CHECK_EQUAL(send(&state, 0x1e), pairs[i].with);
            (void)send(&state, pairs[i].other | 0x80);
            CHECK_EQUAL(send(&state, 0x1e), pairs[i].alone);
        }
}

CASE(scancodes, k11_a_lock_changes_once_a_press)
{
    struct scancode_state state = {0};
    CHECK_EQUAL(scancode_lights(&state), 0);
    for (int repeats = 1; repeats < 5; repeats++) {
        for (int i = 0; i < repeats; i++)
            CHECK_EQUAL(send(&state, 0x3a), KEY_NONE);
        CHECK_EQUAL(scancode_lights(&state), repeats % 2 ? 4 : 2);
        CHECK_EQUAL(send(&state, 0x1e), repeats % 2 ? 'A' : 'a');
        CHECK_EQUAL(send(&state, 0xba), KEY_NONE);
        CHECK_EQUAL(send(&state, 0x1e), repeats % 2 ? 'A' : 'a');
        for (int i = 0; i < repeats; i++)
            CHECK_EQUAL(send(&state, 0x45), KEY_NONE);
        CHECK_EQUAL(scancode_lights(&state), repeats % 2 ? 6 : 0);
        CHECK_EQUAL(send(&state, 0xc5), KEY_NONE);
    }
}

/* What some keys send beside their own code changes nothing: shifts that are none, and Pause. */
CASE(scancodes, k11_sequences_are_read_to_their_end)
{
    static const uint8_t pause[] = {0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5};
    static const uint8_t print_screen[] = {0xe0, 0x2a, 0xe0, 0x37, 0xe0, 0xb7, 0xe0, 0xaa};
    static const uint8_t arrow_with_num_lock[] = {0xe0, 0x2a, 0xe0, 0x48, 0xe0, 0xc8, 0xe0, 0xaa};
    static const uint8_t arrow_with_shift[] = {0xe0, 0xaa, 0xe0, 0x48, 0xe0, 0xc8, 0xe0, 0x2a};
    for (int wanted = 0; wanted < STATES; wanted++) {
        struct scancode_state state = in_state(wanted);
        for
            EACH(pause)
        CHECK_EQUAL(scancode_decode(&state, pause[i]), KEY_NONE);
        for
            EACH(print_screen)
        CHECK_EQUAL(scancode_decode(&state, print_screen[i]), KEY_NONE);
        for
            EACH(arrow_with_num_lock)
        CHECK_EQUAL(scancode_decode(&state, arrow_with_num_lock[i]), i == 3 ? KEY_UP : KEY_NONE);
        for
            EACH(arrow_with_shift)
        CHECK_EQUAL(scancode_decode(&state, arrow_with_shift[i]), i == 3 ? KEY_UP : KEY_NONE);
        CHECK_EQUAL(send(&state, 0x1e), expected(0x1e, wanted));
        CHECK_EQUAL(send(&state, 0x4f), expected(0x4f, wanted));
        CHECK_EQUAL(send(&state, 0x02), expected(0x02, wanted));
    }
}
