/*
 * Theory. A key sends its code when it is pressed, again and again while it is held, and the code
 * with the highest bit set when it is released. Keys that the first PC did not have send the byte
 * 0xe0 before the code of an older key of the same name. Keyboards put shift codes behind 0xe0
 * around some of those for old programs; no key has them, so nothing comes of them. Pause alone
 * sends 0xe1 and two codes, pressed and released at once.
 *
 * A key that is both left and right has a bit for each in HELD, so that one is still down when the
 * other is let go. The locks have bits, too: a code that comes while its bit is set is a
 * repetition.
 */
#include "drivers/scancodes.h"

enum {
    EXTENDED = 0xe0,
    PAUSE = 0xe1,
    PAUSE_BYTES = 2, /* behind the first one */
    RELEASED = 0x80,
    KEYPAD_ENTER = 0x1c,
    CONTROL = 0x1d,
    SHIFT_LEFT = 0x2a,
    KEYPAD_DIVIDE = 0x35,
    SHIFT_RIGHT = 0x36,
    CAPS_LOCK = 0x3a,
    NUM_LOCK = 0x45,
    KEYPAD_FIRST = 0x47,
    KEYPAD_LAST = 0x53,
    BETWEEN_SHIFT_AND_Z = 0x56, /* on keyboards with a key more than the US have */

    HELD_SHIFT_LEFT = 1 << 0,
    HELD_SHIFT_RIGHT = 1 << 1,
    HELD_SHIFT = HELD_SHIFT_LEFT | HELD_SHIFT_RIGHT,
    HELD_CONTROL_LEFT = 1 << 2,
    HELD_CONTROL_RIGHT = 1 << 3,
    HELD_CONTROL = HELD_CONTROL_LEFT | HELD_CONTROL_RIGHT,
    HELD_CAPS_LOCK = 1 << 4,
    HELD_NUM_LOCK = 1 << 5,

    LIGHT_NUM = 1 << 1,
    LIGHT_CAPS = 1 << 2
};

static const char plain[] =
    "\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
    "\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
_Static_assert(sizeof plain == 0x3a + 1 && sizeof shifted == sizeof plain, "up to the space bar");

/* From Home to Delete. The keys of the same names beside the keypad have these codes behind 0xe0.
 */
static const struct {
    int16_t key; /* while Num Lock is off */
    char digit;
} keypad[] = {
    {KEY_HOME, '7'}, {KEY_UP, '8'},    {KEY_NONE, '9'},   {'-', '-'},     {KEY_LEFT, '4'},
    {KEY_NONE, '5'}, {KEY_RIGHT, '6'}, {'+', '+'},        {KEY_END, '1'}, {KEY_DOWN, '2'},
    {KEY_NONE, '3'}, {KEY_NONE, '0'},  {KEY_DELETE, '.'},
};
_Static_assert(sizeof keypad / sizeof keypad[0] == KEYPAD_LAST - KEYPAD_FIRST + 1, "a key a code");

/* The bit that says that the key is held down; 0 where nobody asks. */
static uint8_t held_bit(bool extended, uint8_t code)
{
    switch (code) {
    case CONTROL:
        return extended ? HELD_CONTROL_RIGHT : HELD_CONTROL_LEFT;
    case SHIFT_LEFT:
        return extended ? 0 : HELD_SHIFT_LEFT;
    case SHIFT_RIGHT:
        return extended ? 0 : HELD_SHIFT_RIGHT;
    case CAPS_LOCK:
        return extended ? 0 : HELD_CAPS_LOCK;
    case NUM_LOCK:
        return extended ? 0 : HELD_NUM_LOCK;
    default:
        return 0;
    }
}

static bool is_on_keypad(uint8_t code)
{
    return code >= KEYPAD_FIRST && code <= KEYPAD_LAST;
}

static int extended_key(uint8_t code)
{
    if (code == KEYPAD_ENTER)
        return '\n';
    if (code == KEYPAD_DIVIDE)
        return '/';
    int key = is_on_keypad(code) ? keypad[code - KEYPAD_FIRST].key : KEY_NONE;
    return key >= KEY_UP ? key : KEY_NONE;
}

static int plain_key(const struct scancode_state *state, uint8_t code)
{
    bool shift = (state->held & HELD_SHIFT) != 0;
    if (is_on_keypad(code))
        return state->num ? keypad[code - KEYPAD_FIRST].digit : keypad[code - KEYPAD_FIRST].key;
    if (code == BETWEEN_SHIFT_AND_Z)
        return shift ? '|' : '\\';
    if (code >= sizeof plain - 1)
        return KEY_NONE;
    char c = shift ? shifted[code] : plain[code];
    bool small = c >= 'a' && c <= 'z', capital = c >= 'A' && c <= 'Z';
    if ((state->held & HELD_CONTROL) && (small || capital))
        return c & 0x1f;
    if (state->caps && (small || capital))
        c ^= 0x20;
    return c ? c : KEY_NONE;
}

int scancode_decode(struct scancode_state *state, uint8_t byte)
{
    if (byte == EXTENDED || byte == PAUSE) {
        state->prefix = byte == EXTENDED ? byte : 0;
        state->to_skip = byte == PAUSE ? PAUSE_BYTES : 0;
        return KEY_NONE;
    }
    if (state->to_skip > 0) {
        state->to_skip--;
        return KEY_NONE;
    }
    bool extended = state->prefix == EXTENDED, pressed = !(byte & RELEASED);
    uint8_t code = byte & (uint8_t)~RELEASED;
    state->prefix = 0;
    uint8_t bit = held_bit(extended, code);
    bool first = pressed && !(state->held & bit);
    state->held = (uint8_t)(pressed ? state->held | bit : state->held & ~bit);
    state->caps ^= first && bit == HELD_CAPS_LOCK;
    state->num ^= first && bit == HELD_NUM_LOCK;
    if (!pressed || bit)
        return KEY_NONE;
    return extended ? extended_key(code) : plain_key(state, code);
}

uint8_t scancode_lights(const struct scancode_state *state)
{
    return (uint8_t)((state->caps ? LIGHT_CAPS : 0) | (state->num ? LIGHT_NUM : 0));
}
