/*
 * 100,000 random maps against an oracle that is a bitmap: an arena of 64 pages, at one of several
 * places, each page cut into 8 units of 512 bytes; claims begin and end on units. A page is usable
 * where all of its units are RAM and none is anything else. Outside of the arena nothing is RAM.
 */
#include "case.h"
#include "lib/string.h"
#include "memory/memory_map.h"

enum {
    PAGES = 64,
    UNITS_A_PAGE = 8,
    UNITS = PAGES * UNITS_A_PAGE,
    UNIT_BYTES = 512,
    ROUNDS = 100000
};

static struct memory_map map;
static uint32_t seed;

/* Marsaglia's xorshift: the same maps on every machine. */
static uint32_t next_random(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % below;
}

static bool one_map(uint64_t arena)
{
    static bool ram[UNITS], other[UNITS];
    for (size_t i = 0; i < UNITS; i++)
        ram[i] = other[i] = false;
    memory_map_clear(&map);
    uint32_t nclaims = next_random(24);
    for (uint32_t i = 0; i < nclaims; i++) {
        uint32_t first = next_random(UNITS), length = next_random(next_random(4) ? 40 : UNITS);
        if (first + length > UNITS)
            length = UNITS - first;
        bool is_ram = next_random(3) != 0;
        enum memory_kind kind =
            is_ram ? MEMORY_USABLE
                   : (enum memory_kind)(MEMORY_LOW + next_random(MEMORY_KINDS - MEMORY_LOW));
        for (uint32_t unit = first; unit < first + length; unit++) {
            if (is_ram)
                ram[unit] = true;
            else
                other[unit] = true;
        }
        if (memory_map_claim(&map, arena + first * UNIT_BYTES, (uint64_t)length * UNIT_BYTES, kind))
            return false;
    }
    memory_map_settle(&map);
    page_t usable = 0;
    for (uint32_t page = 0; page < PAGES; page++) {
        bool wanted = true;
        for (uint32_t unit = page * UNITS_A_PAGE; unit < (page + 1) * UNITS_A_PAGE; unit++)
            wanted = wanted && ram[unit] && !other[unit];
        uint64_t address = arena + (uint64_t)page * 4096;
        if (address < 0x100000 || address >= 0x100000000)
            wanted = false;
        usable += wanted;
        page_t number = (page_t)(address >> 12);
        if (address < 0x100000000 &&
            memory_map_count(&map, MEMORY_USABLE, number, number + 1) != wanted)
            return false;
    }
    return memory_map_count(&map, MEMORY_USABLE, 0, PAGES_IN_4GB) == usable;
}

CASE(memory_map, random_maps_against_a_bitmap)
{
    static const uint64_t arenas[] = {0x100000, 0xe0000, 0x12345000, 0xfffe0000, 0x100000000};
    seed = 20240607;
    for (int round = 0; round < ROUNDS; round++) {
        CHECK(one_map(arenas[round % 5]));
        CHECK_HOLDS(memory_map_check(&map));
        page_t sum = 0;
        for (unsigned kind = 0; kind < MEMORY_KINDS; kind++)
            sum += memory_map_count(&map, (enum memory_kind)kind, 0, PAGES_IN_4GB);
        CHECK_EQUAL(sum, PAGES_IN_4GB);
    }
}
