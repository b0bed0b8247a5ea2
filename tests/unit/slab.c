/* Small objects, over a list of blocks that can refuse. */
#include "memory/heap/slab.h"

#include "arena.h"
#include "case.h"
#include "lib/string.h"
#include "memory/memory.h"

enum {
    BLOCKS = 24,
    PAGE = HEAP_BLOCK_SIZE,
    MOST = PAGE / SLAB_STEP, /* objects of a slab */
    NO_SLAB = 1,             /* tags of blocks */
    A_SLAB = 9,
    WRONG = 1 /* no refusal, and not HEAP_FREED */
};

/* What the classes are: all multiples of 16 up to 256, then 14 to 4 in a block. */
static const uint16_t sizes[SLAB_CLASSES] = {16,  32,  48,  64,  80,  96,  112, 128, 144,
                                             160, 176, 192, 208, 224, 240, 256, 288, 304,
                                             336, 368, 400, 448, 512, 576, 672, 816, 1024};

static struct slab_heap heap;
static struct slab map[BLOCKS];
static slab_bits_t bits[BLOCKS];
static struct heap_run runs[BLOCKS];
static uint8_t owners[BLOCKS];

/* Blocks that nobody has; the one that was given back last is the next. */
static struct {
    uint32_t blocks[BLOCKS], nblocks;
    uint32_t asked, refused;
    bool refuses, wrong;
} source;

static uint32_t get_block(void *context)
{
    source.wrong |= context != &source;
    source.asked++;
    if (source.refuses || source.nblocks == 0) {
        source.refused++;
        return SLAB_NONE;
    }
    uint32_t block = source.blocks[--source.nblocks];
    owners[block] = A_SLAB;
    return block;
}

/* What is known of a block that is no slab is nothing, but for a run's length, which is another's.
 */
static void forget(uint32_t block)
{
    owners[block] = NO_SLAB;
    memset(&map[block], 0xee, sizeof map[block]);
    memset(bits[block], 0xee, sizeof bits[block]);
    runs[block].newer = runs[block].older = 0xeeeeeeee;
    source.blocks[source.nblocks++] = block;
}

static void put_block(void *context, uint32_t block)
{
    if (context != &source || block >= BLOCKS || owners[block] != A_SLAB)
        source.wrong = true;
    else
        forget(block);
}

static void begin(void)
{
    memset(&heap, 0xee, sizeof heap);
    memset(&source, 0, sizeof source);
    for (uint32_t block = BLOCKS; block-- > 0;) {
        forget(block);
        runs[block].length = block * 3;
    }
    slab_init(&heap, arena, map, bits, runs, (struct slab_source){get_block, put_block, &source});
}

static const char *check(void)
{
    for (uint32_t block = 0; block < BLOCKS; block++)
        if (runs[block].length != block * 3)
            return "a run's length was written";
    return source.wrong ? "the source is called wrongly"
                        : slab_check(&heap, owners, A_SLAB, BLOCKS);
}

static uint32_t nslabs(void)
{
    return BLOCKS - source.nblocks;
}

/* All that anybody knows, as it was. */
static struct {
    struct slab_heap heap;
    struct slab map[BLOCKS];
    slab_bits_t bits[BLOCKS];
    struct heap_run runs[BLOCKS];
    uint8_t owners[BLOCKS];
} was;

static void remember(void)
{
    memcpy(&was.heap, &heap, sizeof heap);
    memcpy(was.map, map, sizeof map);
    memcpy(was.bits, bits, sizeof bits);
    memcpy(was.runs, runs, sizeof runs);
    memcpy(was.owners, owners, sizeof owners);
}

static void repair(void)
{
    memcpy(&heap, &was.heap, sizeof heap);
    memcpy(map, was.map, sizeof map);
    memcpy(bits, was.bits, sizeof bits);
    memcpy(runs, was.runs, sizeof runs);
    memcpy(owners, was.owners, sizeof owners);
}

static bool nothing_has_changed(void)
{
    return memcmp(&was.heap, &heap, sizeof heap) == 0 && memcmp(was.map, map, sizeof map) == 0 &&
           memcmp(was.bits, bits, sizeof bits) == 0 && memcmp(was.runs, runs, sizeof runs) == 0 &&
           memcmp(was.owners, owners, sizeof owners) == 0;
}

static void *take(size_t nbytes)
{
    struct slab_class *class = slab_class_for(&heap, nbytes);
    return *class->word ? slab_take(class) : slab_take_slowly(&heap, class);
}

/* As a heap frees; also WRONG where a pointer is judged in another way than it is freed. */
static int give_at(size_t offset)
{
    block_t block = offset / PAGE;
    int judged = slab_judge(&heap, block, offset);
    if (!slab_mark_free(&heap, &map[block], offset))
        return judged == HEAP_FREED ? WRONG : judged;
    int status = slab_count_free(&heap, &map[block]);
    return judged == HEAP_FREED ? status : WRONG;
}

static size_t offset_of(const void *object)
{
    return (uintptr_t)object - (uintptr_t)arena;
}

static uint32_t block_of(const void *object)
{
    return (uint32_t)(offset_of(object) / PAGE);
}

static int give(const void *object)
{
    return give_at(offset_of(object));
}

static struct slab *slab_of(const void *object)
{
    return &map[block_of(object)];
}

#define objects (shared->pointers)
_Static_assert(BLOCKS *MOST <= POINTERS_MOST, "there is room for all of them");

/* The first COUNT objects, of NBYTES each. */
static bool take_many(size_t nbytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(objects[i] = take(nbytes)))
            return false;
    return true;
}

static bool give_many(size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        if (give(objects[i]) != HEAP_FREED)
            return false;
    return true;
}

