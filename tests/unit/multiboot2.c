/*
 * Multiboot 2's tags, from a picture of memory in which everything may lie. The picture is written
 * word by word from the specification's tables; no layout of the reader's is used.
 */
#include "arena.h"
#include "boot/boot_info.h"
#include "case.h"
#include "lib/string.h"
#include "memory/memory_map.h"

enum { BASE = 0x9000, RAM = 1, RESERVED = 2, TEXT_TYPE = 2, DIRECT = 1 };

static uint32_t at;          /* where the next tag goes */
static uint32_t lowest, end; /* of what may be read */
static bool strayed;         /* something else was */

static const void *read(uint32_t address, uint32_t nbytes)
{
    if (address < BASE || nbytes > PICTURE_BYTES || address - BASE > PICTURE_BYTES - nbytes)
        return NULL;
    strayed |= address < lowest || address + nbytes > end;
    return shared->picture + (address - BASE);
}

static void put(uint64_t value, uint32_t nbytes)
{
    for (uint32_t i = 0; i < nbytes; i++)
        shared->picture[at++ - BASE] = (uint8_t)(value >> (8 * i));
}

static void put32(uint32_t value)
{
    put(value, 4);
}

static void begin_at(uint32_t address)
{
    for (size_t i = 0; i < PICTURE_BYTES; i++)
        shared->picture[i] = 0xee;
    at = lowest = address;
    put32(0); /* the size, later */
    put32(0);
}

static uint32_t begin_tag(uint32_t type)
{
    put32(type);
    put32(0);
    return at - 8;
}

static void end_tag(uint32_t start)
{
    uint32_t nbytes = at - start;
    at = start + 4;
    put32(nbytes);
    at = start + (nbytes + 7) / 8 * 8;
}

static void put_text(uint32_t type, const char *text)
{
    uint32_t start = begin_tag(type);
    do
        put((uint8_t)*text, 1);
    while (*text++);
    end_tag(start);
}

static void put_module(uint32_t from, uint32_t to, const char *text)
{
    uint32_t start = begin_tag(3);
    put32(from);
    put32(to);
    do
        put((uint8_t)*text, 1);
    while (*text++);
    end_tag(start);
}

static void put_entry(uint64_t base, uint64_t length, uint32_t type, uint32_t nbytes)
{
    uint32_t start = at;
    put(base, 8);
    put(length, 8);
    put32(type);
    put32(0);
    at = start + nbytes;
}

static uint32_t begin_map(uint32_t type, uint32_t entry_bytes, uint32_t version)
{
    uint32_t start = begin_tag(type);
    put32(entry_bytes);
    put32(version);
    return start;
}

static void put_efi(uint32_t type, uint64_t base, uint64_t npages, uint64_t attributes,
                    uint32_t nbytes)
{
    uint32_t start = at;
    put32(type);
    put32(0xdddddddd);
    put(base, 8);
    put(0, 8);
    put(npages, 8);
    put(attributes, 8);
    at = start + nbytes;
}

static void put_screen(uint64_t address, uint32_t pitch, uint32_t width, uint32_t height,
                       uint8_t nbits, uint8_t type)
{
    static const uint8_t colours[] = {16, 8, 8, 8, 0, 8};
    uint32_t start = begin_tag(8);
    put(address, 8);
    put32(pitch);
    put32(width);
    put32(height);
    put(nbits, 1);
    put(type, 1);
    put(0, 2);
    for (size_t i = 0; i < sizeof colours; i++)
        put(colours[i], 1);
    end_tag(start);
}

/* Ends the tags that began at the lowest address, and has them read. */
static void capture(void)
{
    begin_tag(0);
    at -= 4;
    put32(8);
    end = at;
    at = lowest;
    put32(end - lowest);
    strayed = false;
    multiboot2_capture(&shared->info, lowest, read);
}

