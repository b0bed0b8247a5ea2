/* What is kept for later: how much that may be, whom it serves, and that it goes back in time. */
#include "block_heaps.h"

/* Takes COUNT blocks at the end for good, so that the heap has COUNT blocks that stay taken. */
static bool take_some(size_t count)
{
    return count == 0 || block_heap_take(heap, MANY - count, MANY) == 0;
}

static size_t most_kept(void)
{
    size_t most = taken() / KEPT_PART + KEPT_ALWAYS;
    size_t rest = (heap->table.total - taken()) / KEPT_PART;
    return most < rest ? most : rest;
}

/* Whether a run of LENGTH blocks that is kept may serve a request for NBLOCKS: up to 15 blocks they
 * are the same, and above that at most of the next eighth of a power of two. */
static bool may_serve(size_t length, size_t nblocks)
{
    if (length < nblocks || nblocks <= 15)
        return length == nblocks;
    size_t step = nblocks >= 64 ? 8 : nblocks >= 32 ? 4 : 2;
    size_t next = nblocks / step * step + step;
    return length < next + (next >= 64 ? 8 : next >= 32 ? 4 : 2);
}

CASE(block_heap_kept, a_freed_run_serves_the_next_of_its_length)
{
    for (size_t nblocks = 1; nblocks <= 64; nblocks += nblocks < 18 ? 1 : 23) {
        CHECK(begin_many(MANY, NULL) && take_some(840));
        uint8_t *before = block_heap_malloc(heap, PAGE);
        uint8_t *run = block_heap_malloc(heap, nblocks * PAGE);
        CHECK(before != NULL && run != NULL);
        CHECK_EQUAL(block_heap_free(heap, run), HEAP_FREED);
        CHECK_EQUAL(heap->kept.blocks, nblocks);
        CHECK_EQUAL(block_heap_kept(heap), nblocks);
        CHECK_EQUAL(taken(), 841 + nblocks);
        size_t first = block_of(run);
        for (size_t b = first; b < first + nblocks; b++)
            CHECK_EQUAL(block_heap_owner_of(heap, b), OWNER_KEPT);
        const struct wrong again[] = {
            {run, HEAP_ALREADY_FREE},
            {run + (nblocks - 1) * PAGE, nblocks == 1 ? HEAP_ALREADY_FREE : HEAP_NOT_FIRST},
            {run + 8, 0}};
        CHECK_HOLDS(accepts(again, 3));
        /* Longer requests do not touch it. */
        uint8_t *other = block_heap_malloc(heap, (nblocks + 1) * PAGE);
        CHECK(other != NULL && other != run);
        CHECK_EQUAL(heap->kept.blocks, nblocks);
        CHECK(block_heap_malloc_for(heap, OWNER_PAGING, nblocks * PAGE - 1) == run);
        CHECK_EQUAL(heap->kept.blocks, 0);
        for (size_t b = first; b < first + nblocks; b++)
            CHECK_EQUAL(block_heap_owner_of(heap, b), OWNER_PAGING);
        CHECK_HOLDS(block_heap_check(heap));
        CHECK_EQUAL(block_heap_free(heap, run), HEAP_FREED);
        CHECK(block_heap_malloc(heap, nblocks * PAGE) == run);
        CHECK_EQUAL(block_heap_owner_of(heap, first), OWNER_KERNEL);
        CHECK_EQUAL(block_heap_free(heap, run), HEAP_FREED);
        CHECK_EQUAL(block_heap_trim(heap), nblocks);
        CHECK_EQUAL(heap->kept.blocks, 0);
        CHECK_EQUAL(taken(), 841 + nblocks + 1);
        CHECK_EQUAL(block_heap_owner_of(heap, first), OWNER_FREE);
        CHECK_HOLDS(block_heap_check(heap));
    }
}

