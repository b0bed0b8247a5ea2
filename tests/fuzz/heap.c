/* The block table under any sequence of calls: each goes where the model says, and all is sound. */
#include "memory/heap/heap.h"
#include "fuzz.h"
#include "run_model.h"

enum { BLOCKS = 160 };

#define START ((uint8_t *)0x40000000)

/* How many blocks the allocation has that begins at FIRST; 0 where none does. */
static size_t length_at(const struct heap_table *table, size_t first)
{
    size_t length = 1;
    if (first >= table->total || !(table->entries[first] & HEAP_BLOCK_IS_FIRST))
        return 0;
    while (table->entries[first + length - 1] & HEAP_BLOCK_HAS_NEXT)
        length++;
    return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
    static HEAP_BLOCK_TABLE_ENTRY entries[BLOCKS];
    static struct heap_run runs[BLOCKS];
    static uint32_t free_bits[RUN_MODEL_WORDS(BLOCKS)], since[BLOCKS];
    struct run_model model;
    static struct heap heap;
    struct fuzz_input input = {data, nbytes};
    size_t total = 1 + fuzz_byte(&input) % BLOCKS;
    struct heap_table table = {.entries = entries, .total = total, .runs = runs};
    fuzz_require(heap_create(&heap, START, START + total * HEAP_BLOCK_SIZE, &table) == 0,
                 "a heap that is right is refused");
    run_model_init(&model, total, free_bits, since);
    while (input.left > 0) {
        uint8_t operation = fuzz_byte(&input), argument = fuzz_byte(&input);
        uint8_t *place = START + (size_t)argument * HEAP_BLOCK_SIZE;
        size_t taken = heap.statistics.taken, was = length_at(&table, argument);
        if (operation % 4 == 0) {
            size_t nblocks = 1 + argument, wanted = run_model_find(&model, nblocks);
            uint8_t *got = heap_malloc(&heap, nblocks * HEAP_BLOCK_SIZE - operation / 4);
            fuzz_require(got == (wanted < total ? START + wanted * HEAP_BLOCK_SIZE : NULL),
                         "an allocation is not where the model says");
            if (got)
                run_model_take(&model, wanted, nblocks);
        } else if (operation % 4 == 1) {
            int refusal = heap_free(&heap, place + (operation & 128 ? 8 : 0));
            fuzz_require(refusal == HEAP_FREED || heap.statistics.taken == taken,
                         "a refused free has changed something");
            if (refusal == HEAP_FREED)
                run_model_give(&model, argument, was);
        } else if (operation % 4 == 2) {
            size_t nblocks = operation / 4;
            bool resized = heap_resize(&heap, place, nblocks);
            fuzz_require(resized || heap.statistics.taken == taken,
                         "a refused change of length has changed something");
            if (resized && nblocks > was)
                run_model_take(&model, argument + was, nblocks - was);
            else if (resized && nblocks < was)
                run_model_give(&model, argument + nblocks, was - nblocks);
        } else {
            size_t alignment = (size_t)HEAP_BLOCK_SIZE << operation / 4 % 8;
            uint8_t *got = heap_malloc_aligned(&heap, (size_t)argument * 100, alignment);
            fuzz_require((uintptr_t)got % alignment == 0, "an aligned allocation is not");
            size_t first = (size_t)(got - START) / HEAP_BLOCK_SIZE;
            if (got)
                run_model_take(&model, first, length_at(&table, first));
        }
        const char *broken = heap_check(&heap);
        fuzz_require(!broken, broken);
    }
    return 0;
}
