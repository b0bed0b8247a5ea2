/* ACPI's tables, from a picture of memory in which they may be anywhere and broken. */
#include "drivers/acpi.h"

#include "arena.h"
#include "case.h"
#include "lib/string.h"

/* Pages of the made-up machine, one after the other in the picture. */
enum {
    PAGE = 4096,
    EBDA = 0x9f000, /* its data area begins at .. */
    EBDA_START = 0x9fc00,
    ROM = 0xf5000,
    TABLES = 0x07fe0000, /* two pages */
    ROOT = ROM + 0x120,
    LIST = TABLES,
    FIXED = TABLES + 0x100,
    CODE = TABLES + 0x300,
    MORE = TABLES + 0x800
};
static uint32_t pages[] = {EBDA, ROM, TABLES, TABLES + PAGE};

static uint32_t farthest; /* one past the last byte that was read */

static const void *read(uint32_t address, uint32_t nbytes)
{
    farthest = address + nbytes > farthest ? address + nbytes : farthest;
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (address < pages[i] || address - pages[i] >= PAGE)
            continue;
        uint32_t room = pages[i] == TABLES ? 2 * PAGE : PAGE;
        if (nbytes > room - (address - pages[i]))
            return NULL;
        return shared->picture + i * PAGE + (address - pages[i]);
    }
    return NULL;
}

static uint8_t *at(uint32_t address)
{
    return (uint8_t *)(uintptr_t)read(address, 1);
}

static void put(uint32_t address, uint32_t value, unsigned nbytes)
{
    for (unsigned i = 0; i < nbytes; i++)
        at(address)[i] = (uint8_t)(value >> (8 * i));
}

static void put_text(uint32_t address, const char *text)
{
    for (size_t i = 0; text[i]; i++)
        at(address)[i] = (uint8_t)text[i];
}

/* Makes the NBYTES from ADDRESS on add up to 0 by the byte at PLACE. */
static void add_up(uint32_t address, uint32_t nbytes, uint32_t place)
{
    unsigned sum = 0;
    *at(place) = 0;
    for (uint32_t i = 0; i < nbytes; i++)
        sum += at(address)[i];
    *at(place) = (uint8_t)(256 - sum % 256);
}

static void put_table(uint32_t address, const char *signature, uint32_t nbytes)
{
    put_text(address, signature);
    put(address + 4, nbytes, 4);
    add_up(address, nbytes, address + 9);
}

static void put_root(uint32_t address, uint8_t revision, uint32_t rsdt, uint32_t xsdt)
{
    put_text(address, "RSD PTR ");
    put_text(address + 9, "ACME  ");
    *at(address + 15) = revision;
    put(address + 16, rsdt, 4);
    add_up(address, 20, address + 8);
    if (revision < 2)
        return;
    put(address + 20, 36, 4);
    put(address + 24, xsdt, 4);
    put(address + 28, 0, 4);
    add_up(address, 36, address + 32);
}

/* Name (_S5_, Package (4) {Zero, 5, 0, 0}) between other things. */
static const uint8_t off[] = {0x10, 0x05, 0x5c, 0x08, '_',  'S',  '5',  '_', 0x12,
                              0x07, 0x04, 0x00, 0x0a, 0x05, 0x00, 0x00, 0xa4};

static void put_code(const uint8_t *code, uint32_t nbytes)
{
    for (uint32_t i = 0; i < nbytes; i++)
        at(CODE + 36)[i] = code[i];
    put_table(CODE, "DSDT", 36 + nbytes);
}

/* The tables that SeaBIOS makes for the old PC, about. */
static void begin(void)
{
    for (size_t i = 0; i < PICTURE_BYTES; i++)
        shared->picture[i] = 0;
    shared->info.nentries = 0;
    shared->info.acpi_root = 0;
    put_root(ROOT, 0, LIST, 0);
    put(LIST + 36, MORE, 4);
    put(LIST + 40, FIXED, 4);
    put_table(LIST, "RSDT", 44);
    put_table(MORE, "APIC", 36);
    put(FIXED + 40, CODE, 4);
    put(FIXED + 48, 0xb2, 4);
    *at(FIXED + 52) = 0xf1;
    put(FIXED + 64, 0x604, 4);
    put_table(FIXED, "FACP", 116);
    put_code(off, sizeof off);
}

