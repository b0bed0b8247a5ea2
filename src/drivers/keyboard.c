/*
 * Theory. The controller hands over one byte at a time and does not say what it is: a scan code,
 * the keyboard's answer to a command, or the controller's own answer. What may be believed follows
 * from what may come:
 *
 * - The configuration is asked for while both devices are shut off, so that only a byte that was
 *   already under way can come between. It is believed when it has been the same twice in a row.
 * - The keyboard answers each byte that it is sent. While an answer is due, ACKNOWLEDGE and RESEND
 *   are one (no key has these codes but one of Brazil's); every other byte is still a scan code.
 *
 * The lights take two bytes, and the second may be sent only when the first has been answered. The
 * interrupt that brings the answer sends what is next, and nothing ever waits for it:
 *
 *     TOLD -> COMMAND_DUE -> COMMAND_SENT -> LIGHTS_DUE -> LIGHTS_SENT -> TOLD
 *
 * On every way out of keyboard_init() the keyboard is on again.
 */
#include "drivers/keyboard.h"

#include "cpu/io.h"
#include "drivers/deadline.h"
#include "drivers/pic.h"
#include "drivers/scancodes.h"
#include "drivers/timer.h"

/* Intel 8042 as IBM wired it (PS/2 technical reference, "Keyboard and auxiliary device"). */
enum {
    DATA = 0x60,
    COMMAND = 0x64, /* read: status */
    STATUS_OUTPUT_FULL = 0x01,
    STATUS_INPUT_FULL = 0x02,
    STATUS_FROM_MOUSE = 0x20,
    READ_CONFIGURATION = 0x20,
    WRITE_CONFIGURATION = 0x60,
    DISABLE_MOUSE = 0xa7,
    DISABLE_KEYBOARD = 0xad,
    ENABLE_KEYBOARD = 0xae,
    PULSE_RESET = 0xfe,
    CONFIGURATION_INTERRUPT = 0x01,
    CONFIGURATION_MOUSE_INTERRUPT = 0x02,
    CONFIGURATION_DISABLED = 0x10,
    CONFIGURATION_TRANSLATE = 0x40, /* from scan codes of set 2 to those of set 1 */
    CONFIGURATION_ALWAYS_0 = 0x80,

    /* The keyboard's own commands and answers. */
    SET_LIGHTS = 0xed,
    SET_SCAN_CODES = 0xf0,
    ENABLE_SCANNING = 0xf4,
    SET_DEFAULTS = 0xf6, /* set 2 among them */
    ACKNOWLEDGE = 0xfa,
    RESEND = 0xfe,

    IRQ_LINE = 1,
    CONTROLLER_MICROSECONDS = 20000,
    KEYBOARD_MICROSECONDS = 50000, /* it is to answer within 20 ms */
    TRIES_MOST = 5,
    BYTES_MOST = 64, /* taken at once */
    ANSWER_TICKS = 20,
    NOT_TOLD = 0xff /* no lights at all */
};

enum lights { TOLD, COMMAND_DUE, COMMAND_SENT, LIGHTS_DUE, LIGHTS_SENT };

static struct {
    bool present;
    struct scancode_state decoder;
    void (*press)(int key);
    enum lights lights;
    uint8_t shown; /* what the keyboard was told last */
    uint8_t tries;
    uint32_t since; /* tick of the last byte sent */
} keyboard;

static bool has(uint8_t status)
{
    return (io_read8(COMMAND) & status) != 0;
}

/* Waits until the status BIT is set or, with SET false, clear. */
static bool wait_for(uint8_t bit, bool set)
{
    if (has(bit) == set)
        return true;
    struct deadline deadline = deadline_in(CONTROLLER_MICROSECONDS);
    while (!deadline_passed(&deadline))
        if (has(bit) == set)
            return true;
    return false;
}

static void flush(void)
{
    for (int i = 0; i < BYTES_MOST && has(STATUS_OUTPUT_FULL); i++)
        io_read8(DATA);
}

/* A controller that can't hand over its last answer takes nothing: that answer goes then. */
static bool send(uint16_t port, uint8_t value)
{
    if (!wait_for(STATUS_INPUT_FULL, false)) {
        flush();
        if (!wait_for(STATUS_INPUT_FULL, false))
            return false;
    }
    io_write8(port, value);
    return true;
}

static bool read_configuration_once(uint8_t *configuration)
{
    if (!send(COMMAND, READ_CONFIGURATION) || !wait_for(STATUS_OUTPUT_FULL, true))
        return false;
    *configuration = io_read8(DATA);
    return true;
}

/* Both devices must be off. */
static bool read_configuration(uint8_t *configuration)
{
    for (int i = 0; i < TRIES_MOST; i++) {
        uint8_t again;
        flush();
        if (read_configuration_once(configuration) && read_configuration_once(&again) &&
            *configuration == again && !(again & CONFIGURATION_ALWAYS_0))
            return true;
    }
    return false;
}

