#include "drivers/console.h"

/* What a terminal sends for its keys (ECMA-48 and xterm's "PC-style function keys"). */
enum { TEXT, ESCAPE, CONTROL_SEQUENCE };

static int letter_key(uint8_t letter)
{
    switch (letter) {
    case 'A':
        return KEY_UP;
    case 'B':
        return KEY_DOWN;
    case 'C':
        return KEY_RIGHT;
    case 'D':
        return KEY_LEFT;
    case 'H':
        return KEY_HOME;
    case 'F':
        return KEY_END;
    default:
        return KEY_NONE;
    }
}

static int numbered_key(char number)
{
    switch (number) {
    case '1':
    case '7':
        return KEY_HOME;
    case '3':
        return KEY_DELETE;
    case '4':
    case '8':
        return KEY_END;
    default:
        return KEY_NONE;
    }
}

int terminal_decode(struct terminal_decoder *decoder, uint8_t byte)
{
    switch (decoder->state) {
    case ESCAPE:
        decoder->state = byte == '[' || byte == 'O' ? CONTROL_SEQUENCE : TEXT;
        decoder->parameter = '\0';
        return KEY_NONE;
    case CONTROL_SEQUENCE:
        if (byte >= 0x20 && byte < 0x40) { /* parameters; the first digit tells the key */
            if (!decoder->parameter)
                decoder->parameter = (char)byte;
            return KEY_NONE;
        }
        decoder->state = TEXT;
        return byte == '~' ? numbered_key(decoder->parameter) : letter_key(byte);
    default:
        if (byte == 0x1b) {
            decoder->state = ESCAPE;
            return KEY_NONE;
        }
        if (byte == '\r')
            return '\n';
        return byte == 0x7f ? '\b' : byte;
    }
}

bool terminal_escape(struct terminal_decoder *decoder)
{
    if (decoder->state != ESCAPE)
        return false;
    decoder->state = TEXT;
    return true;
}
