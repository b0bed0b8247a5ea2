/* One malloc over blocks, pieces and small objects, on an arena of its own. */
#include "memory/heap/block_heap.h"

#include "arena.h"
#include "case.h"
#include "memory/memory.h"

enum { BLOCKS = 40, MANY = 2048, PAGE = HEAP_BLOCK_SIZE };

static size_t beside[48 * 1024 / sizeof(size_t)];
static struct block_heap heap;

/* What the page source was asked for: a flag a block. */
static struct {
    bool present[BLOCKS], wrong;
    int until_failure, failures; /* successes until some fail, and how many do */
    int failed;
} pages;

static bool get_pages(void *context, void *start, size_t nblocks)
{
    size_t first = (size_t)((uint8_t *)start - arena[0]) / PAGE;
    if (context != &pages || (uintptr_t)start % PAGE != 0 || nblocks == 0 || first >= BLOCKS ||
        nblocks > BLOCKS - first) {
        pages.wrong = true;
        return false;
    }
    for (size_t i = first; i < first + nblocks; i++)
        pages.wrong |= pages.present[i];
    if (pages.until_failure-- <= 0 && pages.failures-- > 0) {
        pages.failed++;
        return false;
    }
    memset(&pages.present[first], true, nblocks);
    return true;
}

static void put_pages(void *context, void *start, size_t nblocks)
{
    size_t first = (size_t)((uint8_t *)start - arena[0]) / PAGE;
    if (context != &pages || (uintptr_t)start % PAGE != 0 || nblocks == 0 || first >= BLOCKS ||
        nblocks > BLOCKS - first) {
        pages.wrong = true;
        return;
    }
    for (size_t i = first; i < first + nblocks; i++)
        pages.wrong |= !pages.present[i];
    memset(&pages.present[first], false, nblocks);
}

static const struct block_pages page_source = {get_pages, put_pages, &pages};

static bool begin(const struct block_pages *source)
{
    memset(&pages, 0, sizeof pages);
    return block_heap_bytes_beside(BLOCKS) <= sizeof beside &&
           block_heap_create(&heap, arena[0], arena[BLOCKS], beside, source) == 0;
}

/* Whether exactly those blocks are there that the table says are taken, holes aside. */
static bool pages_agree(void)
{
    for (size_t i = 0; i < BLOCKS; i++)
        if (pages.present[i] !=
            (heap.table.entries[i] != 0 && block_heap_owner_of(&heap, i) != OWNER_HOLE))
            return false;
    return !pages.wrong;
}

static size_t taken(void)
{
    return heap.heap.statistics.taken;
}

static void *at(size_t block)
{
    return arena[block];
}

/* A number for all that the heap knows, the counts of failures aside, and all that it serves. */
static uint32_t fingerprint(void)
{
    struct heap_statistics *statistics = &heap.heap.statistics;
    size_t refused = statistics->refused, failed = statistics->failed;
    statistics->refused = statistics->failed = 0;
    const struct {
        const void *bytes;
        size_t nbytes;
    } all[] = {{&heap, sizeof heap}, {beside, sizeof beside}, {arena, BLOCKS * sizeof *arena}};
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        for (size_t word = 0; word < all[i].nbytes / 4; word++) {
            uint32_t value;
            memcpy(&value, (const uint8_t *)all[i].bytes + word * 4, 4);
            hash = (hash ^ value) * 16777619u;
            hash ^= hash >> 15;
        }
    statistics->refused = refused;
    statistics->failed = failed;
    return hash;
}

static bool is_whole(size_t nbytes)
{
    return nbytes % PAGE == 0 || nbytes > PIECES_LARGEST;
}

static size_t alignment_of(size_t nbytes)
{
    return is_whole(nbytes) ? PAGE : nbytes > SLAB_LARGEST ? 64 : nbytes > 8 ? 16 : 8;
}

static size_t blocks_for(size_t nbytes)
{
    return (nbytes + PAGE - 1) / PAGE;
}

static const size_t sizes[] = {1,     2,     7,     8,     9,     15,    16,    17,
                               64,    255,   256,   511,   512,   513,   1024,  2047,
                               2048,  2049,  4095,  4096,  4097,  8191,  8192,  8193,
                               12287, 12288, 12289, 32767, 32768, 32769, 36864, 65537};
enum { NSIZES = sizeof sizes / sizeof sizes[0] };

static const size_t too_large[] = {
    BLOCKS * PAGE + 1, 0x7fffffffu,  0x80000000u,      0xfffff000u,     0xfffff001u,
    0xffffffffu,       SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX - PAGE, SIZE_MAX - 4095,
    SIZE_MAX - 4094,   SIZE_MAX - 1, SIZE_MAX};
enum { NTOO_LARGE = sizeof too_large / sizeof too_large[0] };

CASE(block_heap, every_size_has_its_place)
{
    CHECK(begin(NULL));
    for (size_t i = 0; i < NSIZES; i++) {
        size_t nbytes = sizes[i];
        uint8_t *object = block_heap_malloc(&heap, nbytes);
        CHECK(object != NULL);
        CHECK_EQUAL((uintptr_t)object % alignment_of(nbytes), 0);
        int refusal = 0;
        size_t size = block_heap_size(&heap, object, &refusal);
        CHECK(size >= nbytes && refusal == 0);
        CHECK(size - nbytes < 16 || (size - nbytes) * 8 <= size || is_whole(nbytes));
        if (is_whole(nbytes)) {
            CHECK_EQUAL(size, blocks_for(nbytes) * PAGE);
            CHECK_EQUAL(taken(), blocks_for(nbytes));
        }
        size_t first = heap_block_of(&heap.heap, object);
        for (size_t b = first; b <= heap_block_of(&heap.heap, object + size - 1); b++)
            CHECK_EQUAL(block_heap_owner_of(&heap, b),
                        is_whole(nbytes) ? OWNER_KERNEL : OWNER_SLAB);
        memset(object, 0xee, size);
        CHECK_HOLDS(block_heap_check(&heap));
        CHECK_EQUAL(block_heap_free(&heap, object), HEAP_FREED);
        CHECK_EQUAL(block_heap_free(&heap, object), HEAP_ALREADY_FREE);
        CHECK_HOLDS(block_heap_check(&heap));
        size_t was = taken();
        CHECK_EQUAL(block_heap_trim(&heap), was);
        CHECK_EQUAL(taken(), 0);
        CHECK_HOLDS(block_heap_check(&heap));
    }
}

