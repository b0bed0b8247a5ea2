/*
 * A code is a square of modules. FIXED ones are the same in each code of a version, or tell how to
 * read the others: finders in three corners, timing between them, alignment inside, format and
 * version. The others hold codewords bit by bit, in columns of two that go up and down from the
 * right, and are turned over by a mask, so that no large areas or false finders come about.
 *
 * The codewords are a text's bytes behind 4 bits of mode and a count, dealt to blocks; each block
 * gets the rest of a division of polynomials over GF(256) (Reed and Solomon), by which a reader
 * finds and mends errors. What a block's I-th word is stands at a place that can be calculated, so
 * nothing is ever moved.
 *
 * Numbers of sections and tables are those of ISO/IEC 18004:2015.
 */
#include "lib/qr.h"

enum {
    FINDER_REACH = 4, /* from its middle, with the light line around it */
    FINDER_SIDE = 8,
    TIMING = 6, /* row and column */
    ALIGNMENT_REACH = 2,
    ALIGNMENTS_MOST = 5, /* in a row */
    VERSION_TOLD = 7,    /* the first that says its number */
    BYTE_MODE = 4,
    LONG_COUNT = 10, /* the first version whose count has 16 bits */
    PAD_FIRST = 0xec,
    PAD_SECOND = 0x11,
    CHECK_MOST = 30,
    FIELD = 0x11d,       /* x^8 + x^4 + x^3 + x^2 + 1 */
    FORMAT_CODE = 0x537, /* section 7.9 */
    FORMAT_MASK = 0x5412,
    FORMAT_BITS = 10,
    VERSION_CODE = 0x1f25, /* section 7.10 */
    VERSION_BITS = 12,
    RUN_LEAST = 5, /* section 7.8.3 and table 11 */
    RUN_PENALTY = 3,
    SQUARE_PENALTY = 3,
    FINDER_PENALTY = 40,
    BALANCE_PENALTY = 10
};

/* Table 9: words of each block that are for checking; and how many blocks. By level and version. */
static const uint8_t check_words[QR_LEVELS][QR_VERSION_MOST] = {
    [QR_LOW] = {7,  10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26,
                30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26},
    [QR_MEDIUM] = {10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22,
                   24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28},
    [QR_QUARTILE] = {13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24,
                     20, 30, 24, 28, 28, 26, 30, 28, 30, 30, 30, 30},
    [QR_HIGH] = {17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22,
                 24, 24, 30, 28, 28, 26, 28, 30, 24, 30, 30, 30},
};
static const uint8_t block_counts[QR_LEVELS][QR_VERSION_MOST] = {
    [QR_LOW] = {1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12},
    [QR_MEDIUM] = {1, 1,  1,  2,  2,  4,  4,  4,  5,  5,  5,  8, 9,
                   9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21},
    [QR_QUARTILE] = {1,  1,  2,  2,  4,  4,  6,  6,  8,  8,  8,  10, 12,
                     16, 12, 17, 16, 18, 21, 20, 23, 23, 25, 27, 29},
    [QR_HIGH] = {1,  1,  2,  4,  4,  4,  5,  6,  8,  8,  11, 11, 16,
                 16, 18, 16, 19, 21, 25, 25, 25, 34, 30, 32, 35},
};

/* How the codewords of a code are laid out. */
struct layout {
    uint32_t nwords, ndata; /* in all; and those that are no check */
    uint32_t nblocks, nchecks;
    uint32_t shorter; /* data words of the first blocks; the last NLONGER have one more */
    uint32_t nlonger;
};

struct message {
    const uint8_t *text;
    uint32_t nbytes, count_bytes;
};

static uint32_t absolute(int32_t number)
{
    return (uint32_t)(number < 0 ? -number : number);
}

/* -- Sizes -- */

static uint32_t side_of(unsigned version)
{
    return 17 + 4 * version;
}

