/*
 * A made-up board for drivers that speak to ports: a case defines what the ports do, then includes
 * this header and the driver's .c, which sees no other io.h, timer.h and
 * deadline.h. Time passes by looking: a
 * deadline of N microseconds is over after N looks.
 */
#ifndef PLAT_TESTS_PORTS_H
#define PLAT_TESTS_PORTS_H

#include "lib/types.h"

#define PLAT_CPU_IO_H
#define PLAT_DRIVERS_TIMER_H
#define PLAT_DRIVERS_DEADLINE_H

static uint32_t port_read(uint16_t port, unsigned nbytes);
static void port_write(uint16_t port, uint32_t value, unsigned nbytes);

__attribute__((unused)) static uint8_t io_read8(uint16_t port)
{
    return (uint8_t)port_read(port, 1);
}

__attribute__((unused)) static uint16_t io_read16(uint16_t port)
{
    return (uint16_t)port_read(port, 2);
}

__attribute__((unused)) static void io_write8(uint16_t port, uint8_t value)
{
    port_write(port, value, 1);
}

__attribute__((unused)) static void io_write16(uint16_t port, uint16_t value)
{
    port_write(port, value, 2);
}

__attribute__((unused)) static void io_pause(void)
{
}

#define TIMER_TICKS_A_SECOND 100u

static uint32_t board_ticks;

__attribute__((unused)) static uint32_t timer_ticks(void)
{
    return board_ticks;
}

struct deadline {
    uint32_t looks_left;
};

__attribute__((unused)) static struct deadline deadline_in(uint32_t nmicroseconds)
{
    return (struct deadline){nmicroseconds};
}

__attribute__((unused)) static bool deadline_passed(struct deadline *deadline)
{
    return deadline->looks_left == 0 || --deadline->looks_left == 0;
}

__attribute__((unused)) static void deadline_wait(uint32_t nmicroseconds)
{
    (void)nmicroseconds;
}

#endif
