/*
 * The memory map against answers that were worked out by hand. A claim is BASE+LENGTH:TYPE in
 * hexadecimal, TYPE as in E820, or k (kernel) or m (module); the answer is the usable ranges.
 */
#include "memory/memory_map.h"

#include "arena.h"
#include "case.h"
#include "lib/status.h"
#include "lib/string.h"
#include "memory/memory.h"

struct vector {
    const char *name, *claims, *usable;
};

static const struct vector vectors[] = {
    {"no claims at all", "", ""},
    {"one range", "100000+100000:1", "100000-200000"},
    {"QEMU, 64 MB",
     "0+9fc00:1 9fc00+400:2 f0000+10000:2 100000+3ee0000:1 3fe0000+20000:2 "
     "fffc0000+40000:2",
     "100000-3fe0000"},
    {"unsorted", "300000+100000:1 100000+100000:1", "100000-200000 300000-400000"},
    {"two ranges that touch are one", "100000+100000:1 200000+100000:1", "100000-300000"},
    {"the same range twice", "100000+100000:1 100000+100000:1", "100000-200000"},
    {"nested duplicates", "100000+400000:1 200000+1000:1 200000+1000:1", "100000-500000"},
    {"overlapping RAM", "100000+180000:1 200000+100000:1", "100000-300000"},
    {"zero length first, in the middle, last", "0+0:1 100000+100000:1 180000+0:2 300000+0:1",
     "100000-200000"},
    {"zero-length RAM only", "100000+0:1", ""},
    {"reserved inside RAM", "100000+400000:1 200000+100000:2", "100000-200000 300000-500000"},
    {"reserved listed before the RAM around it", "200000+100000:2 100000+400000:1",
     "100000-200000 300000-500000"},
    {"reserved over the start", "100000+100000:1 f0000+20000:2", "110000-200000"},
    {"reserved over the end", "100000+100000:1 1f0000+20000:2", "100000-1f0000"},
    {"reserved over all of it", "100000+100000:1 0+1000000:2", ""},
    {"reserved equal to it", "100000+100000:1 100000+100000:2", ""},
    {"ACPI tables win", "100000+100000:1 1f0000+8000:3", "100000-1f0000 1f8000-200000"},
    {"ACPI NVS wins", "100000+1000000:1 800000+8000:4", "100000-800000 808000-1100000"},
    {"bad RAM wins", "100000+100000:1 140000+1000:5", "100000-140000 141000-200000"},
    {"type 0 is reserved", "100000+100000:1 140000+1000:0", "100000-140000 141000-200000"},
    {"type 6 is reserved", "100000+100000:1 140000+1000:6", "100000-140000 141000-200000"},
    {"type 7 (persistent memory) is reserved", "100000+100000:7", ""},
    {"type 12 is reserved", "100000+100000:1 140000+1000:c", "100000-140000 141000-200000"},
    {"type 13 is reserved", "100000+100000:1 140000+1000:d", "100000-140000 141000-200000"},
    {"type 20 is reserved", "100000+100000:1 140000+1000:14", "100000-140000 141000-200000"},
    {"type 0xB0200000 is reserved", "100000+100000:1 140000+1000:b0200000",
     "100000-140000 141000-200000"},
    {"type 0xFFFFFFFF is reserved", "100000+100000:ffffffff", ""},
    {"RAM begins inside a page", "100001+ff000:1", "101000-1ff000"},
    {"RAM ends inside a page", "100000+fffff:1", "100000-1ff000"},
    {"RAM within one page", "100010+fe0:1", ""},
    {"RAM of a page, shifted by a byte", "100001+1000:1", ""},
    {"RAM of two pages, shifted by a byte", "100fff+1002:1", "101000-102000"},
    {"two ranges meet inside a page", "100000+80800:1 180800+7f800:1", "100000-200000"},
    {"they miss by a byte", "100000+80800:1 180801+7f7ff:1", "100000-180000 181000-200000"},
    {"three of them make one page", "100000+400:1 100400+400:1 100800+800:1", "100000-101000"},
    {"they meet inside a page that has a reserved byte", "100000+80800:1 180800+7f800:1 180900+1:2",
     "100000-180000 181000-200000"},
    {"one reserved byte takes its page", "100000+100000:1 150123+1:2",
     "100000-150000 151000-200000"},
    {"a reserved range across a page's end takes both", "100000+100000:1 150fff+2:2",
     "100000-150000 152000-200000"},
    {"RAM from 640K to 1 MB", "a0000+60000:1 100000+100000:1", "100000-200000"},
    {"RAM from 0", "0+200000:1", "100000-200000"},
    {"RAM ends at 1 MB", "0+100000:1", ""},
    {"a page across 1 MB", "ff800+1000:1 100800+10000:1", "100000-110000"},
    {"a hole at 15 MB, not listed", "100000+e00000:1 1000000+1000000:1",
     "100000-f00000 1000000-2000000"},
    {"a hole at 15 MB, listed", "100000+1f00000:1 f00000+100000:2",
     "100000-f00000 1000000-2000000"},
    {"RAM up to 4 GB", "100000+fff00000:1", "100000-100000000"},
    {"RAM across 4 GB", "fff00000+200000:1", "fff00000-100000000"},
    {"RAM above 4 GB", "100000000+40000000:1", ""},
    {"above 4 GB, its low half like 1 MB", "100100000+100000:1", ""},
    {"reserved above 4 GB, its low half over RAM", "100000+100000:1 100100000+100000:2",
     "100000-200000"},
    {"a length whose low half is zero", "100000+100000000:1", "100000-100000000"},
    {"a length that passes 2^64", "fff00000+ffffffffffffffff:1", "fff00000-100000000"},
    {"base and length both at the end of 2^64", "ffffffffffffffff+ffffffffffffffff:1", ""},
    {"reserved that passes 2^64", "100000+100000:1 180000+ffffffffffffffff:2", "100000-180000"},
    {"the last page below 4 GB", "fffff000+1000:1", "fffff000-100000000"},
    {"half of the last page", "fffff000+800:1", ""},
    {"the kernel in it", "100000+400000:1 100000+25000:k", "125000-500000"},
    {"the kernel and modules behind it", "100000+400000:1 100000+25000:k 125000+1234:m 127000+10:m",
     "128000-500000"},
    {"two modules in one page", "100000+10000:1 104000+10:m 104020+10:m",
     "100000-104000 105000-110000"},
    {"a module that crosses into a hole", "100000+10000:1 10f000+3000:m", "100000-10f000"},
    {"modules that overlap", "100000+10000:1 102000+3000:m 103000+4000:m",
     "100000-102000 107000-110000"},
    {"a kernel outside of RAM", "200000+10000:1 100000+20000:k", "200000-210000"},
    {"adjacent reserved ranges with a page between", "100000+10000:1 102000+1000:2 104000+1000:2",
     "100000-102000 103000-104000 105000-110000"},
};

