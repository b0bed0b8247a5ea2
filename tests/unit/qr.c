/*
 * QR codes, read back by what shares no code with the encoder: places of alignments from the
 * standard's table, a field of logarithms, syndromes, penalties by lists of runs.
 * tests/checks/qr.t compares with a library's codes, module for module.
 */
#include "lib/qr.h"

#include "arena.h"
#include "case.h"
#include "lib/string.h"

enum { TEXT_MOST = QR_BYTES_MOST + 1, LINE_MOST = QR_SIDE_MOST + 2 };

struct fixture {
    struct qr qr;
    uint8_t text[TEXT_MOST];
    uint8_t words[QR_WORDS_MOST + 1];   /* as they were read; bits may be left over */
    uint8_t data[QR_WORDS_MOST];        /* .. block after block */
    uint8_t power[255], logarithm[256]; /* of 2 in GF(256) */
    bool map[QR_SIDE_MOST][QR_SIDE_MOST];
};
_Static_assert(sizeof(struct fixture) <= ARENA_BLOCKS * ARENA_BLOCK_SIZE, "it fits");

static struct fixture *fixture(void)
{
    return (struct fixture *)arena;
}

static void fill_text(size_t nbytes, uint32_t seed)
{
    for (size_t i = 0; i < nbytes; i++, seed = seed * 1664525 + 1013904223)
        fixture()->text[i] = (uint8_t)(seed >> 24);
}

/* Annex E, from version 7 on the places between the first one, 6, and the last. */
static const uint8_t middles[QR_VERSION_MOST + 1][5] = {
    [2] = {18},
    [3] = {22},
    [4] = {26},
    [5] = {30},
    [6] = {34},
    [7] = {22, 38},
    [8] = {24, 42},
    [9] = {26, 46},
    [10] = {28, 50},
    [11] = {30, 54},
    [12] = {32, 58},
    [13] = {34, 62},
    [14] = {26, 46, 66},
    [15] = {26, 48, 70},
    [16] = {26, 50, 74},
    [17] = {30, 54, 78},
    [18] = {30, 56, 82},
    [19] = {30, 58, 86},
    [20] = {34, 62, 90},
    [21] = {28, 50, 72, 94},
    [22] = {26, 50, 74, 98},
    [23] = {30, 54, 78, 102},
    [24] = {28, 54, 80, 106},
    [25] = {32, 58, 84, 110},
};

static bool near(uint32_t a, uint32_t b, uint32_t reach)
{
    return a + reach >= b && b + reach >= a;
}

/* Whether the module belongs to no codeword. */
static bool holds_no_word(uint32_t row, uint32_t column)
{
    uint32_t side = fixture()->qr.side, version = fixture()->qr.version;
    bool top = row < 9, left = column < 9, bottom = row >= side - 8, right = column >= side - 8;
    if ((top && left) || (top && right) || (bottom && left) || row == 6 || column == 6)
        return true;
    if (version >= 7 && ((row < 6 && column >= side - 11) || (column < 6 && row >= side - 11)))
        return true;
    uint8_t places[6] = {6};
    size_t n = 1;
    for (const uint8_t *at = middles[version]; n < 6 && at < middles[version] + 5 && *at; at++)
        places[n++] = *at;
    for (size_t y = 0; y < n; y++)
        for (size_t x = 0; x < n; x++) {
            bool finder = (!y && !x) || (!y && x == n - 1) || (!x && y == n - 1);
            if (!finder && near(row, places[y], 2) && near(column, places[x], 2))
                return true;
        }
    return false;
}

static const char *const finder[] = {"#######.", "#.....#.", "#.###.#.", "#.###.#.",
                                     "#.###.#.", "#.....#.", "#######.", "........"};

static bool has_finders(const struct qr *qr)
{
    for (uint32_t y = 0; y < 8; y++)
        for (uint32_t x = 0; x < 8; x++) {
            bool dark = finder[y][x] == '#';
            if (qr_dark(qr, y, x) != dark || qr_dark(qr, y, qr->side - 1 - x) != dark ||
                qr_dark(qr, qr->side - 1 - y, x) != dark)
                return false;
        }
    return true;
}

static uint32_t format_of(const struct qr *qr)
{
    static const uint8_t places[][2] = {{8, 0}, {8, 1}, {8, 2}, {8, 3}, {8, 4},
                                        {8, 5}, {8, 7}, {8, 8}, {7, 8}, {5, 8},
                                        {4, 8}, {3, 8}, {2, 8}, {1, 8}, {0, 8}};
    uint32_t bits = 0;
    for (size_t i = 0; i < 15; i++)
        bits = bits << 1 | qr_dark(qr, places[i][0], places[i][1]);
    return bits;
}