static struct acpi find(bool with_bios)
{
    struct acpi acpi;
    struct firmware firmware = {.ebda = with_bios ? EBDA_START : 0};
    acpi_find(&acpi, &shared->info, &firmware, read);
    return acpi;
}

CASE(acpi, version_1_by_the_rsdt)
{
    begin();
    struct acpi acpi = find(true);
    CHECK_EQUAL(acpi.root, ROOT);
    CHECK_EQUAL(acpi.revision, 0);
    CHECK_TEXT(acpi.oem, "ACME  ");
    CHECK_EQUAL(acpi.list, LIST);
    CHECK_EQUAL(acpi.nentries, 2);
    CHECK(acpi.fixed && !acpi.refused);
    CHECK_EQUAL(acpi.dsdt, CODE);
    CHECK_EQUAL(acpi.control[0].place, ACPI_PORT);
    CHECK_EQUAL(acpi.control[0].address, 0x604);
    CHECK_EQUAL(acpi.control[1].place, ACPI_NOWHERE);
    CHECK_EQUAL(acpi.sleep_control.place, ACPI_NOWHERE);
    CHECK_EQUAL(acpi.reset.place, ACPI_NOWHERE);
    CHECK_EQUAL(acpi.smi_port, 0xb2);
    CHECK_EQUAL(acpi.acpi_enable, 0xf1);
    uint8_t types[2] = {9, 9};
    CHECK(acpi_find_off(&acpi, types));
    CHECK_EQUAL(types[0], 0);
    CHECK_EQUAL(types[1], 5);
}

CASE(acpi, version_2_by_the_xsdt_and_full_addresses)
{
    begin();
    put_root(ROOT, 2, 0x12345678, MORE);
    put(MORE + 36, FIXED, 4);
    put(MORE + 40, 0, 4);
    put(MORE + 44, FIXED, 4); /* 4 GB higher: not for us */
    put(MORE + 48, 1, 4);
    put_table(MORE, "XSDT", 52);
    put(FIXED + 112, 1u << 10, 4);
    put(FIXED + 116, 0x00000801, 4); /* reset: 8 bits at port 0xcf9 */
    put(FIXED + 120, 0xcf9, 4);
    *at(FIXED + 128) = 0x0f;
    put(FIXED + 40, 0x11111111, 4);
    put(FIXED + 140, CODE, 4);
    put(FIXED + 172, 0x00001000, 4); /* PM1a: 16 bits of memory */
    put(FIXED + 176, 0xfed80804, 4);
    put(FIXED + 184, 0x00001001, 4);
    put(FIXED + 188, 0xc04, 4);
    put_table(FIXED, "FACP", 244);
    struct acpi acpi = find(true);
    CHECK_EQUAL(acpi.revision, 2);
    CHECK_EQUAL(acpi.list, MORE);
    CHECK_EQUAL(acpi.nentries, 2);
    CHECK(!acpi.refused && acpi.fixed);
    CHECK_EQUAL(acpi.dsdt, CODE);
    CHECK_EQUAL(acpi.reset.place, ACPI_PORT);
    CHECK_EQUAL(acpi.reset.address, 0xcf9);
    CHECK_EQUAL(acpi.reset_value, 0x0f);
    CHECK_EQUAL(acpi.control[0].place, ACPI_MEMORY);
    CHECK_EQUAL(acpi.control[0].address, 0xfed80804);
    CHECK_EQUAL(acpi.control[1].place, ACPI_PORT);
    CHECK_EQUAL(acpi.control[1].address, 0xc04);
}

