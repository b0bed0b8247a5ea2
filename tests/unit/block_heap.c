/* One malloc over blocks, middle sizes and small objects: who serves, and who may free. */
#include "memory/heap/block_heap.h"

#include "block_heaps.h"

static const size_t sizes[] = {1,     2,     8,     15,    16,    17,    64,    255,   256,
                               257,   512,   513,   700,   1023,  1024,  1025,  1280,  1281,
                               2048,  2049,  4095,  4096,  4097,  5120,  8191,  8192,  8193,
                               12287, 12288, 12289, 16384, 32767, 32768, 32769, 36864, 65537};
enum { NSIZES = sizeof sizes / sizeof sizes[0] };

static const size_t too_large[] = {
    BLOCKS * PAGE + 1, 0x7fffffffu,  0x80000000u,      0xfffff000u,     0xfffff001u,
    0xffffffffu,       SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX - PAGE, SIZE_MAX - 4095,
    SIZE_MAX - 4094,   SIZE_MAX - 1, SIZE_MAX};
enum { NTOO_LARGE = sizeof too_large / sizeof too_large[0] };

static size_t alignment_of(size_t nbytes)
{
    return is_whole(nbytes) ? PAGE : nbytes > BLOCK_HEAP_SMALL ? SPAN_UNIT : SLAB_STEP;
}

/* Whose the block is that NBYTES lie in. */
static enum heap_owner place_of(size_t nbytes)
{
    return is_whole(nbytes) ? OWNER_KERNEL : nbytes > BLOCK_HEAP_SMALL ? OWNER_SPAN : OWNER_SLAB;
}

/* -- Places -- */

CASE(block_heap, every_size_has_its_place)
{
    CHECK(begin(NULL));
    for (size_t i = 0; i < NSIZES; i++) {
        size_t nbytes = sizes[i];
        uint8_t *object = block_heap_malloc(heap, nbytes);
        CHECK(object != NULL);
        CHECK_EQUAL((uintptr_t)object % alignment_of(nbytes), 0);
        int refusal = 1;
        size_t size = block_heap_size(heap, object, &refusal);
        CHECK(size == room_for(nbytes) && refusal == 0);
        CHECK_EQUAL(taken(), is_whole(nbytes)                 ? blocks_for(nbytes)
                             : place_of(nbytes) == OWNER_SPAN ? SPAN_BLOCKS
                                                              : 1);
        for (size_t b = block_of(object); b <= block_of(object + size - 1); b++)
            CHECK_EQUAL(block_heap_owner_of(heap, b), place_of(nbytes));
        memset(object, 0xee, size);
        CHECK_HOLDS(block_heap_check(heap));
        CHECK_EQUAL(block_heap_free(heap, object), HEAP_FREED);
        CHECK_EQUAL(block_heap_free(heap, object), HEAP_ALREADY_FREE);
        CHECK_HOLDS(block_heap_check(heap));
        size_t was = taken();
        CHECK_EQUAL(block_heap_trim(heap), was);
        CHECK_EQUAL(taken(), 0);
        CHECK_HOLDS(block_heap_check(heap));
    }
}

CASE(block_heap, no_size_gets_more_than_its_class)
{
    CHECK(begin(NULL));
    for (size_t nbytes = 1; nbytes <= BLOCK_HEAP_MIDDLE + PAGE; nbytes++) {
        uint8_t *object = block_heap_malloc(heap, nbytes);
        CHECK(object != NULL && (uintptr_t)object % alignment_of(nbytes) == 0);
        CHECK_EQUAL(size_of(object), room_for(nbytes));
        CHECK_EQUAL(block_heap_free(heap, object), HEAP_FREED);
    }
    CHECK_HOLDS(block_heap_check(heap));
}

