#include "boot/boot_info.h"

#include "lib/checked.h"

void boot_info_clear_entries(struct boot_info *info)
{
    info->nentries = 0;
    info->nentries_dropped = 0;
    info->nentries_off = 0;
    info->dropped_range = (struct boot_range){0};
    info->source = BOOT_MAP_NONE;
}

/* Makes RANGE cover START to END as well. */
static void widen(struct boot_range *range, bool first, uint64_t start, uint64_t end)
{
    if (first || start < range->start)
        range->start = start;
    if (first || end > range->end)
        range->end = end;
}

void boot_info_add_entry(struct boot_info *info, struct boot_entry entry)
{
    if (entry.length == 0)
        return;
    if (info->nentries < BOOT_ENTRIES_MAX) {
        info->entries[info->nentries++] = entry;
        return;
    }
    widen(&info->dropped_range, info->nentries_dropped == 0, entry.base,
          saturating_end(entry.base, entry.length));
    info->nentries_dropped++;
}

enum boot_entry_state boot_entry_state_of(uint32_t attributes)
{
    return attributes & 1 ? BOOT_ENTRY_ON : BOOT_ENTRY_OFF;
}

void boot_info_drop_entries_off(struct boot_info *info)
{
    bool any_on = false;
    for (size_t i = 0; i < info->nentries; i++)
        any_on |= info->entries[i].state == BOOT_ENTRY_ON;
    if (!any_on)
        return;
    size_t kept = 0;
    for (size_t i = 0; i < info->nentries; i++)
        if (info->entries[i].state != BOOT_ENTRY_OFF)
            info->entries[kept++] = info->entries[i];
    info->nentries_off = info->nentries - kept;
    info->nentries = kept;
}

const char *boot_map_source_name(enum boot_map_source source)
{
    static const char *const names[BOOT_MAP_SOURCES] = {
        [BOOT_MAP_NONE] = "nobody",    [BOOT_MAP_LOADER] = "the loader",
        [BOOT_MAP_E820] = "BIOS E820", [BOOT_MAP_E801] = "BIOS E801",
        [BOOT_MAP_88] = "BIOS 88h",    [BOOT_MAP_MEM_UPPER] = "the loader's mem_upper",
    };
    return names[source];
}

void boot_info_use_mem_upper(struct boot_info *info)
{
    if (info->mem_upper_kb == 0)
        return;
    boot_info_clear_entries(info);
    boot_info_add_entry(info, (struct boot_entry){.base = 0x100000,
                                                  .length = (uint64_t)info->mem_upper_kb << 10,
                                                  .type = BOOT_TYPE_RAM});
    info->source = BOOT_MAP_MEM_UPPER;
}
