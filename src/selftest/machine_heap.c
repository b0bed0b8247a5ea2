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
    size_t refused = kheap()->statistics.refused;
    kfree(NULL);
    CHECK(kmalloc(0) == NULL && kzalloc(0) == NULL);
    CHECK(kmalloc(0xfffff001) == NULL && kzalloc(0xffffffff) == NULL);
    CHECK(kmalloc((kheap()->table->total + 1) * 4096) == NULL);
    CHECK_EQUAL(kheap()->statistics.refused, refused);
    void *one = kmalloc(1);
    CHECK(one && kheap_owner_of(heap_block_of(kheap(), one)) == OWNER_KERNEL);
    kfree(one);
    CHECK_EQUAL(kheap_owner_of(heap_block_of(kheap(), one)), OWNER_FREE);
}

CASE(kheap, b12_kzalloc_clears_whole_blocks)
{
    uint8_t *dirty = kmalloc(3 * 4096);
    CHECK(dirty != NULL);
    memset(dirty, 0xff, 3 * 4096);
    kfree(dirty);
    uint8_t *clean = kzalloc(2 * 4096 + 1);
    bool zero = clean && all_bytes_are(clean, 3 * 4096, 0);
    bool same = clean == dirty; /* else nothing was tested */
    kfree(clean);
    CHECK(same && zero);
}

/* The line that is printed is looked at by tests/boot/shell.t. */
CASE(kheap, refused_frees_change_nothing)
{
    uint8_t *two = kmalloc(2 * 4096);
    CHECK(two != NULL);
    struct heap_statistics before = kheap()->statistics;
    kfree(two + 4096);
    kfree(two + 1);
    kfree((uint8_t *)kheap()->saddr - 4096);
    kfree(heap_address_of(kheap(), kheap()->table->total));
    struct heap_statistics after = kheap()->statistics;
    kfree(two);
    kfree(two);
    CHECK_EQUAL(after.refused, before.refused + 4);
    CHECK_EQUAL(kheap()->statistics.refused, before.refused + 5);
    CHECK_EQUAL(after.taken, before.taken);
}

CASE(kheap, holes_can_not_be_freed)
{
    const struct heap *heap = kheap();
    block_t hole = 0;
    while (hole < heap->table->total && kheap_owner_of(hole) != OWNER_HOLE)
        hole++;
    SKIP_UNLESS(hole < heap->table->total, "the heap of this machine has no hole");
    size_t taken = heap->statistics.taken, refused = heap->statistics.refused;
    kfree(heap_address_of(heap, hole));
    CHECK_EQUAL(heap->statistics.taken, taken);
    CHECK_EQUAL(heap->statistics.refused, refused + 1);
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
        pieces[npieces].start = kmalloc_for(OWNER_TEST, nblocks * 4096);
        if (!pieces[npieces].start)
            break;
        mark(pieces[npieces].start, pieces[npieces].nbytes);
    }
    bool right = true;
    size_t left = heap_largest_free(kheap());
    void *past_the_end = npieces < PIECES ? kmalloc(1) : NULL;
    for (size_t i = 0; i < npieces; i++) {
        right = right && is_marked(pieces[i].start, pieces[i].nbytes);
        kfree(pieces[i].start);
    }
    CHECK(npieces > 0 && right);
    CHECK(npieces == PIECES || left == 0);
    CHECK(past_the_end == NULL);
}
