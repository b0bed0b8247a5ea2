/* The loader's words, from a picture of memory in which everything may lie. */
#include "boot/multiboot.h"

#include "arena.h"
#include "boot/boot_info.h"
#include "case.h"
#include "lib/string.h"
#include "memory/memory_map.h"

enum {
    BASE = 0x9000, /* where the picture stands */
    INFO = 0x9000,
    MAP = 0x9200,
    MODULES = 0xb000,
    TEXT = 0xc000
};

static const void *read(uint32_t address, uint32_t nbytes)
{
    if (address < BASE || nbytes > PICTURE_BYTES || address - BASE > PICTURE_BYTES - nbytes)
        return NULL;
    return shared->picture + (address - BASE);
}

static void put32(uint32_t address, uint32_t value)
{
    for (uint32_t i = 0; i < 4; i++)
        shared->picture[address - BASE + i] = (uint8_t)(value >> (8 * i));
}

static void put_text(uint32_t address, const char *text)
{
    string_copy((char *)shared->picture + (address - BASE), 1000, text);
}

static void begin(uint32_t flags)
{
    for (size_t i = 0; i < PICTURE_BYTES; i++)
        shared->picture[i] = 0xee;
    put32(INFO, flags);
}

/* Writes an entry whose size field is SIZE; returns where the next one stands. */
static uint32_t put_entry(uint32_t address, uint32_t size, uint32_t base, uint32_t length,
                          uint32_t type)
{
    const uint32_t words[] = {size, base, 0, length, 0, type};
    for (uint32_t i = 0; i < 6; i++)
        put32(address + i * 4, words[i]);
    return address + size + 4;
}

static void put_map(uint32_t end)
{
    put32(INFO + 44, end - MAP);
    put32(INFO + 48, MAP);
}

CASE(multiboot, no_words_no_claims)
{
    begin(0);
    multiboot_capture(&shared->info, INFO, read);
    CHECK_EQUAL(shared->info.source, BOOT_MAP_NONE);
    CHECK_EQUAL(shared->info.nentries + shared->info.nmodules, 0);
    CHECK_TEXT(shared->info.command_line, "");
    multiboot_capture(&shared->info, 0x100, read); /* not readable */
    CHECK_EQUAL(shared->info.source, BOOT_MAP_NONE);
    multiboot_capture(&shared->info, 0xfffffff0, read);
    CHECK_EQUAL(shared->info.nloader_ranges, 0);
}

CASE(multiboot, entries_of_20_24_and_40_bytes)
{
    static const uint32_t sizes[] = {20, 24, 40, 21};
    for (size_t i = 0; i < 4; i++) {
        begin(MULTIBOOT_HAS_MAP);
        uint32_t at = put_entry(MAP, sizes[i], 0, 0x9f000, 1);
        at = put_entry(at, sizes[i], 0x100000, 0x700000, 1);
        put_map(put_entry(at, 20, 0xf0000, 0x10000, 2));
        multiboot_capture(&shared->info, INFO, read);
        CHECK_EQUAL(shared->info.source, BOOT_MAP_LOADER);
        CHECK_EQUAL(shared->info.nentries, 3);
        CHECK_EQUAL(shared->info.entries[1].base, 0x100000);
        CHECK_EQUAL(shared->info.entries[1].length, 0x700000);
        CHECK_EQUAL(shared->info.entries[2].type, 2);
    }
}

CASE(multiboot, broken_sizes_end_the_walk)
{
    static const uint32_t sizes[] = {0, 4, 16, 19, 257, 0xfffffffc, 0xffffffff, 0x80000000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        begin(MULTIBOOT_HAS_MAP);
        uint32_t at = put_entry(MAP, 20, 0x100000, 0x700000, 1);
        put_entry(at, sizes[i], 0x900000, 0x100000, 1);
        put_map(at + 1000);
        multiboot_capture(&shared->info, INFO, read);
        CHECK_EQUAL(shared->info.nentries, 1);
    }
}

CASE(multiboot, a_last_entry_that_is_cut_is_ignored)
{
    for (uint32_t size = 20; size <= 24; size += 4)
        for (uint32_t cut = 1; cut <= size + 4; cut++) {
            begin(MULTIBOOT_HAS_MAP);
            uint32_t at = put_entry(MAP, 20, 0x100000, 0x700000, 1);
            put_map(put_entry(at, size, 0x900000, 0x100000, 1) - cut);
            multiboot_capture(&shared->info, INFO, read);
            CHECK_EQUAL(shared->info.nentries, 1);
        }
}