/* Also one block as a slab, and 8 as a span. */
CASE(block_heap_kept, a_freed_run_serves_objects_and_middle_sizes)
{
    CHECK(begin_many(MANY, NULL) && take_some(64));
    uint8_t *one = block_heap_malloc(heap, PAGE), *eight = block_heap_malloc(heap, 8 * PAGE);
    CHECK_EQUAL(block_heap_free(heap, one), HEAP_FREED);
    CHECK_EQUAL(block_heap_free(heap, eight), HEAP_FREED);
    CHECK_EQUAL(heap->kept.blocks, 9);
    CHECK_EQUAL(block_of(block_heap_malloc(heap, 24)), block_of(one));
    CHECK_EQUAL(block_of(block_heap_malloc(heap, 3000)), block_of(eight));
    CHECK_EQUAL(heap->kept.blocks, 0);
    /* A block lies on each alignment up to its own. */
    one = block_heap_malloc(heap, PAGE);
    CHECK_EQUAL(block_heap_free(heap, one), HEAP_FREED);
    CHECK(block_heap_malloc_aligned(heap, 3000, PAGE) == one);
    CHECK_EQUAL(block_heap_free(heap, one), HEAP_FREED);
    CHECK(block_heap_malloc_aligned(heap, 1, 2048) == one);
    CHECK_EQUAL(taken(), 64 + 10);
    CHECK_HOLDS(block_heap_check(heap));
}

/* A run that is a little longer serves; none serves a longer request, or one for each block. */
CASE(block_heap_kept, a_kept_run_serves_a_request_that_is_a_little_shorter)
{
    for (size_t nblocks = 1; nblocks <= 64; nblocks++)
        for (size_t asked = nblocks > 8 ? nblocks - 8 : 1; asked <= nblocks + 1; asked++) {
            CHECK(begin_many(MANY, NULL) && take_some(960));
            uint8_t *run = block_heap_malloc(heap, nblocks * PAGE);
            CHECK_EQUAL(block_heap_free(heap, run), HEAP_FREED);
            CHECK_EQUAL(heap->kept.blocks, nblocks);
            uint8_t *whole = block_heap_malloc(heap, asked * PAGE);
            bool serves = may_serve(nblocks, asked);
            CHECK_EQUAL(whole == run, serves);
            CHECK_EQUAL(size_of(whole), (serves ? nblocks : asked) * PAGE);
            CHECK_EQUAL(heap->kept.blocks, serves ? 0 : nblocks);
        }
    CHECK_HOLDS(block_heap_check(heap));
}

/* Of each block for itself, too: what is too long of the run is free again. */
CASE(block_heap_kept, single_blocks_come_out_of_a_kept_run)
{
    for (size_t nblocks = 16; nblocks <= 23; nblocks++)
        for (size_t more = 0; more < 16; more++) {
            CHECK(begin_many(MANY, &page_source) && take_some(304 + more));
            uint8_t *run = block_heap_malloc(heap, nblocks * PAGE);
            CHECK_EQUAL(block_heap_free(heap, run), HEAP_FREED);
            CHECK(heap->kept.blocks == nblocks && pages_agree());
            uint8_t *singles = block_heap_malloc_singles(heap, OWNER_SHELL, 16);
            CHECK_EQUAL(singles == run, may_serve(nblocks, 16));
            CHECK_EQUAL(taken(), 304 + more + 16 + (singles == run ? 0 : nblocks));
            CHECK(pages_agree());
            CHECK_HOLDS(block_heap_check(heap));
            for (size_t i = 0; i < 16; i++) {
                CHECK_EQUAL(size_of(singles + i * PAGE), PAGE);
                CHECK_EQUAL(block_heap_free(heap, singles + i * PAGE), HEAP_FREED);
            }
            (void)block_heap_trim(heap);
            CHECK(taken() == 304 + more && pages_agree());
            CHECK_HOLDS(block_heap_check(heap));
        }
}

/* -- How much -- */