static uint32_t other_format_of(const struct qr *qr)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < 7; i++)
        bits = bits << 1 | qr_dark(qr, qr->side - 1 - i, 8);
    for (uint32_t i = 0; i < 8; i++)
        bits = bits << 1 | qr_dark(qr, 8, qr->side - 8 + i);
    return bits;
}

/* Table 10 in other words. */
static bool turned(unsigned mask, uint32_t i, uint32_t j)
{
    const bool turns[] = {
        !((i + j) % 2),         !(i % 2),     !(j % 3),      !((i + j) % 3),
        !((i / 2 + j / 3) % 2), !(i * j % 6), i * j % 6 < 3, !(((i + j) % 2 + i * j % 3) % 2)};
    return turns[mask];
}

/* Reads codewords into WORDS; how many bits were left over. */
static uint32_t read_words(uint32_t *nwords)
{
    const struct qr *qr = &fixture()->qr;
    uint32_t nbits = 0;
    int32_t side = (int32_t)qr->side;
    for (int32_t pair = 0; pair < (side - 1) / 2; pair++) {
        int32_t column = side - 1 - 2 * pair; /* counted without timing's */
        column -= column <= 6;
        for (int32_t step = 0; step < side; step++)
            for (int32_t x = column; x > column - 2; x--) {
                uint32_t row = (uint32_t)(pair % 2 ? step : side - 1 - step);
                if (holds_no_word(row, (uint32_t)x))
                    continue;
                uint8_t *word = &fixture()->words[nbits / 8];
                *word = (uint8_t)(*word << 1 | (qr_dark(qr, row, (uint32_t)x) ^
                                                turned(qr->mask, row, (uint32_t)x)));
                nbits++;
            }
    }
    *nwords = nbits / 8;
    return nbits % 8;
}

static void make_field(void)
{
    unsigned value = 1;
    for (unsigned i = 0; i < 255; i++) {
        fixture()->power[i] = (uint8_t)value;
        fixture()->logarithm[value] = (uint8_t)i;
        value = value < 128 ? 2 * value : (2 * value - 256) ^ 0x1d;
    }
}

/* The polynomial whose coefficients are WORDS, the highest first, at 2^POWER. */
static uint8_t value_at(const uint8_t *words, uint32_t nwords, unsigned power)
{
    uint8_t value = 0;
    for (uint32_t i = 0; i < nwords; i++) {
        unsigned exponent = value ? (fixture()->logarithm[value] + power) % 255u : 0;
        value = (value ? fixture()->power[exponent] : 0) ^ words[i];
    }
    return value;
}

/* Deals the words to NBLOCKS blocks with NCHECKS each, which have to check, and joins their data.
 */
static const char *check_blocks(uint32_t nwords, uint32_t nblocks, uint32_t nchecks,
                                uint32_t *ndata)
{
    uint8_t block[160];
    uint32_t per = nwords / nblocks - nchecks, longer = nwords % nblocks;
    *ndata = 0;
    make_field();
    for (uint32_t b = 0; b < nblocks; b++) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < per; i++)
            block[n++] = fixture()->words[i * nblocks + b];
        if (b >= nblocks - longer)
            block[n++] = fixture()->words[per * nblocks + b - (nblocks - longer)];
        for (uint32_t i = 0; i < n; i++)
            fixture()->data[(*ndata)++] = block[i];
        for (uint32_t i = 0; i < nchecks; i++)
            block[n++] = fixture()->words[nwords - (nchecks - i) * nblocks + b];
        for (unsigned power = 0; power < nchecks; power++)
            if (value_at(block, n, power))
                return "a block does not check";
    }
    return NULL;
}

static uint32_t data_bits(uint32_t *at, uint32_t nbits)
{
    uint32_t value = 0;
    for (; nbits > 0; nbits--, ++*at)
        value = value << 1 | (fixture()->data[*at / 8] >> (7 - *at % 8) & 1);
    return value;
}