CASE(acpi, without_pm1_registers)
{
    begin();
    put(FIXED + 112, 1u << 20 | 1u << 10, 4);
    put(FIXED + 116, 0x00000800, 4);
    put(FIXED + 120, 0xfea00002, 4);
    *at(FIXED + 128) = 0x42;
    put(FIXED + 244, 0x00000800, 4);
    put(FIXED + 248, 0xfea00000, 4);
    put_table(FIXED, "FACP", 268);
    struct acpi acpi = find(true);
    CHECK_EQUAL(acpi.control[0].place, ACPI_NOWHERE);
    CHECK_EQUAL(acpi.smi_port, 0);
    CHECK_EQUAL(acpi.sleep_control.place, ACPI_MEMORY);
    CHECK_EQUAL(acpi.sleep_control.address, 0xfea00000);
    CHECK_EQUAL(acpi.reset.address, 0xfea00002);
    CHECK_EQUAL(acpi.reset_value, 0x42);
}

CASE(acpi, registers_that_are_not_for_us)
{
    begin();
    const struct {
        uint32_t kind, low, high;
    } wrong[] = {{2, 0x1000, 0}, {0x7f, 8, 0}, {0, 0xfed00000, 1}, {1, 0x10000, 0}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        put(FIXED + 112, 1u << 10, 4);
        put(FIXED + 116, wrong[i].kind, 4);
        put(FIXED + 120, wrong[i].low, 4);
        put(FIXED + 124, wrong[i].high, 4);
        put(FIXED + 64, 0x10000, 4);
        put_table(FIXED, "FACP", 132);
        struct acpi acpi = find(true);
        CHECK(acpi.fixed);
        CHECK_EQUAL(acpi.reset.place, ACPI_NOWHERE);
        CHECK_EQUAL(acpi.control[0].place, ACPI_NOWHERE);
    }
}

CASE(acpi, the_root_is_found_where_each_firmware_has_it)
{
    begin();
    put_root(EBDA_START + 0x3e0, 0, LIST, 0); /* the last that fits into the first KB */
    CHECK_EQUAL(find(true).root, EBDA_START + 0x3e0);
    CHECK_EQUAL(find(false).root, ROOT);
    begin();
    *at(ROOT) = 'r';
    CHECK_EQUAL(find(true).root, 0);
    CHECK(!find(true).refused);
    /* UEFI: in memory that the map calls ACPI's, or kept for it; not in any other. */
    put_root(MORE + 0x70, 2, LIST, 0);
    struct boot_entry *entry = shared->info.entries;
    shared->info.nentries = 2;
    entry[0] = (struct boot_entry){.base = 0x100000, .length = 0x7000000, .type = BOOT_TYPE_RAM};
    for (uint32_t type = 0; type < 8; type++) {
        entry[1] = (struct boot_entry){.base = TABLES + 8, .length = 2 * PAGE - 8, .type = type};
        bool acpis = type == BOOT_TYPE_ACPI || type == BOOT_TYPE_NVS;
        CHECK_EQUAL(find(false).root, acpis ? MORE + 0x70 : 0);
    }
    /* A range that ends inside of it, or wraps, or lies beyond. */
    entry[1].type = BOOT_TYPE_ACPI;
    entry[1].length = 0x800 + 0x70 + 19 - 8;
    CHECK_EQUAL(find(false).root, 0);
    entry[1].length = UINT64_MAX;
    CHECK_EQUAL(find(false).root, MORE + 0x70);
    entry[1].base += (uint64_t)1 << 32;
    CHECK_EQUAL(find(false).root, 0);
    /* On no multiple of 16 there is none. */
    begin();
    *at(ROOT) = 'r';
    put_root(ROOT + 8 + 64, 0, LIST, 0);
    CHECK_EQUAL(find(true).root, 0);
}

