#include "boot/multiboot.h"

#include "boot/boot_info.h"
#include "lib/string.h"

enum {
    MODULES_WALKED_MAX = 4096, /* a longer list is taken for nonsense */
    PATH_MOST = 4096,          /* and a longer path */
    ENTRY_SIZE_LEAST = 20,
    ENTRY_SIZE_WITH_ATTRIBUTES = 24,
    ENTRY_SIZE_MOST = 256 /* ten times what any standard has: more is noise */
};

/*
 * Walks the map by each entry's own SIZE. An entry of a size that none has, or cut by the map's
 * end, ends the walk: what follows can't be told from noise.
 */
static void walk_map(struct boot_info *info, uint32_t address, uint32_t nbytes, boot_reader read)
{
    uint32_t offset = 0;
    size_t range = info->nloader_ranges; /* grows with each entry that is one */
    boot_info_add_loader_range(info, address, 1);
    while (nbytes - offset >= sizeof(struct multiboot_map_entry)) {
        if (address > UINT32_MAX - offset)
            return;
        const struct multiboot_map_entry *entry = read(address + offset, sizeof *entry);
        if (!entry || entry->size < ENTRY_SIZE_LEAST || entry->size > ENTRY_SIZE_MOST ||
            entry->size > nbytes - offset - 4)
            return;
        uint32_t size = entry->size;
        struct boot_entry found = {.base = (uint64_t)entry->base_high << 32 | entry->base_low,
                                   .length = (uint64_t)entry->length_high << 32 | entry->length_low,
                                   .type = entry->type};
        if (size >= ENTRY_SIZE_WITH_ATTRIBUTES) {
            const void *word = read(address + offset + sizeof *entry, 4);
            if (!word)
                return;
            uint32_t attributes;
            __builtin_memcpy(&attributes, word, sizeof attributes);
            found.state = boot_entry_state_of(attributes);
        }
        boot_info_add_entry(info, found);
        info->source = BOOT_MAP_LOADER;
        offset += size + 4;
        info->loader_ranges[range].end = (uint64_t)address + offset;
    }
}

static void capture_module(struct boot_info *info, const struct multiboot_module *module,
                           boot_reader read)
{
    struct boot_module *kept = boot_info_add_module(info, module->start, module->end);
    if (kept && module->string)
        boot_copy_name(kept->string, sizeof kept->string, module->string, PATH_MOST, read);
}

static void capture_modules(struct boot_info *info, uint32_t address, uint32_t count,
                            boot_reader read)
{
    if (count > MODULES_WALKED_MAX || address > UINT32_MAX - count * 16) {
        info->module_list_bad = true;
        return;
    }
    boot_info_add_loader_range(info, address, count * 16);
    for (uint32_t i = 0; i < count; i++) {
        const struct multiboot_module *module = read(address + i * 16, sizeof *module);
        if (!module) {
            info->module_list_bad = true;
            return;
        }
        capture_module(info, module, read);
    }
}

static void capture_screen(struct boot_info *info, const struct multiboot_info *words)
{
    info->screen = (struct boot_screen){
        .pitch = words->framebuffer_pitch,
        .width = words->framebuffer_width,
        .height = words->framebuffer_height,
        .bits_a_pixel = words->framebuffer_bpp,
        .red = {words->framebuffer_red.position, words->framebuffer_red.nbits},
        .green = {words->framebuffer_green.position, words->framebuffer_green.nbits},
        .blue = {words->framebuffer_blue.position, words->framebuffer_blue.nbits},
    };
    boot_screen_judge(&info->screen,
                      (uint64_t)words->framebuffer_addr_high << 32 | words->framebuffer_addr_low,
                      words->framebuffer_type);
}

void multiboot_capture(struct boot_info *info, uint32_t address, boot_reader read)
{
    boot_info_clear(info);
    const struct multiboot_info *words = read(address, sizeof *words);
    if (!words)
        return;
    boot_info_add_loader_range(info, address, sizeof *words);
    if (words->flags & MULTIBOOT_HAS_MEMORY) {
        info->mem_lower_kb = words->mem_lower;
        info->mem_upper_kb = words->mem_upper;
    }
    if (words->flags & MULTIBOOT_HAS_COMMAND_LINE) {
        info->command_line_cut = !boot_copy_text(info->command_line, sizeof info->command_line,
                                                 words->command_line, UINT32_MAX, read);
        boot_info_add_loader_range(info, words->command_line,
                                   (uint32_t)string_length(info->command_line) + 1);
    }
    if (words->flags & MULTIBOOT_HAS_LOADER_NAME)
        (void)boot_copy_text(info->loader, sizeof info->loader, words->loader_name, UINT32_MAX,
                             read);
    if (words->flags & MULTIBOOT_HAS_FRAMEBUFFER)
        capture_screen(info, words);
    if (words->flags & MULTIBOOT_HAS_MAP) {
        walk_map(info, words->mmap_addr, words->mmap_length, read);
        boot_info_drop_entries_off(info);
    }
    if (words->flags & MULTIBOOT_HAS_MODULES)
        capture_modules(info, words->mods_addr, words->mods_count, read);
}
