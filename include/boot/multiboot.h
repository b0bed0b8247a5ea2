/*
 * The layouts of the Multiboot 1 specification (version 0.6.96), as a loader leaves them in memory.
 * Nothing here may be trusted: boot/multiboot.c reads it once into struct boot_info.
 */
#ifndef PLAT_BOOT_MULTIBOOT_H
#define PLAT_BOOT_MULTIBOOT_H

#include "lib/types.h"

#define MULTIBOOT_HAS_MEMORY       (1u << 0)
#define MULTIBOOT_HAS_COMMAND_LINE (1u << 2)
#define MULTIBOOT_HAS_MODULES      (1u << 3)
#define MULTIBOOT_HAS_MAP          (1u << 6)
#define MULTIBOOT_HAS_LOADER_NAME  (1u << 9)
#define MULTIBOOT_HAS_FRAMEBUFFER  (1u << 12)

struct multiboot_info {
    uint32_t flags;
    uint32_t mem_lower, mem_upper; /* KB below 640K, KB from 1 MB to the first hole */
    uint32_t boot_device;
    uint32_t command_line;
    uint32_t mods_count, mods_addr;
    uint32_t symbols[4];
    uint32_t mmap_length, mmap_addr;
    uint32_t drives_length, drives_addr;
    uint32_t config_table;
    uint32_t loader_name;
    uint32_t apm_table;
    uint32_t vbe_control_info, vbe_mode_info;
    uint16_t vbe_mode, vbe_interface_seg, vbe_interface_off, vbe_interface_len;
    uint32_t framebuffer_addr_low, framebuffer_addr_high;
    uint32_t framebuffer_pitch, framebuffer_width, framebuffer_height;
    uint8_t framebuffer_bpp, framebuffer_type;
    uint8_t unused[2];
    struct {
        uint8_t position, nbits;
    } framebuffer_red, framebuffer_green, framebuffer_blue; /* only of BOOT_SCREEN_PIXELS */
} __attribute__((packed));                                  /* a loader may put it anywhere */
_Static_assert(offsetof(struct multiboot_info, mmap_length) == 44, "Multiboot fixes this place");
_Static_assert(offsetof(struct multiboot_info, loader_name) == 64, "Multiboot fixes this place");
_Static_assert(offsetof(struct multiboot_info, framebuffer_type) == 109,
               "Multiboot fixes this place");
_Static_assert(offsetof(struct multiboot_info, framebuffer_red) == 112,
               "where loaders put it; the specification's table says 110");

struct multiboot_module {
    uint32_t start, end; /* end exclusive */
    uint32_t string;
    uint32_t reserved;
} __attribute__((packed));
_Static_assert(sizeof(struct multiboot_module) == 16, "Multiboot fixes this size");

/* An entry of the memory map. The next one begins SIZE + 4 bytes after this one. */
struct multiboot_map_entry {
    uint32_t size;
    uint32_t base_low, base_high;
    uint32_t length_low, length_high;
    uint32_t type;
} __attribute__((packed));
_Static_assert(sizeof(struct multiboot_map_entry) == 24, "the least entry: size 20 and itself");

#endif
