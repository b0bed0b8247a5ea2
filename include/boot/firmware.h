/* What a BIOS leaves in page 0, which is looked at before that page goes. Pure. */
#ifndef PLAT_BOOT_FIRMWARE_H
#define PLAT_BOOT_FIRMWARE_H

#include "boot/boot_info.h"

struct firmware {
    bool bios;    /* its services for the screen are there: this is no bare UEFI */
    paddr_t ebda; /* where its extended data area begins, from 512 K to 640 K; 0: it has none */
};

/*
 * Reads interrupt vector 10h, which a BIOS has in a ROM from 0xc0000 on (who starts from a network
 * or a disk in memory has others elsewhere), and the word at 0x40e, the segment of its extended
 * data area (IBM PS/2 and PC BIOS Interface Technical Reference). Changes nothing.
 */
struct firmware firmware_find(boot_reader read);

#endif
