/* Switching the machine off and restarting it through the registers that ACPI's tables name. */
#ifndef PLAT_DRIVERS_ACPI_POWER_H
#define PLAT_DRIVERS_ACPI_POWER_H

#include "drivers/acpi.h"

/*
 * Both return only where the machine goes on, after three seconds at most. SAY is called with the
 * register before it is written. Interrupts must be off.
 */
typedef void (*acpi_say)(const struct acpi_register *target);

/* Why the machine is still on, in words. */
const char *acpi_power_off(struct acpi *acpi, acpi_say say);

void acpi_restart(const struct acpi *acpi, acpi_say say);

#endif
