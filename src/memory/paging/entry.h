/* How an address selects its entries, and what stands in them. Private to this folder. */
#ifndef PLAT_MEMORY_PAGING_ENTRY_H
#define PLAT_MEMORY_PAGING_ENTRY_H

#include "memory/paging/paging.h"

#define ENTRY_ADDRESS 0xfffff000u
#define LARGE_ADDRESS 0xffc00000u

/* Of a page of 4 MB above 4 GB: bits 32 to 39 of its address (Intel's manual, volume 3A, 4.3). */
#define LARGE_FAR       0x001fe000u
#define LARGE_FAR_SHIFT 13

/* Bits that the processor sets in entries: accessed, dirty. */
#define ENTRY_USED 0x60u

/* The flags that a mapping may have. */
#define MAP_FLAGS                                                                                  \
    (PAGING_IS_PRESENT | PAGING_IS_WRITEABLE | PAGING_ACCESS_FROM_ALL | PAGING_WRITE_THROUGH |     \
     PAGING_CACHE_DISABLED)

/* Which of a directory's entries is VIRT's. */
static inline size_t slot_of(vaddr_t virt)
{
    return virt >> 22;
}

/* Which of the table's. */
static inline size_t index_of(vaddr_t virt)
{
    return (virt >> PAGE_SHIFT) % PAGING_TOTAL_ENTRIES_PER_TABLE;
}

/* Tables lie at their physical address: the identity map, or a host of 32 bits. */
static inline uint32_t *table_at(uint32_t entry)
{
    return (uint32_t *)(uintptr_t)(entry & ENTRY_ADDRESS);
}

/*
 * paging.c: the sums of all entries of the kernel's directory, of its tables, and of those that
 * lead to tables of other directories' own, without ENTRY_USED: added up as they are written, for
 * the check. So they cost an addition for each.
 */
struct paging_sums {
    uint32_t directory, tables, own;
};
extern struct paging_sums paging_sums;

/* What the entries of TABLE sum up to. */
static inline uint32_t sum_of(const uint32_t *table)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < PAGING_TOTAL_ENTRIES_PER_TABLE; i++)
        sum += table[i] & ~ENTRY_USED;
    return sum;
}

/* Whether an entry of a directory leads to a table. */
static inline bool has_table_at(uint32_t entry)
{
    return (entry & (PAGING_IS_PRESENT | PAGING_IS_LARGE)) == PAGING_IS_PRESENT;
}

/* Whether it is a page above 4 GB, which no table can take the place of. */
static inline bool is_far(uint32_t entry)
{
    return (entry & PAGING_IS_PRESENT) && (entry & PAGING_IS_LARGE) && (entry & LARGE_FAR);
}

/* paging.c: what it was given. */
const struct paging_machine *paging_machine(void);

/* paging.c: gives the slots FIRST to LAST of CHUNK tables, where they have none. Translations stay
 * as they are. All of them, or none and -ENOMEM. */
int paging_make_tables(struct paging_4gb_chunk *chunk, size_t first, size_t last);

/* reserved.c: no slot is reserved any more. */
void paging_reserve_nothing(void);

#endif
