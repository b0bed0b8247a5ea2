/* Objects of 513 bytes to 32 KB, from an arena whose blocks are counted and can run out. */
#include "memory/heap/pieces.h"

#include "arena.h"
#include "case.h"
#include "memory/memory.h"

enum { BLOCKS = 40, EVER = 1 << 30, UNIT = 64, UNITS = BLOCKS * 4096 / UNIT };

static struct slab *by_block[BLOCKS];
static struct slab_heap slabs;
static struct pieces_heap heap;

static struct {
    bool taken[BLOCKS], wrong;
    size_t ntaken;
    int left, calls; /* successes until one call fails, and calls so far */
} source;

static void *get_blocks(void *context, size_t nblocks)
{
    (void)context;
    source.calls++;
    if (source.left-- <= 0)
        return NULL;
    for (size_t first = 0, length = 0; first + length < BLOCKS;) {
        if (source.taken[first + length]) {
            first += length + 1;
            length = 0;
        } else if (++length == nblocks) {
            for (size_t i = first; i < first + nblocks; i++)
                source.taken[i] = true;
            source.ntaken += nblocks;
            return arena[first];
        }
    }
    return NULL;
}

static void put_blocks(void *context, void *blocks, size_t nblocks)
{
    (void)context;
    size_t first = (size_t)((uint8_t *)blocks - arena[0]) / HEAP_BLOCK_SIZE;
    for (size_t i = first; i < first + nblocks; i++) {
        if (i >= BLOCKS || !source.taken[i]) {
            source.wrong = true;
            return;
        }
        source.taken[i] = false;
        source.ntaken--;
    }
}

static void begin(void)
{
    memset(&source, 0, sizeof source);
    source.left = EVER;
    slab_init(&slabs, (struct slab_source){get_blocks, put_blocks, NULL}, arena, BLOCKS, by_block);
    pieces_init(&heap, &slabs);
}

/* All that is kept is given back: whether that is all. */
static bool nothing_is_left(void)
{
    (void)pieces_trim(&heap);
    (void)slab_trim(&slabs);
    return source.ntaken == 0 && !source.wrong && heap.blocks == 0;
}

static const size_t piece_sizes[PIECES_TIERS] = {64, 256, 1024};

static size_t piece_for(size_t nbytes)
{
    return piece_sizes[nbytes <= 2048 ? 0 : nbytes <= 8192 ? 1 : 2];
}

static size_t whole_pieces(size_t nbytes)
{
    size_t piece = piece_for(nbytes);
    return (nbytes + piece - 1) / piece * piece;
}

static struct slab *group_of(const void *pointer)
{
    return slab_of(&slabs, pointer);
}

static int give_or_keep(void *pointer)
{
    return pieces_free(&heap, group_of(pointer), pointer);
}

/* What is freed goes to its group at once. */
static int give(void *pointer)
{
    int refusal = give_or_keep(pointer);
    pieces_release_kept(&heap);
    return refusal;
}

static size_t size_at(const void *pointer)
{
    return pieces_size(group_of(pointer), pointer, NULL);
}

static bool same_statistics(struct pieces_statistics was)
{
    struct pieces_statistics is = pieces_statistics(&heap);
    return is.allocations == was.allocations && is.bytes == was.bytes && is.blocks == was.blocks;
}

CASE(pieces, every_size_is_served_in_few_equal_pieces)
{
    begin();
    for (size_t nbytes = SLAB_LARGEST + 1; nbytes <= PIECES_LARGEST; nbytes++) {
        size_t piece = piece_for(nbytes), size = whole_pieces(nbytes);
        uint8_t *object = pieces_malloc(&heap, nbytes);
        CHECK(object != NULL);
        CHECK_EQUAL((uintptr_t)object % piece, 0);
        struct slab *group = group_of(object);
        CHECK(group != NULL && group_of(object + nbytes - 1) == group);
        int refusal = 0;
        CHECK_EQUAL(pieces_size(group, object, &refusal), size);
        CHECK_EQUAL(refusal, 0);
        CHECK(size / piece >= 9 && size / piece <= 32 && (size - nbytes) * 8 <= nbytes);
        struct pieces_statistics statistics = pieces_statistics(&heap);
        CHECK(statistics.allocations == 1 && statistics.bytes == size);
        CHECK_EQUAL(pieces_free(&heap, group, object), HEAP_FREED);
    }
    CHECK_HOLDS(pieces_check(&heap));
    CHECK_HOLDS(slab_check(&slabs));
    CHECK_EQUAL(pieces_statistics(&heap).allocations, 0);
    CHECK(nothing_is_left());
}