CASE(multiboot, only_what_is_a_map_is_claimed)
{
    begin(MULTIBOOT_HAS_MAP);
    put_entry(MAP, 20, 0x100000, 0x700000, 1);
    put32(INFO + 44, 0xffffffff);
    put32(INFO + 48, MAP);
    multiboot_capture(&shared->info, INFO, read);
    CHECK_EQUAL(shared->info.nentries, 1);
    CHECK_EQUAL(shared->info.loader_ranges[1].start, MAP);
    CHECK_EQUAL(shared->info.loader_ranges[1].end, MAP + 24);
}

CASE(multiboot, the_two_old_numbers)
{
    begin(MULTIBOOT_HAS_MEMORY);
    put32(INFO + 4, 639);
    put32(INFO + 8, 7168);
    multiboot_capture(&shared->info, INFO, read);
    CHECK_EQUAL(shared->info.mem_lower_kb, 639);
    CHECK_EQUAL(shared->info.mem_upper_kb, 7168);
}

CASE(multiboot, a_map_outside_of_memory_is_no_map)
{
    static const uint32_t places[][2] = {
        {48, 0xfffffff0}, {0xffffffff, 0xfffff000}, {24, 0}, {0xffffffff, MAP}};
    for (size_t i = 0; i < 4; i++) {
        begin(MULTIBOOT_HAS_MAP);
        put32(INFO + 44, places[i][0]);
        put32(INFO + 48, places[i][1]);
        multiboot_capture(&shared->info, INFO, read);
        CHECK_EQUAL(shared->info.nentries, 0);
    }
}

CASE(multiboot, acpi_attributes)
{
    for (uint32_t on = 0; on < 2; on++) {
        begin(MULTIBOOT_HAS_MAP);
        put_entry(MAP, 24, 0x100000, 0x700000, 1);
        put32(MAP + 24, 0);
        put_entry(MAP + 28, 24, 0x900000, 0x100000, 1);
        put32(MAP + 52, on);
        put_map(put_entry(MAP + 56, 20, 0xf0000, 0x10000, 2));
        multiboot_capture(&shared->info, INFO, read);
        CHECK_EQUAL(shared->info.nentries, on ? 2 : 3);
        CHECK_EQUAL(shared->info.nentries_off, on);
        CHECK_EQUAL(shared->info.entries[0].base, on ? 0x900000 : 0x100000);
    }
}

CASE(multiboot, high_halves_count)
{
    begin(MULTIBOOT_HAS_MAP);
    put_entry(MAP, 20, 0x100000, 0x700000, 1);
    put32(MAP + 8, 1);
    put32(MAP + 16, 2);
    put_map(MAP + 24);
    multiboot_capture(&shared->info, INFO, read);
    CHECK_EQUAL(shared->info.entries[0].base, 0x100100000);
    CHECK_EQUAL(shared->info.entries[0].length, 0x200700000);
}

static void put_module(uint32_t index, uint32_t start, uint32_t end, uint32_t string)
{
    const uint32_t words[] = {start, end, string, 0};
    for (uint32_t i = 0; i < 4; i++)
        put32(MODULES + index * 16 + i * 4, words[i]);
}

CASE(multiboot, modules)
{
    begin(MULTIBOOT_HAS_MODULES);
    put32(INFO + 20, 4);
    put32(INFO + 24, MODULES);
    put_text(TEXT, "hello.elf x");
    put_module(0, 0x200000, 0x201000, TEXT);
    put_module(1, 0x202000, 0x202000, 0); /* empty */
    put_module(2, 0x204000, 0x203000, 0); /* ends before it begins */
    put_module(3, 0x202010, 0x202020, 0xfffffff0);
    multiboot_capture(&shared->info, INFO, read);
    CHECK_EQUAL(shared->info.nmodules, 3);
    CHECK_EQUAL(shared->info.nmodules_bad, 1);
    CHECK(!shared->info.module_list_bad);
    CHECK_TEXT(shared->info.modules[0].string, "hello.elf x");
    CHECK_TEXT(shared->info.modules[2].string, "");
    CHECK_EQUAL(shared->info.modules[2].start, 0x202010);
}

/* The string of a module behind a path of NFOLDERS folders of ten characters. */
static const char *string_behind(size_t nfolders, const char *rest)
{
    begin(MULTIBOOT_HAS_MODULES);
    put32(INFO + 20, 1);
    put32(INFO + 24, MODULES);
    put_module(0, 0x200000, 0x201000, TEXT);
    for (size_t i = 0; i < nfolders; i++)
        put_text(TEXT + 10 * (uint32_t)i, "/123456789");
    put_text(TEXT + 10 * (uint32_t)nfolders, rest);
    multiboot_capture(&shared->info, INFO, read);
    return shared->info.modules[0].string;
}