/* Leaves both devices off; *TRANSLATED says whether set 1 will come of set 2. */
static bool configure(bool *translated)
{
    uint8_t configuration;
    if (!send(COMMAND, DISABLE_KEYBOARD) || !send(COMMAND, DISABLE_MOUSE) ||
        !read_configuration(&configuration))
        return false;
    configuration |= CONFIGURATION_INTERRUPT | CONFIGURATION_TRANSLATE | CONFIGURATION_DISABLED;
    configuration &= (uint8_t)~CONFIGURATION_MOUSE_INTERRUPT;
    if (!send(COMMAND, WRITE_CONFIGURATION) || !send(DATA, configuration) ||
        !read_configuration(&configuration))
        return false;
    *translated = (configuration & CONFIGURATION_TRANSLATE) != 0;
    return (configuration & CONFIGURATION_INTERRUPT) != 0;
}

static void stop_telling(void)
{
    keyboard.lights = TOLD;
    keyboard.shown = scancode_lights(&keyboard.decoder);
}

/* Whether BYTE is the answer that is due. */
static bool is_answer(uint8_t byte)
{
    if (keyboard.lights != COMMAND_SENT && keyboard.lights != LIGHTS_SENT)
        return false;
    if (byte == ACKNOWLEDGE)
        keyboard.lights = keyboard.lights == COMMAND_SENT ? LIGHTS_DUE : TOLD;
    else if (byte == RESEND && ++keyboard.tries < TRIES_MOST)
        keyboard.lights--; /* it is due again */
    else if (byte == RESEND)
        stop_telling();
    else
        return false;
    return true;
}

/* Sends what is due, if there is room for it now. */
static void tell_lights(void)
{
    uint8_t wanted = scancode_lights(&keyboard.decoder);
    bool sent = keyboard.lights == COMMAND_SENT || keyboard.lights == LIGHTS_SENT;
    if (sent && timer_ticks() - keyboard.since > ANSWER_TICKS)
        stop_telling(); /* it has no lights, or is not there */
    if (keyboard.lights == TOLD && keyboard.shown != wanted) {
        keyboard.lights = COMMAND_DUE;
        keyboard.tries = 0;
    }
    if ((keyboard.lights != COMMAND_DUE && keyboard.lights != LIGHTS_DUE) || has(STATUS_INPUT_FULL))
        return;
    if (keyboard.lights == LIGHTS_DUE)
        keyboard.shown = wanted;
    io_write8(DATA, keyboard.lights == COMMAND_DUE ? SET_LIGHTS : wanted);
    keyboard.lights++;
    keyboard.since = timer_ticks();
}

static void take_scancode(uint8_t byte)
{
    int key = scancode_decode(&keyboard.decoder, byte);
    if (key != KEY_NONE)
        keyboard.press(key);
}

/* The next byte of the keyboard's; -1 where there is none. */
static int next_byte(void)
{
    for (int i = 0; i < BYTES_MOST; i++) {
        uint8_t status = io_read8(COMMAND);
        if (!(status & STATUS_OUTPUT_FULL))
            return -1;
        uint8_t byte = io_read8(DATA);
        if (!(status & STATUS_FROM_MOUSE))
            return byte;
    }
    return -1;
}

static void receive(void)
{
    int byte;
    for (int i = 0; i < BYTES_MOST && (byte = next_byte()) >= 0; i++)
        if (!is_answer((uint8_t)byte))
            take_scancode((uint8_t)byte);
    tell_lights();
}

/* Has the keyboard obey BYTE, and waits for its answer. Keys that come meanwhile are not lost. */
static bool order(uint8_t byte)
{
    for (int i = 0; i < TRIES_MOST; i++) {
        if (!send(DATA, byte))
            return false;
        int answer = -1;
        struct deadline deadline = deadline_in(KEYBOARD_MICROSECONDS);
        while (answer != RESEND && !deadline_passed(&deadline)) {
            answer = next_byte();
            if (answer == ACKNOWLEDGE)
                return true;
            if (answer >= 0 && answer != RESEND)
                take_scancode((uint8_t)answer);
        }
        if (answer != RESEND)
            return false; /* it is not there, and may be plugged in later */
    }
    return false;
}

bool keyboard_init(void (*press)(int key))
{
    bool translated = true;
    keyboard.press = press;
    keyboard.shown = NOT_TOLD;
    if (io_read8(COMMAND) == 0xff)
        return false; /* nobody drives the bus */
    bool configured = configure(&translated);
    flush();
    if (!send(COMMAND, ENABLE_KEYBOARD) || !configured)
        return false;
    if (order(SET_DEFAULTS)) {
        if (!translated && order(SET_SCAN_CODES))
            (void)order(1);
        (void)order(ENABLE_SCANNING);
    }
    keyboard.present = true;
    pic_start(IRQ_LINE, receive);
    return true;
}

void keyboard_poll(void)
{
    if (keyboard.present)
        receive();
}

void keyboard_pulse_reset(void)
{
    send(COMMAND, PULSE_RESET);
}
