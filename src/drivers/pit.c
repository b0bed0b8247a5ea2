#include "drivers/pit.h"

#include "cpu/cpu.h"
#include "cpu/io.h"
#include "drivers/timer.h"

enum {
    CHANNEL_0 = 0x40,
    COMMAND = 0x43,
    RATE_GENERATOR = 0x34, /* channel 0, low byte then high byte, mode 2 */
    LATCH = 0x00           /* channel 0: what is read next is the count of now */
};

_Static_assert(PIT_COUNTS_A_TICK ==
                   (PIT_HZ + (int)TIMER_TICKS_A_SECOND / 2) / (int)TIMER_TICKS_A_SECOND,
               "a tick is a hundredth of a second");

void pit_start(void)
{
    io_write8(COMMAND, RATE_GENERATOR);
    io_write8(CHANNEL_0, PIT_COUNTS_A_TICK & 0xff);
    io_write8(CHANNEL_0, PIT_COUNTS_A_TICK >> 8);
}

uint16_t pit_count(void)
{
    uint32_t flags = cpu_save_flags(); /* the two reads belong together */
    io_write8(COMMAND, LATCH);
    uint16_t low = io_read8(CHANNEL_0);
    uint16_t high = io_read8(CHANNEL_0);
    cpu_restore_flags(flags);
    return (uint16_t)(low | high << 8);
}

uint32_t pit_late(void)
{
    uint16_t now = pit_count();
    return now < PIT_COUNTS_A_TICK ? (uint32_t)(PIT_COUNTS_A_TICK - now) : 0;
}
