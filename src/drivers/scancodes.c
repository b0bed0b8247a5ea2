#include "drivers/scancodes.h"

enum {
    EXTENDED = 0xe0,
    RELEASED = 0x80,
    CONTROL = 0x1d,
    SHIFT_LEFT = 0x2a,
    SHIFT_RIGHT = 0x36,
    CAPS_LOCK = 0x3a
};

static const char plain[] =
    "\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
    "\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
_Static_assert(sizeof plain == 0x3a + 1 && sizeof shifted == sizeof plain, "up to the space bar");

static int extended_key(uint8_t code)
{
    switch (code) {
    case 0x48:
        return KEY_UP;
    case 0x50:
        return KEY_DOWN;
    case 0x4b:
        return KEY_LEFT;
    case 0x4d:
        return KEY_RIGHT;
    case 0x47:
        return KEY_HOME;
    case 0x4f:
        return KEY_END;
    case 0x53:
        return KEY_DELETE;
    case 0x1c:
        return '\n';
    case 0x35:
        return '/';
    default:
        return KEY_NONE;
    }
}

static int plain_key(const struct scancode_state *state, uint8_t code)
{
    if (code >= sizeof plain - 1)
        return KEY_NONE;
    char c = state->shift ? shifted[code] : plain[code];
    bool small = c >= 'a' && c <= 'z', capital = c >= 'A' && c <= 'Z';
    if (state->control && (small || capital))
        return c & 0x1f;
    if (state->caps && (small || capital))
        c ^= 0x20;
    return c ? c : KEY_NONE;
}

int scancode_decode(struct scancode_state *state, uint8_t byte)
{
    if (byte == EXTENDED) {
        state->extended = true;
        return KEY_NONE;
    }
    bool extended = state->extended, pressed = !(byte & RELEASED);
    uint8_t code = byte & (uint8_t)~RELEASED;
    state->extended = false;
    if (code == CONTROL) {
        state->control = pressed;
        return KEY_NONE;
    }
    if (!extended && (code == SHIFT_LEFT || code == SHIFT_RIGHT)) {
        state->shift = pressed;
        return KEY_NONE;
    }
    if (!pressed)
        return KEY_NONE;
    if (extended)
        return extended_key(code);
    if (code == CAPS_LOCK)
        state->caps = !state->caps;
    return plain_key(state, code);
}