static uint64_t read_hex(const char **text)
{
    uint64_t value = 0;
    for (;; (*text)++) {
        char c = **text;
        if (c >= '0' && c <= '9')
            value = value * 16 + (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value * 16 + (uint64_t)(c - 'a' + 10);
        else
            return value;
    }
}

static bool claim_all(const char *text)
{
    memset(&shared->info, 0, sizeof shared->info);
    boot_info_clear_entries(&shared->info);
    memory_map_clear(&shared->map);
    while (*text) {
        uint64_t base = read_hex(&text);
        text++;
        uint64_t length = read_hex(&text);
        text++;
        int status = 0;
        if (*text == 'k' || *text == 'm') {
            status = memory_map_claim(&shared->map, base, length,
                                      *text == 'k' ? MEMORY_KERNEL : MEMORY_MODULE);
            text++;
        } else {
            boot_info_add_entry(&shared->info,
                                (struct boot_entry){.base = base,
                                                    .length = length,
                                                    .type = (uint32_t)read_hex(&text)});
        }
        if (status)
            return false;
        text += *text == ' ';
    }
    return memory_map_claim_boot(&shared->map, &shared->info) == 0;
}

/* Whether the usable ranges are exactly those of TEXT. */
static bool usable_is(const char *text)
{
    for (size_t i = 0; i < shared->map.nranges; i++) {
        if (shared->map.ranges[i].kind != MEMORY_USABLE)
            continue;
        if (!*text)
            return false;
        uint64_t start = read_hex(&text);
        text++;
        uint64_t end = read_hex(&text);
        text += *text == ' ';
        if (start != (uint64_t)shared->map.ranges[i].first * 4096 ||
            end != (uint64_t)shared->map.ranges[i].end * 4096)
            return false;
    }
    return !*text;
}

static page_t sum_of_all_kinds(void)
{
    page_t sum = 0;
    for (unsigned kind = 0; kind < MEMORY_KINDS; kind++)
        sum += memory_map_count(&shared->map, (enum memory_kind)kind, 0, PAGES_IN_4GB);
    return sum;
}

CASE(memory_map, vectors_worked_out_by_hand)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        bool right = claim_all(vectors[i].claims);
        memory_map_settle(&shared->map);
        right = right && usable_is(vectors[i].usable);
        CHECK_TEXT(right ? "right" : vectors[i].name, "right");
        CHECK_HOLDS(memory_map_check(&shared->map));
        CHECK_EQUAL(sum_of_all_kinds(), PAGES_IN_4GB);
    }
}

