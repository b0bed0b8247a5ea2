/* The four functions against loops of one line, at every alignment and length up to 40. */
#include "memory/memory.h"

#include "case.h"

enum { BYTES = 64 };

static uint8_t got[BYTES], wanted[BYTES], source[BYTES];

static void fill(void)
{
    for (size_t i = 0; i < BYTES; i++) {
        got[i] = wanted[i] = (uint8_t)(0x80 + i);
        source[i] = (uint8_t)(i * 7 + 1);
    }
}

static bool same(void)
{
    for (size_t i = 0; i < BYTES; i++)
        if (got[i] != wanted[i])
            return false;
    return true;
}

CASE(memory, set_and_copy)
{
    for (size_t offset = 0; offset < 8; offset++)
        for (size_t nbytes = 0; nbytes < 40; nbytes++) {
            fill();
            for (size_t i = 0; i < nbytes; i++)
                wanted[offset + i] = 0xa5;
            CHECK(memset(got + offset, 0x7a5, nbytes) == got + offset);
            CHECK(same());
            fill();
            for (size_t i = 0; i < nbytes; i++)
                wanted[offset + i] = source[3 + i];
            CHECK(memcpy(got + offset, source + 3, nbytes) == got + offset);
            CHECK(same());
        }
}

CASE(memory, move_within_itself)
{
    for (size_t from = 0; from < 12; from++)
        for (size_t to = 0; to < 12; to++)
            for (size_t nbytes = 0; nbytes < 40; nbytes++) {
                fill();
                for (size_t i = 0; i < nbytes; i++)
                    wanted[to + i] = got[from + i];
                CHECK(memmove(got + to, got + from, nbytes) == got + to);
                CHECK(same());
            }
}

CASE(memory, compare_as_unsigned)
{
    static const uint8_t low[] = {1, 2, 3}, high[] = {1, 2, 0x83};
    CHECK(memcmp(low, high, 2) == 0 && memcmp(low, high, 0) == 0);
    CHECK(memcmp(low, high, 3) < 0 && memcmp(high, low, 3) > 0);
}