/* A group has 64 pieces, and its blocks are marked as its own. */
CASE(pieces, a_group_is_filled_to_the_last_piece)
{
    for (size_t tier = 0; tier < PIECES_TIERS; tier++)
        for (size_t count = 2; count <= 7; count++) {
            begin();
            size_t piece = piece_sizes[tier], length = PIECES_A_GROUP / count;
            for (size_t i = 0; i < count; i++) {
                uint8_t *object = pieces_malloc(&heap, length * piece);
                CHECK(object != NULL);
                for (size_t b = 0; b < length * piece; b += UNIT)
                    CHECK(group_of(object + b) == group_of(object));
            }
            CHECK_EQUAL(heap.blocks, piece * PIECES_A_GROUP / HEAP_BLOCK_SIZE);
            CHECK_EQUAL(pieces_statistics(&heap).blocks, heap.blocks);
            CHECK_EQUAL(source.ntaken, heap.blocks + slabs.blocks);
            CHECK_HOLDS(pieces_check(&heap));
        }
}

/* What is live, by its own account: which units of 64 bytes are whose. */
enum { LIVE = 48 };

static struct live {
    uint8_t *bytes;
    size_t nbytes, size;
} live[LIVE];
static bool used[UNITS];

static size_t unit_of(const void *address)
{
    return (size_t)((const uint8_t *)address - arena[0]) / UNIT;
}

static bool units_are(const uint8_t *from, size_t nbytes, bool value)
{
    for (size_t unit = unit_of(from); unit < unit_of(from) + nbytes / UNIT; unit++)
        if (unit >= UNITS || used[unit] != value)
            return false;
    return true;
}

static void mark_units(const uint8_t *from, size_t nbytes, bool value)
{
    memset(&used[unit_of(from)], value, nbytes / UNIT);
}

static bool holds_its_bytes(const uint8_t *bytes, size_t nbytes, size_t value)
{
    for (size_t b = 0; b < nbytes; b++)
        if (bytes[b] != (uint8_t)value)
            return false;
    return true;
}

/* Whether the allocation may become NBYTES long where it is. */
static bool has_room(const struct live *object, size_t nbytes)
{
    if (nbytes <= SLAB_LARGEST || nbytes > PIECES_LARGEST ||
        piece_for(nbytes) != piece_for(object->nbytes))
        return false;
    size_t size = whole_pieces(nbytes);
    for (size_t at = object->size; at < size; at += UNIT) {
        const uint8_t *unit = object->bytes + at;
        if (unit_of(unit) >= UNITS || used[unit_of(unit)] ||
            group_of(unit) != group_of(object->bytes))
            return false;
    }
    return true;
}

static bool try_malloc(size_t i, size_t nbytes)
{
    uint8_t *bytes = pieces_malloc(&heap, nbytes);
    if (!bytes)
        return true;
    size_t size = size_at(bytes);
    if (size != whole_pieces(nbytes) || !units_are(bytes, size, false))
        return false;
    mark_units(bytes, size, true);
    memset(bytes, (int)i, size);
    live[i] = (struct live){bytes, nbytes, size};
    return true;
}

static bool try_free(size_t i)
{
    struct live was = live[i];
    live[i].bytes = NULL;
    mark_units(was.bytes, was.size, false);
    return holds_its_bytes(was.bytes, was.size, i) && give(was.bytes) == HEAP_FREED;
}

static bool try_resize(size_t i, size_t nbytes)
{
    struct live *object = &live[i];
    bool fits = has_room(object, nbytes);
    if (pieces_resize(&heap, group_of(object->bytes), object->bytes, nbytes) != fits)
        return false;
    if (fits) {
        mark_units(object->bytes, object->size, false);
        object->nbytes = nbytes;
        object->size = whole_pieces(nbytes);
        mark_units(object->bytes, object->size, true);
        memset(object->bytes, (int)i, object->size);
    }
    return size_at(object->bytes) == object->size;
}

/* Random work on a shadow that knows only who has which bytes, and so what can be resized. */
CASE(pieces, objects_never_overlap_and_grow_where_there_is_room)
{
    enum { ROUNDS = 6000 };
    begin();
    memset(live, 0, sizeof live);
    memset(used, 0, sizeof used);
    uint32_t seed = 4711;
    for (int round = 0; round < ROUNDS; round++) {
        seed = seed * 1664525u + 1013904223u;
        size_t i = (seed >> 24) % LIVE;
        size_t nbytes = 513 + (seed >> 8) % (round % 3 == 0 ? 1536 : round % 3 == 1 ? 7680 : 32256);
        if (!live[i].bytes)
            CHECK(try_malloc(i, nbytes));
        else if (seed & 0x80)
            CHECK(try_free(i));
        else
            CHECK(try_resize(i, seed & 0x40 ? nbytes : live[i].nbytes + (seed >> 10) % 2000));
        if (round % 100 == 0) {
            CHECK_HOLDS(pieces_check(&heap));
            CHECK_HOLDS(slab_check(&slabs));
        }
    }
    for (size_t i = 0; i < LIVE; i++)
        CHECK(!live[i].bytes || try_free(i));
    CHECK_HOLDS(pieces_check(&heap));
    CHECK(nothing_is_left());
}

