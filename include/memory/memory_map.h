/*
 * Claims in, truth out. Anyone may claim any range of bytes for anything; settling turns the claims
 * into ranges of whole pages that are sorted, disjoint and cover all 4 GB.
 *
 * A page is usable only if every byte of it is RAM, none of it is anything else, and it lies from
 * 1 MB to 4 GB. Therefore RAM rounds inward, after ranges of RAM that touch were joined, and
 * everything else rounds outward and wins over RAM.
 */
#ifndef PLAT_MEMORY_MEMORY_MAP_H
#define PLAT_MEMORY_MEMORY_MAP_H

#include "boot/boot_info.h"
#include "lib/types.h"

/* In ascending order of who wins where claims overlap. */
enum memory_kind {
    MEMORY_HOLE, /* nobody claims it: no memory, or a device's */
    MEMORY_USABLE,
    MEMORY_LOW, /* below 1 MB: left to the BIOS, its tables and video memory */
    MEMORY_RESERVED,
    MEMORY_ACPI,
    MEMORY_NVS,
    MEMORY_BAD,
    MEMORY_LOADER,
    MEMORY_MODULE,
    MEMORY_KERNEL,
    MEMORY_TABLES, /* page tables and the heap's table */
    MEMORY_LOG,    /* what was printed */
    MEMORY_KINDS   /* how many */
};

enum {
    /* What a loader may say, twice over for its dropped parts, and what the kernel adds. */
    MEMORY_CLAIMS_MAX = BOOT_ENTRIES_MAX + BOOT_MODULES_MAX + BOOT_LOADER_RANGES + 16,
    MEMORY_RANGES_MAX = 2 * MEMORY_CLAIMS_MAX + 1
};

struct memory_claim {
    uint64_t start, end; /* end exclusive */
    enum memory_kind kind;
};

struct memory_range {
    page_t first, end; /* end exclusive; PAGES_IN_4GB is the end of 4 GB */
    enum memory_kind kind;
};

struct memory_edge {
    page_t page;
    uint8_t kind;
    bool begins;
};

struct memory_map {
    size_t nclaims, nranges;
    struct memory_claim claims[MEMORY_CLAIMS_MAX];
    struct memory_range ranges[MEMORY_RANGES_MAX];
    struct memory_edge edges[2 * MEMORY_CLAIMS_MAX]; /* settling's working space */
};

/* An empty map: nothing is claimed but what lies below 1 MB. Not settled yet. */
void memory_map_clear(struct memory_map *map);

/*
 * Claims the LENGTH bytes at BASE for KIND. A range that ends past 2^64 ends there; what lies at or
 * above 4 GB and what has no length changes nothing. -ENOMEM where there is no room for it.
 */
MUST_USE int memory_map_claim(struct memory_map *map, uint64_t base, uint64_t length,
                              enum memory_kind kind);

/* Claims what INFO holds: entries by type, modules, the loader's words. -ENOMEM as above. */
MUST_USE int memory_map_claim_boot(struct memory_map *map, const struct boot_info *info);

/* Makes the ranges from the claims. May be called again after further claims. O(n^2) at worst. */
void memory_map_settle(struct memory_map *map);

/*
 * The lowest run of NPAGES > 0 usable pages that lies in FIRST to END (exclusive) of a settled map;
 * its first page in *FOUND. False where there is none.
 */
MUST_USE bool memory_map_find(const struct memory_map *map, page_t npages, page_t first, page_t end,
                              page_t *found);

/*
 * Takes the pages from FIRST to END (exclusive) of a settled map for KIND, and settles it again.
 * False, and nothing changed, unless all of them are usable and there is room for the claim.
 */
MUST_USE bool memory_map_take(struct memory_map *map, page_t first, page_t end,
                              enum memory_kind kind);

/* How many pages of KIND lie in FIRST to END (exclusive). */
page_t memory_map_count(const struct memory_map *map, enum memory_kind kind, page_t first,
                        page_t end);

/* One past the last usable page below END, or 0 where there is none. */
page_t memory_map_top(const struct memory_map *map, page_t end);

/* NULL where the ranges are sorted, disjoint, joined and cover 4 GB, else what they break. */
MUST_USE const char *memory_map_check(const struct memory_map *map);

const char *memory_kind_name(enum memory_kind kind);

/* Prints the table of all ranges that are not holes. */
void memory_map_print(const struct memory_map *map);

/* Prints the lines that tools read: usable ranges, ascending, and their sum. */
void memory_map_print_usable(const struct memory_map *map);

#endif
