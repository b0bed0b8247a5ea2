/* Middle sizes, over a list of spans that can refuse. */
#include "memory/heap/span.h"

#include "arena.h"
#include "case.h"
#include "lib/string.h"
#include "memory/memory.h"

/* The spans lie side by side, with a block that is none at both ends. */
enum {
    SPANS = 5,
    FIRST = 1, /* block of the first one */
    BLOCKS = FIRST + SPANS * SPAN_BLOCKS + 1,
    UNITS = BLOCKS * SPAN_UNITS_A_BLOCK,
    GROUPS = UNITS / SPAN_GROUP,
    NO_SPAN = 3, /* tags of blocks */
    A_SPAN = 6,
    LONGEST = SPAN_LARGEST / SPAN_UNIT /* units of an allocation */
};

static struct span_heap heap;
static uint16_t tags[UNITS];
static struct span_link links[GROUPS];
static uint8_t owners[BLOCKS];

/* Spans that nobody has; the one that was given back last is the next. */
static struct {
    uint32_t blocks[SPANS], nspans;
    uint32_t asked, refused;
    bool refuses, wrong;
} source;

static uint32_t get_span(void *context)
{
    source.wrong |= context != &source;
    source.asked++;
    if (source.refuses || source.nspans == 0) {
        source.refused++;
        return SPAN_NONE;
    }
    uint32_t block = source.blocks[--source.nspans];
    memset(owners + block, A_SPAN, SPAN_BLOCKS);
    return block;
}

/* What tags and links say of a block that is no span's is nothing. */
static void forget(uint32_t block)
{
    memset(owners + block, NO_SPAN, SPAN_BLOCKS);
    memset(tags + block * SPAN_UNITS_A_BLOCK, 0xff, SPAN_UNITS * sizeof *tags);
    memset(links + block * SPAN_UNITS_A_BLOCK / SPAN_GROUP, 0xee,
           SPAN_UNITS / SPAN_GROUP * sizeof *links);
    source.blocks[source.nspans++] = block;
}

static void put_span(void *context, uint32_t block)
{
    if (context != &source || block % SPAN_BLOCKS != FIRST || block >= BLOCKS - 1 ||
        owners[block] != A_SPAN)
        source.wrong = true;
    else
        forget(block);
}

static void begin(void)
{
    memset(&heap, 0xee, sizeof heap);
    memset(tags, 0xff, sizeof tags);
    memset(links, 0xee, sizeof links);
    memset(owners, NO_SPAN, sizeof owners);
    memset(&source, 0, sizeof source);
    for (uint32_t i = SPANS; i-- > 0;)
        forget(FIRST + i * SPAN_BLOCKS);
    span_init(&heap, arena, tags, links, (struct span_source){get_span, put_span, &source});
}

static const char *check(void)
{
    return source.wrong ? "the source is called wrongly"
                        : span_check(&heap, owners, A_SPAN, BLOCKS);
}

static uint32_t nspans(void)
{
    return SPANS - source.nspans;
}

/* All that anybody knows, as it was. */
static struct {
    struct span_heap heap;
    uint16_t tags[UNITS];
    struct span_link links[GROUPS];
    uint8_t owners[BLOCKS];
} was;

static void remember(void)
{
    memcpy(&was.heap, &heap, sizeof heap);
    memcpy(was.tags, tags, sizeof tags);
    memcpy(was.links, links, sizeof links);
    memcpy(was.owners, owners, sizeof owners);
}

static void repair(void)
{
    memcpy(&heap, &was.heap, sizeof heap);
    memcpy(tags, was.tags, sizeof tags);
    memcpy(links, was.links, sizeof links);
    memcpy(owners, was.owners, sizeof owners);
}

static bool nothing_has_changed(void)
{
    return memcmp(&was.heap, &heap, sizeof heap) == 0 && memcmp(was.tags, tags, sizeof tags) == 0 &&
           memcmp(was.links, links, sizeof links) == 0 &&
           memcmp(was.owners, owners, sizeof owners) == 0;
}

/* -- In units instead of bytes and addresses -- */

/* The first unit of the first span; the others' begin SPAN_UNITS behind one another. */
enum { U = FIRST * SPAN_UNITS_A_BLOCK };

/* LENGTH units; where they begin, or SPAN_NONE. */
static uint32_t take(uint32_t length)
{
    uint8_t *pointer = span_malloc(&heap, (size_t)length * SPAN_UNIT);
    return pointer ? (uint32_t)((size_t)(pointer - arena[0]) / SPAN_UNIT) : SPAN_NONE;
}

static int give(uint32_t unit)
{
    return span_free(&heap, (size_t)unit * SPAN_UNIT);
}

static bool resize(uint32_t unit, uint32_t length)
{
    return span_resize(&heap, (size_t)unit * SPAN_UNIT, (size_t)length * SPAN_UNIT);
}

/* How many units the allocation at UNIT has; 0 where none begins. */
static uint32_t length_at(uint32_t unit)
{
    size_t nbytes;
    int refusal = span_judge(&heap, (size_t)unit * SPAN_UNIT, &nbytes);
    return refusal || nbytes % SPAN_UNIT ? 0 : (uint32_t)(nbytes / SPAN_UNIT);
}

/* Whether the units FIRST to END are a run, whichever of them is asked for. */
static bool is_run(uint32_t first, uint32_t end, bool taken)
{
    for (size_t offset = (size_t)first * SPAN_UNIT; offset < (size_t)end * SPAN_UNIT;
         offset += SPAN_UNIT / 2) {
        size_t start = 1, nbytes = 1;
        if (span_run_at(&heap, offset, &start, &nbytes) != taken ||
            start != (size_t)first * SPAN_UNIT || nbytes != (size_t)(end - first) * SPAN_UNIT)
            return false;
    }
    return true;
}

static bool is_free_run(uint32_t first, uint32_t end)
{
    return is_run(first, end, false);
}

static bool is_taken_run(uint32_t first, uint32_t end)
{
    return is_run(first, end, true) && length_at(first) == end - first;
}

/* A span from UNIT on that is taken by allocations of these LENGTHS, which add up to it. */
static bool make_span(uint32_t unit, const uint32_t *lengths, size_t count)
{
    for (size_t i = 0; i < count; unit += lengths[i], i++)
        if (take(lengths[i]) != unit)
            return false;
    return unit % SPAN_UNITS == U;
}

/* Eight times 16 units. */
static bool make_even_span(uint32_t unit)
{
    static const uint32_t lengths[] = {16, 16, 16, 16, 16, 16, 16, 16};
    return make_span(unit, lengths, 8);
}

static uint32_t seed;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % limit;
}

/* -- Sizes and places -- */

