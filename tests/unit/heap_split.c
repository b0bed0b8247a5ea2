/* Runs of blocks that become allocations of one block each; and what runs are made of. */
#include "arena.h"
#include "case.h"
#include "memory/heap/block_heap.h"

enum { BLOCKS = 40 };

#define START ((uint8_t *)0x40000000)

static HEAP_BLOCK_TABLE_ENTRY entries[BLOCKS];
static struct heap_run runs[BLOCKS];
static struct heap_table table;
static struct heap heap;

static uint8_t *at(size_t block)
{
    return START + block * HEAP_BLOCK_SIZE;
}

static bool make(void)
{
    table = (struct heap_table){.entries = entries, .total = BLOCKS, .runs = runs};
    return heap_create(&heap, at(0), at(BLOCKS), &table) == 0;
}

CASE(heap_split, each_block_is_freed_by_itself)
{
    for (size_t nblocks = 1; nblocks <= 20; nblocks++) {
        CHECK(make());
        CHECK(heap_malloc(&heap, nblocks * 4096) == at(0));
        CHECK(heap_malloc(&heap, 4096) == at(nblocks));
        CHECK_EQUAL(heap_split(&heap, at(0)), HEAP_FREED);
        CHECK_EQUAL(heap.statistics.allocations, nblocks + 1);
        CHECK_EQUAL(heap.statistics.taken, nblocks + 1);
        for (size_t block = 0; block < nblocks; block++)
            CHECK_EQUAL(entries[block], 0x41);
        CHECK_HOLDS(heap_check(&heap));
        for (size_t block = nblocks; block-- > 0;)
            CHECK_EQUAL(heap_free(&heap, at(block)), HEAP_FREED);
        CHECK_EQUAL(heap.statistics.taken, 1);
        CHECK_HOLDS(heap_check(&heap));
    }
}

CASE(heap_split, wrong_pointers_are_refused)
{
    CHECK(make());
    CHECK(heap_malloc(&heap, 3 * 4096) == at(0));
    CHECK_EQUAL(heap_split(&heap, NULL), HEAP_OUT_OF_RANGE);
    CHECK_EQUAL(heap_split(&heap, at(0) + 8), HEAP_MISALIGNED);
    CHECK_EQUAL(heap_split(&heap, at(1)), HEAP_NOT_FIRST);
    CHECK_EQUAL(heap_split(&heap, at(3)), HEAP_ALREADY_FREE);
    CHECK_EQUAL(heap_split(&heap, at(BLOCKS)), HEAP_OUT_OF_RANGE);
    CHECK_EQUAL(entries[0], 0xc1);
    CHECK_EQUAL(heap.statistics.allocations, 1);
}

/* Whatever is taken around it, a run is of free blocks only: nobody's block is handed out twice. */
CASE(heap_split, n4_runs_hold_no_taken_block)
{
    for (uint32_t pattern = 0; pattern < 1024; pattern++)
        for (size_t nblocks = 1; nblocks <= 4; nblocks++) {
            CHECK(make());
            CHECK_EQUAL(heap_take(&heap, 10, BLOCKS), 0);
            for (size_t block = 0; block < 10; block++)
                if (pattern >> block & 1)
                    CHECK_EQUAL(heap_take(&heap, block, block + 1), 0);
            uint8_t *run = heap_malloc(&heap, nblocks * 4096);
            for (size_t i = 0; run && i < nblocks; i++)
                CHECK(!(pattern >> (heap_block_of(&heap, run) + i) & 1));
            CHECK_HOLDS(heap_check(&heap));
        }
}

CASE(heap_split, singles_of_the_whole_heap_are_tagged_and_come_back)
{
    struct block_heap *blocks = block_heap_create(arena, arena + BLOCKS, arena + BLOCKS, NULL);
    CHECK(block_heap_bytes_beside(BLOCKS) <= (ARENA_BLOCKS - BLOCKS) * sizeof *arena);
    CHECK(blocks != NULL);
    const struct heap *all = block_heap_table(blocks);
    CHECK(block_heap_malloc_singles(blocks, OWNER_SHELL, BLOCKS + 1) == NULL);
    CHECK(block_heap_malloc_singles(blocks, OWNER_SHELL, 0) == NULL);
    CHECK_EQUAL(all->statistics.taken, 0);
    uint8_t *run = block_heap_malloc_singles(blocks, OWNER_SHELL, 7);
    CHECK(run != NULL);
    CHECK_EQUAL(all->statistics.allocations, 7);
    for (size_t i = 0; i < 7; i++) {
        CHECK_EQUAL(block_heap_owner_of(blocks, heap_block_of(all, run) + i), OWNER_SHELL);
        CHECK_EQUAL(block_heap_size(blocks, run + i * 4096, NULL), 4096);
    }
    CHECK_HOLDS(block_heap_check(blocks));
    for (size_t i = 0; i < 7; i += 2)
        CHECK_EQUAL(block_heap_free(blocks, run + i * 4096), HEAP_FREED);
    for (size_t i = 1; i < 7; i += 2)
        CHECK_EQUAL(block_heap_free(blocks, run + i * 4096), HEAP_FREED);
    (void)block_heap_trim(blocks);
    CHECK_EQUAL(all->statistics.taken, 0);
    CHECK_HOLDS(block_heap_check(blocks));
}
