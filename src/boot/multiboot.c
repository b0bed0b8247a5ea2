#include "boot/multiboot.h"

#include "boot/boot_info.h"
#include "lib/string.h"

enum {
    MODULES_WALKED_MAX = 4096, /* a longer list is taken for nonsense */
    PATH_MOST = 4096,          /* and a longer path */
    TEXT_ADDRESS = 0xb8000,
    TEXT_COLUMNS = 80,
    TEXT_ROWS = 25,
    TEXT_PITCH = 160,
    ENTRY_SIZE_LEAST = 20,
    ENTRY_SIZE_WITH_ATTRIBUTES = 24,
    ENTRY_SIZE_MOST = 256 /* ten times what any standard has: more is noise */
};

static void add_loader_range(struct boot_info *info, uint32_t start, uint32_t nbytes)
{
    if (info->nloader_ranges < BOOT_LOADER_RANGES && nbytes)
        info->loader_ranges[info->nloader_ranges++] =
            (struct boot_range){start, (uint64_t)start + nbytes};
}

/* Copies the string at ADDRESS into TEXT, cut at NBYTES; false if it was cut. */
static bool copy_string(char *text, size_t nbytes, uint32_t address, boot_reader read)
{
    for (size_t i = 0; i < nbytes; i++) {
        const char *c = address > UINT32_MAX - i ? NULL : read(address + (uint32_t)i, 1);
        if (!c || !*c) {
            text[i] = '\0';
            return true;
        }
        text[i] = *c;
    }
    text[nbytes - 1] = '\0';
    return false;
}

/*
 * Walks the map by each entry's own SIZE. An entry of a size that none has, or cut by the map's
 * end, ends the walk: what follows can't be told from noise.
 */