/* Every byte of a group as a pointer: only where an allocation begins is it one. */
CASE(pieces, b5_b6_wrong_frees_are_refused)
{
    static const size_t lengths[] = {9, 12, 10, 9, 11, 10}; /* and two or three pieces are free */
    enum { COUNT = sizeof lengths / sizeof lengths[0] };
    for (size_t tier = 0; tier < PIECES_TIERS; tier++) {
        begin();
        size_t piece = piece_sizes[tier];
        uint8_t *objects[COUNT];
        bool taken[PIECES_A_GROUP] = {false}, first[PIECES_A_GROUP] = {false};
        for (size_t i = 0; i < COUNT; i++)
            CHECK((objects[i] = pieces_malloc(&heap, lengths[i] * piece)) != NULL);
        struct slab *group = group_of(objects[0]);
        uint8_t *start = group->origin + 1;
        for (size_t i = 0; i < COUNT; i++) {
            CHECK(group_of(objects[i]) == group);
            if (i == 1 || i == 4) {
                CHECK_EQUAL(give(objects[i]), HEAP_FREED);
                continue;
            }
            size_t begins = (size_t)(objects[i] - start) / piece;
            first[begins] = true;
            for (size_t p = begins; p < begins + lengths[i]; p++)
                taken[p] = true;
        }
        struct pieces_statistics was = pieces_statistics(&heap);
        for (size_t offset = 0; offset < PIECES_A_GROUP * piece; offset++) {
            size_t p = offset / piece;
            if (offset % piece == 0 && first[p])
                continue;
            int refusal = 0, got = pieces_free(&heap, group, start + offset);
            /* Inside of a free piece both reasons are true. */
            CHECK(got == (taken[p] ? HEAP_NOT_FIRST : HEAP_ALREADY_FREE) ||
                  (!taken[p] && offset % piece != 0 && got == HEAP_NOT_FIRST));
            CHECK_EQUAL(pieces_size(group, start + offset, &refusal), 0);
            CHECK_EQUAL(refusal, got);
            CHECK(!pieces_resize(&heap, group, start + offset, 9 * piece));
        }
        CHECK(same_statistics(was));
        CHECK_HOLDS(pieces_check(&heap));
        for (size_t i = 0; i < COUNT; i++) {
            CHECK_EQUAL(give(objects[i]), i == 1 || i == 4 ? HEAP_ALREADY_FREE : HEAP_FREED);
            CHECK_EQUAL(give(objects[i]), HEAP_ALREADY_FREE);
            CHECK_EQUAL(pieces_size(group, objects[i], NULL), 0);
        }
        CHECK_EQUAL(pieces_statistics(&heap).allocations, 0);
        CHECK_HOLDS(pieces_check(&heap));
        CHECK(nothing_is_left());
    }
}

/* A group of four times 16 pieces, their contents by their places; the first in OBJECTS[0]. */
static bool make_four(size_t piece, uint8_t *objects[4])
{
    uint8_t *start = NULL;
    begin();
    for (size_t i = 0; i < 4; i++) {
        uint8_t *object = pieces_malloc(&heap, 16 * piece);
        if (!object)
            return false;
        start = group_of(object)->origin + 1;
    }
    for (size_t i = 0; i < 4; i++) {
        objects[i] = start + i * 16 * piece;
        if (size_at(objects[i]) != 16 * piece)
            return false;
        memset(objects[i], (int)(0x50 + i), 16 * piece);
    }
    return true;
}

static bool neighbours_are_whole(uint8_t *objects[4], size_t except, size_t piece)
{
    for (size_t i = 0; i < 4; i++)
        if (i != except && !holds_its_bytes(objects[i], 16 * piece, 0x50 + i))
            return false;
    return true;
}

CASE(pieces, resize_shrinks_and_grows_into_what_is_free)
{
    for (size_t tier = 0; tier < PIECES_TIERS; tier++) {
        size_t piece = piece_sizes[tier];
        uint8_t *objects[4];
        CHECK(make_four(piece, objects));
        struct slab *group = group_of(objects[0]);
        /* Next to a taken one: only what it has. */
        for (size_t nbytes = 15 * piece + 1; nbytes <= 16 * piece; nbytes++)
            CHECK(pieces_resize(&heap, group, objects[1], nbytes));
        CHECK(!pieces_resize(&heap, group, objects[1], 16 * piece + 1));
        CHECK_EQUAL(size_at(objects[1]), 16 * piece);
        /* Shorter and longer again. */
        CHECK(pieces_resize(&heap, group, objects[1], 8 * piece + 1));
        CHECK_EQUAL(size_at(objects[1]), 9 * piece);
        CHECK_EQUAL(pieces_statistics(&heap).bytes, (3 * 16 + 9) * piece);
        CHECK_HOLDS(pieces_check(&heap));
        CHECK_EQUAL(give(objects[1] + 9 * piece), HEAP_ALREADY_FREE);
        CHECK(pieces_resize(&heap, group, objects[1], 12 * piece));
        CHECK_EQUAL(give(objects[1] + 9 * piece), HEAP_NOT_FIRST);
        CHECK(pieces_resize(&heap, group, objects[1], 16 * piece));
        CHECK(!pieces_resize(&heap, group, objects[1], 17 * piece));
        CHECK(neighbours_are_whole(objects, 4, piece));
        CHECK_HOLDS(pieces_check(&heap));
        /* Into the place of one that is gone, as far as the next; and what is left serves. */
        CHECK_EQUAL(give(objects[2]), HEAP_FREED);
        CHECK(pieces_resize(&heap, group, objects[1], 22 * piece));
        void *between = pieces_malloc(&heap, 10 * piece);
        CHECK(between == objects[1] + 22 * piece);
        CHECK(!pieces_resize(&heap, group, objects[1], 23 * piece));
        CHECK_EQUAL(give(between), HEAP_FREED);
        CHECK(pieces_resize(&heap, group, objects[1], 32 * piece));
        CHECK_EQUAL(size_at(objects[1]), 32 * piece);
        CHECK_EQUAL(heap.blocks, piece * PIECES_A_GROUP / HEAP_BLOCK_SIZE);
        CHECK(holds_its_bytes(objects[0], 16 * piece, 0x50));
        CHECK(holds_its_bytes(objects[1], 16 * piece, 0x51));
        CHECK(holds_its_bytes(objects[3], 16 * piece, 0x53));
        CHECK_HOLDS(pieces_check(&heap));
        CHECK_EQUAL(give(objects[0]), HEAP_FREED);
        CHECK_EQUAL(give(objects[1]), HEAP_FREED);
        CHECK_EQUAL(give(objects[3]), HEAP_FREED);
        CHECK(nothing_is_left());
    }
}