/* Whether one of the objects FIRST to END is OBJECT. */
static bool is_among(const void *object, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        if (objects[i] == object)
            return true;
    return false;
}

static uint32_t seed;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % limit;
}

/* -- Sizes and places -- */

CASE(slab, a_heap_begins_without_slabs)
{
    begin();
    CHECK_EQUAL(source.asked, 0);
    CHECK_EQUAL(slab_kept(&heap), 0);
    slab_trim(&heap);
    CHECK_EQUAL(nslabs(), 0);
    CHECK_HOLDS(check());
}

CASE(slab, every_size_has_the_smallest_class_that_holds_it)
{
    begin();
    for (size_t nbytes = 1, i = 0; nbytes <= SLAB_LARGEST; nbytes++) {
        i += nbytes > sizes[i];
        CHECK(slab_class_for(&heap, nbytes) == &heap.classes[i]);
        CHECK_EQUAL(heap.classes[i].size, sizes[i]);
        CHECK_EQUAL(heap.classes[i].count, PAGE / sizes[i]);
    }
    CHECK_EQUAL(sizes[SLAB_CLASSES - 1], SLAB_LARGEST);
}

CASE(slab, every_object_is_aligned_and_lies_in_a_block_of_the_source)
{
    begin();
    for (size_t nbytes = 1; nbytes <= SLAB_LARGEST; nbytes++) {
        uint8_t *object = take(nbytes);
        CHECK(object != NULL && offset_of(object) < BLOCKS * PAGE);
        CHECK_EQUAL((uintptr_t)object % SLAB_STEP, 0);
        CHECK_EQUAL(owners[block_of(object)], A_SLAB);
        CHECK_EQUAL(block_of(object + nbytes - 1), block_of(object));
        CHECK(slab_of(object)->size >= nbytes);
        CHECK_EQUAL(give(object), HEAP_FREED);
        if (nbytes % 3 == 0)
            slab_trim(&heap);
    }
    slab_trim(&heap);
    CHECK_EQUAL(nslabs(), 0);
    CHECK_HOLDS(check());
}

/* All classes in the same block, one after the other: nothing of the last one is left. */
CASE(slab, objects_are_counted_from_the_end_of_their_block)
{
    begin();
    for (size_t c = 0; c < SLAB_CLASSES; c++) {
        uint32_t size = sizes[c], count = PAGE / size, asked = source.asked;
        static bool is_taken[MOST];
        memset(is_taken, false, sizeof is_taken);
        for (uint32_t i = 0; i < count; i++) {
            objects[i] = take(size);
            CHECK(objects[i] != NULL && block_of(objects[i]) == 0);
            size_t room = PAGE - offset_of(objects[i]); /* to the block's end */
            CHECK_EQUAL(room % size, 0);
            CHECK(!is_taken[room / size - 1]);
            is_taken[room / size - 1] = true;
            CHECK_EQUAL(bits[0][(room / size - 1) / 32] >> (room / size - 1) % 32 & 1, 0);
            CHECK_EQUAL(slab_count_live(&heap, 0), i + 1);
        }
        CHECK_EQUAL(source.asked, asked + 1);
        CHECK_EQUAL(map[0].size, size);
        CHECK_EQUAL(map[0].last, size - 1);
        CHECK_EQUAL(map[0].class, c);
        CHECK_HOLDS(check());
        CHECK(give_many(0, count));
        CHECK_HOLDS(check());
        slab_trim(&heap);
        CHECK_EQUAL(nslabs(), 0);
    }
}

/* The index that is found by multiplying is that of a division. */
CASE(slab, an_object_begins_where_division_says)
{
    for (size_t c = 0; c < SLAB_CLASSES; c++) {
        begin();
        uint8_t *object = take(sizes[c]);
        CHECK(object != NULL);
        for (size_t offset = 0; offset < PAGE; offset++) {
            size_t room = PAGE - offset;
            uint32_t wanted = room % sizes[c] == 0 ? (uint32_t)(room / sizes[c] - 1) : UINT32_MAX;
            CHECK_EQUAL(slab_index(slab_of(object), offset), wanted);
            CHECK_EQUAL(slab_index(slab_of(object), offset + offset * PAGE), wanted);
        }
    }
}

CASE(slab, classes_do_not_share_a_block)
{
    begin();
    static uint8_t class_of[BLOCKS];
    for (size_t c = 0; c < 20; c++) {
        objects[c] = take(sizes[c]);
        CHECK(objects[c] != NULL);
        class_of[block_of(objects[c])] = (uint8_t)c;
        CHECK_EQUAL(nslabs(), c + 1);
    }
    for (size_t c = 0; c < 20; c++) {
        CHECK_EQUAL(class_of[block_of(objects[c])], c);
        uint8_t *other = take((size_t)(sizes[c] - SLAB_STEP + 1));
        CHECK_EQUAL(block_of(other), block_of(objects[c]));
    }
    CHECK_EQUAL(nslabs(), 20);
    CHECK_HOLDS(check());
}

/* What is written over the objects, and over the room in front of them, reaches nothing else; and
 * the heap itself writes nothing there. */
CASE(slab, all_that_is_known_stands_beside_the_blocks)
{
    static const size_t some[] = {16, 80, 304, 1000};
    begin();
    for (size_t s = 0; s < 4; s++) {
        size_t count = 2 * (PAGE / some[s]) + 1;
        memset(arena, 0x5a, BLOCKS * sizeof *arena);
        CHECK(take_many(some[s], count));
        CHECK(give_many(0, count));
        slab_trim(&heap);
        CHECK(arena[0][0] == 0x5a && memcmp(arena, (uint8_t *)arena + 1, BLOCKS * PAGE - 1) == 0);
        CHECK(take_many(some[s], count));
        memset(arena, 0xa5, BLOCKS * sizeof *arena);
        CHECK_HOLDS(check());
        CHECK(give_many(0, count));
        slab_trim(&heap);
        CHECK_EQUAL(nslabs(), 0);
    }
}

