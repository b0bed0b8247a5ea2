/*
 * What the loader or the BIOS said, copied out of memory that will be used for other things,
 * bounded and decoded, but not yet believed: the memory map decides what is true.
 */
#ifndef PLAT_BOOT_BOOT_INFO_H
#define PLAT_BOOT_BOOT_INFO_H

#include "lib/types.h"

enum {
    BOOT_ENTRIES_MAX = 512, /* of the memory map; 312 have been seen on a real board */
    BOOT_MODULES_MAX = 32,
    BOOT_COMMAND_LINE_BYTES = 2048, /* as much as Linux takes */
    BOOT_STRING_BYTES = 64,
    BOOT_LOADER_RANGES = 8
};

enum boot_map_source {
    BOOT_MAP_NONE,      /* nobody said anything */
    BOOT_MAP_LOADER,    /* Multiboot's memory map */
    BOOT_MAP_EFI,       /* EFI's, as Multiboot 2 hands it on, with the loader's own */
    BOOT_MAP_E820,      /* BIOS, INT 15h, AX = E820h */
    BOOT_MAP_E801,      /* BIOS, INT 15h, AX = E801h */
    BOOT_MAP_88,        /* BIOS, INT 15h, AH = 88h */
    BOOT_MAP_MEM_UPPER, /* Multiboot's one number */
    BOOT_MAP_SOURCES    /* how many */
};

/* ACPI's address range types; every other number is memory that must be left alone. */
enum {
    BOOT_TYPE_RAM = 1,
    BOOT_TYPE_RESERVED = 2,
    BOOT_TYPE_ACPI = 3,
    BOOT_TYPE_NVS = 4,
    BOOT_TYPE_BAD = 5
};

/* ACPI 3.0 added a bit to each entry: clear means "ignore this one". */
enum boot_entry_state { BOOT_ENTRY_PLAIN, BOOT_ENTRY_ON, BOOT_ENTRY_OFF };

struct boot_entry {
    uint64_t base, length;
    uint32_t type;
    enum boot_entry_state state;
};

struct boot_range {
    uint64_t start, end;
};

struct boot_module {
    paddr_t start, end;
    char string[BOOT_STRING_BYTES]; /* without the folders in front, where it is longer */
};

/* Where a colour stands in a pixel, which is a little-endian number. */
struct boot_colour {
    uint8_t position, nbits;
};

enum {
    BOOT_SCREEN_WIDTH_LEAST = 320,
    BOOT_SCREEN_WIDTH_MOST = 5632,
    BOOT_SCREEN_HEIGHT_LEAST = 200,
    BOOT_SCREEN_HEIGHT_MOST = 4224,
    BOOT_SCREEN_PITCH_MOST = 65536
};

/* What is on a screen, as both Multiboots number it. */
enum boot_screen_type { BOOT_SCREEN_PALETTE, BOOT_SCREEN_PIXELS, BOOT_SCREEN_TEXT };

/*
 * The text or picture screen that the loader set up, as Multiboot describes it. Where REFUSED is
 * NULL, it is text of 80 by 25 at 0xb8000, or a picture within the bounds above whose lines do not
 * overlap, whose colours are apart and inside of a pixel, and which lies below 4 GB, or above that
 * and below 1 TB.
 */
struct boot_screen {
    bool described; /* false: the loader did not say; a BIOS machine then has text mode */
    bool text;
    const char *refused; /* why nothing can be shown there: "its lines overlap" */
    uint64_t address;
    uint32_t nbytes;               /* from ADDRESS on; 0 where that's absurd */
    uint32_t pitch, width, height; /* bytes from line to line; pixels, or characters of text */
    uint8_t bits_a_pixel;          /* 15, 16, 24, 30 or 32 */
    struct boot_colour red, green, blue;
};

struct boot_info {
    enum boot_map_source source;
    bool no_bios; /* one was to be asked for the map, and is not there */
    size_t nentries;
    struct boot_entry entries[BOOT_ENTRIES_MAX];
    size_t nentries_dropped;         /* more than there was room for */
    struct boot_range dropped_range; /* around all of those: to be left alone */
    size_t nentries_off;             /* left out because their ACPI 3 attribute says so */
    uint32_t mem_lower_kb, mem_upper_kb;

