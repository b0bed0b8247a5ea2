#include "lib/crc.h"

#define POLYNOMIAL 0x04c11db7u

static struct {
    bool made;
    uint32_t of_byte[256]; /* what a byte in the highest place does to the rest */
} table;

static void make_table(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte << 24;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 31 ? crc << 1 ^ POLYNOMIAL : crc << 1;
        table.of_byte[byte] = crc;
    }
    table.made = true;
}

static uint32_t add(uint32_t crc, uint8_t byte)
{
    return crc << 8 ^ table.of_byte[crc >> 24 ^ byte];
}

uint32_t crc_posix(const void *start, size_t nbytes)
{
    const uint8_t *bytes = start;
    uint32_t crc = 0;
    if (!table.made)
        make_table();
    for (size_t i = 0; i < nbytes; i++)
        crc = add(crc, bytes[i]);
    for (size_t left = nbytes; left > 0; left >>= 8)
        crc = add(crc, left & 0xff);
    return ~crc;
}
