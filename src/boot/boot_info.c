#include "boot/boot_info.h"

#include "lib/checked.h"

/* Field by field: the entries and modules need no clearing, and there are many. */
void boot_info_clear(struct boot_info *info)
{
    boot_info_clear_entries(info);
    info->no_bios = false;
    info->mem_lower_kb = info->mem_upper_kb = 0;
    info->nmodules = info->nmodules_dropped = info->nmodules_bad = 0;
    info->module_list_bad = info->tags_bad = false;
    info->nloader_ranges = 0;
    info->screen = (struct boot_screen){0};
    info->command_line[0] = info->loader[0] = '\0';
    info->command_line_cut = info->efi = false;
    info->acpi_root = info->acpi_bytes = 0;
}

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

void boot_info_add_loader_range(struct boot_info *info, uint32_t start, uint32_t nbytes)
{
    if (info->nloader_ranges < BOOT_LOADER_RANGES && nbytes)
        info->loader_ranges[info->nloader_ranges++] =
            (struct boot_range){start, (uint64_t)start + nbytes};
}

struct boot_module *boot_info_add_module(struct boot_info *info, uint32_t start, uint32_t end)
{
    if (end < start) {
        info->nmodules_bad++;
        return NULL;
    }
    if (info->nmodules == BOOT_MODULES_MAX) {
        widen(&info->dropped_modules, info->nmodules_dropped++ == 0, start, end);
        return NULL;
    }
    struct boot_module *module = &info->modules[info->nmodules++];
    *module = (struct boot_module){.start = start, .end = end};
    return module;
}

bool boot_copy_text(char *text, size_t nbytes, uint32_t address, uint32_t most, boot_reader read)
{
    size_t i = 0;
    for (; i < nbytes; i++) {
        bool there = i < most && address <= UINT32_MAX - i;
        const char *c = there ? read(address + (uint32_t)i, 1) : NULL;
        text[i] = c ? *c : '\0';
        if (!text[i])
            return true;
    }
    text[nbytes - 1] = '\0';
    return false;
}

/* How many bytes stand in front of the last part of the path that the string begins with. */
static uint32_t folders(uint32_t address, uint32_t most, boot_reader read)
{
    uint32_t part = 0;
    for (uint32_t i = 0; i < most && i < UINT32_MAX - address; i++) {
        const char *c = read(address + i, 1);
        if (!c || !*c || *c == ' ' || *c == '\t')
            break;
        if (*c == '/')
            part = i + 1;
    }
    return part;
}

void boot_copy_name(char *text, size_t nbytes, uint32_t address, uint32_t most, boot_reader read)
{
    if (boot_copy_text(text, nbytes, address, most, read))
        return;
    uint32_t skipped = folders(address, most, read);
    (void)boot_copy_text(text, nbytes, address + skipped, most - skipped, read);
}

/* The offset in PIECE of NBYTES, or NBYTES. A few instructions a step, for there are many. */
static uint32_t find_in_piece(const uint8_t *piece, uint32_t nbytes, uint32_t word)
{
    uint32_t nsteps = (nbytes + BOOT_PARAGRAPH - (uint32_t)sizeof word) / BOOT_PARAGRAPH;
    for (uint32_t i = 0; i < nsteps; i++) {
        uint32_t here;
        __builtin_memcpy(&here, piece + i * BOOT_PARAGRAPH, sizeof here);
        if (here == word)
            return i * BOOT_PARAGRAPH;
    }
    return nbytes;
}

uint64_t boot_find_word(uint64_t start, uint64_t end, const char *word, boot_reader read)
{
    uint32_t wanted, nbytes;
    __builtin_memcpy(&wanted, word, sizeof wanted);
    uint64_t at = (start + BOOT_PARAGRAPH - 1) & ~(uint64_t)(BOOT_PARAGRAPH - 1);
    for (; at < end; at += nbytes) {
        nbytes = PAGE_SIZE - (uint32_t)at % PAGE_SIZE;
        if (nbytes > end - at)
            nbytes = (uint32_t)(end - at);
        const uint8_t *piece = read((uint32_t)at, nbytes);
        uint32_t found = piece ? find_in_piece(piece, nbytes, wanted) : nbytes;
        if (found < nbytes)
            return at + found;
    }
    return end;
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
        [BOOT_MAP_NONE] = "nobody",
        [BOOT_MAP_LOADER] = "the loader",
        [BOOT_MAP_EFI] = "the loader and EFI",
        [BOOT_MAP_E820] = "BIOS E820",
        [BOOT_MAP_E801] = "BIOS E801",
        [BOOT_MAP_88] = "BIOS 88h",
        [BOOT_MAP_MEM_UPPER] = "the loader's mem_upper",
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
