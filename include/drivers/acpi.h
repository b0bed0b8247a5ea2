/*
 * What ACPI's tables say about switching a machine off and restarting it. Read only, and only what
 * adds up: every length and every sum is checked before a table is used. The DSDT's code is not
 * run: its one value that is needed stands there as a constant. Pure.
 */
#ifndef PLAT_DRIVERS_ACPI_H
#define PLAT_DRIVERS_ACPI_H

#include "boot/boot_info.h"
#include "boot/firmware.h"

enum { ACPI_TABLE_BYTES_MOST = 4 << 20 };

/* Where a register is. ACPI also knows places that are not for us: those are ACPI_NOWHERE. */
enum acpi_place { ACPI_NOWHERE, ACPI_PORT, ACPI_MEMORY };
struct acpi_register {
    enum acpi_place place;
    uint32_t address; /* of a port, at most 0xffff */
};

/* General-purpose events: NBYTES / 2 bytes of status, and as many that enable. */
struct acpi_events {
    struct acpi_register at;
    uint8_t nbytes;
};

struct acpi {
    boot_reader read;
    paddr_t root; /* of the root pointer; 0: there is none, and nothing below is set */
    uint8_t revision;
    char oem[7];
    paddr_t list; /* the RSDT, or the XSDT; 0: neither can be used */
    size_t entry_bytes, nentries;

    /* Of the fixed description; without it all of these are 0. */
    bool fixed;
    paddr_t dsdt;
    uint16_t smi_port; /* ACPI_ENABLE is written there first; 0: no need to */
    uint8_t acpi_enable;
    struct acpi_register control[2]; /* PM1a and PM1b, of 16 bits */
    struct acpi_register status[2];  /* of PM1a and PM1b, of 16 bits */
    struct acpi_events events[2];
    struct acpi_register sleep_control; /* instead of them, of 8 bits */
    struct acpi_register reset;
    uint8_t reset_value;
    struct acpi_register pm_timer; /* of 24 bits, or WIDE, of 32 */
    bool pm_timer_wide;
    uint8_t century; /* where the RTC has it; 0: nowhere */

    paddr_t hpet; /* of the HPET's registers, by a table of its own; 0: none in memory below 4 GB */

    /* The first table that was refused, and why; NULL: none was. */
    const char *refused;
    char refused_table[5];
    paddr_t refused_at;
};

/*
 * Takes the root pointer that the loader has a copy of, or looks for it where a BIOS has it (the
 * first KB of the extended data area, 0xe0000 to 0xfffff), then in all memory below 4 GB that
 * INFO's map calls ACPI's, where UEFI mostly has it, and reads the tables that it leads to. READ is
 * kept. Costs some 4 instructions for each of 16 bytes searched, and one for each byte of a table
 * that is used.
 */
void acpi_find(struct acpi *acpi, const struct boot_info *info, const struct firmware *firmware,
               boot_reader read);

/*
 * The numbers that the two control registers want for "soft off", from the DSDT or else an SSDT:
 * its Name (_S5_, Package (..)). False where none of them has it; ACPI may then have a new refusal.
 * O(bytes of these tables).
 */
MUST_USE bool acpi_find_off(struct acpi *acpi, uint8_t types[2]);

#endif
