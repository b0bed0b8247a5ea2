/* Where no block is free: requests are served by larger kinds of places, or count as failed. The
 * numbers are those of defects that the heap had. */
#include "block_heaps.h"

/* A heap of one block has room for whatever fits in one. */
CASE(block_heap_short, d4_a_a_heap_of_one_block_serves_every_size_up_to_it)
{
    for (size_t nbytes = 1; nbytes <= PAGE; nbytes += nbytes < 64 ? 1 : 21) {
        CHECK(begin_with(1, NULL));
        uint8_t *object = block_heap_malloc(heap, nbytes);
        CHECK(object != NULL && object + size_of(object) <= at(1));
        CHECK(size_of(object) >= nbytes);
        CHECK_EQUAL(taken(), 1);
        CHECK_HOLDS(block_heap_check(heap));
        CHECK(block_heap_malloc(heap, PAGE) == NULL);
        CHECK_EQUAL(block_heap_free(heap, object), HEAP_FREED);
        /* And what the small object keeps serves anybody. */
        CHECK(block_heap_malloc(heap, PAGE) == at(0));
        CHECK_EQUAL(counts()->failed, 1);
    }
}

/* All is full but for objects of one larger class: all smaller ones are served from it, each once,
 * and no larger one. */
CASE(block_heap_short, d4_b_small_requests_are_served_from_a_larger_class)
{
    static const size_t classes[] = {16, 48, 256, 304, 512, 816, 1024};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        size_t count = PAGE / classes[i];
        for (size_t nbytes = 1; nbytes <= 1024; nbytes += nbytes < 64 ? 7 : 63) {
            CHECK(begin(NULL));
            uint8_t *first = block_heap_malloc(heap, classes[i]);
            CHECK(first != NULL && take_the_rest());
            bool fits = nbytes <= classes[i];
            for (size_t j = 1; j < count; j++) {
                uint8_t *object = block_heap_malloc(heap, nbytes);
                CHECK((object != NULL) == fits);
                CHECK(!object || (object != first && block_of(object) == block_of(first)));
            }
            CHECK(block_heap_malloc(heap, nbytes) == NULL);
            CHECK_EQUAL(counts()->failed, fits ? 1 : count);
            CHECK_HOLDS(block_heap_check(heap));
        }
    }
}

/* Not only from a class's current slab, but from those that are listed; the smallest that will do
 * comes first. */
CASE(block_heap_short, d4_b_larger_classes_are_asked_in_order)
{
    static void *objects[8], *larger[6], *listed[8];
    CHECK(begin(NULL));
    for (size_t i = 0; i < 8; i++)
        CHECK((objects[i] = block_heap_malloc(heap, 512)) != NULL);
    for (size_t i = 0; i < 6; i++)
        CHECK((larger[i] = block_heap_malloc(heap, 672)) != NULL);
    for (size_t i = 0; i < 8; i++)
        CHECK((listed[i] = block_heap_malloc(heap, 512)) != NULL);
    CHECK(take_the_rest());
    CHECK_EQUAL(block_heap_free(heap, objects[3]), HEAP_FREED);
    CHECK_EQUAL(block_heap_free(heap, larger[2]), HEAP_FREED);
    CHECK(block_heap_malloc(heap, 100) == objects[3]);
    CHECK(block_heap_malloc(heap, 100) == larger[2]);
    CHECK(block_heap_malloc(heap, 100) == NULL);
    CHECK_EQUAL(counts()->failed, 1);
    /* With an alignment, from those that have it. */
    CHECK_EQUAL(block_heap_free(heap, larger[2]), HEAP_FREED);
    CHECK_EQUAL(block_heap_free(heap, listed[5]), HEAP_FREED);
    CHECK(block_heap_malloc_aligned(heap, 600, 64) == NULL);
    CHECK(block_heap_malloc_aligned(heap, 100, 64) == listed[5]);
    CHECK(block_heap_malloc_aligned(heap, 100, 64) == NULL);
    CHECK(block_heap_malloc_aligned(heap, 600, 32) == larger[2]);
    CHECK_HOLDS(block_heap_check(heap));
}

CASE(block_heap_short, d4_b_small_requests_are_served_from_middle_runs)
{
    enum { RUNS = SPAN_UNITS / SPAN_SHORTEST };
    CHECK(begin(NULL));
    uint8_t *middle = block_heap_malloc(heap, 1025);
    CHECK(middle != NULL && take_the_rest());
    for (size_t i = 1; i < RUNS; i++) {
        uint8_t *object =
            i % 2 ? block_heap_malloc(heap, i * 40) : block_heap_malloc_aligned(heap, i * 40, 256);
        CHECK(object != NULL && block_heap_owner_of(heap, block_of(object)) == OWNER_SPAN);
        CHECK_EQUAL(size_of(object), 1280);
        CHECK_EQUAL((uintptr_t)object % 256, 0);
    }
    CHECK(block_heap_malloc(heap, 8) == NULL);
    CHECK_EQUAL(block_heap_free(heap, middle), HEAP_FREED);
    CHECK(block_heap_malloc_aligned(heap, 8, 512) == NULL); /* units do not lie on that */
    CHECK(block_heap_malloc(heap, 8) == middle);
    CHECK_HOLDS(block_heap_check(heap));
}

