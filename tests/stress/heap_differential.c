/*
 * Ten million random operations on 25,600 blocks: each allocation goes where a scan over the model
 * says, and after each operation the table has changed exactly where it should.
 */
#include <string.h>

#include "case.h"
#include "memory/heap/heap.h"
#include "run_model.h"

enum { BLOCKS = 25600, OPERATIONS = 10000000, CHECK_EVERY = 100000 };

#define START ((uint8_t *)0x10000000)

static HEAP_BLOCK_TABLE_ENTRY entries[BLOCKS], before[BLOCKS];
static struct heap_run runs[BLOCKS];
static struct heap_table table = {.entries = entries, .total = BLOCKS, .runs = runs};
static struct heap heap;
static uint32_t live[BLOCKS], nlive;
static uint64_t seed;

static uint32_t next_random(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 24) % below;
}

static uint32_t free_bits[RUN_MODEL_WORDS(BLOCKS)], since[BLOCKS];
static struct run_model model;

/* Whether the table is what it was, but that an allocation of LENGTH blocks begins at FIRST. */
static bool only_this_is_taken(size_t first, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned wanted = length == 1 ? 0x41 : i == 0 ? 0xc1 : i + 1 < length ? 0x81 : 0x01;
        if (before[first + i] != 0 || entries[first + i] != wanted)
            return false;
        before[first + i] = (HEAP_BLOCK_TABLE_ENTRY)wanted;
    }
    return true;
}

static bool try_malloc(size_t length)
{
    size_t wanted = run_model_find(&model, length);
    uint8_t *got = heap_malloc(&heap, length * HEAP_BLOCK_SIZE);
    if (wanted == BLOCKS)
        return got == NULL;
    live[nlive++] = (uint32_t)wanted;
    run_model_take(&model, wanted, length);
    return got == START + wanted * HEAP_BLOCK_SIZE && only_this_is_taken(wanted, length);
}

/* Aligned: wherever it lies, it was free; and none is refused where a run is longer by a step. */
static bool try_aligned(size_t length, size_t step)
{
    uint8_t *got = heap_malloc_aligned(&heap, length * HEAP_BLOCK_SIZE, step * HEAP_BLOCK_SIZE);
    if (got) {
        size_t first = (size_t)(got - START) / HEAP_BLOCK_SIZE;
        live[nlive++] = (uint32_t)first;
        run_model_take(&model, first, length);
        return (uintptr_t)got % (step * HEAP_BLOCK_SIZE) == 0 && only_this_is_taken(first, length);
    }
    return run_model_find(&model, length + step - 1) == BLOCKS;
}

static bool these_are_free(size_t first, size_t length)
{
    for (size_t i = first; i < first + length; i++) {
        if (entries[i] != 0)
            return false;
        before[i] = 0;
    }
    run_model_give(&model, first, length);
    return true;
}

static size_t length_at(size_t first)
{
    size_t length = 1;
    while (entries[first + length - 1] & 0x80)
        length++;
    return length;
}

static bool try_free(size_t i)
{
    size_t first = live[i], length = length_at(first);
    live[i] = live[--nlive];
    return heap_free(&heap, START + first * HEAP_BLOCK_SIZE) == HEAP_FREED &&
           these_are_free(first, length);
}

static bool try_resize(size_t i, size_t length)
{
    size_t first = live[i], was = length_at(first);
    bool fits = length <= was || run_model_next(&model, first + was, false) >= first + length;
    if (first + length > BLOCKS)
        fits = false;
    if (heap_resize(&heap, START + first * HEAP_BLOCK_SIZE, length) != fits)
        return false;
    if (!fits)
        return true;
    memset(before + first, 0, was);
    if (length > was)
        run_model_take(&model, first + was, length - was);
    bool freed = length >= was || these_are_free(first + length, was - length);
    return freed && only_this_is_taken(first, length);
}

/* A pointer that is none of the live ones is refused, for the reason that its entry gives. */
static bool try_wrong_free(size_t block)
{
    int wanted = entries[block] == 0 ? HEAP_ALREADY_FREE : HEAP_NOT_FIRST;
    if (entries[block] & 0x40)
        return true;
    return heap_free(&heap, START + block * HEAP_BLOCK_SIZE) == wanted;
}

static bool step(uint32_t fullness)
{
    uint32_t large = next_random(1000);
    size_t length = 1 + next_random(large == 0 ? 3000 : large < 20 ? 200 : 64);
    bool grow = heap.statistics.taken * 100 < (size_t)BLOCKS * fullness;
    switch (next_random(32)) {
    case 0:
        return try_wrong_free(next_random(BLOCKS));
    case 1:
        return !nlive || try_resize(next_random(nlive), length);
    case 2:
        return !grow || try_aligned(length, (size_t)1 << next_random(8));
    default:
        return grow || !nlive ? try_malloc(length) : try_free(next_random(nlive));
    }
}

CASE(heap, ten_million_operations_agree_with_a_scan)
{
    static const uint8_t fullness[] = {90, 50, 98, 10, 75, 100, 0};
    CHECK_EQUAL(heap_create(&heap, START, START + (size_t)BLOCKS * HEAP_BLOCK_SIZE, &table), 0);
    run_model_init(&model, BLOCKS, free_bits, since);
    seed = 88172645463325252u;
    for (unsigned i = 0; i < OPERATIONS; i++) {
        CHECK(step(fullness[i / 250000 % sizeof fullness]));
        if (i % CHECK_EVERY == 0) {
            CHECK_HOLDS(heap_check(&heap));
            CHECK(memcmp(before, entries, BLOCKS) == 0);
        }
    }
    while (nlive > 0)
        CHECK(try_free(nlive - 1));
    CHECK_HOLDS(heap_check(&heap));
    CHECK_EQUAL(heap_largest_free(&heap), BLOCKS);
}