/* Alignment patterns in a row (annex E). */
static uint32_t alignments_of(unsigned version)
{
    return version == 1 ? 0 : version / 7 + 2;
}

static uint32_t words_of(unsigned version)
{
    uint32_t side = side_of(version), n = alignments_of(version);
    uint32_t fixed = 3 * FINDER_SIDE * FINDER_SIDE + 2 * 15 + 1 + 2 * (side - 2 * FINDER_SIDE);
    if (n) /* all but three corners; those in the lines of timing share 5 modules with them */
        fixed += 25 * (n * n - 3) - 2 * 5 * (n - 2);
    if (version >= VERSION_TOLD)
        fixed += 2 * 18;
    return (side * side - fixed) / 8;
}

static struct layout layout_of(unsigned version, enum qr_level level)
{
    struct layout layout = {
        .nwords = words_of(version),
        .nblocks = block_counts[level][version - 1],
        .nchecks = check_words[level][version - 1],
    };
    layout.ndata = layout.nwords - layout.nblocks * layout.nchecks;
    layout.shorter = layout.ndata / layout.nblocks;
    layout.nlonger = layout.ndata % layout.nblocks;
    return layout;
}

size_t qr_room(unsigned version, enum qr_level level)
{
    return layout_of(version, level).ndata - (version < LONG_COUNT ? 2 : 3);
}

/* -- Codewords -- */

/* Byte I of what the text would be with its count in front, if the mode were not there; 0 behind
 * it, which also ends the text. */
static uint8_t counted_byte(const struct message *message, uint32_t i)
{
    if (i < message->count_bytes)
        return (uint8_t)(message->nbytes >> 8 * (message->count_bytes - 1 - i));
    i -= message->count_bytes;
    return i < message->nbytes ? message->text[i] : 0;
}

/* Data word I: the mode moves all of it by half a byte. */
static uint8_t data_word(const struct message *message, uint32_t i)
{
    uint32_t end = message->count_bytes + message->nbytes; /* the last half byte stands there */
    if (i > end)
        return (i - end) % 2 ? PAD_FIRST : PAD_SECOND;
    uint32_t before = i ? counted_byte(message, i - 1) : BYTE_MODE;
    return (uint8_t)(before << 4 | counted_byte(message, i) >> 4);
}

static uint8_t multiply(uint8_t a, uint8_t b)
{
    uint32_t product = 0;
    for (int bit = 7; bit >= 0; bit--) {
        product = product << 1 ^ (product >> 7 & 1 ? FIELD : 0);
        product ^= b >> bit & 1 ? a : 0;
    }
    return (uint8_t)product;
}

/* The product of (x - 2^i) for I below DEGREE, without its highest coefficient; the next one is
 * first (annex A). */
static void make_divisor(uint8_t *divisor, uint32_t degree)
{
    uint8_t root = 1;
    for (uint32_t i = 0; i < degree; i++)
        divisor[i] = i + 1 == degree;
    for (uint32_t i = 0; i < degree; i++, root = multiply(root, 2))
        for (uint32_t j = 0; j < degree; j++)
            divisor[j] = multiply(divisor[j], root) ^ (j + 1 < degree ? divisor[j + 1] : 0);
}

/* One step of the division: the rest after WORD as well. */
static void divide(uint8_t *rest, const uint8_t *divisor, uint32_t degree, uint8_t word)
{
    uint8_t factor = word ^ rest[0];
    for (uint32_t i = 0; i < degree; i++)
        rest[i] = multiply(divisor[i], factor) ^ (i + 1 < degree ? rest[i + 1] : 0);
}

