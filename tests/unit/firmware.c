/* Memory as firmware leaves it: taken from machines that ran, then changed. */
#include "boot/firmware.h"

#include "arena.h"
#include "case.h"

enum { SERVICES = 9, TABLE_WORDS = 6 };

static const uint8_t service_vectors[SERVICES] = {0x10, 0x11, 0x12, 0x13, 0x14,
                                                  0x15, 0x16, 0x17, 0x1a};

/* What the kernel found at its entry. */
struct picture {
    const char *machine;
    enum firmware_sign sign;
    uint32_t vectors[SERVICES]; /* segment and offset */
    uint8_t code[SERVICES];     /* the byte that each leads to */
    uint16_t ebda_segment;
    uint32_t table_at; /* the pointer to UEFI's system table */
    uint32_t table[TABLE_WORDS];
};

/* clang-format off */
static const struct picture pictures[] = {
    {"SeaBIOS 1.16.2, pc and q35", FIRMWARE_VECTORS,
     {0xc000578b, 0xf000f84d, 0xf000f841, 0xf000e3fe, 0xf000e739, 0xf000f859, 0xf000e82e,
      0xf000efd2, 0xf000fe6e},
     {0xfa, 0x66, 0x66, 0xe9, 0x66, 0x80, 0x66, 0x66, 0x80}, 0x9fc0, 0, {0}},
    {"SeaBIOS 1.16.2, isapc", FIRMWARE_VECTORS,
     {0xc00052c0, 0xf000f84d, 0xf000f841, 0xf000e3fe, 0xf000e739, 0xf000f859, 0xf000e82e,
      0xf000efd2, 0xf000fe6e},
     {0xfa, 0x66, 0x66, 0xe9, 0x66, 0x80, 0x66, 0x66, 0x80}, 0x9fc0, 0, {0}},
    {"SeaBIOS 1.16.2, a pc without a screen; 1.16.3, microvm", FIRMWARE_VECTORS,
     {0xf000f065, 0xf000f84d, 0xf000f841, 0xf000e3fe, 0xf000e739, 0xf000f859, 0xf000e82e,
      0xf000efd2, 0xf000fe6e},
     {0xcf, 0x66, 0x66, 0xe9, 0x66, 0x80, 0x66, 0x66, 0x80}, 0x9fc0, 0, {0}},
    {"Bochs 2.7", FIRMWARE_VECTORS,
     {0xc0000152, 0xf000f84d, 0xf000f841, 0xf000e3fe, 0xf000e739, 0xf000f859, 0xf000e82e,
      0xf000efd2, 0xf000fe6e},
     {0x9c, 0x1e, 0x1e, 0xe9, 0x1e, 0x80, 0xfb, 0x1e, 0x80}, 0x9fc0, 0, {0}},
    {"qboot, microvm and q35", FIRMWARE_NO_SIGN, {0}, {0}, 0, 0, {0}},
    {"OVMF 2022.11, ia32", FIRMWARE_SYSTEM_TABLE, {0xc0000200}, {0x3d}, 0, 0x06800000,
     {0x20494249, 0x54535953, 0x06cf1010, 0, 0xe65313b9, 0}},
    {"OVMF 2022.11, x64", FIRMWARE_SYSTEM_TABLE, {0xc0000200}, {0x3d}, 0, 0x07400000,
     {0x20494249, 0x54535953, 0x075eb018, 0, 0xf65aa9ae, 0}},
    {"OVMF 2022.11, x64, without a screen: page 0 is GRUB's", FIRMWARE_SYSTEM_TABLE,
     {0x00000028, 0x00000008, 0, 0xfff10000, 0x00000034, 0x00000010, 0, 0xfff10000, 0},
     {0x00, 0x00, 0x00, 0x40, 0x02, 0x01, 0x00, 0x40, 0x00}, 1, 0x07400000,
     {0x20494249, 0x54535953, 0x075eb018, 0, 0xf65aa9ae, 0}},
    {"OVMF 2025.02, ia32", FIRMWARE_SYSTEM_TABLE,
     {0x00000028, 0x00000008, 0, 0xfff10000, 0x00000034, 0x00000010, 0, 0xfff10000, 0},
     {0x00, 0x00, 0x00, 0x00, 0x02, 0x01, 0x00, 0x00, 0x00}, 1, 0x0f800000,
     {0x20494249, 0x54535953, 0x0fc6d010, 0, 0x4bec6dd7, 0}},
    {"OVMF 2025.02, x64", FIRMWARE_SYSTEM_TABLE,
     {0x00000028, 0x00000008, 0, 0xfff10000, 0x00000034, 0x00000010, 0, 0xfff10000, 0},
     {0x00, 0x00, 0x00, 0xbf, 0x02, 0x01, 0x00, 0xbf, 0x00}, 1, 0x0f400000,
     {0x20494249, 0x54535953, 0x0f5ec018, 0, 0xaa05a06f, 0}},
};
/* clang-format on */
enum { A_BIOS = 0, A_UEFI = 6 };