CASE(span, a_heap_begins_without_spans)
{
    begin();
    CHECK_EQUAL(source.asked, 0);
    CHECK_HOLDS(check());
    span_trim(&heap);
    CHECK_EQUAL(nspans(), 0);
    CHECK_HOLDS(check());
}

CASE(span, every_size_has_its_units)
{
    begin();
    for (size_t nbytes = 1; nbytes <= SPAN_LARGEST; nbytes++) {
        uint8_t *object = span_malloc(&heap, nbytes);
        CHECK(object != NULL);
        size_t offset = (size_t)(object - arena[0]), size, start;
        CHECK_EQUAL(offset % SPAN_UNIT, 0);
        CHECK_EQUAL((uintptr_t)object % SPAN_UNIT, 0);
        size_t wanted = nbytes / SPAN_UNIT + (nbytes % SPAN_UNIT != 0);
        wanted = wanted < SPAN_SHORTEST ? SPAN_SHORTEST : wanted;
        CHECK_EQUAL(span_judge(&heap, offset, &size), HEAP_FREED);
        CHECK_EQUAL(size, wanted * SPAN_UNIT);
        CHECK(span_run_at(&heap, offset, &start, &size));
        CHECK(start == offset && size == wanted * SPAN_UNIT);
        CHECK(object + size <= arena[BLOCKS - 1]);
        CHECK_EQUAL(span_free(&heap, offset), HEAP_FREED);
    }
    CHECK_EQUAL(nspans(), 1);
    CHECK_HOLDS(check());
}

CASE(span, a_span_is_filled_to_the_last_unit)
{
    for (uint32_t length = SPAN_SHORTEST; length <= LONGEST; length++) {
        uint32_t count = SPAN_UNITS / length, rest = SPAN_UNITS % length;
        begin();
        for (uint32_t span = 0; span < 2; span++)
            for (uint32_t i = 0; i < count; i++)
                CHECK_EQUAL(take(length), U + span * SPAN_UNITS + i * length);
        CHECK_EQUAL(source.asked, 2);
        for (uint32_t end = U + SPAN_UNITS; rest && end <= U + 2 * SPAN_UNITS; end += SPAN_UNITS)
            CHECK(is_free_run(end - rest, end));
        CHECK_HOLDS(check());
    }
}

CASE(span, every_unit_of_every_span_is_served)
{
    begin();
    for (uint32_t i = 0; i < SPANS * 8; i++)
        CHECK_EQUAL(take(16), U + i * 16);
    CHECK_EQUAL(take(16), SPAN_NONE);
    CHECK_EQUAL(take(1), SPAN_NONE);
    CHECK_HOLDS(check());
    for (uint32_t i = 0; i < SPANS * 8; i++)
        CHECK_EQUAL(give(U + (i * 7 + 3) % (SPANS * 8) * 16), HEAP_FREED);
    CHECK_HOLDS(check());
    CHECK_EQUAL(nspans(), 1);
}

CASE(span, all_that_is_known_stands_beside_the_blocks)
{
    static const uint32_t lengths[] = {5, 32, 17, 9, 32, 6, 27};
    for (int value = 0x5a; value <= 0xa5; value += 0xa5 - 0x5a) {
        begin();
        memset(arena, value, ARENA_BLOCKS * sizeof *arena);
        CHECK(make_span(U, lengths, 7));
        CHECK(give(U) == HEAP_FREED && give(U + 37) == HEAP_FREED);
        CHECK(resize(U + 5, 40 - 8));
        CHECK(give(U + 5) == HEAP_FREED);
        CHECK(arena[0][0] == value &&
              memcmp(arena, (uint8_t *)arena + 1, ARENA_BLOCKS * sizeof *arena - 1) == 0);
        CHECK_HOLDS(check());
    }
}

/* -- Which run serves -- */

/* Two spans; every other run is freed, so that there is one of each of these lengths. */
static const uint32_t mixed[2][12] = {{12, 5, 32, 5, 9, 5, 20, 5, 6, 5, 11, 13},
                                      {31, 5, 7, 5, 16, 5, 25, 5, 10, 5, 5, 9}};

CASE(span, a_request_takes_the_shortest_run_that_is_long_enough)
{
    for (uint32_t length = 1; length <= LONGEST; length++) {
        uint32_t best = SPAN_NONE, best_length = SPAN_NONE;
        uint32_t wanted = length < SPAN_SHORTEST ? SPAN_SHORTEST : length;
        begin();
        CHECK(make_span(U, mixed[0], 12) && make_span(U + SPAN_UNITS, mixed[1], 12));
        for (uint32_t span = 0; span < 2; span++)
            for (uint32_t i = 0, unit = U + span * SPAN_UNITS; i < 12; unit += mixed[span][i++]) {
                if (i % 2)
                    continue;
                CHECK_EQUAL(give(unit), HEAP_FREED);
                if (mixed[span][i] < wanted || mixed[span][i] >= best_length)
                    continue;
                best = unit;
                best_length = mixed[span][i];
            }
        CHECK_HOLDS(check());
        CHECK_EQUAL(take(length), best);
        CHECK(is_taken_run(best, best + wanted));
        CHECK(best_length == wanted || is_free_run(best + wanted, best + best_length));
        CHECK_EQUAL(source.asked, 2);
        CHECK_HOLDS(check());
    }
}

/* The numbers 0 to COUNT - 1 in a random order. */
static void shuffle(uint32_t *order, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t j = random_below(i + 1);
        order[i] = order[j];
        order[j] = i;
    }
}

/* Two spans of eight runs each, with allocations between them, listed in a random order. Then one
 * of these is freed, which takes the runs on both sides out of the list, wherever they are. */
CASE(span, of_equal_runs_the_one_that_was_listed_last_serves)
{
    enum { RUN = 11, GAP = SPAN_SHORTEST, RUNS = 16 };
    for (uint32_t round = 0; round < 4 * (RUNS + 1); round++) {
        uint32_t order[RUNS], joined = round % (RUNS + 1); /* RUNS: none */
        begin();
        for (uint32_t i = 0; i < RUNS; i++) {
            CHECK_EQUAL(take(RUN), U + i * (RUN + GAP));
            CHECK_EQUAL(take(GAP), U + i * (RUN + GAP) + RUN);
        }
        shuffle(order, RUNS);
        for (uint32_t i = 0; i < RUNS; i++)
            CHECK_EQUAL(give(U + order[i] * (RUN + GAP)), HEAP_FREED);
        if (joined < RUNS)
            CHECK_EQUAL(give(U + joined * (RUN + GAP) + RUN), HEAP_FREED);
        CHECK_HOLDS(check());
        for (uint32_t i = RUNS; i-- > 0;) {
            bool gone = order[i] == joined || (order[i] == joined + 1 && joined % 8 != 7);
            if (joined < RUNS && gone)
                continue;
            CHECK_EQUAL(take(RUN - random_below(5)), U + order[i] * (RUN + GAP));
            CHECK_HOLDS(check());
        }
        CHECK_EQUAL(source.asked, 2);
        CHECK_EQUAL(take(RUN), joined < RUNS ? U + joined * (RUN + GAP) : U + 2 * SPAN_UNITS);
        CHECK_HOLDS(check());
    }
}

