/*
 * Asking the BIOS for the memory map, for a loader that gives none: INT 15h, AX = E820h, then
 * E801h, then AH = 88h (Ralf Brown's interrupt list; ACPI 6.5, section 15.1).
 */
#ifndef PLAT_BOOT_BIOS_MAP_H
#define PLAT_BOOT_BIOS_MAP_H

#include "boot/boot_info.h"

/* What goes into INT 15h and comes out of it. e820.asm knows these offsets. */
struct bios_registers {
    uint32_t eax, ebx, ecx, edx;
    uint32_t carry;     /* out: 1 or 0 */
    uint8_t record[24]; /* what ES:DI points to */
};
_Static_assert(sizeof(struct bios_registers) == 44, "e820.asm copies this many bytes");

/* One INT 15h; the kernel's is bios_int15(), tests hand in BIOSes that misbehave. */
typedef void (*bios_call)(struct bios_registers *registers);

/*
 * e820.asm: goes down to real mode, does the interrupt with REGISTERS, and comes back.
 * Paging must be off and interrupts disabled; uses the memory from 0x6000 to 0x7fff.
 */
void bios_int15(struct bios_registers *registers);

/*
 * Replaces INFO's entries by what the BIOS says, by the newest of the calls that answers, none
 * newer than NEWEST (BOOT_MAP_E820, _E801 or _88). INFO->source is BOOT_MAP_NONE if none does.
 * A first call that breaks off midway is not believed at all.
 */
void bios_map_collect(struct boot_info *info, enum boot_map_source newest, bios_call call);

#endif