CASE(block_heap, whole_blocks_for_an_owner)
{
    static const enum heap_owner owners[] = {OWNER_PAGING, OWNER_SHELL, OWNER_KERNEL};
    CHECK(begin(NULL));
    for (size_t i = 0; i < NSIZES; i++) {
        size_t nblocks = blocks_for(sizes[i]);
        enum heap_owner owner = owners[i % 3];
        uint8_t *object = block_heap_malloc_for(&heap, owner, sizes[i]);
        CHECK(object != NULL && (uintptr_t)object % PAGE == 0);
        CHECK_EQUAL(block_heap_size(&heap, object, NULL), nblocks * PAGE);
        size_t first = heap_block_of(&heap.heap, object);
        for (size_t b = 0; b < BLOCKS; b++)
            CHECK(b < first || b >= first + nblocks || block_heap_owner_of(&heap, b) == owner);
        CHECK_HOLDS(block_heap_check(&heap));
        CHECK_EQUAL(block_heap_free(&heap, object + PAGE - 1), HEAP_MISALIGNED);
        CHECK_EQUAL(block_heap_free(&heap, object), HEAP_FREED);
        for (size_t b = first; b < first + nblocks; b++)
            CHECK(block_heap_owner_of(&heap, b) == OWNER_KEPT ||
                  block_heap_owner_of(&heap, b) == OWNER_FREE);
    }
    (void)block_heap_trim(&heap);
    for (size_t b = 0; b < BLOCKS; b++)
        CHECK_EQUAL(block_heap_owner_of(&heap, b), OWNER_FREE);
    CHECK_HOLDS(block_heap_check(&heap));
}

CASE(block_heap, b2_b3_zero_and_huge_sizes_give_null)
{
    CHECK(begin(NULL));
    void *small = block_heap_malloc(&heap, 24), *whole = block_heap_malloc(&heap, 2 * PAGE);
    void *pieces = block_heap_malloc(&heap, 3000);
    CHECK(small != NULL && whole != NULL && pieces != NULL);
    uint32_t was = fingerprint();
    CHECK(block_heap_malloc(&heap, 0) == NULL);
    CHECK(block_heap_malloc_for(&heap, OWNER_PAGING, 0) == NULL);
    for (size_t alignment = 1; alignment <= 65536; alignment *= 2)
        CHECK(block_heap_malloc_aligned(&heap, 0, alignment) == NULL);
    CHECK(!block_heap_resize(&heap, small, 0));
    CHECK(!block_heap_resize(&heap, pieces, 0));
    CHECK(!block_heap_resize(&heap, whole, 0));
    CHECK_EQUAL(heap.heap.statistics.failed, 0);
    CHECK_EQUAL(fingerprint(), was);
    for (size_t i = 0; i < NTOO_LARGE; i++) {
        CHECK(block_heap_malloc(&heap, too_large[i]) == NULL);
        CHECK(block_heap_malloc_for(&heap, OWNER_SHELL, too_large[i]) == NULL);
        for (size_t alignment = 1; alignment <= 65536; alignment *= 4)
            CHECK(block_heap_malloc_aligned(&heap, too_large[i], alignment) == NULL);
        CHECK(!block_heap_resize(&heap, small, too_large[i]));
        CHECK(!block_heap_resize(&heap, pieces, too_large[i]));
        CHECK(!block_heap_resize(&heap, whole, too_large[i]));
    }
    CHECK_EQUAL(fingerprint(), was);
    CHECK_HOLDS(block_heap_check(&heap));
}

CASE(block_heap, every_power_of_two_is_an_alignment)
{
    CHECK(begin(NULL));
    for (size_t alignment = 1; alignment <= 65536; alignment *= 2)
        for (size_t i = 0; i < NSIZES && sizes[i] <= 36864; i++) {
            uint8_t *a = block_heap_malloc_aligned(&heap, sizes[i], alignment);
            uint8_t *b = block_heap_malloc_aligned(&heap, sizes[i], alignment);
            CHECK(a != NULL && (b != NULL || alignment > 32768) && a != b);
            CHECK_EQUAL((uintptr_t)a % alignment, 0);
            CHECK_EQUAL((uintptr_t)b % alignment, 0);
            CHECK(block_heap_size(&heap, a, NULL) >= sizes[i]);
            memset(a, 0xaa, block_heap_size(&heap, a, NULL));
            CHECK_HOLDS(block_heap_check(&heap));
            CHECK_EQUAL(block_heap_free(&heap, a), HEAP_FREED);
            CHECK(!b || block_heap_free(&heap, b) == HEAP_FREED);
        }
    (void)block_heap_trim(&heap);
    CHECK_EQUAL(taken(), 0);
    uint32_t was = fingerprint();
    static const size_t wrong[] = {0,    3,    5,    6,        12,           24,      48,
                                   4095, 4097, 6144, 5 * PAGE, SIZE_MAX - 1, SIZE_MAX};
    static const size_t asked[] = {1, 100, 3000, 4096, 40000};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        for (size_t j = 0; j < sizeof asked / sizeof asked[0]; j++)
            CHECK(block_heap_malloc_aligned(&heap, asked[j], wrong[i]) == NULL);
    CHECK(block_heap_malloc_aligned(&heap, 1, SIZE_MAX / 2 + 1) == NULL);
    CHECK(block_heap_malloc_aligned(&heap, 5000, SIZE_MAX / 2 + 1) == NULL);
    CHECK_EQUAL(fingerprint(), was);
}

/* The memory of whole blocks is never touched, so 8 MB need not be there. */
CASE(block_heap, large_alignments_find_every_place)
{
    uint8_t *start = (uint8_t *)0x40003000, *end = start + MANY * PAGE;
    CHECK(block_heap_bytes_beside(MANY) <= sizeof beside);
    for (size_t alignment = 2 * PAGE; alignment <= 4u << 20; alignment *= 2) {
        CHECK_EQUAL(block_heap_create(&heap, start, end, beside, NULL), 0);
        size_t places = (uintptr_t)end / alignment - (uintptr_t)start / alignment;
        places = places > MANY / 4 ? MANY / 4 : places;
        for (size_t i = 0; i < places; i++) {
            uint8_t *object = block_heap_malloc_aligned(&heap, PAGE, alignment);
            CHECK(object != NULL && (uintptr_t)object % alignment == 0);
        }
        CHECK_EQUAL(taken(), places);
        CHECK(places == MANY / 4 || !block_heap_malloc_aligned(&heap, PAGE, alignment));
        CHECK_HOLDS(block_heap_check(&heap));
    }
}

