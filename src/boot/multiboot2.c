/*
 * Invariant: nothing is read outside of the bytes that the first word claims, nor of a tag outside
 * of the bytes that it claims. A tag that can't be true ends the walk: what follows can't be told
 * from noise.
 */
#include "boot/multiboot2.h"

#include "boot/boot_info.h"
#include "lib/checked.h"

enum {
    TAG_ALIGNMENT = 8,
    BYTES_MOST = 1 << 20,   /* ten times what the largest maps take: more is noise */
    ENTRY_BYTES_MOST = 256, /* of a map, ten times what any standard has */
    ACPI_BYTES_OLD = 20,    /* of a root pointer of ACPI 1.0 */
    ACPI_BYTES_NEW = 36,    /* of a newer one, at least */
    ACPI_BYTES_MOST = 4096
};

/* A tag's bytes, of which it has at least those of its header. */
struct tag {
    uint32_t type, address, nbytes;
    boot_reader read;
};

/* NBYTES bytes of TAG from OFFSET on; NULL where it has not so many. */
static const void *bytes_of(const struct tag *tag, uint32_t offset, uint32_t nbytes)
{
    if (offset > tag->nbytes || nbytes > tag->nbytes - offset)
        return NULL;
    return tag->read(tag->address + offset, nbytes);
}

static void capture_module(struct boot_info *info, const struct tag *tag)
{
    const struct multiboot2_module *module = bytes_of(tag, 0, sizeof *module);
    if (!module) {
        info->module_list_bad = true;
        return;
    }
    struct boot_module *kept = boot_info_add_module(info, module->start, module->end);
    if (kept)
        boot_copy_name(kept->string, sizeof kept->string, tag->address + sizeof *module,
                       tag->nbytes - (uint32_t)sizeof *module, tag->read);
}

static void capture_screen(struct boot_info *info, const struct tag *tag)
{
    const struct multiboot2_screen *words = bytes_of(tag, 0, sizeof *words);
    const struct multiboot2_colours *colours = bytes_of(tag, sizeof *words, sizeof *colours);
    if (!words)
        return;
    info->screen = (struct boot_screen){.pitch = words->pitch,
                                        .width = words->width,
                                        .height = words->height,
                                        .bits_a_pixel = words->bits_a_pixel};
    if (colours && words->type == BOOT_SCREEN_PIXELS) {
        info->screen.red = (struct boot_colour){colours->red.position, colours->red.nbits};
        info->screen.green = (struct boot_colour){colours->green.position, colours->green.nbits};
        info->screen.blue = (struct boot_colour){colours->blue.position, colours->blue.nbits};
    }
    boot_screen_judge(&info->screen, words->address, words->type);
}

/* -- Maps -- */

static struct boot_entry entry_of(const struct multiboot2_map_entry *entry)
{
    return (struct boot_entry){.base = entry->base, .length = entry->length, .type = entry->type};
}

static uint32_t type_of(const struct efi_memory *memory)
{
    switch (memory->type) {
    case EFI_LOADER_CODE: /* the modules, which are claimed, and what the loader needed */
    case EFI_LOADER_DATA:
    case EFI_BOOT_CODE:
    case EFI_BOOT_DATA:
    case EFI_CONVENTIONAL:
        return memory->attributes & EFI_SPECIFIC_PURPOSE ? BOOT_TYPE_RESERVED : BOOT_TYPE_RAM;
    case EFI_UNUSABLE:
        return BOOT_TYPE_BAD;
    case EFI_ACPI_RECLAIM:
        return BOOT_TYPE_ACPI;
    case EFI_ACPI_NVS:
        return BOOT_TYPE_NVS;
    default:
        return BOOT_TYPE_RESERVED;
    }
}

static struct boot_entry entry_of_efi(const struct efi_memory *memory)
{
    const uint64_t most = UINT64_MAX / 4096;
    uint64_t npages = memory->npages < most ? memory->npages : most;
    return (struct boot_entry){
        .base = memory->base, .length = npages * 4096, .type = type_of(memory)};
}

/* How many bytes from one entry of TAG to the next, LEAST or more; 0 where that makes no sense. */
static uint32_t step_of(const struct tag *tag, uint32_t least, uint32_t *version)
{
    const struct multiboot2_map *map = bytes_of(tag, 0, sizeof *map);
    if (!map || map->entry_bytes < least || map->entry_bytes > ENTRY_BYTES_MOST)
        return 0;
    *version = map->version;
    return map->entry_bytes;
}

static void capture_map(struct boot_info *info, const struct tag *tag)
{
    uint32_t version, offset = sizeof(struct multiboot2_map);
    uint32_t step = step_of(tag, sizeof(struct multiboot2_map_entry), &version);
    const struct multiboot2_map_entry *entry;
    for (; step && (entry = bytes_of(tag, offset, sizeof *entry)) != NULL; offset += step) {
        boot_info_add_entry(info, entry_of(entry));
        if (info->source == BOOT_MAP_NONE)
            info->source = BOOT_MAP_LOADER;
    }
}