/* Reads the code; NULL where it is all that it should be and says the NBYTES of TEXT. */
static const char *check_code(size_t nbytes, uint32_t nblocks, uint32_t nchecks)
{
    const struct qr *qr = &fixture()->qr;
    uint32_t nwords, ndata, at = 0;
    if (qr->side != 17 + 4 * qr->version)
        return "its side is wrong";
    if (!has_finders(qr) || !qr_dark(qr, qr->side - 8, 8))
        return "a finder is wrong";
    for (uint32_t i = 8; i < qr->side - 8; i++)
        if (qr_dark(qr, 6, i) == i % 2 || qr_dark(qr, i, 6) == i % 2)
            return "timing is wrong";
    if (format_of(qr) != other_format_of(qr))
        return "the formats differ";
    if (read_words(&nwords) >= 8)
        return "bits are left over";
    const char *broken = check_blocks(nwords, nblocks, nchecks, &ndata);
    if (broken)
        return broken;
    if (data_bits(&at, 4) != 4 || data_bits(&at, qr->version < 10 ? 8 : 16) != nbytes)
        return "mode or count are wrong";
    for (size_t i = 0; i < nbytes; i++)
        if (data_bits(&at, 8) != fixture()->text[i])
            return "another text";
    if (data_bits(&at, 4) != 0)
        return "it does not end";
    for (uint32_t i = at / 8; i < ndata; i++)
        if (fixture()->data[i] != ((i - at / 8) % 2 ? 0x11 : 0xec))
            return "what fills it is wrong";
    return NULL;
}

/* Of the standard's table 7, "number of data bits" less mode and count; and table 9. */
static const struct size {
    uint8_t version;
    enum qr_level level;
    uint16_t room;
    uint8_t nblocks, nchecks;
} sizes[] = {
    {1, QR_LOW, 17, 1, 7},       {1, QR_HIGH, 7, 1, 17},         {2, QR_MEDIUM, 26, 1, 16},
    {5, QR_QUARTILE, 60, 4, 18}, {6, QR_LOW, 134, 2, 18},        {7, QR_HIGH, 64, 5, 26},
    {9, QR_LOW, 230, 2, 30},     {10, QR_LOW, 271, 4, 18},       {14, QR_MEDIUM, 362, 9, 24},
    {18, QR_LOW, 718, 6, 30},    {21, QR_QUARTILE, 509, 23, 28}, {22, QR_HIGH, 439, 34, 24},
    {25, QR_LOW, 1273, 12, 26},  {25, QR_HIGH, 535, 35, 30},
};

CASE(qr, sizes_are_the_standards)
{
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        CHECK_EQUAL(qr_room(sizes[i].version, sizes[i].level), sizes[i].room);
}

CASE(qr, each_size_is_read_back)
{
    struct qr *qr = &fixture()->qr;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct size *size = &sizes[i];
        for (size_t missing = 0; missing < 3; missing++) { /* no end at all, and an odd filler */
            size_t nbytes = size->room - missing;
            fill_text(nbytes, (uint32_t)(i * 8 + missing));
            CHECK(qr_encode_as(qr, fixture()->text, nbytes, size->version, size->level, i % 8));
            CHECK_EQUAL(qr->mask, i % 8);
            CHECK_HOLDS(check_code(nbytes, size->nblocks, size->nchecks));
        }
    }
}

CASE(qr, each_mask_is_undone)
{
    for (unsigned mask = 0; mask < QR_MASKS; mask++) {
        fill_text(100, mask);
        CHECK(qr_encode_as(&fixture()->qr, fixture()->text, 100, 7, QR_LOW, mask));
        CHECK_HOLDS(check_code(100, 2, 20));
    }
}

/* Tables C.1 and D.1. */
CASE(qr, formats_and_versions_are_the_standards)
{
    static const struct {
        enum qr_level level;
        unsigned mask, bits;
    } formats[] = {{QR_LOW, 0, 0x77c4},    {QR_LOW, 7, 0x6976},      {QR_MEDIUM, 0, 0x5412},
                   {QR_MEDIUM, 5, 0x40ce}, {QR_QUARTILE, 0, 0x355f}, {QR_QUARTILE, 7, 0x2bed},
                   {QR_HIGH, 0, 0x1689},   {QR_HIGH, 7, 0x083b}};
    struct qr *qr = &fixture()->qr;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        CHECK(qr_encode_as(qr, "", 0, 1, formats[i].level, formats[i].mask));
        CHECK_EQUAL(format_of(qr), formats[i].bits);
    }
    CHECK(qr_encode_as(qr, "", 0, 7, QR_LOW, 0));
    uint32_t bits = 0, mirrored = 0;
    for (uint32_t i = 18; i-- > 0;) {
        bits = bits << 1 | qr_dark(qr, i / 3, qr->side - 11 + i % 3);
        mirrored = mirrored << 1 | qr_dark(qr, qr->side - 11 + i % 3, i / 3);
    }
    CHECK_EQUAL(bits, 0x07c94);
    CHECK_EQUAL(mirrored, 0x07c94);
}

/* -- The choice of a mask -- */

