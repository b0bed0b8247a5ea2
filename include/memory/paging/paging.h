/*
 * Page directories. One is the kernel's: all 4 GB at their own addresses (identity), supervisor
 * only. Every other directory shares the kernel's entries and has page tables of its own only where
 * it maps something of its own, so it costs two blocks and not a thousand.
 *
 * A change to the kernel's directory is a change in all of them, also in those made earlier, except
 * where a directory has a page of its own.
 */
#ifndef PLAT_MEMORY_PAGING_PAGING_H
#define PLAT_MEMORY_PAGING_PAGING_H

#include "lib/status.h"
#include "lib/types.h"

/* Bits of a page entry (Intel SDM, volume 3, section 4.3). */
#define PAGING_IS_PRESENT      0x001u
#define PAGING_IS_WRITEABLE    0x002u
#define PAGING_ACCESS_FROM_ALL 0x004u /* ring 3 too */
#define PAGING_WRITE_THROUGH   0x008u /* after cpu_combine_writes(): combine them, cache nothing */
#define PAGING_CACHE_DISABLED  0x010u
#define PAGING_IS_LARGE        0x080u /* in a directory: a page of 4 MB */
#define PAGING_IS_PRIVATE      0x200u /* ours: not shared with the kernel's directory */

#define PAGING_TOTAL_ENTRIES_PER_TABLE 1024u
#define PAGING_PAGE_SIZE               PAGE_SIZE
#define PAGING_LARGE_PAGES             1024u /* pages in one of 4 MB */

/* A directory. Its own fields are paging.c's; read them, but change them only through functions. */
struct paging_4gb_chunk {
    uint32_t *directory_entry; /* 1024 entries, on a page boundary */
    bool for_user;             /* whether ring 3 may be let in */
    const void *self;          /* its own address: what has another one is none */
    struct paging_4gb_chunk *next;
};

/* What paging needs of the machine; tests hand in one that counts and fails. */
struct paging_machine {
    void *(*get_page)(void); /* of any contents, at an address that is its own physical one */
    void (*put_page)(void *page);
    void (*flush)(vaddr_t page); /* forgets the TLB's entry for PAGE */
    void (*load)(paddr_t directory);
    bool (*has_page)(const void *page); /* whether it is one of get_page()'s, at any address */
    void (*broken)(const char *what);   /* something is not as it was left; must not return */
};

/*
 * Adopts DIRECTORY, which is loaded or will be, as the kernel's. Call once, before all else here.
 * Returns the kernel's chunk.
 */
struct paging_4gb_chunk *paging_init(uint32_t *directory, struct paging_machine machine);

/* The kernel's own directory, and the one that is loaded. */
struct paging_4gb_chunk *paging_kernel(void);
struct paging_4gb_chunk *paging_current(void);

/*
 * A new directory that shares the kernel's 4 GB. FLAGS must have PAGING_IS_PRESENT; with
 * PAGING_ACCESS_FROM_ALL, pages for ring 3 may be mapped in it later. The identity pages stay the
 * kernel's whatever FLAGS say. NULL without memory or with other flags. Costs two blocks.
 */
MUST_USE struct paging_4gb_chunk *paging_new_4gb(uint32_t flags);

/*
 * Gives the directory and its own tables back; not the pages that were mapped in it. If it is
 * loaded, the kernel's is loaded first. -EINVARG for the kernel's own and for NULL.
 */
MUST_USE int paging_free_4gb(struct paging_4gb_chunk *chunk);

/* Loads CHUNK. What is no directory is broken, and not loaded. */
void paging_switch(struct paging_4gb_chunk *chunk);

/*
 * Maps the page at VIRT to the one at PHYS, whatever was there before. FLAGS: PRESENT and, as
 * wanted, WRITEABLE, ACCESS_FROM_ALL, WRITE_THROUGH, CACHE_DISABLED. -EINVARG for addresses off
 * a page boundary, for other flags, and for ring 3 in a directory that was not made for it;
 * -ENOMEM without memory for a table. Nothing is changed on an error.
 */
MUST_USE int paging_map(struct paging_4gb_chunk *chunk, vaddr_t virt, paddr_t phys, uint32_t flags);

/*
 * The same for NPAGES pages in a row. -EINVARG also for no pages and for ranges that pass 4 GB.
 * Either all pages are mapped or nothing is changed.
 */
MUST_USE int paging_map_range(struct paging_4gb_chunk *chunk, vaddr_t virt, paddr_t phys,
                              size_t npages, uint32_t flags);