CASE(multiboot, c21_of_a_long_path_the_last_part_is_kept)
{
    CHECK_TEXT(string_behind(5, "/hello.elf"),
               "/123456789/123456789/123456789/123456789/123456789/hello.elf");
    CHECK_TEXT(string_behind(5, "/hellohello12"),
               "/123456789/123456789/123456789/123456789/123456789/hellohello12");
    CHECK_TEXT(string_behind(5, "/hellohello123"), "hellohello123");
    CHECK_TEXT(string_behind(6, "/some.elf"), "some.elf");
    CHECK_TEXT(string_behind(6, "/some.elf with/arguments"), "some.elf with/arguments");
    CHECK_TEXT(string_behind(300, "/some.elf"), "some.elf");
    CHECK_TEXT(string_behind(6, "/some.elf\twith/arguments"), "some.elf\twith/arguments");
    CHECK_TEXT(string_behind(7, "/"), "");
    CHECK_TEXT(string_behind(0, "hello with/arguments that are longer than there is room for/ and "
                                "more"),
               "hello with/arguments that are longer than there is room for/ an");
    begin(MULTIBOOT_HAS_MODULES); /* 0xee to the end of memory */
    put32(INFO + 20, 1);
    put32(INFO + 24, MODULES);
    put_module(0, 0x200000, 0x201000, TEXT);
    multiboot_capture(&shared->info, INFO, read);
    CHECK_EQUAL(string_length(shared->info.modules[0].string), BOOT_STRING_BYTES - 1);
}

CASE(multiboot, an_absurd_module_list_is_refused)
{
    static const uint32_t lists[][2] = {
        {0x10000000, MODULES}, {2, 0xfffffff8}, {0xffffffff, 0}, {2, 0x100}, {4097, MODULES}};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        begin(MULTIBOOT_HAS_MODULES);
        put32(INFO + 20, lists[i][0]);
        put32(INFO + 24, lists[i][1]);
        multiboot_capture(&shared->info, INFO, read);
        CHECK(shared->info.module_list_bad);
        CHECK_EQUAL(shared->info.nmodules, 0);
    }
}

CASE(multiboot, more_modules_than_room)
{
    begin(MULTIBOOT_HAS_MODULES);
    put32(INFO + 20, BOOT_MODULES_MAX + 3);
    put32(INFO + 24, MODULES);
    /* The last three in the order middle, lowest, highest. */
    static const uint32_t places[] = {0x900000, 0x800000, 0xa00000};
    for (uint32_t i = 0; i < BOOT_MODULES_MAX; i++)
        put_module(i, 0x200000, 0x200100, 0);
    for (uint32_t i = 0; i < 3; i++)
        put_module(BOOT_MODULES_MAX + i, places[i], places[i] + 0x100, 0);
    multiboot_capture(&shared->info, INFO, read);
    CHECK_EQUAL(shared->info.nmodules, BOOT_MODULES_MAX);
    CHECK_EQUAL(shared->info.nmodules_dropped, 3);
    CHECK_EQUAL(shared->info.dropped_modules.start, 0x800000);
    CHECK_EQUAL(shared->info.dropped_modules.end, 0xa00100);
    memory_map_clear(&shared->map);
    CHECK_EQUAL(memory_map_claim_boot(&shared->map, &shared->info), 0);
    memory_map_settle(&shared->map);
    CHECK_EQUAL(memory_map_count(&shared->map, MEMORY_MODULE, 0x800, 0xa01), 0x201);
}

CASE(multiboot, strings_are_bounded)
{
    begin(MULTIBOOT_HAS_COMMAND_LINE | MULTIBOOT_HAS_LOADER_NAME);
    put32(INFO + 16, TEXT); /* 0xee for ever */
    put32(INFO + 64, BASE + PICTURE_BYTES - 3);
    multiboot_capture(&shared->info, INFO, read);
    CHECK_EQUAL(string_length(shared->info.command_line), BOOT_COMMAND_LINE_BYTES - 1);
    CHECK(shared->info.command_line_cut);
    CHECK_EQUAL(string_length(shared->info.loader), 3);
    put_text(TEXT, "plat selftest");
    multiboot_capture(&shared->info, INFO, read);
    CHECK_TEXT(shared->info.command_line, "plat selftest");
    CHECK(!shared->info.command_line_cut);
}