/* A run that is not long enough by a unit does not serve; nor do many. */
CASE(span, a_new_span_comes_where_no_run_is_long_enough)
{
    for (uint32_t length = SPAN_SHORTEST + 1; length <= LONGEST; length++) {
        begin();
        uint32_t end = U;
        for (; U + SPAN_UNITS - end >= length - 1 + SPAN_SHORTEST;
             end += length - 1 + SPAN_SHORTEST) {
            CHECK_EQUAL(take(length - 1), end);
            CHECK_EQUAL(take(SPAN_SHORTEST), end + length - 1);
        }
        uint32_t rest = U + SPAN_UNITS - end; /* less than both */
        CHECK(rest < SPAN_SHORTEST || take(rest > LONGEST ? LONGEST : rest) == end);
        for (uint32_t unit = U; unit < end; unit += length - 1 + SPAN_SHORTEST)
            CHECK_EQUAL(give(unit), HEAP_FREED);
        CHECK_EQUAL(source.asked, 1);
        CHECK_EQUAL(take(length), U + SPAN_UNITS);
        CHECK_EQUAL(source.asked, 2);
        CHECK_HOLDS(check());
    }
}

/* -- Joining -- */

CASE(span, a_free_run_is_joined_with_both_neighbours)
{
    for (uint32_t i = 0; i < 8; i++)
        for (uint32_t neighbours = 0; neighbours < 4; neighbours++) {
            uint32_t before = i > 0 ? neighbours & 1 : 0, behind = i < 7 ? neighbours >> 1 : 0;
            uint32_t first = i - before, end = i + 1 + behind;
            begin();
            CHECK(make_even_span(U));
            CHECK(!before || give(U + (i - 1) * 16) == HEAP_FREED);
            CHECK(!behind || give(U + (i + 1) * 16) == HEAP_FREED);
            CHECK_HOLDS(check());
            CHECK_EQUAL(give(U + i * 16), HEAP_FREED);
            CHECK_HOLDS(check());
            CHECK(is_free_run(U + first * 16, U + end * 16));
            for (uint32_t j = 0; j < 8; j++)
                CHECK((j >= first && j < end) || is_taken_run(U + j * 16, U + (j + 1) * 16));
            /* It is one: a request that only all of it holds is served from it. */
            source.refuses = true;
            uint32_t length = (end - first) * 16 < LONGEST ? (end - first) * 16 : LONGEST;
            CHECK_EQUAL(take(length), U + first * 16);
            CHECK_HOLDS(check());
        }
}

/* Nor with what stands in front of the first span and behind the last one, whose tags are wrong. */
CASE(span, nothing_is_joined_across_the_ends_of_a_span)
{
    for (uint32_t round = 0; round < 2; round++) {
        begin();
        for (uint32_t i = 0; i < SPANS; i++)
            CHECK(make_even_span(U + i * SPAN_UNITS));
        for (uint32_t i = 0; i <= SPANS; i++) {
            uint32_t border = U + i * SPAN_UNITS;
            CHECK(i == 0 || !resize(border - 16, 17));
            for (uint32_t side = 0; side < 2; side++) {
                bool first = side == round;
                if (first ? i < SPANS : i > 0)
                    CHECK_EQUAL(give(first ? border : border - 16), HEAP_FREED);
            }
            CHECK(i == SPANS || is_free_run(border, border + 16));
            CHECK(i == 0 || is_free_run(border - 16, border));
            CHECK_HOLDS(check());
        }
        for (uint32_t i = 0; i < SPANS; i++)
            for (uint32_t j = 1; j < 7; j++)
                CHECK_EQUAL(give(U + i * SPAN_UNITS + j * 16), HEAP_FREED);
        CHECK_EQUAL(nspans(), 1);
        CHECK_HOLDS(check());
    }
}

/* An allocation at a span's end has no room there, whatever the next span's first unit is. */
CASE(span, nothing_grows_across_the_end_of_a_span)
{
    begin();
    CHECK(make_even_span(U) && make_even_span(U + SPAN_UNITS));
    CHECK_EQUAL(give(U + SPAN_UNITS), HEAP_FREED);
    remember();
    for (uint32_t length = 17; length <= LONGEST; length++)
        CHECK(!resize(U + 112, length));
    CHECK(nothing_has_changed());
    CHECK(resize(U + 112, 10) && resize(U + 112, 16) && !resize(U + 112, 17));
    CHECK_HOLDS(check());
    begin();
    for (uint32_t i = 0; i < SPANS; i++)
        CHECK(make_even_span(U + i * SPAN_UNITS));
    CHECK(!resize(U + SPANS * SPAN_UNITS - 16, 17));
}

/* Runs of 1 to 4 units at each place of the span: in no list, but one with a neighbour later. */
CASE(span, runs_below_the_shortest_wait_for_a_neighbour)
{
    for (uint32_t length = 1; length < SPAN_SHORTEST; length++)
        for (uint32_t i = 0; i < 8; i++)
            for (uint32_t behind_first = 0; behind_first < 2; behind_first++) {
                uint32_t first = U + i * 16, end = first + 16, begins = end - length;
                begin();
                CHECK(make_even_span(U));
                CHECK(resize(first, 16 - length));
                CHECK(is_taken_run(first, begins) && is_free_run(begins, end));
                CHECK_EQUAL(heap.newest[length], SPAN_NONE);
                CHECK_HOLDS(check());
                source.refuses = true;
                CHECK_EQUAL(take(1), SPAN_NONE);
                CHECK_EQUAL(give(begins), HEAP_ALREADY_FREE);
                CHECK_EQUAL(give(end - 1), HEAP_ALREADY_FREE);
                if (i < 7 && behind_first) {
                    CHECK_EQUAL(give(end), HEAP_FREED);
                    CHECK(is_free_run(begins, end + 16));
                    CHECK_HOLDS(check());
                    CHECK_EQUAL(take(16 + length), begins);
                    CHECK_EQUAL(give(begins), HEAP_FREED);
                }
                CHECK_EQUAL(give(first), HEAP_FREED);
                CHECK(is_free_run(first, i < 7 && behind_first ? end + 16 : end));
                CHECK_HOLDS(check());
                if (i < 7 && !behind_first) { /* between two */
                    CHECK_EQUAL(take(16 - length), first);
                    CHECK_EQUAL(give(end), HEAP_FREED);
                    CHECK_EQUAL(give(first), HEAP_FREED);
                    CHECK(is_free_run(first, end + 16));
                }
                CHECK_HOLDS(check());
            }
}