CASE(block_heap, create_validates_its_arguments)
{
    CHECK_EQUAL(block_heap_create(&heap, NULL, at(BLOCKS), beside, NULL), -EINVARG);
    CHECK_EQUAL(block_heap_create(&heap, at(0), NULL, beside, NULL), -EINVARG);
    CHECK_EQUAL(block_heap_create(&heap, at(0), at(0), beside, NULL), -EINVARG);
    CHECK_EQUAL(block_heap_create(&heap, at(4), at(0), beside, NULL), -EINVARG);
    CHECK_EQUAL(block_heap_create(&heap, arena[0] + 16, at(4), beside, NULL), -EINVARG);
    CHECK_EQUAL(block_heap_create(&heap, at(0), arena[4] + 16, beside, NULL), -EINVARG);
    CHECK_EQUAL(block_heap_create(&heap, at(0), at(BLOCKS), at(3), NULL), -EINVARG);
    CHECK(begin(NULL));
    CHECK_HOLDS(block_heap_check(&heap));
}

/* A pointer and why it is refused; 0 where more than one reason is true. */
struct wrong {
    void *pointer;
    int refusal;
};

static const char *accepts(const struct wrong *wrong, size_t count)
{
    static const size_t asked[] = {1, 16, 600, 4096, 40000};
    for (size_t i = 0; i < count; i++) {
        void *pointer = wrong[i].pointer;
        int refusal = 0;
        uint32_t was = fingerprint();
        size_t refused = heap.heap.statistics.refused;
        if (block_heap_size(&heap, pointer, NULL) != 0 ||
            block_heap_size(&heap, pointer, &refusal) != 0 || refusal == 0)
            return "a wrong pointer has a size";
        if (wrong[i].refusal && refusal != wrong[i].refusal)
            return "the reason is another";
        for (size_t j = 0; j < sizeof asked / sizeof asked[0]; j++)
            if (block_heap_resize(&heap, pointer, asked[j]))
                return "a wrong pointer is resized";
        if (heap.heap.statistics.refused != refused)
            return "what is no free is counted as one";
        if (block_heap_free(&heap, pointer) != refusal)
            return "free and size give different reasons";
        if (heap.heap.statistics.refused != refused + 1)
            return "a refused free is not counted";
        if (fingerprint() != was)
            return "a wrong pointer changes the heap";
    }
    return block_heap_check(&heap);
}

CASE(block_heap, b4_to_b7_wrong_pointers_change_nothing)
{
    static uint8_t foreign[64];
    volatile uintptr_t start = (uintptr_t)arena; /* or the compiler minds what lies outside */
    CHECK(begin(NULL));
    uint8_t *tiny = block_heap_malloc(&heap, 8), *small = block_heap_malloc(&heap, 100);
    uint8_t *middle = block_heap_malloc(&heap, 700), *large = block_heap_malloc(&heap, 3000);
    uint8_t *whole = block_heap_malloc(&heap, 3 * PAGE);
    uint8_t *tables = block_heap_malloc_for(&heap, OWNER_PAGING, 10);
    CHECK(tiny && small && middle && large && whole && tables);
    struct slab *slab = slab_of(&heap.slabs, small);
    uint8_t *structures = (uint8_t *)((uintptr_t)slab & ~(uintptr_t)(PAGE - 1));
    size_t free_block = 0;
    while (heap.table.entries[free_block] != 0)
        free_block++;
    const struct wrong wrong[] = {
        {NULL, HEAP_OUT_OF_RANGE},
        {(void *)1, HEAP_OUT_OF_RANGE},
        {(void *)(start - 1), HEAP_OUT_OF_RANGE},
        {(void *)(start - 16), HEAP_OUT_OF_RANGE},
        {(void *)(start - PAGE), HEAP_OUT_OF_RANGE},
        {(void *)(start + BLOCKS * sizeof *arena), HEAP_OUT_OF_RANGE},
        {(void *)(start + BLOCKS * sizeof *arena + 64), HEAP_OUT_OF_RANGE},
        {(void *)UINTPTR_MAX, HEAP_OUT_OF_RANGE},
        {(void *)(UINTPTR_MAX - 4095), HEAP_OUT_OF_RANGE},
        {foreign, HEAP_OUT_OF_RANGE},
        {&heap, HEAP_OUT_OF_RANGE},
        {beside, HEAP_OUT_OF_RANGE},
        {tiny + 1, HEAP_NOT_FIRST},
        {tiny + 7, HEAP_NOT_FIRST},
        {small + 1, HEAP_NOT_FIRST},
        {small + 16, HEAP_NOT_FIRST},
        {small + 99, HEAP_NOT_FIRST},
        {small + 112, HEAP_ALREADY_FREE},
        {middle + 1, HEAP_NOT_FIRST},
        {middle + 64, HEAP_NOT_FIRST},
        {middle + 703, HEAP_NOT_FIRST},
        {middle + 704, HEAP_ALREADY_FREE},
        {large + 256, HEAP_NOT_FIRST},
        {large + 2999, HEAP_NOT_FIRST},
        {whole + 1, HEAP_MISALIGNED},
        {whole + 16, HEAP_MISALIGNED},
        {whole + PAGE, HEAP_NOT_FIRST},
        {whole + 2 * PAGE, HEAP_NOT_FIRST},
        {whole + 3 * PAGE - 1, HEAP_MISALIGNED},
        {tables + 64, HEAP_MISALIGNED},
        {structures, HEAP_RESERVED},
        {slab, HEAP_RESERVED},
        {structures + PAGE - 1, HEAP_RESERVED},
        {at(free_block), HEAP_ALREADY_FREE},
        {arena[free_block] + 24, 0},
        {arena[free_block] + 64, 0}};
    CHECK_HOLDS(accepts(wrong, sizeof wrong / sizeof wrong[0]));
    /* All of them again, when they are free; and when what was kept is given back. */
    void *live[] = {tiny, small, middle, large, whole, tables};
    for (size_t i = 0; i < 6; i++)
        CHECK_EQUAL(block_heap_free(&heap, live[i]), HEAP_FREED);
    const struct wrong freed[] = {{tiny, HEAP_ALREADY_FREE},
                                  {small, HEAP_ALREADY_FREE},
                                  {middle, HEAP_ALREADY_FREE},
                                  {large, HEAP_ALREADY_FREE},
                                  {whole, HEAP_ALREADY_FREE},
                                  {tables, HEAP_ALREADY_FREE},
                                  {tiny + 1, 0},
                                  {small + 16, 0},
                                  {middle + 64, 0},
                                  {large + 1, 0},
                                  {whole + 1, 0},
                                  {whole + PAGE, 0},
                                  {slab, HEAP_RESERVED}};
    CHECK_HOLDS(accepts(freed, sizeof freed / sizeof freed[0]));
    (void)block_heap_trim(&heap);
    CHECK_EQUAL(taken(), 0);
    const struct wrong stale[] = {{tiny, 0},
                                  {small, 0},
                                  {middle, 0},
                                  {large, 0},
                                  {slab, 0},
                                  {whole, HEAP_ALREADY_FREE},
                                  {tiny + 1, 0},
                                  {tables, HEAP_ALREADY_FREE},
                                  {structures, HEAP_ALREADY_FREE}};
    CHECK_HOLDS(accepts(stale, sizeof stale / sizeof stale[0]));
}

