/*
 * Which firmware started the machine: by what the loader says, and else as far as memory tells.
 * Looked at before paging, because page 0 goes then. Pure.
 */
#ifndef PLAT_BOOT_FIRMWARE_H
#define PLAT_BOOT_FIRMWARE_H

#include "boot/boot_info.h"

/* What the firmware was told by; the first that is there counts. */
enum firmware_sign {
    FIRMWARE_NO_SIGN,
    FIRMWARE_LOADER,       /* UEFI: the loader says so */
    FIRMWARE_VECTORS,      /* a BIOS: interrupt vectors lead into its ROM */
    FIRMWARE_SYSTEM_TABLE, /* UEFI: its pointer to the system table stands in RAM */
    FIRMWARE_ACPI_PLACE    /* UEFI: ACPI's root lies where no BIOS may put it */
};

struct firmware {
    enum firmware_sign sign;
    bool calls;   /* INT 15h may be called: its vector leads to code, on a machine with a BIOS */
    paddr_t ebda; /* of a BIOS: its extended data area, from 512 K to 640 K; 0: it has none */
};

/*
 * A BIOS has set the vectors of its services 11h to 17h and 1Ah, and at least half of them lead to
 * code in its ROM, 0xe0000 to 0xfffff: loaders, network ROMs and disks in memory hook a few.
 * Vector 10h says nothing: UEFI leaves one for old video drivers, and page 0 may hold anything
 * there. The word at 0x40e is the segment of the extended data area (IBM PS/2 and PC BIOS
 * Interface Technical Reference).
 *
 * UEFI leaves a pointer to its system table on a boundary of 4 MB, with a signature and a CRC32
 * (UEFI 2.10, section 18.4.2); it is looked for in what INFO's map calls RAM.
 *
 * Changes nothing. Reads at most 1,100 words.
 */
struct firmware firmware_find(const struct boot_info *info, boot_reader read);

/*
 * ACPI's root pointer was found at ROOT (0: nowhere). A BIOS has it in its extended data area or
 * from 0xe0000 to 0xfffff, only UEFI elsewhere (ACPI 6.5, section 5.2.5). Decides where nothing
 * else did.
 */
void firmware_consider_root(struct firmware *firmware, paddr_t root);

/* "BIOS", "UEFI" or "none known", and in brackets how it was told. */
const char *firmware_name(const struct firmware *firmware);

#endif
