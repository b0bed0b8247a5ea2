/* BIOSes that misbehave, each as real ones have been seen to. */
#include "boot/bios_map.h"

#include "arena.h"
#include "case.h"

#define SMAP 0x534d4150u

static struct fake_bios {
    unsigned calls;       /* of E820 */
    unsigned records;     /* how many there are */
    unsigned fails_after; /* this many answers EAX is no longer "SMAP"; 0: never */
    uint32_t nbytes;      /* what ECX says */
    uint32_t attributes;  /* of record 0; the others have 1 */
    uint32_t ax_of_88;    /* 0: an honest number */
    uint32_t kb_of_e801;  /* 0: an honest number */
    bool carry_at_the_end, never_ends, no_e820, no_e801, in_cx_dx, no_88;
} bios;

static void put(uint8_t *place, uint64_t value, size_t nbytes)
{
    for (size_t i = 0; i < nbytes; i++)
        place[i] = (uint8_t)(value >> (8 * i));
}

static void e820(struct bios_registers *r)
{
    unsigned index = r->ebx;
    bios.calls++;
    if (bios.no_e820 || r->edx != SMAP || r->ecx < 20 ||
        (bios.carry_at_the_end && index >= bios.records)) {
        r->carry = 1;
        return;
    }
    r->eax = bios.fails_after && bios.calls > bios.fails_after ? 0 : SMAP;
    put(r->record, 0x100000ULL * (index + 1), 8);
    put(r->record + 8, 0x80000, 8);
    put(r->record + 16, 1, 4);
    if (bios.nbytes >= 24)
        put(r->record + 20, index == 0 ? bios.attributes : 1, 4);
    r->ecx = bios.nbytes;
    bool last = index + 1 == bios.records && !bios.carry_at_the_end;
    r->ebx = last && !bios.never_ends ? 0 : bios.never_ends ? 1 : index + 1;
    r->edx = 0xdeadbeef;
}

static void call(struct bios_registers *r)
{
    r->carry = 0;
    if (r->eax == 0xe820) {
        e820(r);
    } else if (r->eax == 0xe801 && !bios.no_e801) {
        r->eax = bios.in_cx_dx ? 0 : bios.kb_of_e801 ? bios.kb_of_e801 : 0x3c00;
        r->ebx = 0;
        r->ecx = bios.in_cx_dx ? 0x3c00 : 0;
        r->edx = bios.in_cx_dx ? 0x70 : 0;
        if (!bios.in_cx_dx)
            r->ebx = 0x70;
    } else if (r->eax == 0x8800 && !bios.no_88) {
        r->eax = bios.ax_of_88 ? bios.ax_of_88 & 0xffff : 0xfc00;
    } else {
        r->carry = 1;
    }
}

static void collect(void)
{
    bios.calls = 0;
    bios_map_collect(&shared->info, BOOT_MAP_LOADER, call);
}

CASE(bios_map, an_honest_bios)
{
    for (uint32_t nbytes = 20; nbytes <= 24; nbytes += 4) {
        bios = (struct fake_bios){.records = 6, .nbytes = nbytes, .attributes = 1};
        collect();
        CHECK_EQUAL(shared->info.source, BOOT_MAP_E820);
        CHECK_EQUAL(shared->info.nentries, 6);
        CHECK_EQUAL(shared->info.entries[5].base, 0x600000);
        CHECK_EQUAL(shared->info.entries[5].length, 0x80000);
    }
}

CASE(bios_map, ebx_zero_on_the_first_answer)
{
    bios = (struct fake_bios){.records = 1, .nbytes = 20};
    collect();
    CHECK_EQUAL(shared->info.source, BOOT_MAP_E820);
    CHECK_EQUAL(shared->info.nentries, 1);
}

CASE(bios_map, carry_at_the_end_instead_of_ebx_zero)
{
    bios = (struct fake_bios){.records = 4, .nbytes = 20, .carry_at_the_end = true};
    collect();
    CHECK_EQUAL(shared->info.source, BOOT_MAP_E820);
    CHECK_EQUAL(shared->info.nentries, 4);
}

CASE(bios_map, no_longer_smap_midway_discards_all)
{
    bios = (struct fake_bios){.records = 6, .nbytes = 20, .fails_after = 3};
    collect();
    CHECK_EQUAL(shared->info.source, BOOT_MAP_E801);
    CHECK_EQUAL(shared->info.nentries, 2);
    CHECK_EQUAL(shared->info.entries[0].length, 15u << 20);
    CHECK_EQUAL(shared->info.entries[1].length, 7u << 20);
}

