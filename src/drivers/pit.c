#include "drivers/pit.h"

#include "cpu/cpu.h"
#include "cpu/io.h"
#include "cpu/panic.h"
#include "drivers/pic.h"
#include "lib/print.h"

enum {
    CHANNEL_0 = 0x40,
    COMMAND = 0x43,
    RATE_GENERATOR = 0x34, /* channel 0, low byte then high byte, mode 2 */
    INPUT_HZ = 1193182,
    IRQ_LINE = 0,
    HANDLERS_MOST = 2,
    WAITS_IN_VAIN = 1000000, /* of about 1 us */
    WAITS_FOR_FIRST = 100000
};

static volatile uint32_t ticks;
static void (*on_tick[HANDLERS_MOST])(void);

static void tick(void)
{
    ticks = ticks + 1;
    for (int i = 0; i < HANDLERS_MOST && on_tick[i]; i++)
        on_tick[i]();
}

void pit_on_tick(void (*handler)(void))
{
    int i = 0;
    while (i < HANDLERS_MOST && on_tick[i])
        i++;
    if (i == HANDLERS_MOST)
        panic("timer: more than %d handlers", HANDLERS_MOST);
    on_tick[i] = handler;
}

void pit_init(void)
{
    const uint16_t divisor = (INPUT_HZ + PIT_TICKS_A_SECOND / 2) / PIT_TICKS_A_SECOND;
    io_write8(COMMAND, RATE_GENERATOR);
    io_write8(CHANNEL_0, (uint8_t)divisor);
    io_write8(CHANNEL_0, divisor >> 8);
    pic_start(IRQ_LINE, tick);
}

uint32_t pit_ticks(void)
{
    return ticks;
}

bool pit_works(void)
{
    for (int i = 0; !ticks && i < WAITS_FOR_FIRST; i++)
        pit_wait();
    return ticks != 0;
}

void pit_wait(void)
{
    static uint32_t in_vain;
    if (ticks) {
        cpu_wait();
        return;
    }
    cpu_enable_interrupts();
    io_pause();
    if (++in_vain == WAITS_IN_VAIN)
        kprintf("%stimer: its interrupts do not come; keys are looked for, nobody takes turns\n",
                print_at_line_start() ? "" : "\n");
}