CASE(block_heap, whole_blocks_for_an_owner)
{
    static const enum heap_owner owners[] = {OWNER_PAGING, OWNER_SHELL, OWNER_KERNEL};
    CHECK(begin(NULL));
    for (size_t i = 0; i < NSIZES; i++) {
        size_t nblocks = blocks_for(sizes[i]);
        enum heap_owner owner = owners[i % 3];
        uint8_t *object = block_heap_malloc_for(heap, owner, sizes[i]);
        CHECK(object != NULL && (uintptr_t)object % PAGE == 0);
        CHECK_EQUAL(size_of(object), nblocks * PAGE);
        size_t first = block_of(object);
        for (size_t b = first; b < first + nblocks; b++)
            CHECK_EQUAL(block_heap_owner_of(heap, b), owner);
        CHECK_HOLDS(block_heap_check(heap));
        CHECK_EQUAL(block_heap_free(heap, object + PAGE - 1), HEAP_MISALIGNED);
        CHECK_EQUAL(block_heap_free(heap, object), HEAP_FREED);
        for (size_t b = first; b < first + nblocks; b++)
            CHECK(block_heap_owner_of(heap, b) == OWNER_KEPT ||
                  block_heap_owner_of(heap, b) == OWNER_FREE);
    }
    (void)block_heap_trim(heap);
    for (size_t b = 0; b < BLOCKS; b++)
        CHECK_EQUAL(block_heap_owner_of(heap, b), OWNER_FREE);
    CHECK_HOLDS(block_heap_check(heap));
}

CASE(block_heap, b2_b3_zero_and_huge_sizes_give_null)
{
    CHECK(begin(NULL));
    void *small = block_heap_malloc(heap, 24), *whole = block_heap_malloc(heap, 2 * PAGE);
    void *middle = block_heap_malloc(heap, 3000);
    CHECK(small != NULL && whole != NULL && middle != NULL);
    uint32_t was = fingerprint();
    CHECK(block_heap_malloc(heap, 0) == NULL);
    CHECK(block_heap_malloc_for(heap, OWNER_PAGING, 0) == NULL);
    CHECK(block_heap_malloc_singles(heap, OWNER_PAGING, 0) == NULL);
    CHECK(block_heap_malloc_singles(heap, OWNER_PAGING, SIZE_MAX / PAGE + 2) == NULL);
    for (size_t alignment = 1; alignment <= 65536; alignment *= 2)
        CHECK(block_heap_malloc_aligned(heap, 0, alignment) == NULL);
    CHECK(!block_heap_resize(heap, small, 0));
    CHECK(!block_heap_resize(heap, middle, 0));
    CHECK(!block_heap_resize(heap, whole, 0));
    CHECK_EQUAL(counts()->failed, 0);
    CHECK_EQUAL(fingerprint(), was);
    for (size_t i = 0; i < NTOO_LARGE; i++) {
        size_t failed = counts()->failed;
        CHECK(block_heap_malloc(heap, too_large[i]) == NULL);
        CHECK(block_heap_malloc_for(heap, OWNER_SHELL, too_large[i]) == NULL);
        CHECK_EQUAL(counts()->failed, failed + 2);
        CHECK(block_heap_malloc_singles(heap, OWNER_SHELL, too_large[i]) == NULL);
        for (size_t alignment = 1; alignment <= 65536; alignment *= 4)
            CHECK(block_heap_malloc_aligned(heap, too_large[i], alignment) == NULL);
        CHECK(!block_heap_resize(heap, small, too_large[i]));
        CHECK(!block_heap_resize(heap, middle, too_large[i]));
        CHECK(!block_heap_resize(heap, whole, too_large[i]));
    }
    CHECK_EQUAL(fingerprint(), was);
    CHECK_HOLDS(block_heap_check(heap));
}

/* -- Alignments -- */

