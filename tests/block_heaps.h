/*
 * What the cases of the block heap have in common: one over blocks of the arena, or over many
 * blocks where nothing is, for the heap itself touches no memory that it serves; and a source of
 * pages that writes down what it was asked for, and refuses where it is told to.
 */
#ifndef PLAT_TESTS_BLOCK_HEAPS_H
#define PLAT_TESTS_BLOCK_HEAPS_H

#include "arena.h"
#include "case.h"
#include "memory/heap/block_private.h"
#include "memory/memory.h"

enum { PAGE = HEAP_BLOCK_SIZE, BLOCKS = 40, MANY = 2048, ALWAYS = 1 << 30 };

/* Where many blocks lie: no heap of a kernel's reaches there. */
#define NOWHERE ((uintptr_t)0xf0003000)

static struct block_heap *heap;
static uint8_t *first_block;

/* What the page source was asked for, and what it will do. */
static struct {
    bool present[MANY], wrong;
    int until_failure, failures; /* successes until some fail, and how many do */
    size_t budget;               /* blocks that may be present at once */
    size_t npresent, asked, failed;
} pages;

/* The index of START; SIZE_MAX where that is no range of the heap's blocks. */
static inline size_t page_index(const void *context, const void *start, size_t nblocks)
{
    size_t first = ((uintptr_t)start - (uintptr_t)first_block) / PAGE;
    size_t total = block_heap_table(heap)->table->total;
    bool right = context == &pages && (uintptr_t)start % PAGE == 0 && nblocks > 0 &&
                 first < total && nblocks <= total - first;
    pages.wrong |= !right;
    return right ? first : SIZE_MAX;
}

static bool commit(void *context, void *start, size_t nblocks)
{
    size_t first = page_index(context, start, nblocks);
    pages.asked++;
    for (size_t i = 0; first != SIZE_MAX && i < nblocks; i++)
        pages.wrong |= pages.present[first + i];
    if (first == SIZE_MAX || nblocks > pages.budget - pages.npresent ||
        (pages.until_failure-- <= 0 && pages.failures-- > 0)) {
        pages.failed++;
        return false;
    }
    memset(&pages.present[first], true, nblocks);
    pages.npresent += nblocks;
    return true;
}

static void decommit(void *context, void *start, size_t nblocks)
{
    size_t first = page_index(context, start, nblocks);
    if (first == SIZE_MAX)
        return;
    for (size_t i = first; i < first + nblocks; i++)
        pages.wrong |= !pages.present[i];
    memset(&pages.present[first], false, nblocks);
    pages.npresent -= nblocks;
}

static const struct block_pages page_source = {commit, decommit, &pages};

static inline bool begin_at(uint8_t *start, size_t nblocks, size_t room_from,
                            const struct block_pages *source)
{
    memset(&pages, 0, sizeof pages);
    pages.until_failure = ALWAYS;
    pages.budget = MANY;
    first_block = start;
    if (block_heap_bytes_beside(nblocks) > (ARENA_BLOCKS - room_from) * sizeof *arena)
        return false;
    heap = block_heap_create(start, start + nblocks * PAGE, arena[room_from], source);
    return heap != NULL;
}

/* An empty heap of NBLOCKS, up to BLOCKS, that are there. */
static inline bool begin_with(size_t nblocks, const struct block_pages *source)
{
    return begin_at(arena[0], nblocks, BLOCKS, source);
}

static inline bool begin(const struct block_pages *source)
{
    return begin_with(BLOCKS, source);
}

/* An empty heap of NBLOCKS, up to MANY, whose memory is not to be touched. */
static inline bool begin_many(size_t nblocks, const struct block_pages *source)
{
    return begin_at((uint8_t *)NOWHERE, nblocks, 0, source);
}

/* Whether exactly those blocks are there that the table says are taken, holes aside. */
static inline bool pages_agree(void)
{
    const struct heap_table *table = block_heap_table(heap)->table;
    size_t count = 0;
    bool hole = false;
    for (size_t i = 0; i < table->total; i++) {
        if (table->entries[i] & HEAP_BLOCK_IS_FIRST)
            hole = block_heap_owners(heap)[i] == OWNER_HOLE;
        if (pages.present[i] != (table->entries[i] != 0 && !hole))
            return false;
        count += pages.present[i];
    }
    return count == pages.npresent && !pages.wrong;
}

static inline struct heap_statistics *counts(void)
{
    return &heap->heap.statistics;
}

