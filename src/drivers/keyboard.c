#include "drivers/keyboard.h"

#include "cpu/io.h"
#include "drivers/pic.h"
#include "drivers/scancodes.h"

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
    CONFIGURATION_DISABLED = 0x10,
    CONFIGURATION_TRANSLATE = 0x40, /* to scan codes of set 1 */
    IRQ_LINE = 1,
    WAITS_MOST = 20000, /* of about 1 us */
    BYTES_FLUSHED_MOST = 64
};

static struct {
    bool present;
    struct scancode_state decoder;
    void (*press)(int key);
} keyboard;

/* Waits until STATUS has BITS set or, with SET false, clear. */
static bool wait_for(uint8_t bits, bool set)
{
    for (int i = 0; i < WAITS_MOST; i++) {
        if (((io_read8(COMMAND) & bits) != 0) == set)
            return true;
        io_pause();
    }
    return false;
}

static bool send(uint16_t port, uint8_t value)
{
    if (!wait_for(STATUS_INPUT_FULL, false))
        return false;
    io_write8(port, value);
    return true;
}

static void receive(void)
{
    for (int i = 0; i < BYTES_FLUSHED_MOST && (io_read8(COMMAND) & STATUS_OUTPUT_FULL); i++) {
        bool from_mouse = (io_read8(COMMAND) & STATUS_FROM_MOUSE) != 0;
        uint8_t byte = io_read8(DATA);
        int key = from_mouse ? KEY_NONE : scancode_decode(&keyboard.decoder, byte);
        if (key != KEY_NONE)
            keyboard.press(key);
    }
}

static void flush(void)
{
    for (int i = 0; i < BYTES_FLUSHED_MOST && (io_read8(COMMAND) & STATUS_OUTPUT_FULL); i++)
        io_read8(DATA);
}

bool keyboard_init(void (*press)(int key))
{
    keyboard.press = press;
    if (io_read8(COMMAND) == 0xff)
        return false; /* nobody drives the bus */
    /* Both devices silent, or a key pressed now would be taken for the configuration. */
    if (!send(COMMAND, DISABLE_KEYBOARD) || !send(COMMAND, DISABLE_MOUSE))
        return false;
    flush();
    if (!send(COMMAND, READ_CONFIGURATION) || !wait_for(STATUS_OUTPUT_FULL, true))
        return false;
    uint8_t configuration = io_read8(DATA);
    configuration |= CONFIGURATION_INTERRUPT | CONFIGURATION_TRANSLATE;
    configuration &= (uint8_t)~CONFIGURATION_DISABLED;
    if (!send(COMMAND, WRITE_CONFIGURATION) || !send(DATA, configuration) ||
        !send(COMMAND, ENABLE_KEYBOARD))
        return false;
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
