/*
 * Random work against a model that knows of no slab, span or list: which bytes are whose, and what
 * stands in them; and of each failing request, that memory is short: it fails again at once, so
 * does a larger one, and no run of free blocks is as long as it.
 */
#include "platheaps.h"

enum { LIVE = 400, STEP = 16, WRONG_STEP = 37, TINY = 13, ROOM_BESIDE = 8192 };

/* Sizes are those of blocks of 4096 bytes, and grow and shrink with the block. */
#define SCALED(nbytes) ((size_t)((uint64_t)(nbytes)*PAGE / 4096))

static struct live {
    uint8_t *bytes;
    size_t asked, usable;
} live[LIVE];

static uint16_t
    whose[REGION / STEP]; /* of each 16 bytes of memory: 1 + the index in live[], or 0 */

static struct {
    struct platheap *heap;
    uint8_t *first;
    size_t nblocks, failed;
    bool pages;
    size_t mallocs, aligned, reallocs; /* that failed */
} now;

static uint32_t random_state;

static uint32_t pick(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % below;
}

static uint8_t content_of(size_t i)
{
    return (uint8_t)(i * 7 + 1);
}

/* -- What must be true of an allocation -- */

static const char *claim(size_t i, uint8_t *bytes, size_t asked, size_t alignment)
{
    size_t usable = platheap_usable_size(now.heap, bytes);
    if ((uintptr_t)bytes % alignment != 0)
        return "it lies on the alignment";
    if (usable < asked)
        return "it is as long as was asked for";
    if (bytes < now.first || bytes + usable > now.first + now.nblocks * PAGE)
        return "it lies in the heap's blocks";
    size_t from = (size_t)(bytes - memory), block = (size_t)(bytes - now.first);
    for (size_t at = from / STEP; at < (from + usable) / STEP; at++) {
        if (whose[at])
            return "it is nobody else's";
        whose[at] = (uint16_t)(i + 1);
    }
    for (size_t page = block / PAGE; now.pages && page <= (block + usable - 1) / PAGE; page++)
        if (!user.committed[page])
            return "its pages are there";
    live[i] = (struct live){bytes, asked, usable};
    return NULL;
}

static void disclaim(size_t i)
{
    size_t at = (size_t)(live[i].bytes - memory) / STEP;
    memset(whose + at, 0, live[i].usable / STEP * sizeof *whose);
    live[i].bytes = NULL;
}

static bool has_content(const uint8_t *bytes, size_t nbytes, uint8_t value)
{
    return nbytes == 0 || (bytes[0] == value && memcmp(bytes, bytes + 1, nbytes - 1) == 0);
}

static size_t promised(size_t nbytes)
{
    return nbytes % PAGE == 0 || nbytes > 2 * PAGE ? PAGE : nbytes > 8 ? 16 : 8;
}

/* -- What must be true where a request got nothing -- */

/* Whether NBLOCKS blocks in a row are free, and have pages. */
static bool has_run(size_t nblocks)
{
    void *start;
    size_t count, run = 0;
    const unsigned char *table = platheap_table(now.heap, &start, &count);
    if (now.pages && nblocks > user.budget - user.ncommitted)
        return false;
    for (size_t block = 0; block < count; block++)
        if ((run = table[block] == 0 ? run + 1 : 0) >= nblocks)
            return true;
    return false;
}

/* Whether it has whole blocks, and those behind it are free, and have pages, up to NBYTES. */
static bool has_room_behind(const struct live *object, size_t nbytes)
{
    void *start;
    size_t count, block = (size_t)(object->bytes - now.first) / PAGE;
    size_t end = block + (nbytes + PAGE - 1) / PAGE, own = block;
    const unsigned char *table = platheap_table(now.heap, &start, &count);
    if ((uintptr_t)object->bytes % PAGE || !(table[block] & 0x40) || end > count)
        return false;
    while (table[own++] & 0x80)
        continue;
    if ((own - block) * PAGE != object->usable ||
        (now.pages && end - own > user.budget - user.ncommitted))
        return false;
    while (own < end && table[own] == 0)
        own++;
    return own == end;
}

