/* The library's heaps that grow, as their users meet them: both designs over a region, a lock,
 * pages that can run out and can't be touched before they are there, and misuse. */
#include "platheap_growing.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "case.h"
#include "lib/string.h"

enum { PAGE = 4096, PAGES = 256, REGION = PAGES * PAGE, OWN = 3 /* pages, at most */ };

static uint8_t memory[REGION] __attribute__((aligned(PAGE)));

/* What the heap asked of its user, and how. */
static struct {
    int depth, locks, reports, refusal;
    bool wrong;
    const char *function;
    void *pointer;
    size_t ncommitted, budget;
    bool committed[PAGES];
    bool protects; /* what is not committed can't be touched */
} user;

static void lock(void *context)
{
    user.wrong |= context != &user || user.depth != 0;
    user.depth++;
    user.locks++;
}

static void unlock(void *context)
{
    user.depth--;
    user.wrong |= context != &user || user.depth != 0;
}

static void report(void *context, const char *function, void *pointer, int refusal)
{
    user.wrong |= context != &user || user.depth != 0;
    user.reports++;
    user.function = function;
    user.pointer = pointer;
    user.refusal = refusal;
}

/* Notes that the pages from START on are committed, or not, as IS says; they were not, or were. */
static bool turn(void *context, void *start, size_t nbytes, bool is)
{
    size_t first = (size_t)((uint8_t *)start - memory) / PAGE, end = first + nbytes / PAGE;
    bool right = context == &user && (uintptr_t)start % PAGE == 0 && nbytes % PAGE == 0 &&
                 first + 1 >= OWN && first < end && end <= PAGES;
    for (size_t page = first; right && page < end; page++) {
        right = user.committed[page] != is;
        user.committed[page] = is;
    }
    if (user.protects && mprotect(start, nbytes, is ? PROT_READ | PROT_WRITE : PROT_NONE))
        right = false;
    user.wrong |= !right;
    return right;
}

/* The heap is made without the lock: nobody else knows it. */
static bool commit(void *context, void *start, size_t nbytes)
{
    if (nbytes / PAGE > user.budget - user.ncommitted)
        return false;
    user.ncommitted += nbytes / PAGE;
    user.wrong |= user.depth != 1 && user.locks > 0;
    return turn(context, start, nbytes, true);
}

static void release(void *context, void *start, size_t nbytes)
{
    user.ncommitted -= nbytes / PAGE;
    user.wrong |= user.depth != 1;
    (void)turn(context, start, nbytes, false);
}

static void unprotect(void)
{
    (void)!mprotect(memory, REGION, PROT_READ | PROT_WRITE);
}

/* A case for each design; all of the memory can be touched again behind it. */
#define BOTH(title)                                                                                \
    static void title(struct case_run *run_, enum platheap_design design);                         \
    CASE(platheap_growing, title)                                                                  \
    {                                                                                              \
        title(run_, PLATHEAP_FREE_LIST);                                                           \
        unprotect();                                                                               \
        if (!run_->failed)                                                                         \
            title(run_, PLATHEAP_BEST_FIT);                                                        \
        unprotect();                                                                               \
    }                                                                                              \
    static void title(struct case_run *run_, enum platheap_design design)

/* A heap that is watched, in NBYTES of memory that is simply there. */
static struct platheap_growing *make(enum platheap_design design, size_t nbytes)
{
    struct platheap_growing_options options = {
        .lock = lock, .unlock = unlock, .report = report, .context = &user};
    memset(&user, 0, sizeof user);
    memset(memory, 0xcc, sizeof memory);
    struct platheap_growing *heap = platheap_growing_create(memory, nbytes, design, &options);
    memset(&options, 0xee, sizeof options); /* they are copied */
    return heap;
}

/* One of BUDGET pages, in all of the memory; they can't be touched otherwise, if that PROTECTS. */
static struct platheap_growing *make_reserved(enum platheap_design design, size_t budget,
                                              bool protects)
{
    struct platheap_growing_options options = {lock, unlock, commit, release, report, &user};
    memset(&user, 0, sizeof user);
    user.budget = budget;
    user.protects = protects;
    if (protects && mprotect(memory + OWN * PAGE, REGION - OWN * PAGE, PROT_NONE))
        return NULL;
    return platheap_growing_create(memory, REGION, design, &options);
}

static struct platheap_growing_statistics statistics_of(struct platheap_growing *heap)
{
    struct platheap_growing_statistics statistics;
    memset(&statistics, 0xff, sizeof statistics);
    platheap_growing_statistics(heap, &statistics);
    return statistics;
}

