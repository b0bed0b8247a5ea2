/* The library where memory, or pages, are short; and what it promises of places and counts. The
 * numbers are those of defects that it had. */
#include "platheaps.h"

/* Takes all that is left, to the last object. */
static void take_all(struct platheap *heap)
{
    take_the_rest(heap);
    for (size_t nbytes = 8192; nbytes > 0; nbytes /= 2)
        while (platheap_malloc(heap, nbytes - (nbytes > 1)))
            continue;
}

/* A heap of one block: with a region as small as that can be. */
static struct platheap *make_smallest(size_t *nbytes)
{
    struct platheap *heap = NULL;
    for (*nbytes = 4 * 1024; !heap && *nbytes < 32 * 1024; *nbytes += 16)
        heap = make(*nbytes);
    return heap;
}

/* -- Realloc -- */

/* What lies behind is only kept: the first call must find that out, and not the second. */
CASE(platheap, d1_realloc_takes_what_is_kept_behind)
{
    struct platheap *heap = make(512 * 1024);
    uint8_t *a = platheap_malloc(heap, 3 * PAGE), *b = platheap_malloc(heap, 2 * PAGE);
    CHECK(a && b == a + 3 * PAGE);
    CHECK_EQUAL(platheap_free(heap, b), 0);
    CHECK_EQUAL(statistics_of(heap).kept, 2);
    while (statistics_of(heap).largest_free > 0)
        CHECK(platheap_malloc(heap, statistics_of(heap).largest_free * PAGE));
    CHECK_EQUAL(statistics_of(heap).kept, 2);
    fill(a, 3 * PAGE, 1);
    CHECK(platheap_realloc(heap, a, 5 * PAGE) == a);
    CHECK(is_filled(a, 3 * PAGE, 1));
    CHECK_HOLDS(platheap_check(heap));

    heap = make(512 * 1024);
    a = platheap_malloc(heap, 1300);
    b = platheap_malloc(heap, 1300);
    uint8_t *c = platheap_malloc(heap, 1300);
    CHECK(a && b == a + 1536 && c == b + 1536);
    CHECK_EQUAL(platheap_free(heap, b), 0);
    take_the_rest(heap);
    fill(a, 1536, 1);
    CHECK(platheap_realloc(heap, a, 3072) == a);
    CHECK(is_filled(a, 1536, 1));
    CHECK_HOLDS(platheap_check(heap));
}

/* Behind it is room for each size of its kind, those included that malloc puts on a block. */
CASE(platheap, d1_realloc_takes_the_room_behind_for_every_size)
{
    for (size_t nbytes = 1025; nbytes <= 8192; nbytes++) {
        struct platheap *heap = make(128 * 1024);
        uint8_t *a = platheap_malloc(heap, 1025);
        while (platheap_malloc(heap, statistics_of(heap).largest_free * PAGE))
            continue;
        CHECK(a && platheap_realloc(heap, a, nbytes) == a);
        CHECK(platheap_usable_size(heap, a) >= nbytes);
    }
}

/* The oracle of what could be: without memory elsewhere, it fits where it is. */
CASE(platheap, d1_a_shrinking_realloc_never_fails)
{
    static const size_t kinds[] = {16, 100, 512, 1024, 3000, 5000, 8191, PAGE, 5 * PAGE, 40000};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        for (size_t to = kinds[i]; to > 0; to = to * 2 / 3) {
            struct platheap *heap = make(256 * 1024);
            uint8_t *bytes = platheap_malloc(heap, kinds[i]);
            CHECK(bytes != NULL);
            fill(bytes, kinds[i], i);
            take_all(heap);
            uint8_t *is = platheap_realloc(heap, bytes, to);
            CHECK(is != NULL && is_filled(is, to, i));
            CHECK(platheap_usable_size(heap, is) >= to);
            CHECK_EQUAL(user.reports, 0);
            CHECK_HOLDS(platheap_check(heap));
            CHECK_EQUAL(platheap_free(heap, is), 0);
        }
}

