/*
 * Theory. A directory has 1024 slots of 4 MB. A slot of the kernel's directory is a page of 4 MB, a
 * table, or absent. A slot of any other directory is shared, that is equal to the kernel's, or
 * private: marked PAGING_IS_PRIVATE, with a table that began as a copy of what the kernel has
 * there. In a private table an entry is the directory's own, marked PAGING_IS_PRIVATE too (present
 * or not), or a copy of the kernel's.
 *
 * Invariant: for every directory and page, what is not marked private equals the kernel's. So every
 * change to the kernel's directory walks the list of the others and renews what they share; it is
 * rare, and costs a step a directory.
 *
 * A page of 4 MB is split into a table when one of its pages changes. Splitting changes no
 * translation, so a range first gets all its tables, which can fail and be undone, and then its
 * entries, which can't fail.
 *
 * The sums of the kernel's entries are kept with each of them that is written: one that was changed
 * by anything else is found by adding all of them up again (paging_check.c).
 *
 * A slot's entry lets through what any of its pages may allow; the page's own entry decides.
 *
 * Cost: mapping is a few steps a page and 1,024 for each table made.
 */
#include "memory/paging/paging.h"

#include "memory/memory.h"
#include "memory/paging/entry.h"

static struct {
    struct paging_4gb_chunk kernel; /* heads the list of all others */
    struct paging_4gb_chunk *current;
    struct paging_machine machine;
    size_t count; /* of the others */
} paging;

struct paging_sums paging_sums;

static inline uint32_t address_of(const void *page)
{
    return (uint32_t)(uintptr_t)page;
}

struct paging_4gb_chunk *paging_init(uint32_t *directory, struct paging_machine machine)
{
    paging.kernel = (struct paging_4gb_chunk){.directory_entry = directory};
    paging.kernel.self = &paging.kernel;
    paging.current = &paging.kernel;
    paging.machine = machine;
    paging.count = 0;
    paging_sums = (struct paging_sums){.directory = sum_of(directory)};
    for (size_t slot = 0; slot < PAGING_TOTAL_ENTRIES_PER_TABLE; slot++)
        if (has_table_at(directory[slot]))
            paging_sums.tables += sum_of(table_at(directory[slot]));
    paging_reserve_nothing();
    return &paging.kernel;
}

struct paging_4gb_chunk *paging_kernel(void)
{
    return &paging.kernel;
}

const struct paging_machine *paging_machine(void)
{
    return &paging.machine;
}

size_t paging_count(void)
{
    return paging.count;
}

struct paging_4gb_chunk *paging_current(void)
{
    return paging.current;
}

struct paging_4gb_chunk *paging_new_4gb(uint32_t flags)
{
    if (!(flags & PAGING_IS_PRESENT) || (flags & ~MAP_FLAGS))
        return NULL;
    struct paging_4gb_chunk *chunk = paging.machine.get_page();
    if (!chunk)
        return NULL;
    uint32_t *directory = paging.machine.get_page();
    if (!directory) {
        paging.machine.put_page(chunk);
        return NULL;
    }
    memcpy(directory, paging.kernel.directory_entry, PAGE_SIZE);
    *chunk = (struct paging_4gb_chunk){
        .directory_entry = directory,
        .for_user = (flags & PAGING_ACCESS_FROM_ALL) != 0,
        .next = paging.kernel.next,
    };
    chunk->self = chunk;
    paging.kernel.next = chunk;
    paging.count++;
    return chunk;
}

/* The link that points to CHUNK, or NULL where CHUNK is not on the list. */
static struct paging_4gb_chunk **link_to(const struct paging_4gb_chunk *chunk)
{
    struct paging_4gb_chunk **link = &paging.kernel.next;
    while (*link && *link != chunk)
        link = &(*link)->next;
    return *link ? link : NULL;
}

int paging_free_4gb(struct paging_4gb_chunk *chunk)
{
    struct paging_4gb_chunk **link = chunk ? link_to(chunk) : NULL;
    if (!link)
        return -EINVARG;
    if (paging.current == chunk)
        paging_switch(&paging.kernel);
    *link = chunk->next;
    chunk->self = NULL;
    paging.count--;
    for (size_t slot = 0; slot < PAGING_TOTAL_ENTRIES_PER_TABLE; slot++) {
        uint32_t entry = chunk->directory_entry[slot];
        if (entry & PAGING_IS_PRIVATE) {
            paging_sums.own -= entry & ~ENTRY_USED;
            paging.machine.put_page(table_at(entry));
        }
    }
    paging.machine.put_page(chunk->directory_entry);
    paging.machine.put_page(chunk);
    return 0;
}

void paging_switch(struct paging_4gb_chunk *chunk)
{
    if (__builtin_expect(chunk->self != chunk, false)) {
        paging.machine.broken("a directory that was to be loaded is none");
        return;
    }
    paging.current = chunk;
    paging.machine.load(address_of(chunk->directory_entry));
}

