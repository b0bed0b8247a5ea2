/* Small objects, from an arena whose blocks are counted and can run out. */
#include "memory/heap/slab.h"

#include "arena.h"
#include "case.h"
#include "lib/string.h"

enum { BLOCKS = 16, EVER = 1 << 30 };

static struct slab *by_block[BLOCKS];
static struct slab_heap heap;

static struct {
    bool taken[BLOCKS];
    int ntaken, left;
} source;

static void *get_block(void *context, size_t nblocks)
{
    (void)context;
    if (nblocks != 1 || source.left-- <= 0)
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

static void put_block(void *context, void *block, size_t nblocks)
{
    (void)context, (void)nblocks;
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

static void *take(size_t nbytes)
{
    void *object = slab_malloc_quickly(&heap, nbytes);
    return object ? object : slab_malloc_slowly(&heap, nbytes);
}

static int give(void *pointer)
{
    struct slab *slab = slab_of(&heap, pointer);
    return slab_free_quickly(&heap, slab, pointer) ? HEAP_FREED : slab_free(&heap, slab, pointer);
}

CASE(slab, b10_small_objects_share_a_block)
{
    begin();
    static void *objects[1000];
    for (size_t i = 0; i < 1000; i++)
        CHECK((objects[i] = take(4)) != NULL);
    CHECK(source.ntaken <= 1000 / (4096 / 8) + 1 + 1);
    CHECK_HOLDS(slab_check(&heap));
    CHECK_EQUAL(slab_statistics(&heap).objects, 1000);
    for (size_t i = 0; i < 1000; i++)
        CHECK_EQUAL(give(objects[i]), HEAP_FREED);
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
        uint8_t *object = take(nbytes);
        CHECK(object != NULL && size >= nbytes);
        /* An eighth, or what lying on a multiple of 16 costs. */
        CHECK(size - nbytes < 16 || (size - nbytes) * 8 <= size);
        CHECK_EQUAL((uintptr_t)object % (nbytes <= 8 ? 8 : 16), 0);
        CHECK(slab_of(&heap, object) && slab_of(&heap, object + size - 1));
        CHECK_EQUAL(give(object), HEAP_FREED);
        (void)slab_trim(&heap);
    }
    CHECK_EQUAL(source.ntaken, 0);
}

/* Every byte of a block as a pointer: an object's first one is freed, all others are refused. */
CASE(slab, b5_b6_wrong_frees_are_refused)
{
    static const size_t asked[] = {8, 16, 48, 80, 112, 208, 288, 320, 416, 480, 512};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        begin();
        uint8_t *block = take(asked[i]);
        block -= 4096 % asked[i];
        size_t count = 1;
        while (count < 4096 / asked[i] && take(asked[i]) != NULL)
            count++;
        for (size_t offset = 0; offset < 4096; offset++) {
            bool first = (4096 - offset) % asked[i] == 0;
            CHECK_EQUAL(give(block + offset), first ? HEAP_FREED : HEAP_NOT_FIRST);
            CHECK(!first || give(block + offset) == HEAP_ALREADY_FREE);
        }
        CHECK_EQUAL(slab_statistics(&heap).objects, 0);
        CHECK_HOLDS(slab_check(&heap));
    }
}

/* The structure of the slab that serves 16 bytes, and with it a block of structures. */
CASE(slab, its_own_structures_can_not_be_freed)
{
    begin();
    struct slab *slab = slab_of(&heap, take(16));
    uint8_t *block = (uint8_t *)((uintptr_t)slab & ~(uintptr_t)(HEAP_BLOCK_SIZE - 1));
    CHECK(slab_of(&heap, block) && slab_of(&heap, block) != slab);
    for (size_t offset = 0; offset < HEAP_BLOCK_SIZE; offset++)
        CHECK_EQUAL(give(block + offset), HEAP_RESERVED);
    CHECK(!slab_of(&heap, arena[BLOCKS - 1]) && !slab_of(&heap, NULL));
    volatile uintptr_t start = (uintptr_t)arena, end = start + BLOCKS * HEAP_BLOCK_SIZE;
    CHECK(!slab_of(&heap, (void *)(start - 1)));
    CHECK(!slab_of(&heap, (void *)end));
    CHECK_HOLDS(slab_check(&heap));
}

