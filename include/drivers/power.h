/* Ways out of the machine. */
#ifndef PLAT_DRIVERS_POWER_H
#define PLAT_DRIVERS_POWER_H

#include "drivers/acpi.h"

/* What a test harness reads; QEMU's exit status is twice the value plus one. */
enum power_verdict { POWER_OK = 0x10, POWER_FAILED = 0x11, POWER_PANIC = 0x20 };

/* Tells how the machine is switched off and restarted; ACPI stays the caller's. */
void power_use(struct acpi *acpi);

/*
 * Leaves through QEMU's isa-debug-exit with VERDICT if that device answers; returns if it does not.
 * What was printed has left the serial port before.
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
