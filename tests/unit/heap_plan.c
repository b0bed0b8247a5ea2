/* Where the heap goes on machines of every kind (B9, T2). Addresses in pages of 4 KB. */
#include "memory/kheap/heap_plan.h"

#include "arena.h"
#include "case.h"

enum { MB = 256 /* pages */ };

static struct heap_plan plan;

static size_t six_bytes_a_block(size_t nblocks)
{
    return 6 * nblocks;
}

/* A machine whose RAM, behind a kernel that ends at 1.5 MB, reaches up to TOP. */
static void machine(page_t top)
{
    memory_map_clear(&shared->map);
    bool right =
        memory_map_claim(&shared->map, 0, (uint64_t)top << PAGE_SHIFT, MEMORY_USABLE) == 0 &&
        memory_map_claim(&shared->map, 0x100000, 0x80000, MEMORY_KERNEL) == 0;
    memory_map_settle(&shared->map);
    plan.first = right ? 0 : 1;
}

CASE(heap_plan, b9_the_heap_follows_the_memory)
{
    static const struct {
        page_t top, first, end, table;
    } vectors[] = {
        /* A page of table serves 682 blocks at 6 bytes each. */
        {4 * MB, 384 + 1, 4 * MB, 384},
        {8 * MB, 384 + 3, 8 * MB, 384},
        {16 * MB, 384 + 6, 16 * MB, 384},
        {20 * MB, 384 + 7, 20 * MB, 384},
        {32 * MB, 16 * MB, 32 * MB, 384},
        {128 * MB, 16 * MB, 128 * MB, 384},
        /* 4.7 MB of table find no room below the user window. */
        {3328 * MB, 16 * MB + 1242, 3328 * MB, 16 * MB},
        {4096 * MB, 16 * MB + 1242, 3328 * MB, 16 * MB},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        machine(vectors[i].top);
        CHECK(heap_plan_make(&plan, &shared->map, six_bytes_a_block, 0));
        CHECK_EQUAL(plan.first, vectors[i].first);
        CHECK_EQUAL(plan.end, vectors[i].end);
        CHECK_EQUAL(plan.table, vectors[i].table);
        CHECK(plan.table_pages * 4096u >= (plan.end - plan.first) * 6);
        CHECK(plan.table + plan.table_pages <= plan.first);
    }
}

CASE(heap_plan, the_table_keeps_out_of_the_user_window)
{
    machine(64 * MB);
    CHECK_EQUAL(memory_map_claim(&shared->map, 0x180000, 0x3fa000 - 0x180000, MEMORY_MODULE), 0);
    memory_map_settle(&shared->map);
    CHECK(heap_plan_make(&plan, &shared->map, six_bytes_a_block, 0));
    CHECK_EQUAL(plan.table, 16 * MB); /* not in 4 to 16 MB, although there is room */
    CHECK_EQUAL(plan.first, 16 * MB + plan.table_pages);
}

CASE(heap_plan, more_memory_above_16_mb_than_below_decides)
{
    /* Usable below: 1.5 to 16 MB, 14.5 MB. */
    machine(16 * MB + 14 * MB + MB / 2);
    CHECK(heap_plan_make(&plan, &shared->map, six_bytes_a_block, 0));
    CHECK_EQUAL(plan.first, 16 * MB);
    machine(16 * MB + 14 * MB + MB / 2 - 1);
    CHECK(heap_plan_make(&plan, &shared->map, six_bytes_a_block, 0));
    CHECK(plan.first < 4 * MB);
}

CASE(heap_plan, a_bound_shortens_it)
{
    machine(64 * MB);
    CHECK(heap_plan_make(&plan, &shared->map, six_bytes_a_block, 8 * MB));
    CHECK_EQUAL(plan.first, 16 * MB);
    CHECK_EQUAL(plan.end, 24 * MB);
    CHECK(heap_plan_make(&plan, &shared->map, six_bytes_a_block, 100 * MB));
    CHECK_EQUAL(plan.end, 64 * MB);
}

CASE(heap_plan, too_little_is_told_with_numbers)
{
    machine(384 + HEAP_PLAN_BLOCKS_LEAST);
    CHECK(!heap_plan_make(&plan, &shared->map, six_bytes_a_block, 0));
    CHECK_EQUAL(plan.needed, HEAP_PLAN_BLOCKS_LEAST + 1);
    CHECK_EQUAL(plan.usable, HEAP_PLAN_BLOCKS_LEAST);
    machine(384 + HEAP_PLAN_BLOCKS_LEAST + 1);
    CHECK(heap_plan_make(&plan, &shared->map, six_bytes_a_block, 0));
    machine(256);
    CHECK(!heap_plan_make(&plan, &shared->map, six_bytes_a_block, 0));
    CHECK_EQUAL(plan.usable, 0);
    machine(64 * MB);
    CHECK(!heap_plan_make(&plan, &shared->map, six_bytes_a_block, 8));
}