    size_t nmodules;
    struct boot_module modules[BOOT_MODULES_MAX];
    size_t nmodules_dropped;
    struct boot_range dropped_modules;
    size_t nmodules_bad; /* end before start: ignored */
    bool module_list_bad;
    bool tags_bad; /* Multiboot 2's tags break off: those in front of that place count */

    size_t nloader_ranges; /* where the loader's own words lie */
    struct boot_range loader_ranges[BOOT_LOADER_RANGES];

    struct boot_screen screen;
    char command_line[BOOT_COMMAND_LINE_BYTES];
    bool command_line_cut;
    bool efi;            /* the loader says that UEFI started it */
    paddr_t acpi_root;   /* where the loader has a copy of ACPI's root pointer; 0: it has none */
    uint32_t acpi_bytes; /* of it */
    char loader[BOOT_STRING_BYTES];
};

/* Forgets everything. */
void boot_info_clear(struct boot_info *info);

/* Appends ENTRY, or counts it among the dropped. Zero-length entries are left out. */
void boot_info_add_entry(struct boot_info *info, struct boot_entry entry);

/* The state that ATTRIBUTES, the sixth word of an entry, stand for. */
enum boot_entry_state boot_entry_state_of(uint32_t attributes);

/*
 * After the last entry: takes out those that are off. Where none is on, the writer of the map never
 * heard of the bit, and all stay.
 */
void boot_info_drop_entries_off(struct boot_info *info);

/* Forgets all entries: another source will be asked. */
void boot_info_clear_entries(struct boot_info *info);

/* Notes that the loader's own words lie in the NBYTES bytes from START on. */
void boot_info_add_loader_range(struct boot_info *info, uint32_t start, uint32_t nbytes);

/*
 * Appends a module from START to END (exclusive), without a string. NULL where it ends before it
 * begins, or there is no room for it; INFO counts both.
 */
struct boot_module *boot_info_add_module(struct boot_info *info, uint32_t start, uint32_t end);

/* "the loader", "BIOS E820", .. */
const char *boot_map_source_name(enum boot_map_source source);

/*
 * Gives *INFO the one range that MEM_UPPER stands for: the last resort. Changes nothing when the
 * loader gave no such number.
 */
void boot_info_use_mem_upper(struct boot_info *info);

/*
 * Where physical memory can be read: returns a pointer to NBYTES bytes at ADDRESS, or NULL where
 * there is no such memory. The kernel's is the identity; tests hand in a picture of memory.
 */
typedef const void *(*boot_reader)(uint32_t address, uint32_t nbytes);

/*
 * Copies the string at ADDRESS, which has MOST bytes if none of them is 0, into TEXT of NBYTES;
 * false if it was cut. O(NBYTES).
 */
bool boot_copy_text(char *text, size_t nbytes, uint32_t address, uint32_t most, boot_reader read);

/* The same; of a string that is cut the folders in front are left out. O(MOST). */
void boot_copy_name(char *text, size_t nbytes, uint32_t address, uint32_t most, boot_reader read);

/*
 * The first multiple of BOOT_PARAGRAPH from START on at which the four bytes of WORD stand, below
 * END, at most 4 GB; END without one. Reads a page at a time, and passes over what is not there.
 */
enum { BOOT_PARAGRAPH = 16 };
uint64_t boot_find_word(uint64_t start, uint64_t end, const char *word, boot_reader read);

/*
 * Decides whether SCREEN, which has all that the loader said but these, can be used: it lies at
 * ADDRESS and shows TYPE, of enum boot_screen_type or any other number.
 */
void boot_screen_judge(struct boot_screen *screen, uint64_t address, unsigned type);

/*
 * Copies and decodes Multiboot's words at ADDRESS into *INFO, which may hold anything before.
 * Writes to nothing else. Never fails: what can't be read or makes no sense is left out, and
 * INFO says so.
 */
void multiboot_capture(struct boot_info *info, uint32_t address, boot_reader read);

/* The same for Multiboot 2's. O(bytes of its tags), of which there are 1 MB at most. */
void multiboot2_capture(struct boot_info *info, uint32_t address, boot_reader read);

#endif