static void fill(uint8_t *bytes, size_t nbytes, size_t seed)
{
    for (size_t i = 0; i < nbytes; i++)
        bytes[i] = (uint8_t)(seed * 31 + i + (i >> 8) * 7);
}

static bool is_filled(const uint8_t *bytes, size_t nbytes, size_t seed)
{
    for (size_t i = 0; i < nbytes; i++)
        if (bytes[i] != (uint8_t)(seed * 31 + i + (i >> 8) * 7))
            return false;
    return true;
}

/* -- Regions -- */

/* Wherever a region begins and however long it is: nothing outside of it is written. */
BOTH(a_region_may_be_anywhere)
{
    static const size_t skews[] = {0, 1, 15, 16, 17, 2048, PAGE - 1};
    static uint8_t was[REGION];
    for (size_t i = 0; i < sizeof skews / sizeof skews[0]; i++) {
        size_t pages = 0;
        for (size_t nbytes = 0; nbytes < 20 * PAGE; nbytes += 509) {
            memset(memory, 0xcc, 24 * PAGE);
            memset(was, 0xcc, 24 * PAGE);
            struct platheap_growing *heap =
                platheap_growing_create(memory + skews[i], nbytes, design, NULL);
            if (!heap) {
                CHECK(pages == 0 && nbytes < (OWN + 3) * PAGE);
                continue;
            }
            struct platheap_growing_statistics is = statistics_of(heap);
            CHECK(is.page_bytes == PAGE && is.pages >= pages && is.pages > 0);
            CHECK_EQUAL(is.overhead_bytes + is.pages * PAGE, nbytes);
            CHECK(design == PLATHEAP_BEST_FIT || is.overhead_bytes < 3 * PAGE + 16);
            pages = is.pages;
            uint8_t *all = platheap_growing_malloc(heap, is.largest);
            CHECK(all && (uintptr_t)all % 16 == 0 && all > memory + skews[i]);
            CHECK(all + is.largest <= memory + skews[i] + nbytes);
            memset(all, 0x11, is.largest);
            CHECK(!platheap_growing_malloc(heap, 1));
            CHECK_EQUAL(platheap_growing_free(heap, all), 0);
            CHECK_HOLDS(platheap_growing_check(heap));
            CHECK(memcmp(memory, was, skews[i]) == 0);
            size_t end = skews[i] + nbytes;
            CHECK(memcmp(memory + end, was + end, 24 * PAGE - end) == 0);
        }
        CHECK(pages >= (design == PLATHEAP_BEST_FIT ? 11 : 16));
    }
}

BOTH(regions_that_are_none_are_refused)
{
    CHECK(!platheap_growing_create(NULL, REGION, design, NULL));
    CHECK(!platheap_growing_create(memory, 0, design, NULL));
    CHECK(!platheap_growing_create(memory, 2 * PAGE, design, NULL));
    CHECK(!platheap_growing_create(memory, SIZE_MAX, design, NULL));
    CHECK(!platheap_growing_create(memory, SIZE_MAX - (uintptr_t)memory + 1, design, NULL));
    CHECK(!platheap_growing_create((void *)(UINTPTR_MAX - 3), 4, design, NULL));
    CHECK(!platheap_growing_create((void *)(UINTPTR_MAX - PAGE), PAGE, design, NULL));
    CHECK(!platheap_growing_create(memory, REGION, (enum platheap_design)2, NULL));
    CHECK((make_reserved(design, 0, false) == NULL) == (design == PLATHEAP_BEST_FIT));
}