CASE(multiboot2, all_that_a_loader_says)
{
    begin_at(BASE);
    put_text(1, "selftest map=loader");
    put_text(2, "GRUB 2.12");
    put_module(0x200000, 0x201234, "hello.elf");
    put_module(0x300000, 0x300001, "");
    uint32_t start = begin_tag(4);
    put32(639);
    put32(65535);
    end_tag(start);
    start = begin_map(6, 24, 0);
    put_entry(0, 0x9fc00, RAM, 24);
    put_entry(0x100000, 0x7ee0000, RAM, 24);
    put_entry(0xfffc0000, 0x40000, RESERVED, 24);
    end_tag(start);
    put_screen(0xc0000000, 4096, 1024, 768, 32, DIRECT);
    start = begin_tag(14);
    for (int i = 0; i < 20; i++)
        put((uint8_t)i, 1);
    end_tag(start);
    capture();
    const struct boot_info *info = &shared->info;
    CHECK(!info->tags_bad && !strayed && !info->efi);
    CHECK_TEXT(info->command_line, "selftest map=loader");
    CHECK_TEXT(info->loader, "GRUB 2.12");
    CHECK_EQUAL(info->nmodules, 2);
    CHECK_EQUAL(info->modules[0].end, 0x201234);
    CHECK_TEXT(info->modules[0].string, "hello.elf");
    CHECK_TEXT(info->modules[1].string, "");
    CHECK_EQUAL(info->mem_upper_kb, 65535);
    CHECK_EQUAL(info->source, BOOT_MAP_LOADER);
    CHECK_EQUAL(info->nentries, 3);
    CHECK_EQUAL(info->entries[1].length, 0x7ee0000);
    CHECK_EQUAL(info->entries[2].type, RESERVED);
    CHECK(info->screen.described && !info->screen.refused);
    CHECK_EQUAL(info->screen.address, 0xc0000000);
    CHECK_EQUAL(info->screen.red.position, 16);
    CHECK_EQUAL(info->acpi_bytes, 20);
    CHECK_EQUAL(((const uint8_t *)read(info->acpi_root, 20))[19], 19);
    CHECK_EQUAL(info->nloader_ranges, 1);
    CHECK_EQUAL(info->loader_ranges[0].end - info->loader_ranges[0].start, end - lowest);
}

CASE(multiboot2, nothing_readable_is_nothing_said)
{
    static const uint32_t places[] = {0x100, 0xfffffff8, 0xfffffffc, 0};
    for (size_t i = 0; i < 4; i++) {
        multiboot2_capture(&shared->info, places[i], read);
        CHECK(shared->info.tags_bad);
        CHECK_EQUAL(shared->info.source, BOOT_MAP_NONE);
        CHECK_EQUAL(shared->info.nloader_ranges + shared->info.nmodules, 0);
        CHECK_TEXT(shared->info.command_line, "");
    }
}

/* The first word's size: none that can be true, and those that cut the tags anywhere. */
CASE(multiboot2, a_size_that_is_cut)
{
    begin_at(BASE);
    put_text(1, "first");
    put_text(2, "second");
    capture();
    uint32_t whole = end - lowest;
    for (uint32_t nbytes = 0; nbytes <= whole; nbytes++) {
        at = lowest;
        put32(nbytes);
        end = lowest + (nbytes > 8 ? nbytes : 8);
        strayed = false;
        multiboot2_capture(&shared->info, lowest, read);
        CHECK(!strayed);
        CHECK_EQUAL(shared->info.tags_bad, nbytes < whole);
        CHECK_TEXT(shared->info.command_line, nbytes >= 24 ? "first" : "");
        CHECK_TEXT(shared->info.loader, nbytes >= 40 ? "second" : "");
    }
    static const uint32_t large[] = {(1 << 20) + 1, 0x7fffffff, 0xffffffff};
    for (size_t i = 0; i < 3; i++) {
        at = lowest;
        put32(large[i]);
        multiboot2_capture(&shared->info, lowest, read);
        CHECK(shared->info.tags_bad);
        CHECK_EQUAL(shared->info.nloader_ranges, 0);
    }
}

/* A tag of a size that can't be, of each kind: what stands in front of it counts, and nothing
 * behind. */
CASE(multiboot2, a_tag_of_a_wrong_size_ends_the_walk)
{
    static const uint32_t sizes[] = {0, 1, 7, 4096, 0x7fffffff, 0xfffffff8, 0xffffffff};
    for (uint32_t type = 1; type < 24; type++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            begin_at(BASE);
            put_text(1, "before");
            put32(type);
            put32(sizes[i]);
            put_text(2, "behind");
            capture();
            CHECK(shared->info.tags_bad && !strayed);
            CHECK_TEXT(shared->info.command_line, "before");
            CHECK_TEXT(shared->info.loader, "");
        }
}

/* Each kind cut at each of its bytes: nothing outside of the tag is read, and the next one is. */
CASE(multiboot2, tags_that_are_too_short)
{
    for (uint32_t type = 1; type < 24; type++)
        for (uint32_t nbytes = 0; nbytes < 64; nbytes++) {
            begin_at(BASE);
            uint32_t start = begin_tag(type);
            for (uint32_t i = 0; i < nbytes; i++)
                put(i == 0 ? 0x28 : 0, 1);
            end_tag(start);
            put_module(0x5000, 0x6000, "next");
            capture();
            CHECK(!shared->info.tags_bad && !strayed);
            CHECK(shared->info.nmodules >= 1);
            CHECK_TEXT(shared->info.modules[shared->info.nmodules - 1].string, "next");
        }
}

