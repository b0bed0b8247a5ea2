/* Pages in slots whose tables are everybody's: an entry is written, and nothing else. */
#include "memory/memory.h"
#include "memory/paging/entry.h"

static uint32_t reserved[PAGING_TOTAL_ENTRIES_PER_TABLE / 32]; /* a bit a slot */

bool paging_is_reserved(size_t slot)
{
    return reserved[slot / 32] >> slot % 32 & 1;
}

void paging_reserve_nothing(void)
{
    for (size_t i = 0; i < PAGING_TOTAL_ENTRIES_PER_TABLE / 32; i++)
        reserved[i] = 0;
}

/* Whether one of the slots FIRST to END is reserved, far, or private somewhere. */
static bool is_taken(size_t first, size_t end)
{
    for (size_t slot = first; slot < end; slot++) {
        if (paging_is_reserved(slot) || is_far(paging_kernel()->directory_entry[slot]))
            return true;
        for (struct paging_4gb_chunk *other = paging_kernel()->next; other; other = other->next)
            if (other->directory_entry[slot] & PAGING_IS_PRIVATE)
                return true;
    }
    return false;
}

bool paging_can_reserve(vaddr_t virt, size_t nslots)
{
    size_t first = slot_of(virt);
    return virt % (PAGING_LARGE_PAGES * PAGE_SIZE) == 0 && nslots > 0 &&
           nslots <= PAGING_TOTAL_ENTRIES_PER_TABLE - first && !is_taken(first, first + nslots);
}

int paging_reserve(vaddr_t virt, size_t nslots)
{
    size_t first = slot_of(virt);
    if (!paging_can_reserve(virt, nslots))
        return -EINVARG;
    int status = paging_make_tables(paging_kernel(), first, first + nslots - 1);
    if (status)
        return status;
    for (size_t slot = first; slot < first + nslots; slot++) {
        reserved[slot / 32] |= 1u << slot % 32;
        uint32_t *table = table_at(paging_kernel()->directory_entry[slot]);
        paging_sums.tables -= sum_of(table);
        memset(table, 0, PAGE_SIZE);
    }
    paging_switch(paging_current()); /* forgets what the TLB had of them */
    return 0;
}

static uint32_t *entry_of(vaddr_t virt)
{
    return &table_at(paging_kernel()->directory_entry[slot_of(virt)])[index_of(virt)];
}

void paging_map_reserved(vaddr_t virt, paddr_t phys, size_t npages, uint32_t flags)
{
    uint32_t entry = phys | flags | PAGING_IS_PRESENT | PAGING_IS_WRITEABLE;
    while (npages > 0) {
        size_t run = PAGING_TOTAL_ENTRIES_PER_TABLE - index_of(virt);
        run = run < npages ? run : npages;
        uint32_t *entries = entry_of(virt);
        for (size_t i = 0; i < run; i++, entry += PAGE_SIZE) {
            entries[i] = entry; /* was absent: no TLB holds it */
            paging_sums.tables += entry;
        }
        virt += (uint32_t)run * PAGE_SIZE;
        npages -= run;
    }
}

paddr_t paging_unmap_reserved(vaddr_t virt)
{
    uint32_t *entry = entry_of(virt), was = *entry;
    *entry = 0;
    paging_sums.tables -= was & ~ENTRY_USED;
    paging_machine()->flush(virt);
    return was & ENTRY_ADDRESS;
}
