/* Allocations that change their length in place, and aligned ones. */
#include "arena.h"
#include "case.h"
#include "memory/heap/heap.h"

enum { BLOCKS = 4096 };

/* A multiple of 16 blocks, but not of 32. */
#define START ((uint8_t *)0x40010000)

static HEAP_BLOCK_TABLE_ENTRY entries[BLOCKS];
#define RUNS ((struct heap_run *)(void *)arena) /* too many for the kernel's image */
_Static_assert(BLOCKS * sizeof(struct heap_run) <= (size_t)ARENA_BLOCKS * ARENA_BLOCK_SIZE,
               "the arena has room for all of them");
static struct heap_table table;
static struct heap heap;

static void *at(size_t block)
{
    return START + block * HEAP_BLOCK_SIZE;
}

static bool make(void)
{
    table = (struct heap_table){.entries = entries, .total = BLOCKS, .runs = RUNS};
    return heap_create(&heap, at(0), at(BLOCKS), &table) == 0;
}

CASE(heap_resize, grows_into_the_free_blocks_behind)
{
    CHECK(make());
    void *a = heap_malloc(&heap, 2 * 4096), *b = heap_malloc(&heap, 3 * 4096);
    CHECK(a == at(0) && b == at(2));
    CHECK(!heap_resize(&heap, a, 3));
    CHECK(heap_resize(&heap, b, 4));
    CHECK_EQUAL(entries[4], 0x81);
    CHECK_EQUAL(entries[5], 0x01);
    CHECK_EQUAL(entries[6], 0x00);
    CHECK_EQUAL(heap.statistics.taken, 6);
    CHECK(!heap_resize(&heap, b, BLOCKS - 1));
    CHECK(!heap_resize(&heap, b, SIZE_MAX));
    CHECK_EQUAL(heap.statistics.taken, 6);
    CHECK(heap_resize(&heap, b, BLOCKS - 2)); /* all that there is */
    CHECK(heap_malloc(&heap, 1) == NULL);
    CHECK_EQUAL(heap.statistics.peak, BLOCKS);
    CHECK_HOLDS(heap_check(&heap));
}

CASE(heap_resize, shrinks_and_gives_the_rest_back)
{
    CHECK(make());
    void *a = heap_malloc(&heap, 5 * 4096), *b = heap_malloc(&heap, 4096);
    CHECK(heap_resize(&heap, a, 5));
    CHECK(heap_resize(&heap, a, 1));
    CHECK_EQUAL(entries[0], 0x41);
    for (size_t block = 1; block < 5; block++)
        CHECK_EQUAL(entries[block], 0x00);
    CHECK_EQUAL(entries[5], 0x41);
    CHECK_EQUAL(heap.statistics.taken, 2);
    CHECK_EQUAL(heap.statistics.allocations, 2);
    CHECK_HOLDS(heap_check(&heap));
    CHECK(heap_malloc(&heap, 4 * 4096) == at(1));
    CHECK_EQUAL(heap_free(&heap, b), HEAP_FREED);
    CHECK(heap_resize(&heap, at(1), 2)); /* what is given back joins what is free behind it */
    CHECK(heap_malloc(&heap, 5 * 4096) == at(3));
    CHECK_HOLDS(heap_check(&heap));
}

CASE(heap_resize, wrong_pointers_and_lengths_change_nothing)
{
    CHECK(make());
    void *a = heap_malloc(&heap, 3 * 4096);
    CHECK(!heap_resize(&heap, a, 0));
    CHECK(!heap_resize(&heap, NULL, 1));
    CHECK(!heap_resize(&heap, at(1), 1));
    CHECK(!heap_resize(&heap, at(3), 1));
    CHECK(!heap_resize(&heap, (uint8_t *)a + 16, 1));
    CHECK(!heap_resize(&heap, at(BLOCKS), 1));
    CHECK_EQUAL(heap.statistics.taken, 3);
    CHECK_EQUAL(heap.statistics.refused, 0);
    CHECK_HOLDS(heap_check(&heap));
}

CASE(heap_aligned, lies_on_every_power_of_two)
{
    for (size_t step = 1; step <= 1024; step *= 2) {
        CHECK(make());
        CHECK(heap_malloc(&heap, 4096) != NULL);
        uint8_t *a = heap_malloc_aligned(&heap, 3 * 4096, step * 4096);
        uint8_t *b = heap_malloc_aligned(&heap, 4096, step * 4096);
        CHECK(a != NULL && b != NULL && a != b);
        CHECK_EQUAL((uintptr_t)a % (step * 4096), 0);
        CHECK_EQUAL((uintptr_t)b % (step * 4096), 0);
        CHECK_EQUAL(heap.statistics.taken, 5); /* nothing is lost before or behind */
        CHECK_HOLDS(heap_check(&heap));
        CHECK_EQUAL(heap_free(&heap, a), HEAP_FREED);
        CHECK_EQUAL(heap_free(&heap, b), HEAP_FREED);
        CHECK_EQUAL(heap_largest_free(&heap), BLOCKS - 1);
    }
}

CASE(heap_aligned, odd_alignments_and_sizes)
{
    CHECK(make());
    const size_t wrong[] = {0, 3, 4095, 4097, 3 * 4096, SIZE_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK(heap_malloc_aligned(&heap, 4096, wrong[i]) == NULL);
    CHECK_EQUAL(heap.statistics.failed, 0);
    CHECK(heap_malloc_aligned(&heap, 0, 65536) == NULL);
    CHECK(heap_malloc_aligned(&heap, 1, 1) == at(0));
    CHECK(heap_malloc_aligned(&heap, SIZE_MAX, 65536) == NULL);
    CHECK(heap_malloc_aligned(&heap, 4096, SIZE_MAX / 2 + 1) == NULL);
    CHECK_EQUAL(heap.statistics.failed, 2);
    CHECK_EQUAL(heap.statistics.taken, 1);
}

/* No run is longer by the alignment, but one lies right. */
CASE(heap_aligned, takes_the_only_place)
{
    CHECK(make());
    CHECK_EQUAL(heap_take(&heap, 0, 48), 0);
    CHECK_EQUAL(heap_take(&heap, 49, BLOCKS), 0);
    CHECK(heap_malloc_aligned(&heap, 4096, 64 * 4096) == at(48)); /* 0x40040000 */
    CHECK(heap_malloc_aligned(&heap, 4096, 64 * 4096) == NULL);
    CHECK_HOLDS(heap_check(&heap));
}

/* Runs of a block each, newest first: HEAP_LOOKS of them are asked, and no more. */
CASE(heap_aligned, looks_at_a_constant_number_of_runs)
{
    for (size_t newer = 1; newer <= HEAP_LOOKS; newer++) {
        CHECK(make());
        CHECK_EQUAL(heap_take(&heap, 0, 48), 0);
        for (size_t i = 0; i < newer; i++)
            CHECK_EQUAL(heap_take(&heap, 49 + 2 * i, 50 + 2 * i), 0);
        CHECK_EQUAL(heap_take(&heap, 49 + 2 * newer, BLOCKS), 0);
        void *wanted = newer < HEAP_LOOKS ? at(48) : NULL;
        CHECK(heap_malloc_aligned(&heap, 4096, 64 * 4096) == wanted);
        CHECK_HOLDS(heap_check(&heap));
    }
}