CASE(pieces, resize_never_leaves_its_tier_or_group)
{
    for (size_t tier = 0; tier < PIECES_TIERS; tier++) {
        size_t piece = piece_sizes[tier];
        uint8_t *objects[4];
        CHECK(make_four(piece, objects));
        struct slab *group = group_of(objects[0]);
        /* Behind the group's end there is another, all free but for its last pieces, perhaps. */
        if (tier < 2) {
            void *other = pieces_malloc(&heap, 9 * piece);
            CHECK(other != NULL && group_of(other) != group);
            CHECK_EQUAL(give(other), HEAP_FREED);
        }
        CHECK_EQUAL(give(objects[2]), HEAP_FREED);
        CHECK(!pieces_resize(&heap, group, objects[3], 17 * piece));
        CHECK(!pieces_resize(&heap, group, objects[3], 32 * piece));
        struct pieces_statistics was = pieces_statistics(&heap);
        const size_t others[] = {0,
                                 1,
                                 512,
                                 8 * piece,
                                 32 * piece + 1,
                                 PIECES_LARGEST + 1,
                                 SIZE_MAX / 2,
                                 SIZE_MAX - 1023,
                                 SIZE_MAX - 62,
                                 SIZE_MAX};
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
            CHECK(!pieces_resize(&heap, group, objects[1], others[i]));
            CHECK(!pieces_resize(&heap, group, objects[3], others[i]));
        }
        CHECK(!pieces_resize(&heap, group, objects[2], 16 * piece)); /* freed */
        CHECK(!pieces_resize(&heap, group, objects[1] + piece, 9 * piece));
        CHECK(!pieces_resize(&heap, group, objects[1] + 1, 9 * piece));
        CHECK(same_statistics(was));
        CHECK_EQUAL(size_at(objects[1]), 16 * piece);
        CHECK_EQUAL(size_at(objects[3]), 16 * piece);
        CHECK(neighbours_are_whole(objects, 2, piece));
        CHECK_HOLDS(pieces_check(&heap));
    }
}

CASE(pieces, one_empty_group_of_each_tier_is_kept)
{
    begin();
    size_t wanted = 0;
    for (size_t tier = 0; tier < PIECES_TIERS; tier++) {
        size_t nbytes = 32 * piece_sizes[tier];
        uint8_t *objects[4];
        if (tier == 2) { /* there are blocks for two such groups, if for nothing else */
            CHECK_EQUAL(pieces_trim(&heap), 5);
            CHECK_EQUAL(heap.blocks, 0);
            wanted = 0;
        }
        for (size_t i = 0; i < 4; i++)
            CHECK((objects[i] = pieces_malloc(&heap, nbytes)) != NULL);
        size_t blocks = nbytes * 2 / HEAP_BLOCK_SIZE;
        CHECK_EQUAL(heap.blocks, wanted + 2 * blocks);
        for (size_t i = 0; i < 4; i++)
            CHECK_EQUAL(give(objects[i]), HEAP_FREED);
        wanted += blocks;
        CHECK_EQUAL(heap.blocks, wanted);
        CHECK_HOLDS(pieces_check(&heap));
        /* To and fro at the border asks for no block and gives none back. */
        int calls = source.calls;
        size_t ntaken = source.ntaken;
        for (int i = 0; i < 10; i++) {
            objects[0] = pieces_malloc(&heap, nbytes);
            CHECK(objects[0] != NULL);
            CHECK_EQUAL(give(objects[0]), HEAP_FREED);
            CHECK_EQUAL(source.ntaken, ntaken);
        }
        CHECK_EQUAL(source.calls, calls);
    }
    CHECK_EQUAL(pieces_trim(&heap), 16);
    CHECK_EQUAL(pieces_trim(&heap), 0);
    CHECK_HOLDS(pieces_check(&heap));
    CHECK(nothing_is_left());
}

