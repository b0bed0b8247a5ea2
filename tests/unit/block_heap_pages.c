/* Where memory is not simply there: pages come before their blocks are handed out, go when they are
 * free, and may be refused. */
#include "block_heaps.h"

static const size_t sizes[] = {1,    8,    100,  256,  600,  1024, 1025,  2000,
                               3000, 4096, 4097, 8191, 8192, 8193, 12288, 20000};
enum { NSIZES = sizeof sizes / sizeof sizes[0] };

CASE(block_heap_pages, whole_blocks_grow_and_shrink_where_they_are)
{
    CHECK(begin(&page_source));
    uint8_t *a = block_heap_malloc_for(heap, OWNER_PAGING, 12 * PAGE);
    uint8_t *b = block_heap_malloc(heap, 9 * PAGE);
    CHECK(a == at(0) && b == at(12));
    fill(a, 12 * PAGE, 1);
    fill(b, 9 * PAGE, 2);
    CHECK(!block_heap_resize(heap, a, 12 * PAGE + 1));
    CHECK(block_heap_resize(heap, a, 11 * PAGE + 1));
    CHECK_EQUAL(taken(), 21);
    CHECK(block_heap_resize(heap, a, 9 * PAGE));
    CHECK_EQUAL(taken(), 18);
    CHECK_EQUAL(size_of(a), 9 * PAGE);
    CHECK(pages_agree());
    CHECK_HOLDS(block_heap_check(heap));
    CHECK(block_heap_resize(heap, a, 12 * PAGE - 5));
    CHECK_EQUAL(block_heap_owner_of(heap, 11), OWNER_PAGING);
    CHECK(is_filled(a, 9 * PAGE, 1));
    CHECK(pages_agree());
    CHECK(block_heap_resize(heap, b, (BLOCKS - 12) * PAGE));
    CHECK_EQUAL(block_heap_owner_of(heap, BLOCKS - 1), OWNER_KERNEL);
    CHECK_EQUAL(taken(), BLOCKS);
    CHECK(pages_agree());
    CHECK_HOLDS(block_heap_check(heap));
    CHECK(!block_heap_resize(heap, b, (BLOCKS - 12) * PAGE + 1));
    CHECK(block_heap_resize(heap, b, 20 * PAGE));
    CHECK(is_filled(b, 9 * PAGE, 2));
    CHECK(!block_heap_resize(heap, b, 100));
    CHECK_EQUAL(size_of(b), 20 * PAGE);
    /* Without pages it stays as it is. */
    pages.until_failure = 0;
    pages.failures = 1;
    CHECK(!block_heap_resize(heap, b, 21 * PAGE));
    CHECK_EQUAL(pages.failed, 1);
    CHECK_EQUAL(size_of(b), 20 * PAGE);
    CHECK(pages_agree());
    CHECK_HOLDS(block_heap_check(heap));
    CHECK(block_heap_resize(heap, b, 21 * PAGE));
    CHECK_EQUAL(block_heap_free(heap, a), HEAP_FREED);
    CHECK_EQUAL(block_heap_free(heap, b), HEAP_FREED);
    (void)block_heap_trim(heap);
    CHECK(pages_agree() && taken() == 0);
}

/* Random work: pages come and go exactly with the blocks. */
CASE(block_heap_pages, pages_come_and_go_with_their_blocks)
{
    enum { LIVE = 40, ROUNDS = 3000 };
    static uint8_t *live[LIVE];
    CHECK(begin(&page_source));
    memset(live, 0, sizeof live);
    CHECK_EQUAL(block_heap_take(heap, 17, 19), 0);
    uint32_t seed = 1234567;
    for (int round = 0; round < ROUNDS; round++) {
        seed = seed * 1664525u + 1013904223u;
        size_t i = (seed >> 24) % LIVE, nbytes = sizes[(seed >> 10) % NSIZES];
        if (!live[i])
            live[i] = (seed & 0x40) ? block_heap_malloc(heap, nbytes)
                      : (seed & 0x80)
                          ? block_heap_malloc_for(heap, OWNER_SHELL, nbytes)
                          : block_heap_malloc_aligned(heap, nbytes, (size_t)1 << (seed >> 5) % 15);
        else if (seed & 0x30)
            CHECK_EQUAL(block_heap_free(heap, live[i]), HEAP_FREED);
        else
            (void)!block_heap_resize(heap, live[i], nbytes);
        if (live[i] && !size_of(live[i]))
            live[i] = NULL;
        if (round % 500 == 499)
            (void)block_heap_trim(heap);
        CHECK(pages_agree());
        if (round % 50 == 0)
            CHECK_HOLDS(block_heap_check(heap));
    }
    for (size_t i = 0; i < LIVE; i++)
        CHECK(!live[i] || block_heap_free(heap, live[i]) == HEAP_FREED);
    (void)block_heap_trim(heap);
    CHECK(pages_agree());
    CHECK_EQUAL(taken(), 2);
    CHECK_HOLDS(block_heap_check(heap));
}