CASE(slab, only_the_current_block_stays_when_empty)
{
    begin();
    void *objects[20];
    for (size_t i = 0; i < 20; i++)
        objects[i] = take(512);
    CHECK_EQUAL(source.ntaken, 3 + 1);
    for (size_t i = 0; i < 20; i++)
        CHECK_EQUAL(give(objects[i]), HEAP_FREED);
    CHECK_EQUAL(source.ntaken, 1 + 1);
    CHECK_HOLDS(slab_check(&heap));
    /* To and fro at the border takes no block and gives none back. */
    for (size_t i = 0; i < 8; i++)
        objects[i] = take(512);
    source.left = 0;
    for (int i = 0; i < 10; i++) {
        CHECK_EQUAL(give(objects[7]), HEAP_FREED);
        objects[7] = take(512);
        CHECK(objects[7] != NULL);
    }
    CHECK_HOLDS(slab_check(&heap));
    for (size_t i = 0; i < 8; i++)
        CHECK_EQUAL(give(objects[i]), HEAP_FREED);
    (void)slab_trim(&heap);
    CHECK_EQUAL(source.ntaken, 0);
}

CASE(slab, empty_blocks_are_spare_for_any_class)
{
    enum { SPARE = 3, FULL = 6 };
    begin();
    heap.spare_most = SPARE;
    void *objects[FULL * 8];
    for (size_t i = 0; i < FULL * 8; i++)
        objects[i] = take(512);
    for (size_t i = 0; i < FULL * 8; i++)
        CHECK_EQUAL(give(objects[i]), HEAP_FREED);
    /* The current one stays, SPARE are kept, and the others go. */
    CHECK_EQUAL(heap.nspare, SPARE);
    CHECK_EQUAL(source.ntaken, 1 + 1 + SPARE);
    CHECK_HOLDS(slab_check(&heap));
    CHECK_EQUAL(slab_statistics(&heap).objects, 0);
    for (size_t i = 0; i < FULL * 8; i++)
        CHECK(!slab_of(&heap, objects[i]) || give(objects[i]) == HEAP_ALREADY_FREE);
    /* Other classes get those, of other sizes and numbers of words. */
    source.left = 0;
    uint8_t *tiny = take(8), *odd = take(480), *same = take(512);
    CHECK(tiny && odd && same);
    CHECK_EQUAL(heap.nspare, 1);
    CHECK_EQUAL((HEAP_BLOCK_SIZE - (uintptr_t)odd % HEAP_BLOCK_SIZE) % 480, 0);
    CHECK_HOLDS(slab_check(&heap));
    for (size_t i = 1; i < HEAP_BLOCK_SIZE / 8; i++)
        CHECK(take(8) == tiny + 8 * i);
    CHECK_EQUAL(give(odd + 8), HEAP_NOT_FIRST);
    CHECK_EQUAL(give(odd), HEAP_FREED);
    CHECK_HOLDS(slab_check(&heap));
    /* All of them go when it is asked for. */
    CHECK_EQUAL(slab_trim(&heap), 2);
    CHECK_EQUAL(heap.nspare, 0);
    CHECK_HOLDS(slab_check(&heap));
    CHECK_EQUAL(give(same), HEAP_FREED);
    for (size_t i = 0; i < HEAP_BLOCK_SIZE / 8; i++)
        CHECK_EQUAL(give(tiny + 8 * i), HEAP_FREED);
    CHECK_EQUAL(heap.nspare, 0);
    (void)slab_trim(&heap);
    CHECK_EQUAL(source.ntaken, 0);
}

