/* The library: regions of any size at any address, C's functions, and what it asks of its user. */
#include "platheaps.h"

enum { GUARD = 64 };

static bool table_is_legal(const struct platheap *heap)
{
    void *start;
    size_t count, inside = 0;
    const unsigned char *table = platheap_table(heap, &start, &count);
    for (size_t i = 0; i < count; i++) {
        bool continues = table[i] == 0x81 || table[i] == 0x01;
        if (!continues && table[i] != 0 && table[i] != 0x41 && table[i] != 0xc1)
            return false;
        if (continues != (inside > 0))
            return false;
        inside = table[i] & 0x80 ? inside + 1 : 0;
    }
    return inside == 0;
}

/* NULL, or what is wrong with a heap of NBYTES that begins SKEW bytes behind a page. */
static const char *try_region(size_t skew, size_t nbytes, size_t *nblocks)
{
    uint8_t *region = memory + PAGE + skew;
    memset(region - GUARD, 0xa5, GUARD);
    memset(region + nbytes, 0xa5, GUARD);
    *nblocks = 0;
    struct platheap *heap = platheap_create(region, nbytes, NULL);
    if (heap) {
        void *start;
        size_t count;
        const unsigned char *table = platheap_table(heap, &start, &count);
        struct platheap_statistics statistics = statistics_of(heap);
        if (count == 0 || statistics.blocks != count || statistics.block_bytes != PAGE)
            return "a heap has blocks, and counts them";
        if ((uintptr_t)start % PAGE != 0 || (uint8_t *)start < region ||
            (uint8_t *)start + count * PAGE > region + nbytes)
            return "blocks lie in the region";
        if (table < region || table + count > (uint8_t *)start)
            return "the table stands at the region's beginning";
        if (statistics.overhead_bytes == 0 || statistics.overhead_bytes > nbytes - count * PAGE)
            return "the overhead is of the region";
        size_t got = 0;
        for (uint8_t *block; (block = platheap_malloc(heap, PAGE)) != NULL; got++) {
            if (block < (uint8_t *)start || block + PAGE > region + nbytes)
                return "what is served lies in the region";
            memset(block, 0x11, PAGE);
        }
        if (got != count)
            return "each block can be allocated";
        if (platheap_check(heap) != NULL || !table_is_legal(heap))
            return "the heap is sound";
        for (size_t i = 0; i < count; i++)
            if (platheap_free(heap, (uint8_t *)start + i * PAGE) != 0)
                return "each block can be freed";
        (void)platheap_trim(heap);
        if (statistics_of(heap).taken != 0 || platheap_check(heap) != NULL)
            return "all blocks come back";
        if (platheap_malloc(heap, count * PAGE) != start)
            return "all blocks can be had at once";
        *nblocks = count;
    }
    if (!is_all(region - GUARD, GUARD, 0xa5) || !is_all(region + nbytes, GUARD, 0xa5))
        return "nothing is written outside of the region";
    return NULL;
}

CASE(platheap, any_region_will_do)
{
    static const size_t skews[] = {0, 1, 7, 8, 16, 63, 2048, 4089, 4095};
    for (size_t i = 0; i < sizeof skews / sizeof skews[0]; i++) {
        size_t was = 0, nblocks;
        for (size_t nbytes = 0; nbytes < 70000; nbytes += 37) {
            CHECK_HOLDS(try_region(skews[i], nbytes, &nblocks));
            CHECK(nblocks >= was); /* more bytes, no fewer blocks */
            was = nblocks;
        }
        CHECK(was >= 12);
        for (size_t nbytes = 70001; nbytes < REGION - 3 * PAGE; nbytes += 83 * 1021)
            CHECK_HOLDS(try_region(skews[i], nbytes, &nblocks));
        /* Nothing that would be a block is lost, but for both ends. */
        CHECK((nblocks + 2) * PAGE + nblocks * 116 + 8192 > REGION - 3 * PAGE - 83 * 1021);
    }
}

/* Of each region's length as many as fit: where one block more is known to be possible from some
 * length on, no longer region has fewer. */
CASE(platheap, no_block_is_lost)
{
    enum { LONGEST = 400 * 1024, MOST = LONGEST / PAGE };
    static const size_t skews[] = {0, 5, 1000, 4090};
    for (size_t i = 0; i < sizeof skews / sizeof skews[0]; i++) {
        size_t longest[MOST + 1] = {0}, overhead[MOST + 1] = {0};
        for (size_t nbytes = 4096; nbytes < LONGEST; nbytes += 24) {
            struct platheap *heap = platheap_create(memory + skews[i], nbytes, NULL);
            struct platheap_statistics is = {0};
            if (heap)
                is = statistics_of(heap);
            CHECK(is.blocks <= MOST);
            CHECK(!overhead[is.blocks] || overhead[is.blocks] == is.overhead_bytes);
            overhead[is.blocks] = is.overhead_bytes;
            longest[is.blocks] = nbytes;
        }
        for (size_t n = 0; n < MOST; n++)
            CHECK(!overhead[n + 1] || longest[n] < overhead[n + 1] + (n + 1) * PAGE);
        CHECK(overhead[80] > 0);
    }
}