/* What stays keeps its address, also where malloc would have put it on a block. */
CASE(platheap, d13_realloc_in_place_keeps_its_address_alone)
{
    struct platheap *heap = make(256 * 1024);
    uint8_t *front = platheap_malloc(heap, 1300), *bytes = platheap_malloc(heap, 8000);
    CHECK(front && bytes && (uintptr_t)bytes % PAGE != 0);
    fill(bytes, 8000, 3);
    take_the_rest(heap);
    CHECK(platheap_realloc(heap, bytes, PAGE) == bytes);
    CHECK(platheap_usable_size(heap, bytes) >= PAGE && is_filled(bytes, PAGE, 3));
    /* It can be asked for, and is given where there is memory. */
    CHECK(platheap_aligned_alloc(heap, PAGE, PAGE) == NULL);
    heap = make(256 * 1024);
    for (size_t nbytes = PAGE; nbytes <= 16 * PAGE; nbytes += PAGE) {
        bytes = platheap_malloc(heap, nbytes);
        CHECK(bytes && (uintptr_t)bytes % PAGE == 0);
        CHECK_EQUAL(platheap_free(heap, bytes), 0);
    }
}

/* -- What is given back -- */

/* What is kept of small objects does not grow with the heap. */
CASE(platheap, d2_a_constant_number_of_slabs_is_kept)
{
    enum { OBJECTS = 12000, MOST = 16 + 1 /* runs, and a current slab */ };
    static void *objects[OBJECTS];
    static uint8_t large[8 << 20];
    struct platheap *heap = platheap_create(large, sizeof large, NULL);
    for (size_t i = 0; i < OBJECTS; i++)
        CHECK((objects[i] = platheap_malloc(heap, 512)) != NULL);
    for (size_t i = 0; i < OBJECTS; i++)
        CHECK_EQUAL(platheap_free(heap, objects[i]), 0);
    struct platheap_statistics is = statistics_of(heap);
    CHECK(is.kept > 0 && is.kept <= MOST && is.kept == is.taken);
    CHECK_HOLDS(platheap_check(heap));
}

/* Who asks for more than there is changes nothing. */
CASE(platheap, d2_a_request_beyond_the_heap_gives_nothing_back)
{
    struct platheap *heap = make(REGION);
    static const size_t kinds[] = {8, 1000, 3000, PAGE, 3 * PAGE, 6 * PAGE};
    void *live[6];
    for (size_t i = 0; i < 6; i++)
        CHECK((live[i] = platheap_malloc(heap, kinds[i])) != NULL);
    for (size_t i = 0; i < 6; i++)
        CHECK_EQUAL(platheap_free(heap, live[i]), 0);
    void *stays = platheap_malloc(heap, 2 * PAGE);
    struct platheap_statistics was = statistics_of(heap);
    const size_t asked[] = {was.blocks * PAGE + 1, (was.blocks + 1) * PAGE, SIZE_MAX / 2,
                            SIZE_MAX - PAGE, SIZE_MAX};
    CHECK(was.kept > 10);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        CHECK(platheap_malloc(heap, asked[i]) == NULL);
        CHECK(platheap_zalloc(heap, asked[i]) == NULL);
        CHECK(platheap_aligned_alloc(heap, 64, asked[i]) == NULL);
        CHECK(platheap_aligned_alloc(heap, 2 * PAGE, asked[i]) == NULL);
        CHECK(platheap_realloc(heap, stays, asked[i]) == NULL);
    }
    struct platheap_statistics is = statistics_of(heap);
    CHECK(is.kept == was.kept && is.taken == was.taken && is.largest_free == was.largest_free);
    CHECK_EQUAL(is.failed, was.failed + 5 * 5);
}