static struct picture machine;

static const void *read(uint32_t address, uint32_t nbytes)
{
    const struct picture *picture = &machine;
    for (size_t i = 0; i < SERVICES; i++) {
        uint32_t vector = picture->vectors[i];
        if (address == service_vectors[i] * 4u && nbytes == 4)
            return &picture->vectors[i];
        if (address == (vector >> 16) * 16 + (vector & 0xffff) && nbytes == 1)
            return &picture->code[i];
    }
    if (address == 0x40e && nbytes == 2)
        return &picture->ebda_segment;
    if (picture->table_at && address == picture->table_at && nbytes == sizeof picture->table)
        return picture->table;
    return NULL;
}

/* 256 MB of RAM, as far as a loader can tell. */
static void begin(size_t index)
{
    machine = pictures[index];
    shared->info.efi = false;
    shared->info.nentries = 2;
    shared->info.entries[0] = (struct boot_entry){.base = 0, .length = 0x9f000, .type = 1};
    shared->info.entries[1] =
        (struct boot_entry){.base = 0x100000, .length = 0xff00000, .type = BOOT_TYPE_RAM};
}

static struct firmware find(void)
{
    return firmware_find(&shared->info, read);
}

CASE(firmware, each_that_ran_is_told_right)
{
    for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++) {
        begin(i);
        struct firmware firmware = find();
        if (firmware.sign != pictures[i].sign)
            case_fail(run_, __FILE__, __LINE__, "%s is told as %s", pictures[i].machine,
                      firmware_name(&firmware));
        bool bios = pictures[i].sign == FIRMWARE_VECTORS;
        CHECK_EQUAL(firmware.calls, bios);
        CHECK_EQUAL(firmware.ebda, bios ? 0x9fc00 : 0);
    }
}

CASE(firmware, vector_10_says_nothing)
{
    begin(A_BIOS);
    machine.vectors[0] = 0;
    CHECK_EQUAL(find().sign, FIRMWARE_VECTORS);
    begin(A_UEFI);
    machine.vectors[0] = 0xf000f065; /* even in the BIOS's own place */
    CHECK_EQUAL(find().sign, FIRMWARE_SYSTEM_TABLE);
    machine.table_at = 0;
    CHECK_EQUAL(find().sign, FIRMWARE_NO_SIGN);
    CHECK(!find().calls);
}

/* As many as four of the eight may be hooked: disks and networks do so. It does not matter which.
 */
CASE(firmware, half_of_the_services_are_enough)
{
    for (unsigned hooked = 0; hooked < 1u << 9; hooked++) {
        size_t left = 0;
        begin(A_BIOS);
        machine.vectors[0] = 0xf000f065;
        for (size_t i = 0; i < SERVICES; i++)
            if (hooked & 1u << i)
                machine.vectors[i] = 0x9f800010;
            else
                left += i > 0;
        CHECK_EQUAL(find().sign, left >= 4 ? FIRMWARE_VECTORS : FIRMWARE_NO_SIGN);
    }
    static const uint32_t elsewhere[] = {0x9f800010, 0xc8000123, 0xdfff000f, 0};
    for (size_t which = 0; which < sizeof elsewhere / sizeof elsewhere[0]; which++) {
        begin(A_BIOS);
        for (size_t hooked = 1; hooked <= 8; hooked++) {
            machine.vectors[hooked] = elsewhere[which];
            CHECK_EQUAL(find().sign, hooked <= 4 ? FIRMWARE_VECTORS : FIRMWARE_NO_SIGN);
        }
    }
    /* The first byte of the ROM and the last; one beyond, with the 21st address line. */
    static const struct {
        uint32_t vector;
        enum firmware_sign sign;
    } edges[] = {{0xe0000000, FIRMWARE_VECTORS},
                 {0xdfff0010, FIRMWARE_VECTORS},
                 {0xdfff000f, FIRMWARE_NO_SIGN},
                 {0xf000ffff, FIRMWARE_VECTORS},
                 {0xffff0010, FIRMWARE_NO_SIGN}};
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        begin(A_BIOS);
        for (size_t service = 1; service < SERVICES; service++)
            machine.vectors[service] = edges[i].vector;
        CHECK_EQUAL(find().sign, edges[i].sign);
    }
}

CASE(firmware, cleared_memory_is_no_code)
{
    for (int byte = 0; byte <= 0xff; byte += 0xff) {
        begin(A_BIOS);
        for (size_t service = 1; service < SERVICES; service++)
            machine.code[service] = (uint8_t)byte;
        CHECK_EQUAL(find().sign, FIRMWARE_NO_SIGN);
    }
}