/* -- Pointers that are not to be freed -- */

/* Every byte of BLOCK, of objects of SIZE, all taken: each first one is freed, and only once. */
static bool only_objects_are_freed(uint32_t block, uint32_t size)
{
    for (size_t at = 0; at < PAGE; at++) {
        size_t offset = (size_t)block * PAGE + at;
        bool first = (PAGE - at) % size == 0;
        if (first && give_at(offset) != HEAP_FREED)
            return false;
        if (owners[block] != A_SLAB)
            return at == PAGE - size;
        slab_bits_t before;
        memcpy(before, bits[block], sizeof before);
        if (slab_judge(&heap, block, offset) != (first ? HEAP_ALREADY_FREE : HEAP_NOT_FIRST) ||
            slab_mark_free(&heap, &map[block], offset) ||
            memcmp(before, bits[block], sizeof before) != 0)
            return false;
    }
    return true;
}

CASE(slab, b5_b6_wrong_frees_are_refused)
{
    for (size_t c = 0; c < SLAB_CLASSES; c++) {
        uint32_t count = PAGE / sizes[c];
        begin();
        /* Of a full slab, which is then listed, and at last gone; and of the current one. */
        CHECK(take_many(sizes[c], 2 * count));
        uint32_t full = block_of(objects[0]), current = block_of(objects[count]);
        CHECK(map[full].state == SLAB_FULL && map[current].state == SLAB_CURRENT);
        CHECK(only_objects_are_freed(full, sizes[c]));
        CHECK_EQUAL(owners[full], NO_SLAB);
        CHECK_HOLDS(check());
        CHECK(only_objects_are_freed(current, sizes[c]));
        CHECK_EQUAL(owners[current], A_SLAB);
        CHECK_EQUAL(slab_count_live(&heap, current), 0);
        CHECK_HOLDS(check());
    }
}

CASE(slab, a_refused_free_changes_nothing)
{
    begin();
    CHECK(take_many(304, 30));
    CHECK_EQUAL(give(objects[3]), HEAP_FREED);
    CHECK_EQUAL(give(objects[29]), HEAP_FREED);
    remember();
    uint8_t *end = arena[block_of(objects[0])] + PAGE, *front = end - PAGE;
    CHECK_EQUAL(give(objects[3]), HEAP_ALREADY_FREE);
    CHECK_EQUAL(give(objects[29]), HEAP_ALREADY_FREE);
    CHECK_EQUAL(give(objects[4] + 1), HEAP_NOT_FIRST);
    CHECK_EQUAL(give(objects[4] + 16), HEAP_NOT_FIRST);
    CHECK_EQUAL(give(objects[4] - 16), HEAP_NOT_FIRST);
    CHECK_EQUAL(give(objects[3] + 303), HEAP_NOT_FIRST);
    CHECK_EQUAL(give(end - 1), HEAP_NOT_FIRST);
    for (size_t i = 0; i < PAGE % 304; i++) /* in front of the first object */
        CHECK_EQUAL(give(front + i), HEAP_NOT_FIRST);
    CHECK(nothing_has_changed());
    CHECK_HOLDS(check());
}

/* -- How a slab goes from one state to another -- */

CASE(slab, a_slab_is_current_until_it_has_no_more_objects)
{
    for (size_t c = 0; c < SLAB_CLASSES; c++) {
        struct slab_class *class = &heap.classes[c];
        uint32_t count = PAGE / sizes[c];
        begin();
        for (uint32_t i = 0; i < count; i++) {
            objects[i] = take(sizes[c]);
            CHECK_EQUAL(map[0].state, SLAB_CURRENT);
            CHECK_EQUAL(class->current, 0);
        }
        CHECK_HOLDS(check());
        objects[count] = take(sizes[c]);
        CHECK_EQUAL(map[0].state, SLAB_FULL);
        CHECK_EQUAL(map[0].until, 1);
        CHECK_EQUAL(class->current, 1);
        CHECK_EQUAL(map[1].state, SLAB_CURRENT);
        CHECK_HOLDS(check());
    }
}

/* What is freed in the current slab, in whichever word, is taken again before there is another. */
CASE(slab, all_words_of_the_current_slab_serve)
{
    for (size_t c = 0; c < SLAB_CLASSES; c++) {
        uint32_t count = PAGE / sizes[c];
        begin();
        CHECK(take_many(sizes[c], count));
        for (int round = 0; round < 10; round++) {
            uint32_t nfreed = 1 + random_below(count);
            for (uint32_t i = 0; i < nfreed; i++) { /* NFREED of them to the front, and away */
                uint32_t j = i + random_below(count - i);
                uint8_t *object = objects[j];
                objects[j] = objects[i];
                objects[i] = object;
                CHECK_EQUAL(give(object), HEAP_FREED);
            }
            CHECK_EQUAL(slab_count_live(&heap, 0), count - nfreed);
            CHECK_HOLDS(check());
            for (uint32_t i = 0; i < nfreed; i++)
                CHECK(is_among(take(sizes[c]), 0, nfreed));
            CHECK_EQUAL(slab_count_live(&heap, 0), count);
        }
        CHECK_EQUAL(source.asked, 1);
        CHECK_HOLDS(check());
    }
}