/* Where a loader puts them is its affair. */
CASE(multiboot2, tags_off_a_boundary)
{
    for (uint32_t skew = 0; skew < 8; skew++) {
        begin_at(BASE + 100 + skew);
        put_text(1, "a line");
        put_module(1, 2, "name");
        capture();
        CHECK(!shared->info.tags_bad && !strayed);
        CHECK_TEXT(shared->info.command_line, "a line");
        CHECK_TEXT(shared->info.modules[0].string, "name");
    }
}

CASE(multiboot2, long_names_lose_their_folders)
{
    static char path[200];
    begin_at(BASE);
    for (size_t i = 0; i < sizeof path - 1; i++)
        path[i] = i % 9 == 0 ? '/' : 'a';
    string_copy(path + 190, 10, "/last.elf");
    put_module(1, 2, path);
    put_module(3, 4, "/boot/short.elf");
    /* A string without an end, as long as its tag. */
    uint32_t start = begin_tag(3);
    put32(5);
    put32(6);
    put('x', 1);
    put('y', 1);
    end_tag(start);
    start = begin_tag(3);
    put32(7);
    put32(8);
    for (int i = 0; i < 88; i++)
        put(i == 80 ? '/' : 'b', 1);
    end_tag(start);
    put_text(2, "what stands behind it");
    capture();
    CHECK(!strayed);
    CHECK_TEXT(shared->info.modules[0].string, "last.elf");
    CHECK_TEXT(shared->info.modules[1].string, "/boot/short.elf");
    CHECK_TEXT(shared->info.modules[2].string, "xy");
    CHECK_TEXT(shared->info.modules[3].string, "bbbbbbb");
}

CASE(multiboot2, modules_that_end_before_they_begin_and_too_many)
{
    begin_at(BASE);
    put_module(0x2000, 0x1000, "backwards");
    for (uint32_t i = 0; i < BOOT_MODULES_MAX + 3; i++)
        put_module(0x10000 * (i + 1), 0x10000 * (i + 1) + 0x100, "m");
    capture();
    CHECK_EQUAL(shared->info.nmodules, BOOT_MODULES_MAX);
    CHECK_EQUAL(shared->info.nmodules_bad, 1);
    CHECK_EQUAL(shared->info.nmodules_dropped, 3);
    CHECK_EQUAL(shared->info.dropped_modules.start, 0x10000 * (BOOT_MODULES_MAX + 1));
    CHECK_EQUAL(shared->info.dropped_modules.end, 0x10000 * (BOOT_MODULES_MAX + 3) + 0x100);
}

CASE(multiboot2, maps_with_longer_entries_and_with_wrong_ones)
{
    static const uint32_t steps[] = {24, 32, 40, 256, 25};
    for (size_t i = 0; i < 5; i++) {
        begin_at(BASE);
        uint32_t start = begin_map(6, steps[i], 0);
        put_entry(0, 0x9f000, RAM, steps[i]);
        put_entry(0x100000, 0x700000, RAM, steps[i]);
        end_tag(start);
        capture();
        CHECK_EQUAL(shared->info.nentries, 2);
        CHECK_EQUAL(shared->info.entries[1].base, 0x100000);
    }
    static const uint32_t wrong[] = {0, 1, 16, 23, 257, 0x80000000, 0xffffffff};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        begin_at(BASE);
        uint32_t start = begin_map(6, wrong[i], 0);
        put_entry(0x100000, 0x700000, RAM, 24);
        end_tag(start);
        capture();
        CHECK_EQUAL(shared->info.nentries, 0);
        CHECK_EQUAL(shared->info.source, BOOT_MAP_NONE);
    }
}

