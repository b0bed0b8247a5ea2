#include "memory/paging/kernel_space.h"

#include "cpu/panic.h"
#include "cpu/seal.h"
#include "drivers/screen.h"
#include "memory/kheap/heap_map.h"
#include "memory/kheap/kheap.h"
#include "memory/kheap/kheap_look.h"
#include "memory/layout.h"
#include "memory/paging/entry.h"

enum {
    /* From this much RAM on, 4 MB of tables for a full identity map are a sixteenth at most. */
    PAGES_FOR_FULL_MAP = (64 << 20) / 4096
};

#define IDENTITY_FLAGS (PAGING_IS_PRESENT | PAGING_IS_WRITEABLE)

/* These two are enough for the kernel itself, which ends below 4 MB. */
static uint32_t directory[PAGING_TOTAL_ENTRIES_PER_TABLE] __attribute__((aligned(PAGE_SIZE)));
static uint32_t first_table[PAGING_TOTAL_ENTRIES_PER_TABLE] __attribute__((aligned(PAGE_SIZE)));

static void fill_identity(uint32_t *table, size_t slot)
{
    for (uint32_t i = 0; i < PAGING_TOTAL_ENTRIES_PER_TABLE; i++)
        table[i] = page_address((page_t)slot * PAGING_LARGE_PAGES + i) | IDENTITY_FLAGS;
    directory[slot] = (uint32_t)table | IDENTITY_FLAGS;
}

/* Room for tables where a process's directory maps it as the kernel's does, if there is any. */
static bool find_room(const struct memory_map *map, page_t npages, page_t *found)
{
    return memory_map_find(map, npages, 0, page_of(LAYOUT_USER_STACK), found) ||
           memory_map_find(map, npages, page_of(LAYOUT_USER_END), PAGES_IN_4GB, found) ||
           memory_map_find(map, npages, 0, PAGES_IN_4GB, found);
}

struct kernel_space kernel_space_minimal(void)
{
    fill_identity(first_table, 0);
    return (struct kernel_space){
        .directory = directory, .end = PAGING_LARGE_PAGES, .boot_pages = 2};
}

/* Tables for all slots below the page TOP; false, and nothing claimed, where there is no room. */
static bool add_tables(struct kernel_space *space, struct memory_map *map, page_t top)
{
    page_t nslots = (top + PAGING_LARGE_PAGES - 1) / PAGING_LARGE_PAGES, where;
    space->lacking = 0;
    if (nslots <= 1)
        return true;
    if (!find_room(map, nslots - 1, &where) ||
        memory_map_claim(map, page_address(where), (uint64_t)(nslots - 1) * PAGE_SIZE,
                         MEMORY_TABLES)) {
        space->lacking = nslots - 1;
        return false;
    }
    memory_map_settle(map);
    for (page_t slot = 1; slot < nslots; slot++)
        fill_identity((uint32_t *)page_address(where + slot - 1), slot);
    space->boot_pages += nslots - 1;
    space->end = nslots * PAGING_LARGE_PAGES;
    return true;
}

/* One past the last page that the kernel will want to see: RAM, and what the loader left, wherever
 * it is. */
static page_t find_top(const struct memory_map *map)
{
    page_t top = memory_map_top(map, PAGES_IN_4GB);
    for (size_t i = 0; i < map->nranges; i++)
        if ((map->ranges[i].kind == MEMORY_MODULE || map->ranges[i].kind == MEMORY_LOADER) &&
            map->ranges[i].end > top)
            top = map->ranges[i].end;
    return top;
}

static struct kernel_space build_small(struct memory_map *map)
{
    struct kernel_space space = kernel_space_minimal();
    page_t top = find_top(map);
    bool large = memory_map_count(map, MEMORY_USABLE, 0, PAGES_IN_4GB) >= PAGES_FOR_FULL_MAP;
    if (!large || !add_tables(&space, map, PAGES_IN_4GB))
        (void)add_tables(&space, map, top);
    return space;
}

struct kernel_space kernel_space_build(struct memory_map *map, bool large_pages)
{
    if (!large_pages)
        return build_small(map);
    for (uint32_t slot = 0; slot < PAGING_TOTAL_ENTRIES_PER_TABLE; slot++)
        directory[slot] =
            page_address(slot * PAGING_LARGE_PAGES) | IDENTITY_FLAGS | PAGING_IS_LARGE;
    return (struct kernel_space){
        .directory = directory, .end = PAGES_IN_4GB, .boot_pages = 1, .large_pages = true};
}

static void *get_page(void)
{
    return kmalloc_for(OWNER_PAGING, PAGE_SIZE);
}

static bool has_page(const void *page)
{
    const struct heap *heap = kheap();
    return heap_allocation_blocks(heap, page, NULL) > 0 &&
           kheap_owner_of(heap_block_of(heap, page)) == OWNER_PAGING;
}

static void broken(const char *what)
{
    panic("paging: %s", what);
}

static void seal_words(const char *what, uint32_t *words, size_t nwords, size_t first)
{
    seal_add(&seal_kernel, (struct seal_range){.what = what,
                                               .words = words,
                                               .nwords = nwords,
                                               .first_entry = first,
                                               .entry_words = 1,
                                               .ignored = ENTRY_USED});
}

/* Without these entries no fault could be told any more. The guard is sealed by paging_check()
 * alone: a self-test maps something there for a while. */
