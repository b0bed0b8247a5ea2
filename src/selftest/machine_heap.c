/* The kernel's own heap, as it serves the kernel. */
#include "case.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
#include "memory/memory.h"

enum { PIECES = 64, SAMPLES_A_PIECE = 64 };

static bool all_bytes_are(const uint8_t *bytes, size_t nbytes, uint8_t value)
{
    for (size_t i = 0; i < nbytes; i++)
        if (bytes[i] != value)
            return false;
    return true;
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
    void *large = kmalloc(PIECES_LARGEST + 1), *small = kmalloc(1);
    bool tagged = large && small && (uintptr_t)large % HEAP_BLOCK_SIZE == 0 &&
                  kheap_owner_of(heap_block_of(kheap(), large)) == OWNER_KERNEL &&
                  kheap_owner_of(heap_block_of(kheap(), small)) == OWNER_SLAB;
    kfree(large);
    kfree(small);
    CHECK(tagged);
    kheap_trim();
    CHECK_EQUAL(kheap_owner_of(heap_block_of(kheap(), large)), OWNER_FREE);
}

CASE(kheap, b10_four_bytes_do_not_cost_a_block)
{
    static uint32_t *objects[512];
    size_t before = kheap()->statistics.taken, count = 0;
    for (; count < 512 && (objects[count] = kmalloc(4)) != NULL; count++)
        *objects[count] = count;
    size_t cost = kheap()->statistics.taken - before;
    bool kept = true;
    for (size_t i = 0; i < count; i++) {
        kept = kept && *objects[i] == i;
        kfree(objects[i]);
    }
    CHECK_EQUAL(count, 512);
    CHECK(kept);
    /* One of objects, one of what is known about it; or as many as a growing heap takes at once. */
    CHECK(cost <= 2 + (kheap_growing() ? GROWING_STEP / HEAP_BLOCK_SIZE : 0));
}

CASE(kheap, b12_kzalloc_clears_all_of_a_small_object)
{
    uint8_t *dirty = kmalloc(100);
    CHECK(dirty != NULL);
    memset(dirty, 0xff, 112);
    kfree(dirty);
    uint8_t *clean = kzalloc(100);
    bool same = clean == dirty, zero = clean && all_bytes_are(clean, 112, 0);
    kfree(clean);
    CHECK(zero);
    CHECK(same); /* else nothing was tested */
}

CASE(kheap, refused_frees_of_small_objects_change_nothing)
{
    SKIP_UNLESS(!kheap_growing(), "kmalloc serves from a growing heap");
    uint8_t *object = kmalloc(48);
    CHECK(object != NULL);
    size_t refused = kheap_refused();
    kfree(object + 16);
    kfree(object + 47);
    size_t live = slab_statistics(&kheap_all()->slabs).objects;
    kfree(object);
    kfree(object);
    CHECK_EQUAL(slab_statistics(&kheap_all()->slabs).objects, live - 1);
    CHECK_EQUAL(kheap_refused(), refused + 3);
}

CASE(kheap, b12_kzalloc_clears_whole_blocks)
{
    uint8_t *dirty = kmalloc(9 * 4096);
    CHECK(dirty != NULL);
    memset(dirty, 0xff, 9 * 4096);
    kfree(dirty);
    uint8_t *clean = kzalloc(8 * 4096 + 1);
    size_t room = ksize(clean);
    bool zero = clean && all_bytes_are(clean, room, 0);
    bool same = clean == dirty;
    kfree(clean);
    CHECK(zero);
    CHECK(room == 9 * 4096 || kheap_growing());
    CHECK(same || kheap_growing()); /* else nothing was tested; pages have got other frames there */
}

/* The line that is printed is looked at by tests/boot/shell.t. */
CASE(kheap, refused_frees_change_nothing)
{
    uint8_t *two = kmalloc(2 * 4096);
    CHECK(two != NULL);
    size_t taken = kheap()->statistics.taken, refused = kheap_refused();
    kfree(two + 4096);
    kfree(two + 1);
    kfree((uint8_t *)kheap()->saddr - 4096);
    kfree(heap_address_of(kheap(), kheap()->table->total));
    size_t refused_after = kheap_refused(), taken_after = kheap()->statistics.taken;
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
    size_t taken = heap->statistics.taken, refused = kheap_refused();
    kfree(heap_address_of(heap, hole));
    CHECK_EQUAL(heap->statistics.taken, taken);
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
