/*
 * Ten million random operations on 25,600 blocks: each allocation goes where a scan over the table
 * says, and after each operation the table has changed exactly where it should. The scan here
 * shares nothing with heap_scan(), which would take minutes; some calls ask that one too.
 */
#include <string.h>

#include "case.h"
#include "memory/heap/heap_scan.h"

enum { BLOCKS = 25600, OPERATIONS = 10000000, CHECK_EVERY = 100000, WORD = 64 };

#define START ((uint8_t *)0x0a000000)

static HEAP_BLOCK_TABLE_ENTRY entries[BLOCKS], before[BLOCKS];
static size_t index_words[HEAP_INDEX_WORDS(BLOCKS)];
static struct heap_table table = {.entries = entries, .total = BLOCKS, .index = index_words};
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

/* What the table said before, a bit a block, set where it is free; so that a scan is quick. */
static uint64_t free_bits[BLOCKS / WORD];

static void note(size_t block, bool free)
{
    uint64_t bit = (uint64_t)1 << block % WORD;
    free_bits[block / WORD] = free ? free_bits[block / WORD] | bit : free_bits[block / WORD] & ~bit;
}

/* The next block from BLOCK on that is free, or taken; BLOCKS where there is none. */
static size_t next_block(size_t block, bool free)
{
    for (; block < BLOCKS; block = (block / WORD + 1) * WORD) {
        uint64_t word = free_bits[block / WORD];
        word = (free ? word : ~word) >> block % WORD;
        if (word)
            return block + (size_t)__builtin_ctzll(word);
    }
    return BLOCKS;
}

/* Up to 64 blocks all lengths differ; above, only their first three binary digits count. */
static size_t significant(size_t length)
{
    unsigned zeros = 0;
    if (length <= 64)
        return length;
    while (length >> zeros > 7)
        zeros++;
    return (length >> zeros << zeros) + 1;
}

static size_t scan(size_t nblocks)
{
    size_t best = BLOCKS, best_rank = SIZE_MAX, end;
    for (size_t start = next_block(0, true); start < BLOCKS; start = next_block(end, true)) {
        end = next_block(start, false);
        if (end - start >= nblocks && significant(end - start) < best_rank) {
            best = start;
            best_rank = significant(end - start);
        }
    }
    return best;
}

/* Whether the table is what it was, but that an allocation of LENGTH blocks begins at FIRST. */
static bool only_this_is_taken(size_t first, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned wanted = length == 1 ? 0x41 : i == 0 ? 0xc1 : i + 1 < length ? 0x81 : 0x01;
        if (before[first + i] != 0 || entries[first + i] != wanted)
            return false;
        before[first + i] = (HEAP_BLOCK_TABLE_ENTRY)wanted;
        note(first + i, false);
    }
    return true;
}

static bool try_malloc(size_t length, bool ask_heap_scan)
{
    size_t wanted = scan(length);
    if (ask_heap_scan && heap_scan(&table, length) != wanted)
        return false;
    uint8_t *got = heap_malloc(&heap, length * HEAP_BLOCK_SIZE);
    if (wanted == BLOCKS)
        return got == NULL;
    live[nlive++] = (uint32_t)wanted;
    return got == START + wanted * HEAP_BLOCK_SIZE && only_this_is_taken(wanted, length);
}

/* Aligned: wherever it lies, it was free; and none is refused that a scan finds a place for. */
static bool try_aligned(size_t length, size_t step)
{
    uint8_t *got = heap_malloc_aligned(&heap, length * HEAP_BLOCK_SIZE, step * HEAP_BLOCK_SIZE);
    if (got) {
        size_t first = (size_t)(got - START) / HEAP_BLOCK_SIZE;
        live[nlive++] = (uint32_t)first;
        return (uintptr_t)got % (step * HEAP_BLOCK_SIZE) == 0 && only_this_is_taken(first, length);
    }
    size_t origin = (uintptr_t)START / HEAP_BLOCK_SIZE;
    for (size_t first = (step - origin % step) % step; first + length <= BLOCKS; first += step)
        if (next_block(first, true) == first && next_block(first, false) >= first + length)
            return false;
    return true;
}

static bool these_are_free(size_t first, size_t length)
{
    for (size_t i = first; i < first + length; i++) {
        if (entries[i] != 0)
            return false;
        before[i] = 0;
        note(i, true);
    }
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
    bool fits = length <= was || next_block(first + was, false) >= first + length;
    if (first + length > BLOCKS)
        fits = false;
    if (heap_resize(&heap, START + first * HEAP_BLOCK_SIZE, length) != fits)
        return false;
    if (!fits)
        return true;
    memset(before + first, 0, was);
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

static bool step(unsigned operation, uint32_t fullness)
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
        return grow || !nlive ? try_malloc(length, operation % 4096 == 0)
                              : try_free(next_random(nlive));
    }
}

CASE(heap, ten_million_operations_agree_with_a_scan)
{
    static const uint8_t fullness[] = {90, 50, 98, 10, 75, 100, 0};
    CHECK_EQUAL(heap_create(&heap, START, START + (size_t)BLOCKS * HEAP_BLOCK_SIZE, &table), 0);
    for (size_t block = 0; block < BLOCKS; block++)
        note(block, true);
    seed = 88172645463325252u;
    for (unsigned i = 0; i < OPERATIONS; i++) {
        CHECK(step(i, fullness[i / 250000 % sizeof fullness]));
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