/* Either of the two functions may be missing. */
CASE(block_heap_pages, half_a_page_source_will_do)
{
    const struct block_pages only_commit = {commit, NULL, &pages};
    CHECK(begin(&only_commit));
    void *a = block_heap_malloc(heap, 3 * PAGE);
    CHECK(a != NULL && pages.npresent == 3);
    CHECK(block_heap_resize(heap, a, 5 * PAGE) && pages.npresent == 5);
    CHECK(block_heap_resize(heap, a, 4 * PAGE) && pages.npresent == 5);
    CHECK_EQUAL(block_heap_free(heap, a), HEAP_FREED);
    const struct block_pages only_decommit = {NULL, decommit, &pages};
    CHECK(begin(&only_decommit));
    memset(pages.present, true, BLOCKS);
    pages.npresent = BLOCKS;
    a = block_heap_malloc(heap, 3 * PAGE);
    CHECK(block_heap_resize(heap, a, 5 * PAGE) && pages.npresent == BLOCKS);
    CHECK(block_heap_resize(heap, a, 4 * PAGE) && pages.npresent == BLOCKS - 1);
    CHECK_EQUAL(block_heap_free(heap, a), HEAP_FREED);
    CHECK_EQUAL(pages.npresent, BLOCKS - 5);
    CHECK(!pages.wrong);
}

/* -- Each commit fails once -- */

enum { SLOTS = 16 };

static const struct step {
    char what; /* m: malloc, o: .. for an owner, a: .. aligned, r: resize, f: free, t: trim */
    uint8_t slot;
    uint32_t nbytes, alignment;
} steps[] = {{'m', 0, 8, 0},
             {'m', 1, 100, 0},
             {'m', 2, 700, 0},
             {'m', 3, 3000, 0},
             {'m', 4, 2 * PAGE, 0},
             {'o', 5, 5000, 0},
             {'a', 6, 60, 64},
             {'a', 7, PAGE, 4 * PAGE},
             {'a', 8, 100, 2 * PAGE},
             {'f', 2, 0, 0},
             {'m', 2, 1900, 0},
             {'r', 4, 3 * PAGE, 0},
             {'f', 4, 0, 0},
             {'m', 4, 3 * PAGE, 0},
             {'r', 4, 5 * PAGE, 0},
             {'f', 0, 0, 0},
             {'t', 0, 0, 0},
             {'m', 0, 300, 0},
             {'f', 1, 0, 0},
             {'m', 1, 8000, 0},
             {'m', 9, 8000, 0},
             {'m', 10, 8000, 0},
             {'f', 3, 0, 0},
             {'m', 3, 6000, 0},
             {'m', 11, 6000, 0},
             {'f', 5, 0, 0},
             {'t', 0, 0, 0},
             {'o', 5, 1, 0},
             {'m', 12, 500, 0},
             {'m', 13, 250, 0},
             {'a', 14, 3 * PAGE, 4 * PAGE},
             {'f', 9, 0, 0},
             {'f', 10, 0, 0},
             {'r', 14, 4 * PAGE, 0},
             {'r', 14, 2 * PAGE, 0},
             {'f', 7, 0, 0},
             {'t', 0, 0, 0},
             {'m', 7, 40, 0},
             {'m', 15, 513, 0}};
enum { STEPS = sizeof steps / sizeof steps[0] };

static uint8_t *slots[SLOTS];
static size_t slot_bytes[SLOTS];

static bool run_step(const struct step *step)
{
    uint8_t **slot = &slots[step->slot];
    switch (step->what) {
    case 'm':
        *slot = block_heap_malloc(heap, step->nbytes);
        break;
    case 'o':
        *slot = block_heap_malloc_for(heap, OWNER_PAGING, step->nbytes);
        break;
    case 'a':
        *slot = block_heap_malloc_aligned(heap, step->nbytes, step->alignment);
        break;
    case 'r':
        if (!block_heap_resize(heap, *slot, step->nbytes))
            return false;
        break;
    case 'f':
        if (block_heap_free(heap, *slot) != HEAP_FREED)
            return false;
        *slot = NULL;
        return true;
    default:
        (void)block_heap_trim(heap);
        return true;
    }
    if (!*slot)
        return false;
    slot_bytes[step->slot] = size_of(*slot);
    fill(*slot, slot_bytes[step->slot], step->slot);
    return true;
}