CASE(slab, a_full_slab_is_listed_at_its_first_free)
{
    for (size_t c = 0; c < SLAB_CLASSES; c++) {
        struct slab_class *class = &heap.classes[c];
        uint32_t count = PAGE / sizes[c];
        for (uint32_t i = 0; i < count; i += 1 + count / 9) {
            begin();
            CHECK(take_many(sizes[c], 2 * count + 1));
            CHECK_EQUAL(class->newest, SLAB_NONE);
            CHECK_EQUAL(give(objects[count + i]), HEAP_FREED);
            CHECK_EQUAL(map[1].state, SLAB_LISTED);
            CHECK_EQUAL(map[1].until, count - 1);
            CHECK_EQUAL(class->newest, 1);
            CHECK_EQUAL(give(objects[i]), HEAP_FREED);
            CHECK_EQUAL(map[0].state, SLAB_LISTED);
            CHECK_EQUAL(class->newest, 0);
            CHECK_EQUAL(class->current, 2);
            CHECK_HOLDS(check());
        }
    }
}

/* A slab counts its live objects down, and at 0 its block goes back. */
CASE(slab, a_listed_slab_goes_back_with_its_last_object)
{
    for (size_t c = 0; c < SLAB_CLASSES; c++) {
        uint32_t count = PAGE / sizes[c];
        begin();
        CHECK(take_many(sizes[c], count + 1));
        for (uint32_t i = 0; i < count; i++) {
            CHECK_EQUAL(owners[0], A_SLAB);
            CHECK_EQUAL(give(objects[(i + 1) % count]), HEAP_FREED);
            CHECK(i + 1 == count || map[0].until == count - i - 1);
            CHECK_HOLDS(check());
        }
        CHECK_EQUAL(owners[0], NO_SLAB);
        CHECK_EQUAL(heap.classes[c].newest, SLAB_NONE);
        CHECK_EQUAL(nslabs(), 1);
        CHECK_HOLDS(check());
    }
}

CASE(slab, the_current_slab_stays_when_it_is_empty)
{
    for (size_t c = 0; c < SLAB_CLASSES; c++) {
        uint32_t count = PAGE / sizes[c];
        begin();
        CHECK(take_many(sizes[c], count));
        CHECK(give_many(0, count));
        CHECK_EQUAL(nslabs(), 1);
        CHECK_EQUAL(map[0].state, SLAB_CURRENT);
        CHECK_HOLDS(check());
        /* To and fro at the border takes no block and gives none back. */
        source.refuses = true;
        CHECK(take_many(sizes[c], count));
        for (int i = 0; i < 10; i++) {
            CHECK_EQUAL(give(objects[0]), HEAP_FREED);
            CHECK((objects[0] = take(sizes[c])) != NULL);
        }
        CHECK_EQUAL(source.asked, 1);
        CHECK_HOLDS(check());
    }
}

/* The numbers 0 to COUNT - 1 in a random order. */
static void shuffle(uint32_t *order, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t j = random_below(i + 1);
        order[i] = order[j];
        order[j] = i;
    }
}

CASE(slab, the_oldest_listed_slab_is_taken)
{
    enum { SLABS = 7, EACH = 8, SIZE = PAGE / EACH };
    for (int round = 0; round < 40; round++) {
        uint32_t order[SLABS], last[SLABS];
        begin();
        CHECK(take_many(SIZE, (SLABS + 1) * EACH));
        shuffle(order, SLABS);
        for (uint32_t i = 0; i < SLABS; i++)
            CHECK_EQUAL(give(objects[order[i] * EACH]), HEAP_FREED);
        shuffle(last, SLABS); /* in which order more is freed does not count */
        for (uint32_t i = 0; i < SLABS; i++)
            CHECK(give_many(last[i] * EACH + 1, last[i] * EACH + 1 + random_below(EACH - 1)));
        CHECK_HOLDS(check());
        uint32_t asked = source.asked;
        for (uint32_t i = 0; i < SLABS; i++) {
            uint32_t block = block_of(objects[order[i] * EACH]);
            uint32_t nfree = EACH - slab_count_live(&heap, block);
            for (uint32_t j = 0; j < nfree; j++) {
                CHECK_EQUAL(block_of(take(SIZE)), block);
                CHECK_EQUAL(map[block].state, SLAB_CURRENT);
            }
            CHECK_HOLDS(check());
        }
        CHECK_EQUAL(source.asked, asked);
        CHECK(take(SIZE) != NULL);
        CHECK_EQUAL(source.asked, asked + 1);
    }
}

/* Each of the listed slabs in turn: the others keep their order. */
CASE(slab, a_slab_that_goes_back_leaves_the_order_of_the_others)
{
    enum { SLABS = 5, EACH = 4, SIZE = PAGE / EACH };
    for (uint32_t first = 0; first < SLABS; first++)
        for (uint32_t second = 0; second < SLABS; second++) {
            begin();
            CHECK(take_many(SIZE, (SLABS + 1) * EACH));
            for (uint32_t i = 0; i < SLABS; i++)
                CHECK_EQUAL(give(objects[i * EACH]), HEAP_FREED);
            CHECK(give_many(first * EACH + 1, (first + 1) * EACH));
            CHECK_EQUAL(nslabs(), SLABS);
            CHECK_HOLDS(check());
            if (second != first)
                CHECK(give_many(second * EACH + 1, (second + 1) * EACH));
            CHECK_HOLDS(check());
            source.refuses = true;
            for (uint32_t i = 0; i < SLABS; i++)
                if (i != first && i != second)
                    CHECK(take(SIZE) == objects[i * EACH]);
            CHECK(take(SIZE) == NULL);
            CHECK_HOLDS(check());
        }
}

