/*
 * Thirteen million random operations on 16 MB, against a shadow that shares nothing with the heap:
 * a bit for each 8 bytes says whether somebody lives there, another where an object begins; each
 * object is filled to its last byte, and looked at before it goes.
 */
#include <string.h>

#include "case.h"
#include "memory/heap/block_private.h"

enum {
    BLOCKS = 4096,
    SEEDS = 64,
    OPERATIONS = 200000,
    CHECK_EVERY = 20000,
    LIVE = 20000,
    UNIT = 8,
    UNITS = BLOCKS * 4096 / UNIT,
    WORD = 32
};

static uint8_t arena[BLOCKS][HEAP_BLOCK_SIZE] __attribute__((aligned(HEAP_BLOCK_SIZE)));
static uint8_t *const arena_end = (uint8_t *)(arena + BLOCKS);
static size_t beside[BLOCK_HEAP_BESIDE(BLOCKS) / sizeof(size_t)];
static struct block_heap *heap;
static uint64_t seed;

static struct live {
    uint8_t *bytes;
    size_t size; /* what may be used */
    uint8_t pattern;
} live[LIVE];
static size_t nlive, used; /* objects and bytes */

static uint32_t taken_units[UNITS / WORD], first_units[UNITS / WORD];

/* Where objects were that have been freed; they may be in use again. */
static uint8_t *gone[256];

static uint32_t next_random(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 24) % below;
}

static size_t unit_of(const uint8_t *address)
{
    return (size_t)(address - arena[0]) / UNIT;
}

static bool is_live(const uint8_t *address)
{
    size_t unit = unit_of(address);
    return (uintptr_t)address % UNIT == 0 && (first_units[unit / WORD] >> unit % WORD & 1);
}

/* Sets all bits of a range that must all be !VALUE; false where one is not. */
static bool mark(const uint8_t *bytes, size_t nbytes, bool value)
{
    size_t from = unit_of(bytes), end = from + nbytes / UNIT;
    first_units[from / WORD] ^= (uint32_t)1 << from % WORD;
    while (from < end) {
        size_t in_word = WORD - from % WORD < end - from ? WORD - from % WORD : end - from;
        uint32_t bits = (in_word == WORD ? UINT32_MAX : ((uint32_t)1 << in_word) - 1)
                        << from % WORD;
        uint32_t *word = &taken_units[from / WORD];
        if ((*word & bits) != (value ? 0 : bits))
            return false;
        *word ^= bits;
        from += in_word;
    }
    return true;
}

static bool is_filled(const uint8_t *bytes, size_t nbytes, uint8_t pattern)
{
    return bytes[0] == pattern && memcmp(bytes, bytes + 1, nbytes - 1) == 0;
}

/* Whether the heap needs no more than it has; asked only where it says that it has too little. */
static bool memory_is_short(size_t nbytes, size_t alignment)
{
    size_t run = 0, longest = 0;
    size_t step = alignment > HEAP_BLOCK_SIZE ? alignment / HEAP_BLOCK_SIZE : 1;
    for (size_t i = 0; i < BLOCKS; i++) {
        run = heap->table.entries[i] ? 0 : run + 1;
        longest = run > longest ? run : longest;
    }
    return block_heap_kept(heap) == 0 &&
           longest < (nbytes + HEAP_BLOCK_SIZE - 1) / HEAP_BLOCK_SIZE + step - 1;
}

/* A new object of at least NBYTES; the shadow knows it from now on. */
static bool note_new(uint8_t *bytes, size_t nbytes, size_t alignment)
{
    if ((uintptr_t)bytes % alignment != 0 || bytes < arena[0] || bytes >= arena_end)
        return false;
    int refusal = 0;
    size_t size = block_heap_size(heap, bytes, &refusal);
    if (size < nbytes || refusal != 0 || size > (size_t)(arena_end - bytes))
        return false;
    if (!mark(bytes, size, true))
        return false;
    struct live *object = &live[nlive++];
    *object = (struct live){bytes, size, (uint8_t)next_random(256)};
    memset(bytes, object->pattern, size);
    used += size;
    return true;
}

