/* Small objects, from an arena whose blocks are counted and can run out. */
#include "memory/heap/slab.h"

#include "case.h"
#include "lib/string.h"

enum { BLOCKS = 16, EVER = 1 << 30 };

static uint8_t arena[BLOCKS][HEAP_BLOCK_SIZE] __attribute__((aligned(HEAP_BLOCK_SIZE)));
static struct slab *by_block[BLOCKS];
static struct slab_heap heap;

static struct {
    bool taken[BLOCKS];
    int ntaken, left;
} source;

static void *get_block(void *context)
{
    (void)context;
    if (source.left-- <= 0)
        return NULL;
    for (size_t i = 0; i < BLOCKS; i++) {
        if (source.taken[i])
            continue;
        source.taken[i] = true;
        source.ntaken++;
        return arena[i];
    }
    return NULL;
}

static void put_block(void *context, void *block)
{
    (void)context;
    size_t i = (size_t)((uint8_t(*)[HEAP_BLOCK_SIZE])block - arena);
    source.ntaken -= source.taken[i];
    source.taken[i] = false;
}

static void begin(void)
{
    for (size_t i = 0; i < BLOCKS; i++)
        source.taken[i] = false;
    source.ntaken = 0;
    source.left = EVER;
    slab_init(&heap, (struct slab_source){get_block, put_block, NULL}, arena, BLOCKS, by_block);
}

CASE(slab, b10_small_objects_share_a_block)
{
    begin();
    static void *objects[1000];
    for (size_t i = 0; i < 1000; i++)
        CHECK((objects[i] = slab_malloc(&heap, 4)) != NULL);
    CHECK(source.ntaken <= 1000 / (4096 / 8) + 1 + 1);
    CHECK_HOLDS(slab_check(&heap));
    CHECK_EQUAL(heap.statistics.objects, 1000);
    for (size_t i = 0; i < 1000; i++)
        CHECK_EQUAL(slab_free(&heap, objects[i]), HEAP_FREED);
    CHECK_HOLDS(slab_check(&heap));
    (void)slab_trim(&heap);
    CHECK_EQUAL(source.ntaken, 0);
    CHECK_HOLDS(slab_check(&heap));
}

CASE(slab, every_size_fits_its_class)
{
    begin();
    for (size_t nbytes = 1; nbytes <= SLAB_LARGEST; nbytes++) {
        size_t size = slab_size_for(&heap, nbytes);
        uint8_t *object = slab_malloc(&heap, nbytes);
        CHECK(object != NULL && size >= nbytes);
        CHECK(size * 2 <= nbytes * 3 + 16); /* at most half more, and 8 bytes */
        CHECK_EQUAL((uintptr_t)object % (nbytes <= 8 ? 8 : 16), 0);
        CHECK(slab_owns(&heap, object) && slab_owns(&heap, object + size - 1));
        CHECK_EQUAL(slab_free(&heap, object), HEAP_FREED);
    }
    CHECK(slab_malloc(&heap, 0) == NULL);
    CHECK(slab_malloc(&heap, SLAB_LARGEST + 1) == NULL);
    CHECK(slab_malloc(&heap, SIZE_MAX) == NULL);
}

/* Every byte of a block as a pointer: an object's first one is freed, all others are refused. */
CASE(slab, b5_b6_wrong_frees_are_refused)
{
    static const size_t asked[] = {8, 16, 48, 80, 112, 320, 576, 672, 816, 1024, 1360, 2048};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        begin();
        uint8_t *block = slab_malloc(&heap, asked[i]);
        size_t count = 1;
        while (count < 4096 / asked[i] && slab_malloc(&heap, asked[i]) != NULL)
            count++;
        for (size_t offset = 0; offset < 4096; offset++) {
            bool first = offset % asked[i] == 0 && offset / asked[i] < 4096 / asked[i];
            CHECK_EQUAL(slab_free(&heap, block + offset), first ? HEAP_FREED : HEAP_NOT_FIRST);
            CHECK(!first || slab_free(&heap, block + offset) == HEAP_ALREADY_FREE);
        }
        CHECK_EQUAL(heap.statistics.objects, 0);
        CHECK_HOLDS(slab_check(&heap));
    }
}

CASE(slab, its_own_structures_can_not_be_freed)
{
    begin();
    uint8_t *object = slab_malloc(&heap, 16);
    uint8_t *structures = (uint8_t *)((uintptr_t)by_block[(size_t)(object - arena[0]) / 4096] &
                                      ~(uintptr_t)(HEAP_BLOCK_SIZE - 1));
    CHECK(structures != object && slab_owns(&heap, structures));
    CHECK_EQUAL(slab_free(&heap, structures), HEAP_RESERVED);
    CHECK_EQUAL(slab_free(&heap, structures + sizeof(struct slab)), HEAP_RESERVED);
    CHECK(!slab_owns(&heap, arena[BLOCKS - 1]) && !slab_owns(&heap, NULL));
    volatile uintptr_t start = (uintptr_t)arena;
    CHECK(!slab_owns(&heap, (void *)(start - 1)));
    CHECK(!slab_owns(&heap, (void *)(start + sizeof arena)));
    CHECK_HOLDS(slab_check(&heap));
}