CASE(multiboot, the_loaders_words_are_claimed)
{
    begin(MULTIBOOT_HAS_MAP | MULTIBOOT_HAS_MODULES);
    put_map(put_entry(MAP, 20, 0x100000, 0x700000, 1));
    put32(INFO + 20, 1);
    put32(INFO + 24, MODULES);
    put_module(0, 0x200000, 0x201000, 0);
    multiboot_capture(&shared->info, INFO, read);
    CHECK_EQUAL(shared->info.nloader_ranges, 3);
    CHECK_EQUAL(shared->info.loader_ranges[0].start, INFO);
    CHECK_EQUAL(shared->info.loader_ranges[1].end, MAP + 24);
    CHECK_EQUAL(shared->info.loader_ranges[2].end, MODULES + 16);
}

/* Every word of it at the place that loaders use. */
static void put_screen(uint32_t type, uint32_t address, uint32_t pitch, uint32_t width,
                       uint32_t height, uint8_t bits)
{
    begin(MULTIBOOT_HAS_FRAMEBUFFER);
    put32(INFO + 88, address);
    put32(INFO + 92, 0);
    put32(INFO + 96, pitch);
    put32(INFO + 100, width);
    put32(INFO + 104, height);
    shared->picture[108] = bits;
    shared->picture[109] = (uint8_t)type;
}

static void put_colours(uint8_t red, uint8_t nred, uint8_t green, uint8_t ngreen, uint8_t blue,
                        uint8_t nblue)
{
    const uint8_t fields[] = {red, nred, green, ngreen, blue, nblue};
    for (size_t i = 0; i < sizeof fields; i++)
        shared->picture[112 + i] = fields[i];
}

static const struct boot_screen *screen(void)
{
    multiboot_capture(&shared->info, INFO, read);
    return &shared->info.screen;
}

CASE(multiboot, text_screens)
{
    put_screen(2, 0xb8000, 160, 80, 25, 16);
    CHECK(screen()->described && screen()->text && !screen()->refused);
    CHECK_EQUAL(screen()->address, 0xb8000);
    CHECK_EQUAL(screen()->nbytes, 4000);
    put32(INFO + 88, 0xb0000);
    CHECK_TEXT(screen()->refused, "its text is not at 0xb8000");
    static const uint32_t sizes[][3] = {{264, 132, 25}, {160, 80, 50}, {160, 80, 24},
                                        {80, 80, 25},   {0, 0, 0},     {~0u, ~0u, ~0u}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        put_screen(2, 0xb8000, sizes[i][0], sizes[i][1], sizes[i][2], 16);
        CHECK_TEXT(screen()->refused, "its text is not 80x25");
    }
    begin(0);
    CHECK(!screen()->described && screen()->nbytes == 0);
}

CASE(multiboot, picture_screens)
{
    put_screen(1, 0xfd000000, 4096, 1024, 768, 32);
    put_colours(16, 8, 8, 8, 0, 8);
    CHECK(screen()->described && !screen()->text && !screen()->refused);
    CHECK_EQUAL(screen()->address, 0xfd000000);
    CHECK_EQUAL(screen()->nbytes, 0x300000);
    CHECK(screen()->width == 1024 && screen()->height == 768 && screen()->pitch == 4096);
    CHECK(screen()->red.position == 16 && screen()->red.nbits == 8);
    CHECK(screen()->green.position == 8 && screen()->green.nbits == 8);
    CHECK(screen()->blue.position == 0 && screen()->blue.nbits == 8);
    put_screen(1, 0xe0000000, 1600, 800, 600, 16);
    put_colours(11, 5, 5, 6, 0, 5);
    CHECK(!screen()->refused);
    put_screen(1, 0xe0000000, 1600, 800, 600, 15);
    put_colours(10, 5, 5, 5, 0, 5);
    CHECK(!screen()->refused);
    put_screen(1, 0xe0000000, 2411, 800, 600, 24);
    put_colours(0, 8, 8, 8, 16, 8);
    CHECK(!screen()->refused);
    put_screen(1, 0xe0000000, 65536, 800, 600, 24);
    put_colours(0, 8, 8, 8, 16, 8);
    CHECK(!screen()->refused);
    for (uint8_t bits = 30; bits <= 32; bits += 2) {
        put_screen(1, 0xffd00000, 4096, 1024, 768, bits); /* up to the last byte */
        put_colours(20, 10, 10, 10, 0, 10);
        CHECK(!screen()->refused);
        put_colours(0, 10, 10, 10, 20, 10);
        CHECK(!screen()->refused);
    }
}