/* No span of 8 blocks can be had: then middle sizes are whole blocks. */
CASE(block_heap_short, d4_middle_requests_are_served_from_blocks)
{
    for (size_t nbytes = 1025; nbytes <= BLOCK_HEAP_MIDDLE; nbytes += 1023)
        for (size_t nblocks = 1; nblocks < SPAN_BLOCKS; nblocks++)
            for (size_t alignment = 1; alignment <= 256; alignment *= 256) {
                CHECK(begin_with(nblocks, NULL));
                void *object = block_heap_malloc_aligned(heap, nbytes, alignment);
                CHECK((object != NULL) == (blocks_for(nbytes) <= nblocks));
                CHECK(!object || size_of(object) == blocks_for(nbytes) * PAGE);
                CHECK_EQUAL(counts()->failed, object == NULL);
                CHECK_HOLDS(block_heap_check(heap));
            }
}

/* Each request that got none counts once, of whatever kind; what was served in the end does not. */
CASE(block_heap_short, d8_failed_requests_are_counted_once)
{
    static const size_t asked[] = {1, 600, 1025, 3000, 8191, PAGE, 30000, SIZE_MAX};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        CHECK(begin(NULL));
        void *small = block_heap_malloc(heap, 600), *kept = block_heap_malloc(heap, 2 * PAGE);
        CHECK_EQUAL(block_heap_free(heap, kept), HEAP_FREED);
        CHECK_EQUAL(heap->kept.blocks, 2);
        CHECK(take_the_rest());
        CHECK(block_heap_malloc(heap, 100) != NULL);
        CHECK(block_heap_malloc(heap, PAGE) != NULL);
        CHECK_EQUAL(counts()->failed, 0);
        CHECK(block_heap_malloc(heap, 0) == NULL);
        CHECK(block_heap_malloc_aligned(heap, 0, 64) == NULL);
        CHECK(block_heap_malloc_aligned(heap, 100, 24) == NULL);
        CHECK_EQUAL(counts()->failed, 0);
        while (block_heap_malloc(heap, 1) != NULL)
            continue;
        size_t was = counts()->failed;
        CHECK_EQUAL(was, 1);
        CHECK(block_heap_malloc(heap, asked[i]) == NULL);
        CHECK_EQUAL(counts()->failed, was + 1);
        CHECK(block_heap_malloc_aligned(heap, asked[i], 64) == NULL);
        CHECK_EQUAL(counts()->failed, was + 2);
        CHECK(block_heap_malloc_aligned(heap, asked[i], 2 * PAGE) == NULL);
        CHECK_EQUAL(counts()->failed, was + 3);
        CHECK(block_heap_malloc_for(heap, OWNER_SHELL, asked[i]) == NULL);
        CHECK_EQUAL(counts()->failed, was + 4);
        CHECK(!block_heap_resize(heap, small, asked[i]) || asked[i] == 600);
        CHECK_EQUAL(counts()->failed, was + 4);
        CHECK_HOLDS(block_heap_check(heap));
    }
}

/* A realloc that can't move stays where it is, and its request has not failed; to 4096 and 8192
 * bytes, too, which would lie on a block elsewhere. */
CASE(block_heap_short, d1_what_can_not_move_stays_where_it_can)
{
    static const size_t sizes[] = {100, 2000, PAGE, 2 * PAGE, 9000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t nbytes = sizes[i];
        CHECK(begin(NULL));
        uint8_t *object = block_heap_malloc(heap, 5000);
        CHECK(object != NULL && take_the_rest());
        bool fits = nbytes <= 2 * PAGE; /* the rest of the span is free */
        if (nbytes % PAGE != 0 && block_heap_resize(heap, object, nbytes))
            continue;
        while (block_heap_malloc(heap, nbytes))
            ;
        size_t failed = counts()->failed;
        CHECK_EQUAL(block_heap_stay(heap, object, nbytes), fits);
        CHECK_EQUAL(counts()->failed, failed - fits);
        CHECK_HOLDS(block_heap_check(heap));
    }
}

CASE(block_heap_short, d20_counters_end_at_the_most_that_there_is)
{
    CHECK(begin(NULL));
    struct heap_statistics *statistics = &heap->heap.statistics;
    statistics->served = statistics->failed = statistics->refused = SIZE_MAX - 1;
    for (int i = 0; i < 3; i++) {
        CHECK(block_heap_malloc(heap, 3 * PAGE) != NULL);
        CHECK(block_heap_malloc(heap, (BLOCKS + 1) * PAGE) == NULL);
        CHECK_EQUAL(block_heap_free(heap, at(0) + 1), HEAP_MISALIGNED);
        CHECK_EQUAL(statistics->served, SIZE_MAX);
        CHECK_EQUAL(statistics->failed, SIZE_MAX);
        CHECK_EQUAL(statistics->refused, SIZE_MAX);
    }
}