CASE(acpi, only_where_a_bios_may_have_it)
{
    static const struct {
        uint32_t address;
        bool found;
    } places[] = {{0xdfff0, false}, {0xe0000, true}, {0xe0010, true}, {0xfffe0, true}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        uint32_t address = places[i].address;
        begin();
        *at(ROOT) = 'r';
        pages[1] = address / PAGE * PAGE;
        put_root(address < 0xe0000 ? address - 16 : address, 0, LIST, 0);
        paddr_t found = find(true).root;
        pages[1] = ROM;
        CHECK_EQUAL(found, places[i].found ? address : 0);
    }
    /* Its data area may be longer, but is not searched further. */
    for (uint32_t offset = 0x3e0; offset <= 0x400; offset += 16) {
        begin();
        *at(ROOT) = 'r';
        put_root(EBDA + offset, 0, LIST, 0);
        struct acpi acpi;
        acpi_find(&acpi, &shared->info, &(struct firmware){.ebda = EBDA}, read);
        CHECK_EQUAL(acpi.root, offset == 0x3e0 ? EBDA + offset : 0);
    }
}

/* A table above 4 GB is not the one at the same place below it. */
CASE(acpi, what_lies_above_4_gb_is_left_alone)
{
    begin();
    put_root(ROOT, 2, LIST, MORE);
    put(MORE + 36, MORE + 0x100, 4);
    put(MORE + 40, 1, 4);
    put(MORE + 44, FIXED, 4);
    put_table(MORE, "XSDT", 52);
    put_text(MORE + 0x100, "FACP"); /* it would be refused */
    put(FIXED + 140, MORE, 4);
    put(FIXED + 144, 1, 4);
    put_table(FIXED, "FACP", 244);
    struct acpi acpi = find(true);
    CHECK_EQUAL(acpi.list, MORE);
    CHECK(acpi.fixed && !acpi.refused);
    CHECK_EQUAL(acpi.dsdt, CODE);
    put(FIXED + 172, 0x00001000, 4); /* PM1a: there, whatever its old field says */
    put(FIXED + 180, 1, 4);
    put_table(FIXED, "FACP", 244);
    CHECK_EQUAL(find(true).control[0].place, ACPI_NOWHERE);
    put(ROOT + 28, 1, 4);
    add_up(ROOT, 36, ROOT + 32);
    CHECK_EQUAL(find(true).list, LIST);
}

CASE(acpi, no_order_to_the_firmware_without_port_and_value)
{
    begin();
    put(FIXED + 48, 0x100b2, 4);
    put_table(FIXED, "FACP", 116);
    CHECK_EQUAL(find(true).smi_port, 0);
    put(FIXED + 48, 0xffff, 4);
    put_table(FIXED, "FACP", 116);
    CHECK_EQUAL(find(true).smi_port, 0xffff);
    *at(FIXED + 52) = 0;
    put_table(FIXED, "FACP", 116);
    CHECK_EQUAL(find(true).smi_port, 0);
}

/* Broken things are named and left alone; what is sound beside them is used. */
CASE(acpi, a_broken_root_is_passed_over)
{
    begin();
    put_root(EBDA_START, 0, LIST, 0);
    *at(EBDA_START + 10) ^= 1;
    struct acpi acpi = find(true);
    CHECK_EQUAL(acpi.root, ROOT);
    CHECK_EQUAL(acpi.refused_at, EBDA_START);
    CHECK_TEXT(acpi.refused_table, "RSD");
    CHECK_TEXT(acpi.refused, "its bytes do not add up to 0");
    static const uint32_t lengths[] = {0, 35, 4097, 0xffffffff};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        begin();
        put_root(ROOT, 2, LIST, 0);
        put(ROOT + 20, lengths[i], 4);
        acpi = find(true);
        CHECK_EQUAL(acpi.root, 0);
        CHECK_TEXT(acpi.refused, "its length makes no sense");
    }
    begin();
    put_root(ROOT, 2, LIST, 0);
    *at(ROOT + 33) = 1; /* behind the first 20 bytes */
    acpi = find(true);
    CHECK_EQUAL(acpi.root, 0);
    CHECK_TEXT(acpi.refused, "its bytes do not add up to 0");
}

