/* The block table: what it must do, and what the family's heaps get wrong (B1 to B15). */
#include "memory/heap/heap.h"

#include "arena.h"
#include "case.h"
#include "lib/string.h"
#include "memory/memory.h"

enum { BLOCKS = 16, LARGE_BLOCKS = 2048 };

/* The heap never touches what it serves, so the addresses need not exist. */
#define START ((uint8_t *)0x40000000)

static HEAP_BLOCK_TABLE_ENTRY entries[LARGE_BLOCKS];
#define RUNS ((struct heap_run *)(void *)arena) /* too many for the kernel's image */
_Static_assert(LARGE_BLOCKS * sizeof(struct heap_run) <= (size_t)ARENA_BLOCKS * ARENA_BLOCK_SIZE,
               "the arena has room for all of them");
static struct heap_table table;
static struct heap heap;

static void *at(size_t block)
{
    return START + block * HEAP_BLOCK_SIZE;
}

static bool make(size_t nblocks)
{
    table = (struct heap_table){.entries = entries, .total = nblocks, .runs = RUNS};
    return heap_create(&heap, at(0), at(nblocks), &table) == 0;
}

/* The table as text: a character a block. Shares nothing with heap.c but the values. */
static const char *picture(void)
{
    static char text[BLOCKS + 1];
    for (size_t i = 0; i < BLOCKS; i++)
        switch (entries[i]) {
        case 0x00:
            text[i] = '.';
            break;
        case 0x41:
            text[i] = 'o';
            break;
        case 0xc1:
            text[i] = '<';
            break;
        case 0x81:
            text[i] = '=';
            break;
        case 0x01:
            text[i] = '>';
            break;
        default:
            text[i] = '?';
        }
    return text;
}

CASE(heap, constants_have_the_seeds_values)
{
    CHECK_EQUAL(HEAP_BLOCK_TABLE_ENTRY_TAKEN, 0x01);
    CHECK_EQUAL(HEAP_BLOCK_TABLE_ENTRY_FREE, 0x00);
    CHECK_EQUAL(HEAP_BLOCK_HAS_NEXT, 0x80);
    CHECK_EQUAL(HEAP_BLOCK_IS_FIRST, 0x40);
    CHECK_EQUAL(sizeof(HEAP_BLOCK_TABLE_ENTRY), 1);
    CHECK_EQUAL(HEAP_BLOCK_SIZE, 4096);
    CHECK_EQUAL(EINVARG, 2);
}

CASE(heap, allocation_reads_first_inside_last)
{
    CHECK(make(BLOCKS));
    CHECK(heap_malloc(&heap, 1) == at(0));
    CHECK(heap_malloc(&heap, 4097) == at(1));
    CHECK(heap_malloc(&heap, 4 * 4096) == at(3));
    CHECK(heap_malloc(&heap, 4096) == at(7));
    CHECK_TEXT(picture(), "o<><==>o........");
    CHECK_HOLDS(heap_check(&heap));
}

CASE(heap, best_fit_and_of_equals_the_newest)
{
    CHECK(make(BLOCKS));
    for (size_t i = 0; i < BLOCKS; i++)
        CHECK(heap_malloc(&heap, 4096) == at(i));
    /* Holes of 1, 3, 2, 1 and 3 blocks. */
    const size_t freed[] = {0, 2, 3, 4, 6, 7, 9, 12, 13, 14};
    for (size_t i = 0; i < sizeof freed / sizeof freed[0]; i++)
        CHECK_EQUAL(heap_free(&heap, at(freed[i])), 0);
    CHECK_TEXT(picture(), ".o...o..o.oo...o");
    CHECK(heap_malloc(&heap, 2 * 4096) == at(6));  /* not 2, which is lower and longer */
    CHECK(heap_malloc(&heap, 2 * 4096) == at(12)); /* not 2, which is older */
    CHECK(heap_malloc(&heap, 1) == at(14));
    CHECK(heap_malloc(&heap, 1) == at(9));
    CHECK(heap_malloc(&heap, 1) == at(0));
    CHECK(heap_malloc(&heap, 4 * 4096) == NULL);
    CHECK(heap_malloc(&heap, 1) == at(2));
    CHECK_TEXT(picture(), "ooo..o<>oooo<>oo");
    CHECK_HOLDS(heap_check(&heap));
}

