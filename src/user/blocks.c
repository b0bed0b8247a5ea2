/*
 * Theory. Every piece of memory that malloc has from the kernel is entered in a hash table by its
 * address, so that a pointer which malloc never gave is known without touching what it points to.
 * Open addressing: an entry lies at its home, or behind it in the first slot that was not in use;
 * the slots from the home to the entry are all in use. Removing one keeps that up by moving those
 * behind it that may.
 *
 * The table starts in a page of the program's own data. It doubles before it is more than half
 * full, into blocks that are not entered; when the last entry is gone, they go back, so that a
 * program which has freed everything has nothing of the kernel's.
 *
 * Cost: O(1) expected. Space: 12 bytes a slot, so at most 48 bytes an entry when it has grown.
 */
#include "user/malloc_private.h"

enum { BLOCK_BYTES = 4096, FIRST_SLOTS = 64 };

static struct {
    struct kernel_blocks first[FIRST_SLOTS];
    struct kernel_blocks *grown; /* NULL while FIRST is in use */
    size_t ngrown;               /* its slots, a power of two */
    size_t used;
} table;

static struct kernel_blocks *slots(void)
{
    return table.grown ? table.grown : table.first;
}

static size_t nslots(void)
{
    return table.grown ? table.ngrown : FIRST_SLOTS;
}

/* Where the search for START begins: the golden ratio's bits spread neighbours. */
static size_t home_of(const void *start)
{
    uint32_t number = (uint32_t)((uintptr_t)start / BLOCK_BYTES);
    return (number * 2654435769u >> 8) & (nslots() - 1);
}

/* The slot of START, or the free one that ends the search: there is always one. */
static struct kernel_blocks *slot_of(const void *start)
{
    size_t i = home_of(start);
    while (slots()[i].start && slots()[i].start != start)
        i = (i + 1) & (nslots() - 1);
    return &slots()[i];
}

/* Makes room for one more entry; false without memory. */
static bool reserve(void)
{
    size_t old_count = nslots(), nbytes;
    struct kernel_blocks *old = slots();
    if (table.used < old_count / 2)
        return true;
    if (!checked_multiply(2 * old_count, sizeof *old, &nbytes))
        return false;
    struct kernel_blocks *bigger = system_malloc(nbytes); /* zeroed: all slots are free */
    if (!bigger)
        return false;
    struct kernel_blocks *old_grown = table.grown;
    table.grown = bigger;
    table.ngrown = 2 * old_count;
    for (size_t i = 0; i < old_count; i++)
        if (old[i].start)
            *slot_of(old[i].start) = old[i];
    if (old_grown)
        system_free(old_grown);
    else
        memset(table.first, 0, sizeof table.first);
    return true;
}

void *blocks_get(size_t nbytes, uint32_t nsmall)
{
    if (!reserve())
        return NULL;
    void *start = system_malloc(nbytes);
    if (!start)
        return NULL;
    *slot_of(start) = (struct kernel_blocks){
        .start = start, .nsmall = nsmall, .nblocks = units_to_hold(nbytes, BLOCK_BYTES)};
    table.used++;
    return start;
}

struct kernel_blocks *blocks_find(const void *start)
{
    struct kernel_blocks *slot = slot_of(start);
    return slot->start ? slot : NULL;
}

/* Empties slot HOLE: entries behind it whose home is not behind it move up. */
static void close_hole(size_t hole)
{
    size_t mask = nslots() - 1;
    for (size_t i = (hole + 1) & mask; slots()[i].start; i = (i + 1) & mask) {
        size_t from_home = (i - home_of(slots()[i].start)) & mask;
        if (from_home < ((i - hole) & mask))
            continue;
        slots()[hole] = slots()[i];
        hole = i;
    }
    slots()[hole] = (struct kernel_blocks){.start = NULL};
}

void blocks_put(void *start)
{
    close_hole((size_t)(slot_of(start) - slots()));
    system_free(start);
    if (--table.used == 0 && table.grown) {
        system_free(table.grown);
        table.grown = NULL;
    }
}
