/*
 * The block table against an oracle that knows no bits, a list of allocations, and one that knows
 * where the next goes. Every legal table of 10 blocks times every operation; then a million random
 * operations on 48 blocks, and some with long runs.
 */
#include "case.h"
#include "memory/heap/heap.h"
#include "run_model.h"

enum { MOST = 2048, FEW = 48, SMALL = 10, OPERATIONS = 1000000, LONG_OPERATIONS = 20000 };

#define START ((uint8_t *)0x40000000)

static HEAP_BLOCK_TABLE_ENTRY entries[MOST];
static struct heap_run runs[MOST];
static uint32_t free_bits[RUN_MODEL_WORDS(MOST)], since[MOST];
static struct run_model places;
static struct heap_table table;
static struct heap heap;

/* length[b] is how many blocks the allocation has that begins at b; 0 where none begins. */
static struct {
    size_t nblocks;
    size_t length[MOST];
} model;

static void model_clear(size_t nblocks)
{
    model.nblocks = nblocks;
    for (size_t i = 0; i < nblocks; i++)
        model.length[i] = 0;
}

static bool model_is_free(size_t block)
{
    for (size_t first = 0; first <= block; first++)
        if (first + model.length[first] > block)
            return false;
    return true;
}

static size_t model_malloc(size_t length)
{
    size_t first = run_model_find(&places, length);
    if (first < model.nblocks) {
        run_model_take(&places, first, length);
        model.length[first] = length;
    }
    return first;
}

/* Whether every entry is what the model says it is. */
static bool same(void)
{
    for (size_t block = 0; block < model.nblocks;) {
        size_t length = model.length[block];
        if (length == 0) {
            if (entries[block++] != 0x00)
                return false;
            continue;
        }
        for (size_t i = 0; i < length; i++, block++) {
            unsigned wanted = length == 1       ? 0x41u
                              : i == 0          ? 0xc1u
                              : i == length - 1 ? 0x01u
                                                : 0x81u;
            if (entries[block] != wanted)
                return false;
        }
    }
    return true;
}

static bool make(size_t nblocks)
{
    table = (struct heap_table){.entries = entries, .total = nblocks, .runs = runs};
    model_clear(nblocks);
    run_model_init(&places, nblocks, free_bits, since);
    return heap_create(&heap, START, START + nblocks * 4096, &table) == 0;
}

static bool malloc_agrees(size_t length)
{
    size_t wanted = model_malloc(length);
    void *got = heap_malloc(&heap, length * 4096);
    return got == (wanted == model.nblocks ? NULL : (void *)(START + wanted * 4096));
}

static bool free_agrees(size_t block)
{
    bool wanted = model.length[block] != 0;
    bool was_free = model_is_free(block);
    int got = heap_free(&heap, START + block * 4096);
    if (wanted)
        run_model_give(&places, block, model.length[block]);
    model.length[block] = 0;
    if (wanted)
        return got == HEAP_FREED;
    return got == (was_free ? HEAP_ALREADY_FREE : HEAP_NOT_FIRST);
}

/*
 * Brings the heap and the model into the table that CUTS and TAKEN describe: bit i of CUTS ends a
 * run behind block i, bit i of TAKEN says whether the run that holds block i is taken.
 */
static bool make_small(unsigned cuts, unsigned taken)
{
    if (!make(SMALL))
        return false;
    size_t first = 0;
    for (size_t block = 0; block < SMALL; block++) {
        if (block + 1 < SMALL && !(cuts >> block & 1))
            continue;
        size_t length = block + 1 - first;
        if (taken >> block & 1) {
            if (heap_take(&heap, first, block + 1))
                return false;
            run_model_take(&places, first, length);
            model.length[first] = length;
        }
        first = block + 1;
    }
    return same();
}

/* So that no table comes twice: a run is all taken or all free, and no cut is between free runs. */
static bool is_table(unsigned cuts, unsigned taken)
{
    for (size_t block = 0; block + 1 < SMALL; block++) {
        bool cut = cuts >> block & 1, here = taken >> block & 1, next = taken >> (block + 1) & 1;
        if (cut ? !here && !next : here != next)
            return false;
    }
    return true;
}

CASE(heap, every_table_of_10_blocks_and_every_operation)
{
    unsigned ntables = 0;
    for (unsigned cuts = 0; cuts < 1u << (SMALL - 1); cuts++)
        for (unsigned taken = 0; taken < 1u << SMALL; taken++)
            for (size_t operation = 0; is_table(cuts, taken) && operation < 2 * SMALL + 1;
                 operation++) {
                ntables += operation == 0;
                CHECK(make_small(cuts, taken));
                CHECK(operation <= SMALL ? malloc_agrees(operation + 1)
                                         : free_agrees(operation - SMALL - 1));
                CHECK(same());
                CHECK_HOLDS(heap_check(&heap));
            }
    CHECK_EQUAL(ntables, 10946); /* tables(n) = 3 tables(n - 1) - tables(n - 2) */
}

static uint32_t seed = 4711;

static uint32_t next_random(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % below;
}

CASE(heap, a_million_random_operations)
{
    CHECK(make(FEW));
    for (int i = 0; i < OPERATIONS; i++) {
        if (next_random(2))
            CHECK(malloc_agrees(1 + next_random(next_random(8) ? 4 : FEW + 2)));
        else
            CHECK(free_agrees(next_random(FEW)));
        CHECK(same());
        if (i % 64 == 0)
            CHECK_HOLDS(heap_check(&heap));
    }
}

/* Lengths of which several are in a bin. */
CASE(heap, long_runs_in_their_bins)
{
    CHECK(make(MOST));
    for (int i = 0; i < LONG_OPERATIONS; i++) {
        if (next_random(3))
            CHECK(malloc_agrees(1 + next_random(i % 4 ? 150 : 600)));
        else
            for (size_t block = next_random(MOST), end = block + 40; block < end; block++)
                CHECK(block >= MOST || model.length[block] == 0 || free_agrees(block));
        CHECK(same());
        if (i % 64 == 0)
            CHECK_HOLDS(heap_check(&heap));
    }
}