CASE(block_heap, every_power_of_two_is_an_alignment)
{
    CHECK(begin(NULL));
    for (size_t alignment = 1; alignment <= 65536; alignment *= 2)
        for (size_t i = 0; i < NSIZES && sizes[i] <= 36864; i++) {
            uint8_t *a = block_heap_malloc_aligned(heap, sizes[i], alignment);
            uint8_t *b = block_heap_malloc_aligned(heap, sizes[i], alignment);
            CHECK(a != NULL && (b != NULL || alignment > 32768) && a != b);
            CHECK_EQUAL((uintptr_t)a % alignment, 0);
            CHECK_EQUAL((uintptr_t)b % alignment, 0);
            CHECK(size_of(a) >= sizes[i]);
            CHECK(alignment <= BLOCK_HEAP_SMALL ||
                  block_heap_owner_of(heap, block_of(a)) == OWNER_KERNEL);
            memset(a, 0xaa, size_of(a));
            CHECK_HOLDS(block_heap_check(heap));
            CHECK_EQUAL(block_heap_free(heap, a), HEAP_FREED);
            CHECK(!b || block_heap_free(heap, b) == HEAP_FREED);
        }
    (void)block_heap_trim(heap);
    CHECK_EQUAL(taken(), 0);
    uint32_t was = fingerprint();
    size_t failed = counts()->failed;
    static const size_t wrong[] = {0,    3,    5,    6,        12,           24,      48,
                                   4095, 4097, 6144, 5 * PAGE, SIZE_MAX - 1, SIZE_MAX};
    static const size_t asked[] = {1, 100, 3000, 4096, 40000};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        for (size_t j = 0; j < sizeof asked / sizeof asked[0]; j++)
            CHECK(block_heap_malloc_aligned(heap, asked[j], wrong[i]) == NULL);
    CHECK_EQUAL(counts()->failed, failed);
    CHECK(block_heap_malloc_aligned(heap, 1, SIZE_MAX / 2 + 1) == NULL);
    CHECK(block_heap_malloc_aligned(heap, 5000, SIZE_MAX / 2 + 1) == NULL);
    CHECK_EQUAL(fingerprint(), was);
}

/* The smallest class or number of units whose size is a multiple of the alignment; whole blocks
 * only above what objects and units lie on. */
CASE(block_heap, d10_an_alignment_takes_no_more_than_it_must)
{
    static const struct {
        size_t alignment, nbytes, size;
    } all[] = {{32, 1, 32},       {64, 1, 64},         {128, 1, 128},     {256, 1, 256},
               {512, 1, 512},     {1024, 1, 1024},     {32, 33, 64},      {64, 200, 256},
               {64, 256, 256},    {64, 257, 448},      {32, 513, 576},    {64, 513, 576},
               {128, 513, 1024},  {256, 513, 1024},    {512, 513, 1024},  {1024, 513, 1024},
               {16, 513, 576},    {1024, 1024, 1024},  {128, 1025, 1280}, {256, 1281, 1536},
               {256, 2000, 2048}, {128, 5000, 5120},   {256, 8000, 8192}, {512, 1025, PAGE},
               {2048, 1, PAGE},   {2048, 1024, PAGE},  {PAGE, 1, PAGE},   {512, 5000, 2 * PAGE},
               {64, PAGE, PAGE},  {64, 8193, 3 * PAGE}};
    CHECK(begin(NULL));
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        uint8_t *bytes = block_heap_malloc_aligned(heap, all[i].nbytes, all[i].alignment);
        CHECK(bytes != NULL && (uintptr_t)bytes % all[i].alignment == 0);
        CHECK_EQUAL(size_of(bytes), all[i].size);
        CHECK_EQUAL(block_heap_free(heap, bytes), HEAP_FREED);
    }
    CHECK_HOLDS(block_heap_check(heap));
}

CASE(block_heap, large_alignments_find_every_place)
{
    for (size_t alignment = 2 * PAGE; alignment <= 4u << 20; alignment *= 2) {
        CHECK(begin_many(MANY, NULL));
        size_t places = (uintptr_t)at(MANY) / alignment - (uintptr_t)at(0) / alignment;
        places = places > MANY / 4 ? MANY / 4 : places;
        for (size_t i = 0; i < places; i++) {
            uint8_t *object = block_heap_malloc_aligned(heap, PAGE, alignment);
            CHECK(object != NULL && (uintptr_t)object % alignment == 0);
        }
        CHECK_EQUAL(taken(), places);
        CHECK(places == MANY / 4 || !block_heap_malloc_aligned(heap, PAGE, alignment));
        CHECK_HOLDS(block_heap_check(heap));
    }
}