CASE(platheap, d9_with_nothing_live_all_that_is_taken_is_kept)
{
    static const size_t kinds[] = {8, 100, 512, 1000, 1300, 5000, PAGE, 2 * PAGE, 9 * PAGE, 100000};
    for (int locked = 0; locked < 2; locked++) {
        struct platheap *heap = locked ? make(REGION) : platheap_create(memory, REGION, NULL);
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            void *live[40];
            for (size_t j = 0; j < 10; j++)
                CHECK((live[j] = platheap_malloc(heap, kinds[i])) != NULL);
            for (size_t j = 0; j < 10; j++) {
                CHECK_EQUAL(platheap_free(heap, live[j]), 0);
                struct platheap_statistics is = statistics_of(heap);
                CHECK(j == 9 ? is.kept == is.taken : is.kept < is.taken);
            }
        }
        struct platheap_statistics is = statistics_of(heap);
        CHECK(is.kept == is.taken && is.kept > 15);
        CHECK_EQUAL(platheap_trim(heap), is.kept * PAGE);
        is = statistics_of(heap);
        CHECK(is.kept == 0 && is.taken == 0 && is.largest_free == is.blocks);
    }
}

/* -- Places -- */

/* All of the blocks may be overwritten, and the heap is as it was: what it knows stands in front of
 * the first, and no allocation reaches there. */
CASE(platheap, d3_what_the_heap_knows_stands_in_front_of_the_blocks)
{
    static const size_t kinds[] = {8, 16, 100, 513, 1024, 1300, 3000, 8191, PAGE, 3 * PAGE, 50000};
    struct platheap *heap = make(REGION / 2);
    void *start, *live[400];
    size_t count, n = 0;
    const unsigned char *table = platheap_table(heap, &start, &count);
    uint8_t *first = start, *end = first + count * PAGE;
    CHECK((uint8_t *)heap < first && table < first && table + count <= first);
    CHECK((size_t)(first - memory) == statistics_of(heap).overhead_bytes);
    while (n < 400 && (live[n] = platheap_malloc(heap, kinds[n % 11])) != NULL) {
        uint8_t *bytes = live[n++];
        CHECK(bytes >= first && bytes + platheap_usable_size(heap, bytes) <= end);
    }
    CHECK(n > 100);
    for (size_t i = 0; i < n; i += 3)
        CHECK_EQUAL(platheap_free(heap, live[i]), 0);
    memset(first, 0xff, (size_t)(end - first));
    CHECK_HOLDS(platheap_check(heap));
    for (size_t i = 0; i < n; i += 3)
        CHECK((live[i] = platheap_malloc(heap, kinds[i % 11])) != NULL);
    memset(first, 0, (size_t)(end - first));
    CHECK_HOLDS(platheap_check(heap));
    for (size_t i = 0; i < n; i++)
        CHECK_EQUAL(platheap_free(heap, live[i]), 0);
    CHECK_HOLDS(platheap_check(heap));
    (void)platheap_trim(heap);
    CHECK_EQUAL(statistics_of(heap).taken, 0);
}

CASE(platheap, d4_a_a_heap_of_one_block_serves_small_requests)
{
    size_t nbytes;
    for (size_t asked = 1; asked <= PAGE; asked += asked < 32 ? 1 : 127) {
        struct platheap *heap = make_smallest(&nbytes);
        CHECK(heap != NULL && statistics_of(heap).blocks == 1);
        void *object = platheap_malloc(heap, asked);
        CHECK(object != NULL && platheap_malloc(heap, PAGE) == NULL);
        CHECK_EQUAL(platheap_free(heap, object), 0);
        CHECK(platheap_malloc(heap, PAGE) != NULL);
    }
}

/* No block is free: a small request falls back to whatever has room. */
CASE(platheap, d4_b_a_small_request_falls_back_to_what_has_room)
{
    for (size_t asked = 1; asked <= 1024; asked += asked < 32 ? 1 : 31) {
        struct platheap *heap = make(128 * 1024);
        uint8_t *larger = platheap_malloc(heap, 1024), *middle = platheap_malloc(heap, 5000);
        CHECK(larger && middle);
        take_the_rest(heap);
        size_t blocks = statistics_of(heap).taken, got = 0;
        for (uint8_t *object; (object = platheap_malloc(heap, asked)) != NULL; got++) {
            size_t distance = (size_t)(object > larger ? object - larger : larger - object);
            /* In the slab of the larger one first, and then in the span. */
            CHECK(got >= 3 || distance < PAGE);
            CHECK(platheap_usable_size(heap, object) >= asked);
        }
        CHECK(got == 3 + (128 - 20) / 5);
        CHECK(statistics_of(heap).taken == blocks && statistics_of(heap).failed == 2);
        CHECK_EQUAL(platheap_free(heap, middle), 0);
        CHECK(platheap_malloc(heap, asked) != NULL);
        CHECK_HOLDS(platheap_check(heap));
    }
}