CASE(firmware, a_call_needs_code_behind_vector_15)
{
    begin(A_BIOS);
    machine.vectors[5] = 0x9f800010; /* hooked, as GRUB's cutmem does */
    CHECK(find().calls);
    machine.code[5] = 0;
    CHECK_EQUAL(find().sign, FIRMWARE_VECTORS);
    CHECK(!find().calls);
    machine.vectors[5] = 0;
    machine.code[5] = 0x66;
    CHECK(!find().calls); /* the vectors themselves */
    machine.vectors[5] = 0x00400000;
    CHECK(find().calls);
    machine.vectors[5] = 0x0000003f;
    CHECK(!find().calls);
}

CASE(firmware, the_extended_data_area_lies_below_640_k)
{
    static const struct {
        uint16_t segment;
        uint32_t ebda;
    } answers[] = {{0, 0},      {0x40, 0},  {0x7fff, 0}, {0x8000, 0x80000}, {0x9fff, 0x9fff0},
                   {0xa000, 0}, {0xffff, 0}};
    begin(A_BIOS);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        machine.ebda_segment = answers[i].segment;
        CHECK_EQUAL(find().ebda, answers[i].ebda);
    }
    begin(A_UEFI);
    machine.ebda_segment = 0x9fc0;
    CHECK_EQUAL(find().ebda, 0); /* nobody wrote that word */
}

CASE(firmware, every_bit_of_the_table_pointer_counts)
{
    begin(A_UEFI);
    for (size_t bit = 0; bit < 32 * TABLE_WORDS; bit++) {
        machine.table[bit / 32] ^= 1u << bit % 32;
        CHECK_EQUAL(find().sign, FIRMWARE_NO_SIGN);
        machine.table[bit / 32] ^= 1u << bit % 32;
    }
    CHECK_EQUAL(find().sign, FIRMWARE_SYSTEM_TABLE);
}

/* The pointer is at 0x07400000 there. */
CASE(firmware, the_table_pointer_is_looked_for_in_ram_only)
{
    static const struct {
        uint64_t base, length;
        uint32_t type;
        enum firmware_sign sign;
    } entries[] = {{0x07400000, 24, BOOT_TYPE_RAM, FIRMWARE_SYSTEM_TABLE},
                   {0x07400000, 23, BOOT_TYPE_RAM, FIRMWARE_NO_SIGN},
                   {0x07400001, 0x100000, BOOT_TYPE_RAM, FIRMWARE_NO_SIGN},
                   {0x07000001, 0x400017, BOOT_TYPE_RAM, FIRMWARE_SYSTEM_TABLE},
                   {0x07000001, 0x400016, BOOT_TYPE_RAM, FIRMWARE_NO_SIGN},
                   {0x07400000, 0x100000, BOOT_TYPE_RESERVED, FIRMWARE_NO_SIGN},
                   {0x07400000, 0x100000, BOOT_TYPE_NVS, FIRMWARE_NO_SIGN},
                   {0, UINT64_MAX, BOOT_TYPE_RAM, FIRMWARE_SYSTEM_TABLE},
                   {0x07400000, UINT64_MAX, BOOT_TYPE_RAM, FIRMWARE_SYSTEM_TABLE},
                   {0x107400000, 0x100000, BOOT_TYPE_RAM, FIRMWARE_NO_SIGN},
                   {UINT64_MAX, UINT64_MAX, BOOT_TYPE_RAM, FIRMWARE_NO_SIGN}};
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        begin(A_UEFI);
        shared->info.nentries = 1;
        shared->info.entries[0] = (struct boot_entry){
            .base = entries[i].base, .length = entries[i].length, .type = entries[i].type};
        CHECK_EQUAL(find().sign, entries[i].sign);
    }
}

CASE(firmware, acpi_in_a_place_of_no_bios_means_uefi)
{
    static const struct {
        enum firmware_sign before;
        paddr_t root;
        enum firmware_sign after;
    } cases[] = {{FIRMWARE_NO_SIGN, 0, FIRMWARE_NO_SIGN},
                 {FIRMWARE_NO_SIGN, 0xf31a0, FIRMWARE_NO_SIGN},
                 {FIRMWARE_NO_SIGN, 0xffff0, FIRMWARE_NO_SIGN},
                 {FIRMWARE_NO_SIGN, 0x0777e014, FIRMWARE_ACPI_PLACE},
                 {FIRMWARE_VECTORS, 0x0777e014, FIRMWARE_VECTORS},
                 {FIRMWARE_SYSTEM_TABLE, 0x0777e014, FIRMWARE_SYSTEM_TABLE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct firmware firmware = {.sign = cases[i].before};
        firmware_consider_root(&firmware, cases[i].root);
        CHECK_EQUAL(firmware.sign, cases[i].after);
    }
}

/* What the loader says ends the guess: no BIOS is called, whatever stands in page 0. */
CASE(firmware, a_loader_that_says_uefi_is_believed)
{
    for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++) {
        begin(i);
        shared->info.efi = true;
        struct firmware firmware = find();
        CHECK_EQUAL(firmware.sign, FIRMWARE_LOADER);
        CHECK(!firmware.calls && firmware.ebda == 0);
    }
}