CASE(block_heap_kept, no_more_than_some_runs_are_kept)
{
    enum { RUNS = KEPT_MOST + 4 };
    void *runs[RUNS];
    size_t blocks = 0;
    CHECK(begin_many(MANY, NULL) && take_some(512));
    for (size_t i = 0; i < RUNS; i++)
        CHECK((runs[i] = block_heap_malloc(heap, (1 + i % 3) * PAGE)) != NULL);
    for (size_t i = 0; i < RUNS; i++) {
        CHECK_EQUAL(block_heap_free(heap, runs[i]), HEAP_FREED);
        CHECK_EQUAL(heap->kept.count, i < KEPT_MOST ? i + 1 : KEPT_MOST);
        blocks += i < KEPT_MOST ? 1 + i % 3 : 0;
        CHECK_EQUAL(heap->kept.blocks, blocks);
        CHECK_HOLDS(block_heap_check(heap));
    }
    CHECK(blocks < most_kept());
    CHECK_EQUAL(block_heap_trim(heap), blocks);
    CHECK_EQUAL(taken(), 512);
}

/* At most a part of what is taken, and some; nor more than that part of what is free. */
CASE(block_heap_kept, d2_what_is_kept_is_bounded_in_blocks)
{
    for (size_t first = 0; first < MANY - 40; first += first < 40 ? 1 : 37) {
        CHECK(begin_many(MANY, NULL) && take_some(first));
        uint8_t *runs[34];
        size_t count = 0, blocks = 0;
        for (; count < 34; count++)
            runs[count] = block_heap_malloc(heap, PAGE);
        for (size_t i = 0; i < count; i++) {
            /* What is kept counts as taken. */
            bool keeps = blocks + 1 <= most_kept() && blocks < KEPT_MOST;
            CHECK_EQUAL(heap->kept.most, most_kept());
            CHECK_EQUAL(block_heap_free(heap, runs[i]), HEAP_FREED);
            blocks += keeps;
            CHECK_EQUAL(heap->kept.blocks, blocks);
        }
        CHECK_HOLDS(block_heap_check(heap));
        CHECK_EQUAL(block_heap_trim(heap), blocks);
        CHECK_EQUAL(heap->kept.most, most_kept());
        CHECK_EQUAL(taken(), first);
    }
}

CASE(block_heap_kept, the_bound_is_exact_for_long_runs)
{
    for (size_t nblocks = 1; nblocks <= 66; nblocks++)
        for (size_t some = 0; some < MANY - 200; some += 101) {
            CHECK(begin_many(MANY, NULL) && take_some(some));
            void *run = block_heap_malloc(heap, nblocks * PAGE);
            bool keeps = nblocks <= most_kept() && nblocks <= 64;
            CHECK_EQUAL(block_heap_free(heap, run), HEAP_FREED);
            CHECK_EQUAL(heap->kept.blocks, keeps ? nblocks : 0);
            CHECK_EQUAL(taken(), some + (keeps ? nblocks : 0));
            CHECK_EQUAL(block_heap_trim(heap), keeps ? nblocks : 0);
            CHECK_EQUAL(taken(), some);
        }
    CHECK_HOLDS(block_heap_check(heap));
}

/* -- That it goes back -- */

/* The ways to ask, and whether one found memory. */
static void *ask(int how, size_t nbytes)
{
    return how == 0   ? block_heap_malloc(heap, nbytes)
           : how == 1 ? block_heap_malloc_for(heap, OWNER_SHELL, nbytes)
           : how == 2 ? block_heap_malloc_aligned(heap, nbytes, 2 * PAGE)
                      : block_heap_malloc_aligned(heap, nbytes, 128);
}

/* Whether the address is no multiple of two blocks. */
static bool odd(const void *address)
{
    return (uintptr_t)address % (2 * PAGE) != 0;
}

/* Ten blocks or so are kept, side by side in runs of NBLOCKS, and all others are taken. Returns how
 * many. */
static size_t make_scarce(size_t nblocks)
{
    void *runs[10];
    size_t count = 10 / nblocks;
    if (!begin_many(MANY, &page_source) || !take_some(512))
        return 0;
    for (size_t i = 0; i < count; i++)
        runs[i] = block_heap_malloc(heap, nblocks * PAGE);
    for (size_t i = 0; i < count; i++)
        if (block_heap_free(heap, runs[i]) != HEAP_FREED)
            return 0;
    bool kept = heap->kept.blocks == count * nblocks && block_heap_kept(heap) == count * nblocks;
    return kept && take_the_rest() && !block_heap_check(heap) ? count * nblocks : 0;
}