/* Makes the last entry longer by ENTRY, if that is how both can be said; there may be hundreds. */
static bool continues(struct boot_info *info, const struct boot_entry *entry)
{
    struct boot_entry *last = info->nentries ? &info->entries[info->nentries - 1] : NULL;
    uint64_t end, new_end;
    if (!last || info->nentries_dropped || last->type != entry->type ||
        __builtin_add_overflow(last->base, last->length, &end) || end != entry->base ||
        __builtin_add_overflow(end, entry->length, &new_end))
        return false;
    last->length = new_end - last->base;
    return true;
}

static void capture_efi_map(struct boot_info *info, const struct tag *tag)
{
    uint32_t version = 0, offset = sizeof(struct multiboot2_map);
    uint32_t step = step_of(tag, sizeof(struct efi_memory), &version);
    const struct efi_memory *memory;
    info->efi = true;
    if (version != EFI_MEMORY_VERSION)
        return;
    for (; step && (memory = bytes_of(tag, offset, sizeof *memory)) != NULL; offset += step) {
        struct boot_entry entry = entry_of_efi(memory);
        if (!continues(info, &entry))
            boot_info_add_entry(info, entry);
        info->source = BOOT_MAP_EFI;
    }
}

/* -- Tags -- */

/* The newer one counts, whichever comes first. */
static void capture_root(struct boot_info *info, const struct tag *tag)
{
    bool newer = tag->type == MULTIBOOT2_ACPI_NEW;
    uint32_t nbytes = tag->nbytes - (uint32_t)sizeof(struct multiboot2_tag);
    if (nbytes < (newer ? ACPI_BYTES_NEW : ACPI_BYTES_OLD) || nbytes > ACPI_BYTES_MOST ||
        (info->acpi_root && !newer))
        return;
    info->acpi_root = tag->address + (uint32_t)sizeof(struct multiboot2_tag);
    info->acpi_bytes = nbytes;
}

/* Copies what stands behind TAG's header; whether all of it had room. */
static bool capture_text(char *text, size_t nbytes, const struct tag *tag)
{
    const uint32_t header = sizeof(struct multiboot2_tag);
    return boot_copy_text(text, nbytes, tag->address + header, tag->nbytes - header, tag->read);
}

static void capture_memory(struct boot_info *info, const struct tag *tag)
{
    const struct multiboot2_memory *memory = bytes_of(tag, 0, sizeof *memory);
    if (!memory)
        return;
    info->mem_lower_kb = memory->lower;
    info->mem_upper_kb = memory->upper;
}

static void capture_tag(struct boot_info *info, const struct tag *tag)
{
    switch (tag->type) {
    case MULTIBOOT2_COMMAND_LINE:
        info->command_line_cut = !capture_text(info->command_line, sizeof info->command_line, tag);
        break;
    case MULTIBOOT2_LOADER_NAME:
        (void)capture_text(info->loader, sizeof info->loader, tag);
        break;
    case MULTIBOOT2_MODULE:
        capture_module(info, tag);
        break;
    case MULTIBOOT2_MEMORY:
        capture_memory(info, tag);
        break;
    case MULTIBOOT2_MAP:
        capture_map(info, tag);
        break;
    case MULTIBOOT2_SCREEN:
        capture_screen(info, tag);
        break;
    case MULTIBOOT2_EFI32:
    case MULTIBOOT2_EFI64:
        info->efi = true;
        break;
    case MULTIBOOT2_ACPI_OLD:
    case MULTIBOOT2_ACPI_NEW:
        capture_root(info, tag);
        break;
    case MULTIBOOT2_EFI_MAP:
        capture_efi_map(info, tag);
        break;
    default: /* of no use to this kernel */
        break;
    }
}

/* Captures the tag at ADDRESS, one of those with LEFT bytes in all. How many bytes it takes; 0
 * where it is the last one, or can't be true. */
static uint32_t walk_tag(struct boot_info *info, uint32_t address, uint32_t left, boot_reader read)
{
    const struct multiboot2_tag *header =
        left < sizeof *header ? NULL : read(address, sizeof *header);
    size_t whole = 0;
    if (header && header->type == MULTIBOOT2_END)
        return 0;
    if (header && header->nbytes >= sizeof *header && header->nbytes <= left &&
        !checked_round_up(header->nbytes, TAG_ALIGNMENT, &whole))
        whole = 0;
    if (whole == 0 || whole > left) {
        info->tags_bad = true;
        return 0;
    }
    capture_tag(info, &(struct tag){header->type, address, header->nbytes, read});
    return (uint32_t)whole;
}

void multiboot2_capture(struct boot_info *info, uint32_t address, boot_reader read)
{
    boot_info_clear(info);
    const struct multiboot2_start *start = read(address, sizeof *start);
    uint32_t nbytes = start ? start->nbytes : 0, offset = sizeof *start, step;
    if (nbytes < sizeof *start || nbytes > BYTES_MOST || address > UINT32_MAX - nbytes) {
        info->tags_bad = true;
        return;
    }
    boot_info_add_loader_range(info, address, nbytes);
    while ((step = walk_tag(info, address + offset, nbytes - offset, read)) > 0)
        offset += step;
}