/* The kept group is in use again when others become empty, and is not given back by trim. */
CASE(pieces, trim_gives_back_only_what_is_empty)
{
    for (size_t tier = 0; tier < PIECES_TIERS; tier++) {
        begin();
        size_t nbytes = 32 * piece_sizes[tier], blocks = nbytes * 2 / HEAP_BLOCK_SIZE;
        uint8_t *object = pieces_malloc(&heap, nbytes);
        CHECK_EQUAL(give(object), HEAP_FREED);
        CHECK((object = pieces_malloc(&heap, nbytes)) != NULL);
        memset(object, 0x77, nbytes);
        CHECK_EQUAL(pieces_trim(&heap), 0);
        CHECK_EQUAL(heap.blocks, blocks);
        CHECK_EQUAL(size_at(object), nbytes);
        uint8_t *more[3];
        for (size_t i = 0; i < 3; i++)
            CHECK((more[i] = pieces_malloc(&heap, nbytes)) != NULL);
        for (size_t i = 0; i < 3; i++)
            CHECK_EQUAL(give(more[i]), HEAP_FREED);
        CHECK_EQUAL(heap.blocks, 2 * blocks);
        CHECK_EQUAL(pieces_trim(&heap), blocks);
        CHECK(holds_its_bytes(object, nbytes, 0x77));
        CHECK_EQUAL(give(object), HEAP_FREED);
        CHECK_HOLDS(pieces_check(&heap));
        CHECK_EQUAL(pieces_trim(&heap), blocks);
        CHECK(!group_of(object));
        CHECK(nothing_is_left());
    }
}

CASE(pieces, without_memory_nothing_changes)
{
    for (size_t tier = 0; tier < PIECES_TIERS; tier++) {
        size_t nbytes = 20 * piece_sizes[tier];
        bool served = false;
        for (int left = 0; !served; left++) {
            begin();
            source.left = left;
            void *object = pieces_malloc(&heap, nbytes);
            served = object != NULL;
            CHECK(left < 3);
            CHECK(served || source.calls == left + 1);
            CHECK_EQUAL(pieces_statistics(&heap).allocations, served);
            CHECK_EQUAL(served ? 0 : heap.blocks, 0);
            CHECK_HOLDS(pieces_check(&heap));
            CHECK_HOLDS(slab_check(&slabs));
            CHECK(!served || give(object) == HEAP_FREED);
            CHECK(nothing_is_left());
            source.left = EVER;
            CHECK(pieces_malloc(&heap, nbytes) != NULL);
        }
    }
}

/* All of the arena, in objects of the largest, then of the smallest; and all of it again. */
CASE(pieces, serves_until_the_source_is_dry)
{
    static void *objects[7 * BLOCKS];
    for (size_t tier = 0; tier < PIECES_TIERS; tier++) {
        begin();
        for (int round = 0; round < 2; round++) {
            size_t count = 0, nbytes = (tier == 0 ? 9 : 32) * piece_sizes[tier];
            size_t groups = (BLOCKS - 1) / (piece_sizes[tier] / 64);
            while ((objects[count] = pieces_malloc(&heap, nbytes)) != NULL)
                CHECK(++count < 7 * BLOCKS);
            CHECK(count <= groups * (tier == 0 ? 7 : 2));
            CHECK(count + 7 >= groups * (tier == 0 ? 7 : 2));
            struct pieces_statistics was = pieces_statistics(&heap);
            CHECK_EQUAL(was.allocations, count);
            CHECK_EQUAL(was.bytes, count * nbytes);
            CHECK(pieces_malloc(&heap, nbytes) == NULL);
            CHECK(same_statistics(was));
            CHECK_HOLDS(pieces_check(&heap));
            for (size_t i = 0; i < count; i++)
                CHECK_EQUAL(give(objects[i * 5 % count]), HEAP_FREED);
            CHECK_HOLDS(pieces_check(&heap));
            CHECK(nothing_is_left());
        }
    }
}

/* All blocks are taken, by groups of four times 16 pieces. Returns how many objects. */
static size_t fill_all(uint8_t *objects[4 * BLOCKS])
{
    size_t count = 0;
    begin();
    while (count < 4 * BLOCKS && (objects[count] = pieces_malloc(&heap, 1024)) != NULL)
        count++;
    return count;
}

CASE(pieces, a_run_of_just_the_length_is_used)
{
    static uint8_t *objects[4 * BLOCKS];
    size_t count = fill_all(objects);
    CHECK(count % 4 == 0 && count >= 4 * 24);
    for (size_t i = 0; i < count; i++) {
        CHECK_EQUAL(give(objects[i]), HEAP_FREED);
        CHECK(pieces_malloc(&heap, 1024) == objects[i]);
        CHECK(pieces_malloc(&heap, 1024) == NULL);
    }
    CHECK_HOLDS(pieces_check(&heap));
}