/* Objects and pieces whose blocks are someone else's by now. */
CASE(block_heap, stale_pointers_into_new_allocations_are_refused)
{
    CHECK(begin(NULL));
    uint8_t *small[20], *large[6];
    for (size_t i = 0; i < 20; i++)
        CHECK((small[i] = block_heap_malloc(&heap, 400)) != NULL);
    for (size_t i = 0; i < 6; i++)
        CHECK((large[i] = block_heap_malloc(&heap, 2000)) != NULL);
    for (size_t i = 0; i < 20; i++)
        CHECK_EQUAL(block_heap_free(&heap, small[i]), HEAP_FREED);
    for (size_t i = 0; i < 6; i++)
        CHECK_EQUAL(block_heap_free(&heap, large[i]), HEAP_FREED);
    (void)block_heap_trim(&heap);
    uint8_t *all = block_heap_malloc(&heap, BLOCKS * PAGE);
    CHECK(all == at(0));
    for (size_t i = 0; i < 26; i++) {
        struct wrong stale = {i < 20 ? small[i] : large[i - 20], 0};
        if (stale.pointer != all)
            CHECK_HOLDS(accepts(&stale, 1));
    }
    CHECK_EQUAL(block_heap_size(&heap, all, NULL), BLOCKS * PAGE);
}

CASE(block_heap, a_freed_run_serves_the_next_of_its_length)
{
    for (size_t nblocks = 1; nblocks <= BLOCKS / 4; nblocks++) {
        CHECK(begin(NULL));
        void *before = block_heap_malloc(&heap, PAGE),
             *run = block_heap_malloc(&heap, nblocks * PAGE);
        CHECK(before != NULL && run != NULL);
        CHECK_EQUAL(block_heap_free(&heap, run), HEAP_FREED);
        CHECK_EQUAL(heap.kept.blocks, nblocks);
        CHECK_EQUAL(taken(), 1 + nblocks);
        size_t first = heap_block_of(&heap.heap, run);
        for (size_t b = first; b < first + nblocks; b++)
            CHECK_EQUAL(block_heap_owner_of(&heap, b), OWNER_KEPT);
        const struct wrong again[] = {
            {run, HEAP_ALREADY_FREE},
            {(uint8_t *)run + (nblocks - 1) * PAGE, nblocks == 1 ? HEAP_ALREADY_FREE : 0},
            {(uint8_t *)run + 8, 0}};
        CHECK_HOLDS(accepts(again, 3));
        /* Other lengths do not touch it. */
        void *other = block_heap_malloc(&heap, (nblocks + 1) * PAGE);
        CHECK(other != NULL && other != run);
        CHECK_EQUAL(heap.kept.blocks, nblocks);
        CHECK(block_heap_malloc_for(&heap, OWNER_PAGING, nblocks * PAGE - 1) == run);
        CHECK_EQUAL(heap.kept.blocks, 0);
        for (size_t b = first; b < first + nblocks; b++)
            CHECK_EQUAL(block_heap_owner_of(&heap, b), OWNER_PAGING);
        CHECK_HOLDS(block_heap_check(&heap));
        CHECK_EQUAL(block_heap_free(&heap, run), HEAP_FREED);
        CHECK(block_heap_malloc(&heap, nblocks * PAGE) == run);
        CHECK_EQUAL(block_heap_owner_of(&heap, first), OWNER_KERNEL);
        CHECK_EQUAL(block_heap_free(&heap, run), HEAP_FREED);
        CHECK_EQUAL(block_heap_trim(&heap), nblocks);
        CHECK_EQUAL(heap.kept.blocks, 0);
        CHECK_EQUAL(taken(), 1 + nblocks + 1);
        CHECK_EQUAL(block_heap_owner_of(&heap, first), OWNER_FREE);
        CHECK_HOLDS(block_heap_check(&heap));
    }
}

CASE(block_heap, only_some_runs_of_a_length_are_kept)
{
    void *runs[KEPT_A_LENGTH + 2];
    CHECK(begin(NULL));
    for (size_t i = 0; i < KEPT_A_LENGTH + 2; i++)
        CHECK((runs[i] = block_heap_malloc(&heap, PAGE)) != NULL);
    for (size_t i = 0; i < KEPT_A_LENGTH + 2; i++) {
        CHECK_EQUAL(block_heap_free(&heap, runs[i]), HEAP_FREED);
        CHECK_EQUAL(heap.kept.blocks, i < KEPT_A_LENGTH ? i + 1 : KEPT_A_LENGTH);
        CHECK_HOLDS(block_heap_check(&heap));
    }
    CHECK_EQUAL(block_heap_trim(&heap), KEPT_A_LENGTH);
    CHECK_EQUAL(taken(), 0);
}

/* Runs of NBLOCKS are kept, KEPT_A_LENGTH blocks or ten, and all others are taken. */
static bool make_scarce(size_t nblocks)
{
    void *runs[KEPT_A_LENGTH];
    size_t count = nblocks == 1 ? KEPT_A_LENGTH : 10 / nblocks, kept = count * nblocks;
    if (!begin(&page_source))
        return false;
    pages.until_failure = 1 << 30;
    for (size_t i = 0; i < count; i++)
        runs[i] = block_heap_malloc(&heap, nblocks * PAGE);
    for (size_t i = 0; i < count; i++)
        if (block_heap_free(&heap, runs[i]) != HEAP_FREED)
            return false;
    return block_heap_malloc(&heap, (BLOCKS - kept) * PAGE) != NULL && taken() == BLOCKS &&
           heap.kept.blocks == kept;
}