static const char *count_failure(void)
{
    return statistics_of(now.heap).failed == ++now.failed ? NULL
                                                          : "each failing request counts once";
}

/* A request for NBYTES has failed. Any larger place would have done, but that a whole number of
 * blocks lies on a block. */
static const char *is_short(size_t nbytes)
{
    static const size_t larger[] = {16,
                                    32,
                                    48,
                                    SCALED(64),
                                    80,
                                    96,
                                    112,
                                    SCALED(256),
                                    SCALED(304),
                                    SCALED(512),
                                    SCALED(816),
                                    SCALED(1024),
                                    SCALED(1280),
                                    SCALED(2000),
                                    SCALED(3300),
                                    SCALED(5000),
                                    2 * PAGE - 1,
                                    PAGE,
                                    2 * PAGE,
                                    3 * PAGE,
                                    5 * PAGE,
                                    SCALED(65536),
                                    SCALED(200000)};
    size_t nblocks = (nbytes + PAGE - 1) / PAGE;
    const char *broken = count_failure();
    if (broken)
        return broken;
    if (nblocks <= 64 && has_run(nblocks))
        return "blocks are free, and not served";
    if (platheap_malloc(now.heap, nbytes))
        return "a request that fails fails again";
    if ((broken = count_failure()) != NULL)
        return broken;
    for (size_t i = 0; i < sizeof larger / sizeof larger[0]; i++) {
        bool whole = larger[i] % PAGE == 0;
        if (larger[i] < nbytes || (nbytes % PAGE == 0 && !whole && larger[i] < 2 * PAGE))
            continue;
        if (platheap_malloc(now.heap, larger[i]))
            return "where a request fails, no larger one is served";
        if ((broken = count_failure()) != NULL)
            return broken;
    }
    return statistics_of(now.heap).kept == 0 || nblocks > now.nblocks
               ? NULL
               : "what is kept is given back before a request fails";
}

/* -- Steps -- */

static size_t pick_size(uint32_t mix)
{
    uint32_t kind = pick(16);
    if (mix == TINY && kind > 0)
        return 1 + pick(144);
    if (kind < 2)
        return (1 + pick(12)) * PAGE;
    if (kind == 2)
        return 1 + pick((uint32_t)SCALED(pick(3) ? 65536 : 400000));
    return 1 + pick(kind < 3 + mix ? PAGE / 4 : 2 * PAGE);
}

static const char *step_malloc(size_t i, uint32_t mix)
{
    size_t nbytes = pick_size(mix);
    bool zero = pick(8) == 0;
    uint8_t *bytes =
        zero ? platheap_calloc(now.heap, 1, nbytes) : platheap_malloc(now.heap, nbytes);
    if (!bytes) {
        now.mallocs++;
        return is_short(nbytes);
    }
    const char *broken = claim(i, bytes, nbytes, promised(nbytes));
    if (!broken && zero && !has_content(bytes, live[i].usable, 0))
        return "what is asked for as zero is";
    if (!broken)
        memset(bytes, content_of(i), live[i].usable);
    return broken;
}

static const char *step_aligned(size_t i, uint32_t mix)
{
    size_t nbytes = pick_size(mix), alignment = (size_t)1 << pick(16);
    uint8_t *bytes = platheap_aligned_alloc(now.heap, alignment, nbytes);
    if (bytes) {
        const char *broken = claim(i, bytes, nbytes, alignment);
        if (!broken)
            memset(bytes, content_of(i), live[i].usable);
        return broken;
    }
    now.aligned++;
    const char *broken = count_failure();
    if (!broken && platheap_aligned_alloc(now.heap, alignment, nbytes))
        return "an aligned request that fails fails again";
    if (!broken)
        broken = count_failure();
    if (!broken && alignment <= 8 && nbytes % PAGE != 0 && platheap_malloc(now.heap, nbytes))
        return "without an alignment to speak of, it fails as malloc does";
    now.failed = statistics_of(now.heap).failed;
    /* Twice as many blocks hold some that are aligned. */
    size_t nblocks = (nbytes + PAGE - 1) / PAGE + (alignment > PAGE ? alignment / PAGE - 1 : 0);
    return !broken && nblocks <= 64 && has_run(nblocks) ? "blocks are free, and not served"
                                                        : broken;
}

