/*
 * Whether directories are what was written to them. The kernel's entries come first, by their sums;
 * then what the others have of them is compared, entry by entry. What is their own is held to what
 * paging_map() can have left there.
 */
#include "memory/paging/entry.h"

/* Where the kernel's SLOT leads, as a table's entry for INDEX. */
static uint32_t kernels_entry(uint32_t slot, uint32_t index)
{
    if (!(slot & PAGING_IS_PRESENT))
        return 0;
    if (slot & PAGING_IS_LARGE)
        return (slot & LARGE_ADDRESS) + (index << PAGE_SHIFT) + (slot & MAP_FLAGS);
    return table_at(slot)[index];
}

static bool differ(uint32_t one, uint32_t other)
{
    return ((one ^ other) & ~ENTRY_USED) != 0;
}

static const char *check_kernel(const uint32_t *directory)
{
    if (sum_of(directory) != paging_sums.directory)
        return "the kernel's directory is not what was written to it";
    uint32_t sum = 0;
    for (size_t slot = 0; slot < PAGING_TOTAL_ENTRIES_PER_TABLE; slot++)
        if (has_table_at(directory[slot]))
            sum += sum_of(table_at(directory[slot]));
    return sum == paging_sums.tables ? NULL
                                     : "the kernel's page tables are not what was written to them";
}

/* The kernel's entry for its slot is KERNELS. */
static const char *check_private(const struct paging_4gb_chunk *chunk, uint32_t entry,
                                 uint32_t kernels)
{
    const uint32_t flags = PAGING_IS_PRIVATE | PAGING_IS_PRESENT | PAGING_IS_WRITEABLE |
                           (chunk->for_user ? PAGING_ACCESS_FROM_ALL : 0);
    const uint32_t *table = table_at(entry);
    if (differ(entry & ~ENTRY_ADDRESS, flags) || !paging_machine()->has_page(table))
        return "a directory has a table of its own that is none";
    for (uint32_t i = 0; i < PAGING_TOTAL_ENTRIES_PER_TABLE; i++) {
        uint32_t own = table[i] & ~ENTRY_ADDRESS & ~ENTRY_USED;
        if (!(own & PAGING_IS_PRIVATE)) {
            if (differ(table[i], kernels_entry(kernels, i)))
                return "a directory's table differs from the kernel's";
        } else if (own != PAGING_IS_PRIVATE &&
                   ((own & ~(MAP_FLAGS | PAGING_IS_PRIVATE)) || !(own & PAGING_IS_PRESENT))) {
            return "a directory has a page of its own with impossible flags";
        }
    }
    return NULL;
}

/* Adds to *OWN the entries that lead to tables of its own. */
static const char *check_other(const struct paging_4gb_chunk *chunk, const uint32_t *kernels,
                               uint32_t *own)
{
    const char *broken = NULL;
    for (size_t slot = 0; slot < PAGING_TOTAL_ENTRIES_PER_TABLE && !broken; slot++) {
        uint32_t entry = chunk->directory_entry[slot];
        if (entry & PAGING_IS_PRIVATE) {
            *own += entry & ~ENTRY_USED;
            broken = check_private(chunk, entry, kernels[slot]);
        } else if (differ(entry, kernels[slot])) {
            broken = "a directory differs from the kernel's";
        }
    }
    return broken;
}

const char *paging_check(void)
{
    const struct paging_4gb_chunk *kernel = paging_kernel(), *at = kernel->next;
    if (kernel->self != kernel)
        return "the kernel's directory is none";
    const char *broken = check_kernel(kernel->directory_entry);
    size_t left = paging_count();
    uint32_t own = 0;
    for (; at && !broken; at = at->next) {
        if (left-- == 0 || !paging_machine()->has_page(at) || at->self != at ||
            !paging_machine()->has_page(at->directory_entry))
            return "the list of directories is broken";
        broken = check_other(at, kernel->directory_entry, &own);
    }
    if (!broken && left > 0)
        return "the list of directories is too short";
    if (!broken && own != paging_sums.own)
        return "a directory's tables are not those that were made for it";
    return broken;
}