/* -- The spare span -- */

CASE(span, an_empty_span_is_spare_and_the_next_one_goes_back)
{
    begin();
    for (uint32_t i = 0; i < 3; i++)
        CHECK(make_even_span(U + i * SPAN_UNITS));
    for (uint32_t i = 0; i < 8; i++)
        CHECK_EQUAL(give(U + i * 16), HEAP_FREED);
    CHECK_EQUAL(nspans(), 3);
    CHECK_EQUAL(heap.spare, FIRST);
    CHECK(is_free_run(U, U + SPAN_UNITS));
    CHECK_HOLDS(check());
    for (uint32_t i = 16; i-- > 8;)
        CHECK_EQUAL(give(U + i * 16), HEAP_FREED);
    CHECK_EQUAL(nspans(), 2);
    CHECK_EQUAL(owners[FIRST + SPAN_BLOCKS], NO_SPAN);
    CHECK_EQUAL(heap.spare, FIRST);
    CHECK_HOLDS(check());
    /* It serves before the source is asked, and not before a run that is long enough. */
    uint32_t asked = source.asked;
    CHECK_EQUAL(give(U + 2 * SPAN_UNITS + 16), HEAP_FREED);
    CHECK_EQUAL(take(9), U + 2 * SPAN_UNITS + 16);
    CHECK_EQUAL(take(9), U);
    CHECK_EQUAL(heap.spare, SPAN_NONE);
    CHECK_EQUAL(source.asked, asked);
    CHECK_HOLDS(check());
    CHECK_EQUAL(give(U), HEAP_FREED);
    CHECK_EQUAL(heap.spare, FIRST);
    CHECK_HOLDS(check());
    span_trim(&heap);
    CHECK_EQUAL(owners[FIRST], NO_SPAN);
    CHECK_EQUAL(nspans(), 1);
    CHECK_EQUAL(heap.spare, SPAN_NONE);
    CHECK_HOLDS(check());
    span_trim(&heap);
    CHECK_EQUAL(nspans(), 1);
    CHECK_EQUAL(take(32), U);
    CHECK_EQUAL(source.asked, asked + 1);
    CHECK_HOLDS(check());
}

/* A span becomes empty by any of its allocations, with what is free on either side. */
CASE(span, the_last_allocation_empties_its_span)
{
    for (uint32_t last = 0; last < 8; last++)
        for (uint32_t shrunk = 0; shrunk < 2; shrunk++) {
            begin();
            CHECK(make_even_span(U));
            for (uint32_t i = 0; i < 8; i++)
                CHECK(i == last || give(U + i * 16) == HEAP_FREED);
            CHECK(!shrunk || resize(U + last * 16, 5));
            CHECK_EQUAL(heap.spare, SPAN_NONE);
            CHECK_EQUAL(give(U + last * 16), HEAP_FREED);
            CHECK_EQUAL(heap.spare, FIRST);
            CHECK_HOLDS(check());
            /* Nothing of it is left in a list. */
            for (uint32_t i = 0; i < SPAN_WORDS; i++)
                CHECK_EQUAL(heap.bins[i], 0);
            CHECK_EQUAL(give(U + last * 16), HEAP_ALREADY_FREE);
            CHECK(make_even_span(U));
        }
}

CASE(span, a_refusing_source_gives_null_and_works_again_later)
{
    begin();
    source.refuses = true;
    remember();
    for (uint32_t length = 1; length <= LONGEST; length++)
        CHECK_EQUAL(take(length), SPAN_NONE);
    CHECK(nothing_has_changed());
    CHECK_EQUAL(source.refused, LONGEST);
    source.refuses = false;
    CHECK(make_even_span(U));
    CHECK_EQUAL(give(U + 32), HEAP_FREED);
    source.refuses = true;
    remember();
    for (uint32_t length = 17; length <= LONGEST; length++)
        CHECK_EQUAL(take(length), SPAN_NONE);
    CHECK(nothing_has_changed());
    CHECK_HOLDS(check());
    CHECK_EQUAL(take(16), U + 32); /* what there is is served */
    CHECK_EQUAL(take(1), SPAN_NONE);
    source.refuses = false;
    CHECK_EQUAL(take(16), U + SPAN_UNITS);
    CHECK_HOLDS(check());
}

/* -- Resizing in place -- */

/* From every length to every other, with so many free units behind it. */
CASE(span, resize_shrinks_and_grows_into_what_is_free)
{
    static const uint32_t rooms[] = {0, 1, 3, 4, 5, 6, 12, 27};
    for (uint32_t r = 0; r < sizeof rooms / sizeof rooms[0]; r++)
        for (uint32_t from = SPAN_SHORTEST; from <= LONGEST; from++)
            for (uint32_t to = 1; to <= LONGEST + 1; to++) {
                uint32_t room = rooms[r], end = from + room; /* where another one begins */
                begin();
                CHECK_EQUAL(take(end > LONGEST ? LONGEST : end), U);
                uint32_t have = end > LONGEST ? LONGEST : end;
                CHECK(end == have || end - have < SPAN_SHORTEST || take(end - have) == U + have);
                if (end - have > 0 && end - have < SPAN_SHORTEST)
                    continue; /* can't be made */
                CHECK_EQUAL(take(7), U + end);
                CHECK(end == have || give(U + have) == HEAP_FREED);
                CHECK(resize(U, from));
                CHECK_HOLDS(check());
                remember();
                bool fits = to >= SPAN_SHORTEST && to <= LONGEST && to <= end;
                CHECK_EQUAL(resize(U, to), fits);
                CHECK(fits || nothing_has_changed());
                uint32_t length = fits ? to : from;
                CHECK(is_taken_run(U, U + length));
                CHECK(end == length || is_free_run(U + length, U + end));
                CHECK(is_taken_run(U + end, U + end + 7));
                CHECK(is_free_run(U + end + 7, U + SPAN_UNITS));
                CHECK_HOLDS(check());
            }
}

