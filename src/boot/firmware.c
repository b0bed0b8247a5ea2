#include "boot/firmware.h"

enum {
    VECTOR_INT15 = 0x15,
    EBDA_SEGMENT = 0x40e,
    VECTORS_END = 0x400, /* no code lies below: vectors do */
    ROM_START = 0xe0000,
    ROM_END = 0x100000,
    EBDA_LOWEST = 0x80000,
    EBDA_HIGHEST = 0xa0000,
    TABLE_ALIGNMENT = 4 << 20
};

/* EFI_SYSTEM_TABLE_POINTER. The sum is over all of it, with 0 for the sum itself. */
struct table_pointer {
    char signature[8];
    uint64_t system_table;
    uint32_t crc32;
    uint32_t padding;
};
_Static_assert(sizeof(struct table_pointer) == 24, "UEFI sums up this many bytes");

static uint32_t read_number(boot_reader read, uint32_t address, uint32_t nbytes)
{
    uint32_t value = 0;
    const void *at = read(address, nbytes);
    if (at)
        __builtin_memcpy(&value, at, nbytes);
    return value;
}

/* Where interrupt VECTOR leads. */
static uint32_t target_of(boot_reader read, uint32_t vector)
{
    uint32_t far = read_number(read, vector * 4, 4); /* segment and offset */
    return (far >> 16) * 16 + (far & 0xffff);
}

/* Cleared memory and missing memory are no code. */
static bool is_code(boot_reader read, uint32_t address)
{
    uint32_t byte = read_number(read, address, 1);
    return byte != 0 && byte != 0xff;
}

static bool has_services(boot_reader read)
{
    static const uint8_t services[] = {0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x1a};
    size_t count = sizeof services / sizeof services[0], in_rom = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t target = target_of(read, services[i]);
        in_rom += target >= ROM_START && target < ROM_END && is_code(read, target);
    }
    return in_rom * 2 >= count;
}

/* The CRC32 of Ethernet and of UEFI's tables, a bit at a time. */
static uint32_t crc32_of(const void *start, size_t nbytes)
{
    const uint8_t *bytes = start;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < nbytes; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static bool is_table_pointer(boot_reader read, uint32_t address)
{
    struct table_pointer pointer;
    const void *at = read(address, sizeof pointer);
    if (!at || __builtin_memcmp(at, "IBI SYST", sizeof pointer.signature) != 0)
        return false;
    __builtin_memcpy(&pointer, at, sizeof pointer);
    uint32_t wanted = pointer.crc32;
    pointer.crc32 = 0;
    return crc32_of(&pointer, sizeof pointer) == wanted;
}

static bool has_table_pointer(const struct boot_info *info, boot_reader read)
{
    const uint64_t top = (uint64_t)1 << 32;
    for (size_t i = 0; i < info->nentries; i++) {
        const struct boot_entry *entry = &info->entries[i];
        if (entry->type != BOOT_TYPE_RAM || entry->base >= top)
            continue;
        uint64_t end = entry->length < top - entry->base ? entry->base + entry->length : top;
        uint64_t at = (entry->base + TABLE_ALIGNMENT - 1) / TABLE_ALIGNMENT * TABLE_ALIGNMENT;
        for (; at + sizeof(struct table_pointer) <= end; at += TABLE_ALIGNMENT)
            if (is_table_pointer(read, (uint32_t)at))
                return true;
    }
    return false;
}

struct firmware firmware_find(const struct boot_info *info, boot_reader read)
{
    if (info->efi)
        return (struct firmware){.sign = FIRMWARE_LOADER};
    if (!has_services(read))
        return (struct firmware){.sign = has_table_pointer(info, read) ? FIRMWARE_SYSTEM_TABLE
                                                                       : FIRMWARE_NO_SIGN};
    uint32_t int15 = target_of(read, VECTOR_INT15);
    paddr_t ebda = read_number(read, EBDA_SEGMENT, 2) * 16;
    return (struct firmware){
        .sign = FIRMWARE_VECTORS,
        .calls = int15 >= VECTORS_END && is_code(read, int15),
        .ebda = ebda >= EBDA_LOWEST && ebda < EBDA_HIGHEST ? ebda : 0,
    };
}

void firmware_consider_root(struct firmware *firmware, paddr_t root)
{
    if (firmware->sign == FIRMWARE_NO_SIGN && root >= ROM_END)
        firmware->sign = FIRMWARE_ACPI_PLACE;
}

const char *firmware_name(const struct firmware *firmware)
{
    static const char *const names[] = {
        [FIRMWARE_NO_SIGN] = "none known (no BIOS vectors, no UEFI table)",
        [FIRMWARE_LOADER] = "UEFI (by the loader)",
        [FIRMWARE_VECTORS] = "BIOS (by vectors)",
        [FIRMWARE_SYSTEM_TABLE] = "UEFI (by system table)",
        [FIRMWARE_ACPI_PLACE] = "UEFI (by ACPI's place)",
    };
    return names[firmware->sign];
}