CASE(block_heap, kept_runs_are_given_up_when_memory_is_scarce)
{
    static const size_t asked[] = {1, 100, 700, 3000, 3 * PAGE, KEPT_A_LENGTH * PAGE};
    for (size_t nblocks = 1; nblocks <= 5; nblocks += nblocks == 1 ? 1 : 3)
        for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
            CHECK(make_scarce(nblocks));
            CHECK(pages_agree());
            void *object = block_heap_malloc(&heap, asked[i]);
            CHECK(object != NULL);
            CHECK_HOLDS(block_heap_check(&heap));
            CHECK(pages_agree());
            CHECK_EQUAL(block_heap_free(&heap, object), HEAP_FREED);
            CHECK(make_scarce(nblocks));
            object = block_heap_malloc_for(&heap, OWNER_SHELL, asked[i]);
            CHECK(object != NULL);
            CHECK_HOLDS(block_heap_check(&heap));
            CHECK(make_scarce(nblocks));
            object = block_heap_malloc_aligned(&heap, asked[i], 2 * PAGE);
            CHECK(object != NULL || asked[i] == KEPT_A_LENGTH * PAGE);
            CHECK_HOLDS(block_heap_check(&heap));
            CHECK(pages_agree());
        }
}

/* A run that is longer by an eighth at most serves a request for whole blocks that is nobody's in
 * particular; none serves a longer request, or one that asks for each block. */
CASE(block_heap, a_kept_run_serves_a_request_that_is_a_little_shorter)
{
    for (size_t nblocks = 1; nblocks <= 10; nblocks++)
        for (size_t asked = 1; asked <= nblocks + 1; asked++) {
            bool near = nblocks >= asked && nblocks <= asked + asked / 8;
            CHECK(begin(NULL));
            CHECK(block_heap_malloc(&heap, PAGE) == at(0)); /* so that something is live */
            void *run = block_heap_malloc(&heap, nblocks * PAGE);
            CHECK(block_heap_malloc(&heap, PAGE) == at(nblocks + 1));
            CHECK_EQUAL(block_heap_free(&heap, run), HEAP_FREED);
            CHECK_EQUAL(heap.kept.blocks, nblocks);
            void *singles = block_heap_malloc_singles(&heap, OWNER_SHELL, asked);
            CHECK((singles == run) == (nblocks == asked));
            CHECK_HOLDS(block_heap_check(&heap));
            for (size_t i = 0; i < asked; i++)
                CHECK_EQUAL(block_heap_free(&heap, (uint8_t *)singles + i * PAGE), HEAP_FREED);
            if (nblocks == asked)
                continue;
            void *whole = block_heap_malloc(&heap, asked * PAGE);
            CHECK((whole == run) == near);
            CHECK_EQUAL(block_heap_size(&heap, whole, NULL), (near ? nblocks : asked) * PAGE);
            CHECK_HOLDS(block_heap_check(&heap));
            CHECK_EQUAL(block_heap_free(&heap, whole), HEAP_FREED);
        }
}

/* Above three quarters nothing more is kept, and what is goes back one by one. */
CASE(block_heap, kept_runs_go_back_where_no_quarter_is_free)
{
    CHECK(begin(NULL));
    void *runs[4];
    for (size_t i = 0; i < 4; i++)
        CHECK((runs[i] = block_heap_malloc(&heap, (i + 1) * PAGE)) != NULL);
    for (size_t i = 0; i < 4; i++)
        CHECK_EQUAL(block_heap_free(&heap, runs[i]), HEAP_FREED);
    CHECK_EQUAL(heap.kept.blocks, 10);
    void *most = block_heap_malloc(&heap, (BLOCKS * 3 / 4 - 10 + 1) * PAGE);
    CHECK(most != NULL);
    CHECK_EQUAL(heap.kept.most, 0);
    for (size_t i = 0; i < KEPT_LONGEST && heap.kept.blocks > heap.kept.most; i++) {
        void *object = block_heap_malloc(&heap, 5 * PAGE);
        CHECK(object != NULL);
        CHECK_EQUAL(block_heap_free(&heap, object), HEAP_FREED);
        CHECK_HOLDS(block_heap_check(&heap));
    }
    CHECK_EQUAL(heap.kept.blocks, 6); /* the longest went: a quarter is free again */
    CHECK_EQUAL(taken(), BLOCKS * 3 / 4 - 4 + 1);
}

/* What objects and pieces keep empty is given up as well: all blocks, in one request. */
CASE(block_heap, all_that_is_kept_is_given_up_for_one_request)
{
    CHECK(begin(NULL));
    static const size_t kinds[] = {8, 100, 512, 600, 3000, PAGE, 3 * PAGE};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        void *object = block_heap_malloc(&heap, kinds[i]);
        CHECK_EQUAL(block_heap_free(&heap, object), HEAP_FREED);
    }
    CHECK(taken() > 4);
    CHECK(block_heap_malloc(&heap, BLOCKS * PAGE) == at(0));
    CHECK_EQUAL(taken(), BLOCKS);
    CHECK_HOLDS(block_heap_check(&heap));
    CHECK(block_heap_malloc(&heap, 1) == NULL);
    CHECK(block_heap_malloc(&heap, 600) == NULL);
    CHECK(block_heap_malloc(&heap, PAGE) == NULL);
    CHECK_EQUAL(block_heap_free(&heap, at(0)), HEAP_FREED);
    CHECK_EQUAL(taken(), 0);
}

/* The blocks of an empty group, or of an empty slab, are all that is left. */
CASE(block_heap, what_one_kind_keeps_serves_another)
{
    static const size_t kinds[] = {3000, 20000, 24, 512};
    static const size_t asked[] = {8, 300, 600, 3000, PAGE};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++)
            for (int how = 0; how < 3; how++) {
                CHECK(begin(NULL));
                void *object = block_heap_malloc(&heap, kinds[k]);
                CHECK_EQUAL(block_heap_free(&heap, object), HEAP_FREED);
                size_t kept = taken();
                CHECK(block_heap_malloc(&heap, (BLOCKS - kept) * PAGE) != NULL);
                CHECK_EQUAL(taken(), BLOCKS);
                object = how == 0   ? block_heap_malloc(&heap, asked[i])
                         : how == 1 ? block_heap_malloc_for(&heap, OWNER_SHELL, asked[i])
                                    : block_heap_malloc_aligned(&heap, asked[i], PAGE);
                CHECK(object != NULL || (kept < 5 && asked[i] == 3000 && how == 0));
                CHECK_HOLDS(block_heap_check(&heap));
            }
}