/* Words stand block after block in the message, and one of each block in turn in the code. */
static void make_words(struct qr *qr, const struct message *message, const struct layout *layout)
{
    uint8_t divisor[CHECK_MOST], rest[CHECK_MOST];
    uint32_t at = 0, first_longer = layout->nblocks - layout->nlonger;
    make_divisor(divisor, layout->nchecks);
    for (uint32_t block = 0; block < layout->nblocks; block++) {
        for (uint32_t i = 0; i < layout->nchecks; i++)
            rest[i] = 0;
        for (uint32_t i = 0; i < layout->shorter + (block >= first_longer); i++) {
            uint8_t word = data_word(message, at++);
            uint32_t skipped = i == layout->shorter ? first_longer : 0;
            qr->words[i * layout->nblocks + block - skipped] = word;
            divide(rest, divisor, layout->nchecks, word);
        }
        for (uint32_t i = 0; i < layout->nchecks; i++)
            qr->words[layout->ndata + i * layout->nblocks + block] = rest[i];
    }
}

/* -- Modules -- */

static void set(uint8_t *plane, uint32_t place, bool on)
{
    uint8_t bit = (uint8_t)(1 << place % 8);
    plane[place / 8] = (uint8_t)(on ? plane[place / 8] | bit : plane[place / 8] & ~bit);
}

static bool is_fixed(const struct qr *qr, uint32_t row, uint32_t column)
{
    uint32_t place = row * qr->side + column;
    return qr->fixed[place / 8] >> place % 8 & 1;
}

static void fix(struct qr *qr, uint32_t row, uint32_t column, bool dark)
{
    set(qr->fixed, row * qr->side + column, true);
    set(qr->dark, row * qr->side + column, dark);
}

/* Squares within squares around a middle; of those at distance LIGHT and 4 the modules are light.
 */
static void fix_squares(struct qr *qr, uint32_t row, uint32_t column, int reach, uint32_t light)
{
    for (int y = -reach; y <= reach; y++)
        for (int x = -reach; x <= reach; x++) {
            uint32_t at_row = row + (uint32_t)y, at_column = column + (uint32_t)x;
            uint32_t distance = absolute(y) > absolute(x) ? absolute(y) : absolute(x);
            if (at_row < qr->side && at_column < qr->side)
                fix(qr, at_row, at_column, distance != light && distance != FINDER_REACH);
        }
}

/* Their middles: 6, and the others evenly, by an even number, back from the last one (annex E). */
static void fix_alignments(struct qr *qr)
{
    uint32_t n = alignments_of(qr->version), middles[ALIGNMENTS_MOST] = {TIMING};
    if (!n)
        return;
    uint32_t last = qr->side - 7, step = (last - TIMING + n - 2) / (n - 1);
    step += step % 2;
    for (uint32_t i = n - 1, middle = last; i > 0; i--, middle -= step)
        middles[i] = middle;
    for (uint32_t y = 0; y < n; y++)
        for (uint32_t x = 0; x < n; x++) {
            bool finder = (y == 0 && (x == 0 || x == n - 1)) || (y == n - 1 && x == 0);
            if (!finder)
                fix_squares(qr, middles[y], middles[x], ALIGNMENT_REACH, 1);
        }
}

/* VALUE with the rest of its division by CODE behind it, NBITS long. */
static uint32_t with_rest(uint32_t value, uint32_t code, unsigned nbits)
{
    uint32_t rest = value;
    for (unsigned i = 0; i < nbits; i++)
        rest = rest << 1 ^ (rest >> (nbits - 1) & 1 ? code : 0);
    return value << nbits | rest;
}

/* Level and mask, twice (section 7.9): beside the first finder, and beside the other two. */
static void fix_format(struct qr *qr)
{
    static const uint8_t numbers[QR_LEVELS] = {
        [QR_LOW] = 1, [QR_MEDIUM] = 0, [QR_QUARTILE] = 3, [QR_HIGH] = 2};
    uint32_t value = (uint32_t)numbers[qr->level] << 3 | qr->mask, last = qr->side - 1;
    uint32_t bits = with_rest(value, FORMAT_CODE, FORMAT_BITS) ^ FORMAT_MASK;
    for (uint32_t i = 0; i < 15; i++) {
        bool dark = bits >> i & 1;
        if (i < 8) {
            fix(qr, i < 6 ? i : i + 1, 8, dark);
            fix(qr, 8, last - i, dark);
        } else {
            fix(qr, 8, i == 8 ? 7 : 14 - i, dark);
            fix(qr, last - (14 - i), 8, dark);
        }
    }
    fix(qr, last - 7, 8, true);
}