CASE(bios_map, ebx_never_zero_is_bounded)
{
    bios = (struct fake_bios){.records = 6, .nbytes = 20, .never_ends = true};
    collect();
    CHECK_EQUAL(shared->info.source, BOOT_MAP_E820);
    CHECK(bios.calls <= 1024);
    CHECK_EQUAL(shared->info.nentries, BOOT_ENTRIES_MAX);
}

CASE(bios_map, attributes_are_honoured_if_any_is_set)
{
    bios = (struct fake_bios){.records = 3, .nbytes = 24, .attributes = 0};
    collect();
    CHECK_EQUAL(shared->info.nentries, 2);
    CHECK_EQUAL(shared->info.nentries_off, 1);
    bios = (struct fake_bios){.records = 1, .nbytes = 24, .attributes = 0};
    collect();
    CHECK_EQUAL(shared->info.nentries, 1);
    CHECK_EQUAL(shared->info.nentries_off, 0);
}

CASE(bios_map, answers_too_short_are_no_answers)
{
    bios = (struct fake_bios){.records = 3, .nbytes = 16};
    collect();
    CHECK_EQUAL(shared->info.source, BOOT_MAP_E801);
}

CASE(bios_map, e801_in_cx_and_dx)
{
    bios = (struct fake_bios){.no_e820 = true, .in_cx_dx = true};
    collect();
    CHECK_EQUAL(shared->info.source, BOOT_MAP_E801);
    CHECK_EQUAL(shared->info.entries[1].base, 16u << 20);
    CHECK_EQUAL(shared->info.entries[1].length, 7u << 20);
}

CASE(bios_map, the_oldest_call_and_none)
{
    bios = (struct fake_bios){.no_e820 = true, .no_e801 = true};
    collect();
    CHECK_EQUAL(shared->info.source, BOOT_MAP_88);
    CHECK_EQUAL(shared->info.entries[0].length, 63u << 20);
    bios.no_88 = true;
    collect();
    CHECK_EQUAL(shared->info.source, BOOT_MAP_NONE);
    CHECK_EQUAL(shared->info.nentries, 0);
}

CASE(bios_map, numbers_that_can_not_be)
{
    /* 16 MB below 16 MB; then AX = 0 (as 0x10000 here), and AX as it was asked with. */
    bios = (struct fake_bios){.no_e820 = true, .kb_of_e801 = 15 * 1024 + 1, .ax_of_88 = 0x10000};
    collect();
    CHECK_EQUAL(shared->info.source, BOOT_MAP_NONE);
    bios.ax_of_88 = 0x8800;
    collect();
    CHECK_EQUAL(shared->info.source, BOOT_MAP_NONE);
    bios.kb_of_e801 = 15 * 1024;
    collect();
    CHECK_EQUAL(shared->info.source, BOOT_MAP_E801);
}

CASE(bios_map, only_the_low_byte_of_ecx_counts)
{
    bios = (struct fake_bios){.records = 2, .nbytes = 0xabcd0014};
    collect();
    CHECK_EQUAL(shared->info.source, BOOT_MAP_E820);
    CHECK_EQUAL(shared->info.nentries, 2);
    CHECK_EQUAL(shared->info.entries[0].state, BOOT_ENTRY_PLAIN);
}

CASE(bios_map, newer_calls_can_be_left_out)
{
    bios = (struct fake_bios){.records = 6, .nbytes = 20};
    bios_map_collect(&shared->info, BOOT_MAP_E801, call);
    CHECK_EQUAL(shared->info.source, BOOT_MAP_E801);
    bios_map_collect(&shared->info, BOOT_MAP_88, call);
    CHECK_EQUAL(shared->info.source, BOOT_MAP_88);
    CHECK_EQUAL(bios.calls, 0);
}

CASE(bios_map, mem_upper_is_the_last_resort)
{
    boot_info_clear_entries(&shared->info);
    shared->info.mem_upper_kb = 0;
    boot_info_use_mem_upper(&shared->info);
    CHECK_EQUAL(shared->info.source, BOOT_MAP_NONE);
    shared->info.mem_upper_kb = 7 * 1024;
    boot_info_use_mem_upper(&shared->info);
    CHECK_EQUAL(shared->info.source, BOOT_MAP_MEM_UPPER);
    CHECK_EQUAL(shared->info.entries[0].base, 0x100000);
    CHECK_EQUAL(shared->info.entries[0].length, 7u << 20);
}
