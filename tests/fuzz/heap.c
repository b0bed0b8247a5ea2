/* The block table under any sequence of calls: each goes where a scan says, and all stays sound. */
#include "fuzz.h"
#include "memory/heap/heap_scan.h"

enum { BLOCKS = 160 };

#define START ((uint8_t *)0x40000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
    static HEAP_BLOCK_TABLE_ENTRY entries[BLOCKS];
    static size_t index_words[HEAP_INDEX_WORDS(BLOCKS)];
    static struct heap heap;
    struct fuzz_input input = {data, nbytes};
    size_t total = 1 + fuzz_byte(&input) % BLOCKS;
    struct heap_table table = {.entries = entries, .total = total, .index = index_words};
    fuzz_require(heap_create(&heap, START, START + total * HEAP_BLOCK_SIZE, &table) == 0,
                 "a heap that is right is refused");
    while (input.left > 0) {
        uint8_t operation = fuzz_byte(&input), argument = fuzz_byte(&input);
        uint8_t *place = START + (size_t)argument * HEAP_BLOCK_SIZE;
        size_t taken = heap.statistics.taken;
        if (operation % 4 == 0) {
            size_t nblocks = 1 + argument, wanted = heap_scan(&table, nblocks);
            uint8_t *got = heap_malloc(&heap, nblocks * HEAP_BLOCK_SIZE - operation / 4);
            fuzz_require(got == (wanted < total ? START + wanted * HEAP_BLOCK_SIZE : NULL),
                         "an allocation is not where the scan says");
        } else if (operation % 4 == 1) {
            int refusal = heap_free(&heap, place + (operation & 128 ? 8 : 0));
            fuzz_require(refusal == HEAP_FREED || heap.statistics.taken == taken,
                         "a refused free has changed something");
        } else if (operation % 4 == 2) {
            size_t nblocks = operation / 4;
            fuzz_require(heap_resize(&heap, place, nblocks) || heap.statistics.taken == taken,
                         "a refused change of length has changed something");
        } else {
            size_t alignment = (size_t)HEAP_BLOCK_SIZE << operation / 4 % 8;
            uint8_t *got = heap_malloc_aligned(&heap, (size_t)argument * 100, alignment);
            fuzz_require((uintptr_t)got % alignment == 0, "an aligned allocation is not");
        }
        const char *broken = heap_check(&heap);
        fuzz_require(!broken, broken);
    }
    return 0;
}