BOTH(of_a_long_region_the_first_64_mb_are_used)
{
    size_t nbytes = PLATHEAP_GROWING_REGION_MOST + 4 * 1024 * 1024;
    void *region = mmap(NULL, nbytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(region != MAP_FAILED);
    struct platheap_growing *heap = platheap_growing_create(region, nbytes, design, NULL);
    size_t most = PLATHEAP_GROWING_REGION_MOST / PAGE;
    size_t pages = heap ? statistics_of(heap).pages : 0;
    bool served = heap && platheap_growing_malloc(heap, pages * PAGE - 64) != NULL;
    munmap(region, nbytes);
    CHECK(served && pages == (design == PLATHEAP_BEST_FIT ? most / 4 * 3 : most));
}

/* -- The calls -- */

BOTH(every_size_on_every_alignment)
{
    struct platheap_growing *heap = make(design, REGION);
    for (size_t nbytes = 1; nbytes < 70000; nbytes = nbytes * 3 / 2 + 1)
        for (size_t alignment = 1; alignment <= 16 * PAGE; alignment *= 2) {
            uint8_t *bytes = platheap_growing_aligned_alloc(heap, alignment, nbytes);
            CHECK(bytes && (uintptr_t)bytes % alignment == 0 && (uintptr_t)bytes % 16 == 0);
            size_t usable = platheap_growing_usable_size(heap, bytes);
            CHECK(usable >= nbytes && usable < nbytes + 64);
            memset(bytes, 0x22, usable);
            CHECK_HOLDS(platheap_growing_check(heap));
            CHECK_EQUAL(platheap_growing_free(heap, bytes), 0);
        }
    CHECK(!platheap_growing_malloc(heap, 0) && !platheap_growing_aligned_alloc(heap, 16, 0));
    CHECK_EQUAL(statistics_of(heap).failed, 0);
    size_t nfailed = 0;
    for (size_t alignment = 0; alignment < 100; alignment++)
        if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
            CHECK(!platheap_growing_aligned_alloc(heap, alignment, 1));
            nfailed++;
        }
    CHECK(!platheap_growing_aligned_alloc(heap, SIZE_MAX / 2 + 1, 1));
    CHECK(!platheap_growing_malloc(heap, SIZE_MAX) && !platheap_growing_malloc(heap, REGION));
    CHECK(statistics_of(heap).failed == nfailed + 3 && statistics_of(heap).live == 0);
    CHECK(!user.wrong && user.reports == 0);
}

BOTH(realloc_is_as_in_c)
{
    struct platheap_growing *heap = make(design, REGION);
    uint8_t *bytes = platheap_growing_realloc(heap, NULL, 1000);
    uint8_t *behind = platheap_growing_malloc(heap, 100);
    CHECK(bytes && behind);
    fill(bytes, 1000, 1);
    CHECK(platheap_growing_realloc(heap, bytes, 10) == bytes && is_filled(bytes, 10, 1));
    CHECK(platheap_growing_realloc(heap, bytes, 1000) == bytes && is_filled(bytes, 10, 1));
    fill(bytes, 1000, 2);
    uint8_t *moved = platheap_growing_realloc(heap, bytes, 3000);
    CHECK(moved && moved != bytes && is_filled(moved, 1000, 2));
    CHECK_EQUAL(platheap_growing_free(heap, bytes), PLATHEAP_GROWING_ALREADY_FREE);
    CHECK(!platheap_growing_realloc(heap, moved, REGION) && is_filled(moved, 1000, 2));
    CHECK(!platheap_growing_realloc(heap, moved, SIZE_MAX) && is_filled(moved, 1000, 2));
    CHECK_EQUAL(statistics_of(heap).failed, 2);
    CHECK_EQUAL(platheap_growing_free(heap, behind), 0);
    CHECK(platheap_growing_realloc(heap, moved, 9000) != NULL);
    CHECK_EQUAL(statistics_of(heap).live, 1);
    CHECK(!platheap_growing_realloc(heap, moved, 0) && statistics_of(heap).live == 0);
    CHECK(!platheap_growing_realloc(heap, NULL, 0) && user.reports == 1);
    CHECK_HOLDS(platheap_growing_check(heap));
}

/* Each call has the lock once, but for a realloc that moves; and none of them keeps it. */
BOTH(locks_come_in_pairs)
{
    struct platheap_growing *heap = make(design, REGION);
    CHECK(heap && user.locks == 0);
    uint8_t *bytes = platheap_growing_malloc(heap, 100), *other;
    CHECK(bytes && user.locks == 1);
    CHECK((other = platheap_growing_aligned_alloc(heap, 64, 10)) && user.locks == 2);
    CHECK(platheap_growing_usable_size(heap, bytes) && user.locks == 3);
    CHECK(platheap_growing_realloc(heap, bytes, 50) == bytes && user.locks == 4);
    CHECK(!platheap_growing_realloc(heap, other + 1, 50) && user.locks == 5);
    CHECK(platheap_growing_check(heap) == NULL && user.locks == 6);
    CHECK(statistics_of(heap).live == 2 && user.locks == 7);
    CHECK(platheap_growing_trim(heap) > 0 && user.locks == 8);
    CHECK(platheap_growing_free(heap, other) == 0 && user.locks == 9);
    CHECK(platheap_growing_free(heap, NULL) == 0 && user.locks == 9);
    CHECK(platheap_growing_usable_size(heap, NULL) == 0 && user.locks == 9);
    CHECK(!platheap_growing_malloc(heap, REGION) && user.locks == 10);
    CHECK(!user.wrong && user.depth == 0 && user.reports == 1);
}

