/*
 * Bits and runs of bits in words of 64. Nothing here needs a compiler's library on a machine of 32.
 */
#ifndef PLAT_LIB_BITS_H
#define PLAT_LIB_BITS_H

#include "lib/types.h"

/* The number of the lowest bit that is set in WORD, which is not 0. */
static inline unsigned bits_lowest(uint64_t word)
{
    uint32_t low = (uint32_t)word;
    return low ? (unsigned)__builtin_ctz(low)
               : 32 + (unsigned)__builtin_ctz((uint32_t)(word >> 32));
}

/* The number of the highest one. */
static inline unsigned bits_highest(uint64_t word)
{
    uint32_t high = (uint32_t)(word >> 32);
    return high ? 63 - (unsigned)__builtin_clz(high) : 31 - (unsigned)__builtin_clz((uint32_t)word);
}

/* LENGTH bits from PLACE on; LENGTH is 1 to 32. */
static inline uint64_t bits_run(unsigned place, unsigned length)
{
    return (uint64_t)(UINT32_MAX >> (32 - length)) << place;
}

/* The places where runs of LENGTH bits or more begin in WORD: by doubling, then what is left. */
static inline uint64_t bits_runs(uint64_t word, unsigned length)
{
    unsigned have = 1;
    if (length >= 2)
        word &= word >> 1, have = 2;
    if (length >= 4)
        word &= word >> 2, have = 4;
    if (length >= 8)
        word &= word >> 4, have = 8;
    if (length >= 16)
        word &= word >> 8, have = 16;
    if (length >= 32)
        word &= word >> 16, have = 32;
    return word & word >> (length - have);
}

/* The length of the longest run of bits in WORD: by halves, as far as runs that long exist. */
static inline unsigned bits_longest_run(uint64_t word)
{
    uint64_t halves[6]; /* [k]: where runs of 2^k bits begin */
    unsigned k = 0, length;
    if (!word || word == UINT64_MAX)
        return word ? 64 : 0;
    for (halves[0] = word; k < 5; k++) {
        halves[k + 1] = halves[k] & halves[k] >> (1u << k);
        if (!halves[k + 1])
            break;
    }
    uint64_t runs = halves[k];
    length = 1u << k;
    while (k-- > 0) {
        uint64_t longer = runs & halves[k] >> length;
        if (!longer)
            continue;
        runs = longer;
        length += 1u << k;
    }
    return length;
}

/* The length of the run of bits in WORD that contains PLACE. */
static inline unsigned bits_length_around(uint64_t word, unsigned place)
{
    uint64_t below = ~word << (63 - place), above = ~word >> place;
    unsigned down = below ? 63 - bits_highest(below) : place + 1;
    unsigned up = above ? bits_lowest(above) : 64 - place;
    return down + up - 1;
}

#endif