/* Above 64 blocks runs of different lengths have one bin: what is not asked for stays free. */
CASE(heap, long_runs_of_a_bin_are_cut)
{
    CHECK(make(LARGE_BLOCKS));
    CHECK_EQUAL(heap_take(&heap, 70, 100), 0); /* 70 free blocks, 77, and the rest */
    CHECK_EQUAL(heap_take(&heap, 177, 200), 0);
    CHECK(heap_malloc(&heap, 72 * 4096) == at(100));
    CHECK_EQUAL(heap_free(&heap, at(100)), HEAP_FREED);
    CHECK(heap_malloc(&heap, 65 * 4096) == at(0));
    CHECK_HOLDS(heap_check(&heap));
    CHECK(heap_malloc(&heap, 5 * 4096) == at(65));
    CHECK(heap_malloc(&heap, 77 * 4096) == at(100));
    CHECK_EQUAL(heap.statistics.taken, 200);
    CHECK(heap_malloc(&heap, 65 * 4096) == at(200));
    CHECK_HOLDS(heap_check(&heap));
}

CASE(heap, b1_last_run_too_short_is_no_success)
{
    CHECK(make(BLOCKS));
    CHECK(heap_malloc(&heap, 10 * 4096) == at(0));
    CHECK(heap_malloc(&heap, 10 * 4096) == NULL);
    CHECK_TEXT(picture(), "<========>......");
    CHECK(heap_malloc(&heap, 6 * 4096) == at(10));
    CHECK_EQUAL(heap.statistics.failed, 1);
    CHECK_HOLDS(heap_check(&heap));
}

CASE(heap, b2_zero_bytes_give_null)
{
    CHECK(make(BLOCKS));
    CHECK(heap_malloc(&heap, 0) == NULL);
    CHECK(heap_malloc(&heap, 1) == at(0));
    CHECK_EQUAL(heap.statistics.failed, 0);
}