/* The count of a current slab begins at 0, and decides nothing when it is there again. */
CASE(slab, a_current_slab_may_be_freed_in_65536_times)
{
    static const size_t some[] = {16, 1024};
    for (size_t s = 0; s < 2; s++) {
        uint32_t count = (uint32_t)(PAGE / some[s]);
        begin();
        CHECK(take_many(some[s], 1));
        for (uint32_t i = 0; i < 3 * 65536u + 1; i++) {
            CHECK_EQUAL(give(objects[0]), HEAP_FREED);
            CHECK((objects[0] = take(some[s])) != NULL);
        }
        CHECK_EQUAL(source.asked, 1);
        CHECK_EQUAL(map[0].state, SLAB_CURRENT);
        CHECK_HOLDS(check());
        /* It becomes full, and goes back like any other. */
        for (uint32_t i = 1; i <= count; i++)
            CHECK((objects[i] = take(some[s])) != NULL);
        CHECK_EQUAL(map[0].state, SLAB_FULL);
        CHECK_HOLDS(check());
        CHECK(give_many(0, count));
        CHECK_EQUAL(owners[0], NO_SLAB);
        CHECK_HOLDS(check());
    }
}

/* A slab that was listed and is current again counts from 0 on, too. */
CASE(slab, a_slab_may_be_current_many_times)
{
    begin();
    CHECK(take_many(1024, 8));
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t full = i % 2 * 4, current = 4 - full; /* the first objects of both */
        CHECK(give_many(full, full + 2));
        CHECK_EQUAL(slab_of(objects[full])->until, 2);
        CHECK((objects[full] = take(1024)) != NULL);
        CHECK_EQUAL(slab_of(objects[full])->state, SLAB_CURRENT);
        CHECK_EQUAL(slab_of(objects[full])->until, 0);
        CHECK_EQUAL(slab_of(objects[current])->state, SLAB_FULL);
        CHECK((objects[full + 1] = take(1024)) != NULL);
        CHECK_HOLDS(check());
    }
    CHECK_EQUAL(source.asked, 2);
}

/* -- What is kept -- */

CASE(slab, an_empty_current_slab_is_kept_until_a_trim)
{
    begin();
    for (size_t c = 0; c < 10; c++)
        CHECK((objects[c] = take(sizes[c * 2])) != NULL);
    CHECK_EQUAL(slab_kept(&heap), 0);
    slab_trim(&heap);
    CHECK_EQUAL(nslabs(), 10);
    for (size_t c = 0; c < 6; c++) {
        CHECK_EQUAL(give(objects[c]), HEAP_FREED);
        CHECK_EQUAL(slab_kept(&heap), c + 1);
    }
    CHECK_EQUAL(nslabs(), 10);
    slab_trim(&heap);
    CHECK_EQUAL(nslabs(), 4);
    CHECK_EQUAL(slab_kept(&heap), 0);
    CHECK_HOLDS(check());
    for (size_t c = 0; c < 10; c++) {
        CHECK_EQUAL(owners[block_of(objects[c])], c < 6 ? NO_SLAB : A_SLAB);
        CHECK_EQUAL(heap.classes[c * 2].current == SLAB_NONE, c < 6);
    }
    /* They serve again, with other blocks. */
    for (size_t c = 0; c < 10; c++)
        CHECK(take(sizes[c * 2]) != NULL);
    CHECK_EQUAL(nslabs(), 10);
    CHECK_HOLDS(check());
}

/* Whichever single object is live in a current slab. */
CASE(slab, only_an_empty_slab_is_kept)
{
    for (size_t c = 0; c < SLAB_CLASSES; c++) {
        uint32_t count = PAGE / sizes[c];
        begin();
        CHECK(take_many(sizes[c], count));
        for (uint32_t i = 0; i < count; i++) {
            CHECK(give_many(0, i) && give_many(i + 1, count));
            CHECK_EQUAL(slab_kept(&heap), 0);
            slab_trim(&heap);
            CHECK_EQUAL(nslabs(), 1);
            CHECK_EQUAL(give(objects[i]), HEAP_FREED);
            CHECK_EQUAL(slab_kept(&heap), 1);
            CHECK(take_many(sizes[c], count));
        }
        CHECK_EQUAL(slab_kept(&heap), 0);
    }
}

/* Listed slabs and full ones are no concern of a trim. */
CASE(slab, a_trim_gives_back_current_slabs_only)
{
    begin();
    CHECK(take_many(512, 25));
    CHECK_EQUAL(give(objects[0]), HEAP_FREED);
    CHECK_EQUAL(give(objects[24]), HEAP_FREED);
    CHECK_EQUAL(nslabs(), 4);
    CHECK_EQUAL(slab_kept(&heap), 1);
    slab_trim(&heap);
    CHECK_EQUAL(nslabs(), 3);
    CHECK_HOLDS(check());
    CHECK(take(512) == objects[0]);
    CHECK_EQUAL(slab_of(objects[0])->state, SLAB_CURRENT);
    CHECK_HOLDS(check());
    CHECK(give_many(8, 24));
    CHECK_EQUAL(nslabs(), 1);
    CHECK_HOLDS(check());
}

/* -- Without memory -- */

CASE(slab, a_refusing_source_gives_null_and_works_again_later)
{
    for (size_t c = 0; c < SLAB_CLASSES; c++) {
        uint32_t count = PAGE / sizes[c];
        begin();
        source.refuses = true;
        remember();
        CHECK(take(sizes[c]) == NULL);
        CHECK(take(sizes[c]) == NULL);
        CHECK(nothing_has_changed());
        CHECK_EQUAL(source.refused, 2);
        source.refuses = false;
        CHECK(take_many(sizes[c], count));
        source.refuses = true;
        CHECK(take(sizes[c]) == NULL);
        CHECK_HOLDS(check());
        CHECK(take(sizes[c]) == NULL);
        /* A slab that is full without another one being current is listed like any. */
        CHECK_EQUAL(give(objects[count - 1]), HEAP_FREED);
        CHECK_HOLDS(check());
        CHECK(take(sizes[c]) == objects[count - 1]);
        CHECK(take(sizes[c]) == NULL);
        CHECK(give_many(0, count));
        CHECK_EQUAL(nslabs(), 0);
        CHECK_HOLDS(check());
        source.refuses = false;
        CHECK(take(sizes[c]) != NULL);
        CHECK_HOLDS(check());
    }
}

