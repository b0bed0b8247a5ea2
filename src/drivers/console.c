#include "drivers/console.h"

#include "cpu/cpu.h"
#include "drivers/clock.h"
#include "drivers/screen.h"
#include "drivers/serial.h"
#include "drivers/timer.h"
#include "drivers/usb.h"
#include "lib/print.h"

enum {
    QUEUE_KEYS = 256,
    CTRL_C = 3,
    ESCAPE = 27,
    ESCAPE_TICKS = 5,   /* a terminal sends the bytes of a key closer together */
    GIVE_UP_TICKS = 100 /* .. even where the machine between was busy */
};

static struct {
    struct terminal_decoder decoder;
    int16_t keys[QUEUE_KEYS];    /* the keyboard's; those of the serial line wait there as bytes */
    volatile uint8_t first, end; /* equal: empty; they wrap with the queue */
    uint32_t read;               /* tick at which the last byte was read */
    bool was_serial;             /* the last key */
    void (*idle)(void), (*arrived)(void);
    bool catching, interrupted;  /* Ctrl-C */
    unsigned nheeded, nunheeded; /* .. as keys that nobody has read yet */
} console = {.idle = timer_wait};

_Static_assert(QUEUE_KEYS == UINT8_MAX + 1, "the queue's ends wrap by themselves");

/* Ctrl-C is heeded when it arrives, not when its turn comes. Called with interrupts off. */
static bool caught(int key)
{
    if (console.arrived)
        console.arrived();
    if (key != CTRL_C)
        return false;
    if (console.catching)
        console.interrupted = true;
    else
        console.nunheeded++;
    return console.catching;
}

static bool caught_byte(uint8_t byte)
{
    return caught(byte);
}

/* A full queue drops the newest key. */
void console_press(int key)
{
    uint8_t next = (uint8_t)(console.end + 1);
    if (caught(key) || next == console.first)
        return;
    console.keys[console.end] = (int16_t)key;
    console.end = next;
}

/* The next key that the waiting bytes of the serial line make. */
static int read_serial(void)
{
    int byte;
    while ((byte = serial_read()) >= 0) {
        int key = terminal_decode(&console.decoder, (uint8_t)byte);
        console.read = timer_ticks();
        if (key != KEY_NONE)
            return key;
    }
    uint32_t silence = timer_ticks() - console.read;
    if (silence > GIVE_UP_TICKS)
        terminal_give_up(&console.decoder);
    if (silence > ESCAPE_TICKS && terminal_escape(&console.decoder))
        return ESCAPE;
    return KEY_NONE;
}

/* USB goes by the clock, which goes on where ticks do not. Its milliseconds may be 1,024
 * microseconds long. */
static void poll_usb(void)
{
    usb_poll((uint32_t)(clock_microseconds() >> 10));
}

/* For machines, and devices, whose interrupts do not come. */
static void poll_all(void)
{
    serial_poll();
    keyboard_poll();
    poll_usb();
}

bool console_start_input(void)
{
    serial_start_input(caught_byte);
    timer_on_tick(poll_usb);
    return keyboard_init(console_press);
}

void console_say(bool has_keyboard)
{
    screen_say_refused();
    kprintf("console: ");
    serial_say();
    kprintf(", ");
    screen_say();
    kprintf(", keyboard %s\n", has_keyboard ? "yes" : "no");
    if (!serial_port() && !has_keyboard && usb_count() == 0)
        kprintf("console: nothing to type on: no serial port, no controller of a PS/2 keyboard, "
                "no USB\n");
}

/* A Ctrl-C has been read as a key; those that were heeded came first. */
static void forget_one(void)
{
    if (console.nheeded > 0)
        console.nheeded--;
    else if (console.nunheeded > 0)
        console.nunheeded--;
}

int console_poll_key(void)
{
    int key;
    uint32_t flags = cpu_save_flags();
    poll_all();
    if (console.first != console.end) {
        key = console.keys[console.first];
        console.first = (uint8_t)(console.first + 1);
        console.was_serial = false;
    } else {
        key = read_serial();
        console.was_serial = key != KEY_NONE || console.was_serial;
    }
    if (key == KEY_NONE)
        console.nheeded = console.nunheeded = 0; /* one within a sequence is no key */
    else if (key == CTRL_C)
        forget_one();
    cpu_restore_flags(flags);
    return key;
}

int console_wait_key(uint32_t nticks)
{
    enum { WAITS_A_TICK = 10000 }; /* of a microsecond, where there are no ticks */
    uint32_t start = timer_ticks();
    int key;
    for (uint32_t waits = 0; (key = console_poll_key()) == KEY_NONE; waits++) {
        if (timer_ticks() - start >= nticks || waits / WAITS_A_TICK >= nticks)
            break;
        timer_wait();
    }
    return key;
}

bool console_last_was_serial(void)
{
    return console.was_serial;
}

void console_catch_interrupt(bool on)
{
    console.interrupted = false;
    console.catching = on;
}

bool console_interrupted(void)
{
    uint32_t flags = cpu_save_flags();
    poll_all();
    bool interrupted = console.interrupted || console.nunheeded > 0;
    console.interrupted = false;
    console.nheeded += console.nunheeded;
    console.nunheeded = 0;
    cpu_restore_flags(flags);
    return interrupted;
}

void console_set_hooks(void (*idle)(void), void (*arrived)(void))
{
    console.idle = idle;
    console.arrived = arrived;
}

int console_read_key(void)
{
    for (;;) {
        cpu_disable_interrupts();
        int key = console_poll_key();
        if (key != KEY_NONE) {
            cpu_enable_interrupts();
            return key;
        }
        console.idle();
    }
}
