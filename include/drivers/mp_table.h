/* What old boards with several processors say about how the PIC is connected. Pure. */
#ifndef PLAT_DRIVERS_MP_TABLE_H
#define PLAT_DRIVERS_MP_TABLE_H

#include "boot/boot_info.h"
#include "boot/firmware.h"

/*
 * Whether there is an interrupt mode configuration register (IMCR), which says whether the PIC
 * reaches the first processor directly. Looks for the MP floating pointer in the first KB of the
 * BIOS's extended data area or, where there is none, in the last KB of 640 and of 512, and then in
 * its ROM; one whose bytes do not add up to 0 is passed over.
 */
MUST_USE bool mp_table_has_imcr(const struct firmware *firmware, boot_reader read);

#endif