CASE(slab, every_object_of_every_block_is_served)
{
    for (size_t c = 0; c < SLAB_CLASSES; c++) {
        uint32_t count = PAGE / sizes[c];
        begin();
        CHECK(take_many(sizes[c], (size_t)BLOCKS * count));
        CHECK(take(sizes[c]) == NULL);
        CHECK_EQUAL(nslabs(), BLOCKS);
        CHECK_HOLDS(check());
        CHECK(give_many(0, (size_t)BLOCKS * count));
        CHECK_EQUAL(nslabs(), 0);
        CHECK_HOLDS(check());
    }
}

/* -- Random work, against who has which 16 bytes -- */

enum { LIVE = 400, NOBODY = 0xffff };

static struct {
    uint16_t sizes[BLOCKS]; /* of the objects of a block, while it is a slab */
    uint16_t nlive[BLOCKS]; /* of them */
    uint32_t at[LIVE];      /* where in the arena; of use where it is live */
    bool live[LIVE];
} shadow;

/* Of each 16 bytes the number of a live object. */
#define holders (shared->table)
_Static_assert(BLOCKS *MOST * 2 <= TABLE_BYTES, "there is room for all of them");

/* Whether all 16 bytes of the SIZE bytes at OFFSET are HOLDER's; then they are NEXT's. */
static bool hand_over(size_t offset, size_t size, size_t holder, size_t next)
{
    for (size_t at = offset / SLAB_STEP; at < (offset + size) / SLAB_STEP; at++) {
        if (at >= BLOCKS * MOST || holders[at] != holder)
            return false;
        holders[at] = (uint16_t)next;
    }
    return true;
}

/* NULL, or what is wrong. */
static const char *try_take(size_t i, size_t nbytes)
{
    uint32_t refused = source.refused, size = 0;
    for (size_t c = 0; size < nbytes; c++)
        size = sizes[c];
    bool is_free = false; /* some object of the size */
    for (uint32_t block = 0; block < BLOCKS; block++)
        is_free |= owners[block] == A_SLAB && shadow.sizes[block] == size &&
                   shadow.nlive[block] < PAGE / size;
    uint32_t asked = source.asked;
    uint8_t *object = take(nbytes);
    if (is_free && source.asked != asked)
        return "a block is asked for, and an object is free";
    if (!object)
        return source.refused > refused ? NULL : "an object is not served, and there is memory";
    size_t offset = offset_of(object), block = offset / PAGE;
    if (block >= BLOCKS || owners[block] != A_SLAB || offset % SLAB_STEP != 0 ||
        (PAGE - offset % PAGE) % size != 0)
        return "an object lies where none does";
    if (shadow.nlive[block] > 0 && shadow.sizes[block] != size)
        return "a block has objects of two sizes";
    if (!hand_over(offset, size, NOBODY, i))
        return "an object lies over another";
    shadow.sizes[block] = (uint16_t)size;
    shadow.nlive[block]++;
    shadow.at[i] = (uint32_t)offset;
    shadow.live[i] = true;
    return NULL;
}

static const char *try_give(size_t i)
{
    size_t offset = shadow.at[i], block = offset / PAGE;
    if (!hand_over(offset, shadow.sizes[block], i, NOBODY))
        return "an object was cut";
    shadow.live[i] = false;
    shadow.nlive[block]--;
    if (give_at(offset) != HEAP_FREED)
        return "a right free is refused";
    if (owners[block] != A_SLAB)
        return shadow.nlive[block] ? "a block goes back with live objects" : NULL;
    return give_at(offset) == HEAP_ALREADY_FREE ? NULL : "an object is freed twice";
}

/* Any byte of the blocks, as a pointer: it is judged as the shadow says, and freed only so. */
static const char *try_anything(size_t offset)
{
    size_t block = offset / PAGE;
    if (owners[block] != A_SLAB)
        return NULL;
    uint16_t size = shadow.sizes[block], holder = holders[offset / SLAB_STEP];
    if ((PAGE - offset % PAGE) % size != 0)
        return give_at(offset) == HEAP_NOT_FIRST ? NULL : "no object begins here, and it is freed";
    if (holder != NOBODY)
        return slab_judge(&heap, block, offset) == HEAP_FREED ? try_give(holder)
                                                              : "a live object is misjudged";
    return give_at(offset) == HEAP_ALREADY_FREE ? NULL : "a free object is freed";
}

static const char *compare_with_shadow(void)
{
    uint32_t nempty = 0;
    for (uint32_t block = 0; block < BLOCKS; block++) {
        if (owners[block] != A_SLAB)
            continue;
        nempty += shadow.nlive[block] == 0;
        if (slab_count_live(&heap, (block_t)block) != shadow.nlive[block])
            return "a slab has another number of live objects";
    }
    return slab_kept(&heap) == nempty ? check() : "an empty slab is not kept, or another one is";
}