/* Sizes in bytes, and those that no middle size has. */
CASE(span, resize_counts_bytes)
{
    begin();
    CHECK(make_even_span(U));
    CHECK_EQUAL(give(U + 16), HEAP_FREED);
    for (size_t nbytes = 1; nbytes < SPAN_LARGEST + 300; nbytes += nbytes % 3 + 1) {
        bool fits = nbytes > (SPAN_SHORTEST - 1) * SPAN_UNIT && nbytes <= SPAN_LARGEST;
        CHECK_EQUAL(span_resize(&heap, (size_t)U * SPAN_UNIT, nbytes), fits);
        size_t length = nbytes / SPAN_UNIT + (nbytes % SPAN_UNIT != 0);
        CHECK(!fits || length_at(U) == length);
    }
    static const size_t wrong[] = {SPAN_LARGEST + 1, 1u << 16,     1u << 31,       UINT32_MAX,
                                   UINT32_MAX - 255, SIZE_MAX / 2, SIZE_MAX - 255, SIZE_MAX};
    CHECK_HOLDS(check());
    remember();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK(!span_resize(&heap, (size_t)U * SPAN_UNIT, wrong[i]));
    if (sizeof(size_t) > 4) /* of which the low 32 bits would do */
        CHECK(!span_resize(&heap, (size_t)U * SPAN_UNIT, ((size_t)UINT32_MAX + 1) + 2000));
    CHECK(nothing_has_changed());
}

/* The run behind it is taken out of its list and what is left of it listed anew, as the newest. */
CASE(span, resize_lists_what_is_left)
{
    begin();
    CHECK(make_even_span(U) && make_even_span(U + SPAN_UNITS));
    CHECK_EQUAL(give(U + 16), HEAP_FREED);
    CHECK_EQUAL(give(U + 64), HEAP_FREED);
    CHECK(resize(U + 112, 6)); /* a run of 10 */
    CHECK(resize(U, 22));      /* another one */
    CHECK_HOLDS(check());
    CHECK_EQUAL(take(10), U + 22);
    CHECK_EQUAL(take(10), U + 118);
    CHECK_EQUAL(take(10), U + 64);
    /* All of it is used up, or it is too short to be listed. */
    CHECK_EQUAL(give(U + 22), HEAP_FREED);
    CHECK(resize(U, 32) && is_taken_run(U, U + 32));
    CHECK_HOLDS(check());
    CHECK(resize(U, 22) && resize(U, 28) && is_free_run(U + 28, U + 32));
    CHECK_HOLDS(check());
    source.refuses = true;
    CHECK_EQUAL(take(5), U + 74);
    CHECK_EQUAL(take(5), SPAN_NONE);
    CHECK_HOLDS(check());
}

/* -- Pointers that are not to be freed -- */

/* Every byte of two spans as a pointer; and of a third that is spare. */
CASE(span, b5_b6_wrong_frees_are_refused)
{
    begin();
    CHECK(make_span(U, mixed[0], 12) && make_span(U + SPAN_UNITS, mixed[1], 12));
    CHECK_EQUAL(take(32), U + 2 * SPAN_UNITS);
    CHECK_EQUAL(give(U + 2 * SPAN_UNITS), HEAP_FREED);
    static bool taken[3 * SPAN_UNITS], first[3 * SPAN_UNITS];
    memset(taken, false, sizeof taken);
    memset(first, false, sizeof first);
    for (uint32_t span = 0, unit = 0; span < 2; span++)
        for (uint32_t i = 0; i < 12; unit += mixed[span][i++]) {
            bool is_free = i % 3 == 0;
            first[unit] = !is_free;
            memset(taken + unit, !is_free, mixed[span][i]);
            CHECK(!is_free || give(U + unit) == HEAP_FREED);
        }
    CHECK(resize(U + SPAN_UNITS + 31 + 5, 6)); /* a free run of one unit */
    taken[SPAN_UNITS + 31 + 5 + 6] = false;
    CHECK_HOLDS(check());
    remember();
    for (size_t at = 0; at < sizeof taken * SPAN_UNIT; at++) {
        size_t offset = (size_t)U * SPAN_UNIT + at, nbytes = 1;
        bool aligned = at % SPAN_UNIT == 0;
        int wanted = !aligned                ? HEAP_NOT_FIRST
                     : first[at / SPAN_UNIT] ? HEAP_FREED
                     : taken[at / SPAN_UNIT] ? HEAP_NOT_FIRST
                                             : HEAP_ALREADY_FREE;
        CHECK_EQUAL(span_judge(&heap, offset, &nbytes), wanted);
        CHECK_EQUAL(nbytes > 0, wanted == HEAP_FREED);
        if (wanted != HEAP_FREED)
            CHECK_EQUAL(span_free(&heap, offset), wanted);
        if (aligned)
            CHECK(nothing_has_changed());
    }
    CHECK(nothing_has_changed());
    for (uint32_t unit = 0; unit < 2 * SPAN_UNITS; unit++)
        if (first[unit]) {
            CHECK_EQUAL(give(U + unit), HEAP_FREED);
            CHECK(owners[FIRST + unit / SPAN_UNITS_A_BLOCK] != A_SPAN ||
                  give(U + unit) == HEAP_ALREADY_FREE);
            CHECK_HOLDS(check());
        }
}

/* A run says the same of itself at each of its units. */
CASE(span, a_run_is_found_from_each_of_its_units)
{
    begin();
    CHECK(make_span(U, mixed[0], 12) && make_span(U + SPAN_UNITS, mixed[1], 12));
    for (uint32_t i = 0; i < 2; i++)
        for (uint32_t j = 0, unit = U + i * SPAN_UNITS; j < 12; unit += mixed[i][j++])
            CHECK(j % 2 == 0 || give(unit) == HEAP_FREED);
    for (uint32_t i = 0; i < 2; i++)
        for (uint32_t j = 0, unit = U + i * SPAN_UNITS; j < 12; unit += mixed[i][j++])
            CHECK(is_run(unit, unit + mixed[i][j], j % 2 == 0));
}

/* -- Random work, against a model -- */

/*
 * What there is by units, and when each free run became one: that is all that is needed to say
 * where the next request goes.
 */
enum { NOTHING, FREE, TAKEN };

static struct {
    uint8_t units[UNITS];   /* NOTHING where no span is */
    uint8_t lengths[UNITS]; /* of the allocation that begins here, or 0 */
    uint32_t listed[UNITS]; /* when the free run that begins here was */
    uint32_t now;
    uint32_t spare; /* its first unit, or SPAN_NONE */
} model;

static uint32_t start_of_span(uint32_t unit)
{
    return U + (unit - U) / SPAN_UNITS * SPAN_UNITS;
}

/* How many free units follow one another from UNIT on, in its span. */
static uint32_t count_free(uint32_t unit)
{
    uint32_t count = 0, end = start_of_span(unit) + SPAN_UNITS;
    while (unit + count < end && model.units[unit + count] == FREE)
        count++;
    return count;
}

/* The free run in which UNIT is begins a life of its own; an empty span is spare, or gone. */
static void model_list(uint32_t unit)
{
    uint32_t start = start_of_span(unit);
    while (unit > start && model.units[unit - 1] == FREE)
        unit--;
    model.listed[unit] = ++model.now;
    if (count_free(unit) < SPAN_UNITS)
        return;
    if (model.spare == SPAN_NONE)
        model.spare = unit;
    else
        memset(model.units + unit, NOTHING, SPAN_UNITS);
}