/* Of one line, by the lengths of its runs; the first one is light, and may have none. */
static uint32_t line_penalty(const bool *modules, uint32_t side)
{
    uint32_t runs[LINE_MOST], n = 1, penalty = 0;
    runs[0] = 0;
    for (uint32_t i = 0; i < side; i++) {
        if (modules[i] != (n % 2 == 0))
            runs[n++] = 0;
        runs[n - 1]++;
    }
    for (uint32_t i = 0; i < n; i++)
        penalty += runs[i] >= 5 ? runs[i] - 2 : 0;
    for (uint32_t i = 3; i + 2 < n; i += 2) {
        bool alike = runs[i] == 3 && runs[i - 2] == 1 && runs[i - 1] == 1 && runs[i + 1] == 1 &&
                     runs[i + 2] == 1;
        if (alike && (i == 3 || runs[i - 3] >= 4 || i + 3 >= n - 1 || runs[i + 3] >= 4))
            penalty += 40;
    }
    return penalty;
}

static uint32_t penalty_of(const struct qr *qr)
{
    uint32_t penalty = 0, dark = 0, side = qr->side;
    bool(*map)[QR_SIDE_MOST] = fixture()->map;
    for (int turn = 0; turn < 2; turn++)
        for (uint32_t y = 0; y < side; y++) {
            for (uint32_t x = 0; x < side; x++)
                map[y][x] = turn ? qr_dark(qr, x, y) : qr_dark(qr, y, x);
            penalty += line_penalty(map[y], side);
        }
    for (uint32_t y = 0; y < side; y++)
        for (uint32_t x = 0; x < side; x++) {
            dark += map[y][x];
            if (y && x && map[y][x] == map[y - 1][x] && map[y][x] == map[y][x - 1] &&
                map[y][x] == map[y - 1][x - 1])
                penalty += 3;
        }
    uint32_t most = dark > side * side - dark ? dark : side * side - dark;
    return penalty + (most * 100 / (side * side) - 50) / 5 * 10;
}

CASE(qr, the_mask_is_that_of_the_fewest_penalties)
{
    struct qr *qr = &fixture()->qr;
    static const uint16_t lengths[] = {0, 5, 17, 60, 150, 300, 700};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        fill_text(lengths[i], (uint32_t)i);
        CHECK(qr_encode(qr, fixture()->text, lengths[i], QR_VERSION_MOST));
        unsigned chosen = qr->mask, version = qr->version, fewest = 0;
        enum qr_level level = qr->level;
        uint32_t least = UINT32_MAX;
        for (unsigned mask = 0; mask < QR_MASKS; mask++) {
            CHECK(qr_encode_as(qr, fixture()->text, lengths[i], version, level, mask));
            uint32_t penalty = penalty_of(qr);
            if (penalty < least) {
                least = penalty;
                fewest = mask;
            }
        }
        CHECK_EQUAL(chosen, fewest);
    }
}

CASE(qr, the_smallest_version_and_the_highest_level_are_taken)
{
    struct qr *qr = &fixture()->qr;
    static const struct {
        uint16_t nbytes, version;
        enum qr_level level;
    } wanted[] = {{0, 1, QR_HIGH},   {7, 1, QR_HIGH},      {8, 1, QR_QUARTILE}, {12, 1, QR_MEDIUM},
                  {17, 1, QR_LOW},   {18, 2, QR_QUARTILE}, {230, 9, QR_LOW},    {231, 10, QR_LOW},
                  {718, 18, QR_LOW}, {1273, 25, QR_LOW}};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        CHECK(qr_encode(qr, fixture()->text, wanted[i].nbytes, QR_VERSION_MOST));
        CHECK_EQUAL(qr->version, wanted[i].version);
        CHECK_EQUAL(qr->level, wanted[i].level);
    }
}

CASE(qr, what_has_no_room_is_refused)
{
    struct qr *qr = &fixture()->qr;
    fill_text(TEXT_MOST, 1);
    CHECK(qr_encode(qr, "before", 6, QR_VERSION_MOST));
    CHECK(!qr_encode(qr, fixture()->text, TEXT_MOST, QR_VERSION_MOST));
    CHECK(!qr_encode(qr, fixture()->text, 135, 6));
    CHECK(!qr_encode_as(qr, fixture()->text, 18, 1, QR_LOW, 0));
    CHECK_EQUAL(qr->version, 1);
    CHECK(qr_encode(qr, fixture()->text, 134, 6));
    CHECK_EQUAL(qr->version, 6);
}

CASE(qr, beyond_the_code_all_is_light)
{
    struct qr *qr = &fixture()->qr;
    CHECK(qr_encode(qr, "edge", 4, QR_VERSION_MOST));
    for (uint32_t i = 0; i < qr->side + QR_QUIET; i++) {
        CHECK(!qr_dark(qr, qr->side, i) && !qr_dark(qr, i, qr->side));
        CHECK(!qr_dark(qr, (uint32_t)-1, i) && !qr_dark(qr, i, (uint32_t)-1));
    }
}