CASE(slab, check_sees_damage_among_spare_blocks)
{
    begin();
    heap.spare_most = 2;
    void *objects[4 * 8];
    for (size_t i = 0; i < 4 * 8; i++)
        objects[i] = take(512);
    for (size_t i = 0; i < 4 * 8; i++)
        CHECK_EQUAL(give(objects[i]), HEAP_FREED);
    struct slab *last = heap.spare, *first = last->next, kept_last = *last, kept_first = *first;
    CHECK_EQUAL(heap.nspare, 2);
    CHECK_HOLDS(slab_check(&heap));
#define CHECK_SEES_SPARE(damage)                                                                   \
    do {                                                                                           \
        damage;                                                                                    \
        const char *verdict = slab_check(&heap);                                                   \
        *last = kept_last;                                                                         \
        *first = kept_first;                                                                       \
        heap.spare = last;                                                                         \
        heap.nspare = heap.spare_most = 2;                                                         \
        CHECK(verdict != NULL);                                                                    \
    } while (0)
    CHECK_SEES_SPARE(heap.spare = NULL);
    CHECK_SEES_SPARE(heap.spare = first);
    CHECK_SEES_SPARE(heap.nspare--);
    CHECK_SEES_SPARE(heap.nspare++);
    CHECK_SEES_SPARE(heap.spare_most--);
    CHECK_SEES_SPARE(first->next = last);
    CHECK_SEES_SPARE(last->next = NULL);
    CHECK_SEES_SPARE(first->free[0] ^= 2);
    CHECK_SEES_SPARE(first->listed = SLAB_PARTIAL);
    CHECK_SEES_SPARE(last->listed = SLAB_FULL);
    CHECK_HOLDS(slab_check(&heap));
}

/* Any object of a full block may be the first to go: it is found again. */
CASE(slab, a_full_block_has_room_again)
{
    static void *objects[3 * 64];
    for (size_t first = 0; first < 64; first++) {
        begin();
        for (size_t i = 0; i < 3 * 64; i++)
            CHECK((objects[i] = take(64)) != NULL);
        CHECK_EQUAL(give(objects[first]), HEAP_FREED);
        CHECK_HOLDS(slab_check(&heap));
        size_t blocks = heap.blocks;
        CHECK(take(64) == objects[first]);
        CHECK_EQUAL(heap.blocks, blocks);
        CHECK_HOLDS(slab_check(&heap));
    }
}

/* A full slab that gets a free object serves next, where its class has no other one at hand. */
CASE(slab, a_full_block_becomes_current_where_nothing_else_is)
{
    static const size_t sizes[] = {16, 64, 128, 512};
    static void *objects[3 * 256];
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t each = HEAP_BLOCK_SIZE / sizes[i];
        begin();
        for (size_t j = 0; j < 3 * each; j++)
            CHECK((objects[j] = take(sizes[i])) != NULL);
        struct slab_class *class = slab_class_for(&heap, sizes[i]);
        struct slab *first = slab_of(&heap, objects[0]), *second = slab_of(&heap, objects[each]);
        CHECK_EQUAL(give(objects[0]), HEAP_FREED);
        CHECK(class->slab == first && first->listed == SLAB_CURRENT);
        CHECK_HOLDS(slab_check(&heap));
        /* Now there is one: the next is listed, whichever word the free object is in. */
        CHECK_EQUAL(give(objects[each]), HEAP_FREED);
        CHECK(class->slab == first && second->listed == SLAB_PARTIAL);
        CHECK_EQUAL(give(objects[each - 1]), HEAP_FREED);
        CHECK(take(sizes[i]) != NULL);
        CHECK_EQUAL(give(objects[2 * each]), HEAP_FREED);
        CHECK(class->slab == first);
        CHECK_HOLDS(slab_check(&heap));
        for (size_t j = 0; j < 3; j++)
            CHECK(take(sizes[i]) != NULL);
        CHECK_EQUAL(source.ntaken, 3 + 1);
        CHECK_HOLDS(slab_check(&heap));
    }
}