/* -- Creation -- */

CASE(block_heap, create_validates_its_arguments)
{
    CHECK(begin(NULL));
    void *beside = heap;
    CHECK(!block_heap_create(NULL, at(BLOCKS), beside, NULL));
    CHECK(!block_heap_create(at(0), NULL, beside, NULL));
    CHECK(!block_heap_create(at(0), at(0), beside, NULL));
    CHECK(!block_heap_create(at(4), at(0), beside, NULL));
    CHECK(!block_heap_create(at(0) + 16, at(4), beside, NULL));
    CHECK(!block_heap_create(at(0), at(4) + 16, beside, NULL));
    CHECK(!block_heap_create(at(0), at(BLOCKS), at(3), NULL));
    CHECK(!block_heap_create(at(0), at(BLOCKS), NULL, NULL));
    uintptr_t most = UINTPTR_MAX / PAGE * PAGE;
    if (most / PAGE > HEAP_BLOCKS_MOST + 1)
        CHECK(!block_heap_create(at(0), (void *)most, beside, NULL));
    CHECK(block_heap_create(at(0), at(BLOCKS), beside, NULL) == beside);
    CHECK_HOLDS(block_heap_check(heap));
}

/* Of all sizes: the heap writes no byte beyond what it says that it needs, nor one that it serves
 * to others. */
CASE(block_heap, what_stands_beside_ends_where_it_is_said_to)
{
    for (size_t nblocks = 1; nblocks <= BLOCKS; nblocks++) {
        size_t nbytes = block_heap_bytes_beside(nblocks);
        uint8_t *end = (uint8_t *)arena + BLOCKS * sizeof *arena + nbytes;
        memset(arena, 0x5a, ARENA_BLOCKS * sizeof *arena);
        CHECK(begin_with(nblocks, NULL));
        for (size_t i = 0; i < NSIZES; i++)
            (void)!block_heap_malloc(heap, sizes[i]);
        (void)!block_heap_malloc(heap, counts()->total * PAGE);
        CHECK_HOLDS(block_heap_check(heap));
        for (uint8_t *byte = end; byte < arena[ARENA_BLOCKS]; byte++)
            CHECK_EQUAL(*byte, 0x5a);
        for (uint8_t *byte = at(0); byte < arena[BLOCKS]; byte++)
            CHECK_EQUAL(*byte, 0x5a);
    }
}

/* All of the memory that is served may be overwritten, free or not: what the heap knows of it
 * stands elsewhere, and is as it was. */
CASE(block_heap, d3_an_overrun_reaches_nothing_that_the_heap_knows)
{
    CHECK(begin(NULL));
    static void *live[2 * NSIZES];
    size_t count = 0;
    for (size_t i = 0; i < NSIZES; i++) {
        void *gone = block_heap_malloc(heap, sizes[i] / 2 + 1);
        if (sizes[i] <= 8192)
            CHECK((live[count++] = block_heap_malloc(heap, sizes[i])) != NULL);
        CHECK(!gone || block_heap_free(heap, gone) == HEAP_FREED);
    }
    for (size_t i = 0; i < count; i++) {
        size_t size = size_of(live[i]);
        CHECK((uint8_t *)live[i] >= at(0) && (uint8_t *)live[i] + size <= at(BLOCKS));
    }
    CHECK((uint8_t *)heap >= at(BLOCKS));
    for (unsigned value = 0; value < 256; value += 85) {
        memset(arena, (int)value, BLOCKS * sizeof *arena);
        CHECK_HOLDS(block_heap_check(heap));
        for (size_t i = 0; i < NSIZES; i++) {
            void *more = block_heap_malloc(heap, sizes[i]);
            CHECK(!more || block_heap_free(heap, more) == HEAP_FREED);
        }
        CHECK_HOLDS(block_heap_check(heap));
    }
    for (size_t i = 0; i < count; i++)
        CHECK_EQUAL(block_heap_free(heap, live[i]), HEAP_FREED);
    CHECK_HOLDS(block_heap_check(heap));
    (void)block_heap_trim(heap);
    CHECK_EQUAL(taken(), 0);
}