static inline size_t taken(void)
{
    return counts()->taken;
}

static inline uint8_t *at(size_t block)
{
    return first_block + block * PAGE;
}

static inline size_t block_of(const void *address)
{
    return heap_block_of(block_heap_table(heap), address);
}

static inline size_t size_of(const void *pointer)
{
    return block_heap_size(heap, pointer, NULL);
}

/* A number for all that the heap knows, the counts of failures aside, and all that it serves. */
static inline uint32_t fingerprint(void)
{
    size_t refused = counts()->refused, failed = counts()->failed, total = heap->table.total;
    counts()->refused = counts()->failed = 0;
    const struct {
        const void *bytes;
        size_t nbytes;
    } all[] = {{heap, block_heap_bytes_beside(total)},
               {arena, first_block == arena[0] ? total * PAGE : 0}};
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        for (size_t word = 0; word < all[i].nbytes / 4; word++) {
            uint32_t value;
            memcpy(&value, (const uint8_t *)all[i].bytes + word * 4, 4);
            hash = (hash ^ value) * 16777619u;
            hash ^= hash >> 15;
        }
    counts()->refused = refused;
    counts()->failed = failed;
    return hash;
}

/* Takes all blocks that are free, and gives nothing up that is kept. */
static inline bool take_the_rest(void)
{
    while (heap_largest_free(block_heap_table(heap)) > 0) {
        block_t first = 0;
        while (heap->table.entries[first] != 0)
            first++;
        if (block_heap_take(heap, first, first + heap->table.runs[first].length))
            return false;
    }
    return taken() == heap->table.total;
}

static inline size_t blocks_for(size_t nbytes)
{
    return nbytes / PAGE + (nbytes % PAGE != 0);
}

static inline bool is_whole(size_t nbytes)
{
    return nbytes % PAGE == 0 || nbytes > BLOCK_HEAP_MIDDLE;
}

/* What NBYTES take where memory is not short: a multiple of 16 up to 256, and above that as much as
 * 14 or fewer objects leave for each in a block; 5 units of 256 or more. */
static inline size_t room_for(size_t nbytes)
{
    size_t step = (nbytes + 15) / 16 * 16;
    if (is_whole(nbytes))
        return blocks_for(nbytes) * PAGE;
    if (nbytes > BLOCK_HEAP_SMALL)
        return nbytes <= 1280 ? 1280 : (nbytes + 255) / 256 * 256;
    return step <= 256 ? step : PAGE / (PAGE / step < 14 ? PAGE / step : 14) / 16 * 16;
}

static inline void fill(uint8_t *bytes, size_t nbytes, size_t seed)
{
    for (size_t i = 0; i < nbytes; i++)
        bytes[i] = (uint8_t)(seed * 31 + i + (i >> 8));
}

static inline bool is_filled(const uint8_t *bytes, size_t nbytes, size_t seed)
{
    for (size_t i = 0; i < nbytes; i++)
        if (bytes[i] != (uint8_t)(seed * 31 + i + (i >> 8)))
            return false;
    return true;
}

/* A pointer and why it is refused; 0 where more than one reason is true. */
struct wrong {
    void *pointer;
    int refusal;
};

/* NULL where all of COUNT pointers are refused and change nothing. */
static inline const char *accepts(const struct wrong *wrong, size_t count)
{
    static const size_t asked[] = {1, 16, 600, 3000, 4096, 40000};
    for (size_t i = 0; i < count; i++) {
        void *pointer = wrong[i].pointer;
        int refusal = 0;
        uint32_t was = fingerprint();
        size_t refused = counts()->refused;
        if (size_of(pointer) != 0 || block_heap_size(heap, pointer, &refusal) != 0 || refusal == 0)
            return "a wrong pointer has a size";
        if (wrong[i].refusal && refusal != wrong[i].refusal)
            return "the reason is another";
        for (size_t j = 0; j < sizeof asked / sizeof asked[0]; j++)
            if (block_heap_resize(heap, pointer, asked[j]))
                return "a wrong pointer is resized";
        if (counts()->refused != refused)
            return "what is no free is counted as one";
        if (block_heap_free(heap, pointer) != refusal)
            return "free and size give different reasons";
        if (counts()->refused != refused + 1)
            return "a refused free is not counted";
        if (fingerprint() != was)
            return "a wrong pointer changes the heap";
    }
    return block_heap_check(heap);
}

#endif