/* -- Misuse -- */

static bool refused(struct platheap_growing *heap, void *pointer, int why)
{
    static const char *const names[] = {"platheap_growing_free", "platheap_growing_usable_size",
                                        "platheap_growing_realloc", "platheap_growing_realloc"};
    for (int i = 0; i < 4; i++) {
        int reports = user.reports;
        bool right = i == 0   ? platheap_growing_free(heap, pointer) == why
                     : i == 1 ? platheap_growing_usable_size(heap, pointer) == 0
                              : !platheap_growing_realloc(heap, pointer, i == 2 ? 100 : 0);
        if (!right || user.reports != reports + 1 || user.refusal != why ||
            user.pointer != pointer || !string_equal(user.function, names[i]) || user.wrong)
            return false;
    }
    return true;
}

BOTH(wrong_pointers_are_refused)
{
    static uint8_t elsewhere[64] __attribute__((aligned(16)));
    struct platheap_growing *heap = make(design, REGION);
    uint8_t *first = platheap_growing_malloc(heap, 300),
            *second = platheap_growing_malloc(heap, 300);
    uint8_t *third = platheap_growing_malloc(heap, 300);
    CHECK(first && second && third);
    fill(first, 300, 1);
    fill(third, 300, 3);
    CHECK_EQUAL(platheap_growing_free(heap, second), 0);
    CHECK(refused(heap, second, PLATHEAP_GROWING_ALREADY_FREE));
    CHECK(refused(heap, second + 64, PLATHEAP_GROWING_ALREADY_FREE));
    CHECK(refused(heap, first + 16, PLATHEAP_GROWING_NOT_FIRST));
    CHECK(refused(heap, first + 1, PLATHEAP_GROWING_MISALIGNED));
    CHECK(refused(heap, elsewhere, PLATHEAP_GROWING_OUT_OF_RANGE));
    CHECK(refused(heap, heap, PLATHEAP_GROWING_OUT_OF_RANGE));
    CHECK(refused(heap, memory + REGION, PLATHEAP_GROWING_OUT_OF_RANGE));
    CHECK(refused(heap, (void *)UINTPTR_MAX, PLATHEAP_GROWING_OUT_OF_RANGE));
    CHECK_EQUAL(statistics_of(heap).refused, 8 * 2);
    CHECK(is_filled(first, 300, 1) && is_filled(third, 300, 3));
    CHECK_HOLDS(platheap_growing_check(heap));
    CHECK(platheap_growing_free(heap, first) == 0 && platheap_growing_free(heap, third) == 0);
}

/* An overrun reaches the header behind: it is seen, by who frees and by the check. */
BOTH(an_overwritten_header_is_seen)
{
    struct platheap_growing *heap = make(design, REGION);
    uint8_t *first = platheap_growing_malloc(heap, 100),
            *second = platheap_growing_malloc(heap, 100);
    CHECK(first && second && platheap_growing_malloc(heap, 100));
    uint8_t *header = first + platheap_growing_usable_size(heap, first), was = *header;
    CHECK(header < second);
    *header ^= 0x55;
    CHECK(platheap_growing_check(heap) != NULL);
    CHECK(refused(heap, second, PLATHEAP_GROWING_BROKEN));
    CHECK(refused(heap, first, PLATHEAP_GROWING_BROKEN));
    *header = was;
    CHECK_HOLDS(platheap_growing_check(heap));
    CHECK(platheap_growing_free(heap, first) == 0 && platheap_growing_free(heap, second) == 0);
    CHECK_HOLDS(platheap_growing_check(heap));
}

/* -- Pages -- */

/* The numbers of a defect that these heaps had: there are no pages for the first hole. */
BOTH(d7_the_next_piece_has_pages)
{
    struct platheap_growing *heap = make_reserved(design, PAGES, false);
    uint8_t *hole = platheap_growing_malloc(heap, 6 * PAGE),
            *bytes = platheap_growing_malloc(heap, 9);
    CHECK(hole && bytes && platheap_growing_free(heap, hole) == 0);
    user.budget = user.ncommitted;
    CHECK((bytes = platheap_growing_malloc(heap, 5 * PAGE)) != NULL);
    fill(bytes, 5 * PAGE, 5);
    CHECK(!platheap_growing_malloc(heap, 6 * PAGE));
    CHECK(statistics_of(heap).failed == 1 && statistics_of(heap).committed == user.ncommitted);
    CHECK(!user.wrong && is_filled(bytes, 5 * PAGE, 5));
    CHECK_HOLDS(platheap_growing_check(heap));
}