/* Enters ENTRY for SLOT of the kernel's directory, and of every one that shares it. */
static void set_slot(size_t slot, uint32_t entry)
{
    paging_sums.directory += entry - (paging.kernel.directory_entry[slot] & ~ENTRY_USED);
    paging.kernel.directory_entry[slot] = entry;
    for (struct paging_4gb_chunk *other = paging.kernel.next; other; other = other->next)
        if (!(other->directory_entry[slot] & PAGING_IS_PRIVATE))
            other->directory_entry[slot] = entry;
}

/* Enters ENTRY at PLACE, the kernel's for VIRT, and in every copy of it in private tables. Out of
 * line, so that processes' pages, which are many, do not save registers for it. */
static __attribute__((noinline)) void set_kernels(uint32_t *place, vaddr_t virt, uint32_t entry)
{
    paging_sums.tables += entry - (*place & ~ENTRY_USED);
    *place = entry;
    for (struct paging_4gb_chunk *other = paging.kernel.next; other; other = other->next) {
        uint32_t slot = other->directory_entry[slot_of(virt)];
        if (!(slot & PAGING_IS_PRIVATE))
            continue;
        uint32_t *copy = &table_at(slot)[index_of(virt)];
        if (!(*copy & PAGING_IS_PRIVATE))
            *copy = entry;
    }
}

/* Whether pages of this CHUNK's own can be entered at SLOT already. */
static bool has_table(const struct paging_4gb_chunk *chunk, size_t slot)
{
    uint32_t entry = chunk->directory_entry[slot];
    if (chunk == &paging.kernel)
        return (entry & PAGING_IS_PRESENT) && !(entry & PAGING_IS_LARGE);
    return (entry & PAGING_IS_PRIVATE) != 0;
}

/* Fills TABLE with the translations that the kernel's ENTRY for a slot gives. */
static void fill_table(uint32_t *table, uint32_t entry)
{
    if (!(entry & PAGING_IS_PRESENT)) {
        memset(table, 0, PAGE_SIZE);
    } else if (entry & PAGING_IS_LARGE) {
        uint32_t page = (entry & LARGE_ADDRESS) | (entry & MAP_FLAGS);
        for (uint32_t i = 0; i < PAGING_TOTAL_ENTRIES_PER_TABLE; i++, page += PAGE_SIZE)
            table[i] = page;
    } else {
        memcpy(table, table_at(entry), PAGE_SIZE);
    }
}

/*
 * After a change of CHUNK's entry for SLOT, which was present: processors keep entries of
 * directories too, and forget them all when any page is flushed.
 */
static void flush_slot(const struct paging_4gb_chunk *chunk, size_t slot)
{
    if (chunk == &paging.kernel || chunk == paging.current)
        paging.machine.flush((vaddr_t)slot << 22);
}

/* Gives SLOT a table of its own in which every page is translated as before. 0 or -ENOMEM. */
static int make_table(struct paging_4gb_chunk *chunk, size_t slot)
{
    uint32_t *table = paging.machine.get_page();
    if (!table)
        return -ENOMEM;
    fill_table(table, paging.kernel.directory_entry[slot]);
    uint32_t entry = address_of(table) | PAGING_IS_PRESENT | PAGING_IS_WRITEABLE;
    if (chunk == &paging.kernel) {
        paging_sums.tables += sum_of(table);
        set_slot(slot, entry);
    } else {
        entry |= PAGING_IS_PRIVATE | (chunk->for_user ? PAGING_ACCESS_FROM_ALL : 0);
        paging_sums.own += entry;
        chunk->directory_entry[slot] = entry;
    }
    flush_slot(chunk, slot);
    return 0;
}

/* Undoes make_table(), nothing in the table having changed since. */
static void unmake_table(struct paging_4gb_chunk *chunk, size_t slot)
{
    uint32_t *table = table_at(chunk->directory_entry[slot]);
    if (chunk == &paging.kernel) {
        bool was_large = (table[0] & PAGING_IS_PRESENT) != 0;
        paging_sums.tables -= sum_of(table);
        set_slot(slot, was_large ? (table[0] & ~ENTRY_USED) | PAGING_IS_LARGE : 0);
    } else {
        paging_sums.own -= chunk->directory_entry[slot] & ~ENTRY_USED;
        chunk->directory_entry[slot] = paging.kernel.directory_entry[slot];
    }
    flush_slot(chunk, slot); /* before the table is anyone else's */
    paging.machine.put_page(table);
}

int paging_make_tables(struct paging_4gb_chunk *chunk, size_t first, size_t last)
{
    uint32_t made[PAGING_TOTAL_ENTRIES_PER_TABLE / 32] = {0}; /* a bit a slot */
    for (size_t slot = first; slot <= last; slot++) {
        if (has_table(chunk, slot))
            continue;
        if (make_table(chunk, slot)) {
            while (slot-- > first)
                if (made[slot / 32] & (1u << slot % 32))
                    unmake_table(chunk, slot);
            return -ENOMEM;
        }
        made[slot / 32] |= 1u << slot % 32;
    }
    return 0;
}