/* Whether the allocations that steps before STEP made are there, and nothing wrote to them. */
static bool slots_are_whole(size_t step)
{
    for (size_t slot = 0; slot < SLOTS; slot++) {
        bool there = false;
        for (size_t i = 0; i < step; i++)
            if (steps[i].slot == slot && steps[i].what != 't' && steps[i].what != 'r')
                there = steps[i].what != 'f';
        if (there && (size_of(slots[slot]) != slot_bytes[slot] ||
                      !is_filled(slots[slot], slot_bytes[slot], slot)))
            return false;
    }
    return true;
}

CASE(block_heap_pages, any_commit_may_fail_and_nothing_has_changed)
{
    static size_t taken_after[STEPS + 1];
    static bool results[STEPS];
    for (size_t end = 0; end <= STEPS; end++) {
        CHECK(begin(&page_source));
        for (size_t i = 0; i < end; i++)
            results[i] = run_step(&steps[i]);
        CHECK(slots_are_whole(end));
        (void)block_heap_trim(heap);
        taken_after[end] = taken();
    }
    for (size_t i = 0; i < STEPS; i++)
        CHECK(results[i] || steps[i].what == 'r');
    /* Once, or for as long as the request lasts: after the first the heap may try again. */
    for (int n = 0, failures = 1; failures <= 100; n++) {
        bool failed = false;
        CHECK(n < 200);
        CHECK(begin(&page_source));
        pages.until_failure = n;
        pages.failures = failures;
        for (size_t i = 0; i < STEPS; i++) {
            size_t were = pages.npresent;
            bool done = run_step(&steps[i]);
            if (pages.failed && !failed) {
                failed = true;
                pages.failures = 0;
                /* What needs no more pages may serve. */
                CHECK(!done || failures == 1 || pages.npresent <= were);
                CHECK_HOLDS(block_heap_check(heap));
                CHECK(pages_agree());
                CHECK(slots_are_whole(done ? i + 1 : i));
                if (!done) {
                    (void)block_heap_trim(heap);
                    CHECK_EQUAL(taken(), taken_after[i]);
                    CHECK_HOLDS(block_heap_check(heap));
                    CHECK(pages_agree());
                    done = run_step(&steps[i]);
                }
            }
            CHECK(done == results[i] || steps[i].what == 'r');
        }
        CHECK(slots_are_whole(STEPS));
        for (size_t slot = 0; slot < SLOTS; slot++)
            CHECK(!slots[slot] || block_heap_free(heap, slots[slot]) == HEAP_FREED);
        CHECK_HOLDS(block_heap_check(heap));
        (void)block_heap_trim(heap);
        CHECK_EQUAL(taken(), 0);
        CHECK(pages_agree());
        CHECK_HOLDS(block_heap_check(heap));
        if (!failed) {
            CHECK(n > 15);
            n = -1;
            failures *= 100;
        }
    }
}

/* -- Few pages -- */

/* Eight blocks may be present, and are: kept for later in two runs of 4, an empty slab or the spare
 * span. */
static bool keep_eight(int how)
{
    if (!begin_many(256, &page_source))
        return false;
    pages.budget = 8;
    if (how == 0) {
        void *a = block_heap_malloc(heap, 4 * PAGE), *b = block_heap_malloc(heap, 4 * PAGE);
        if (block_heap_free(heap, a) || block_heap_free(heap, b))
            return false;
    } else if (how == 1) {
        if (block_heap_free(heap, block_heap_malloc(heap, 3000)))
            return false;
    } else {
        void *a = block_heap_malloc(heap, 24), *b = block_heap_malloc(heap, 7 * PAGE);
        if (block_heap_free(heap, a) || block_heap_free(heap, b))
            return false;
    }
    return block_heap_kept(heap) == 8 && pages.npresent == 8 && pages_agree();
}

/* The memory is there, but only what is kept has pages. */
CASE(block_heap_pages, d6_kept_pages_serve_every_kind_of_request)
{
    static const size_t asked[] = {1,        300,      1024,     1100,     3000,    PAGE,
                                   2 * PAGE, 3 * PAGE, 5 * PAGE, 6 * PAGE, 8 * PAGE};
    for (int how = 0; how < 3; how++)
        for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++)
            for (size_t alignment = 1; alignment <= 32768; alignment *= 8) {
                CHECK(keep_eight(how));
                void *object = block_heap_malloc_aligned(heap, asked[i], alignment);
                CHECK(object != NULL && (uintptr_t)object % alignment == 0);
                CHECK_EQUAL(counts()->failed, 0);
                CHECK(pages_agree());
                CHECK_HOLDS(block_heap_check(heap));
                CHECK(keep_eight(how));
                CHECK(block_heap_malloc_for(heap, OWNER_SHELL, asked[i]) != NULL);
                CHECK_EQUAL(counts()->failed, 0);
                CHECK(keep_eight(how));
                CHECK(block_heap_malloc_singles(heap, OWNER_SHELL, blocks_for(asked[i])) != NULL);
                CHECK(pages_agree());
                CHECK_HOLDS(block_heap_check(heap));
            }
}