CASE(platheap, d10_alignments_take_no_more_than_they_must)
{
    struct platheap *heap = make(REGION);
    for (size_t alignment = 128; alignment <= 1024; alignment *= 2) {
        void *bytes = platheap_aligned_alloc(heap, alignment, 513);
        CHECK(bytes && (uintptr_t)bytes % alignment == 0);
        CHECK_EQUAL(platheap_usable_size(heap, bytes), 1024);
    }
    for (size_t alignment = 16; alignment <= 256; alignment *= 2) {
        void *bytes = platheap_aligned_alloc(heap, alignment, 5000);
        CHECK(bytes && (uintptr_t)bytes % alignment == 0);
        CHECK_EQUAL(platheap_usable_size(heap, bytes), 5120);
    }
}

/* A double free is seen until its address is handed out again; then it is somebody else's. */
CASE(platheap, d14_a_double_free_is_seen_until_the_address_is_handed_out_again)
{
    static const size_t kinds[] = {8, 700, 3000, PAGE, 12 * PAGE};
    for (int locked = 0; locked < 2; locked++)
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            struct platheap *heap = locked ? make(REGION) : platheap_create(memory, REGION, NULL);
            void *fence = platheap_malloc(heap, kinds[i]), *bytes = platheap_malloc(heap, kinds[i]);
            CHECK(fence && bytes);
            CHECK_EQUAL(platheap_free(heap, bytes), 0);
            CHECK_EQUAL(platheap_free(heap, bytes), PLATHEAP_ALREADY_FREE);
            (void)platheap_trim(heap);
            CHECK_EQUAL(platheap_free(heap, bytes), PLATHEAP_ALREADY_FREE);
            void *again;
            while ((again = platheap_malloc(heap, kinds[i])) != bytes) {
                CHECK(again != NULL);
                CHECK_EQUAL(platheap_free(heap, bytes), PLATHEAP_ALREADY_FREE);
            }
            CHECK_EQUAL(platheap_free(heap, bytes), 0);
            CHECK_EQUAL(platheap_free(heap, bytes), PLATHEAP_ALREADY_FREE);
            CHECK_HOLDS(platheap_check(heap));
        }
}

/* Work in one heap leaves the other's memory as it is, and two that do the same look the same. */
CASE(platheap, d19_two_heaps_share_no_word)
{
    enum { HALF = REGION / 4, LIVE = 100 };
    static uint8_t was[HALF];
    static void *live[LIVE], *others[LIVE];
    struct platheap *heap = platheap_create(memory, HALF, NULL);
    struct platheap *other = platheap_create(memory + HALF, HALF, NULL);
    memset(live, 0, sizeof live);
    memset(others, 0, sizeof others);
    uint32_t seed = 99;
    for (int round = 0; round < 3000; round++) {
        seed = seed * 1664525u + 1013904223u;
        size_t i = (seed >> 24) % LIVE, nbytes = 1 + (seed >> 8) % (seed & 0x20 ? 1000 : 9000);
        memcpy(was, memory + HALF, HALF / 16); /* all that it knows */
        CHECK_EQUAL(platheap_free(heap, live[i]), 0);
        live[i] = platheap_malloc(heap, nbytes);
        CHECK(memcmp(was, memory + HALF, HALF / 16) == 0);
        memcpy(was, memory, HALF / 16);
        CHECK_EQUAL(platheap_free(other, others[i]), 0);
        others[i] = platheap_malloc(other, nbytes);
        CHECK(memcmp(was, memory, HALF / 16) == 0);
        CHECK(live[i] ? others[i] == (uint8_t *)live[i] + HALF : others[i] == NULL);
    }
    CHECK(statistics_of(heap).overhead_bytes < HALF / 16);
    CHECK_HOLDS(platheap_check(heap));
    CHECK_HOLDS(platheap_check(other));
}