/* -- Wrong pointers -- */

CASE(block_heap, b4_to_b7_wrong_pointers_change_nothing)
{
    static uint8_t foreign[64];
    volatile uintptr_t start = (uintptr_t)arena; /* or the compiler minds what lies outside */
    CHECK(begin(NULL));
    uint8_t *tiny = block_heap_malloc(heap, 8), *small = block_heap_malloc(heap, 100);
    uint8_t *middle = block_heap_malloc(heap, 1300), *large = block_heap_malloc(heap, 3000);
    uint8_t *whole = block_heap_malloc(heap, 3 * PAGE);
    uint8_t *tables = block_heap_malloc_for(heap, OWNER_PAGING, 10);
    CHECK(tiny && small && middle && large && whole && tables);
    size_t free_block = 0;
    while (heap->table.entries[free_block] != 0)
        free_block++;
    /* Small objects end where their block does, so that a gap is in front of the first. */
    uint8_t *gap = at(block_of(small));
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
        {heap, HEAP_OUT_OF_RANGE},
        {tiny + 1, HEAP_NOT_FIRST},
        {tiny + 7, HEAP_NOT_FIRST},
        {tiny - 16, HEAP_ALREADY_FREE},
        {small + 1, HEAP_NOT_FIRST},
        {small + 16, HEAP_NOT_FIRST},
        {small + 99, HEAP_NOT_FIRST},
        {small - 112, HEAP_ALREADY_FREE},
        {gap, HEAP_NOT_FIRST},
        {gap + 16, HEAP_NOT_FIRST},
        {middle + 1, HEAP_NOT_FIRST},
        {middle + 64, HEAP_NOT_FIRST},
        {middle + 256, HEAP_NOT_FIRST},
        {middle + 1299, HEAP_NOT_FIRST},
        {middle + 1535, HEAP_NOT_FIRST},
        {large + 256, HEAP_NOT_FIRST},
        {large + 2816, HEAP_NOT_FIRST},
        {large + 2999, HEAP_NOT_FIRST},
        {large + 3072, HEAP_ALREADY_FREE},
        {large + 3328, HEAP_ALREADY_FREE},
        {large + 3073, 0},
        {whole + 1, HEAP_MISALIGNED},
        {whole + 16, HEAP_MISALIGNED},
        {whole + PAGE, HEAP_NOT_FIRST},
        {whole + 2 * PAGE, HEAP_NOT_FIRST},
        {whole + 3 * PAGE - 1, HEAP_MISALIGNED},
        {tables + 64, HEAP_MISALIGNED},
        {at(free_block), HEAP_ALREADY_FREE},
        {at(free_block) + 24, 0},
        {at(free_block) + 64, 0}};
    CHECK_HOLDS(accepts(wrong, sizeof wrong / sizeof wrong[0]));
    /* All of them again, when they are free; and when what was kept is given back. */
    void *live[] = {tiny, small, middle, large, whole, tables};
    for (size_t i = 0; i < 6; i++)
        CHECK_EQUAL(block_heap_free(heap, live[i]), HEAP_FREED);
    const struct wrong freed[] = {{tiny, HEAP_ALREADY_FREE},
                                  {small, HEAP_ALREADY_FREE},
                                  {middle, HEAP_ALREADY_FREE},
                                  {large, HEAP_ALREADY_FREE},
                                  {whole, HEAP_ALREADY_FREE},
                                  {tables, HEAP_ALREADY_FREE},
                                  {tiny + 1, HEAP_NOT_FIRST},
                                  {small + 16, 0},
                                  {gap, HEAP_NOT_FIRST},
                                  {middle + 64, 0},
                                  {large + 1, 0},
                                  {whole + 1, 0},
                                  {whole + PAGE, 0},
                                  {middle + 256, HEAP_ALREADY_FREE},
                                  {large + 5 * PAGE, HEAP_ALREADY_FREE}};
    CHECK_HOLDS(accepts(freed, sizeof freed / sizeof freed[0]));
    (void)block_heap_trim(heap);
    CHECK_EQUAL(taken(), 0);
    const struct wrong stale[] = {{tiny, 0},
                                  {small, 0},
                                  {gap, HEAP_ALREADY_FREE},
                                  {middle, 0},
                                  {large, 0},
                                  {whole, HEAP_ALREADY_FREE},
                                  {tiny + 1, 0},
                                  {tables, HEAP_ALREADY_FREE}};
    CHECK_HOLDS(accepts(stale, sizeof stale / sizeof stale[0]));
}