static void seal_image(struct paging_4gb_chunk *kernel)
{
    uint32_t *table = table_at(directory[0]);
    size_t start = index_of((vaddr_t)kernel_start), end = page_of((vaddr_t)kernel_end - 1) + 1,
           guard = index_of((vaddr_t)kernel_stack_guard);
    seal_words("where the kernel's directory is, word", (uint32_t *)kernel, 1, 0);
    seal_words("the kernel's directory's entry", directory, 1, 0);
    seal_words("the image's page", table + start, guard - start, start);
    seal_words("the image's page", table + guard + 1, end - guard - 1, guard + 1);
}

void kernel_space_protect(const struct kernel_space *space)
{
    struct paging_4gb_chunk *kernel =
        paging_init(space->directory, (struct paging_machine){.get_page = get_page,
                                                              .put_page = kfree,
                                                              .flush = paging_flush,
                                                              .load = paging_load_directory,
                                                              .has_page = has_page,
                                                              .broken = broken});
    heap_map_publish_directory(space->directory);
    paddr_t start = (paddr_t)kernel_start, end = (paddr_t)kernel_rodata_end;
    int status = paging_map_to(kernel, start, start, end, PAGING_IS_PRESENT);
    if (!status)
        status = paging_unmap(kernel, 0);
    if (!status)
        status = paging_unmap(kernel, (vaddr_t)kernel_stack_guard);
    if (status)
        panic("paging: can't close the kernel's own pages (%d)", status);
    seal_image(kernel);
}

/* Whether nothing is known to be at the addresses of slot SLOT. */
static bool is_hole(const struct memory_map *map, page_t slot)
{
    page_t first = slot * PAGING_LARGE_PAGES;
    return memory_map_count(map, MEMORY_HOLE, first, first + PAGING_LARGE_PAGES) ==
           PAGING_LARGE_PAGES;
}

/* The highest NSLOTS slots of 4 MB in a row behind which nothing is known to be, and which nobody
 * has taken; their first address, or 0. */
static vaddr_t find_slots(const struct memory_map *map, page_t nslots)
{
    page_t run = 0;
    for (page_t slot = slot_of(LAYOUT_FAR_END); slot-- > slot_of(LAYOUT_HEAP);) {
        vaddr_t place = page_address(slot * PAGING_LARGE_PAGES);
        run = is_hole(map, slot) && paging_can_reserve(place, 1) ? run + 1 : 0;
        if (run >= nslots)
            return place;
    }
    return 0;
}

/* Whether this processor has pages that lead to what lies above 4 GB, up to LAST. */
static bool reaches(const struct kernel_space *space, const struct cpu_features *cpu, page_t last)
{
    return space->large_pages && last >> (cpu->address_bits - PAGE_SHIFT) == 0;
}

/* Maps NPAGES pages from FIRST on, which lie above 4 GB. Returns where they are, or NULL. */
static void *map_far(const struct memory_map *map, page_t first, page_t npages, uint32_t flags)
{
    page_t skipped = first % PAGING_LARGE_PAGES;
    page_t nslots = (skipped + npages + PAGING_LARGE_PAGES - 1) / PAGING_LARGE_PAGES;
    vaddr_t place = find_slots(map, nslots);
    uint64_t phys = (uint64_t)(first - skipped) * PAGE_SIZE;
    if (!place || paging_map_far(place, phys, nslots, flags))
        return NULL;
    return (void *)(place + skipped * PAGE_SIZE);
}

/* The same for pages below 4 GB, which share slots. */
static void *map_near(const struct memory_map *map, page_t first, page_t npages)
{
    static vaddr_t next, end;
    if (npages > PAGING_LARGE_PAGES)
        return NULL;
    if ((end - next) / PAGE_SIZE < npages) {
        vaddr_t place = find_slots(map, 1);
        if (!place || paging_reserve(place, 1))
            return NULL;
        next = place;
        end = place + PAGING_LARGE_PAGES * PAGE_SIZE;
    }
    vaddr_t place = next;
    paging_map_reserved(place, page_address(first), npages, PAGING_CACHE_DISABLED);
    next += npages * PAGE_SIZE;
    return (void *)place;
}

volatile void *kernel_space_map_device(const struct kernel_space *space,
                                       const struct memory_map *map, const struct cpu_features *cpu,
                                       uint64_t where, uint32_t nbytes)
{
    const uint64_t most = (uint64_t)1 << 40;
    if (nbytes == 0 || where >= most || nbytes > most - where)
        return NULL;
    page_t first = (page_t)(where >> PAGE_SHIFT),
           last = (page_t)((where + nbytes - 1) >> PAGE_SHIFT), npages = last - first + 1;
    uint8_t *start = NULL;
    if (last < PAGES_IN_4GB)
        start = map_near(map, first, npages);
    else if (reaches(space, cpu, last))
        start = map_far(map, first, npages, IDENTITY_FLAGS | PAGING_CACHE_DISABLED);
    return start ? start + where % PAGE_SIZE : NULL;
}

void kernel_space_map_screen(const struct kernel_space *space, const struct memory_map *map,
                             const struct cpu_features *cpu)
{
    page_t first, npages;
    if (!screen_pages(&first, &npages))
        return;
    const uint32_t flags = IDENTITY_FLAGS | PAGING_WRITE_THROUGH;
    bool combining = cpu_combine_writes(cpu);
    void *start = NULL;
    const char *why = NULL;
    if (first < PAGES_IN_4GB) {
        vaddr_t place = page_address(first);
        if (!paging_map_range(paging_kernel(), place, place, npages, flags))
            start = (void *)place;
        why = "there is no memory for the tables that map it";
    } else if (!reaches(space, cpu, first + npages - 1)) {
        why = "it lies above 4 GB, where no page of this processor's leads";
    } else {
        start = map_far(map, first, npages, flags);
        why = "it lies above 4 GB, and no addresses are free below";
    }
    screen_mapped(start, start ? NULL : why, combining);
}
