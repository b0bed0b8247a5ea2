/* Ways out of the machine. */
#ifndef PLAT_DRIVERS_POWER_H
#define PLAT_DRIVERS_POWER_H

#include "drivers/acpi.h"

/* What a test harness reads; QEMU's exit status is twice the value plus one. */
enum power_verdict { POWER_OK = 0x10, POWER_FAILED = 0x11, POWER_PANIC = 0x20 };

/* Tells how the machine is switched off and restarted; ACPI stays the caller's. */
void power_use(struct acpi *acpi);

/* Has power_leave() write to PORT, whatever is there. */
void power_leave_by(uint16_t port);

/*
 * How long an order to leave, to go off or to restart is waited for: machines obey late. Nothing is
 * printed meanwhile, so that the last word stays the last where the order is obeyed.
 */
enum { POWER_ORDER_MICROSECONDS = 2000000 };

/*
 * Leaves with VERDICT through QEMU's isa-debug-exit, at port 0xf4 where this is QEMU and something
 * answers there, or at the port that power_leave_by() named; returns if there is neither, or if the
 * machine is still there after the time above, in which no interrupt comes. What was printed has
 * left the serial port before.
 */
void power_leave(enum power_verdict verdict);

/* Switches the machine off; returns where that can't be done, within seconds, and says why. */
void power_off(void);

/*
 * Restarts the machine: by ACPI, the keyboard controller, PCI's reset port, then a triple fault; a
 * line for each that is tried.
 */
_Noreturn void power_restart(void);

#endif