CASE(slab, without_memory_nothing_changes)
{
    for (int left = 0; left < 2; left++) {
        begin();
        source.left = left;
        CHECK(take(100) == NULL);
        CHECK_HOLDS(slab_check(&heap));
        (void)slab_trim(&heap);
        CHECK_EQUAL(source.ntaken, 0);
        source.left = EVER;
        CHECK(take(100) != NULL);
    }
    begin();
    size_t count = 0;
    while (take(512) != NULL)
        count++;
    CHECK_EQUAL(count, (BLOCKS - 1) * 8);
    CHECK(take(8) == NULL);
    CHECK_HOLDS(slab_check(&heap));
}

CASE(slab, check_sees_damage)
{
    begin();
    uint8_t *object = take(100);
    struct slab *slab = slab_of(&heap, object);
    struct slab whole = *slab;
    struct slab_class class = heap.classes[slab->class_index];
    CHECK_HOLDS(slab_check(&heap));
#define CHECK_SEES(damage)                                                                         \
    do {                                                                                           \
        damage;                                                                                    \
        const char *verdict = slab_check(&heap);                                                   \
        *slab = whole;                                                                             \
        heap.classes[whole.class_index] = class;                                                   \
        CHECK(verdict != NULL);                                                                    \
    } while (0)
    CHECK_SEES(slab->free[1] |= (uint32_t)1 << 30);
    CHECK_SEES(slab->class_index++);
    CHECK_SEES(slab->origin += 4096);
    CHECK_SEES(slab->inverse++);
    CHECK_SEES(slab->size += 16);
    CHECK_SEES(slab->nobjects--);
    CHECK_SEES(slab->listed = SLAB_PARTIAL);
    CHECK_SEES(slab->listed = SLAB_FULL);
    CHECK_SEES(heap.classes[whole.class_index].base += 16);
    CHECK_SEES(heap.classes[whole.class_index].word++);
    CHECK_SEES(heap.classes[whole.class_index].slab = NULL);
    heap.blocks++;
    CHECK(slab_check(&heap) != NULL);
    heap.blocks--;
    CHECK_HOLDS(slab_check(&heap));
    /* The list, with one slab on it. */
    static void *objects[36];
    for (size_t i = 0; i < 36; i++)
        objects[i] = take(112);
    CHECK_EQUAL(give(objects[35]), HEAP_FREED);
    CHECK_EQUAL(give(object), HEAP_FREED);
    struct slab *partial = heap.oldest[whole.class_index];
    CHECK(partial != NULL && partial->listed == SLAB_PARTIAL);
    CHECK_HOLDS(slab_check(&heap));
    heap.newest[whole.class_index] = NULL;
    CHECK(slab_check(&heap) != NULL);
    heap.newest[whole.class_index] = partial;
    heap.oldest[whole.class_index] = NULL;
    CHECK(slab_check(&heap) != NULL);
    heap.oldest[whole.class_index] = partial;
    partial->previous = partial;
    CHECK(slab_check(&heap) != NULL);
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
            CHECK_EQUAL(give(live[i].bytes), HEAP_FREED);
            live[i].bytes = NULL;
            continue;
        }
        live[i].nbytes = 1 + (seed >> 16) % ((seed & 1) ? 64 : SLAB_LARGEST);
        live[i].bytes = take(live[i].nbytes);
        for (size_t b = 0; live[i].bytes && b < live[i].nbytes; b++)
            live[i].bytes[b] = (uint8_t)i;
    }
    CHECK_HOLDS(slab_check(&heap));
    for (size_t i = 0; i < LIVE; i++)
        if (live[i].bytes)
            CHECK_EQUAL(give(live[i].bytes), HEAP_FREED);
    (void)slab_trim(&heap);
    CHECK_EQUAL(source.ntaken, 0);
}