/* One run is free, and many groups that have none had longer ones before. */
CASE(pieces, the_last_free_run_is_found)
{
    static uint8_t *objects[4 * BLOCKS];
    size_t count = fill_all(objects);
    for (size_t i = 0; i < count; i += 4) {
        CHECK_EQUAL(give(objects[i]), HEAP_FREED);
        CHECK_EQUAL(give(objects[i + 1]), HEAP_FREED);
        CHECK(pieces_malloc(&heap, 1024) != NULL && pieces_malloc(&heap, 1024) != NULL);
    }
    CHECK_HOLDS(pieces_check(&heap));
    CHECK_EQUAL(give(objects[2]), HEAP_FREED);
    CHECK(pieces_malloc(&heap, 1024) == objects[2]);
    CHECK_HOLDS(pieces_check(&heap));
}

/* Of each tier: the same run comes back, and nobody may free it in between. */
CASE(pieces, what_is_freed_is_kept_for_the_same_size)
{
    for (size_t tier = 0; tier < PIECES_TIERS; tier++) {
        begin();
        size_t piece = piece_sizes[tier], blocks = piece * PIECES_A_GROUP / HEAP_BLOCK_SIZE;
        uint8_t *a = pieces_malloc(&heap, 10 * piece), *b = pieces_malloc(&heap, 20 * piece);
        CHECK(a != NULL && b != NULL && group_of(a) == group_of(b));
        struct pieces_statistics was = pieces_statistics(&heap);
        CHECK_EQUAL(give_or_keep(b), HEAP_FREED);
        CHECK_EQUAL(heap.kept, 20 * piece);
        CHECK_HOLDS(pieces_check(&heap));
        CHECK(pieces_statistics(&heap).allocations == 1);
        CHECK(pieces_statistics(&heap).bytes == 10 * piece);
        for (size_t offset = 0; offset < 20 * piece; offset += 8) {
            int refusal = 0;
            CHECK_EQUAL(pieces_size(group_of(b), b + offset, &refusal), 0);
            CHECK_EQUAL(refusal, HEAP_ALREADY_FREE);
            CHECK_EQUAL(give_or_keep(b + offset), HEAP_ALREADY_FREE);
            CHECK(!pieces_resize(&heap, group_of(b), b + offset, 9 * piece));
        }
        CHECK_EQUAL(give_or_keep(a + piece), HEAP_NOT_FIRST);
        CHECK(!pieces_resize(&heap, group_of(a), a, 11 * piece)); /* what is kept is not free */
        uint8_t *other = pieces_malloc(&heap, 21 * piece);
        CHECK(other != NULL && other != b);
        CHECK(pieces_malloc(&heap, 19 * piece + 1) == b);
        CHECK(heap.kept == 0 && give(other) == HEAP_FREED);
        CHECK(same_statistics(was));
        /* The last that is live goes: what is kept goes with it, when another group is empty. */
        CHECK_EQUAL(give_or_keep(b), HEAP_FREED);
        while (group_of(other = pieces_malloc(&heap, 32 * piece)) == group_of(a))
            ;
        CHECK_EQUAL(give(other), HEAP_FREED);
        CHECK_EQUAL(pieces_trim(&heap), blocks);
        CHECK_HOLDS(pieces_check(&heap));
        CHECK_EQUAL(heap.blocks, blocks);
        (void)give_or_keep(a);
        CHECK_HOLDS(pieces_check(&heap));
    }
}

CASE(pieces, kept_runs_do_not_hold_their_group)
{
    begin();
    uint8_t *objects[2][6], *fence = pieces_malloc(&heap, 9 * 64);
    for (size_t i = 0; i < 6; i++)
        CHECK((objects[0][i] = pieces_malloc(&heap, 9 * 64)) != NULL);
    for (size_t i = 0; i < 6; i++)
        CHECK((objects[1][i] = pieces_malloc(&heap, 9 * 64)) != NULL);
    CHECK(group_of(objects[0][0]) == group_of(fence) && group_of(objects[1][0]) != group_of(fence));
    CHECK_EQUAL(heap.blocks, 2);
    for (size_t i = 0; i < 6; i++) {
        CHECK_EQUAL(give_or_keep(objects[1][i]), HEAP_FREED);
        CHECK_HOLDS(pieces_check(&heap));
        CHECK(heap.kept < heap.blocks * PIECES_KEPT_A_BLOCK + PIECES_LARGEST);
    }
    for (size_t i = 0; i < 6; i++) {
        CHECK_EQUAL(give_or_keep(objects[0][i]), HEAP_FREED);
        CHECK_HOLDS(pieces_check(&heap));
    }
    CHECK_EQUAL(give_or_keep(fence), HEAP_FREED);
    CHECK_HOLDS(pieces_check(&heap));
    CHECK_EQUAL(heap.blocks, 1); /* the other group is the tier's empty one */
    CHECK(nothing_is_left());
}

