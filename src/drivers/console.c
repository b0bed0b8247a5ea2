#include "drivers/console.h"

#include "cpu/cpu.h"
#include "drivers/serial.h"

enum { QUEUE_KEYS = 256 };

static struct {
    struct terminal_decoder decoder;
    int16_t keys[QUEUE_KEYS];
    volatile uint8_t first, end; /* equal: empty; they wrap with the queue */
} console;

_Static_assert(QUEUE_KEYS == UINT8_MAX + 1, "the queue's ends wrap by themselves");

/* Called with interrupts off. A full queue drops the newest key. */
static void push(int key)
{
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

int console_read_key(void)
{
    for (;;) {
        cpu_disable_interrupts();
        serial_poll();
        if (console.first != console.end) {
            int key = console.keys[console.first];
            console.first = (uint8_t)(console.first + 1);
            cpu_enable_interrupts();
            return key;
        }
        cpu_wait(); /* the timer wakes it at the latest */
    }
}