CASE(block_heap_kept, kept_runs_are_given_up_when_memory_is_scarce)
{
    static const size_t asked[] = {1, 100, 1024, 1300, 3000, 8000, 3 * PAGE, 8 * PAGE};
    for (size_t nblocks = 1; nblocks <= 10; nblocks++)
        for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++)
            for (int how = 0; how < 4; how++) {
                size_t kept = make_scarce(nblocks);
                CHECK(kept > 0);
                void *object = ask(how, asked[i]);
                bool fits = blocks_for(asked[i]) + (how == 2 && odd(at(0))) <= kept;
                CHECK_EQUAL(object != NULL, fits);
                CHECK_EQUAL(counts()->failed, !fits);
                CHECK_HOLDS(block_heap_check(heap));
                CHECK(pages_agree());
                CHECK(!object || block_heap_free(heap, object) == HEAP_FREED);
                (void)block_heap_trim(heap);
                CHECK_EQUAL(taken(), MANY - kept);
                CHECK(pages_agree());
                /* All of them are one run then. */
                CHECK(block_heap_malloc(heap, kept * PAGE) != NULL);
                CHECK(block_heap_malloc(heap, 1) == NULL);
            }
}

/* The longest that are kept are of 64 blocks, and these go back as well. */
CASE(block_heap_kept, the_longest_runs_that_are_kept_go_back)
{
    CHECK(begin_many(MANY, NULL) && take_some(960));
    void *run = block_heap_malloc(heap, 64 * PAGE);
    CHECK_EQUAL(block_heap_free(heap, run), HEAP_FREED);
    CHECK_EQUAL(heap->kept.blocks, 64);
    CHECK(take_the_rest());
    CHECK(block_heap_malloc(heap, 33 * PAGE) == run);
    CHECK(block_heap_malloc(heap, 31 * PAGE) != NULL);
    CHECK(block_heap_malloc(heap, 1) == NULL);
    CHECK_HOLDS(block_heap_check(heap));
}

/* What each kind keeps is given up: all blocks, in one request. */
CASE(block_heap_kept, all_that_is_kept_is_given_up_for_one_request)
{
    static const size_t kinds[] = {8, 100, 512, 600, 1024, 3000, PAGE, PAGE, 3 * PAGE};
    enum { KINDS = sizeof kinds / sizeof kinds[0] };
    void *objects[KINDS];
    CHECK(begin_many(512, &page_source));
    for (size_t i = 0; i < KINDS; i++)
        CHECK((objects[i] = block_heap_malloc(heap, kinds[i])) != NULL);
    for (size_t i = 0; i < KINDS; i++)
        CHECK_EQUAL(block_heap_free(heap, objects[i]), HEAP_FREED);
    CHECK_EQUAL(taken(), 5 + SPAN_BLOCKS + 5);
    CHECK_EQUAL(block_heap_kept(heap), taken());
    CHECK(block_heap_malloc(heap, 512 * PAGE) == at(0));
    CHECK_EQUAL(taken(), 512);
    CHECK_HOLDS(block_heap_check(heap));
    CHECK(pages_agree());
    CHECK(block_heap_malloc(heap, 1) == NULL);
    CHECK(block_heap_malloc(heap, 1300) == NULL);
    CHECK(block_heap_malloc(heap, PAGE) == NULL);
    CHECK_EQUAL(block_heap_free(heap, at(0)), HEAP_FREED);
    CHECK_EQUAL(taken(), 0);
}

