#include "boot/firmware.h"

enum {
    VECTOR_SCREEN = 0x10,
    EBDA_SEGMENT = 0x40e,
    ROM_START = 0xc0000,
    EBDA_LOWEST = 0x80000,
    EBDA_HIGHEST = 0xa0000
};

static uint32_t read_number(boot_reader read, uint32_t address, uint32_t nbytes)
{
    uint32_t value = 0;
    const void *at = read(address, nbytes);
    if (at)
        __builtin_memcpy(&value, at, nbytes);
    return value;
}

struct firmware firmware_find(boot_reader read)
{
    paddr_t ebda = read_number(read, EBDA_SEGMENT, 2) * 16;
    uint32_t screen = read_number(read, VECTOR_SCREEN * 4, 4); /* segment and offset */
    bool bios = (screen >> 16) * 16 + (screen & 0xffff) >= ROM_START;
    return (struct firmware){
        .bios = bios,
        .ebda = bios && ebda >= EBDA_LOWEST && ebda < EBDA_HIGHEST ? ebda : 0,
    };
}