static bool is_whole(size_t nbytes)
{
    return nbytes % HEAP_BLOCK_SIZE == 0 || nbytes > SPAN_LARGEST;
}

static size_t alignment_for(size_t nbytes)
{
    return is_whole(nbytes) ? HEAP_BLOCK_SIZE : nbytes > SLAB_LARGEST ? SPAN_UNIT : SLAB_STEP;
}

static bool try_malloc(size_t nbytes)
{
    uint8_t *bytes = block_heap_malloc(heap, nbytes);
    return bytes ? note_new(bytes, nbytes, alignment_for(nbytes))
                 : memory_is_short(nbytes, 1) && !block_heap_malloc(heap, nbytes);
}

static bool try_malloc_for(size_t nbytes, enum heap_owner owner)
{
    uint8_t *bytes = block_heap_malloc_for(heap, owner, nbytes);
    if (!bytes)
        return memory_is_short(nbytes, 1) && !block_heap_malloc_for(heap, owner, nbytes);
    return block_heap_owner_of(heap, heap_block_of(&heap->heap, bytes)) == owner &&
           note_new(bytes, nbytes, HEAP_BLOCK_SIZE);
}

static bool try_aligned(size_t nbytes, size_t alignment)
{
    uint8_t *bytes = block_heap_malloc_aligned(heap, nbytes, alignment);
    if (bytes)
        return note_new(bytes, nbytes, alignment);
    return memory_is_short(nbytes, alignment) &&
           !block_heap_malloc_aligned(heap, nbytes, alignment);
}

static bool try_free(size_t i)
{
    struct live was = live[i];
    live[i] = live[--nlive];
    used -= was.size;
    gone[next_random(256)] = was.bytes;
    return is_filled(was.bytes, was.size, was.pattern) && mark(was.bytes, was.size, false) &&
           block_heap_free(heap, was.bytes) == HEAP_FREED &&
           block_heap_free(heap, was.bytes) != HEAP_FREED;
}

/* In place, or else by a new place, as realloc does it. */
static bool try_realloc(size_t i, size_t nbytes)
{
    struct live *object = &live[i], was = *object;
    if (block_heap_resize(heap, was.bytes, nbytes)) {
        size_t size = block_heap_size(heap, was.bytes, NULL);
        if (size < nbytes || size > (size_t)(arena_end - was.bytes) ||
            !is_filled(was.bytes, size < was.size ? size : was.size, was.pattern))
            return false;
        object->size = size;
        used += size - was.size;
        if (!mark(was.bytes, was.size, false) || !mark(was.bytes, size, true))
            return false;
        memset(was.bytes, was.pattern, size);
        return true;
    }
    if (block_heap_size(heap, was.bytes, NULL) != was.size)
        return false;
    uint8_t *bytes = block_heap_malloc(heap, nbytes);
    if (!bytes)
        return memory_is_short(nbytes, 1) && !block_heap_resize(heap, was.bytes, nbytes);
    memcpy(bytes, was.bytes, nbytes < was.size ? nbytes : was.size);
    return is_filled(bytes, nbytes < was.size ? nbytes : was.size, was.pattern) && try_free(i) &&
           note_new(bytes, nbytes, alignment_for(nbytes));
}

/* Any address that is no object's beginning is refused; what is there stays, and is seen later. */
static bool try_wrong_free(void)
{
    uint8_t *pointer;
    switch (next_random(nlive ? 4 : 2)) {
    case 0:
        pointer = gone[next_random(256)];
        break;
    case 1:
        pointer = arena[0] + next_random(sizeof arena);
        break;
    default: {
        const struct live *object = &live[next_random((uint32_t)nlive)];
        pointer = object->bytes + (next_random(2) ? next_random((uint32_t)object->size) & ~7u
                                                  : next_random((uint32_t)object->size));
    }
    }
    if (!pointer || is_live(pointer))
        return true;
    int refusal = 0;
    return block_heap_size(heap, pointer, &refusal) == 0 && refusal < 0 &&
           !block_heap_resize(heap, pointer, 1 + next_random(10000)) &&
           block_heap_free(heap, pointer) == refusal;
}