/* The smallest heap, byte by byte: below it there is none, and each one from it on has a block. */
CASE(platheap, tiny_regions_give_null)
{
    CHECK(platheap_create(NULL, 1 << 20, NULL) == NULL);
    CHECK(platheap_create(NULL, 0, &watched) == NULL);
    for (size_t skew = 0; skew < 24; skew += 3) {
        size_t nblocks = 0, smallest = 0;
        for (size_t nbytes = 0; nbytes < 40000; nbytes += nblocks ? 101 : 1) {
            CHECK_HOLDS(try_region(skew, nbytes, &nblocks));
            CHECK(nblocks > 0 || smallest == 0);
            if (nblocks && !smallest)
                smallest = nbytes;
        }
        CHECK(smallest > PAGE && smallest < 8 * PAGE);
    }
    /* Sizes with which the region's end would wrap, or that no heap can have. */
    CHECK(platheap_create(memory, SIZE_MAX, NULL) == NULL);
    CHECK(platheap_create(memory, SIZE_MAX - (uintptr_t)memory + 1 + PAGE, NULL) == NULL);
}

/* Address space alone: where it is refused, nothing of it is touched. */
CASE(platheap, more_than_64_gb_give_null)
{
    SKIP_UNLESS(sizeof(size_t) == 8, "no region of 32 bits is as large");
    size_t nbytes = (size_t)1 << 36 % (sizeof(size_t) * 8);
    nbytes += nbytes / 4;
    uint8_t *region = mmap(NULL, nbytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    SKIP_UNLESS(region != MAP_FAILED, "there is not as much address space");
    struct platheap *heap = platheap_create(region, nbytes, NULL);
    CHECK_EQUAL(munmap(region, nbytes), 0);
    CHECK(heap == NULL);
}

static const size_t sizes[] = {1,     2,     8,     9,     16,    17,     100,    256,
                               511,   512,   513,   1000,  2047,  2048,   2049,   4000,
                               4095,  4096,  4097,  8192,  8193,  12288,  20000,  32767,
                               32768, 32769, 40000, 65536, 70000, 100000, 131072, 204800};
enum { NSIZES = sizeof sizes / sizeof sizes[0] };

CASE(platheap, malloc_aligns_and_says_how_much)
{
    struct platheap *heap = make(REGION);
    CHECK(heap != NULL);
    CHECK(platheap_malloc(heap, 0) == NULL && platheap_zalloc(heap, 0) == NULL);
    CHECK(platheap_usable_size(heap, NULL) == 0);
    CHECK_EQUAL(platheap_free(heap, NULL), 0);
    uint8_t *live[NSIZES];
    for (size_t i = 0; i < NSIZES; i++) {
        size_t alignment = sizes[i] % PAGE == 0 || sizes[i] > 8192 ? PAGE : sizes[i] > 8 ? 16 : 8;
        CHECK((live[i] = platheap_malloc(heap, sizes[i])) != NULL);
        CHECK_EQUAL((uintptr_t)live[i] % alignment, 0);
        CHECK(platheap_usable_size(heap, live[i]) >= sizes[i]);
        fill(live[i], platheap_usable_size(heap, live[i]), i);
    }
    CHECK(table_is_legal(heap));
    CHECK_HOLDS(platheap_check(heap));
    for (size_t i = 0; i < NSIZES; i++) {
        CHECK(is_filled(live[i], platheap_usable_size(heap, live[i]), i));
        CHECK_EQUAL(platheap_free(heap, live[i]), 0);
        CHECK_EQUAL(user.reports, 0);
    }
    CHECK_HOLDS(platheap_check(heap));
    size_t taken = statistics_of(heap).taken;
    CHECK_EQUAL(platheap_trim(heap), taken * PAGE);
    CHECK_EQUAL(platheap_trim(heap), 0);
    struct platheap_statistics statistics = statistics_of(heap);
    CHECK_EQUAL(statistics.taken, 0);
    CHECK_EQUAL(statistics.largest_free, statistics.blocks);
    CHECK_EQUAL(statistics.failed, 0);
    CHECK_EQUAL(statistics.refused, 0);
    CHECK_EQUAL(user.reports, 0);
}

CASE(platheap, aligned_alloc_takes_powers_of_two)
{
    struct platheap *heap = make(REGION);
    for (size_t alignment = 1; alignment <= 256 * 1024; alignment *= 2)
        for (size_t i = 0; i < NSIZES; i++) {
            uint8_t *bytes = platheap_aligned_alloc(heap, alignment, sizes[i]);
            CHECK(bytes != NULL && (uintptr_t)bytes % alignment == 0);
            memset(bytes, 0x5c, platheap_usable_size(heap, bytes));
            CHECK_HOLDS(platheap_check(heap));
            CHECK_EQUAL(platheap_free(heap, bytes), 0);
        }
    static const size_t wrong[] = {0, 3, 24, 4095, 4097, 12288, SIZE_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK(platheap_aligned_alloc(heap, wrong[i], 100) == NULL);
    CHECK(platheap_aligned_alloc(heap, 64, 0) == NULL);
    CHECK(platheap_aligned_alloc(heap, SIZE_MAX / 2 + 1, 1) == NULL);
    CHECK(platheap_aligned_alloc(heap, 64, SIZE_MAX) == NULL);
    (void)platheap_trim(heap);
    CHECK_EQUAL(statistics_of(heap).taken, 0);
}

CASE(platheap, zero_means_all_usable_bytes)
{
    for (int calloc_it = 0; calloc_it < 2; calloc_it++) {
        struct platheap *heap = make(REGION);
        for (size_t i = 0; i < NSIZES; i++) {
            uint8_t *dirty[8];
            for (size_t d = 0; d < 8 && sizes[i] <= 70000; d++) {
                CHECK((dirty[d] = platheap_malloc(heap, sizes[i])) != NULL);
                memset(dirty[d], 0xff, platheap_usable_size(heap, dirty[d]));
            }
            for (size_t d = 0; d < 8 && sizes[i] <= 70000; d++)
                CHECK_EQUAL(platheap_free(heap, dirty[d]), 0);
            size_t count = sizes[i] % 3 == 0 ? 3 : 1;
            uint8_t *clean = calloc_it ? platheap_calloc(heap, sizes[i] / count, count)
                                       : platheap_zalloc(heap, sizes[i]);
            CHECK(clean != NULL);
            CHECK(platheap_usable_size(heap, clean) >= sizes[i]);
            CHECK(is_all(clean, platheap_usable_size(heap, clean), 0));
            memset(clean, 0xff, platheap_usable_size(heap, clean));
            CHECK_EQUAL(platheap_free(heap, clean), 0);
        }
        CHECK_HOLDS(platheap_check(heap));
    }
}

CASE(platheap, calloc_sees_overflow)
{
    struct platheap *heap = make(REGION);
    const size_t half = (size_t)1 << (sizeof(size_t) * 4);
    CHECK(platheap_calloc(heap, half, half) == NULL);
    CHECK(platheap_calloc(heap, half + 1, half) == NULL);
    CHECK(platheap_calloc(heap, SIZE_MAX / 2 + 1, 2) == NULL);
    CHECK(platheap_calloc(heap, 2, SIZE_MAX / 2 + 2) == NULL);
    CHECK(platheap_calloc(heap, SIZE_MAX, SIZE_MAX) == NULL);
    CHECK(platheap_calloc(heap, SIZE_MAX / 16 + 2, 16) == NULL); /* 16 bytes, if it wrapped */
    CHECK(platheap_calloc(heap, 16, SIZE_MAX / 16 + 2) == NULL);
    CHECK(platheap_calloc(heap, 0, 5) == NULL);
    CHECK(platheap_calloc(heap, 5, 0) == NULL);
    CHECK(platheap_calloc(heap, 0, SIZE_MAX) == NULL);
    (void)platheap_trim(heap);
    CHECK_EQUAL(statistics_of(heap).taken, 0);
    CHECK(user.locks == user.unlocks && !user.wrong);
}

CASE(platheap, realloc_keeps_contents_through_all_sizes)
{
    struct platheap *heap = make(REGION);
    for (size_t i = 0; i < NSIZES; i++)
        for (size_t j = 0; j < NSIZES; j++) {
            uint8_t *bytes = platheap_realloc(heap, NULL, sizes[i]);
            uint8_t *fence = platheap_malloc(heap, sizes[i]);
            CHECK(bytes != NULL && fence != NULL);
            fill(bytes, sizes[i], i + j);
            size_t fence_bytes = platheap_usable_size(heap, fence);
            fill(fence, fence_bytes, 99);
            bytes = platheap_realloc(heap, bytes, sizes[j]);
            CHECK(bytes != NULL);
            size_t usable = platheap_usable_size(heap, bytes);
            CHECK(usable >= sizes[j]);
            CHECK_EQUAL((uintptr_t)bytes % (sizes[j] > 8 ? 16 : 8), 0);
            CHECK(is_filled(bytes, sizes[i] < sizes[j] ? sizes[i] : sizes[j], i + j));
            memset(bytes, 0x42, usable);
            CHECK(is_filled(fence, fence_bytes, 99));
            CHECK_EQUAL(platheap_free(heap, fence), 0);
            CHECK_EQUAL(user.reports, 0);
            CHECK(platheap_realloc(heap, bytes, 0) == NULL);
            CHECK_EQUAL(user.reports, 0);
            CHECK_EQUAL(platheap_usable_size(heap, bytes), 0);
            user.reports = 0;
            CHECK_HOLDS(platheap_check(heap));
        }
    (void)platheap_trim(heap);
    CHECK_EQUAL(statistics_of(heap).taken, 0);
    CHECK(user.locks == user.unlocks && !user.wrong);
}

/* A step at a time up to 200 KB and down again, as a buffer that is appended to. */
CASE(platheap, realloc_grows_and_shrinks_step_by_step)
{
    struct platheap *heap = make(REGION);
    uint8_t *bytes = NULL, *others[64] = {NULL};
    size_t nbytes = 0, steps = 0;
    for (int direction = 1; direction >= -1; direction -= 2)
        for (;; steps++) {
            size_t change = 1 + nbytes / 13;
            if (direction > 0 ? nbytes > 200 * 1024 : nbytes < 2)
                break;
            size_t next = direction > 0 ? nbytes + change : nbytes - (nbytes > change ? change : 1);
            uint8_t **other = &others[steps % 64];
            CHECK_EQUAL(platheap_free(heap, *other), 0);
            *other = platheap_malloc(heap, steps * 37 % 6000);
            bytes = platheap_realloc(heap, bytes, next);
            CHECK(bytes != NULL);
            CHECK(is_filled(bytes, nbytes < next ? nbytes : next, 5));
            nbytes = next;
            fill(bytes, nbytes, 5);
        }
    CHECK(steps > 200);
    CHECK_HOLDS(platheap_check(heap));
    CHECK_EQUAL(platheap_free(heap, bytes), 0);
    for (size_t i = 0; i < 64; i++)
        CHECK_EQUAL(platheap_free(heap, others[i]), 0);
    (void)platheap_trim(heap);
    CHECK_EQUAL(statistics_of(heap).taken, 0);
}

CASE(platheap, realloc_without_memory_keeps_the_old)
{
    struct platheap *heap = make(128 * 1024);
    static const size_t kinds[] = {24, 700, 5000, 4096, 40960};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        uint8_t *bytes = platheap_malloc(heap, kinds[i]), *last = NULL;
        CHECK(bytes != NULL);
        size_t usable = platheap_usable_size(heap, bytes);
        fill(bytes, usable, i);
        CHECK(platheap_realloc(heap, bytes, 1 << 20) == NULL);
        CHECK(platheap_realloc(heap, bytes, SIZE_MAX) == NULL);
        CHECK(platheap_realloc(heap, bytes, SIZE_MAX - 4095) == NULL);
        CHECK(platheap_realloc(heap, bytes, SIZE_MAX / 2) == NULL);
        CHECK_EQUAL(platheap_usable_size(heap, bytes), usable);
        CHECK(is_filled(bytes, usable, i));
        /* And with no block free at all. */
        for (uint8_t *block; (block = platheap_malloc(heap, PAGE)) != NULL; last = block)
            memcpy(block, &last, sizeof last);
        CHECK(platheap_realloc(heap, bytes, usable * 9) == NULL);
        CHECK_EQUAL(platheap_usable_size(heap, bytes), usable);
        CHECK(is_filled(bytes, usable, i));
        CHECK_HOLDS(platheap_check(heap));
        while (last) {
            uint8_t *block = last;
            memcpy(&last, block, sizeof last);
            CHECK_EQUAL(platheap_free(heap, block), 0);
        }
        CHECK_EQUAL(platheap_free(heap, bytes), 0);
        CHECK_EQUAL(user.reports, 0);
    }
    (void)platheap_trim(heap);
    CHECK_EQUAL(statistics_of(heap).taken, 0);
}

CASE(platheap, wrong_pointers_are_reported_once)
{
    struct platheap *heap = make(REGION / 4);
    static uint8_t foreign[64] __attribute__((aligned(16)));
    uint8_t *small = platheap_malloc(heap, 100), *middle = platheap_malloc(heap, 3000);
    uint8_t *whole = platheap_malloc(heap, 3 * PAGE), *gone = platheap_malloc(heap, 100);
    CHECK(small && middle && whole && gone);
    CHECK_EQUAL(platheap_free(heap, gone), 0);
    fill(small, 100, 1);
    fill(middle, 3000, 2);
    fill(whole, 3 * PAGE, 3);
    const struct {
        void *pointer;
        int refusal;
    } wrong[] = {{foreign, PLATHEAP_OUT_OF_RANGE},    {heap, PLATHEAP_OUT_OF_RANGE},
                 {memory, PLATHEAP_OUT_OF_RANGE},     {memory + REGION / 4, PLATHEAP_OUT_OF_RANGE},
                 {(void *)16, PLATHEAP_OUT_OF_RANGE}, {whole + 16, PLATHEAP_MISALIGNED},
                 {whole + PAGE, PLATHEAP_NOT_FIRST},  {small + 16, PLATHEAP_NOT_FIRST},
                 {middle + 256, PLATHEAP_NOT_FIRST},  {middle + 1, PLATHEAP_NOT_FIRST},
                 {gone, PLATHEAP_ALREADY_FREE}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct platheap_statistics was = statistics_of(heap);
        user.reports = 0;
        CHECK_EQUAL(platheap_free(heap, wrong[i].pointer), wrong[i].refusal);
        CHECK_EQUAL(user.reports, 1);
        CHECK_TEXT(user.function, "platheap_free");
        CHECK(user.pointer == wrong[i].pointer && user.refusal == wrong[i].refusal);
        CHECK_EQUAL(statistics_of(heap).refused, was.refused + 1);
        static const size_t asked[] = {0, 1, 100, 3000, 100000, SIZE_MAX};
        for (size_t j = 0; j < sizeof asked / sizeof asked[0]; j++) {
            user.reports = 0;
            CHECK(platheap_realloc(heap, wrong[i].pointer, asked[j]) == NULL);
            CHECK_EQUAL(user.reports, 1);
            CHECK_TEXT(user.function, "platheap_realloc");
            CHECK(user.pointer == wrong[i].pointer && user.refusal == wrong[i].refusal);
        }
        user.reports = 0;
        CHECK_EQUAL(platheap_usable_size(heap, wrong[i].pointer), 0);
        CHECK_EQUAL(user.reports, 1);
        CHECK_TEXT(user.function, "platheap_usable_size");
        CHECK(user.pointer == wrong[i].pointer && user.refusal == wrong[i].refusal);
        struct platheap_statistics is = statistics_of(heap);
        CHECK(is.taken == was.taken && is.failed == was.failed && is.kept == was.kept);
        CHECK_HOLDS(platheap_check(heap));
    }
    CHECK(is_filled(small, 100, 1));
    CHECK(is_filled(middle, 3000, 2));
    CHECK(is_filled(whole, 3 * PAGE, 3));
    CHECK(user.depth == 0 && user.locks == user.unlocks && !user.wrong);
    /* Without a report function, and without any options. */
    heap = platheap_create(memory, REGION / 4, NULL);
    CHECK_EQUAL(platheap_free(heap, foreign), PLATHEAP_OUT_OF_RANGE);
    CHECK(platheap_realloc(heap, foreign, 100) == NULL);
}

/* What has a lock goes the long ways, and what has none the short ones: they must not differ. */
CASE(platheap, short_ways_do_what_long_ones_do)
{
    enum { HALF = REGION / 4, LIVE = 100 };
    static uint8_t *live[LIVE];
    static const struct platheap_options open = {.report = report, .context = &user};
    struct platheap *heap = make(HALF);
    struct platheap *other = platheap_create(memory + HALF, HALF, &open);
    CHECK(heap && other);
    memset(live, 0, sizeof live);
    uint32_t seed = 31415;
    for (int round = 0; round < 20000; round++) {
        seed = seed * 1664525u + 1013904223u;
        uint8_t **bytes = &live[(seed >> 24) % LIVE];
        size_t nbytes = sizes[(seed >> 9) % (NSIZES - 8)], wrong = (seed >> 5) % 40;
        int reports = user.reports, refusal = 0;
        if (*bytes) {
            uint8_t *pointer = *bytes + (wrong < 4 ? wrong * 24 : 0);
            refusal = platheap_free(heap, pointer);
            CHECK_EQUAL(user.reports, reports + (refusal != 0));
            CHECK_EQUAL(platheap_free(other, pointer + HALF), refusal);
            CHECK_EQUAL(user.reports, reports + 2 * (refusal != 0));
            CHECK(!refusal || user.pointer == pointer + HALF);
            CHECK(!refusal || string_equal(user.function, "platheap_free"));
            CHECK(user.refusal == refusal || !refusal);
            *bytes = refusal ? *bytes : NULL;
        } else {
            *bytes = wrong % 2 ? platheap_malloc(heap, nbytes) : platheap_zalloc(heap, nbytes);
            uint8_t *same =
                wrong % 2 ? platheap_malloc(other, nbytes) : platheap_zalloc(other, nbytes);
            CHECK(*bytes ? same == *bytes + HALF : same == NULL);
        }
    }
    struct platheap_statistics is = statistics_of(heap), was = statistics_of(other);
    CHECK(is.taken == was.taken && is.kept == was.kept && is.peak == was.peak);
    CHECK(is.failed == was.failed && is.refused == was.refused && is.refused > 100);
    CHECK_HOLDS(platheap_check(heap));
    CHECK_HOLDS(platheap_check(other));
    CHECK(!user.wrong && user.locks == user.unlocks);
    /* NULL is nothing to free by either; and nobody's pointer is refused. */
    CHECK(platheap_free(heap, NULL) == 0 && platheap_free(other, NULL) == 0);
    CHECK_EQUAL(platheap_free(other, memory), PLATHEAP_OUT_OF_RANGE);
    CHECK_EQUAL(platheap_free(other, other), PLATHEAP_OUT_OF_RANGE);
}

/* One of the two is a lock, too. */
CASE(platheap, half_a_lock_is_called)
{
    static const struct platheap_options halves[] = {{.lock = lock, .context = &user},
                                                     {.unlock = unlock, .context = &user}};
    for (size_t i = 0; i < 2; i++) {
        memset(&user, 0, sizeof user);
        struct platheap *heap = platheap_create(memory, REGION, &halves[i]);
        void *small = platheap_malloc(heap, 10), *large = platheap_malloc(heap, 10000);
        CHECK(small && large);
        CHECK_EQUAL(platheap_free(heap, small), 0);
        CHECK_EQUAL(platheap_free(heap, large), 0);
        CHECK_EQUAL(user.locks + user.unlocks, 4);
    }
}

CASE(platheap, each_call_locks_and_unlocks)
{
    struct platheap *heap = make(REGION / 4);
    CHECK(heap != NULL && user.locks == user.unlocks && !user.wrong);
    struct platheap_statistics statistics;
    void *p = NULL, *q = NULL;
#define CHECK_LOCKS(call)                                                                          \
    do {                                                                                           \
        user.locks = user.unlocks = 0;                                                             \
        call;                                                                                      \
        CHECK(user.locks > 0 && user.locks == user.unlocks);                                       \
        CHECK(user.depth == 0 && !user.wrong);                                                     \
    } while (0)
    CHECK_LOCKS(p = platheap_malloc(heap, 100));
    /* The second of a class is served, and freed, by another path. */
    CHECK_LOCKS(q = platheap_malloc(heap, 100));
    CHECK_LOCKS((void)platheap_free(heap, q));
    CHECK_LOCKS(q = platheap_zalloc(heap, 5000));
    CHECK_LOCKS(p = platheap_realloc(heap, p, 20000));
    CHECK_LOCKS(p = platheap_realloc(heap, p, 20001));
    CHECK_LOCKS((void)platheap_usable_size(heap, p));
    CHECK_LOCKS((void)platheap_free(heap, p));
    CHECK_LOCKS((void)platheap_free(heap, p));
    CHECK_LOCKS((void)platheap_realloc(heap, p, 10));
    CHECK_LOCKS(q = platheap_realloc(heap, q, 0));
    CHECK_LOCKS(p = platheap_realloc(heap, NULL, 40960));
    CHECK_LOCKS(q = platheap_calloc(heap, 3, 4096));
    CHECK_LOCKS(q = platheap_aligned_alloc(heap, 4096, 100));
    CHECK_LOCKS(q = platheap_malloc(heap, REGION / 2));
    CHECK_LOCKS(q = platheap_realloc(heap, p, REGION / 2));
    CHECK_LOCKS((void)platheap_trim(heap));
    CHECK_LOCKS(platheap_statistics(heap, &statistics));
    const char *broken = "";
    CHECK_LOCKS(broken = platheap_check(heap));
    CHECK_HOLDS(broken);
#undef CHECK_LOCKS
}

/* The work in which one commit fails: a number of live objects that come, change and go. */
static const char *work(struct platheap *heap, bool *failed)
{
    enum { LIVE = 24 };
    uint8_t *live[LIVE] = {NULL};
    size_t held[LIVE] = {0};
    for (size_t round = 0; round < 400; round++) {
        size_t i = round * 7 % LIVE, nbytes = sizes[round * 11 % (NSIZES - 6)];
        int were = user.failed;
        size_t keeps = held[i] < nbytes ? held[i] : nbytes;
        uint8_t *bytes = round % 5 == 0 ? platheap_calloc(heap, 1, nbytes)
                                        : platheap_realloc(heap, live[i], nbytes);
        *failed |= user.failed > were;
        if (!bytes && user.failed == were)
            return "memory is there, and not served";
        if (!bytes && live[i] && !is_filled(live[i], held[i], i))
            return "a failing commit destroys what was there";
        if (bytes && round % 5 == 0) {
            if (!is_all(bytes, nbytes, 0))
                return "what is committed is not cleared";
            if (live[i] && platheap_free(heap, live[i]) != 0)
                return "a live object is not freed";
        } else if (bytes && !is_filled(bytes, keeps, i)) {
            return "contents are lost";
        }
        if (bytes) {
            live[i] = bytes;
            held[i] = nbytes;
            fill(bytes, nbytes, i);
        }
        if (!commits_match_the_table(heap))
            return "what is committed is not what is taken";
        if (round % 3 == 0 && live[i]) {
            if (platheap_free(heap, live[i]) != 0)
                return "a live object is not freed";
            live[i] = NULL;
            held[i] = 0;
        }
        if (user.failed > were || round % 50 == 0) {
            const char *broken = platheap_check(heap);
            if (broken)
                return broken;
        }
    }
    for (size_t i = 0; i < LIVE; i++)
        if (platheap_free(heap, live[i]) != 0)
            return "a live object is not freed";
    (void)platheap_trim(heap);
    if (user.ncommitted != 0 || statistics_of(heap).taken != 0)
        return "not all is given back";
    return platheap_check(heap);
}

CASE(platheap, commit_comes_before_use_and_may_fail)
{
    size_t nbytes = REGION;
    uint8_t *region =
        mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(region != MAP_FAILED);
    bool failed = true;
    for (int n = -1; failed || n < 1; n++) {
        CHECK(n < 1000);
        CHECK(mprotect(region, nbytes, PROT_READ | PROT_WRITE) == 0);
        struct platheap *heap = make_reserved(region, nbytes, SIZE_MAX / 2, true);
        CHECK(heap != NULL);
        CHECK_EQUAL(user.ncommitted, 0);
        user.until_failure = n;
        failed = false;
        CHECK_HOLDS(work(heap, &failed));
        CHECK(user.locks == user.unlocks && user.depth == 0 && !user.wrong);
    }
    CHECK_EQUAL(munmap(region, nbytes), 0);
}

/* Either of the two functions may be missing. */
CASE(platheap, half_a_page_source_will_do)
{
    for (int half = 0; half < 2; half++) {
        struct platheap *heap = make_reserved(memory, REGION, SIZE_MAX / 2, false);
        CHECK(heap != NULL);
        const struct platheap_options options = {.lock = lock,
                                                 .unlock = unlock,
                                                 .commit = half ? NULL : commit,
                                                 .release = half ? release : NULL,
                                                 .context = &user};
        heap = platheap_create(memory, REGION, &options);
        memset(user.committed, half, sizeof user.committed);
        user.ncommitted = half ? user.count : 0;
        void *small = platheap_malloc(heap, 10), *whole = platheap_malloc(heap, 40 * PAGE);
        CHECK(small && whole);
        CHECK_EQUAL(user.ncommitted, half ? user.count : 41);
        CHECK_EQUAL(platheap_free(heap, small), 0);
        CHECK_EQUAL(platheap_free(heap, whole), 0);
        CHECK_EQUAL(platheap_trim(heap), PAGE);
        CHECK_EQUAL(user.ncommitted, half ? user.count - 41 : 41);
        CHECK(!user.wrong);
    }
}

CASE(platheap, statistics_count_what_happens)
{
    struct platheap *heap = make(REGION / 2);
    struct platheap_statistics is = statistics_of(heap);
    size_t blocks = is.blocks;
    CHECK_EQUAL(is.block_bytes, PAGE);
    CHECK(is.overhead_bytes + blocks * PAGE <= REGION / 2);
    CHECK(is.taken == 0 && is.peak == 0 && is.kept == 0 && is.largest_free == blocks);
    CHECK(is.failed == 0 && is.refused == 0);
    void *a = platheap_malloc(heap, 10 * PAGE), *b = platheap_malloc(heap, 6 * PAGE);
    is = statistics_of(heap);
    CHECK(is.taken == 16 && is.peak == 16 && is.kept == 0 && is.largest_free == blocks - 16);
    CHECK_EQUAL(platheap_free(heap, a), 0);
    is = statistics_of(heap);
    CHECK_EQUAL(is.peak, 16);
    CHECK_EQUAL(is.taken - is.kept, 6);
    CHECK_EQUAL(platheap_trim(heap), is.kept * PAGE);
    is = statistics_of(heap);
    CHECK(is.taken == 6 && is.kept == 0 && is.peak == 16);
    CHECK_EQUAL(is.largest_free, blocks - 16); /* of two runs */
    /* Empty slabs and spans are kept as well. */
    void *small = platheap_malloc(heap, 100), *middle = platheap_malloc(heap, 5000);
    CHECK_EQUAL(platheap_free(heap, small), 0);
    CHECK_EQUAL(platheap_free(heap, middle), 0);
    is = statistics_of(heap);
    CHECK(is.taken > 6 && is.kept == is.taken - 6);
    CHECK_EQUAL(platheap_trim(heap), (is.taken - 6) * PAGE);
    CHECK_EQUAL(platheap_free(heap, b), 0);
    CHECK_EQUAL(platheap_free(heap, b), PLATHEAP_ALREADY_FREE);
    CHECK_EQUAL(platheap_free(heap, &is), PLATHEAP_OUT_OF_RANGE);
    CHECK_EQUAL(statistics_of(heap).refused, 2);
    CHECK(platheap_malloc(heap, (blocks + 1) * PAGE) == NULL);
    CHECK(platheap_malloc(heap, 0) == NULL);
    CHECK_EQUAL(statistics_of(heap).failed, 1);
}

CASE(platheap, check_sees_damage)
{
    struct platheap *heap = make(REGION / 4);
    uint8_t *whole = platheap_malloc(heap, 3 * PAGE), *small = platheap_malloc(heap, 100);
    CHECK(whole != NULL && small != NULL);
    CHECK_HOLDS(platheap_check(heap));
    void *start;
    size_t count;
    unsigned char *table = memory + (platheap_table(heap, &start, &count) - memory);
    for (size_t i = 0; i < count; i++) {
        table[i] ^= 0x41;
        CHECK(platheap_check(heap) != NULL);
        table[i] ^= 0x41;
    }
    CHECK_HOLDS(platheap_check(heap));
}

/* -- Regions and alignments -- */

/* A region of as many bytes as are said serves the request, wherever it begins, and holds no more
 * than a few blocks besides. */
CASE(platheap, a_region_is_as_large_as_the_request_needs)
{
    static uint8_t region[512 * 1024];
    static const size_t requests[] = {1, 4096, 4097, 40000, 400000};
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        for (size_t skew = 0; skew < 4096; skew += 61) {
            size_t nbytes = platheap_region_for(requests[i]);
            CHECK(nbytes > requests[i] && nbytes + skew <= sizeof region);
            struct platheap *heap = platheap_create(region + skew, nbytes, NULL);
            CHECK(heap && platheap_malloc(heap, requests[i]));
        }
    CHECK_EQUAL(platheap_region_for(0), 0);
    CHECK_EQUAL(platheap_region_for(SIZE_MAX), 0);
}

/* It keeps its contents and gets its alignment, in place or not; and without memory it stays. */
CASE(platheap, an_aligned_realloc_keeps_contents_and_alignment)
{
    static uint8_t region[1024 * 1024];
    struct platheap *heap = platheap_create(region, sizeof region, NULL);
    for (size_t alignment = 1; alignment <= 16384; alignment *= 2)
        for (size_t nbytes = 1; nbytes < 60000; nbytes = nbytes * 2 + 5) {
            uint8_t *bytes = platheap_malloc(heap, 100);
            memset(bytes, 0x3c, 100);
            bytes = platheap_aligned_realloc(heap, bytes, alignment, nbytes);
            CHECK(bytes && (uintptr_t)bytes % alignment == 0);
            for (size_t i = 0; i < nbytes && i < 100; i++)
                CHECK_EQUAL(bytes[i], 0x3c);
            CHECK(platheap_aligned_realloc(heap, bytes, alignment, 2 * sizeof region) == NULL);
            CHECK(platheap_aligned_realloc(heap, bytes, 3, 10) == NULL);
            CHECK(platheap_aligned_realloc(heap, bytes, alignment, 0) == NULL);
        }
    uint8_t *fresh = platheap_aligned_realloc(heap, NULL, 512, 10);
    CHECK(fresh && (uintptr_t)fresh % 512 == 0);
    CHECK_EQUAL(platheap_free(heap, fresh), 0);
    CHECK_HOLDS(platheap_check(heap));
    (void)platheap_trim(heap);
    struct platheap_statistics statistics;
    platheap_statistics(heap, &statistics);
    CHECK_EQUAL(statistics.taken, 0);
}
