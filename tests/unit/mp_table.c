/* The MP floating pointer, in a picture of memory in which it may be anywhere and broken. */
#include "drivers/mp_table.h"

#include "arena.h"
#include "case.h"

enum { PAGE = 4096, EBDA = 0x9e400 };
static const uint32_t pages[] = {0x7f000, 0x9e000, 0x9f000, 0xff000};

static const void *read(uint32_t address, uint32_t nbytes)
{
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        if (address >= pages[i] && address - pages[i] < PAGE)
            return nbytes > PAGE - (address - pages[i])
                       ? NULL
                       : shared->picture + i * PAGE + (address - pages[i]);
    return NULL;
}

static void clear(void)
{
    for (size_t i = 0; i < PICTURE_BYTES; i++)
        shared->picture[i] = 0;
}

/* A pointer whose bytes add up, with its second byte of features. */
static uint8_t *put(uint32_t address, uint8_t feature)
{
    static const uint8_t pointer[16] = {'_', 'M', 'P', '_', 0x10, 0x20, 0x0f, 0, 1, 4};
    uint8_t *at = (uint8_t *)(uintptr_t)read(address, 16), sum = feature;
    for (size_t i = 0; i < 16; i++) {
        at[i] = pointer[i];
        sum = (uint8_t)(sum + pointer[i]);
    }
    at[12] = feature;
    at[10] = (uint8_t)(256 - sum);
    return at;
}

static bool found(paddr_t ebda)
{
    const struct firmware firmware = {.ebda = ebda};
    return mp_table_has_imcr(&firmware, read);
}

CASE(mp_table, k15_the_imcr_is_where_the_feature_says_so)
{
    static const struct {
        uint32_t address;
        bool with_ebda, without;
    } places[] = {{EBDA, true, false},    {EBDA + 0x3f0, true, false}, {EBDA + 0x400, false, false},
                  {0x9fc00, false, true}, {0x9fff0, false, true},      {0x9fbf0, false, false},
                  {0x7fc00, false, true}, {0x7fff0, false, true},      {0xff000, true, true},
                  {0xffff0, true, true},  {0xff008, false, false}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        for (unsigned feature = 0; feature < 256; feature += 15) {
            clear();
            put(places[i].address, (uint8_t)feature);
            CHECK_EQUAL(found(EBDA), places[i].with_ebda && feature >= 128);
            CHECK_EQUAL(found(0), places[i].without && feature >= 128);
        }
    clear();
    CHECK(!found(EBDA) && !found(0));
}

CASE(mp_table, k15_a_broken_one_is_passed_over)
{
    for (size_t byte = 0; byte < 16; byte++) {
        clear();
        put(0xff000, 0x80)[byte] ^= 0x40;
        CHECK(!found(0));
        put(0xff100, 0x80); /* behind it is a good one */
        CHECK(found(0));
        put(0x9fc00, 0); /* and before it one that says no */
        CHECK(!found(0));
    }
    static const uint8_t lengths[] = {0, 17, 255};
    for (size_t i = 0; i < sizeof lengths; i++) {
        clear();
        uint8_t *at = put(0xff000, 0x80);
        at[8] = lengths[i];
        at[10] = (uint8_t)(at[10] + 1 - lengths[i]);
        CHECK(!found(0));
    }
    clear();
    uint8_t *last = put(0xffff0, 0x80);
    last[8] = 2; /* it would reach beyond */
    last[10]--;
    CHECK(!found(0));
}