/* Mostly small ones; a seed's profile says how many are not. */
static size_t random_size(uint32_t profile)
{
    switch (next_random(profile % 4 == 3 ? 40 : 100)) {
    case 0:
        return 1 + next_random(profile % 8 < 4 ? 400000 : 100000);
    case 1:
        return HEAP_BLOCK_SIZE * (1 + next_random(profile & 1 ? 70 : 6));
    case 2 ... 5:
        return 1 + next_random(SPAN_LARGEST);
    case 6 ... 11:
        return 1 + next_random(9000);
    case 12 ... 15:
        return HEAP_BLOCK_SIZE;
    case 16 ... 30:
        return 1 + next_random(2200);
    default:
        return 1 + next_random(profile & 2 ? SLAB_LARGEST : 64);
    }
}

static bool step(uint32_t profile, uint32_t fullness)
{
    size_t nbytes = random_size(profile);
    uint32_t kind = next_random(64);
    if (kind == 0)
        return try_wrong_free();
    if (kind <= 5 && nlive)
        return try_realloc(next_random((uint32_t)nlive), nbytes);
    if (kind == 6 && next_random(32) == 0) {
        size_t taken = heap->heap.statistics.taken, given = block_heap_trim(heap);
        return heap->heap.statistics.taken + given == taken && block_heap_kept(heap) == 0;
    }
    bool grow = used < sizeof arena / 100 * fullness;
    if (nlive == LIVE || (nlive && next_random(8) != 0 ? !grow : next_random(2) && nlive))
        return try_free(next_random((uint32_t)nlive));
    if (kind <= 8)
        return try_aligned(nbytes, (size_t)1 << next_random(17));
    if (kind <= 10)
        return try_malloc_for(nbytes > 30000 ? nbytes : nbytes * 4,
                              next_random(2) ? OWNER_PAGING : OWNER_SHELL);
    return try_malloc(nbytes);
}

/* Every live object has been counted once: by the slabs, the spans or the block table. */
static bool counts_agree(void)
{
    size_t bytes = 0, whole_blocks = 0;
    for (size_t i = 0; i < nlive; i++) {
        uint8_t owner = block_heap_owners(heap)[heap_block_of(&heap->heap, live[i].bytes)];
        if (owner == OWNER_SLAB || owner == OWNER_SPAN)
            bytes += live[i].size;
        else
            whole_blocks += live[i].size / HEAP_BLOCK_SIZE;
    }
    struct block_heap_statistics objects = block_heap_statistics(heap);
    if (objects.object_bytes + objects.middle_bytes != bytes)
        return false;
    return whole_blocks + objects.slabs + objects.spans + heap->kept.blocks ==
           heap->heap.statistics.taken;
}

CASE(block_heap, thirteen_million_operations_agree_with_a_shadow)
{
    static const uint8_t fullness[] = {90, 40, 98, 10, 75, 100, 1};
    CHECK(block_heap_bytes_beside(BLOCKS) <= sizeof beside);
    for (uint32_t profile = 0; profile < SEEDS; profile++) {
        heap = block_heap_create(arena[0], arena_end, beside, NULL);
        CHECK(heap != NULL);
        seed = 88172645463325252u + profile * 0x9e3779b97f4a7c15u;
        memset(gone, 0, sizeof gone);
        for (unsigned i = 0; i < OPERATIONS; i++) {
            CHECK(step(profile, fullness[(i / 20000 + profile) % sizeof fullness]));
            if (i % CHECK_EVERY == 0) {
                CHECK_HOLDS(block_heap_check(heap));
                CHECK(counts_agree());
            }
        }
        while (nlive > 0)
            CHECK(try_free(nlive - 1));
        CHECK_HOLDS(block_heap_check(heap));
        CHECK(counts_agree());
        (void)block_heap_trim(heap);
        CHECK_EQUAL(heap->heap.statistics.taken, 0);
        CHECK_EQUAL(heap_largest_free(&heap->heap), BLOCKS);
        CHECK_HOLDS(block_heap_check(heap));
        for (size_t word = 0; word < UNITS / WORD; word++)
            CHECK(taken_units[word] == 0 && first_units[word] == 0);
    }
}
