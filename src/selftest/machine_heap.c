/* The kernel's own heap, as it serves the kernel. */
#include "case.h"
#include "lib/string.h"
#include "memory/debug/watch.h"
#include "memory/growing/growing.h"
#include "memory/kheap/kheap.h"
#include "memory/kheap/kheap_look.h"
#include "memory/memory.h"
#include "memory/memory_map.h"

enum { PIECES = 64, SAMPLES_A_PIECE = 64, DIRTY = 8 };

static bool all_bytes_are(const uint8_t *bytes, size_t nbytes, uint8_t value)
{
    for (size_t i = 0; i < nbytes; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

/* Whether ADDRESS lies in a page of its own, as some do on a watched heap. */
static bool is_guarded(const void *address)
{
    return kheap_watched() && guarded_holds(&kheap_watched()->guard.pages, address);
}

CASE(kheap, corners_of_kmalloc_and_kfree)
{
    size_t refused = kheap_refused();
    kfree(NULL);
    CHECK(kmalloc(0) == NULL && kzalloc(0) == NULL);
    CHECK(kmalloc(0xfffff001) == NULL && kzalloc(0xffffffff) == NULL);
    CHECK(kmalloc((kheap()->table->total + 1) * 4096) == NULL);
    CHECK_EQUAL(kheap_refused(), refused);
}

CASE(kheap, blocks_and_small_objects_are_told_apart)
{
    SKIP_UNLESS(!kheap_growing(), "kmalloc serves from a growing heap");
    void *large = kmalloc(BLOCK_HEAP_MIDDLE + 1), *small = kmalloc(1);
    bool tagged = large && small && (uintptr_t)large % HEAP_BLOCK_SIZE == 0 &&
                  kheap_owner_of(heap_block_of(kheap(), large)) == OWNER_KERNEL &&
                  kheap_owner_of(heap_block_of(kheap(), small)) ==
                      (is_guarded(small) ? OWNER_GUARDED : OWNER_SLAB);
    kfree(large);
    kfree(small);
    CHECK(tagged);
    kheap_trim();
    CHECK_EQUAL(kheap_owner_of(heap_block_of(kheap(), large)), OWNER_FREE);
}

CASE(kheap, b10_four_bytes_do_not_cost_a_block)
{
    static uint32_t *objects[512];
    size_t before = kheap_taken(), count = 0;
    for (; count < 512 && (objects[count] = kmalloc(4)) != NULL; count++)
        *objects[count] = count;
    size_t cost = kheap_taken() - before;
    bool kept = true;
    for (size_t i = 0; i < count; i++) {
        kept = kept && *objects[i] == i;
        kfree(objects[i]);
    }
    CHECK_EQUAL(count, 512);
    CHECK(kept);
    SKIP_UNLESS(!kheap_watched(), "a watched heap puts zones behind objects, or pages around them");
    /* One of objects, one of what is known about it; or as many as a growing heap takes at once. */
    CHECK(cost <= 2 + (kheap_growing() ? GROWING_STEP / HEAP_BLOCK_SIZE : 0));
}

/* Whether what is served at ADDRESS was full of a watched heap's patterns. */
static bool had_patterns(const void *address)
{
    return kheap_watched() && (kheap_watched()->flags & WATCH_POISON || is_guarded(address));
}

struct zeroes {
    bool all;     /* that was served was zero, to the end of its room */
    bool dirty;   /* some of it had been something else before: else nothing was tested */
    size_t least; /* bytes of room */
};

/* What SERVE gives after as many allocations of NBYTES were written all over, and freed. */
static struct zeroes look_for_zeroes(size_t nbytes, void *(*serve)(void))
{
    uint8_t *dirty[DIRTY], *clean[DIRTY];
    struct zeroes zeroes = {.all = true, .least = SIZE_MAX};
    for (size_t i = 0; i < DIRTY; i++)
        if ((dirty[i] = kmalloc(nbytes)))
            memset(dirty[i], 0xff, ksize(dirty[i]));
    for (size_t i = 0; i < DIRTY; i++)
        kfree(dirty[i]);
    if (kheap_watched() && kheap_watched()->flags & WATCH_QUARANTINE)
        kheap_trim(); /* or it would be held back */
    for (size_t i = 0; i < DIRTY; i++) {
        clean[i] = serve();
        size_t room = ksize(clean[i]);
        zeroes.all = zeroes.all && clean[i] && all_bytes_are(clean[i], room, 0);
        zeroes.least = room < zeroes.least ? room : zeroes.least;
        zeroes.dirty = zeroes.dirty || had_patterns(clean[i]);
        for (size_t j = 0; j < DIRTY; j++)
            zeroes.dirty = zeroes.dirty || (clean[i] && clean[i] == dirty[j]);
    }
    for (size_t i = 0; i < DIRTY; i++)
        kfree(clean[i]);
    return zeroes;
}

static void *serve_small(void)
{
    return kzalloc(100);
}

static void *serve_array(void)
{
    return kcalloc(15, 16);
}

static void *serve_blocks(void)
{
    return kzalloc(8 * 4096 + 1);
}

CASE(kheap, b12_kzalloc_clears_all_of_a_small_object)
{
    struct zeroes zeroes = look_for_zeroes(100, serve_small);
    CHECK(zeroes.all && zeroes.least >= 100);
    CHECK(zeroes.dirty);
}

CASE(kcalloc, clears_all_of_the_array)
{
    struct zeroes zeroes = look_for_zeroes(240, serve_array);
    CHECK(zeroes.all && zeroes.least >= 240);
    CHECK(zeroes.dirty);
}

CASE(kheap, refused_frees_of_small_objects_change_nothing)
{
    SKIP_UNLESS(!kheap_growing(), "kmalloc serves from a growing heap");
    uint8_t *object = kmalloc(48);
    CHECK(object != NULL);
    size_t refused = kheap_refused();
    kfree(object + 16);
    kfree(object + 47);
    size_t live = block_heap_statistics(kheap_all()).objects;
    bool in_slab = kheap_owner_of(heap_block_of(kheap(), object)) == OWNER_SLAB;
    kfree(object);
    kfree(object);
    kheap_trim(); /* a watched heap may hold it back until then */
    CHECK(in_slab || is_guarded(object));
    CHECK_EQUAL(block_heap_statistics(kheap_all()).objects, live - in_slab);
    CHECK_EQUAL(kheap_refused(), refused + 3);
}

CASE(kheap, b12_kzalloc_clears_whole_blocks)
{
    struct zeroes zeroes = look_for_zeroes(9 * 4096, serve_blocks);
    CHECK(zeroes.all && zeroes.least > 8 * 4096);
    CHECK(zeroes.least == 9 * 4096 || kheap_growing() || kheap_watched());
    CHECK(zeroes.dirty || kheap_growing()); /* whose pages have got other frames */
}

/* The line that is printed is looked at by tests/boot/shell.t. */
CASE(kheap, refused_frees_change_nothing)
{
    uint8_t *two = kmalloc(2 * 4096);
    CHECK(two != NULL);
    size_t taken = kheap_taken(), refused = kheap_refused();
    kfree(two + 4096);
    kfree(two + 1);
    kfree((uint8_t *)kheap()->saddr - 4096);
    kfree(heap_address_of(kheap(), kheap()->table->total));
    size_t refused_after = kheap_refused(), taken_after = kheap_taken();
    kfree(two);
    kfree(two);
    CHECK_EQUAL(refused_after, refused + 4);
    CHECK_EQUAL(kheap_refused(), refused + 5);
    CHECK_EQUAL(taken_after, taken);
}

CASE(kheap, holes_can_not_be_freed)
{
    const struct heap *heap = kheap();
    block_t hole = 0;
    while (hole < heap->table->total && kheap_owner_of(hole) != OWNER_HOLE)
        hole++;
    SKIP_UNLESS(hole < heap->table->total, "the heap of this machine has no hole");
    size_t taken = kheap_taken(), refused = kheap_refused();
    kfree(heap_address_of(heap, hole));
    CHECK_EQUAL(kheap_taken(), taken);
    CHECK_EQUAL(kheap_refused(), refused + 1);
}

/* Block for block: what is not memory, and only that, is taken for good. */
CASE(kheap, b9_holes_are_exactly_what_is_not_usable)
{
    const struct heap *heap = kheap();
    page_t first = page_of((uint32_t)heap->saddr);
    const struct memory_map *map = kheap_map();
    block_t block = 0;
    for (size_t i = 0; i < map->nranges; i++) {
        const struct memory_range *range = &map->ranges[i];
        bool hole = range->kind != MEMORY_USABLE;
        for (; block < heap->table->total && first + block < range->end; block++)
            CHECK_EQUAL(kheap_owner_of(block) == OWNER_HOLE, hole);
    }
    CHECK_EQUAL(block, heap->table->total);
}

/* A few words in each piece, different everywhere: memory that is not there, or twice, shows. */
static void mark(uint32_t *piece, size_t nbytes)
{
    size_t step = nbytes / 4 / SAMPLES_A_PIECE;
    for (size_t i = 0; i < SAMPLES_A_PIECE; i++)
        piece[i * step] = (uint32_t)(piece + i * step) ^ 0x5a5a5a5a;
}

static bool is_marked(const uint32_t *piece, size_t nbytes)
{
    size_t step = nbytes / 4 / SAMPLES_A_PIECE;
    for (size_t i = 0; i < SAMPLES_A_PIECE; i++)
        if (piece[i * step] != ((uint32_t)(piece + i * step) ^ 0x5a5a5a5a))
            return false;
    return true;
}

/* T2 too: nothing here knows how large the machine is. */
CASE(kheap, b9_all_that_is_served_is_memory)
{
    static struct {
        uint32_t *start;
        size_t nbytes;
    } pieces[PIECES];
    size_t npieces = 0;
    for (; npieces < PIECES; npieces++) {
        size_t nblocks = heap_largest_free(kheap());
        if (nblocks == 0)
            break;
        pieces[npieces].nbytes = nblocks * 4096;
        pieces[npieces].start = kmalloc_for(OWNER_SHELL, nblocks * 4096);
        if (!pieces[npieces].start)
            break;
        mark(pieces[npieces].start, pieces[npieces].nbytes);
    }
    bool right = true;
    size_t left = heap_largest_free(kheap());
    void *past_the_end = npieces < PIECES ? kmalloc_for(OWNER_SHELL, 1) : NULL;
    for (size_t i = 0; i < npieces; i++) {
        right = right && is_marked(pieces[i].start, pieces[i].nbytes);
        kfree(pieces[i].start);
    }
    CHECK(npieces > 0 && right);
    CHECK(npieces == PIECES || left == 0);
    CHECK(past_the_end == NULL);
}
