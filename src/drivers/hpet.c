#include "drivers/hpet.h"

#include "cpu/probe.h"

enum {
    CAPABILITIES = 0x000,
    LAST_TIMER_SHIFT = 8, /* .. of them: how many there are, less one */
    LAST_TIMER_MASK = 0x1f,
    PERIOD = 0x004,
    PERIOD_LEAST = 100000,    /* 10 GHz */
    PERIOD_MOST = 0x05f5e100, /* 100 ns, which the specification allows */
    CONFIGURATION = 0x010,
    COUNTS = 1 << 0,
    LEGACY = 1 << 1, /* timer 0 has line 0, and timer 1 line 8 */
    COUNT = 0x0f0,
    TIMER = 0x100, /* configuration of the first; each has TIMER_BYTES */
    TIMER_BYTES = 0x20,
    TIMER_INTERRUPTS = 1 << 2,
    REGISTERS_BYTES = 0x400,
    ALIGNMENT = 8
};

static volatile uint32_t *registers;

static volatile uint32_t *at(uint32_t offset)
{
    return registers + offset / 4;
}

static void close_timers(void)
{
    uint32_t last = *at(CAPABILITIES) >> LAST_TIMER_SHIFT & LAST_TIMER_MASK;
    for (uint32_t i = 0; i <= last; i++)
        *at(TIMER + i * TIMER_BYTES) &= ~(uint32_t)TIMER_INTERRUPTS;
}

uint32_t hpet_take_over(paddr_t address)
{
    if (!address || address % ALIGNMENT || !probe_memory(address, REGISTERS_BYTES))
        return 0;
    registers = (volatile uint32_t *)address;
    uint32_t capabilities = *at(CAPABILITIES), period = *at(PERIOD);
    if (capabilities == UINT32_MAX || period < PERIOD_LEAST || period > PERIOD_MOST)
        return 0;
    uint32_t configuration = *at(CONFIGURATION);
    if (configuration & LEGACY) {
        *at(CONFIGURATION) = configuration & ~(uint32_t)(COUNTS | LEGACY);
        close_timers();
    }
    return period;
}

void hpet_start(void)
{
    if (*at(CONFIGURATION) & COUNTS)
        return;
    close_timers();
    *at(CONFIGURATION) |= COUNTS;
}

uint32_t hpet_count(void)
{
    return *at(COUNT);
}