/* Section 7.10: in the corner of each of the two finders that are not the first. */
static void fix_version(struct qr *qr)
{
    uint32_t bits = with_rest(qr->version, VERSION_CODE, VERSION_BITS);
    if (qr->version < VERSION_TOLD)
        return;
    for (uint32_t i = 0; i < 18; i++) {
        uint32_t far = qr->side - 11 + i % 3;
        fix(qr, i / 3, far, bits >> i & 1);
        fix(qr, far, i / 3, bits >> i & 1);
    }
}

static void fix_all(struct qr *qr)
{
    for (uint32_t i = 0; i < QR_PLANE_BYTES; i++)
        qr->dark[i] = qr->fixed[i] = 0;
    for (uint32_t i = 0; i < qr->side; i++) {
        fix(qr, TIMING, i, i % 2 == 0);
        fix(qr, i, TIMING, i % 2 == 0);
    }
    fix_squares(qr, 3, 3, FINDER_REACH, 2);
    fix_squares(qr, 3, qr->side - 4, FINDER_REACH, 2);
    fix_squares(qr, qr->side - 4, 3, FINDER_REACH, 2);
    fix_alignments(qr);
    fix_format(qr);
    fix_version(qr);
}

/* Section 7.7.3: two columns at a time from the right, the first ones upwards; timing's column is
 * left out. A few modules of some versions are left over: they are light. */
static void place_words(struct qr *qr, uint32_t nwords)
{
    uint32_t bit = 0;
    bool up = true;
    for (uint32_t right = qr->side - 1; right < qr->side; right -= right == TIMING + 2 ? 3 : 2) {
        for (uint32_t i = 0; i < 2 * qr->side; i++) {
            uint32_t row = up ? qr->side - 1 - i / 2 : i / 2, column = right - i % 2;
            if (is_fixed(qr, row, column))
                continue;
            set(qr->dark, row * qr->side + column,
                bit < 8 * nwords && (qr->words[bit / 8] >> (7 - bit % 8) & 1));
            bit++;
        }
        up = !up;
    }
}

/* Table 10. */
static bool masked(unsigned mask, uint32_t row, uint32_t column)
{
    uint32_t product = row * column;
    switch (mask) {
    case 0:
        return (row + column) % 2 == 0;
    case 1:
        return row % 2 == 0;
    case 2:
        return column % 3 == 0;
    case 3:
        return (row + column) % 3 == 0;
    case 4:
        return (row / 2 + column / 3) % 2 == 0;
    case 5:
        return product % 2 + product % 3 == 0;
    case 6:
        return (product % 2 + product % 3) % 2 == 0;
    default:
        return ((row + column) % 2 + product % 3) % 2 == 0;
    }
}

/* Doing it twice undoes it. */
static void apply_mask(struct qr *qr, unsigned mask)
{
    for (uint32_t row = 0; row < qr->side; row++)
        for (uint32_t column = 0; column < qr->side; column++)
            if (!is_fixed(qr, row, column) && masked(mask, row, column))
                qr->dark[(row * qr->side + column) / 8] ^=
                    (uint8_t)(1 << (row * qr->side + column) % 8);
    qr->mask = mask;
    fix_format(qr);
}

/* -- Penalties: section 7.8.3 -- */

/* Of a row, or ACROSS of a column: runs of one colour, and what looks like a finder's middle with
 * four light modules before or behind it. */