/* Where LENGTH units will be; SPAN_NONE without memory. */
static uint32_t model_find(uint32_t length)
{
    uint32_t best = SPAN_NONE, best_length = SPAN_NONE;
    for (uint32_t unit = U, have; unit < U + SPANS * SPAN_UNITS; unit += have ? have : 1) {
        have = count_free(unit);
        if (have < length || have == SPAN_UNITS || have > best_length ||
            (have == best_length && model.listed[unit] < model.listed[best]))
            continue;
        best = unit;
        best_length = have;
    }
    if (best != SPAN_NONE)
        return best;
    if (model.spare != SPAN_NONE)
        return model.spare;
    return source.refuses || source.nspans == 0
               ? SPAN_NONE
               : source.blocks[source.nspans - 1] * SPAN_UNITS_A_BLOCK;
}

static const char *try_take(size_t nbytes)
{
    uint32_t length = (uint32_t)(nbytes / SPAN_UNIT + (nbytes % SPAN_UNIT != 0));
    length = length < SPAN_SHORTEST ? SPAN_SHORTEST : length;
    uint32_t wanted = model_find(length);
    uint8_t *object = span_malloc(&heap, nbytes);
    if (wanted == SPAN_NONE)
        return object ? "there is an object, and no memory" : NULL;
    if (object != (uint8_t *)arena + (size_t)wanted * SPAN_UNIT)
        return "an object is elsewhere than the model has it";
    if (model.units[wanted] == NOTHING)
        memset(model.units + wanted, FREE, SPAN_UNITS);
    if (model.spare == wanted)
        model.spare = SPAN_NONE;
    bool rest = count_free(wanted) > length;
    memset(model.units + wanted, TAKEN, length);
    model.lengths[wanted] = (uint8_t)length;
    if (rest)
        model_list(wanted + length);
    return NULL;
}

static const char *try_give(uint32_t unit)
{
    memset(model.units + unit, FREE, model.lengths[unit]);
    model.lengths[unit] = 0;
    model_list(unit);
    if (give(unit))
        return "a right free is refused";
    bool gone = model.units[unit] == NOTHING;
    if (gone != (owners[unit / SPAN_UNITS_A_BLOCK] != A_SPAN))
        return "a span is not given back, or it is and should not";
    return gone || give(unit) == HEAP_ALREADY_FREE ? NULL : "an allocation is freed twice";
}

static const char *try_resize(uint32_t unit, size_t nbytes)
{
    uint32_t length = (uint32_t)(nbytes / SPAN_UNIT + (nbytes % SPAN_UNIT != 0));
    uint32_t have = model.lengths[unit];
    uint32_t end = start_of_span(unit) + SPAN_UNITS;
    uint32_t room = unit + have < end ? count_free(unit + have) : 0;
    bool fits = length >= SPAN_SHORTEST && nbytes <= SPAN_LARGEST && length <= have + room;
    if (span_resize(&heap, (size_t)unit * SPAN_UNIT, nbytes) != fits)
        return fits ? "a resize fails for which there is room" : "a resize went too far";
    if (!fits)
        return NULL;
    memset(model.units + unit, FREE, have + room);
    memset(model.units + unit, TAKEN, length);
    model.lengths[unit] = (uint8_t)length;
    if (have + room > length)
        model_list(unit + length);
    return NULL;
}

/* Any byte of a span as a pointer: it is judged as the model has it. */
static const char *try_anything(size_t offset)
{
    uint32_t unit = (uint32_t)(offset / SPAN_UNIT);
    size_t nbytes;
    if (model.units[unit] == NOTHING)
        return NULL;
    int wanted = offset % SPAN_UNIT           ? HEAP_NOT_FIRST
                 : model.lengths[unit]        ? HEAP_FREED
                 : model.units[unit] == TAKEN ? HEAP_NOT_FIRST
                                              : HEAP_ALREADY_FREE;
    if (span_judge(&heap, offset, &nbytes) != wanted)
        return "a pointer is misjudged";
    return wanted == HEAP_FREED || span_free(&heap, offset) == wanted ? NULL : "it is freed";
}

/* Every run there is, and no two that are listed in the same group. */
static const char *compare_with_model(void)
{
    uint32_t listed_in = SPAN_NONE;
    for (uint32_t unit = U, length; unit < U + SPANS * SPAN_UNITS; unit += length) {
        bool is_span = owners[unit / SPAN_UNITS_A_BLOCK] == A_SPAN;
        length = model.lengths[unit] ? model.lengths[unit] : count_free(unit);
        if (is_span != (model.units[unit] != NOTHING))
            return "a span is there that should not be, or is not";
        if (!is_span) {
            length = 1;
            continue;
        }
        if (!is_run(unit, unit + length, model.lengths[unit] > 0))
            return "a run is another one than the model's";
        if (model.lengths[unit] || length < SPAN_SHORTEST || length == SPAN_UNITS)
            continue;
        if (unit / SPAN_GROUP == listed_in)
            return "two listed runs begin in a group";
        listed_in = unit / SPAN_GROUP;
    }
    return check();
}

CASE(span, random_work_goes_where_a_model_says)
{
    enum { STEPS = 50000 };
    begin();
    seed = 77;
    memset(&model, 0, sizeof model);
    model.spare = SPAN_NONE;
    for (uint32_t step = 0; step < STEPS; step++) {
        uint32_t phase = step / 2500, how = random_below(64);
        uint32_t unit = U + random_below(SPANS * SPAN_UNITS);
        static const uint32_t limits[] = {SPAN_LARGEST, 2600, 2000};
        size_t nbytes = 1 + random_below(limits[random_below(3)]);
        source.refuses = phase % 4 == 3 && random_below(2) == 0;
        while (unit < U + SPANS * SPAN_UNITS && !model.lengths[unit])
            unit++;
        bool is_live = unit < U + SPANS * SPAN_UNITS;
        if (how == 0) {
            if (model.spare != SPAN_NONE)
                memset(model.units + model.spare, NOTHING, SPAN_UNITS);
            model.spare = SPAN_NONE;
            span_trim(&heap);
        } else if (how < 8) {
            CHECK_HOLDS(try_anything((size_t)U * SPAN_UNIT +
                                     random_below(SPANS * SPAN_UNITS * SPAN_UNIT / 16) * 16));
        } else if (how < 20 && is_live) {
            CHECK_HOLDS(try_resize(unit, nbytes));
        } else if (how < (phase % 2 ? 44u : 38u) && is_live) {
            CHECK_HOLDS(try_give(unit));
        } else {
            CHECK_HOLDS(try_take(nbytes));
        }
        if (step % 32 == 0)
            CHECK_HOLDS(compare_with_model());
    }
    CHECK(source.refused > 0);
    for (uint32_t unit = U; unit < U + SPANS * SPAN_UNITS; unit++)
        CHECK_HOLDS(model.lengths[unit] ? try_give(unit) : NULL);
    CHECK_HOLDS(compare_with_model());
    CHECK_EQUAL(nspans(), 1);
    span_trim(&heap);
    CHECK_EQUAL(nspans(), 0);
}