/* Objects and middle sizes whose blocks are someone else's by now. */
CASE(block_heap, stale_pointers_into_new_allocations_are_refused)
{
    CHECK(begin(NULL));
    uint8_t *small[20], *middle[6];
    for (size_t i = 0; i < 20; i++)
        CHECK((small[i] = block_heap_malloc(heap, 400)) != NULL);
    for (size_t i = 0; i < 6; i++)
        CHECK((middle[i] = block_heap_malloc(heap, 2000)) != NULL);
    for (size_t i = 0; i < 20; i++)
        CHECK_EQUAL(block_heap_free(heap, small[i]), HEAP_FREED);
    for (size_t i = 0; i < 6; i++)
        CHECK_EQUAL(block_heap_free(heap, middle[i]), HEAP_FREED);
    (void)block_heap_trim(heap);
    uint8_t *all = block_heap_malloc(heap, BLOCKS * PAGE);
    CHECK(all == at(0));
    for (size_t i = 0; i < 26; i++) {
        struct wrong stale = {i < 20 ? small[i] : middle[i - 20], 0};
        if (stale.pointer != all)
            CHECK_HOLDS(accepts(&stale, 1));
    }
    CHECK_EQUAL(size_of(all), BLOCKS * PAGE);
    /* And of a class whose slab another class has now, or a span. */
    CHECK_EQUAL(block_heap_free(heap, all), HEAP_FREED);
    uint8_t *object = block_heap_malloc(heap, 400);
    CHECK_EQUAL(block_heap_free(heap, object), HEAP_FREED);
    (void)block_heap_trim(heap);
    CHECK(block_of(block_heap_malloc(heap, 512)) == block_of(object));
    const struct wrong other = {object, HEAP_NOT_FIRST};
    CHECK_HOLDS(accepts(&other, 1));
}

/* D14: after that the address is a new allocation's. */
CASE(block_heap, d14_a_double_free_is_seen_until_the_address_is_handed_out_again)
{
    static const size_t kinds[] = {8, 100, 1024, 3000, PAGE, 3 * PAGE, 12289};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        CHECK(begin(NULL));
        void *object = block_heap_malloc(heap, kinds[i]), *other;
        CHECK_EQUAL(block_heap_free(heap, object), HEAP_FREED);
        for (int times = 0; times < 3; times++)
            CHECK_EQUAL(block_heap_free(heap, object), HEAP_ALREADY_FREE);
        for (size_t j = 0; j < sizeof kinds / sizeof kinds[0]; j++)
            if (j != i && room_for(kinds[j]) != room_for(kinds[i]) &&
                (other = block_heap_malloc(heap, kinds[j])) != NULL && other != object) {
                CHECK(block_heap_free(heap, object) != HEAP_FREED);
                CHECK_EQUAL(block_heap_free(heap, other), HEAP_FREED);
            }
        while ((other = block_heap_malloc(heap, kinds[i])) != object)
            CHECK(other != NULL && block_heap_free(heap, object) == HEAP_ALREADY_FREE);
        CHECK_EQUAL(block_heap_free(heap, object), HEAP_FREED);
        CHECK_EQUAL(block_heap_free(heap, object), HEAP_ALREADY_FREE);
        CHECK_HOLDS(block_heap_check(heap));
    }
}

