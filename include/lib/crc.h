/* The sum that POSIX's cksum prints: CRC-32 of the bytes and of their number. Pure. */
#ifndef PLAT_LIB_CRC_H
#define PLAT_LIB_CRC_H

#include "lib/types.h"

/* Of the NBYTES at START. About 8 instructions a byte. */
uint32_t crc_posix(const void *start, size_t nbytes);

#endif