CASE(multiboot, screens_that_are_refused)
{
    static const struct {
        uint32_t type, address, pitch, width, height;
        uint8_t bits, colours[6];
        uint32_t nbytes; /* left alone all the same */
        const char *why;
    } table[] = {
#define RGB      {16, 8, 8, 8, 0, 8}
#define COLOURS  "its colours do not fit into its pixels"
#define NEITHER  "its pixels have neither 15, 16, 24, 30 nor 32 bits"
#define LARGER   "it is larger than 5632x4224"
#define OVERLAP  "its lines overlap"
#define OVER_END "it reaches over the end of 4 GB"
        {0, 1u << 30, 1024, 1024, 768, 8, RGB, 1024 * 768, "its pixels are numbers of a palette"},
        {3, 1u << 30, 4096, 1024, 768, 32, RGB, 4096 * 768, "its type is unknown"},
        {255, 1u << 30, 4096, 1024, 768, 32, RGB, 4096 * 768, "its type is unknown"},
        {1, 1u << 30, 4096, 1024, 768, 8, RGB, 4096 * 768, NEITHER},
        {1, 1u << 30, 4096, 1024, 768, 0, RGB, 4096 * 768, NEITHER},
        {1, 1u << 30, 4096, 1024, 768, 64, RGB, 4096 * 768, NEITHER},
        {1, 1u << 30, 4096, 1024, 768, 32, {16, 0, 8, 8, 0, 8}, 4096 * 768, COLOURS},
        {1, 1u << 30, 4096, 1024, 768, 32, {25, 8, 8, 8, 0, 8}, 4096 * 768, COLOURS},
        {1, 1u << 30, 4096, 1024, 768, 24, {24, 8, 8, 8, 0, 8}, 4096 * 768, COLOURS},
        {1, 1u << 30, 4096, 1024, 768, 32, {255, 255, 8, 8, 0, 8}, 4096 * 768, COLOURS},
        {1, 1u << 30, 4096, 1024, 768, 32, {16, 8, 9, 8, 0, 8}, 4096 * 768, COLOURS},
        {1, 1u << 30, 4096, 1024, 768, 32, {16, 8, 8, 8, 0, 9}, 4096 * 768, COLOURS},
        {1, 1u << 30, 4096, 1024, 768, 32, {0, 8, 8, 8, 0, 8}, 4096 * 768, COLOURS},
        {1, 1u << 30, 4096, 319, 768, 32, RGB, 4096 * 768, "it is smaller than 320x200"},
        {1, 1u << 30, 4096, 1024, 199, 32, RGB, 4096 * 199, "it is smaller than 320x200"},
        {1, 1u << 30, 4096, 0, 0, 32, RGB, 0, "it is smaller than 320x200"},
        {1, 1u << 30, 40000, 5633, 768, 32, RGB, 40000 * 768, LARGER},
        {1, 1u << 30, 4096, 1024, 4225, 32, RGB, 0, LARGER},
        {1, 1u << 30, 4096, ~0u, ~0u, 32, RGB, 0, LARGER},
        {1, 1u << 30, 4095, 1024, 768, 32, RGB, 4095 * 768, OVERLAP},
        {1, 1u << 30, 2047, 1024, 768, 15, {10, 5, 5, 5, 0, 5}, 2047 * 768, OVERLAP},
        {1, 1u << 30, 0, 1024, 768, 32, RGB, 0, OVERLAP},
        {1, 1u << 30, 65537, 1024, 768, 32, RGB, 0, "its lines are more than 64 KB apart"},
        {1, 1u << 30, ~0u, 1024, 768, 32, RGB, 0, "its lines are more than 64 KB apart"},
        {1, 0xffd00001, 4096, 1024, 768, 32, RGB, 0, OVER_END},
        {1, 0xffffffff, 4096, 1024, 768, 32, RGB, 0, OVER_END},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const uint8_t *c = table[i].colours;
        put_screen(table[i].type, table[i].address, table[i].pitch, table[i].width, table[i].height,
                   table[i].bits);
        put_colours(c[0], c[1], c[2], c[3], c[4], c[5]);
        CHECK(screen()->described && !screen()->text && screen()->refused);
        CHECK_TEXT(screen()->refused, table[i].why);
        CHECK_EQUAL(screen()->nbytes, table[i].nbytes);
    }
    put_screen(1, 0xfd000000, 4096, 1024, 768, 32);
    put_colours(16, 8, 8, 8, 0, 8);
    put32(INFO + 92, 1);
    CHECK(!screen()->refused); /* above 4 GB */
    CHECK_EQUAL(screen()->address, 0x1fd000000);
    CHECK_EQUAL(screen()->nbytes, 4096 * 768);
    put32(INFO + 92, 1 << 8);
    CHECK_TEXT(screen()->refused, "it reaches over the end of 1 TB");
    CHECK_EQUAL(screen()->nbytes, 0);
}