static const char *step_realloc(size_t i, uint32_t mix)
{
    size_t nbytes = pick(3) ? pick_size(mix) : 1 + pick((uint32_t)live[i].usable);
    struct live was = live[i];
    uint8_t *bytes = platheap_realloc(now.heap, was.bytes, nbytes);
    now.failed = bytes ? statistics_of(now.heap).failed : now.failed;
    if (bytes) {
        disclaim(i);
        const char *broken = claim(i, bytes, nbytes, bytes == was.bytes ? 8 : promised(nbytes));
        size_t same = was.usable < nbytes ? was.usable : nbytes;
        if (!broken && !has_content(bytes, same, content_of(i)))
            return "what stands in it stays";
        if (!broken)
            memset(bytes, content_of(i), live[i].usable);
        return broken;
    }
    now.reallocs++;
    if (nbytes <= was.usable)
        return "what becomes shorter can stay";
    const char *broken = count_failure();
    if (!broken && platheap_realloc(now.heap, was.bytes, nbytes))
        return "a realloc that fails fails again";
    if (!broken)
        broken = count_failure();
    if (!broken && platheap_malloc(now.heap, nbytes))
        return "where a realloc fails, a malloc does";
    if (!broken)
        broken = count_failure();
    /* But one block lies on a block where it is moved to, and a little more need not. */
    size_t more = nbytes + 1 + pick((uint32_t)nbytes);
    if (!broken && (nbytes != PAGE || more > 2 * PAGE)) {
        if (platheap_realloc(now.heap, was.bytes, more))
            return "where a realloc fails, a larger one does";
        broken = count_failure();
    }
    if (!broken && has_room_behind(&was, nbytes))
        return "what is free behind it serves a realloc";
    if (!broken && (platheap_usable_size(now.heap, was.bytes) != was.usable ||
                    !has_content(was.bytes, was.usable, content_of(i))))
        return "a realloc that fails leaves all as it was";
    return broken;
}

static const char *step_free(size_t i)
{
    if (!has_content(live[i].bytes, live[i].usable, content_of(i)))
        return "nobody else writes to it";
    uint8_t *bytes = live[i].bytes;
    disclaim(i);
    if (platheap_free(now.heap, bytes) != 0)
        return "what is live can be freed";
    return platheap_free(now.heap, bytes) != 0 ? NULL : "and but once";
}

/* Any address at which nothing live begins. */
static const char *step_wrong(void)
{
    uint8_t *bytes = memory + pick(REGION);
    size_t at = (size_t)(bytes - memory) / STEP;
    if (whose[at] && live[whose[at] - 1].bytes == bytes)
        return NULL;
    struct platheap_statistics was = statistics_of(now.heap);
    if (platheap_free(now.heap, bytes) == 0 || platheap_realloc(now.heap, bytes, 100) ||
        platheap_usable_size(now.heap, bytes) != 0)
        return "a wrong pointer is refused";
    struct platheap_statistics is = statistics_of(now.heap);
    return is.taken == was.taken && is.kept == was.kept && is.refused == was.refused + 1
               ? NULL
               : "a wrong pointer changes nothing";
}

static const char *step_trim(void)
{
    struct platheap_statistics was = statistics_of(now.heap);
    if (platheap_trim(now.heap) != was.kept * PAGE)
        return "a trim gives what is kept";
    struct platheap_statistics is = statistics_of(now.heap);
    return is.kept == 0 && is.taken == was.taken - was.kept ? NULL : "nothing is kept after a trim";
}