/* What boot services had is free when they have been left, what runtime services have is not. */
CASE(multiboot2, kinds_of_efi_memory)
{
    static const uint32_t kinds[] = {
        BOOT_TYPE_RESERVED, BOOT_TYPE_RAM,      BOOT_TYPE_RAM,      BOOT_TYPE_RAM,
        BOOT_TYPE_RAM,      BOOT_TYPE_RESERVED, BOOT_TYPE_RESERVED, BOOT_TYPE_RAM,
        BOOT_TYPE_BAD,      BOOT_TYPE_ACPI,     BOOT_TYPE_NVS,      BOOT_TYPE_RESERVED,
        BOOT_TYPE_RESERVED, BOOT_TYPE_RESERVED, BOOT_TYPE_RESERVED, BOOT_TYPE_RESERVED};
    enum { KINDS = sizeof kinds / sizeof kinds[0], LAST = 17 };
    for (uint32_t step = 40; step <= 56; step += 8) {
        begin_at(BASE);
        uint32_t start = begin_map(17, step, 1);
        for (uint32_t type = 0; type < LAST; type++)
            put_efi(type, 0x100000 * (2 * type + 1), 16, 0xf, step);
        put_efi(0x70000001, 0xc0000000, 1, 0, step);
        put_efi(7, 0x123456000, 1, 0xf | 1 << 18, step); /* meant for some driver */
        end_tag(start);
        capture();
        CHECK(shared->info.efi && !strayed);
        CHECK_EQUAL(shared->info.source, BOOT_MAP_EFI);
        CHECK_EQUAL(shared->info.nentries, LAST + 2);
        for (uint32_t type = 0; type < LAST; type++) {
            const struct boot_entry *entry = &shared->info.entries[type];
            CHECK_EQUAL(entry->type, type < KINDS ? kinds[type] : (uint32_t)BOOT_TYPE_RESERVED);
            CHECK_EQUAL(entry->base, 0x100000 * (2 * type + 1));
            CHECK_EQUAL(entry->length, 16 * 4096);
        }
        CHECK_EQUAL(shared->info.entries[LAST].type, BOOT_TYPE_RESERVED);
        CHECK_EQUAL(shared->info.entries[LAST + 1].type, BOOT_TYPE_RESERVED);
        CHECK_EQUAL(shared->info.entries[LAST + 1].base, 0x123456000);
    }
}

/* Neighbours of one kind are one entry: such maps have hundreds. A length beyond all is cut. */
CASE(multiboot2, efi_memory_in_pieces)
{
    begin_at(BASE);
    uint32_t start = begin_map(17, 48, 1);
    put_efi(7, 0x100000, 16, 0, 48);
    put_efi(4, 0x110000, 16, 0, 48);
    put_efi(3, 0x120000, 1, 0, 48);
    put_efi(6, 0x121000, 1, 0, 48);
    put_efi(7, 0x122000, 1, 0, 48);
    put_efi(7, 0x124000, UINT64_MAX, 0, 48);
    end_tag(start);
    capture();
    CHECK_EQUAL(shared->info.nentries, 4);
    CHECK_EQUAL(shared->info.entries[0].length, 0x21000);
    CHECK_EQUAL(shared->info.entries[1].type, BOOT_TYPE_RESERVED);
    CHECK_EQUAL(shared->info.entries[2].base, 0x122000);
    CHECK(shared->info.entries[3].length > (uint64_t)1 << 62);
}

/* What ends at the very end of 64 bits goes on nowhere: joined with what begins at 0 it would
 * reserve nothing. */
CASE(multiboot2, efi_memory_does_not_wrap)
{
    begin_at(BASE);
    uint32_t start = begin_map(17, 48, 1);
    put_efi(0, 0xfffffffffffff000, 1, 0, 48);
    put_efi(0, 0, 0x2000, 0, 48);
    put_efi(6, 0xffffffffffffe000, 1, 0, 48);
    put_efi(6, 0xfffffffffffff000, 1, 0, 48);
    end_tag(start);
    capture();
    CHECK_EQUAL(shared->info.nentries, 4);
    CHECK_EQUAL(shared->info.entries[0].length, 4096);
    CHECK_EQUAL(shared->info.entries[1].base, 0);
    CHECK_EQUAL(shared->info.entries[1].length, 0x2000000);
}

/* Of both maps the memory map takes what is RAM in each. */
CASE(multiboot2, what_either_map_denies_is_no_ram)
{
    begin_at(BASE);
    uint32_t start = begin_map(6, 24, 0);
    put_entry(0x100000, 0x700000, RAM, 24);
    put_entry(0x300000, 0x100000, RESERVED, 24); /* cut out by the loader's own command */
    end_tag(start);
    start = begin_map(17, 48, 1);
    put_efi(7, 0x100000, 0x700, 0, 48);
    put_efi(6, 0x500000, 0x100, 0, 48);
    end_tag(start);
    capture();
    struct memory_map *map = &shared->map;
    memory_map_clear(map);
    CHECK_EQUAL(memory_map_claim_boot(map, &shared->info), 0);
    memory_map_settle(map);
    CHECK_EQUAL(memory_map_count(map, MEMORY_USABLE, 0x100, 0x800), 0x500);
    CHECK_EQUAL(memory_map_count(map, MEMORY_USABLE, 0x300, 0x400), 0);
    CHECK_EQUAL(memory_map_count(map, MEMORY_USABLE, 0x500, 0x600), 0);
}