/* The old forms, and the new ones of two of them. */
CASE(acpi, k15_where_events_are)
{
    begin();
    put(FIXED + 56, 0x600, 4);
    put(FIXED + 60, 0x700, 4);
    put(FIXED + 80, 0xafe0, 4);
    put(FIXED + 84, 0xb000, 4);
    put(FIXED + 92, 0x1004, 2); /* lengths of 4 and 16 bytes */
    put_table(FIXED, "FACP", 116);
    struct acpi acpi = find(true);
    CHECK(acpi.status[0].place == ACPI_PORT && acpi.status[0].address == 0x600);
    CHECK(acpi.status[1].place == ACPI_PORT && acpi.status[1].address == 0x700);
    CHECK(acpi.events[0].at.place == ACPI_PORT && acpi.events[0].at.address == 0xafe0);
    CHECK(acpi.events[1].at.place == ACPI_PORT && acpi.events[1].at.address == 0xb000);
    CHECK(acpi.events[0].nbytes == 4 && acpi.events[1].nbytes == 16);
    *at(FIXED + 148) = 0; /* in memory */
    put(FIXED + 152, 0xfed80800, 4);
    put(FIXED + 224, 0xfed80820, 4);
    put_table(FIXED, "FACP", 244);
    acpi = find(true);
    CHECK(acpi.status[0].place == ACPI_MEMORY && acpi.status[0].address == 0xfed80800);
    CHECK(acpi.events[0].at.place == ACPI_MEMORY && acpi.events[0].at.address == 0xfed80820);
    CHECK(acpi.events[1].at.place == ACPI_PORT && acpi.events[1].at.address == 0xb000);
}

CASE(acpi, a_broken_list_leaves_no_tables)
{
    begin();
    *at(LIST + 20) ^= 0x80;
    struct acpi acpi = find(true);
    CHECK_EQUAL(acpi.root, ROOT);
    CHECK_EQUAL(acpi.list, 0);
    CHECK(!acpi.fixed);
    CHECK_EQUAL(acpi.refused_at, LIST);
    CHECK_TEXT(acpi.refused_table, "RSDT");
    uint8_t types[2];
    CHECK(!acpi_find_off(&acpi, types));
    /* An XSDT that is broken, and an RSDT that is not. */
    begin();
    put_root(ROOT, 2, LIST, MORE);
    acpi = find(true);
    CHECK_EQUAL(acpi.list, LIST);
    CHECK(acpi.fixed);
    CHECK_TEXT(acpi.refused_table, "XSDT");
    CHECK_TEXT(acpi.refused, "another table, or none, stands there");
    *at(FIXED + 20) ^= 1; /* the first that was refused is the one that is named */
    CHECK_TEXT(find(true).refused_table, "XSDT");
    /* One that is nowhere. */
    begin();
    put_root(ROOT, 0, 0xfffffff0, 0);
    acpi = find(true);
    CHECK(!acpi.list && !acpi.fixed);
    CHECK_TEXT(acpi.refused, "nothing is mapped there");
}