CASE(pieces, only_so_much_is_kept)
{
    enum { GROUPS = 30, RUNS = GROUPS * 7 };
    static uint8_t *runs[RUNS];
    begin();
    for (size_t i = 0; i < RUNS; i++)
        CHECK((runs[i] = pieces_malloc(&heap, 9 * 64)) != NULL);
    CHECK_EQUAL(heap.blocks, GROUPS);
    size_t most = (GROUPS * PIECES_KEPT_A_BLOCK + 9 * 64 - 1) / (9 * 64);
    most = most < PIECES_KEPT_RUNS ? most : PIECES_KEPT_RUNS;
    for (size_t i = 0; i < RUNS; i += 7) {
        CHECK_EQUAL(give_or_keep(runs[i]), HEAP_FREED);
        CHECK_EQUAL(heap.kept, (i / 7 + 1 < most ? i / 7 + 1 : most) * 9 * 64);
    }
    CHECK_HOLDS(pieces_check(&heap));
    for (size_t i = 0; i < most; i++) /* the last first */
        CHECK(pieces_malloc(&heap, 9 * 64) == runs[(most - 1 - i) * 7]);
    CHECK_EQUAL(heap.kept, 0);
    CHECK_HOLDS(pieces_check(&heap));
}

CASE(pieces, check_sees_damage_among_kept_runs)
{
    begin();
    uint8_t *a = pieces_malloc(&heap, 9 * 64), *b = pieces_malloc(&heap, 9 * 64);
    uint8_t *c = pieces_malloc(&heap, 9 * 64), *d = pieces_malloc(&heap, 20 * 64);
    CHECK(a && b && c && d);
    heap.blocks += 100; /* so that two are kept */
    CHECK(give_or_keep(a) == HEAP_FREED && give_or_keep(c) == HEAP_FREED);
    heap.blocks -= 100;
    CHECK_EQUAL(heap.kept, 2 * 9 * 64);
    struct slab *group = group_of(a), whole = *group;
    static struct pieces_heap was;
    was = heap;
    CHECK_HOLDS(pieces_check(&heap));
#define CHECK_SEES_KEPT(damage)                                                                    \
    do {                                                                                           \
        damage;                                                                                    \
        const char *verdict = pieces_check(&heap);                                                 \
        *group = whole;                                                                            \
        heap = was;                                                                                \
        CHECK(verdict != NULL);                                                                    \
    } while (0)
    enum { BIN = 9 - 1 };
    CHECK_SEES_KEPT(heap.kept += 64);
    CHECK_SEES_KEPT(heap.counts[BIN]--);
    CHECK_SEES_KEPT(heap.counts[BIN]++);
    CHECK_SEES_KEPT(heap.counts[BIN + 1]++);
    CHECK_SEES_KEPT(heap.counts[BIN] = PIECES_KEPT_RUNS + 1);
    CHECK_SEES_KEPT(heap.runs[BIN][0] = heap.runs[BIN][1]);
    CHECK_SEES_KEPT(heap.runs[BIN][0] = NULL);
    CHECK_SEES_KEPT(heap.runs[BIN][0]++);
    CHECK_SEES_KEPT(group->pieces.starts[0] ^= PIECES_KEPT);
    CHECK_SEES_KEPT((group->pieces.starts[0] ^= PIECES_KEPT, group->nobjects++));
    CHECK_SEES_KEPT(group->nobjects++);
    CHECK_HOLDS(pieces_check(&heap));
}

