/* Runs of bits, against counting them one by one. */
#include "lib/bits.h"

#include "case.h"

static uint64_t seed = 88172645463325252u;

/* Words of few bits and of many, in runs. */
static uint64_t next_word(void)
{
    uint64_t word = UINT64_MAX;
    for (unsigned i = 0; i < (unsigned)(seed & 3); i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        word &= seed | seed << 1 | seed >> 3;
    }
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed & 64 ? word : ~word;
}

static unsigned length_at(uint64_t word, unsigned place)
{
    unsigned length = 0;
    while (place + length < 64 && word >> (place + length) & 1)
        length++;
    return length;
}

CASE(bits, lowest_and_highest)
{
    for (unsigned i = 0; i < 64; i++)
        for (unsigned j = 0; j <= i; j++) {
            uint64_t word = (uint64_t)1 << i | (uint64_t)1 << j;
            CHECK_EQUAL(bits_lowest(word), j);
            CHECK_EQUAL(bits_highest(word), i);
        }
}

CASE(bits, runs_are_found)
{
    for (int round = 0; round < 2000; round++) {
        uint64_t word = next_word();
        unsigned longest = 0;
        for (unsigned place = 0; place < 64; place++) {
            unsigned length = length_at(word, place), start = place;
            longest = length > longest ? length : longest;
            if (length == 0)
                continue;
            while (start > 0 && word >> (start - 1) & 1)
                start--;
            CHECK_EQUAL(bits_length_around(word, place), length + place - start);
        }
        CHECK_EQUAL(bits_longest_run(word), longest);
        for (unsigned length = 1; length <= 64; length++)
            for (unsigned place = 0; place < 64; place++)
                CHECK_EQUAL(bits_runs(word, length) >> place & 1, length_at(word, place) >= length);
    }
    CHECK_EQUAL(bits_longest_run(0), 0);
    CHECK_EQUAL(bits_longest_run(UINT64_MAX), 64);
    CHECK_EQUAL(bits_run(0, 32), 0xffffffffu);
    CHECK(bits_run(32, 32) == (uint64_t)0xffffffffu << 32 && bits_run(63, 1) >> 63 == 1);
}