/* -- Pages -- */

/* All of BUDGET blocks are committed, and kept in two runs, or empty slabs and a span. */
static struct platheap *make_kept(size_t nbytes, int how)
{
    struct platheap *heap = make_reserved(memory, nbytes, 8, false);
    void *a = platheap_malloc(heap, how ? 3000 : 4 * PAGE);
    void *b = how ? a : platheap_malloc(heap, 4 * PAGE);
    bool kept = platheap_free(heap, a) == 0 && (how || platheap_free(heap, b) == 0);
    return kept && user.ncommitted == 8 && statistics_of(heap).kept == 8 ? heap : NULL;
}

CASE(platheap, d6_kept_pages_serve_every_request)
{
    static const size_t asked[] = {1, 1000, 1100, 5000, PAGE, 3 * PAGE, 6 * PAGE, 8 * PAGE};
    for (int how = 0; how < 2; how++)
        for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
            struct platheap *heap = make_kept(REGION, how);
            CHECK(heap && platheap_malloc(heap, asked[i]) != NULL);
            CHECK_EQUAL(statistics_of(heap).failed, 0);
            CHECK(commits_match_the_table(heap));
            for (size_t alignment = 16; alignment <= 65536; alignment *= 4) {
                heap = make_kept(REGION, how);
                CHECK(heap && platheap_aligned_alloc(heap, alignment, asked[i]) != NULL);
                CHECK_EQUAL(statistics_of(heap).failed, 0);
                CHECK(commits_match_the_table(heap));
            }
            heap = make_kept(REGION, how);
            CHECK(heap && platheap_calloc(heap, 1, asked[i]) != NULL);
            CHECK_HOLDS(platheap_check(heap));
        }
}

/* Growing in place is refused its pages, and so is moving; what is kept goes back for either. */
CASE(platheap, d6_kept_pages_serve_realloc)
{
    for (size_t from = 1; from <= 4; from++)
        for (size_t to = from; to <= 8; to++) {
            struct platheap *heap = make_reserved(memory, REGION, 8, false);
            uint8_t *bytes = platheap_malloc(heap, from * PAGE);
            void *fence = platheap_malloc(heap, (8 - from) * PAGE);
            CHECK(bytes && fence == bytes + from * PAGE);
            CHECK_EQUAL(platheap_free(heap, fence), 0);
            fill(bytes, from * PAGE, from);
            /* In place, where the pages are those that were kept; or elsewhere. */
            bytes = platheap_realloc(heap, bytes, to * PAGE);
            CHECK(bytes != NULL && is_filled(bytes, from * PAGE, from));
            CHECK(commits_match_the_table(heap));
            CHECK(platheap_realloc(heap, bytes, 9 * PAGE) == NULL);
            CHECK(is_filled(bytes, from * PAGE, from));
            CHECK(commits_match_the_table(heap));
            CHECK_HOLDS(platheap_check(heap));
        }
}

/* A request that gets none counts once, asks a few times at most, and takes nothing; whichever way
 * it came in. */