CASE(memory_map, settling_again_changes_nothing)
{
    CHECK(claim_all("100000+400000:1 200000+1234:2 300000+100000:3"));
    memory_map_settle(&shared->map);
    size_t nranges = shared->map.nranges;
    memory_map_settle(&shared->map);
    CHECK_EQUAL(shared->map.nranges, nranges);
    CHECK(usable_is("100000-200000 202000-300000 400000-500000"));
    CHECK_EQUAL(memory_map_claim(&shared->map, 0x210000, 1, MEMORY_TABLES), 0);
    memory_map_settle(&shared->map);
    CHECK(usable_is("100000-200000 202000-210000 211000-300000 400000-500000"));
}

CASE(memory_map, pages_are_taken_where_all_are_usable)
{
    CHECK(claim_all("100000+400000:1 200000+1234:2"));
    memory_map_settle(&shared->map);
    CHECK(!memory_map_take(&shared->map, 0x1f0, 0x201, MEMORY_LOG));
    CHECK(!memory_map_take(&shared->map, 0x201, 0x210, MEMORY_LOG));
    CHECK(!memory_map_take(&shared->map, 0x4f0, 0x501, MEMORY_LOG));
    CHECK(!memory_map_take(&shared->map, 0xff, 0x101, MEMORY_LOG));
    CHECK(usable_is("100000-200000 202000-500000"));
    CHECK(memory_map_take(&shared->map, 0x202, 0x204, MEMORY_LOG));
    CHECK(usable_is("100000-200000 204000-500000"));
    CHECK_EQUAL(memory_map_count(&shared->map, MEMORY_LOG, 0, PAGES_IN_4GB), 2);
    CHECK(!memory_map_take(&shared->map, 0x203, 0x205, MEMORY_LOG));
    shared->map.nclaims = MEMORY_CLAIMS_MAX;
    CHECK(!memory_map_take(&shared->map, 0x204, 0x205, MEMORY_LOG));
}

CASE(memory_map, kinds_are_kept)
{
    CHECK(claim_all("100000+1000:1 101000+2000:2 103000+4000:3 107000+8000:4 10f000+10000:5 "
                    "11f000+20000:k 13f000+40000:m 120000+1000:2"));
    memory_map_settle(&shared->map);
    static const page_t wanted[MEMORY_KINDS] = {
        [MEMORY_USABLE] = 1, [MEMORY_RESERVED] = 2, [MEMORY_ACPI] = 4,    [MEMORY_NVS] = 8,
        [MEMORY_BAD] = 16,   [MEMORY_KERNEL] = 32,  [MEMORY_MODULE] = 64, [MEMORY_LOW] = 256};
    for (unsigned kind = MEMORY_USABLE; kind < MEMORY_KINDS; kind++)
        CHECK_EQUAL(memory_map_count(&shared->map, (enum memory_kind)kind, 0, PAGES_IN_4GB),
                    wanted[kind]);
}

CASE(memory_map, finding_room)
{
    page_t found = 77;
    CHECK(claim_all("100000+10000:1 200000+40000:1 1000000+1000000:1"));
    memory_map_settle(&shared->map);
    CHECK(memory_map_find(&shared->map, 16, 0, PAGES_IN_4GB, &found) && found == 0x100);
    CHECK(memory_map_find(&shared->map, 17, 0, PAGES_IN_4GB, &found) && found == 0x200);
    CHECK(memory_map_find(&shared->map, 1, 0x105, PAGES_IN_4GB, &found) && found == 0x105);
    CHECK(memory_map_find(&shared->map, 12, 0x105, PAGES_IN_4GB, &found) && found == 0x200);
    CHECK(memory_map_find(&shared->map, 64, 0, 0x240, &found) && found == 0x200);
    found = 77;
    CHECK(!memory_map_find(&shared->map, 64, 0, 0x23f, &found) && found == 77);
    CHECK(!memory_map_find(&shared->map, 1, 0x300, 0x400, &found));
    CHECK(!memory_map_find(&shared->map, 0x1001, 0, PAGES_IN_4GB, &found));
    CHECK_EQUAL(memory_map_top(&shared->map, PAGES_IN_4GB), 0x2000);
    CHECK_EQUAL(memory_map_top(&shared->map, 0x1800), 0x1800);
    CHECK_EQUAL(memory_map_top(&shared->map, 0x300), 0x240);
    CHECK_EQUAL(memory_map_top(&shared->map, 0x100), 0);
    CHECK_EQUAL(memory_map_count(&shared->map, MEMORY_USABLE, 0x108, 0x208), 16);
}

