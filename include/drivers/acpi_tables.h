/*
 * Layouts of the ACPI specification (6.5, chapters 5.2.3 to 5.2.10), as a firmware leaves them in
 * memory. Nothing here may be trusted: drivers/acpi.c checks what it reads.
 */
#ifndef PLAT_DRIVERS_ACPI_TABLES_H
#define PLAT_DRIVERS_ACPI_TABLES_H

#include "lib/types.h"

/* The root pointer; from LENGTH on only with revision 2 and later. */
struct acpi_root_pointer {
    char signature[8]; /* "RSD PTR " */
    uint8_t sum;       /* makes the first 20 bytes add up to 0 */
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length;
    uint32_t xsdt_low, xsdt_high;
    uint8_t extended_sum; /* .. and this one all of them */
    uint8_t reserved[3];
} __attribute__((packed));
_Static_assert(offsetof(struct acpi_root_pointer, length) == 20, "ACPI 1.0's ends here");
_Static_assert(sizeof(struct acpi_root_pointer) == 36, "ACPI fixes this size");

/* What each table begins with. */
struct acpi_header {
    char signature[4];
    uint32_t length; /* of the table, the header included */
    uint8_t revision;
    uint8_t sum; /* makes the table's bytes add up to 0 */
    char oem[6];
    char oem_table[8];
    uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_header) == 36, "ACPI fixes this size");

/* A register, wherever it is. */
enum { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_PORT = 1 };
struct acpi_address {
    uint8_t space, nbits, offset, access;
    uint32_t low, high;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_address) == 12, "ACPI fixes this size");

#define ACPI_WIDE_TIMER (1u << 8)  /* flags: the PM timer has 32 bits, not 24 */
#define ACPI_HAS_RESET  (1u << 10) /* .. the reset register is there */
#define ACPI_REDUCED    (1u << 20) /* .. there are no PM1 registers, but those for sleep */

/* The fixed description, "FACP"; it has grown with each version, and may end at any field. */
struct acpi_fixed {
    struct acpi_header header;
    uint32_t facs, dsdt;
    uint8_t reserved, profile;
    uint16_t sci;
    uint32_t smi_command;
    uint8_t acpi_enable, acpi_disable, s4_request, performance_control;
    uint32_t pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, pm_timer, gpe0, gpe1;
    uint8_t pm1_event_nbytes, pm1_control_nbytes, pm2_control_nbytes, pm_timer_nbytes;
    uint8_t gpe0_nbytes, gpe1_nbytes;
    uint8_t latencies_and_more[14], century, boot_flags_pc[3];
    uint32_t flags;
    struct acpi_address reset;
    uint8_t reset_value;
    uint8_t boot_flags_arm[2], minor;
    uint32_t x_facs[2], x_dsdt_low, x_dsdt_high;
    struct acpi_address x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control, x_pm2_control,
        x_pm_timer, x_gpe0, x_gpe1, sleep_control, sleep_status;
} __attribute__((packed));
_Static_assert(offsetof(struct acpi_fixed, dsdt) == 40, "ACPI fixes this place");
_Static_assert(offsetof(struct acpi_fixed, smi_command) == 48, "ACPI fixes this place");
_Static_assert(offsetof(struct acpi_fixed, pm1a_control) == 64, "ACPI fixes this place");
_Static_assert(offsetof(struct acpi_fixed, gpe0_nbytes) == 92, "ACPI fixes this place");
_Static_assert(offsetof(struct acpi_fixed, century) == 108, "ACPI fixes this place");
_Static_assert(offsetof(struct acpi_fixed, flags) == 112, "ACPI fixes this place");
_Static_assert(offsetof(struct acpi_fixed, reset) == 116, "ACPI 1.0's ends here");
_Static_assert(offsetof(struct acpi_fixed, x_dsdt_low) == 140, "ACPI fixes this place");
_Static_assert(offsetof(struct acpi_fixed, x_pm1a_control) == 172, "ACPI fixes this place");
_Static_assert(offsetof(struct acpi_fixed, x_pm_timer) == 208, "ACPI fixes this place");
_Static_assert(offsetof(struct acpi_fixed, x_gpe0) == 220, "ACPI fixes this place");
_Static_assert(offsetof(struct acpi_fixed, sleep_control) == 244, "ACPI fixes this place");

/* Where a high precision event timer is, "HPET" (Intel, IA-PC HPET Specification 1.0a, 3.2.4). */
struct acpi_hpet {
    struct acpi_header header;
    uint32_t block;
    struct acpi_address registers;
    uint8_t number;
    uint16_t least;
    uint8_t protection;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_hpet) == 56, "Intel fixes this size");

#endif
