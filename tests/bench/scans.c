#include "scans.h"

#include <string.h>

#include "bench.h"
#include "memory/heap/heap.h"

#define START ((uint8_t *)0x0a000000)

enum { ONLY = 0x41, FIRST = 0xc1, INNER = 0x81, LAST = 0x01 };

struct scans {
    block_t (*find)(const struct heap_table *table, size_t nblocks);
    size_t taken, peak;
    struct heap_table table;
    HEAP_BLOCK_TABLE_ENTRY entries[BENCH_BLOCKS];
};

/* The end of what is free, or taken, from BLOCK on; quickly over what is the same throughout. */
static size_t run_end(const struct heap_table *table, size_t block)
{
    bool free = table->entries[block] == 0;
    while (block < table->total && (table->entries[block] == 0) == free)
        block++;
    return block;
}

static block_t find_first(const struct heap_table *table, size_t nblocks)
{
    for (size_t block = 0, end; block < table->total; block = end) {
        end = run_end(table, block);
        if (table->entries[block] == 0 && end - block >= nblocks)
            return block;
    }
    return table->total;
}

/* Of runs up to 64 blocks the shortest that is long enough, and the lowest of equals; above that
 * lengths with the same first four digits are equals. */
static block_t find_best(const struct heap_table *table, size_t nblocks)
{
    size_t best = table->total, best_length = SIZE_MAX;
    for (size_t block = 0, end; block < table->total; block = end) {
        end = run_end(table, block);
        size_t length = end - block, zeros = 0;
        if (table->entries[block] != 0 || length < nblocks)
            continue;
        while (length > 64 && length >> zeros > 15)
            zeros++;
        length = length >> zeros << zeros;
        if (length < best_length) {
            best = block;
            best_length = length;
        }
    }
    return best;
}

static block_t find_exact(const struct heap_table *table, size_t nblocks)
{
    size_t first = table->total;
    for (size_t block = 0, end; block < table->total; block = end) {
        end = run_end(table, block);
        if (table->entries[block] != 0 || end - block < nblocks)
            continue;
        if (end - block == nblocks)
            return block;
        first = first < block ? first : block;
    }
    return first;
}

struct scans best_scan = {.find = find_best};
struct scans first_scan = {.find = find_first};
struct scans exact_scan = {.find = find_exact};

void scans_reset(void *heap, size_t nblocks)
{
    struct scans *all = heap;
    all->table = (struct heap_table){.entries = all->entries, .total = nblocks};
    all->taken = all->peak = 0;
    memset(all->entries, 0, nblocks);
}

void *scans_malloc(void *heap, size_t nbytes)
{
    struct scans *all = heap;
    size_t nblocks = (nbytes + BENCH_BLOCK - 1) / BENCH_BLOCK;
    size_t first = all->find(&all->table, nblocks);
    if (first == all->table.total)
        return NULL;
    memset(all->entries + first, INNER, nblocks);
    all->entries[first + nblocks - 1] = LAST;
    all->entries[first] = nblocks == 1 ? ONLY : FIRST;
    all->taken += nblocks;
    if (all->taken > all->peak)
        all->peak = all->taken;
    return START + first * BENCH_BLOCK;
}

int scans_free(void *heap, void *pointer)
{
    struct scans *all = heap;
    size_t block = (size_t)((uint8_t *)pointer - START) / BENCH_BLOCK;
    for (bool more = true; more; block++) {
        more = (all->entries[block] & 0x80) != 0;
        all->entries[block] = 0;
        all->taken--;
    }
    return 0;
}

double scans_footprint(void *heap)
{
    const struct scans *all = heap;
    return (double)all->peak * (BENCH_BLOCK + 1);
}