CASE(slab, random_work_agrees_with_a_shadow)
{
    enum { STEPS = 50000 };
    begin();
    seed = 2024;
    memset(&shadow, 0, sizeof shadow);
    memset(holders, 0xff, sizeof holders);
    for (uint32_t step = 0; step < STEPS; step++) {
        uint32_t phase = step / 5000, i = random_below(LIVE), how = random_below(64);
        source.refuses = phase % 3 == 2 && random_below(2) == 0;
        uint32_t most = random_below(2) ? 200 : random_below(16) ? 64 : SLAB_LARGEST;
        size_t nbytes = phase % 2 ? sizes[phase] : 1 + random_below(most);
        if (how == 0)
            slab_trim(&heap);
        else if (how < 16)
            CHECK_HOLDS(try_anything(random_below(BLOCKS * PAGE)));
        else if (shadow.live[i])
            CHECK_HOLDS(try_give(i));
        else if (how < 60 - phase)
            CHECK_HOLDS(try_take(i, nbytes));
        if (step % 32 == 0)
            CHECK_HOLDS(compare_with_shadow());
    }
    CHECK(source.refused > 0);
    for (size_t i = 0; i < LIVE; i++)
        CHECK_HOLDS(shadow.live[i] ? try_give(i) : NULL);
    CHECK_HOLDS(compare_with_shadow());
    slab_trim(&heap);
    CHECK_EQUAL(nslabs(), 0);
    CHECK_HOLDS(check());
}

/* -- The check: every sentence of it -- */

/* Four slabs of eight objects of 512 bytes, by their states, and one of 51 objects of 80. */
enum { FULL, LISTED, LISTED_LATER, CURRENT, OF_80 };
enum { C80 = 4, C512 = 22, UNUSED = 10 };

static bool make_all_states(void)
{
    begin();
    if (!take_many(512, 3 * 8 + 2) || give(objects[8]) || give(objects[16]) || give(objects[17]))
        return false;
    bool made = true;
    for (int i = 0; i < 40; i++)
        made &= take(80) != NULL;
    remember();
    return made && map[FULL].state == SLAB_FULL && map[LISTED].state == SLAB_LISTED &&
           map[LISTED_LATER].state == SLAB_LISTED && map[CURRENT].state == SLAB_CURRENT &&
           map[OF_80].state == SLAB_CURRENT && heap.classes[UNUSED].current == SLAB_NONE &&
           !check();
}

#define CHECK_SEES(sentence, damage)                                                               \
    do {                                                                                           \
        damage;                                                                                    \
        const char *verdict_ = check();                                                            \
        repair();                                                                                  \
        CHECK(verdict_ != NULL);                                                                   \
        CHECK_TEXT(verdict_, sentence);                                                            \
        CHECK_HOLDS(check());                                                                      \
    } while (0)

/* Makes a class one of objects of SIZE, right by itself. */
static void change_class(struct slab_class *class, uint32_t size)
{
    class->size = size;
    class->count = PAGE / size;
    class->inverse = (1u << SLAB_SHIFT) / size;
}

CASE(slab, check_sees_a_wrong_class)
{
    static const char *const wrong =
        "a size class is wrong on its size or on how many objects a slab has";
    CHECK(make_all_states());
    for (uint32_t i = 0; i < SLAB_CLASSES; i++) {
        struct slab_class *class = &heap.classes[i];
        CHECK_SEES(wrong, class->size = 0);
        CHECK_SEES(wrong, class->size += 4);
        CHECK_SEES(wrong, class->count++);
        CHECK_SEES(wrong, class->count--);
        CHECK_SEES(wrong, class->inverse++);
        CHECK_SEES(wrong, class->inverse--);
        CHECK_SEES(wrong, class->none = 1);
        CHECK_SEES(wrong, class->none = 1u << 31);
        if (i > 0)
            CHECK_SEES(wrong, change_class(class, class[-1].size));
    }
    CHECK_SEES(wrong, change_class(&heap.classes[0], 24));
    CHECK_SEES(wrong, change_class(&heap.classes[SLAB_CLASSES - 1], SLAB_LARGEST + SLAB_STEP));
}

CASE(slab, check_sees_a_wrong_class_of_a_size)
{
    static const char *const wrong = "a size has another class than the smallest that holds it";
    CHECK(make_all_states());
    for (uint32_t i = 0; i < SLAB_LARGEST / SLAB_STEP; i++) {
        CHECK_SEES(wrong, heap.offsets[i] += (uint16_t)sizeof(struct slab_class));
        CHECK_SEES(wrong, heap.offsets[i]--);
    }
    CHECK_SEES(wrong, change_class(&heap.classes[SLAB_CLASSES - 2], 816 - SLAB_STEP));
    CHECK_SEES("the largest size has no class",
               change_class(&heap.classes[SLAB_CLASSES - 1], SLAB_LARGEST - SLAB_STEP));
}

CASE(slab, check_sees_a_slab_of_another_class_or_size)
{
    CHECK(make_all_states());
    for (uint32_t block = FULL; block <= OF_80; block++) {
        struct slab *slab = &map[block];
        static const char *const no_class = "a slab has a class that does not exist";
        static const char *const size = "a slab has another size than its class";
        CHECK_SEES(no_class, slab->class = SLAB_CLASSES);
        CHECK_SEES(no_class, slab->class = UINT8_MAX);
        CHECK_SEES(size, slab->class += 1);
        CHECK_SEES(size, slab->size += SLAB_STEP);
        CHECK_SEES(size, slab->inverse--);
        CHECK_SEES(size, slab->last++);
        CHECK_SEES("a slab has a state that does not exist", slab->state = SLAB_CURRENT + 1);
        CHECK_SEES("a slab has a state that does not exist", slab->state = UINT8_MAX);
    }
    static const char *const free_one = "an object is free that does not exist";
    CHECK_SEES(free_one, bits[FULL][0] |= 1u << 8);
    CHECK_SEES(free_one, bits[FULL][0] |= 1u << 31);
    CHECK_SEES(free_one, bits[CURRENT][0] |= 1u << 8);
    CHECK_SEES(free_one, bits[OF_80][1] |= 1u << 19);
    CHECK_SEES(free_one, bits[OF_80][1] |= 1u << 31);
    /* Of words that have no objects nothing is known. */
    bits[OF_80][2] = bits[FULL][1] = UINT32_MAX;
    CHECK_HOLDS(check());
}