CASE(heap, b3_sizes_near_the_end_do_not_wrap)
{
    CHECK(make(BLOCKS));
    const size_t sizes[] = {SIZE_MAX,        SIZE_MAX - 1,      SIZE_MAX - 4094, SIZE_MAX - 4095,
                            SIZE_MAX - 4096, SIZE_MAX / 2 + 1,  0xfffff001u,     0xffffffffu,
                            0x80000000u,     (BLOCKS << 12) + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        CHECK(heap_malloc(&heap, sizes[i]) == NULL);
    CHECK_TEXT(picture(), "................");
    CHECK(heap_malloc(&heap, BLOCKS << 12) == at(0));
}

CASE(heap, b4_free_of_null_and_below_changes_nothing)
{
    CHECK(make(BLOCKS));
    /* The table stands inside a larger array; what lies before it must stay. */
    entries[0] = entries[1] = 0x55;
    table.entries = entries + 2;
    CHECK_EQUAL(heap_create(&heap, at(0), at(BLOCKS), &table), 0);
    CHECK(heap_malloc(&heap, 4096) == at(0));
    CHECK_EQUAL(heap_free(&heap, NULL), HEAP_OUT_OF_RANGE);
    CHECK_EQUAL(heap_free(&heap, START - 4096), HEAP_OUT_OF_RANGE);
    CHECK_EQUAL(heap_free(&heap, START - 1), HEAP_OUT_OF_RANGE);
    CHECK_EQUAL(entries[0], 0x55);
    CHECK_EQUAL(entries[1], 0x55);
    CHECK_EQUAL(entries[2], 0x41);
    CHECK_EQUAL(heap.statistics.refused, 3);
}

CASE(heap, b5_double_free_is_refused)
{
    CHECK(make(BLOCKS));
    CHECK(heap_malloc(&heap, 3 * 4096) == at(0));
    CHECK(heap_malloc(&heap, 4096) == at(3));
    CHECK_EQUAL(heap_free(&heap, at(0)), HEAP_FREED);
    CHECK_EQUAL(heap_free(&heap, at(0)), HEAP_ALREADY_FREE);
    CHECK_TEXT(picture(), "...o............");
    /* The block has a new owner that begins elsewhere: it is not released through the old one. */
    CHECK(heap_malloc(&heap, 2 * 4096) == at(0));
    CHECK_EQUAL(heap_free(&heap, at(1)), HEAP_NOT_FIRST);
    CHECK_TEXT(picture(), "<>.o............");
    CHECK_EQUAL(heap.statistics.refused, 2);
    CHECK_HOLDS(heap_check(&heap));
}

CASE(heap, b6_interior_free_is_refused)
{
    CHECK(make(BLOCKS));
    CHECK(heap_malloc(&heap, 3 * 4096) == at(0));
    CHECK(heap_malloc(&heap, 2 * 4096) == at(3));
    for (size_t block = 1; block < 3; block++)
        CHECK_EQUAL(heap_free(&heap, at(block)), HEAP_NOT_FIRST);
    CHECK_EQUAL(heap_free(&heap, START + 1), HEAP_MISALIGNED);
    CHECK_EQUAL(heap_free(&heap, START + 4095), HEAP_MISALIGNED);
    CHECK_EQUAL(heap_free(&heap, START + 4096 + 8), HEAP_MISALIGNED);
    CHECK_TEXT(picture(), "<=><>...........");
    CHECK_EQUAL(heap_free(&heap, at(0)), HEAP_FREED);
    CHECK_TEXT(picture(), "...<>...........");
    CHECK_HOLDS(heap_check(&heap));
}

CASE(heap, b7_free_past_the_end_is_refused)
{
    CHECK(make(BLOCKS));
    entries[BLOCKS] = 0x41; /* what an index past the table would find */
    CHECK_EQUAL(heap_free(&heap, at(BLOCKS)), HEAP_OUT_OF_RANGE);
    CHECK_EQUAL(heap_free(&heap, at(BLOCKS) + 1), HEAP_OUT_OF_RANGE);
    CHECK_EQUAL(heap_free(&heap, (void *)UINTPTR_MAX), HEAP_OUT_OF_RANGE);
    CHECK_EQUAL(heap_free(&heap, (void *)(UINTPTR_MAX & ~4095ul)), HEAP_OUT_OF_RANGE);
    CHECK_EQUAL(entries[BLOCKS], 0x41);
}

CASE(heap, b8_create_validates_everything)
{
    struct heap untouched = {.saddr = (void *)0x1234};
    struct heap_table right = {.entries = entries, .total = BLOCKS, .runs = RUNS};
    struct heap_table wrong = right;
    heap = untouched;
    CHECK_EQUAL(heap_create(NULL, at(0), at(BLOCKS), &right), -EINVARG);
    CHECK_EQUAL(heap_create(&heap, NULL, at(BLOCKS), &right), -EINVARG);
    CHECK_EQUAL(heap_create(&heap, at(0), NULL, &right), -EINVARG);
    CHECK_EQUAL(heap_create(&heap, at(0), at(BLOCKS), NULL), -EINVARG);
    CHECK_EQUAL(heap_create(&heap, at(0), at(0), &right), -EINVARG);
    CHECK_EQUAL(heap_create(&heap, at(BLOCKS), at(0), &right), -EINVARG);
    CHECK_EQUAL(heap_create(&heap, START + 1, at(BLOCKS), &right), -EINVARG);
    CHECK_EQUAL(heap_create(&heap, at(0), START + BLOCKS * 4096 + 16, &right), -EINVARG);
    wrong.total = BLOCKS - 1;
    CHECK_EQUAL(heap_create(&heap, at(0), at(BLOCKS), &wrong), -EINVARG);
    wrong.total = BLOCKS + 1;
    CHECK_EQUAL(heap_create(&heap, at(0), at(BLOCKS), &wrong), -EINVARG);
    wrong = right;
    wrong.entries = NULL;
    CHECK_EQUAL(heap_create(&heap, at(0), at(BLOCKS), &wrong), -EINVARG);
    wrong = right;
    wrong.runs = NULL;
    CHECK_EQUAL(heap_create(&heap, at(0), at(BLOCKS), &wrong), -EINVARG);
    wrong.runs = (struct heap_run *)((uintptr_t)RUNS + 1);
    CHECK_EQUAL(heap_create(&heap, at(0), at(BLOCKS), &wrong), -EINVARG);
    CHECK(heap.saddr == untouched.saddr && heap.table == NULL);
}

CASE(heap, b8_create_refuses_its_own_table)
{
    /* Over the whole page or pages where the entries stand; the heap may not serve them. */
    uintptr_t page = (uintptr_t)entries & ~(uintptr_t)4095;
    struct heap_table own = {.entries = entries, .total = 2, .runs = RUNS};
    CHECK_EQUAL(heap_create(&heap, (void *)page, (void *)(page + 2 * 4096), &own), -EINVARG);
    /* The last byte of the entries alone, in the first page served. */
    own.entries = at(1) - 2;
    own.total = 1;
    CHECK_EQUAL(heap_create(&heap, at(0), at(1), &own), -EINVARG);
    own.entries = at(0) - 1;
    own.total = 2;
    CHECK_EQUAL(heap_create(&heap, at(0), at(2), &own), -EINVARG);
    own.entries = entries;
    own.runs = at(1);
    CHECK_EQUAL(heap_create(&heap, at(0), at(2), &own), -EINVARG);
}

CASE(heap, b8_create_refuses_itself_inside)
{
    static struct {
        uint8_t first[4096];
        struct heap heap;
        struct heap_table table;
    } __attribute__((aligned(4096))) memory; /* whole pages, and nothing else in them */
    void *end = (uint8_t *)&memory + sizeof memory;
    table = (struct heap_table){.entries = entries, .total = sizeof memory / 4096, .runs = RUNS};
    memory.table = table;
    CHECK_EQUAL(heap_create(&memory.heap, memory.first, end, &table), -EINVARG);
    CHECK_EQUAL(heap_create(&heap, memory.first, end, &memory.table), -EINVARG);
    CHECK_EQUAL(heap_create(&heap, memory.first, end, &table), 0);
}

/*
 * The family looks at every entry from block 0 on, in each call. Here none is looked at: while an
 * allocation is made the whole table, but for what it writes, says something else.
 */
CASE(heap, b11_search_does_not_read_the_table)
{
    static HEAP_BLOCK_TABLE_ENTRY kept[LARGE_BLOCKS];
    CHECK(make(LARGE_BLOCKS));
    for (size_t i = 0; i < LARGE_BLOCKS; i++)
        CHECK(heap_malloc(&heap, 4096) == at(i));
    for (size_t i = 0; i < LARGE_BLOCKS; i += 2)
        CHECK_EQUAL(heap_free(&heap, at(i)), HEAP_FREED);
    CHECK_EQUAL(heap_free(&heap, at(LARGE_BLOCKS - 1)), HEAP_FREED);
    const block_t newest[] = {0, LARGE_BLOCKS - 4, LARGE_BLOCKS - 2};
    for (size_t length = 2; length > 0; length--) {
        memcpy(kept, entries, sizeof kept);
        block_t wanted = newest[length];
        memset(entries, 0x55, sizeof entries);
        void *got = heap_malloc(&heap, length * 4096);
        memcpy(kept + wanted, entries + wanted, length);
        memcpy(entries, kept, sizeof kept);
        CHECK(got == at(wanted));
        CHECK_HOLDS(heap_check(&heap));
    }
}

CASE(heap, b14_marking_ends_with_the_allocation)
{
    CHECK(make(BLOCKS));
    void *a = heap_malloc(&heap, 4 * 4096);
    void *b = heap_malloc(&heap, 2 * 4096);
    CHECK_EQUAL(entries[0], 0xc1);
    CHECK_EQUAL(entries[1], 0x81);
    CHECK_EQUAL(entries[2], 0x81);
    CHECK_EQUAL(entries[3], 0x01);
    CHECK_EQUAL(heap_free(&heap, a), HEAP_FREED);
    CHECK_TEXT(picture(), "....<>..........");
    CHECK_EQUAL(heap_free(&heap, b), HEAP_FREED);
    CHECK_HOLDS(heap_check(&heap));
}

CASE(heap, b15_freed_memory_is_used_again)
{
    CHECK(make(BLOCKS));
    for (int round = 0; round < 100; round++) {
        void *a = heap_malloc(&heap, 9 * 4096), *b = heap_malloc(&heap, 7 * 4096);
        CHECK(a == at(0) && b == at(9));
        CHECK_EQUAL(heap_free(&heap, a), HEAP_FREED);
        CHECK_EQUAL(heap_free(&heap, b), HEAP_FREED);
    }
    CHECK_EQUAL(heap.statistics.taken, 0);
    CHECK_EQUAL(heap.statistics.peak, BLOCKS);
    CHECK_EQUAL(heap.statistics.served, 200);
}

CASE(heap, take_makes_a_hole_that_is_one_allocation)
{
    CHECK(make(BLOCKS));
    CHECK_EQUAL(heap_take(&heap, 2, 5), 0);
    CHECK_EQUAL(heap_take(&heap, 15, 16), 0);
    CHECK_TEXT(picture(), "..<=>..........o");
    CHECK_EQUAL(heap_take(&heap, 4, 6), -EINVARG);
    CHECK_EQUAL(heap_take(&heap, 6, 6), -EINVARG);
    CHECK_EQUAL(heap_take(&heap, 7, 6), -EINVARG);
    CHECK_EQUAL(heap_take(&heap, 15, 17), -EINVARG);
    CHECK_EQUAL(heap_take(&heap, 16, 17), -EINVARG);
    CHECK_TEXT(picture(), "..<=>..........o");
    CHECK(heap_malloc(&heap, 3 * 4096) == at(5));
    CHECK_EQUAL(heap_largest_free(&heap), 7);
    CHECK_HOLDS(heap_check(&heap));
}

CASE(heap, allocation_size_is_known)
{
    CHECK(make(BLOCKS));
    int refusal = 0;
    void *a = heap_malloc(&heap, 5 * 4096), *b = heap_malloc(&heap, 1);
    CHECK_EQUAL(heap_allocation_blocks(&heap, a, NULL), 5);
    CHECK_EQUAL(heap_allocation_blocks(&heap, b, &refusal), 1);
    CHECK_EQUAL(refusal, HEAP_FREED);
    CHECK_EQUAL(heap_allocation_blocks(&heap, at(1), &refusal), 0);
    CHECK_EQUAL(refusal, HEAP_NOT_FIRST);
    CHECK_EQUAL(heap_allocation_blocks(&heap, at(9), &refusal), 0);
    CHECK_EQUAL(refusal, HEAP_ALREADY_FREE);
    CHECK_EQUAL(heap_allocation_blocks(&heap, at(16), &refusal), 0);
    CHECK_EQUAL(refusal, HEAP_OUT_OF_RANGE);
}

/* The checker itself: every way in which a table of 16 can be broken must be seen. */
CASE(heap, check_sees_every_kind_of_damage)
{
    CHECK(make(BLOCKS));
    CHECK(heap_malloc(&heap, 3 * 4096) == at(0));
    CHECK(heap_malloc(&heap, 4096) == at(3));
    CHECK_HOLDS(heap_check(&heap));
    for (size_t block = 0; block < BLOCKS; block++)
        for (unsigned value = 0; value < 256; value++) {
            HEAP_BLOCK_TABLE_ENTRY was = entries[block];
            if (value == was)
                continue;
            entries[block] = (HEAP_BLOCK_TABLE_ENTRY)value;
            const char *verdict = heap_check(&heap);
            entries[block] = was;
            CHECK(verdict != NULL);
        }
    heap.statistics.peak = 3;
    CHECK(heap_check(&heap) != NULL);
    heap.statistics.peak = BLOCKS + 1;
    CHECK(heap_check(&heap) != NULL);
    heap.statistics.peak = BLOCKS;
    heap.statistics.allocations++;
    CHECK(heap_check(&heap) != NULL);
    heap.statistics.allocations--;
    heap.statistics.total--;
    CHECK(heap_check(&heap) != NULL);
    heap.statistics.total++;
    CHECK_HOLDS(heap_check(&heap));
}

/* Whether the check sees the word at WORD with bit BIT flipped; and then it is as it was. */
static bool flip_is_seen(uint32_t *word, unsigned bit)
{
    *word ^= (uint32_t)1 << bit;
    bool seen = heap_check(&heap) != NULL;
    *word ^= (uint32_t)1 << bit;
    return seen;
}

/* What stands beside the table: each bit that means something is seen, and none is a fault. */
CASE(heap, check_sees_every_bit_that_flips_beside_the_table)
{
    CHECK(make(BLOCKS));
    CHECK_EQUAL(heap_take(&heap, 2, 4), 0); /* ..<>.o.<=>.o.... */
    CHECK_EQUAL(heap_take(&heap, 5, 6), 0);
    CHECK_EQUAL(heap_take(&heap, 7, 10), 0);
    CHECK_EQUAL(heap_take(&heap, 11, 12), 0);
    CHECK_TEXT(picture(), "..<>.o.<=>.o....");
    const bool begins[BLOCKS] = {1, 0, 1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1};
    const bool ends_free[BLOCKS] = {[1] = 1, [4] = 1, [6] = 1, [10] = 1, [15] = 1};
    for (unsigned bit = 0; bit < 32; bit++) {
        for (size_t block = 0; block < BLOCKS; block++) {
            bool free = entries[block] == 0 && begins[block];
            bool seen = flip_is_seen(&RUNS[block].length, bit);
            CHECK(seen || !(begins[block] || ends_free[block]));
            seen = flip_is_seen(&RUNS[block].newer, bit);
            CHECK(seen || !free);
            seen = flip_is_seen(&RUNS[block].older, bit);
            CHECK(seen || !free);
        }
        for (size_t bin = 0; bin < HEAP_BINS; bin++)
            CHECK(flip_is_seen(&heap.newest[bin], bit));
        for (size_t i = 0; i < sizeof heap.bins / sizeof heap.bins[0]; i++)
            CHECK(flip_is_seen(&heap.bins[i], bit));
        CHECK(flip_is_seen(&heap.words, bit));
    }
    CHECK_HOLDS(heap_check(&heap));
}

/* Of a bin of several lengths: the longest of those that a request is asked of. */
CASE(heap, largest_free_is_what_is_given_at_once)
{
    CHECK(make(LARGE_BLOCKS));
    CHECK_EQUAL(heap_take(&heap, 0, 1), 0);
    size_t end = 1;
    for (size_t length = 139; length >= 130; length--) { /* the shortest is the newest */
        end += length + 1;                               /* so many free blocks, and a taken one */
        CHECK_EQUAL(heap_take(&heap, end - 1, length > 130 ? end : LARGE_BLOCKS), 0);
    }
    const size_t given[] = {137, 138, 139, 136, 135, 134, 133, 132, 131, 130};
    for (size_t i = 0; i < 10; i++) {
        size_t largest = heap_largest_free(&heap);
        CHECK_EQUAL(largest, given[i]);
        CHECK(heap_malloc(&heap, (largest + 1) * 4096) == NULL);
        CHECK(heap_malloc(&heap, largest * 4096) != NULL);
        CHECK_HOLDS(heap_check(&heap));
    }
    CHECK_EQUAL(heap_largest_free(&heap), 0);
}

CASE(heap, refusals_have_names)
{
    CHECK_TEXT(heap_refusal_text(HEAP_OUT_OF_RANGE), "out of range");
    CHECK_TEXT(heap_refusal_text(HEAP_MISALIGNED), "misaligned");
    CHECK_TEXT(heap_refusal_text(HEAP_NOT_FIRST), "not a first block");
    CHECK_TEXT(heap_refusal_text(HEAP_ALREADY_FREE), "already free");
    CHECK_TEXT(heap_refusal_text(HEAP_RESERVED), "reserved");
}