/* Each request that got none counts once; what was served in the end does not. */
CASE(block_heap, failed_requests_are_counted)
{
    CHECK(make_scarce(2));
    CHECK(block_heap_malloc(&heap, 100) != NULL);
    CHECK_EQUAL(heap.heap.statistics.failed, 0);
    CHECK(make_scarce(2));
    CHECK(block_heap_malloc(&heap, 11 * PAGE) == NULL);
    CHECK_EQUAL(heap.heap.statistics.failed, 1);
    CHECK(block_heap_malloc(&heap, 10 * PAGE) != NULL);
    CHECK(block_heap_malloc(&heap, 0) == NULL);
    CHECK_EQUAL(heap.heap.statistics.failed, 1);
    static const size_t asked[] = {1, 600, 30000, PAGE, SIZE_MAX};
    for (size_t i = 0; i < 5; i++) {
        CHECK(block_heap_malloc(&heap, asked[i]) == NULL);
        CHECK_EQUAL(heap.heap.statistics.failed, i + 2);
    }
}

CASE(block_heap, holes_can_not_be_freed)
{
    CHECK(begin(&page_source));
    pages.until_failure = 1 << 30;
    CHECK_EQUAL(block_heap_take(&heap, 3, 7), 0);
    CHECK_EQUAL(block_heap_take(&heap, 9, 10), 0);
    CHECK_EQUAL(block_heap_take(&heap, BLOCKS - 1, BLOCKS), 0);
    CHECK(pages_agree());
    uint32_t was = fingerprint();
    CHECK_EQUAL(block_heap_take(&heap, 6, 8), -EINVARG);
    CHECK_EQUAL(block_heap_take(&heap, 2, 4), -EINVARG);
    CHECK_EQUAL(block_heap_take(&heap, 8, 8), -EINVARG);
    CHECK_EQUAL(block_heap_take(&heap, 8, 7), -EINVARG);
    CHECK_EQUAL(block_heap_take(&heap, BLOCKS, BLOCKS + 1), -EINVARG);
    CHECK_EQUAL(block_heap_take(&heap, 20, SIZE_MAX), -EINVARG);
    CHECK_EQUAL(fingerprint(), was);
    for (size_t b = 0; b < BLOCKS; b++) {
        bool hole = (b >= 3 && b < 7) || b == 9 || b == BLOCKS - 1;
        CHECK_EQUAL(block_heap_owner_of(&heap, b), hole ? OWNER_HOLE : OWNER_FREE);
    }
    const struct wrong wrong[] = {{at(3), HEAP_RESERVED},
                                  {at(9), HEAP_RESERVED},
                                  {at(BLOCKS - 1), HEAP_RESERVED},
                                  {at(4), 0},
                                  {at(6), 0},
                                  {arena[3] + 1, 0},
                                  {arena[9] + 64, 0}};
    CHECK_HOLDS(accepts(wrong, sizeof wrong / sizeof wrong[0]));
    void *a = block_heap_malloc(&heap, 3 * PAGE);
    CHECK(a == at(0));
    CHECK(!block_heap_resize(&heap, a, 4 * PAGE));
    size_t count = 3;
    while (block_heap_malloc_for(&heap, OWNER_SHELL, 1) != NULL)
        count++;
    CHECK_EQUAL(count, BLOCKS - 6);
    (void)block_heap_trim(&heap);
    for (size_t b = 3; b < 7; b++)
        CHECK_EQUAL(block_heap_owner_of(&heap, b), OWNER_HOLE);
    CHECK_HOLDS(block_heap_check(&heap));
    CHECK(pages_agree());
}

static void fill(uint8_t *bytes, size_t nbytes, size_t seed)
{
    for (size_t i = 0; i < nbytes; i++)
        bytes[i] = (uint8_t)(seed * 31 + i + (i >> 8));
}

static bool is_filled(const uint8_t *bytes, size_t nbytes, size_t seed)
{
    for (size_t i = 0; i < nbytes; i++)
        if (bytes[i] != (uint8_t)(seed * 31 + i + (i >> 8)))
            return false;
    return true;
}

/* Which of the five kinds of place NBYTES get. */
static int kind_of(size_t nbytes)
{
    return is_whole(nbytes)        ? 5
           : nbytes > 8192         ? 4
           : nbytes > 2048         ? 3
           : nbytes > SLAB_LARGEST ? 2
                                   : 1;
}

/* From each size to each: what is true must hold, and what is false must have changed nothing. */
CASE(block_heap, resize_from_any_size_to_any)
{
    CHECK(begin(NULL));
    for (size_t i = 0; i < NSIZES; i++)
        for (size_t j = 0; j < NSIZES; j++) {
            size_t from = sizes[i], to = sizes[j];
            uint8_t *object = block_heap_malloc(&heap, from);
            uint8_t *neighbour = block_heap_malloc(&heap, from > PAGE ? 600 : from);
            CHECK(object != NULL && neighbour != NULL);
            size_t size = block_heap_size(&heap, object, NULL);
            size_t beside_it = block_heap_size(&heap, neighbour, NULL);
            fill(object, size, i);
            fill(neighbour, beside_it, j);
            bool resized = block_heap_resize(&heap, object, to);
            size_t is = block_heap_size(&heap, object, NULL);
            CHECK(resized ? is >= to : is == size);
            CHECK(!resized || to * 2 >= size || is < size);
            CHECK(resized || from != to || to * 2 < size);
            CHECK(resized || to > size || to * 2 <= size || kind_of(from) != kind_of(to));
            /* One that was moved could not lie worse. */
            CHECK(!resized || (uintptr_t)object % alignment_of(to < from ? to : from) == 0);
            CHECK(is_filled(object, is < size ? is : size, i));
            if (resized)
                memset(object, 0x33, is);
            CHECK(is_filled(neighbour, beside_it, j));
            CHECK_HOLDS(block_heap_check(&heap));
            CHECK_EQUAL(block_heap_free(&heap, object), HEAP_FREED);
            CHECK_EQUAL(block_heap_free(&heap, neighbour), HEAP_FREED);
            CHECK_HOLDS(block_heap_check(&heap));
        }
    (void)block_heap_trim(&heap);
    CHECK_EQUAL(taken(), 0);
}

