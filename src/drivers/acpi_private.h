/* What acpi.c and acpi_off.c share. */
#ifndef PLAT_DRIVERS_ACPI_PRIVATE_H
#define PLAT_DRIVERS_ACPI_PRIVATE_H

#include "drivers/acpi.h"
#include "drivers/acpi_tables.h"

/* The table SIGNATURE at ADDRESS, all of it there and adding up; else NULL, and that is noted. */
const struct acpi_header *acpi_read_table(struct acpi *acpi, const char *signature,
                                          paddr_t address);

/* The next such table from entry *INDEX of the list on, which moves behind it; NULL without one. */
const struct acpi_header *acpi_next_table(struct acpi *acpi, const char *signature, size_t *index);

#endif