CASE(acpi, lengths_of_tables)
{
    static const struct {
        uint32_t nbytes;
        const char *why;
    } wrong[] = {{0, "its length makes no sense"},
                 {35, "its length makes no sense"},
                 {ACPI_TABLE_BYTES_MOST + 1, "its length makes no sense"},
                 {0xffffffff, "its length makes no sense"},
                 {ACPI_TABLE_BYTES_MOST, "it reaches beyond what is mapped"},
                 {2 * PAGE - 0xff, "it reaches beyond what is mapped"},
                 {115, "its bytes do not add up to 0"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        begin();
        *at(FIXED + 115) = 1;
        put_table(FIXED, "FACP", 116);
        put(FIXED + 4, wrong[i].nbytes, 4);
        struct acpi acpi = find(true);
        CHECK(!acpi.fixed);
        CHECK_EQUAL(acpi.refused_at, FIXED);
        CHECK_TEXT(acpi.refused, wrong[i].why);
    }
    /* What an older version does not have is not there, nor what a table has only a part of. */
    for (uint32_t nbytes = 100; nbytes <= 268; nbytes++) {
        begin();
        put(FIXED + 112, 1u << 10, 4);
        put(FIXED + 116, 1, 4);
        put(FIXED + 120, 0xcf9, 4);
        *at(FIXED + 128) = 6;
        put(FIXED + 140, MORE, 4);
        put(FIXED + 172, 1, 4);
        put(FIXED + 176, 0x4004, 4);
        put_table(FIXED, "FACP", nbytes);
        struct acpi acpi = find(true);
        CHECK_EQUAL(acpi.fixed, nbytes >= 116);
        CHECK_EQUAL(acpi.refused != NULL, nbytes < 116);
        CHECK_EQUAL(acpi.reset.address, nbytes >= 129 ? 0xcf9 : 0);
        CHECK_EQUAL(acpi.dsdt, nbytes >= 244 ? MORE : nbytes >= 116 ? CODE : 0);
        CHECK_EQUAL(acpi.control[0].address, nbytes >= 244 ? 0x4004 : nbytes >= 116 ? 0x604 : 0);
    }
    /* The list counts whole entries, and those that lead nowhere are passed over. */
    begin();
    put(LIST + 36, 0xffffff00, 4);
    put_table(LIST, "RSDT", 47);
    CHECK_EQUAL(find(true).nentries, 2);
    CHECK(find(true).fixed);
}

static bool types_of(const uint8_t *code, uint32_t nbytes, uint8_t types[2])
{
    begin();
    put_code(code, nbytes);
    struct acpi acpi = find(true);
    return acpi_find_off(&acpi, types);
}

#define TYPES_OF(...)                                                                              \
    types_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), types)
#define S5 0x08, '_', 'S', '5', '_'