CASE(multiboot2, other_versions_of_efis_map_are_left_alone)
{
    begin_at(BASE);
    uint32_t start = begin_map(17, 48, 2);
    put_efi(7, 0x100000, 16, 0, 48);
    end_tag(start);
    capture();
    CHECK(shared->info.efi);
    CHECK_EQUAL(shared->info.source, BOOT_MAP_NONE);
    for (uint32_t type = 11; type <= 12; type++) {
        begin_at(BASE);
        start = begin_tag(type);
        put(0x7f00000, type == 11 ? 4 : 8);
        end_tag(start);
        capture();
        CHECK(shared->info.efi && !shared->info.tags_bad);
    }
}

/* The newer root pointer counts, in whichever order they come. */
CASE(multiboot2, both_root_pointers)
{
    for (int newer_first = 0; newer_first < 2; newer_first++) {
        begin_at(BASE);
        for (int i = 0; i < 2; i++) {
            bool newer = (i == 0) == newer_first;
            uint32_t start = begin_tag(newer ? 15 : 14);
            for (int j = 0; j < (newer ? 36 : 20); j++)
                put(newer ? 2 : 1, 1);
            end_tag(start);
        }
        capture();
        CHECK_EQUAL(shared->info.acpi_bytes, 36);
        CHECK_EQUAL(*(const uint8_t *)read(shared->info.acpi_root, 1), 2);
    }
}

/* One that is too short for its kind is none, and hides no other. */
CASE(multiboot2, root_pointers_that_are_too_short)
{
    for (uint32_t nbytes = 0; nbytes <= 40; nbytes++)
        for (uint32_t type = 14; type <= 15; type++) {
            begin_at(BASE);
            uint32_t start = begin_tag(14);
            for (int i = 0; i < 20; i++)
                put(7, 1);
            end_tag(start);
            start = begin_tag(type);
            for (uint32_t i = 0; i < nbytes; i++)
                put(9, 1);
            end_tag(start);
            capture();
            bool newer = type == 15 && nbytes >= 36;
            CHECK_EQUAL(shared->info.acpi_bytes, newer ? nbytes : 20);
            CHECK_EQUAL(*(const uint8_t *)read(shared->info.acpi_root, 1), newer ? 9 : 7);
        }
}

CASE(multiboot2, screens)
{
    begin_at(BASE);
    put_screen(0xb8000, 160, 80, 25, 16, TEXT_TYPE);
    capture();
    CHECK(shared->info.screen.text && !shared->info.screen.refused);
    begin_at(BASE);
    put_screen(0x800000000, 4096, 1024, 768, 32, DIRECT);
    capture();
    CHECK(!shared->info.screen.refused);
    CHECK_EQUAL(shared->info.screen.address, 0x800000000);
    CHECK_EQUAL(shared->info.screen.nbytes, 4096 * 768);
    /* What a page of 4 MB can lead to ends at 1 TB. */
    begin_at(BASE);
    put_screen(0xffffd00000, 4096, 1024, 768, 32, DIRECT);
    capture();
    CHECK(!shared->info.screen.refused);
    begin_at(BASE);
    put_screen(0xffffd00008, 4096, 1024, 768, 32, DIRECT);
    capture();
    CHECK_TEXT(shared->info.screen.refused, "it reaches over the end of 1 TB");
    begin_at(BASE);
    put_screen(UINT64_MAX - 4095, 4096, 1024, 768, 32, DIRECT);
    capture();
    CHECK_TEXT(shared->info.screen.refused, "it reaches over the end of 1 TB");
    begin_at(BASE);
    put_screen(0xfff00000, 4096, 1024, 768, 32, DIRECT);
    capture();
    CHECK_TEXT(shared->info.screen.refused, "it reaches over the end of 4 GB");
    begin_at(BASE);
    put_screen(0xc0000000, 1024, 1024, 768, 8, 0);
    capture();
    CHECK_TEXT(shared->info.screen.refused, "its pixels are numbers of a palette");
    /* Colours that the tag has no room for. */
    begin_at(BASE);
    put_screen(0xc0000000, 4096, 1024, 768, 32, DIRECT);
    at -= 8;
    uint32_t start = BASE + 8;
    at = start + 32;
    end_tag(start);
    capture();
    CHECK_TEXT(shared->info.screen.refused, "its colours do not fit into its pixels");
}
