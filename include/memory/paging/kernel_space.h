/* The kernel's own directory: the one it boots with, and what is closed in it afterwards. */
#ifndef PLAT_MEMORY_PAGING_KERNEL_SPACE_H
#define PLAT_MEMORY_PAGING_KERNEL_SPACE_H

#include "cpu/cpu.h"
#include "memory/memory_map.h"

struct kernel_space {
    uint32_t *directory;
    page_t end;        /* the identity map covers the pages below it */
    page_t boot_pages; /* pages that the map costs, the directory included */
    bool large_pages;
    page_t lacking; /* pages in one piece that tables need and MAP has not; then only 4 MB are
                       mapped */
};

/*
 * Builds the identity map, with paging off. With LARGE_PAGES (the processor's PSE) all 4 GB in one
 * page. Without, tables of 4 KB placed through MAP, where they are claimed: for all 4 GB where the
 * machine has the memory for that (it takes 4 MB in one piece), else up to the top of RAM.
 */
struct kernel_space kernel_space_build(struct memory_map *map, bool large_pages);

/* The first 4 MB alone, for who only looks at MAP: nothing is placed or claimed. */
struct kernel_space kernel_space_minimal(void);

/*
 * Makes SPACE the kernel's directory of paging.h, with the heap as its source of pages, and closes:
 * page 0 and the guard below the kernel stack absent, kernel text and rodata read-only. Panics
 * where there is no memory for that.
 */
void kernel_space_protect(const struct kernel_space *space);

/*
 * Maps the picture that is the screen, if there is one, the fastest way that the processor CPU has:
 * at its own address, or where it lies above 4 GB at one where MAP has nothing.
 */
void kernel_space_map_screen(const struct kernel_space *space, const struct memory_map *map,
                             const struct cpu_features *cpu);

/*
 * The NBYTES bytes of a device's registers from the physical address WHERE on, at addresses of the
 * kernel's where MAP has nothing: neither cached nor combined, in every directory, for ever. NULL
 * where this processor has no page that leads there, or addresses or memory run out. Costs a table
 * of 4 KB for the first 4 MB below 4 GB, and 4 MB of addresses each above.
 */
MUST_USE volatile void *kernel_space_map_device(const struct kernel_space *space,
                                                const struct memory_map *map,
                                                const struct cpu_features *cpu, uint64_t where,
                                                uint32_t nbytes);

#endif