/* No span has pages, but the blocks of the request itself have; no slab, but another's object. */
CASE(block_heap_pages, d6_few_pages_serve_in_another_kind_of_place)
{
    for (size_t budget = 1; budget < 8; budget++)
        for (size_t nbytes = 1025; nbytes <= BLOCK_HEAP_MIDDLE; nbytes += 511) {
            CHECK(begin_many(256, &page_source));
            pages.budget = budget;
            void *object = block_heap_malloc(heap, nbytes);
            CHECK((object != NULL) == (blocks_for(nbytes) <= budget));
            CHECK(!object || size_of(object) == blocks_for(nbytes) * PAGE);
            CHECK(pages_agree());
            CHECK_HOLDS(block_heap_check(heap));
        }
    CHECK(begin_many(256, &page_source));
    void *object = block_heap_malloc(heap, 512), *middle = block_heap_malloc(heap, 8000);
    CHECK(object != NULL && middle != NULL);
    pages.budget = pages.npresent;
    CHECK_EQUAL(block_of(block_heap_malloc(heap, 100)), block_of(object));
    for (size_t i = 2; i < 8; i++)
        CHECK_EQUAL(block_of(block_heap_malloc(heap, 100)), block_of(object));
    CHECK_EQUAL(block_heap_owner_of(heap, block_of(block_heap_malloc(heap, 100))), OWNER_SPAN);
    CHECK_EQUAL(counts()->failed, 0);
    CHECK_HOLDS(block_heap_check(heap));
}

/* A request that is refused its pages leaves the peak as it is, and counts as one. It asks for the
 * place that is meant for it, also after a trim, for a span, and for blocks of its own. */
CASE(block_heap_pages, d8_a_refused_commit_is_no_request_of_its_own)
{
    static const size_t asked[] = {1, 100, 1024, 1100, 8000, PAGE, 6 * PAGE, 70 * PAGE};
    for (int with_kept = 0; with_kept < 2; with_kept++)
        for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++)
            for (size_t alignment = 1; alignment <= 32768; alignment *= 32) {
                CHECK(begin_many(256, &page_source));
                uint8_t *live = block_heap_malloc(heap, 3 * PAGE);
                if (with_kept)
                    CHECK_EQUAL(block_heap_free(heap, block_heap_malloc(heap, PAGE)), HEAP_FREED);
                size_t peak = counts()->peak;
                CHECK_EQUAL(block_heap_kept(heap), with_kept);
                pages.until_failure = 0;
                pages.failures = ALWAYS;
                pages.asked = 0;
                bool span = asked[i] == 1100 && alignment <= SPAN_UNIT;
                bool serves = with_kept && asked[i] <= PAGE && alignment <= PAGE && !span;
                void *object = block_heap_malloc_aligned(heap, asked[i], alignment);
                CHECK_EQUAL(object != NULL, serves);
                CHECK_EQUAL(counts()->failed, !serves);
                CHECK(serves ? pages.asked == 0 : pages.asked >= 1 && pages.asked <= 4);
                CHECK_EQUAL(counts()->peak, peak);
                CHECK_EQUAL(taken(), serves ? 4 : 3);
                /* Nor is growing where it is. */
                pages.asked = 0;
                size_t failed = counts()->failed;
                CHECK(!block_heap_resize(heap, live, 100 * PAGE));
                CHECK(pages.asked <= 1);
                CHECK_EQUAL(counts()->peak, peak);
                CHECK_EQUAL(counts()->failed, failed);
                CHECK_EQUAL(size_of(live), 3 * PAGE);
                CHECK_HOLDS(block_heap_check(heap));
            }
}

CASE(block_heap_pages, d8_what_got_no_pages_was_not_served)
{
    CHECK(begin_many(256, &page_source));
    CHECK(block_heap_malloc(heap, 3 * PAGE) != NULL);
    size_t served = counts()->served;
    pages.budget = pages.npresent;
    CHECK(block_heap_malloc(heap, 5 * PAGE) == NULL);
    CHECK(block_heap_malloc(heap, 10) == NULL);
    CHECK(block_heap_malloc_aligned(heap, PAGE, 2 * PAGE) == NULL);
    CHECK_EQUAL(counts()->served, served);
}