CASE(pieces, check_sees_damage)
{
    begin();
    /* The group: 9 pieces, 16 free ones, 10 pieces, and the rest is free. */
    uint8_t *a = pieces_malloc(&heap, 9 * 64), *b = pieces_malloc(&heap, 16 * 64),
            *c = pieces_malloc(&heap, 10 * 64);
    struct slab *group = group_of(a);
    uint8_t *start = group->origin + 1;
    CHECK(group_of(b) == group && group_of(c) == group);
    CHECK_EQUAL(give(b), HEAP_FREED);
    CHECK_HOLDS(pieces_check(&heap));
    struct slab whole = *group;
    struct pieces_tier tier = heap.tiers[0];
#define CHECK_SEES(damage)                                                                         \
    do {                                                                                           \
        damage;                                                                                    \
        const char *verdict = pieces_check(&heap);                                                 \
        *group = whole;                                                                            \
        heap.tiers[0] = tier;                                                                      \
        CHECK(verdict != NULL);                                                                    \
        CHECK_HOLDS(pieces_check(&heap));                                                          \
    } while (0)
    uint64_t at_a = (uint64_t)1 << (unsigned)((a - start) / 64);
    uint64_t at_b = (uint64_t)1 << (unsigned)((b - start) / 64);
    CHECK_SEES(group->pieces.free |= at_a);
    size_t eight_a = (size_t)(a - start) / 64 / 8, eight_b = (size_t)(b - start) / 64 / 8;
    CHECK_SEES(group->pieces.starts[eight_b] = (uint8_t)((b - start) / 64));
    CHECK_SEES(group->pieces.starts[eight_a]++);
    CHECK_SEES(group->pieces.starts[eight_a] += 8);
    CHECK_SEES(group->pieces.starts[eight_a] |= PIECES_KEPT);
    CHECK_SEES(group->pieces.starts[eight_a] |= 2 * PIECES_KEPT);
    CHECK_SEES(group->pieces.starts[eight_a] = PIECES_NONE);
    CHECK_SEES(group->pieces.bins[eight_a]++);
    CHECK_SEES(group->pieces.bins[eight_a] = PIECES_SHORTEST - 2);
    CHECK_SEES(group->pieces.bins[eight_a] += PIECES_LONGEST);
    CHECK_SEES(group->nobjects++);
    CHECK_SEES(group->nobjects = 0);
    CHECK_SEES(group->pieces.free = UINT64_MAX);
    CHECK_SEES(group->pieces.free &= ~(at_b << 5));
    CHECK_SEES(group->listed++);
    CHECK_SEES(group->listed--);
    CHECK_SEES(group->listed = 0);
    CHECK_SEES(group->listed = 255);
    CHECK_SEES(group->origin++);
    CHECK_SEES(group->origin += HEAP_BLOCK_SIZE);
    CHECK_SEES(group->class_index++);
    CHECK_SEES(group->class_index = SLAB_STRUCTURES);
    CHECK_SEES(group->size = 64);
    CHECK_SEES(group->inverse = 1);
    CHECK_SEES(group->next = group);
    CHECK_SEES(group->previous = group);
    CHECK_SEES(heap.tiers[0].lists = 0);
    CHECK_SEES(heap.tiers[0].lists ^= (uint32_t)1 << 31);
    CHECK_SEES(heap.tiers[0].lists |= 1);
    CHECK_SEES(heap.tiers[0].groups[group->listed] = NULL);
    CHECK_SEES(heap.tiers[0].groups[group->listed - 1] = group);
    CHECK_SEES(heap.tiers[0].groups[1] = group);
    heap.blocks++;
    CHECK(pieces_check(&heap) != NULL);
    heap.blocks -= 2;
    CHECK(pieces_check(&heap) != NULL);
    heap.blocks++;
    CHECK_HOLDS(pieces_check(&heap));
    /* A second group, and the links between both. */
    uint8_t *others[7];
    for (size_t i = 0; i < 7; i++)
        CHECK((others[i] = pieces_malloc(&heap, 9 * 64)) != NULL);
    struct slab *second = group_of(others[6]);
    CHECK(second != group);
    for (size_t i = 0; i < 7; i++)
        CHECK(group_of(others[i]) == second || give(others[i]) == HEAP_FREED);
    for (size_t i = 0; i < 7; i++)
        if (group_of(others[i]) == second && others[i] != others[6])
            CHECK_EQUAL(give(others[i]), HEAP_FREED);
    CHECK_HOLDS(pieces_check(&heap));
    second->listed--;
    CHECK(pieces_check(&heap) != NULL);
    second->listed++;
    second->previous = second;
    CHECK(pieces_check(&heap) != NULL);
#undef CHECK_SEES
}

/* Two groups with equal runs stand on one list; each of its links counts. */
CASE(pieces, check_sees_broken_links)
{
    for (size_t tier = 0; tier < 2; tier++) {
        begin();
        size_t nbytes = 32 * piece_sizes[tier];
        uint8_t *objects[7];
        for (size_t i = 0; i < 7; i++)
            CHECK((objects[i] = pieces_malloc(&heap, nbytes)) != NULL);
        CHECK_EQUAL(give(objects[6]), HEAP_FREED); /* of a fourth group; now all know their runs */
        struct slab *groups[3];
        size_t ngroups = 0;
        for (size_t i = 0; i < 6; i++) {
            struct slab *group = group_of(objects[i]);
            bool seen = false;
            for (size_t g = 0; g < ngroups; g++)
                seen |= groups[g] == group;
            if (seen)
                CHECK_EQUAL(give(objects[i]), HEAP_FREED);
            else
                groups[ngroups++] = group;
        }
        CHECK_EQUAL(ngroups, 3);
        CHECK_HOLDS(pieces_check(&heap));
        for (size_t g = 0; g < 3; g++) {
            struct slab whole = *groups[g];
            CHECK_EQUAL(whole.listed, groups[0]->listed);
            struct slab *wrong[] = {NULL, groups[0], groups[1], groups[2]};
            for (size_t w = 0; w < 4; w++) {
                groups[g]->next = wrong[w];
                CHECK(wrong[w] == whole.next || pieces_check(&heap) != NULL);
                *groups[g] = whole;
                /* Nobody asks what stands before the first. */
                if (wrong[w] == whole.previous ||
                    heap.tiers[tier].groups[whole.listed] == groups[g])
                    continue;
                groups[g]->previous = wrong[w];
                CHECK(pieces_check(&heap) != NULL);
                *groups[g] = whole;
            }
        }
        struct slab **list = &heap.tiers[tier].groups[groups[0]->listed], *head = *list;
        CHECK(head != NULL && head->next != NULL);
        *list = head->next;
        CHECK(pieces_check(&heap) != NULL);
        *list = head;
        struct slab **entry = &by_block[unit_of(objects[0]) / (HEAP_BLOCK_SIZE / UNIT)];
        struct slab *was = *entry;
        *entry = was == groups[1] ? groups[2] : groups[1];
        CHECK(pieces_check(&heap) != NULL);
        *entry = NULL;
        CHECK(pieces_check(&heap) != NULL);
        *entry = was;
        CHECK_HOLDS(pieces_check(&heap));
    }
}
