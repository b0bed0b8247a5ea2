/*
 * The layouts of the Multiboot 2 specification (version 2.0, section 3.6), as a loader leaves them
 * in memory: tags, each on a multiple of 8 bytes. Nothing here may be trusted: boot/multiboot2.c
 * reads it once into struct boot_info.
 */
#ifndef PLAT_BOOT_MULTIBOOT2_H
#define PLAT_BOOT_MULTIBOOT2_H

#include "lib/types.h"

struct multiboot2_start {
    uint32_t nbytes; /* of everything, from here on */
    uint32_t reserved;
} __attribute__((packed)); /* as all that follow: a loader may put it anywhere */

struct multiboot2_tag {
    uint32_t type;
    uint32_t nbytes; /* this header included, the padding behind not */
} __attribute__((packed));

enum multiboot2_type {
    MULTIBOOT2_END = 0,
    MULTIBOOT2_COMMAND_LINE = 1,
    MULTIBOOT2_LOADER_NAME = 2,
    MULTIBOOT2_MODULE = 3,
    MULTIBOOT2_MEMORY = 4,
    MULTIBOOT2_MAP = 6,
    MULTIBOOT2_SCREEN = 8,
    MULTIBOOT2_EFI32 = 11, /* where EFI's system table is, by 32 bits */
    MULTIBOOT2_EFI64 = 12,
    MULTIBOOT2_ACPI_OLD = 14, /* a copy of the root pointer of ACPI 1.0 */
    MULTIBOOT2_ACPI_NEW = 15,
    MULTIBOOT2_EFI_MAP = 17
};

struct multiboot2_module {
    struct multiboot2_tag tag;
    uint32_t start, end; /* end exclusive; the string follows */
} __attribute__((packed));

struct multiboot2_memory {
    struct multiboot2_tag tag;
    uint32_t lower, upper; /* KB below 640K, KB from 1 MB to the first hole */
} __attribute__((packed));

/* The head of both kinds of map. */
struct multiboot2_map {
    struct multiboot2_tag tag;
    uint32_t entry_bytes, version; /* the entries follow */
} __attribute__((packed));

struct multiboot2_map_entry {
    uint64_t base, length;
    uint32_t type, reserved;
} __attribute__((packed));
_Static_assert(sizeof(struct multiboot2_map_entry) == 24, "Multiboot 2 fixes the least size");

struct multiboot2_screen {
    struct multiboot2_tag tag;
    uint64_t address;
    uint32_t pitch, width, height;
    uint8_t bits_a_pixel, type;
    uint16_t reserved;
} __attribute__((packed));
_Static_assert(sizeof(struct multiboot2_screen) == 32, "the colours follow here");

struct multiboot2_colours {
    struct {
        uint8_t position, nbits;
    } red, green, blue;
} __attribute__((packed));

/* EFI_MEMORY_DESCRIPTOR (UEFI 2.10, section 7.2.3). */
struct efi_memory {
    uint32_t type, padding;
    uint64_t base, virtual_base;
    uint64_t npages; /* of 4096 bytes */
    uint64_t attributes;
} __attribute__((packed));
_Static_assert(sizeof(struct efi_memory) == 40, "UEFI fixes the least size");

enum { EFI_MEMORY_VERSION = 1 };

/* EFI_MEMORY_TYPE. The loader has left boot services: what these used is free now. */
enum efi_memory_type {
    EFI_LOADER_CODE = 1,
    EFI_LOADER_DATA = 2,
    EFI_BOOT_CODE = 3,
    EFI_BOOT_DATA = 4,
    EFI_CONVENTIONAL = 7,
    EFI_UNUSABLE = 8,
    EFI_ACPI_RECLAIM = 9,
    EFI_ACPI_NVS = 10
};

#define EFI_SPECIFIC_PURPOSE ((uint64_t)1 << 18) /* attributes: meant for some driver */

#endif