CASE(block_heap, holes_can_not_be_freed)
{
    CHECK(begin(&page_source));
    CHECK_EQUAL(block_heap_take(heap, 3, 7), 0);
    CHECK_EQUAL(block_heap_take(heap, 9, 10), 0);
    CHECK_EQUAL(block_heap_take(heap, BLOCKS - 1, BLOCKS), 0);
    CHECK_HOLDS(block_heap_check(heap));
    CHECK(pages_agree());
    uint32_t was = fingerprint();
    CHECK_EQUAL(block_heap_take(heap, 6, 8), -EINVARG);
    CHECK_EQUAL(block_heap_take(heap, 2, 4), -EINVARG);
    CHECK_EQUAL(block_heap_take(heap, 8, 8), -EINVARG);
    CHECK_EQUAL(block_heap_take(heap, 8, 7), -EINVARG);
    CHECK_EQUAL(block_heap_take(heap, BLOCKS, BLOCKS + 1), -EINVARG);
    CHECK_EQUAL(block_heap_take(heap, 20, SIZE_MAX), -EINVARG);
    CHECK_EQUAL(fingerprint(), was);
    for (size_t b = 0; b < BLOCKS; b++) {
        bool hole = (b >= 3 && b < 7) || b == 9 || b == BLOCKS - 1;
        CHECK_EQUAL(block_heap_owner_of(heap, b), hole ? OWNER_HOLE : OWNER_FREE);
    }
    const struct wrong wrong[] = {{at(3), HEAP_RESERVED},
                                  {at(9), HEAP_RESERVED},
                                  {at(BLOCKS - 1), HEAP_RESERVED},
                                  {at(4), 0},
                                  {at(6), 0},
                                  {at(3) + 1, 0},
                                  {at(9) + 64, 0}};
    CHECK_HOLDS(accepts(wrong, sizeof wrong / sizeof wrong[0]));
    void *a = block_heap_malloc(heap, 3 * PAGE);
    CHECK(a == at(0));
    CHECK(!block_heap_resize(heap, a, 4 * PAGE));
    size_t count = 3;
    while (block_heap_malloc_for(heap, OWNER_SHELL, 1) != NULL)
        count++;
    CHECK_EQUAL(count, BLOCKS - 6);
    (void)block_heap_trim(heap);
    for (size_t b = 3; b < 7; b++)
        CHECK_EQUAL(block_heap_owner_of(heap, b), OWNER_HOLE);
    CHECK_HOLDS(block_heap_check(heap));
    CHECK(pages_agree());
}

/* -- Sizes that change -- */

/* From each size to each: what is true must hold, and what is false must have changed nothing. */
CASE(block_heap, resize_from_any_size_to_any)
{
    CHECK(begin(NULL));
    for (size_t i = 0; i < NSIZES; i++)
        for (size_t j = 0; j < NSIZES; j++) {
            size_t from = sizes[i], to = sizes[j];
            uint8_t *object = block_heap_malloc(heap, from);
            uint8_t *neighbour = block_heap_malloc(heap, from > PAGE ? 1100 : from);
            CHECK(object != NULL && neighbour != NULL);
            size_t size = size_of(object), beside_it = size_of(neighbour);
            fill(object, size, i);
            fill(neighbour, beside_it, j);
            bool resized = block_heap_resize(heap, object, to);
            size_t is = size_of(object);
            CHECK(resized ? is >= to : is == size);
            /* What has become less than half moves, or is shorter where it is. */
            CHECK(!resized || to * 2 >= size || is < size || size == 16);
            CHECK(resized || to > size || to * 2 <= size || place_of(to) != place_of(from));
            /* One that was moved could not lie worse. */
            CHECK(!resized || (uintptr_t)object % alignment_of(to < from ? to : from) == 0);
            CHECK(is_filled(object, is < size ? is : size, i));
            if (resized)
                memset(object, 0x33, is);
            CHECK(is_filled(neighbour, beside_it, j));
            CHECK_HOLDS(block_heap_check(heap));
            CHECK_EQUAL(block_heap_free(heap, object), HEAP_FREED);
            CHECK_EQUAL(block_heap_free(heap, neighbour), HEAP_FREED);
            CHECK_HOLDS(block_heap_check(heap));
        }
    (void)block_heap_trim(heap);
    CHECK_EQUAL(taken(), 0);
}

