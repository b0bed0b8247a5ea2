/* The sum that cksum prints: answers of GNU coreutils' cksum. */
#include "lib/crc.h"

#include "case.h"

CASE(crc, says_what_cksum_says)
{
    static uint8_t zeros[700];
    CHECK_EQUAL(crc_posix("", 0), 4294967295);
    CHECK_EQUAL(crc_posix("123456789", 9), 930766865);
    CHECK_EQUAL(crc_posix(zeros, sizeof zeros), 2339361735);
}

CASE(crc, sees_every_flip_of_a_bit)
{
    uint8_t bytes[67];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37);
    uint32_t right = crc_posix(bytes, sizeof bytes);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(crc_posix(bytes, sizeof bytes) != right);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