static const char *step(size_t round, uint32_t mix)
{
    size_t i = pick(LIVE), last = i + LIVE;
    uint32_t what = pick(100);
    if (round % WRONG_STEP == 0)
        return step_wrong();
    if (round % 511 == 0)
        return step_trim();
    /* The next one that is live, or is not. */
    while (i < last && (live[i % LIVE].bytes != NULL) != (what < 50))
        i++;
    if (i == last)
        return NULL;
    i %= LIVE;
    return what < 24   ? step_realloc(i, mix)
           : what < 50 ? step_free(i)
           : what < 85 ? step_malloc(i, mix)
                       : step_aligned(i, mix);
}

/* -- Regions -- */

static const struct region {
    size_t skew, nbytes;
    size_t budget; /* of pages; 0 where all of them are there */
    bool locked;
    uint32_t mix; /* how many of 13 sizes are small; TINY: nearly all are of few bytes */
    size_t rounds;
} regions[] = {{0, 12288, 0, true, 12, 3000},         {5, 20000, 0, false, 12, 5000},
               {48, 30000, 0, false, TINY, 10000},    {16, 40000, 0, true, 11, 6000},
               {999, 70000, 0, false, 9, 8000},       {0, 128 * 1024, 0, true, 6, 15000},
               {8, 256 * 1024, 0, false, 10, 8000},   {0, 512 * 1024, 0, true, 3, 8000},
               {0, 1 << 20, 0, false, 6, 8000},       {0, 40000, 2, true, 11, 4000},
               {0, 128 * 1024, 3, true, TINY, 6000},  {0, 70000, 9, true, 9, 6000},
               {4000, 256 * 1024, 20, true, 8, 6000}, {0, 512 * 1024, 60, true, 6, 6000},
               {64, 511 * 4096, 100, true, 9, 6000}};

static const char *work(const struct region *region)
{
    void *start;
    uint8_t *from = memory + region->skew;
    size_t nbytes = SCALED(region->nbytes) + (PAGE < 4096 ? ROOM_BESIDE : 0);
    memset(live, 0, sizeof live);
    memset(whose, 0, sizeof whose);
    memset(&user, 0, sizeof user);
    now.pages = region->budget > 0;
    now.failed = 0;
    now.heap = now.pages        ? make_reserved(from, nbytes, region->budget, false)
               : region->locked ? platheap_create(from, nbytes, &watched)
                                : platheap_create(from, nbytes, NULL);
    if (!now.heap)
        return "there is a heap";
    (void)platheap_table(now.heap, &start, &now.nblocks);
    now.first = start;
    for (size_t round = 1; round <= region->rounds; round++) {
        const char *broken = step(round, region->mix);
        if (!broken && round % 32 == 0)
            broken = platheap_check(now.heap);
        if (!broken && round % 8 == 0 && now.pages && !commits_match_the_table(now.heap))
            broken = "what is committed is what is taken";
        if (broken)
            return broken;
    }
    for (size_t i = 0; i < LIVE; i++) {
        const char *broken = live[i].bytes ? step_free(i) : NULL;
        if (broken)
            return broken;
    }
    if (statistics_of(now.heap).kept != statistics_of(now.heap).taken)
        return "with nothing live, all that is taken is kept";
    const char *broken = step_trim();
    if (!broken && now.pages && user.ncommitted > 0)
        return "all pages go back";
    return broken ? broken : user.wrong ? "the user was asked wrongly" : platheap_check(now.heap);
}

CASE(platheap_random, a_request_that_fails_fails_again_at_once)
{
    random_state = 2463534242u;
    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++) {
        now.mallocs = now.aligned = now.reallocs = 0;
        const char *broken = work(&regions[i]);
        if (broken) {
            case_fail(run_, __FILE__, __LINE__, "region %zu: %s", i, broken);
            return;
        }
        CHECK(now.mallocs > 20 && now.aligned > 20 && now.reallocs > 20);
    }
}
