/* A watched heap: what is found, and whose it is said to be. */
#include "memory/debug/watch.h"

#include "case.h"
#include "memory/memory.h"
#include "watched.h"

enum { ALL = WATCH_POISON | WATCH_RED_ZONES | WATCH_QUARANTINE };

static bool all_are(const uint8_t *bytes, size_t nbytes, uint8_t value)
{
    for (size_t i = 0; i < nbytes; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

CASE(watch, fresh_and_freed_memory_have_patterns)
{
    CHECK(begin_watching(ALL));
    uint8_t *object = take(100);
    CHECK(object != NULL && all_are(object, 100, WATCH_FRESH));
    CHECK(all_are(object + 100, WATCH_RED_ZONE, WATCH_ZONE));
    CHECK_EQUAL(watch_size(&watch, object), 100);
    CHECK_EQUAL(watch_free(&watch, object, there), HEAP_FREED);
    CHECK(all_are(object, 100, WATCH_FREED));
    CHECK_EQUAL(watch_size(&watch, object), 0);
    CHECK_EQUAL(seen.count, 0);
}

CASE(watch, without_flags_memory_is_not_touched)
{
    CHECK(begin_watching(WATCH_RECORDS));
    uint8_t *object = take(64);
    memset(object, 7, 64);
    CHECK_EQUAL(watch_free(&watch, object, there), HEAP_FREED);
    CHECK(all_are(object, 64, 7));
    CHECK(take(64) == object); /* nothing is held back */
}

CASE(watch, every_byte_behind_is_guarded)
{
    static const size_t sizes[] = {1, 8, 24, 100, 512, 600, 4096, 5000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t behind = 0; behind < WATCH_RED_ZONE; behind++) {
            CHECK(begin_watching(ALL));
            uint8_t *object = take(sizes[i]);
            CHECK(object != NULL);
            object[sizes[i] + behind] ^= 0x80;
            CHECK_EQUAL(watch_free(&watch, object, there), HEAP_FREED);
            CHECK_EQUAL(seen.count, 1);
            CHECK_EQUAL(seen.findings[0].kind, WATCH_WROTE_BEHIND);
            CHECK_EQUAL(seen.findings[0].offset, sizes[i] + behind);
            CHECK_EQUAL(seen.findings[0].byte, WATCH_ZONE ^ 0x80);
            CHECK_EQUAL(seen.records[0].nbytes, sizes[i]);
            CHECK_EQUAL(seen.records[0].allocated_by[0], 11);
            CHECK_EQUAL(seen.records[0].allocated_by[3], 14);
        }
}

CASE(watch, writing_after_free_is_found_before_reuse)
{
    CHECK(begin_watching(ALL));
    uint8_t *object = take(40);
    CHECK_EQUAL(watch_free(&watch, object, there), HEAP_FREED);
    object[39] = 1;
    CHECK(take(40) != object);
    watch_release(&watch);
    CHECK_EQUAL(seen.count, 1);
    CHECK_EQUAL(seen.findings[0].kind, WATCH_WROTE_AFTER_FREE);
    CHECK_EQUAL(seen.findings[0].offset, 39);
    CHECK_EQUAL(seen.findings[0].byte, 1);
    CHECK_EQUAL(seen.records[0].freed_by[0], 21);
    CHECK_EQUAL(seen.records[0].allocated_by[0], 11);
}

CASE(watch, b5_b6_wrong_pointers_are_told_whose_they_are)
{
    CHECK(begin_watching(ALL));
    uint8_t *object = take(100);
    CHECK_EQUAL(watch_free(&watch, object + 16, there), HEAP_NOT_FIRST);
    CHECK_EQUAL(seen.findings[0].kind, WATCH_WRONG_POINTER);
    CHECK(seen.findings[0].record && seen.records[0].address == object);
    CHECK_EQUAL(watch_free(&watch, object, there), HEAP_FREED);
    CHECK_EQUAL(watch_free(&watch, object, here), HEAP_ALREADY_FREE); /* held back */
    CHECK(seen.findings[1].record && seen.records[1].freed_by[0] == 21);
    watch_release(&watch);
    CHECK_EQUAL(watch_free(&watch, object, here), HEAP_ALREADY_FREE); /* gone */
    CHECK(seen.findings[2].record && seen.records[2].serial == 1);
    CHECK_EQUAL(watch_free(&watch, arena[BLOCKS - 1] + 8, here), HEAP_MISALIGNED);
    CHECK(seen.findings[3].record == NULL);
    CHECK_EQUAL(watch_free(&watch, watch.records, here), HEAP_RESERVED);
    CHECK_EQUAL(heap->heap.statistics.refused, 5);
    CHECK_HOLDS(block_heap_check(heap));
}

/* krealloc and ksize: nothing was to be freed. */
CASE(watch, wrong_pointers_that_are_not_freed_are_told_and_not_counted)
{
    CHECK(begin_watching(ALL));
    uint8_t *object = take(100), *freed = take(100);
    CHECK_EQUAL(watch_free(&watch, freed, there), HEAP_FREED);
    const struct {
        const void *pointer;
        int refusal;
        const void *whose;
    } wrong[] = {{object + 16, HEAP_NOT_FIRST, object},
                 {freed, HEAP_ALREADY_FREE, freed},
                 {arena[BLOCKS - 1] + 8, HEAP_MISALIGNED, NULL},
                 {watch.records, HEAP_RESERVED, NULL}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK_EQUAL(watch_size(&watch, wrong[i].pointer), 0);
        CHECK_EQUAL(watch_wrong(&watch, wrong[i].pointer), wrong[i].refusal);
        CHECK_EQUAL(seen.count, i + 1);
        CHECK_EQUAL(seen.findings[i].kind, WATCH_WRONG_POINTER);
        CHECK_EQUAL(seen.findings[i].refusal, wrong[i].refusal);
        CHECK(seen.findings[i].record ? seen.records[i].address == wrong[i].whose
                                      : !wrong[i].whose);
    }
    CHECK_EQUAL(heap->heap.statistics.refused, 0);
    CHECK_EQUAL(watch.nlive, 1);
    CHECK_EQUAL(watch_free(&watch, object, there), HEAP_FREED);
}

CASE(watch, the_check_finds_and_mends)
{
    CHECK(begin_watching(ALL));
    uint8_t *a = take(30), *b = take(30), *c = take(30);
    CHECK_EQUAL(watch_free(&watch, b, there), HEAP_FREED);
    CHECK_EQUAL(watch_check(&watch), 0);
    a[30] = 0;
    b[0] = 0;
    c[29] = 0; /* its own */
    CHECK_EQUAL(watch_check(&watch), 2);
    CHECK_EQUAL(seen.count, 2);
    CHECK_EQUAL(watch_check(&watch), 0);
}

CASE(watch, call_sites_are_counted_behind_the_mark)
{
    CHECK(begin_watching(WATCH_RECORDS));
    struct watch_site sites[4];
    void *before = take(500);
    uint32_t mark = watch.serial;
    CHECK_EQUAL(watch_sites(&watch, mark, sites, 4), 0);
    void *object = NULL;
    for (int i = 0; i < 3; i++)
        object = take(10);
    CHECK(watch_malloc(&watch, OWNER_KERNEL, 200, 0, there) != NULL);
    CHECK_EQUAL(watch_free(&watch, object, here), HEAP_FREED);
    CHECK_EQUAL(watch_free(&watch, before, here), HEAP_FREED);
    CHECK_EQUAL(watch_sites(&watch, mark, sites, 4), 2);
    CHECK_EQUAL(sites[0].caller, 21);
    CHECK_EQUAL(sites[0].nbytes, 200);
    CHECK_EQUAL(sites[1].caller, 11);
    CHECK_EQUAL(sites[1].count, 2);
    CHECK_EQUAL(sites[1].nbytes, 20);
}

/* The records' table grows, and loses nobody when entries in between go. */
CASE(watch, records_of_many_come_and_go)
{
    enum { MANY = 600 };
    static uint8_t *objects[MANY];
    CHECK(begin_watching(WATCH_RECORDS));
    for (size_t i = 0; i < MANY; i++)
        CHECK((objects[i] = take(1 + i % 20)) != NULL);
    for (size_t step = 0; step < 2; step++)
        for (size_t i = step; i < MANY; i += 2) {
            CHECK_EQUAL(watch_size(&watch, objects[i]), 1 + i % 20);
            CHECK_EQUAL(watch_free(&watch, objects[i], there), HEAP_FREED);
            CHECK_EQUAL(watch_size(&watch, objects[i]), 0);
        }
    CHECK_EQUAL(watch.nused, 0);
    CHECK_EQUAL(watch.nlive, 0);
    CHECK_EQUAL(seen.count, 0);
    CHECK_HOLDS(block_heap_check(heap));
}

/* Without memory what is held back is given up first; then nothing changes. */
CASE(watch, memory_that_is_held_back_is_not_lost)
{
    CHECK(begin_watching(ALL));
    size_t largest = heap_largest_free(&heap->heap);
    uint8_t *object = watch_malloc(&watch, OWNER_SHELL, (largest - 8) * 4096, 0, here);
    CHECK(object != NULL);
    CHECK_EQUAL(watch_free(&watch, object, there), HEAP_FREED);
    CHECK(watch_malloc(&watch, OWNER_SHELL, (largest - 8) * 4096, 0, here) != NULL);
    CHECK(take(64 * 4096) == NULL);
    CHECK(take(SIZE_MAX) == NULL && take(SIZE_MAX - 8) == NULL && take(0) == NULL);
    CHECK_EQUAL(seen.count, 0);
    CHECK_HOLDS(block_heap_check(heap));
}

/* The room for their records, too. */
CASE(watch, records_of_what_is_held_back_are_given_up_for_others)
{
    enum { MANY = 47 /* for one more the table of records must grow */ };
    static uint8_t *objects[MANY];
    CHECK(begin_watching(ALL));
    for (size_t i = 0; i < MANY; i++)
        CHECK((objects[i] = take(20)) != NULL);
    while (block_heap_malloc_for(heap, OWNER_SHELL, heap_largest_free(&heap->heap) * 4096) != NULL)
        continue;
    CHECK(take(20) == NULL);
    CHECK_EQUAL(watch_free(&watch, objects[7], there), HEAP_FREED);
    CHECK_EQUAL(watch.held.count, 1);
    CHECK(take(20) != NULL);
    CHECK_EQUAL(watch.held.count, 0);
    CHECK_EQUAL(seen.count, 0);
    CHECK_HOLDS(block_heap_check(heap));
}
