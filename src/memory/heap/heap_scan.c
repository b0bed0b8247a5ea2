#include "memory/heap/heap_scan.h"

/*
 * Lengths of the same rank count as equal: up to 64 blocks each is its own, above that a rank ends
 * at each multiple of a quarter of the power of two: 80, 96, 112, 128, 160 .. So a run of 1,000
 * blocks is not split for being a little shorter than one of 1,020.
 */
static size_t rank_of(size_t length)
{
    size_t step = 1;
    if (length <= 64)
        return length;
    while (length / step >= 8)
        step *= 2;
    return (length / step + 1) * step;
}

block_t heap_scan(const struct heap_table *table, size_t nblocks)
{
    block_t best = table->total;
    size_t best_rank = SIZE_MAX, length = 0;
    for (block_t block = 0; block < table->total; block += length + 1) {
        length = 0;
        while (block + length < table->total &&
               table->entries[block + length] == HEAP_BLOCK_TABLE_ENTRY_FREE)
            length++;
        if (length >= nblocks && rank_of(length) < best_rank) {
            best = block;
            best_rank = rank_of(length);
        }
    }
    return best;
}