CASE(platheap, d8_a_request_that_fails_counts_once)
{
    static const size_t asked[] = {1, 100, 1000, 1100, 8000, PAGE, 5 * PAGE, 300000};
    for (int pages = 0; pages < 2; pages++)
        for (int locked = 0; locked < 2; locked++)
            for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
                struct platheap *heap = pages    ? make_reserved(memory, REGION, 3, false)
                                        : locked ? make(REGION)
                                                 : platheap_create(memory, REGION, NULL);
                uint8_t *bytes = platheap_malloc(heap, 3 * PAGE);
                CHECK(bytes != NULL);
                if (!pages)
                    take_all(heap);
                struct platheap_statistics was = statistics_of(heap), is;
#define CHECK_FAILS(call)                                                                          \
    do {                                                                                           \
        user.asked = 0;                                                                            \
        CHECK(!(call));                                                                            \
        is = statistics_of(heap);                                                                  \
        CHECK_EQUAL(is.failed, ++was.failed);                                                      \
        CHECK(is.peak == was.peak && is.taken == was.taken);                                       \
        CHECK(user.asked <= (pages ? 4 : 0));                                                      \
    } while (0)
                CHECK_FAILS(platheap_malloc(heap, asked[i]));
                CHECK_FAILS(platheap_zalloc(heap, asked[i]));
                CHECK_FAILS(platheap_aligned_alloc(heap, 64, asked[i]));
                CHECK_FAILS(platheap_aligned_alloc(heap, 4 * PAGE, asked[i]));
                CHECK_FAILS(platheap_realloc(heap, NULL, asked[i]));
                CHECK(bytes != NULL);
#undef CHECK_FAILS
                /* In place, elsewhere, and in place again. */
                user.asked = 0;
                CHECK(platheap_realloc(heap, bytes, 4 * PAGE) == NULL);
                is = statistics_of(heap);
                CHECK_EQUAL(is.failed, was.failed + 1);
                CHECK(is.peak == was.peak && is.taken == was.taken);
                CHECK(user.asked <= (pages ? 5 : 0));
            }
}

/* A request that got its memory has not failed: also where it stays, because there is no other
 * place. */
CASE(platheap, d8_a_realloc_that_is_served_in_place_has_not_failed)
{
    struct platheap *heap = make(REGION / 2);
    uint8_t *bytes = platheap_malloc(heap, 3000);
    take_all(heap);
    size_t failed = statistics_of(heap).failed;
    CHECK(platheap_realloc(heap, bytes, 100) == bytes);
    CHECK_EQUAL(statistics_of(heap).failed, failed);
}

CASE(platheap, d8_a_realloc_that_takes_what_was_kept_has_not_failed)
{
    struct platheap *heap = make(512 * 1024);
    uint8_t *a = platheap_malloc(heap, 3 * PAGE), *b = platheap_malloc(heap, 2 * PAGE);
    CHECK_EQUAL(platheap_free(heap, b), 0);
    while (statistics_of(heap).largest_free > 0)
        CHECK(platheap_malloc(heap, statistics_of(heap).largest_free * PAGE));
    CHECK_EQUAL(statistics_of(heap).kept, 2);
    CHECK(platheap_realloc(heap, a, 5 * PAGE) == a);
    CHECK_EQUAL(statistics_of(heap).failed, 0);
}

/* Both are called with the lock held: user.wrong says if it is not. */
CASE(platheap, d15_pages_are_asked_for_under_the_lock)
{
    struct platheap *heap = make_reserved(memory, REGION, 20, false);
    static const size_t kinds[] = {8, 1000, 3000, 8000, PAGE, 5 * PAGE, 30 * PAGE};
    for (int round = 0; round < 100; round++) {
        uint8_t *a = platheap_malloc(heap, kinds[round % 7]);
        uint8_t *b = platheap_calloc(heap, 1, kinds[round * 3 % 7]);
        uint8_t *c = platheap_aligned_alloc(heap, 8192, kinds[round * 5 % 7]);
        uint8_t *d = platheap_realloc(heap, a, kinds[round * 2 % 7]);
        CHECK_EQUAL(platheap_free(heap, d ? d : a), 0);
        CHECK_EQUAL(platheap_free(heap, b), 0);
        CHECK_EQUAL(platheap_free(heap, c), 0);
        if (round % 9 == 0)
            (void)platheap_trim(heap);
        CHECK(commits_match_the_table(heap));
    }
    CHECK(user.asked > 50 && user.failed > 20);
    CHECK(!user.wrong && user.depth == 0 && user.locks == user.unlocks);
}