CASE(block_heap, whole_blocks_grow_and_shrink_where_they_are)
{
    CHECK(begin(&page_source));
    pages.until_failure = 1 << 30;
    uint8_t *a = block_heap_malloc_for(&heap, OWNER_PAGING, 12 * PAGE);
    uint8_t *b = block_heap_malloc(&heap, 9 * PAGE);
    CHECK(a == at(0) && b == at(12));
    fill(a, 12 * PAGE, 1);
    fill(b, 9 * PAGE, 2);
    CHECK(!block_heap_resize(&heap, a, 12 * PAGE + 1));
    CHECK(block_heap_resize(&heap, a, 11 * PAGE + 1));
    CHECK_EQUAL(taken(), 21);
    CHECK(block_heap_resize(&heap, a, 9 * PAGE));
    CHECK_EQUAL(taken(), 18);
    CHECK_EQUAL(block_heap_size(&heap, a, NULL), 9 * PAGE);
    CHECK(pages_agree());
    CHECK(block_heap_resize(&heap, a, 12 * PAGE - 5));
    CHECK_EQUAL(block_heap_owner_of(&heap, 11), OWNER_PAGING);
    CHECK(is_filled(a, 9 * PAGE, 1));
    CHECK(pages_agree());
    CHECK(block_heap_resize(&heap, b, (BLOCKS - 12) * PAGE));
    CHECK_EQUAL(block_heap_owner_of(&heap, BLOCKS - 1), OWNER_KERNEL);
    CHECK_EQUAL(taken(), BLOCKS);
    CHECK(pages_agree());
    CHECK(!block_heap_resize(&heap, b, (BLOCKS - 12) * PAGE + 1));
    CHECK(block_heap_resize(&heap, b, 20 * PAGE));
    CHECK(is_filled(b, 9 * PAGE, 2));
    /* Less than half should move. */
    CHECK(!block_heap_resize(&heap, b, 4 * PAGE - 1));
    CHECK(!block_heap_resize(&heap, b, 100));
    CHECK_EQUAL(block_heap_size(&heap, b, NULL), 20 * PAGE);
    /* Without pages it stays as it is. */
    pages.until_failure = 0;
    pages.failures = 1;
    CHECK(!block_heap_resize(&heap, b, 21 * PAGE));
    CHECK_EQUAL(pages.failed, 1);
    CHECK_EQUAL(block_heap_size(&heap, b, NULL), 20 * PAGE);
    CHECK(pages_agree());
    CHECK_HOLDS(block_heap_check(&heap));
    CHECK(block_heap_resize(&heap, b, 21 * PAGE));
    CHECK_EQUAL(block_heap_free(&heap, a), HEAP_FREED);
    CHECK_EQUAL(block_heap_free(&heap, b), HEAP_FREED);
    (void)block_heap_trim(&heap);
    CHECK(pages_agree() && taken() == 0);
}

/* Random work: pages come and go exactly with the blocks. */
CASE(block_heap, pages_come_and_go_with_their_blocks)
{
    enum { LIVE = 40, ROUNDS = 3000 };
    static uint8_t *live[LIVE];
    CHECK(begin(&page_source));
    pages.until_failure = 1 << 30;
    memset(live, 0, sizeof live);
    CHECK_EQUAL(block_heap_take(&heap, 17, 19), 0);
    uint32_t seed = 1234567;
    for (int round = 0; round < ROUNDS; round++) {
        seed = seed * 1664525u + 1013904223u;
        size_t i = (seed >> 24) % LIVE, nbytes = sizes[(seed >> 10) % NSIZES];
        if (!live[i])
            live[i] = (seed & 0x40) ? block_heap_malloc(&heap, nbytes)
                      : (seed & 0x80)
                          ? block_heap_malloc_for(&heap, OWNER_SHELL, nbytes)
                          : block_heap_malloc_aligned(&heap, nbytes, (size_t)1 << (seed >> 5) % 15);
        else if (seed & 0x30)
            CHECK_EQUAL(block_heap_free(&heap, live[i]), HEAP_FREED);
        else
            (void)!block_heap_resize(&heap, live[i], nbytes);
        if (live[i] && !block_heap_size(&heap, live[i], NULL))
            live[i] = NULL;
        if (round % 500 == 499)
            (void)block_heap_trim(&heap);
        CHECK(pages_agree());
        if (round % 50 == 0)
            CHECK_HOLDS(block_heap_check(&heap));
    }
    for (size_t i = 0; i < LIVE; i++)
        CHECK(!live[i] || block_heap_free(&heap, live[i]) == HEAP_FREED);
    (void)block_heap_trim(&heap);
    CHECK(pages_agree());
    CHECK_EQUAL(taken(), 2);
    CHECK_HOLDS(block_heap_check(&heap));
}

/* The work in which each call of get() fails once. */
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
             {'m', 1, 2000, 0},
             {'m', 9, 2000, 0},
             {'m', 10, 2000, 0},
             {'f', 3, 0, 0},
             {'m', 3, 6000, 0},
             {'m', 11, 6000, 0},
             {'f', 5, 0, 0},
             {'t', 0, 0, 0},
             {'o', 5, 1, 0},
             {'m', 12, 500, 0},
             {'m', 13, 250, 0},
             {'a', 14, 3 * PAGE, 8 * PAGE},
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
        *slot = block_heap_malloc(&heap, step->nbytes);
        break;
    case 'o':
        *slot = block_heap_malloc_for(&heap, OWNER_PAGING, step->nbytes);
        break;
    case 'a':
        *slot = block_heap_malloc_aligned(&heap, step->nbytes, step->alignment);
        break;
    case 'r':
        if (!block_heap_resize(&heap, *slot, step->nbytes))
            return false;
        break;
    case 'f':
        if (block_heap_free(&heap, *slot) != HEAP_FREED)
            return false;
        *slot = NULL;
        return true;
    default:
        (void)block_heap_trim(&heap);
        return true;
    }
    if (!*slot)
        return false;
    slot_bytes[step->slot] = block_heap_size(&heap, *slot, NULL);
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
        if (there && (block_heap_size(&heap, slots[slot], NULL) != slot_bytes[slot] ||
                      !is_filled(slots[slot], slot_bytes[slot], slot)))
            return false;
    }
    return true;
}