CASE(acpi, the_package_in_all_its_forms)
{
    uint8_t types[2];
    CHECK(TYPES_OF(S5, 0x12, 0x06, 0x04, 0x00, 0x01, 0x00, 0x00));
    CHECK_EQUAL(types[0] * 16 + types[1], 0x01);
    CHECK(TYPES_OF(0x08, 0x5c, '_', 'S', '5', '_', 0x12, 0x06, 0x02, 0x0a, 7, 0x0a, 6));
    CHECK_EQUAL(types[0] * 16 + types[1], 0x76);
    CHECK(TYPES_OF(S5, 0x12, 0x08, 0x02, 0x0b, 5, 0, 0x0b, 4, 0));
    CHECK_EQUAL(types[0] * 16 + types[1], 0x54);
    CHECK(TYPES_OF(S5, 0x12, 0x0c, 0x02, 0x0c, 3, 0, 0, 0, 0x0c, 2, 0, 0, 0));
    CHECK_EQUAL(types[0] * 16 + types[1], 0x32);
    CHECK(TYPES_OF(S5, 0x12, 0x05, 0x01, 0x0b, 0x02, 0x05));
    CHECK_EQUAL(types[0] * 16 + types[1], 0x25);
    /* Lengths of 2, 3 and 4 bytes. */
    CHECK(TYPES_OF(S5, 0x12, 0x47, 0x00, 0x02, 0x0a, 5, 0x0a, 5));
    CHECK(TYPES_OF(S5, 0x12, 0x88, 0x00, 0x00, 0x02, 0x0a, 5, 0x0a, 5));
    CHECK(TYPES_OF(S5, 0x12, 0xc9, 0x00, 0x00, 0x00, 0x02, 0x0a, 5, 0x0a, 5));
    CHECK(TYPES_OF(S5, 0x12, 0x42, 0x01, 0x02, 0x0a, 5, 0x0a, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    CHECK(TYPES_OF(S5, 0x12, 0x20, 0x02, 0x0a, 5, 0x0a, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
}

CASE(acpi, what_is_no_such_package)
{
    uint8_t types[2] = {9, 9};
    CHECK(!TYPES_OF(S5));
    CHECK(!TYPES_OF('_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x00, 0x01, 0x00, 0x00));
    CHECK(!TYPES_OF(0x0d, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x00, 0x01, 0x00, 0x00));
    CHECK(!TYPES_OF(0x0d, 0x5c, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x00, 0x01, 0x00, 0x00));
    CHECK(!TYPES_OF(S5, 0x11, 0x06, 0x04, 0x00, 0x01, 0x00, 0x00)); /* a buffer */
    CHECK(!TYPES_OF(S5, 0x12, 0x06, 0x00, 0x00, 0x01, 0x00, 0x00)); /* of no elements */
    CHECK(!TYPES_OF(S5, 0x12, 0x05, 0x02, 0x0a, 8, 0x00));          /* no such type */
    CHECK(!TYPES_OF(S5, 0x12, 0x07, 0x02, 0x0b, 0x05, 0x01, 0x00)); /* .. of 16 bits */
    CHECK(!TYPES_OF(S5, 0x12, 0x04, 0x02, 0xff, 0xff));             /* Ones */
    CHECK(!TYPES_OF(S5, 0x12, 0x03, 0x02, 0x00, 0x00));             /* it ends too early */
    CHECK(!TYPES_OF(S5, 0x12, 0x09, 0x02, 0x00, 0x00));             /* and too late */
    CHECK(!TYPES_OF(S5, 0x12, 0x00, 0x02, 0x00, 0x00));
    CHECK(!TYPES_OF(S5, 0x12, 0xc4, 0x00));
    CHECK_EQUAL(types[0] * 16 + types[1], 9 * 17);
    CHECK(types_of(off + 2, 14, types));
    /* Cut anywhere, there is none; and nothing behind the table is looked at. */
    for (uint32_t nbytes = 0; nbytes < 14; nbytes++)
        CHECK(!types_of(off + 2, nbytes, types));
    /* The first that is one counts. */
    CHECK(TYPES_OF(S5, 0x11, 0x06, 0, 0, 0, 0, 0, S5, 0x12, 0x04, 0x02, 0x01, 0x00));
    CHECK_EQUAL(types[0], 1);
}

CASE(acpi, the_package_may_be_in_an_ssdt)
{
    begin();
    put_code(off, 4);
    for (uint32_t i = 0; i < sizeof off; i++)
        at(MORE + 36)[i] = off[i];
    put_table(MORE, "SSDT", 36 + sizeof off);
    struct acpi acpi = find(true);
    uint8_t types[2] = {9, 9};
    CHECK(acpi_find_off(&acpi, types));
    CHECK_EQUAL(types[1], 5);
    *at(MORE + 20) ^= 1;
    acpi = find(true);
    CHECK(!acpi.refused);
    CHECK(!acpi_find_off(&acpi, types));
    CHECK_TEXT(acpi.refused_table, "SSDT");
    /* Without a DSDT, too. */
    *at(MORE + 20) ^= 1;
    *at(CODE + 20) ^= 1;
    acpi = find(true);
    CHECK(acpi_find_off(&acpi, types));
    CHECK_TEXT(acpi.refused_table, "DSDT");
}

/* Whichever bit is flipped in a table, it is not used: a sum of bytes finds each. */
CASE(acpi, each_flipped_bit_is_seen)
{
    begin();
    static const struct {
        uint32_t start, nbytes;
    } tables[] = {{ROOT, 20}, {LIST, 44}, {FIXED, 116}, {CODE, 36 + sizeof off}};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        for (uint32_t bit = 0; bit < tables[i].nbytes * 8; bit++) {
            uint8_t *byte = at(tables[i].start + bit / 8), types[2];
            *byte ^= (uint8_t)(1u << bit % 8);
            struct acpi acpi = find(true);
            CHECK(!acpi.fixed || i == 3);
            CHECK(i != 3 || !acpi_find_off(&acpi, types));
            *byte ^= (uint8_t)(1u << bit % 8);
        }
    uint8_t types[2];
    struct acpi acpi = find(true);
    CHECK(acpi_find_off(&acpi, types));
}

/* Where the loader has a copy of the root pointer nobody has to look for it; one that is broken is
 * not believed. */
CASE(acpi, the_loaders_copy_comes_first)
{
    for (int broken = 0; broken < 2; broken++) {
        begin();
        put_root(TABLES + 0xd04, 0, LIST, 0); /* off every boundary */
        *at(TABLES + 0xd04 + 9) ^= (uint8_t)broken;
        shared->info.acpi_root = TABLES + 0xd04;
        shared->info.acpi_bytes = 20;
        struct acpi acpi = find(true);
        CHECK_EQUAL(acpi.root, broken ? ROOT : TABLES + 0xd04);
        CHECK(acpi.fixed && (acpi.refused != NULL) == broken);
        shared->info.acpi_bytes = 19;
        CHECK_EQUAL(find(true).root, ROOT);
    }
}

/* Nothing behind the bytes that the loader has of it is read. */
CASE(acpi, the_loaders_copy_is_as_long_as_it_is)
{
    for (uint32_t nbytes = 20; nbytes <= 40; nbytes++) {
        begin();
        put_root(TABLES + 0xd00, 2, LIST, 0);
        shared->info.acpi_root = TABLES + 0xd00;
        shared->info.acpi_bytes = nbytes;
        farthest = 0;
        struct acpi acpi = find(true);
        CHECK_EQUAL(acpi.root, nbytes >= 36 ? TABLES + 0xd00 : ROOT);
        CHECK(farthest <= TABLES + 0xd00 + nbytes);
    }
}

CASE(acpi, the_pm_timer_of_24_and_of_32_bits)
{
    begin();
    put(FIXED + 76, 0x608, 4);
    put_table(FIXED, "FACP", 116);
    CHECK_EQUAL(find(true).pm_timer.place, ACPI_NOWHERE); /* of no bytes */
    *at(FIXED + 91) = 4;
    *at(FIXED + 108) = 0x32;
    put_table(FIXED, "FACP", 116);
    struct acpi acpi = find(true);
    CHECK(acpi.pm_timer.place == ACPI_PORT && acpi.pm_timer.address == 0x608);
    CHECK(!acpi.pm_timer_wide && acpi.century == 0x32);
    put(FIXED + 112, 1u << 8, 4);
    put_table(FIXED, "FACP", 116);
    CHECK(find(true).pm_timer_wide);
    /* By its full address, in memory, and above 4 GB. */
    put(FIXED + 212, 0xfea00008, 4);
    put_table(FIXED, "FACP", 244);
    acpi = find(true);
    CHECK(acpi.pm_timer.place == ACPI_MEMORY && acpi.pm_timer.address == 0xfea00008);
    put(FIXED + 216, 1, 4);
    put_table(FIXED, "FACP", 244);
    CHECK_EQUAL(find(true).pm_timer.place, ACPI_NOWHERE);
    /* With reduced hardware there is none. */
    put(FIXED + 216, 0, 4);
    put(FIXED + 112, 1u << 20, 4);
    put_table(FIXED, "FACP", 244);
    CHECK_EQUAL(find(true).pm_timer.place, ACPI_NOWHERE);
}

CASE(acpi, where_the_hpet_is)
{
    begin();
    CHECK_EQUAL(find(true).hpet, 0);
    put(MORE + 44, 0xfed00000, 4);
    put_table(MORE, "HPET", 56);
    struct acpi acpi = find(true);
    CHECK(acpi.hpet == 0xfed00000 && !acpi.refused);
    put(MORE + 48, 1, 4); /* above 4 GB */
    put_table(MORE, "HPET", 56);
    CHECK_EQUAL(find(true).hpet, 0);
    put(MORE + 48, 0, 4);
    *at(MORE + 40) = 1; /* at ports */
    put_table(MORE, "HPET", 56);
    CHECK_EQUAL(find(true).hpet, 0);
    *at(MORE + 40) = 0;
    put_table(MORE, "HPET", 55);
    acpi = find(true);
    CHECK_EQUAL(acpi.hpet, 0);
    CHECK_TEXT(acpi.refused, "it is shorter than Intel's");
    CHECK_TEXT(acpi.refused_table, "HPET");
    put_table(MORE, "HPET", 56);
    *at(MORE + 45) ^= 1;
    CHECK_EQUAL(find(true).hpet, 0);
}