/* Enters ENTRY for VIRT, whose slot has a table, everywhere where it counts. */
static void set_entry(struct paging_4gb_chunk *chunk, vaddr_t virt, uint32_t entry)
{
    uint32_t *place = &table_at(chunk->directory_entry[slot_of(virt)])[index_of(virt)];
    bool was_present = (*place & PAGING_IS_PRESENT) != 0;
    if (chunk == &paging.kernel) {
        set_kernels(place, virt, entry);
    } else {
        *place = entry | PAGING_IS_PRIVATE;
    }
    /* The TLB holds no absent page, and pages only of the loaded directory and the kernel's. */
    if (was_present && (chunk == &paging.kernel || chunk == paging.current))
        paging.machine.flush(virt);
}

static bool flags_allowed(const struct paging_4gb_chunk *chunk, uint32_t flags)
{
    if (!(flags & PAGING_IS_PRESENT) || (flags & ~MAP_FLAGS))
        return false;
    return !(flags & PAGING_ACCESS_FROM_ALL) || chunk->for_user;
}

/* Whether CHUNK may have pages of its own from VIRT to LAST: not where tables are everybody's, or
 * there can be none. */
static bool is_its_own(const struct paging_4gb_chunk *chunk, vaddr_t virt, vaddr_t last)
{
    for (size_t slot = slot_of(virt); slot <= slot_of(last); slot++)
        if ((chunk != &paging.kernel && paging_is_reserved(slot)) ||
            is_far(paging.kernel.directory_entry[slot]))
            return false;
    return true;
}

/* Whether NPAGES pages from ADDRESS on end at 4 GB or before it. */
static bool fits(uint32_t address, size_t npages)
{
    return npages <= PAGES_IN_4GB - page_of(address);
}

int paging_map_range(struct paging_4gb_chunk *chunk, vaddr_t virt, paddr_t phys, size_t npages,
                     uint32_t flags)
{
    if (!chunk || npages == 0 || !paging_is_aligned(virt) || !paging_is_aligned(phys) ||
        !flags_allowed(chunk, flags) || !fits(virt, npages) || !fits(phys, npages))
        return -EINVARG;
    vaddr_t last = virt + (uint32_t)(npages - 1) * PAGE_SIZE;
    if (!is_its_own(chunk, virt, last))
        return -EINVARG;
    if (paging_make_tables(chunk, slot_of(virt), slot_of(last)))
        return -ENOMEM;
    for (uint32_t i = 0; i < npages; i++)
        set_entry(chunk, virt + i * PAGE_SIZE, (phys + i * PAGE_SIZE) | flags);
    return 0;
}

int paging_map(struct paging_4gb_chunk *chunk, vaddr_t virt, paddr_t phys, uint32_t flags)
{
    return paging_map_range(chunk, virt, phys, 1, flags);
}

int paging_map_to(struct paging_4gb_chunk *chunk, vaddr_t virt, paddr_t phys, paddr_t phys_end,
                  uint32_t flags)
{
    if (phys_end <= phys || !paging_is_aligned(phys_end))
        return -EINVARG;
    return paging_map_range(chunk, virt, phys, page_of(phys_end - phys), flags);
}

int paging_map_far(vaddr_t virt, uint64_t phys, size_t npages, uint32_t flags)
{
    const uint64_t step = PAGING_LARGE_PAGES * PAGE_SIZE, most = (uint64_t)1 << 40;
    size_t first = slot_of(virt);
    if (!paging_can_reserve(virt, npages) || phys % step || phys >= most ||
        npages > (most - phys) / step || !flags_allowed(&paging.kernel, flags))
        return -EINVARG;
    for (size_t slot = first; slot < first + npages; slot++)
        if (has_table_at(paging.kernel.directory_entry[slot]))
            return -EINVARG;
    for (size_t slot = first; slot < first + npages; slot++, phys += step) {
        uint32_t far = (uint32_t)(phys >> 32) << LARGE_FAR_SHIFT;
        set_slot(slot, (uint32_t)phys | far | flags | PAGING_IS_LARGE);
        flush_slot(&paging.kernel, slot);
    }
    return 0;
}

int paging_unmap(struct paging_4gb_chunk *chunk, vaddr_t virt)
{
    if (!chunk || !paging_is_aligned(virt) || !is_its_own(chunk, virt, virt))
        return -EINVARG;
    if (!paging_walk(chunk, virt).mapped)
        return -EFAULT;
    if (paging_make_tables(chunk, slot_of(virt), slot_of(virt)))
        return -ENOMEM;
    set_entry(chunk, virt, 0);
    return 0;
}