static uint32_t judge_line(const struct qr *qr, uint32_t line, bool across)
{
    /* Its five runs, and the ends of those beside them. */
    enum { FINDER = 0x0ba, BESIDE = (1 << QR_QUIET) - 1 };
    uint32_t penalty = 0, run = 0, seen = 0;
    bool last = false;
    for (uint32_t i = 0; i < qr->side + QR_QUIET; i++) {
        bool dark = across ? qr_dark(qr, i, line) : qr_dark(qr, line, i);
        run = i > 0 && dark == last ? run + 1 : 1;
        last = dark;
        if (i < qr->side && run >= RUN_LEAST)
            penalty += run == RUN_LEAST ? RUN_PENALTY : 1;
        seen = seen << 1 | dark;
        if ((seen >> (QR_QUIET - 1) & 0x1ff) == FINDER &&
            (!(seen & BESIDE) || !(seen >> (QR_QUIET + 7) & BESIDE)))
            penalty += FINDER_PENALTY;
    }
    return penalty;
}

static uint32_t judge_squares(const struct qr *qr)
{
    uint32_t count = 0;
    for (uint32_t row = 0; row + 1 < qr->side; row++)
        for (uint32_t column = 0; column + 1 < qr->side; column++) {
            unsigned dark = (unsigned)qr_dark(qr, row, column) + qr_dark(qr, row, column + 1) +
                            qr_dark(qr, row + 1, column) + qr_dark(qr, row + 1, column + 1);
            count += dark == 0 || dark == 4;
        }
    return count * SQUARE_PENALTY;
}

/* Each whole twentieth that the dark ones are away from half of all. */
static uint32_t judge_balance(const struct qr *qr)
{
    int32_t dark = 0, all = (int32_t)(qr->side * qr->side);
    for (uint32_t i = 0; i < QR_PLANE_BYTES; i++)
        for (uint8_t bits = qr->dark[i]; bits; bits &= (uint8_t)(bits - 1))
            dark++;
    return absolute(20 * dark - 10 * all) / (uint32_t)all * BALANCE_PENALTY;
}

static uint32_t judge(const struct qr *qr)
{
    uint32_t penalty = judge_squares(qr) + judge_balance(qr);
    for (uint32_t i = 0; i < qr->side; i++)
        penalty += judge_line(qr, i, false) + judge_line(qr, i, true);
    return penalty;
}

/* -- All of it -- */

/* The code without a mask; its format is told later. */
static void draw(struct qr *qr, const void *text, size_t nbytes)
{
    struct layout layout = layout_of(qr->version, qr->level);
    const struct message message = {text, (uint32_t)nbytes, qr->version < LONG_COUNT ? 1 : 2};
    qr->side = side_of(qr->version);
    qr->mask = 0;
    make_words(qr, &message, &layout);
    fix_all(qr);
    place_words(qr, layout.nwords);
}

bool qr_encode_as(struct qr *qr, const void *text, size_t nbytes, unsigned version,
                  enum qr_level level, unsigned mask)
{
    if (nbytes > qr_room(version, level))
        return false;
    qr->version = version;
    qr->level = level;
    draw(qr, text, nbytes);
    apply_mask(qr, mask);
    return true;
}

bool qr_encode(struct qr *qr, const void *text, size_t nbytes, unsigned version_most)
{
    unsigned version = 1, best = 0;
    unsigned level = QR_LEVELS - 1;
    while (version <= version_most && nbytes > qr_room(version, QR_LOW))
        version++;
    if (version > version_most)
        return false;
    while (nbytes > qr_room(version, (enum qr_level)level))
        level--;
    qr->version = version;
    qr->level = (enum qr_level)level;
    draw(qr, text, nbytes);
    uint32_t fewest = UINT32_MAX;
    for (unsigned mask = 0; mask < QR_MASKS; mask++) {
        apply_mask(qr, mask);
        uint32_t penalty = judge(qr);
        if (penalty < fewest) {
            fewest = penalty;
            best = mask;
        }
        apply_mask(qr, mask);
    }
    apply_mask(qr, best);
    return true;
}