/* -- The check: every sentence of it -- */

#define CHECK_SEES(sentence, damage)                                                               \
    do {                                                                                           \
        damage;                                                                                    \
        const char *verdict_ = check();                                                            \
        repair();                                                                                  \
        CHECK(verdict_ != NULL);                                                                   \
        CHECK_TEXT(verdict_, sentence);                                                            \
        CHECK_HOLDS(check());                                                                      \
    } while (0)

/* What is free in the first span, between allocations of 5 units or more. */
enum {
    RUN_20 = U, /* listed, like the others; from the span's first unit on */
    RUN_8_OLD = U + 25,
    RUN_8 = U + 38,
    RUN_8_NEW = U + 51,
    RUN_1 = U + 69, /* not listed, nor the next one */
    RUN_3 = U + 75,
    RUN_19 = U + 109, /* to the span's last unit */
    FULL_SPAN = U + SPAN_UNITS,
    SPARE_SPAN = U + 2 * SPAN_UNITS
};

static bool make_all_kinds(void)
{
    static const uint32_t lengths[] = {20, 5, 8, 5, 8, 5, 8, 5, 6, 8, 31, 19};
    begin();
    if (!make_span(U, lengths, 12) || !make_even_span(FULL_SPAN) || take(5) != SPARE_SPAN ||
        give(SPARE_SPAN) || give(RUN_20) || give(RUN_8_OLD) || give(RUN_8) || give(RUN_8_NEW) ||
        give(RUN_19) || !resize(U + 64, 5) || !resize(U + 70, 5))
        return false;
    remember();
    return is_free_run(RUN_1, RUN_1 + 1) && is_free_run(RUN_3, RUN_3 + 3) &&
           heap.newest[8] == RUN_8_NEW && nspans() == 3 && !check();
}

static struct span_link *link_of(uint32_t unit)
{
    return &links[unit / SPAN_GROUP];
}

CASE(span, check_sees_wrong_ends_of_a_span)
{
    static const char *const unmarked = "a span's ends are not marked";
    static const char *const marked = "an end of a span is marked where none is";
    CHECK(make_all_kinds());
    for (uint32_t first = U; first <= SPARE_SPAN; first += SPAN_UNITS) {
        uint32_t last = first + SPAN_UNITS - 1;
        CHECK_SEES(unmarked, tags[first] ^= TAG_START);
        CHECK_SEES(unmarked, tags[last] ^= TAG_END);
        CHECK_SEES(marked, tags[first] ^= TAG_END);
        CHECK_SEES(marked, tags[last] ^= TAG_START);
        for (uint32_t unit = first + 1; unit < last; unit++) {
            CHECK_SEES(marked, tags[unit] ^= TAG_START);
            CHECK_SEES(marked, tags[unit] ^= TAG_END);
        }
    }
    CHECK_SEES("a span ends beyond the heap", owners[BLOCKS - 1] = A_SPAN);
    CHECK_SEES("a span ends beyond the heap", memset(owners + BLOCKS - 7, A_SPAN, 7));
}

CASE(span, check_sees_a_wrong_spare_span)
{
    static const char *const not_spare = "a span is empty, and not the spare one";
    CHECK(make_all_kinds());
    CHECK_SEES(not_spare, heap.spare = SPAN_NONE);
    CHECK_SEES(not_spare, heap.spare = FIRST);
    CHECK_SEES(not_spare, heap.spare = BLOCKS);
    span_trim(&heap);
    remember();
    CHECK_HOLDS(check());
    static const char *const not_empty = "the spare span is not empty";
    CHECK_SEES(not_empty, heap.spare = FIRST);
    CHECK_SEES(not_empty, heap.spare = SPARE_SPAN / SPAN_UNITS_A_BLOCK);
    CHECK_SEES(not_empty, heap.spare = 1u << 31);
}

CASE(span, check_sees_a_wrong_first_unit)
{
    static const char *const wrong = "a unit where a run has to begin has another tag";
    static const uint32_t firsts[] = {RUN_20, RUN_20 + 20, RUN_8,     RUN_1,
                                      RUN_3,  RUN_19,      FULL_SPAN, FULL_SPAN + 112};
    CHECK(make_all_kinds());
    for (uint32_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        uint16_t *tag = &tags[firsts[i]];
        CHECK_SEES(wrong, *tag ^= TAG_FREE);
        CHECK_SEES(wrong, *tag ^= TAG_TAKEN);
        CHECK_SEES(wrong, *tag ^= TAG_LAST);
        CHECK_SEES(wrong, *tag ^= 0x2000);
        CHECK_SEES(wrong, *tag ^= 0x8000);
        CHECK_SEES(wrong, *tag &= (uint16_t)~TAG_LENGTH);
        CHECK_SEES(wrong, *tag |= TAG_LENGTH);
        if (firsts[i] != FULL_SPAN && firsts[i] != RUN_20) /* there the span would be empty */
            CHECK_SEES(wrong, *tag &= (uint16_t)TAG_EDGES);
    }
    /* By a unit too long for the span; and too short for any request. */
    CHECK_SEES(wrong, tags[RUN_19]++);
    CHECK_SEES(wrong, tags[FULL_SPAN + 112]++);
    CHECK_SEES(wrong, tags[RUN_20 + 20]--);
    CHECK_SEES(wrong, (tags[RUN_1] = TAG_TAKEN | 1));
    CHECK_SEES(wrong, (tags[SPARE_SPAN] = TAG_START | TAG_FREE | SPAN_UNITS,
                       tags[SPARE_SPAN + SPAN_UNITS - 1] = TAG_END | TAG_LAST | SPAN_UNITS));
    CHECK_SEES(wrong, (tags[RUN_3] = TAG_TAKEN | 3, tags[RUN_3 + 2] = 0));
}

