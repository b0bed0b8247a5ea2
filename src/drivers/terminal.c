/*
 * What a terminal sends (ECMA-48; xterm's "Control Sequences"; the manuals of the VT220, rxvt,
 * PuTTY and of Linux's console). Keys that are no character, and answers, are sequences:
 *
 *     ESC [ parameters intermediates final   a control sequence: arrows, ESC [ 3 ~, ESC [ 24;80 R
 *     ESC O final                            a key of the keypad, or an arrow
 *     ESC ] .. BEL or ESC \                  a string, also behind ESC P, ESC X, ESC ^, ESC _
 *     ESC byte                               Alt and a key
 *
 * Each is read to its end, whatever it says, and only then taken for a key or for nothing. What
 * never ends by itself is ended by a control byte, which counts as what it is: Enter is never
 * lost. ESC begins the next sequence; CAN and SUB end one and are no key. A silence ends it, too.
 * Controls of eight bits are not decoded: they are parts of UTF-8's characters.
 */
#include "drivers/console.h"

enum { TEXT, ESCAPE, CONTROL_SEQUENCE, KEYPAD, STRING, STRING_ENDS, SKIP };

enum {
    BELL = 0x07,
    CANCEL = 0x18,
    SUBSTITUTE = 0x1a,
    ESC = 0x1b,
    DELETE = 0x7f,
    MOUSE_BYTES = 3, /* button, column, row */
    NUMBER_MOST = 9999,
    KEYPAD_OFFSET = 0x40 /* from '0' to 'p', and so on */
};

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

/* rxvt's arrows with Shift or Control: a to d. */
static int small_letter_key(uint8_t letter)
{
    return letter >= 'a' && letter <= 'd' ? letter_key((uint8_t)(letter - 'a' + 'A')) : KEY_NONE;
}

/* The VT220's editing keys, and rxvt's Home and End. */
static int numbered_key(unsigned number)
{
    switch (number) {
    case 1:
    case 7:
        return KEY_HOME;
    case 3:
        return KEY_DELETE;
    case 4:
    case 8:
        return KEY_END;
    default:
        return KEY_NONE;
    }
}

/* A keypad that was left in application mode means what is printed on it. */
static int keypad_key(uint8_t byte)
{
    if ((byte >= 'j' && byte <= 'y') || byte == 'I')
        return byte - KEYPAD_OFFSET;
    if (byte == 'M')
        return '\n';
    if (byte == 'X')
        return '=';
    int key = small_letter_key(byte);
    return key == KEY_NONE ? letter_key(byte) : key;
}

/* CR, LF, CR LF and LF CR are one Enter each. */
static int enter_key(struct terminal_decoder *decoder, uint8_t byte, uint8_t before)
{
    if (before && before != byte)
        return KEY_NONE;
    decoder->entered = byte;
    return '\n';
}

static int text_key(struct terminal_decoder *decoder, uint8_t byte)
{
    uint8_t before = decoder->entered;
    decoder->state = byte == ESC ? ESCAPE : TEXT;
    decoder->entered = 0;
    if (byte == '\r' || byte == '\n')
        return enter_key(decoder, byte, before);
    if (byte == ESC)
        return KEY_NONE;
    return byte == DELETE ? '\b' : byte;
}

static int skip(struct terminal_decoder *decoder, uint8_t nbytes)
{
    decoder->state = nbytes ? SKIP : TEXT;
    decoder->left = nbytes;
    return KEY_NONE;
}

static int escape_key(struct terminal_decoder *decoder, uint8_t byte)
{
    decoder->state = TEXT;
    decoder->number = decoder->nparameters = 0;
    decoder->odd = false;
    if (byte == '[')
        decoder->state = CONTROL_SEQUENCE;
    else if (byte == 'O')
        decoder->state = KEYPAD;
    else if (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_')
        decoder->state = STRING;
    return KEY_NONE;
}

static int final_key(struct terminal_decoder *decoder, uint8_t byte)
{
    decoder->state = TEXT;
    if (decoder->odd)
        return KEY_NONE;
    if (byte == '[' && !decoder->nparameters) /* Linux's console: F1 to F5 */
        return skip(decoder, 1);
    if (byte == 'M' && !decoder->nparameters)
        return skip(decoder, MOUSE_BYTES);
    if (byte == '~' || byte == '^' || byte == '@' || byte == '$') /* '~', with rxvt's modifiers */
        return numbered_key(decoder->number);
    int key = decoder->nparameters ? KEY_NONE : small_letter_key(byte);
    return key == KEY_NONE ? letter_key(byte) : key;
}

/* The first number tells the key; those behind it say what was held down with it. */
static int sequence_key(struct terminal_decoder *decoder, uint8_t byte)
{
    if (byte >= '@' && byte < DELETE)
        return final_key(decoder, byte);
    if (byte == '$' && decoder->nparameters == 1 && !decoder->odd)
        return final_key(decoder, byte); /* rxvt's Shift, though it is no final */
    if (byte >= '0' && byte <= '9') {
        if (!decoder->nparameters)
            decoder->nparameters = 1;
        if (decoder->nparameters == 1 && decoder->number <= NUMBER_MOST)
            decoder->number = decoder->number * 10 + byte - '0';
    } else if (byte == ';' || byte == ':') {
        decoder->nparameters = 2; /* or more */
    } else {
        decoder->odd = true; /* no key's, but an answer's */
    }
    return KEY_NONE;
}

int terminal_decode(struct terminal_decoder *decoder, uint8_t byte)
{
    if (byte == '\0') /* telnet's CR NUL; a break */
        return KEY_NONE;
    if (decoder->state == TEXT)
        return text_key(decoder, byte);
    if (byte == ESC) {
        decoder->state = decoder->state == STRING ? STRING_ENDS : ESCAPE;
        return KEY_NONE;
    }
    if (byte < ' ') {
        bool ends =
            byte == CANCEL || byte == SUBSTITUTE || (byte == BELL && decoder->state == STRING);
        decoder->state = TEXT;
        return ends ? KEY_NONE : text_key(decoder, byte);
    }
    switch (decoder->state) {
    case ESCAPE:
    case STRING_ENDS:
        return escape_key(decoder, byte);
    case CONTROL_SEQUENCE:
        return sequence_key(decoder, byte);
    case KEYPAD:
        if (byte >= '0' && byte <= ';')
            return KEY_NONE; /* what was held down with it */
        decoder->state = TEXT;
        return keypad_key(byte);
    case SKIP:
        return skip(decoder, (uint8_t)(decoder->left - 1));
    default:
        return KEY_NONE; /* inside of a string */
    }
}

bool terminal_escape(struct terminal_decoder *decoder)
{
    if (decoder->state != ESCAPE)
        return false;
    decoder->state = TEXT;
    return true;
}

void terminal_give_up(struct terminal_decoder *decoder)
{
    if (decoder->state != ESCAPE)
        decoder->state = TEXT;
    decoder->entered = 0;
}