/* The blocks of the spare span, or of an empty slab, are all that is left. */
CASE(block_heap_kept, what_one_kind_keeps_serves_another)
{
    static const size_t kinds[] = {3000, 8000, 24, 512};
    static const size_t asked[] = {8, 300, 1024, 1300, 3000, PAGE, 2 * PAGE};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++)
            for (int how = 0; how < 4; how++) {
                CHECK(begin(NULL));
                void *object = block_heap_malloc(heap, kinds[k]);
                CHECK_EQUAL(block_heap_free(heap, object), HEAP_FREED);
                size_t kept = taken();
                CHECK_EQUAL(block_heap_kept(heap), kept);
                CHECK(take_the_rest());
                object = ask(how, asked[i]);
                bool fits = blocks_for(asked[i]) + (how == 2 && odd(at(0))) <= kept;
                CHECK_EQUAL(object != NULL, fits);
                /* In the kind of place that is meant for it, if there can be one. */
                bool has_place = kept == SPAN_BLOCKS || asked[i] <= BLOCK_HEAP_SMALL;
                CHECK(!fits || how > 0 || !has_place || size_of(object) == room_for(asked[i]));
                CHECK_HOLDS(block_heap_check(heap));
            }
}

/* Who asks for more than the heap has changes nothing. */
CASE(block_heap_kept, d2_a_request_beyond_the_heap_gives_nothing_back)
{
    static const size_t asked[] = {MANY * PAGE + 1, (MANY + 1) * PAGE, SIZE_MAX / 2, SIZE_MAX};
    CHECK(begin_many(MANY, &page_source) && take_some(100));
    static const size_t kinds[] = {24, 3000, PAGE, 5 * PAGE};
    for (size_t i = 0; i < 4; i++) {
        void *object = block_heap_malloc(heap, kinds[i]);
        CHECK_EQUAL(block_heap_free(heap, object), HEAP_FREED);
    }
    size_t kept = block_heap_kept(heap);
    CHECK_EQUAL(kept, 1 + SPAN_BLOCKS + 1 + 5);
    uint32_t was = fingerprint();
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        for (int how = 0; how < 4; how++)
            CHECK(ask(how, asked[i]) == NULL);
        CHECK_EQUAL(counts()->failed, (i + 1) * 4);
    }
    CHECK_EQUAL(fingerprint(), was);
    CHECK_EQUAL(block_heap_kept(heap), kept);
    /* The most there could be does find that out. */
    CHECK(block_heap_malloc(heap, MANY * PAGE) == NULL);
    CHECK_EQUAL(block_heap_kept(heap), 0);
    CHECK(pages_agree());
}

/* With nothing live all that is taken is kept, and a trim gives exactly that back. */
CASE(block_heap_kept, d9_what_is_kept_is_what_a_trim_gives)
{
    enum { LIVE = 60 };
    static void *live[LIVE];
    CHECK(begin_many(512, &page_source));
    memset(live, 0, sizeof live);
    uint32_t seed = 4711;
    for (int round = 0; round < 4000; round++) {
        seed = seed * 1664525u + 1013904223u;
        size_t i = (seed >> 24) % LIVE, kind = (seed >> 20) % 8;
        size_t nbytes = 1 + (seed >> 8) % (kind < 5 ? 1024 : kind < 7 ? 8192 : 32768);
        if (!live[i]) {
            CHECK((live[i] = block_heap_malloc(heap, nbytes)) != NULL);
        } else {
            CHECK_EQUAL(block_heap_free(heap, live[i]), HEAP_FREED);
            live[i] = NULL;
        }
        size_t kept = block_heap_kept(heap), was = taken();
        CHECK(kept <= was);
        if (round % 200 == 199) {
            for (size_t j = 0; j < LIVE && round % 400 == 399; j++) {
                CHECK(!live[j] || block_heap_free(heap, live[j]) == HEAP_FREED);
                live[j] = NULL;
            }
            kept = block_heap_kept(heap);
            was = taken();
            CHECK(kept > 0 && (round % 400 != 399 || kept == was));
            CHECK_EQUAL(block_heap_trim(heap), kept);
            CHECK_EQUAL(taken(), was - kept);
            CHECK_EQUAL(block_heap_kept(heap), 0);
            CHECK_EQUAL(block_heap_trim(heap), 0);
            CHECK_HOLDS(block_heap_check(heap));
            CHECK(pages_agree());
        }
    }
    CHECK_EQUAL(taken(), 0);
}