CASE(slab, an_empty_block_is_kept_once)
{
    begin();
    void *objects[5];
    for (size_t i = 0; i < 5; i++)
        objects[i] = slab_malloc(&heap, 2048);
    CHECK_EQUAL(source.ntaken, 3 + 1);
    for (size_t i = 0; i < 5; i++)
        CHECK_EQUAL(slab_free(&heap, objects[i]), HEAP_FREED);
    CHECK_EQUAL(source.ntaken, 1 + 1);
    /* To and fro at the border takes no block and gives none back. */
    source.left = 0;
    for (int i = 0; i < 10; i++) {
        objects[0] = slab_malloc(&heap, 2048);
        CHECK(objects[0] != NULL);
        CHECK_EQUAL(slab_free(&heap, objects[0]), HEAP_FREED);
    }
    (void)slab_trim(&heap);
    CHECK_EQUAL(source.ntaken, 0);
}

CASE(slab, without_memory_nothing_changes)
{
    for (int left = 0; left < 2; left++) {
        begin();
        source.left = left;
        CHECK(slab_malloc(&heap, 100) == NULL);
        CHECK_HOLDS(slab_check(&heap));
        (void)slab_trim(&heap);
        CHECK_EQUAL(source.ntaken, 0);
        source.left = EVER;
        CHECK(slab_malloc(&heap, 100) != NULL);
    }
    begin();
    size_t count = 0;
    while (slab_malloc(&heap, 1024) != NULL)
        count++;
    CHECK_EQUAL(count, (BLOCKS - 1) * 4);
    CHECK(slab_malloc(&heap, 8) == NULL);
    CHECK_HOLDS(slab_check(&heap));
}

CASE(slab, check_sees_damage)
{
    begin();
    uint8_t *object = slab_malloc(&heap, 100);
    struct slab *slab = by_block[(size_t)(object - arena[0]) / 4096];
    CHECK_HOLDS(slab_check(&heap));
    slab->nfree--;
    CHECK(slab_check(&heap) != NULL);
    slab->nfree++;
    slab->free[0] ^= 1;
    CHECK(slab_check(&heap) != NULL);
    slab->free[0] ^= 1;
    slab->free[SLAB_WORDS - 1] ^= 1;
    CHECK(slab_check(&heap) != NULL);
    slab->free[SLAB_WORDS - 1] ^= 1;
    slab->words_free ^= 1;
    CHECK(slab_check(&heap) != NULL);
    slab->words_free ^= 1;
    slab->class_index++;
    CHECK(slab_check(&heap) != NULL);
    slab->class_index--;
    slab->start += 4096;
    CHECK(slab_check(&heap) != NULL);
    slab->start -= 4096;
    heap.partial[slab->class_index] = NULL;
    CHECK(slab_check(&heap) != NULL);
}

/* An empty block that one class keeps serves another before memory is said to be gone. */
CASE(slab, kept_blocks_serve_other_classes)
{
    begin();
    void *small = slab_malloc(&heap, 16);
    CHECK_EQUAL(slab_free(&heap, small), HEAP_FREED);
    CHECK_EQUAL(source.ntaken, 2);
    size_t count = 0;
    while (slab_malloc(&heap, 2048) != NULL)
        count++;
    CHECK_EQUAL(count, (BLOCKS - 1) * 2);
    CHECK_HOLDS(slab_check(&heap));
}

/* Random work on a shadow that knows only who has which bytes. */
CASE(slab, objects_never_overlap)
{
    enum { LIVE = 128, ROUNDS = 4000 };
    static struct {
        uint8_t *bytes;
        size_t nbytes;
    } live[LIVE];
    begin();
    uint32_t seed = 99;
    for (size_t i = 0; i < LIVE; i++)
        live[i].bytes = NULL;
    for (int round = 0; round < ROUNDS; round++) {
        seed = seed * 1664525u + 1013904223u;
        size_t i = (seed >> 8) % LIVE;
        if (live[i].bytes) {
            for (size_t b = 0; b < live[i].nbytes; b++)
                CHECK_EQUAL(live[i].bytes[b], i);
            CHECK_EQUAL(slab_free(&heap, live[i].bytes), HEAP_FREED);
            live[i].bytes = NULL;
            continue;
        }
        live[i].nbytes = 1 + (seed >> 16) % ((seed & 1) ? 64 : 700);
        live[i].bytes = slab_malloc(&heap, live[i].nbytes);
        for (size_t b = 0; live[i].bytes && b < live[i].nbytes; b++)
            live[i].bytes[b] = (uint8_t)i;
    }
    CHECK_HOLDS(slab_check(&heap));
    for (size_t i = 0; i < LIVE; i++)
        if (live[i].bytes)
            CHECK_EQUAL(slab_free(&heap, live[i].bytes), HEAP_FREED);
    (void)slab_trim(&heap);
    CHECK_EQUAL(source.ntaken, 0);
}