CASE(span, check_sees_a_wrong_tag_behind_the_first)
{
    static const char *const inside = "a unit inside of a run has a tag";
    static const char *const last = "the last unit of a run does not say what the first one does";
    CHECK(make_all_kinds());
    static const struct {
        uint32_t first, length;
        bool free;
    } runs[] = {{RUN_20, 20, true},
                {RUN_20 + 20, 5, false},
                {RUN_8, 8, true},
                {RUN_3, 3, true},
                {RUN_19, 19, true},
                {FULL_SPAN, 16, false},
                {FULL_SPAN + 112, 16, false},
                {SPARE_SPAN, SPAN_UNITS, false}};
    for (uint32_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        uint16_t *end = &tags[runs[i].first + runs[i].length - 1];
        for (uint32_t unit = runs[i].first + 1; &tags[unit] < end; unit++) {
            CHECK_SEES(inside, tags[unit] = 1);
            CHECK_SEES(inside, tags[unit] = TAG_LAST);
            CHECK_SEES(inside, tags[unit] = TAG_TAKEN | 5);
            CHECK_SEES(inside, tags[unit] = 0x4000);
        }
        CHECK_SEES(last, *end ^= 1);
        CHECK_SEES(last, *end ^= TAG_LAST);
        CHECK_SEES(last, *end ^= TAG_FREE);
        CHECK_SEES(last, *end ^= TAG_TAKEN);
        CHECK_SEES(last, *end ^= 0x8000);
        if (runs[i].free)
            CHECK_SEES(last, *end &= TAG_EDGES);
    }
}

/* A run of 20, right by itself as two of 10. */
CASE(span, check_sees_free_runs_side_by_side)
{
    static const char *const wrong = "two free runs lie side by side";
    CHECK(make_all_kinds());
    heap.newest[20] = SPAN_NONE;
    heap.bins[0] ^= 1u << 20 | 1u << 10;
    heap.newest[10] = RUN_20 + 10;
    *link_of(RUN_20 + 10) = (struct span_link){.newer = SPAN_NONE, .older = RUN_20};
    *link_of(RUN_20) = (struct span_link){.newer = RUN_20 + 10, .older = SPAN_NONE};
    tags[RUN_20] = TAG_START | TAG_FREE | 10;
    tags[RUN_20 + 10] = TAG_FREE | 10;
    tags[RUN_20 + 9] = tags[RUN_20 + 19] = TAG_LAST | 10;
    CHECK(check() != NULL);
    CHECK_TEXT(check(), wrong);
    /* Also of those that are in no list. */
    repair();
    tags[RUN_3] = TAG_FREE | TAG_LAST | 1;
    tags[RUN_3 + 1] = TAG_FREE | 2;
    tags[RUN_3 + 2] = TAG_LAST | 2;
    CHECK(check() != NULL);
    CHECK_TEXT(check(), wrong);
}

CASE(span, check_sees_a_run_that_is_not_listed)
{
    static const char *const wrong = "a free run is not in the list of its length";
    static const uint32_t alone[] = {RUN_20, RUN_19};
    static const uint32_t wrong_units[] = {0, U - 1, U + SPANS * SPAN_UNITS, UNITS, 1u << 31};
    CHECK(make_all_kinds());
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t length = alone[i] == RUN_20 ? 20 : 19;
        CHECK_SEES(wrong, heap.newest[length] = SPAN_NONE);
        CHECK_SEES(wrong, heap.newest[length]++);
        CHECK_SEES(wrong, heap.newest[length] = RUN_8);
        CHECK_SEES(wrong, link_of(alone[i])->newer = RUN_8);
        CHECK_SEES(wrong, link_of(alone[i])->newer = alone[i]);
    }
    CHECK_SEES(wrong, heap.newest[8] = RUN_8);
    CHECK_SEES(wrong, heap.newest[8] = RUN_8_OLD);
    CHECK_SEES(wrong, heap.newest[8]--);
    for (uint32_t i = 0; i < sizeof wrong_units / sizeof wrong_units[0]; i++) {
        CHECK_SEES(wrong, heap.newest[8] = wrong_units[i]);
        CHECK_SEES(wrong, link_of(RUN_8_NEW)->newer = wrong_units[i]);
        CHECK_SEES(wrong, link_of(RUN_8)->newer = wrong_units[i]);
        CHECK_SEES(wrong, link_of(RUN_8)->older = wrong_units[i]);
    }
    CHECK_SEES(wrong, link_of(RUN_8)->newer = SPAN_NONE);
    CHECK_SEES(wrong, link_of(RUN_8)->newer = RUN_8_OLD);
    CHECK_SEES(wrong, link_of(RUN_8)->older++);
    CHECK_SEES(wrong, link_of(RUN_8_NEW)->older = SPAN_NONE);
    CHECK_SEES(wrong, link_of(RUN_8_NEW)->older = RUN_8_OLD);
    /* What would lead to it is in a block that is no span's. */
    CHECK_SEES(wrong, (link_of(RUN_20)->newer = U - 1, link_of(U - 1)->older = RUN_20));
    CHECK_SEES(wrong, (link_of(RUN_20)->newer = UNITS - 1, link_of(UNITS - 1)->older = RUN_20));
}

CASE(span, check_sees_a_wrong_bit)
{
    CHECK(make_all_kinds());
    for (uint32_t length = 0; length < SPAN_WORDS * 32; length++)
        CHECK_SEES("a bit says that there are free runs of a length, or that there are none",
                   heap.bins[length / 32] ^= 1u << length % 32);
}

CASE(span, check_sees_a_wrong_list)
{
    static const char *const wrong = "the list of a length is not that of its free runs";
    static const uint32_t units[] = {0, 1, U - 1, RUN_20, RUN_1, FULL_SPAN, UNITS, 1u << 31};
    CHECK(make_all_kinds());
    for (uint32_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        for (uint32_t length = 0; length < SPAN_UNITS; length++)
            if (length != 8 && length != 19 && length != 20)
                CHECK_SEES(wrong, heap.newest[length] = units[i]);
        /* Behind the last run. */
        CHECK_SEES(wrong, link_of(RUN_8_OLD)->older = units[i]);
        CHECK_SEES(wrong, link_of(RUN_19)->older = units[i]);
    }
    /* A list that leads back into itself, and one that is cut. */
    CHECK_SEES(wrong, link_of(RUN_8_OLD)->older = RUN_8_NEW);
    CHECK_SEES(wrong, link_of(RUN_8_OLD)->older = RUN_8_OLD);
    CHECK_SEES(wrong, link_of(RUN_20)->older = RUN_20);
    /* Another link, in whose group no run begins, leads to one, and the list itself does not. */
    uint32_t other = FULL_SPAN + 40;
    CHECK_SEES(wrong, (link_of(RUN_8_OLD)->newer = other, link_of(other)->older = RUN_8_OLD,
                       link_of(RUN_8)->older = SPAN_NONE));
    for (uint32_t i = 0; i < sizeof units / sizeof units[0]; i++)
        CHECK_SEES(wrong, (link_of(RUN_8_NEW)->newer = other, link_of(other)->older = RUN_8_NEW,
                           heap.newest[8] = units[i]));
}
