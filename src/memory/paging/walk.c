/* Reading directories: what the processor would find, and addresses on page boundaries. */
#include "lib/checked.h"
#include "memory/paging/entry.h"

struct paging_walk paging_walk(const struct paging_4gb_chunk *chunk, vaddr_t virt)
{
    struct paging_walk walk = {.directory_entry = chunk->directory_entry[slot_of(virt)]};
    uint32_t entry = walk.directory_entry;
    if (!(entry & PAGING_IS_PRESENT))
        return walk;
    if (entry & PAGING_IS_LARGE) {
        walk.mapped = walk.large = true;
        walk.physical = (entry & LARGE_ADDRESS) | (virt & ~LARGE_ADDRESS);
        walk.far = (entry & LARGE_FAR) >> LARGE_FAR_SHIFT;
        walk.flags = entry & MAP_FLAGS;
        return walk;
    }
    walk.table_entry = table_at(entry)[index_of(virt)];
    if (!(walk.table_entry & PAGING_IS_PRESENT))
        return walk;
    walk.mapped = true;
    walk.own = (walk.table_entry & PAGING_IS_PRIVATE) != 0;
    walk.physical = (walk.table_entry & ENTRY_ADDRESS) | (virt & ~ENTRY_ADDRESS);
    uint32_t both = PAGING_IS_WRITEABLE | PAGING_ACCESS_FROM_ALL;
    walk.flags = walk.table_entry & MAP_FLAGS & (entry | ~both);
    return walk;
}

void paging_each_own(const struct paging_4gb_chunk *chunk,
                     void (*visit)(void *context, vaddr_t virt, paddr_t physical), void *context)
{
    for (uint32_t slot = 0; slot < PAGING_TOTAL_ENTRIES_PER_TABLE; slot++) {
        if (!(chunk->directory_entry[slot] & PAGING_IS_PRIVATE))
            continue;
        const uint32_t *table = table_at(chunk->directory_entry[slot]);
        for (uint32_t i = 0; i < PAGING_TOTAL_ENTRIES_PER_TABLE; i++) {
            while (i % 4 == 0 && i < PAGING_TOTAL_ENTRIES_PER_TABLE &&
                   !((table[i] | table[i + 1] | table[i + 2] | table[i + 3]) & PAGING_IS_PRIVATE))
                i += 4; /* most are the kernel's */
            if (i < PAGING_TOTAL_ENTRIES_PER_TABLE &&
                (~table[i] & (PAGING_IS_PRIVATE | PAGING_IS_PRESENT)) == 0)
                visit(context, slot << 22 | i << PAGE_SHIFT, table[i] & ENTRY_ADDRESS);
        }
    }
}

int paging_get_physical_address(const struct paging_4gb_chunk *chunk, vaddr_t virt,
                                paddr_t *physical)
{
    struct paging_walk walk = paging_walk(chunk, virt);
    if (!walk.mapped || walk.far)
        return -EFAULT;
    *physical = walk.physical;
    return 0;
}

int paging_align_address(uint32_t address, uint32_t *aligned)
{
    uint32_t raised;
    if (__builtin_add_overflow(address, PAGE_SIZE - 1, &raised))
        return -EINVARG;
    *aligned = raised & ENTRY_ADDRESS;
    return 0;
}

uint32_t paging_align_to_lower_page(uint32_t address)
{
    return address & ENTRY_ADDRESS;
}

bool paging_is_aligned(uint32_t address)
{
    return is_multiple(address, PAGE_SIZE);
}