static void walk_map(struct boot_info *info, uint32_t address, uint32_t nbytes, boot_reader read)
{
    uint32_t offset = 0;
    size_t range = info->nloader_ranges; /* grows with each entry that is one */
    add_loader_range(info, address, 1);
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

/* Behind the last slash of the path that the string at ADDRESS begins with. */
static uint32_t skip_folders(uint32_t address, boot_reader read)
{
    uint32_t part = address;
    for (uint32_t i = 0; i < PATH_MOST && i < UINT32_MAX - address; i++) {
        const char *c = read(address + i, 1);
        if (!c || !*c || *c == ' ' || *c == '\t')
            break;
        if (*c == '/')
            part = address + i + 1;
    }
    return part;
}

/* A module's name stands at the end of its path: of a long string the folders are left out. */
static void copy_module_string(char *text, size_t nbytes, uint32_t address, boot_reader read)
{
    if (!copy_string(text, nbytes, address, read))
        copy_string(text, nbytes, skip_folders(address, read), read);
}

static void capture_module(struct boot_info *info, const struct multiboot_module *module,
                           boot_reader read)
{
    if (module->end < module->start) {
        info->nmodules_bad++;
        return;
    }
    if (info->nmodules == BOOT_MODULES_MAX) {
        struct boot_range *range = &info->dropped_modules;
        if (info->nmodules_dropped++ == 0)
            *range = (struct boot_range){module->start, module->end};
        if (module->start < range->start)
            range->start = module->start;
        if (module->end > range->end)
            range->end = module->end;
        return;
    }
    struct boot_module *kept = &info->modules[info->nmodules++];
    kept->start = module->start;
    kept->end = module->end;
    kept->string[0] = '\0';
    if (module->string)
        copy_module_string(kept->string, sizeof kept->string, module->string, read);
}

static void capture_modules(struct boot_info *info, uint32_t address, uint32_t count,
                            boot_reader read)
{
    if (count > MODULES_WALKED_MAX || address > UINT32_MAX - count * 16) {
        info->module_list_bad = true;
        return;
    }
    add_loader_range(info, address, count * 16);
    for (uint32_t i = 0; i < count; i++) {
        const struct multiboot_module *module = read(address + i * 16, sizeof *module);
        if (!module) {
            info->module_list_bad = true;
            return;
        }
        capture_module(info, module, read);
    }
}

/* The bits of a pixel that COLOUR takes; 0 where it reaches out of one of NBITS. */
static uint64_t colour_bits(struct boot_colour colour, unsigned nbits)
{
    if (!colour.nbits || colour.position >= nbits || colour.nbits > nbits - colour.position)
        return 0;
    return ((1ull << colour.nbits) - 1) << colour.position;
}

static const char *refuse_colours(const struct boot_screen *screen)
{
    unsigned nbits = screen->bits_a_pixel;
    if (nbits != 15 && nbits != 16 && nbits != 24 && nbits != 32)
        return "its pixels have neither 15, 16, 24 nor 32 bits";
    uint64_t red = colour_bits(screen->red, nbits), green = colour_bits(screen->green, nbits),
             blue = colour_bits(screen->blue, nbits);
    if (!red || !green || !blue || (red & green) || (green & blue) || (red & blue))
        return "its colours do not fit into its pixels";
    return NULL;
}

static const char *refuse_size(const struct boot_screen *screen)
{
    if (screen->width < BOOT_SCREEN_WIDTH_LEAST || screen->height < BOOT_SCREEN_HEIGHT_LEAST)
        return "it is smaller than 320x200";
    if (screen->width > BOOT_SCREEN_WIDTH_MOST || screen->height > BOOT_SCREEN_HEIGHT_MOST)
        return "it is larger than 5632x4224";
    if (screen->pitch < screen->width * ((screen->bits_a_pixel + 7u) / 8))
        return "its lines overlap";
    if (screen->pitch > BOOT_SCREEN_PITCH_MOST)
        return "its lines are more than 64 KB apart";
    return screen->nbytes ? NULL : "it reaches over the end of 4 GB";
}

static const char *refuse_text(const struct boot_screen *screen)
{
    if (screen->width != TEXT_COLUMNS || screen->height != TEXT_ROWS || screen->pitch != TEXT_PITCH)
        return "its text is not 80x25";
    return screen->address == TEXT_ADDRESS ? NULL : "its text is not at 0xb8000";
}

static const char *refuse_screen(const struct boot_screen *screen, unsigned type)
{
    if (type != MULTIBOOT_TEXT && type != MULTIBOOT_PIXELS)
        return type == MULTIBOOT_PALETTE ? "its pixels are numbers of a palette"
                                         : "its type is unknown";
    if (screen->text)
        return refuse_text(screen);
    const char *why = refuse_colours(screen);
    return why ? why : refuse_size(screen);
}

static void capture_screen(struct boot_info *info, const struct multiboot_info *words)
{
    struct boot_screen screen = {
        .described = true,
        .text = words->framebuffer_type == MULTIBOOT_TEXT,
        .address = words->framebuffer_addr_low,
        .pitch = words->framebuffer_pitch,
        .width = words->framebuffer_width,
        .height = words->framebuffer_height,
        .bits_a_pixel = words->framebuffer_bpp,
        .red = {words->framebuffer_red.position, words->framebuffer_red.nbits},
        .green = {words->framebuffer_green.position, words->framebuffer_green.nbits},
        .blue = {words->framebuffer_blue.position, words->framebuffer_blue.nbits},
    };
    if (words->framebuffer_addr_high) {
        screen.address = 0;
        screen.refused = "it lies above 4 GB";
    } else {
        /* Bounded, so that no nonsense takes all of memory for a screen. */
        uint64_t nbytes = (uint64_t)screen.pitch * screen.height;
        if (screen.pitch <= BOOT_SCREEN_PITCH_MOST && screen.height <= BOOT_SCREEN_HEIGHT_MOST &&
            screen.address + nbytes <= 1ull << 32)
            screen.nbytes = (uint32_t)nbytes;
        screen.refused = refuse_screen(&screen, words->framebuffer_type);
    }
    info->screen = screen;
}

void multiboot_capture(struct boot_info *info, uint32_t address, boot_reader read)
{
    /* Field by field: the entries need no clearing, and there are many. */
    boot_info_clear_entries(info);
    info->mem_lower_kb = info->mem_upper_kb = 0;
    info->nmodules = info->nmodules_dropped = info->nmodules_bad = 0;
    info->module_list_bad = false;
    info->nloader_ranges = 0;
    info->screen = (struct boot_screen){0};
    info->command_line[0] = info->loader[0] = '\0';
    info->command_line_cut = false;

    const struct multiboot_info *words = read(address, sizeof *words);
    if (!words)
        return;
    add_loader_range(info, address, sizeof *words);
    if (words->flags & MULTIBOOT_HAS_MEMORY) {
        info->mem_lower_kb = words->mem_lower;
        info->mem_upper_kb = words->mem_upper;
    }
    if (words->flags & MULTIBOOT_HAS_COMMAND_LINE) {
        info->command_line_cut =
            !copy_string(info->command_line, sizeof info->command_line, words->command_line, read);
        add_loader_range(info, words->command_line,
                         (uint32_t)string_length(info->command_line) + 1);
    }
    if (words->flags & MULTIBOOT_HAS_LOADER_NAME)
        copy_string(info->loader, sizeof info->loader, words->loader_name, read);
    if (words->flags & MULTIBOOT_HAS_FRAMEBUFFER)
        capture_screen(info, words);
    if (words->flags & MULTIBOOT_HAS_MAP) {
        walk_map(info, words->mmap_addr, words->mmap_length, read);
        boot_info_drop_entries_off(info);
    }
    if (words->flags & MULTIBOOT_HAS_MODULES)
        capture_modules(info, words->mods_addr, words->mods_count, read);
}