/* However few pages there are: what fails changes nothing but its count. */
BOTH(without_pages_nothing_changes)
{
    for (size_t budget = 1; budget < 60; budget++) {
        struct platheap_growing *heap = make_reserved(design, budget, true);
        uint8_t *live[60];
        size_t n = 0;
        CHECK(heap != NULL);
        while (n < 60 && (live[n] = platheap_growing_malloc(heap, 3000)) != NULL) {
            fill(live[n], 3000, n);
            n++;
        }
        CHECK(n == 60 || n + 2 >= budget);
        struct platheap_growing_statistics was = statistics_of(heap);
        CHECK(n == 60 || was.failed == 1);
        user.budget = user.ncommitted;
        CHECK(!platheap_growing_malloc(heap, 20 * PAGE));
        CHECK(n == 0 || !platheap_growing_realloc(heap, live[0], 20 * PAGE));
        struct platheap_growing_statistics is = statistics_of(heap);
        CHECK(is.committed == was.committed && is.live == n && is.committed == user.ncommitted);
        CHECK(is.failed == was.failed + 1 + (n > 0) && is.largest == was.largest);
        CHECK_HOLDS(platheap_growing_check(heap));
        for (size_t i = 0; i < n; i++)
            CHECK(is_filled(live[i], 3000, i) && platheap_growing_free(heap, live[i]) == 0);
        (void)platheap_growing_trim(heap);
        CHECK(user.ncommitted == (design == PLATHEAP_BEST_FIT) && !user.wrong);
    }
}

/* -- At random -- */

enum { LIVE = 200, STEPS = 40000 };

static struct {
    uint8_t *bytes;
    size_t nbytes;
    uint8_t seed;
} live[LIVE];

static uint32_t state;

static uint32_t next_random(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % below;
}

/* Makes slot I what one call gives; false where what was there has changed, or the answer can't be
 * right. */
static bool step(struct platheap_growing *heap, size_t i)
{
    size_t nbytes = 1 + next_random(next_random(8) ? 700 : 40000), was = live[i].nbytes;
    uint8_t *bytes = live[i].bytes, seed = (uint8_t)next_random(256);
    if (bytes && !is_filled(bytes, was, live[i].seed))
        return false;
    if (bytes && next_random(3)) {
        live[i].bytes = NULL;
        return platheap_growing_free(heap, bytes) == 0 && platheap_growing_free(heap, bytes) < 0;
    }
    uint8_t *is = bytes || next_random(2)
                      ? platheap_growing_realloc(heap, bytes, nbytes)
                      : platheap_growing_aligned_alloc(heap, (size_t)1 << next_random(13), nbytes);
    if (!is)
        return !bytes || (nbytes > was && is_filled(bytes, was, live[i].seed));
    if (bytes && !is_filled(is, nbytes < was ? nbytes : was, live[i].seed))
        return false;
    fill(is, nbytes, seed);
    live[i].bytes = is;
    live[i].nbytes = nbytes;
    live[i].seed = seed;
    return platheap_growing_usable_size(heap, is) >= nbytes;
}

BOTH(random_calls_keep_what_they_were_given)
{
    struct platheap_growing *heap = make_reserved(design, PAGES, true);
    CHECK(heap != NULL);
    memset(live, 0, sizeof live);
    state = 2463534242u;
    for (size_t i = 0; i < STEPS; i++) {
        if (i % 500 == 0) /* as many as are needed, or some more than there are now, or none */
            user.budget = next_random(3) ? user.ncommitted + next_random(8) : PAGES;
        CHECK(step(heap, next_random(i / 5000 % 2 ? LIVE : LIVE / 8)));
        if (i % 100 == 0) {
            size_t nlive = 0;
            for (size_t j = 0; j < LIVE; j++)
                nlive += live[j].bytes != NULL;
            struct platheap_growing_statistics is = statistics_of(heap);
            CHECK(is.live == nlive && is.committed == user.ncommitted && is.peak >= is.committed);
            CHECK_HOLDS(platheap_growing_check(heap));
        }
        CHECK(!user.wrong && user.depth == 0);
    }
    CHECK(statistics_of(heap).failed > 100);
    for (size_t i = 0; i < LIVE; i++)
        CHECK(platheap_growing_free(heap, live[i].bytes) == 0);
    (void)platheap_growing_trim(heap);
    CHECK(user.ncommitted <= (design == PLATHEAP_BEST_FIT) && !user.wrong);
    CHECK_HOLDS(platheap_growing_check(heap));
}