CASE(memory_map, a_full_table_refuses_and_keeps_what_it_has)
{
    memory_map_clear(&shared->map);
    while (shared->map.nclaims < MEMORY_CLAIMS_MAX)
        CHECK_EQUAL(memory_map_claim(&shared->map,
                                     0x100000 + 0x2000 * (uint64_t)shared->map.nclaims, 0x1000,
                                     MEMORY_USABLE),
                    0);
    CHECK_EQUAL(memory_map_claim(&shared->map, 0x100000, 0x1000, MEMORY_BAD), -ENOMEM);
    CHECK_EQUAL(memory_map_claim(&shared->map, 0x100000, 0, MEMORY_BAD), 0);
    CHECK_EQUAL(memory_map_claim(&shared->map, 1ULL << 32, 4096, MEMORY_BAD), 0);
    memory_map_settle(&shared->map);
    CHECK_HOLDS(memory_map_check(&shared->map));
    CHECK_EQUAL(memory_map_count(&shared->map, MEMORY_USABLE, 0, PAGES_IN_4GB),
                MEMORY_CLAIMS_MAX - 1);
}

/* Every other page of as many entries as there is room for, and a reservation behind them all. */
CASE(memory_map, n5_long_maps_lose_no_reservation)
{
    memset(&shared->info, 0, sizeof shared->info);
    boot_info_clear_entries(&shared->info);
    for (uint64_t i = 0; i < BOOT_ENTRIES_MAX - 1; i++)
        boot_info_add_entry(&shared->info, (struct boot_entry){.base = 0x100000 + i * 0x2000,
                                                               .length = 0x1000,
                                                               .type = BOOT_TYPE_RAM});
    page_t last = 0x100 + 2 * (BOOT_ENTRIES_MAX - 2);
    boot_info_add_entry(&shared->info,
                        (struct boot_entry){.base = page_address(last), .length = 16, .type = 2});
    memory_map_clear(&shared->map);
    CHECK_EQUAL(memory_map_claim_boot(&shared->map, &shared->info), 0);
    memory_map_settle(&shared->map);
    CHECK_HOLDS(memory_map_check(&shared->map));
    CHECK_EQUAL(memory_map_count(&shared->map, MEMORY_USABLE, 0, PAGES_IN_4GB),
                BOOT_ENTRIES_MAX - 2);
    CHECK_EQUAL(memory_map_count(&shared->map, MEMORY_RESERVED, last, last + 1), 1);
}

CASE(memory_map, entries_without_room_are_left_alone)
{
    memset(&shared->info, 0, sizeof shared->info);
    boot_info_clear_entries(&shared->info);
    for (uint64_t i = 0; i < BOOT_ENTRIES_MAX + 3; i++)
        boot_info_add_entry(&shared->info, (struct boot_entry){.base = 0x100000 + i * 0x1000,
                                                               .length = 0x1000,
                                                               .type = BOOT_TYPE_RAM});
    boot_info_add_entry(&shared->info, (struct boot_entry){.length = 0, .type = BOOT_TYPE_BAD});
    CHECK_EQUAL(shared->info.nentries, BOOT_ENTRIES_MAX);
    CHECK_EQUAL(shared->info.nentries_dropped, 3);
    memory_map_clear(&shared->map);
    CHECK_EQUAL(memory_map_claim(&shared->map, 0x100000, 0x1000000, MEMORY_USABLE), 0);
    CHECK_EQUAL(memory_map_claim_boot(&shared->map, &shared->info), 0);
    memory_map_settle(&shared->map);
    page_t first_dropped = 0x100 + BOOT_ENTRIES_MAX;
    CHECK_EQUAL(memory_map_count(&shared->map, MEMORY_RESERVED, 0, PAGES_IN_4GB), 3);
    CHECK_EQUAL(memory_map_count(&shared->map, MEMORY_USABLE, first_dropped, first_dropped + 3), 0);
    CHECK_EQUAL(memory_map_count(&shared->map, MEMORY_USABLE, 0, PAGES_IN_4GB), 0x1000 - 3);
}