CASE(block_heap, any_get_may_fail_and_nothing_has_changed)
{
    static size_t taken_after[STEPS + 1];
    static bool results[STEPS];
    for (size_t end = 0; end <= STEPS; end++) {
        CHECK(begin(&page_source));
        pages.until_failure = 1 << 30;
        for (size_t i = 0; i < end; i++)
            results[i] = run_step(&steps[i]);
        CHECK(slots_are_whole(end));
        (void)block_heap_trim(&heap);
        taken_after[end] = taken();
    }
    /* Once, or for as long as the request lasts: after the first the heap may try again. */
    for (int n = 0, failures = 1; failures <= 100; n++) {
        bool failed = false;
        CHECK(n < 200);
        CHECK(begin(&page_source));
        pages.until_failure = n;
        pages.failures = failures;
        for (size_t i = 0; i < STEPS; i++) {
            bool done = run_step(&steps[i]);
            if (pages.failed && !failed) {
                failed = true;
                pages.failures = 0;
                CHECK(!done || failures == 1);
                CHECK_HOLDS(block_heap_check(&heap));
                CHECK(pages_agree());
                CHECK(slots_are_whole(done ? i + 1 : i));
                if (!done) {
                    (void)block_heap_trim(&heap);
                    CHECK_EQUAL(taken(), taken_after[i]);
                    CHECK_HOLDS(block_heap_check(&heap));
                    CHECK(pages_agree());
                    done = run_step(&steps[i]);
                }
            }
            CHECK(done == results[i] || steps[i].what == 'r');
        }
        CHECK(slots_are_whole(STEPS));
        for (size_t slot = 0; slot < SLOTS; slot++)
            CHECK(!slots[slot] || block_heap_free(&heap, slots[slot]) == HEAP_FREED);
        CHECK_HOLDS(block_heap_check(&heap));
        (void)block_heap_trim(&heap);
        CHECK_EQUAL(taken(), 0);
        CHECK(pages_agree());
        CHECK_HOLDS(block_heap_check(&heap));
        if (!failed) {
            CHECK(n > 20);
            n = -1;
            failures *= 100;
        }
    }
}

CASE(block_heap, check_sees_damage)
{
    CHECK(begin(NULL));
    void *small = block_heap_malloc(&heap, 24), *pieces = block_heap_malloc(&heap, 700);
    void *whole = block_heap_malloc(&heap, 3 * PAGE), *kept = block_heap_malloc(&heap, 2 * PAGE);
    void *one = block_heap_malloc(&heap, PAGE), *fence = block_heap_malloc(&heap, PAGE);
    CHECK(small && pieces && whole && kept && one && fence);
    CHECK_EQUAL(block_heap_free(&heap, kept), HEAP_FREED);
    CHECK_EQUAL(block_heap_free(&heap, one), HEAP_FREED);
    CHECK_EQUAL(block_heap_take(&heap, BLOCKS - 3, BLOCKS), 0);
    CHECK_HOLDS(block_heap_check(&heap));
    for (size_t b = 0; b < BLOCKS; b++)
        for (unsigned value = 0; value < 256; value++) {
            HEAP_BLOCK_TABLE_ENTRY was = heap.table.entries[b];
            heap.table.entries[b] = (HEAP_BLOCK_TABLE_ENTRY)value;
            const char *verdict = value == was ? "" : block_heap_check(&heap);
            heap.table.entries[b] = was;
            CHECK(verdict != NULL);
        }
    /* Tags: of the first block of each kind, and of a free one. */
    size_t whole_at = heap_block_of(&heap.heap, whole), kept_at = heap_block_of(&heap.heap, kept);
    size_t small_at = heap_block_of(&heap.heap, small), free_at = BLOCKS - 4;
    size_t one_at = heap_block_of(&heap.heap, fence);
    const struct {
        size_t block;
        uint8_t tag;
    } tags[] = {{one_at, HEAP_OWNERS},    {one_at, 255},
                {whole_at, OWNER_FREE},   {whole_at, OWNER_KEPT},
                {whole_at, OWNER_SLAB},   {whole_at, HEAP_OWNERS},
                {whole_at, 255},          {kept_at, OWNER_KERNEL},
                {kept_at, OWNER_FREE},    {kept_at, OWNER_SLAB},
                {small_at, OWNER_KERNEL}, {small_at, OWNER_FREE},
                {small_at, OWNER_KEPT},   {free_at, OWNER_KEPT},
                {BLOCKS - 3, OWNER_FREE}, {BLOCKS - 3, OWNER_KEPT},
                {BLOCKS - 3, OWNER_SLAB}};
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        uint8_t was = heap.owners[tags[i].block];
        heap.owners[tags[i].block] = tags[i].tag;
        const char *verdict = block_heap_check(&heap);
        heap.owners[tags[i].block] = was;
        CHECK(verdict != NULL);
    }
    static struct kept_runs runs;
    runs = heap.kept;
#define CHECK_SEES(damage)                                                                         \
    do {                                                                                           \
        damage;                                                                                    \
        const char *verdict = block_heap_check(&heap);                                             \
        heap.kept = runs;                                                                          \
        CHECK(verdict != NULL);                                                                    \
        CHECK_HOLDS(block_heap_check(&heap));                                                      \
    } while (0)
    CHECK_SEES(heap.kept.blocks++);
    CHECK_SEES(heap.kept.blocks--);
    CHECK_SEES(heap.kept.of[2].count--);
    CHECK_SEES(heap.kept.of[3].count++);
    CHECK_SEES((heap.kept.of[2].count--, heap.kept.blocks -= 2));
    CHECK_SEES((heap.kept.of[2].firsts[1] = runs.of[2].firsts[0], heap.kept.of[2].count++,
                heap.kept.blocks += 2)); /* twice */
    CHECK_SEES(heap.kept.of[2].firsts[0]++);
    CHECK_SEES(heap.kept.of[2].firsts[0] = (uint32_t)whole_at);
    CHECK_SEES(heap.kept.of[2].firsts[0] = BLOCKS);
    CHECK_SEES(heap.kept.of[2].firsts[0] = UINT32_MAX);
    CHECK_SEES(heap.kept.of[1].firsts[0] = runs.of[2].firsts[0]);
    CHECK_SEES(heap.kept.of[1].count = KEPT_A_LENGTH + 1);
#undef CHECK_SEES
    heap.slabs.blocks++;
    CHECK(block_heap_check(&heap) != NULL);
    heap.slabs.blocks--;
    heap.pieces.blocks++;
    CHECK(block_heap_check(&heap) != NULL);
    heap.pieces.blocks--;
    heap.slabs.by_block[whole_at] = heap.slabs.by_block[small_at];
    CHECK(block_heap_check(&heap) != NULL);
    heap.slabs.by_block[whole_at] = NULL;
    heap.heap.statistics.taken++;
    CHECK(block_heap_check(&heap) != NULL);
    heap.heap.statistics.taken--;
    CHECK_HOLDS(block_heap_check(&heap));
}
