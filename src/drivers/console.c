#include "drivers/console.h"

#include "cpu/cpu.h"
#include "drivers/pit.h"
#include "drivers/screen.h"
#include "drivers/serial.h"
#include "lib/print.h"

enum { QUEUE_KEYS = 256, CTRL_C = 3 };

static struct {
    struct terminal_decoder decoder;
    int16_t keys[QUEUE_KEYS];
    volatile uint8_t first, end; /* equal: empty; they wrap with the queue */
    void (*idle)(void);
    bool catching, interrupted; /* Ctrl-C */
} console = {.idle = pit_wait};

_Static_assert(QUEUE_KEYS == UINT8_MAX + 1, "the queue's ends wrap by themselves");

/* Called with interrupts off. A full queue drops the newest key. */
static void push(int key)
{
    if (console.catching && key == CTRL_C) {
        console.interrupted = true;
        return;
    }
    uint8_t next = (uint8_t)(console.end + 1);
    if (next == console.first)
        return;
    console.keys[console.end] = (int16_t)key;
    console.end = next;
}

static void receive(uint8_t byte)
{
    int key = terminal_decode(&console.decoder, byte);
    if (key != KEY_NONE)
        push(key);
}

bool console_start_input(void)
{
    serial_start_input(receive);
    return keyboard_init(push);
}

void console_say(bool has_serial, bool has_keyboard)
{
    screen_say_refused();
    kprintf("console: serial %s, ", has_serial ? "yes" : "no");
    screen_say();
    kprintf(", keyboard %s\n", has_keyboard ? "yes" : "no");
}

int console_poll_key(void)
{
    int key = KEY_NONE;
    uint32_t flags = cpu_save_flags();
    serial_poll();
    keyboard_poll();
    if (console.first != console.end) {
        key = console.keys[console.first];
        console.first = (uint8_t)(console.first + 1);
    }
    cpu_restore_flags(flags);
    return key;
}

int console_wait_key(uint32_t nticks)
{
    enum { WAITS_A_TICK = 10000 }; /* of a microsecond, where there are no ticks */
    uint32_t start = pit_ticks();
    int key;
    for (uint32_t waits = 0; (key = console_poll_key()) == KEY_NONE; waits++) {
        if (pit_ticks() - start >= nticks || waits / WAITS_A_TICK >= nticks)
            break;
        pit_wait();
    }
    return key;
}

void console_catch_interrupt(bool on)
{
    console.catching = on;
    console.interrupted = false;
}

bool console_interrupted(void)
{
    uint32_t flags = cpu_save_flags();
    serial_poll();
    keyboard_poll();
    bool interrupted = console.interrupted;
    console.interrupted = false;
    cpu_restore_flags(flags);
    return interrupted;
}

void console_set_idle(void (*idle)(void))
{
    console.idle = idle;
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