CASE(slab, check_sees_a_slab_in_another_state)
{
    static const char *const full = "a full slab has a free object";
    static const char *const two = "two slabs of a class are current";
    static const char *const listed =
        "a listed slab has another number of live objects than it knows of";
    CHECK(make_all_states());
    CHECK_SEES(full, bits[FULL][0] |= 1);
    CHECK_SEES(full, bits[FULL][0] |= 1u << 7);
    CHECK_SEES(full, map[FULL].until = 0);
    CHECK_SEES(full, map[FULL].until = 2);
    CHECK_SEES(full, map[LISTED].state = SLAB_FULL);
    CHECK_SEES(full, map[CURRENT].state = SLAB_FULL);
    for (uint32_t block = LISTED; block <= LISTED_LATER; block++) {
        struct slab *slab = &map[block];
        CHECK_SEES(listed, slab->until++);
        CHECK_SEES(listed, slab->until--);
        CHECK_SEES(listed, bits[block][0] ^= 1);
        CHECK_SEES(listed, bits[block][0] ^= 1u << 7);
        CHECK_SEES(listed, (bits[block][0] = 0, slab->until = 8));
        CHECK_SEES(listed, (bits[block][0] = 0xff, slab->until = 0));
    }
    CHECK_SEES(listed, map[FULL].state = SLAB_LISTED);
    CHECK_SEES(two, map[FULL].state = SLAB_CURRENT);
    CHECK_SEES(two, map[LISTED].state = SLAB_CURRENT);
    CHECK_SEES(two, heap.classes[C512].current = LISTED);
    CHECK_SEES(two, heap.classes[C512].current = SLAB_NONE);
}

CASE(slab, check_sees_a_wrong_current_slab)
{
    static const char *const none = "a class's current slab is none of its slabs";
    static const char *const without = "a class without a slab has a word of one";
    static const char *const elsewhere = "a class's objects lie elsewhere than its word says";
    static const char *const others = "a class's word is not its current slab's";
    CHECK(make_all_states());
    struct slab_class *unused = &heap.classes[UNUSED], *of_80 = &heap.classes[C80];
    CHECK_SEES(none, unused->current = BLOCKS);
    CHECK_SEES(none, unused->current = 1u << 31);
    CHECK_SEES(none, unused->current = OF_80 + 1);
    CHECK_SEES(none, unused->current = CURRENT);
    CHECK_SEES(none, unused->current = FULL);
    CHECK_SEES(none, owners[CURRENT] = NO_SLAB);
    CHECK_SEES(none, (owners[OF_80] = NO_SLAB, of_80->current = FULL));
    CHECK_SEES(none, (owners[CURRENT] = NO_SLAB, heap.classes[C512].current = FULL));
    CHECK_SEES(without, unused->word = of_80->word);
    CHECK_SEES(without, unused->word = NULL);
    CHECK_SEES(without, unused->word = &of_80->none);
    CHECK(of_80->word == &bits[OF_80][1]);
    CHECK_SEES(elsewhere, of_80->first += SLAB_STEP);
    CHECK_SEES(elsewhere, of_80->first -= PAGE);
    CHECK_SEES(elsewhere, of_80->word--);
    CHECK_SEES(elsewhere, heap.start -= PAGE);
    CHECK_SEES(others, of_80->word++);
    CHECK_SEES(others, of_80->word = &of_80->none);
    CHECK_SEES(others, of_80->word = bits[CURRENT]);
    CHECK_SEES(others, of_80->word = NULL);
}

CASE(slab, check_sees_a_wrong_list)
{
    static const char *const wrong =
        "the list of a class is not that of its slabs with free objects";
    CHECK(make_all_states());
    struct slab_class *class = &heap.classes[C512];
    CHECK(class->newest == LISTED_LATER && runs[LISTED_LATER].older == LISTED);
    CHECK_SEES(wrong, class->newest = SLAB_NONE);
    CHECK_SEES(wrong, class->newest = BLOCKS);
    CHECK_SEES(wrong, class->newest = FULL);
    CHECK_SEES(wrong, class->newest = OF_80);
    CHECK_SEES(wrong, class->newest = OF_80 + 1);
    CHECK_SEES(wrong, heap.classes[UNUSED].newest = LISTED);
    CHECK_SEES(wrong, heap.classes[C80].newest = LISTED);
    CHECK_SEES(wrong, owners[LISTED] = NO_SLAB);
    CHECK_SEES(wrong, owners[LISTED_LATER] = NO_SLAB);
    for (uint32_t block = LISTED; block <= LISTED_LATER; block++) {
        struct heap_run *run = &runs[block];
        CHECK_SEES(wrong, run->older = block);
        CHECK_SEES(wrong, run->newer = block);
        CHECK_SEES(wrong, run->older = FULL);
        CHECK_SEES(wrong, run->newer = FULL);
        CHECK_SEES(wrong, run->older = BLOCKS);
        CHECK_SEES(wrong, run->newer = BLOCKS);
        CHECK_SEES(wrong, run->older = SLAB_NONE);
        /* A ring that leaves the other one out. */
        CHECK_SEES(wrong, (run->older = run->newer = block, class->newest = block));
        /* A ring with a full one instead. */
        uint32_t other = LISTED + LISTED_LATER - block;
        CHECK_SEES(wrong, (run->older = run->newer = FULL,
                           runs[FULL].older = runs[FULL].newer = block, class->newest = block));
        CHECK_SEES(wrong, (run->older = run->newer = OF_80,
                           runs[OF_80].older = runs[OF_80].newer = block, class->newest = block));
        /* A ring with one more. */
        CHECK_SEES(wrong, (run->older = FULL, runs[FULL].newer = block, runs[FULL].older = other,
                           runs[other].newer = FULL));
    }
}