/* Where half of the memory, or another kind of place, would do it moves. */
CASE(block_heap, what_has_become_less_than_half_moves)
{
    static const struct {
        size_t from, to;
        bool stays;
    } all[] = {{1024, 1024, true},
               {1024, 513, true},
               {1024, 512, true},
               {1024, 511, false},
               {1024, 1, false},
               {1024, 1025, false},
               {256, 129, true},
               {256, 128, true},
               {256, 127, false},
               {8, 1, true},
               {100, 57, true},
               {100, 112, true},
               {100, 113, false},
               {3000, 1025, true},
               {3000, 1024, false},
               {8191, 1025, true},
               {8191, 4097, true},
               {8191, 4096, false},
               {8191, 100, false},
               {PAGE, 3000, true},
               {PAGE, 2049, true},
               {PAGE, 2047, false},
               {4 * PAGE, 8193, true},
               {4 * PAGE, 8191, false},
               {5 * PAGE, 8192, false},
               {5 * PAGE, 8193, true},
               {20 * PAGE, 3 * PAGE, true},
               {20 * PAGE, 8193, true},
               {20 * PAGE, 100, false}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        CHECK(begin(NULL));
        uint8_t *object = block_heap_malloc(heap, all[i].from);
        CHECK(object != NULL);
        CHECK_EQUAL(block_heap_resize(heap, object, all[i].to), all[i].stays);
        CHECK(!all[i].stays || all[i].from <= BLOCK_HEAP_SMALL ||
              size_of(object) < all[i].to + PAGE);
        CHECK_HOLDS(block_heap_check(heap));
    }
}

/* -- Several heaps -- */

/* What one heap does is not to be seen in the other: they share no word that is written. */
CASE(block_heap, d19_two_heaps_share_nothing)
{
    enum { HALF = BLOCKS / 2 };
    struct block_heap *other;
    CHECK(begin_with(HALF, NULL));
    other = heap;
    size_t nbytes = block_heap_bytes_beside(HALF);
    heap = block_heap_create(at(HALF), at(BLOCKS),
                             (uint8_t *)arena + BLOCKS * sizeof *arena + nbytes, NULL);
    CHECK(heap != NULL);
    /* Neither has a slab; and each has a place of its own that says so. */
    for (size_t i = 0; i < SLAB_CLASSES; i++) {
        const uint8_t *word = (const uint8_t *)heap->slabs.classes[i].word;
        CHECK(word >= (uint8_t *)heap && word < (uint8_t *)heap + nbytes);
    }
    uint8_t *theirs = block_heap_malloc(other, 100);
    memset(theirs, 0x77, 100);
    struct block_heap *mine = heap;
    heap = other;
    uint32_t was = fingerprint();
    heap = mine;
    for (size_t i = 0; i < NSIZES; i++) {
        uint8_t *object = block_heap_malloc(heap, sizes[i]);
        CHECK(!object || (object >= at(HALF) && object < at(BLOCKS)));
        CHECK_EQUAL(block_heap_free(heap, theirs), HEAP_OUT_OF_RANGE);
        CHECK(!object || i % 2 || block_heap_free(heap, object) == HEAP_FREED);
    }
    CHECK_HOLDS(block_heap_check(heap));
    heap = other;
    CHECK_EQUAL(fingerprint(), was);
    CHECK_HOLDS(block_heap_check(heap));
    CHECK_EQUAL(block_heap_free(other, theirs), HEAP_FREED);
}