/* The same for the pages from PHYS up to PHYS_END (exclusive). */
MUST_USE int paging_map_to(struct paging_4gb_chunk *chunk, vaddr_t virt, paddr_t phys,
                           paddr_t phys_end, uint32_t flags);

/*
 * Maps NPAGES pages of 4 MB of the kernel's from VIRT on, for all directories, to those from PHYS
 * on, which may lie up to 1 TB: a processor with PSE-36. Both are multiples of 4 MB. No smaller
 * page in there can be mapped or taken away then. -EINVARG, and nothing changed, also for no pages,
 * past the ends, and where a slot has a table already, or is reserved or far.
 */
MUST_USE int paging_map_far(vaddr_t virt, uint64_t phys, size_t npages, uint32_t flags);

/*
 * Takes the page at VIRT away: it faults from now on, also for the kernel. -EINVARG off a page
 * boundary, -EFAULT where nothing is mapped, -ENOMEM when a page of 4 MB can't be split.
 */
MUST_USE int paging_unmap(struct paging_4gb_chunk *chunk, vaddr_t virt);

/*
 * Gives NSLOTS slots of 4 MB from VIRT on tables in the kernel's directory in which nothing is
 * mapped, for all directories to share, those made before and those made later: none of them maps
 * anything of its own there. -EINVARG off a slot's boundary, for no slots, past 4 GB, and where
 * slots are reserved or a directory has pages of its own already; -ENOMEM without memory. Then
 * nothing has changed.
 */
MUST_USE int paging_reserve(vaddr_t virt, size_t nslots);

/* Whether paging_reserve() could have these, memory aside. O(NSLOTS * directories). */
MUST_USE bool paging_can_reserve(vaddr_t virt, size_t nslots);

/* Whether slot number SLOT is one of them. */
bool paging_is_reserved(size_t slot);

/*
 * In reserved slots: maps NPAGES pages from VIRT on, nothing being mapped there, to those from PHYS
 * on, writeable, for the kernel in every directory. FLAGS: 0, or how they are cached. A few
 * instructions a page.
 */
void paging_map_reserved(vaddr_t virt, paddr_t phys, size_t npages, uint32_t flags);

/* Takes the page at VIRT away, where one is mapped; returns what it was mapped to. */
paddr_t paging_unmap_reserved(vaddr_t virt);

/* What the processor would find at an address. */
struct paging_walk {
    uint32_t directory_entry;
    uint32_t table_entry; /* 0 where the directory's entry ends the walk */
    bool mapped;
    bool large;
    bool own;         /* mapped in this directory, and not the kernel's */
    paddr_t physical; /* where mapped */
    uint32_t far;     /* so many times 4 GB lie in front of PHYSICAL */
    uint32_t flags;   /* where mapped: WRITEABLE and ACCESS_FROM_ALL only if both levels say so */
};
struct paging_walk paging_walk(const struct paging_4gb_chunk *chunk, vaddr_t virt);

/*
 * Hands VISIT each page that was mapped in CHUNK, not the kernel's, and not taken away since, in
 * the order of their addresses. VISIT changes nothing of CHUNK. O(1,024 for each of its own
 * tables).
 */
void paging_each_own(const struct paging_4gb_chunk *chunk,
                     void (*visit)(void *context, vaddr_t virt, paddr_t physical), void *context);

/*
 * NULL, or what does not hold, as a sentence: the kernel's directory and its tables are what was
 * written to them, and every other directory is the kernel's but for pages of its own. Accessed and
 * dirty bits may be anything. Follows no pointer that it has not looked at. O(1,024 for each
 * table).
 */
MUST_USE const char *paging_check(void);

/* How many directories there are besides the kernel's. */
size_t paging_count(void);

/* The physical address behind VIRT, any byte of a page. -EFAULT where nothing is mapped. */
MUST_USE int paging_get_physical_address(const struct paging_4gb_chunk *chunk, vaddr_t virt,
                                         paddr_t *physical);

/* ADDRESS raised to a page boundary. -EINVARG, and *ALIGNED as it was, in the last page. */
MUST_USE int paging_align_address(uint32_t address, uint32_t *aligned);
uint32_t paging_align_to_lower_page(uint32_t address);
bool paging_is_aligned(uint32_t address);

/* paging.asm: CR3; and CR0's PG and WP, so that read-only binds the kernel too. */
void paging_load_directory(paddr_t directory);
void enable_paging(void);
void paging_flush(vaddr_t page);

#endif
