/* What the kernel runs on, as it says at the start and in the form for a report (sysinfo). */
#ifndef PLAT_SHELL_MACHINE_H
#define PLAT_SHELL_MACHINE_H

#include "boot/firmware.h"
#include "cpu/cpu.h"
#include "drivers/acpi.h"
#include "memory/memory_map.h"

/* All of it the kernel's, and there as long as it is. */
struct machine {
    const struct cpu_features *cpu;
    const struct boot_info *boot;
    const struct firmware *firmware;
    const struct acpi *acpi;
    const struct memory_map *map;
    bool has_keyboard;
};

/* A line each: processor; firmware, and what its tables are good for; loader and command line. */
void machine_say_cpu(const struct machine *machine);
void machine_say_firmware(const struct machine *machine);
void machine_say_loader(const struct machine *machine);

/* Lines about the modules that the loader brought, and those that can't be used. */
void machine_say_modules(const struct machine *machine);

/* Lines about the memory map's entries: whose they are, and those that were left out. */
void machine_say_entries(const struct machine *machine);

/* All that a person needs to know about a machine on which something went wrong. */
void machine_report(const struct machine *machine);

#endif
