#include "lib/print.h"
#include "memory/memory_map.h"

const char *memory_kind_name(enum memory_kind kind)
{
    static const char *const names[MEMORY_KINDS] = {
        [MEMORY_HOLE] = "no memory",   [MEMORY_USABLE] = "usable RAM",
        [MEMORY_LOW] = "below 1 MB",   [MEMORY_RESERVED] = "reserved",
        [MEMORY_ACPI] = "ACPI tables", [MEMORY_NVS] = "ACPI NVS",
        [MEMORY_BAD] = "bad RAM",      [MEMORY_LOADER] = "loader's data",
        [MEMORY_MODULE] = "module",    [MEMORY_KERNEL] = "kernel",
        [MEMORY_TABLES] = "tables",    [MEMORY_LOG] = "kernel's log",
    };
    return names[kind];
}

static uint64_t address_of(page_t page)
{
    return (uint64_t)page << PAGE_SHIFT;
}

void memory_map_print(const struct memory_map *map)
{
    print_style(PRINT_TITLE);
    kprintf("  from        to (excl.)      size  kind\n");
    print_style(PRINT_PLAIN);
    for (size_t i = 0; i < map->nranges; i++) {
        const struct memory_range *range = &map->ranges[i];
        if (range->kind == MEMORY_HOLE)
            continue;
        if (range->kind == MEMORY_USABLE)
            print_style(PRINT_GOOD);
        const char *gap = range->end < PAGES_IN_4GB ? "  " : " "; /* 4 GB has a digit more */
        kprintf("  0x%08llx  0x%08llx%s%8u K  %s\n", (unsigned long long)address_of(range->first),
                (unsigned long long)address_of(range->end), gap, (range->end - range->first) * 4,
                memory_kind_name(range->kind));
        print_style(PRINT_PLAIN);
    }
    page_t usable = memory_map_count(map, MEMORY_USABLE, 0, PAGES_IN_4GB);
    kprintf("  usable in all           %8u K  (%u MB)\n", usable * 4, usable / 256);
}

void memory_map_print_usable(const struct memory_map *map)
{
    for (size_t i = 0; i < map->nranges; i++)
        if (map->ranges[i].kind == MEMORY_USABLE)
            kprintf("memory: usable 0x%08llx-0x%08llx\n",
                    (unsigned long long)address_of(map->ranges[i].first),
                    (unsigned long long)address_of(map->ranges[i].end));
    kprintf("memory: %u usable blocks\n", memory_map_count(map, MEMORY_USABLE, 0, PAGES_IN_4GB));
}
