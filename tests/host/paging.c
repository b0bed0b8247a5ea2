/*
 * Directories on a made-up machine: pages from an arena, flushes and loads written down, failures
 * on demand. 32-bit hosts only, where a pointer is a physical address.
 */
#include <stdint.h>

#if UINTPTR_MAX == 0xffffffff
#include "memory/paging/paging.h"

#include "case.h"
#include "lib/string.h"

enum { PAGES = 64, FLUSHES = 4096, EVER = 1 << 30 };

#define RW (PAGING_IS_PRESENT | PAGING_IS_WRITEABLE)

static uint8_t arena[PAGES][4096] __attribute__((aligned(4096)));
static uint32_t directory[1024] __attribute__((aligned(4096)));

static struct {
    bool taken[PAGES];
    int ntaken, left; /* LEFT pages may still be had */
    vaddr_t flushed[FLUSHES];
    size_t nflushed;
    paddr_t loaded;
    int nbroken;
} machine;

static void *get_page(void)
{
    if (machine.left-- <= 0)
        return NULL;
    for (size_t i = 0; i < PAGES; i++) {
        if (machine.taken[i])
            continue;
        machine.taken[i] = true;
        machine.ntaken++;
        for (size_t b = 0; b < 4096; b++)
            arena[i][b] = 0xa5; /* of anyone before */
        return arena[i];
    }
    return NULL;
}

static void put_page(void *page)
{
    size_t i = (size_t)((uint8_t(*)[4096])page - arena);
    machine.ntaken -= machine.taken[i];
    machine.taken[i] = false;
}

static void flush(vaddr_t page)
{
    if (machine.nflushed < FLUSHES)
        machine.flushed[machine.nflushed++] = page;
}

static void load(paddr_t loaded)
{
    machine.loaded = loaded;
}

static bool has_page(const void *page)
{
    size_t offset = (size_t)((const uint8_t *)page - arena[0]);
    return offset < sizeof arena && offset % 4096 == 0 && machine.taken[offset / 4096];
}

static void broken(const char *what)
{
    (void)what;
    machine.nbroken++;
}

/* A kernel directory as at boot: LARGE pages of 4 MB, or nothing mapped at all. */
static struct paging_4gb_chunk *begin(bool large)
{
    for (size_t i = 0; i < PAGES; i++)
        machine.taken[i] = false;
    machine.ntaken = 0;
    machine.left = EVER;
    machine.nflushed = 0;
    for (uint32_t slot = 0; slot < 1024; slot++)
        directory[slot] = large ? slot << 22 | RW | PAGING_IS_LARGE : 0;
    return paging_init(directory,
                       (struct paging_machine){get_page, put_page, flush, load, has_page, broken});
}

/* Whether PAGE was flushed since FIRST flushes had been made. */
static bool flushed(size_t first, vaddr_t page)
{
    for (size_t i = first; i < machine.nflushed; i++)
        if (machine.flushed[i] == page)
            return true;
    return false;
}

/* What VIRT is mapped to, or NOWHERE. */
#define NOWHERE 0xffffffffu
static paddr_t where(const struct paging_4gb_chunk *chunk, vaddr_t virt)
{
    paddr_t physical = NOWHERE;
    return paging_get_physical_address(chunk, virt, &physical) ? NOWHERE : physical;
}

CASE(paging, identity_of_4_gb)
{
    struct paging_4gb_chunk *kernel = begin(true);
    static const vaddr_t places[] = {0, 4095, 0x100000, 0x3fffff, 0x400000, 0x80000000, 0xfffffffe};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        CHECK_EQUAL(where(kernel, places[i]), places[i]);
}

CASE(paging, p1_a_directory_costs_two_pages)
{
    begin(true);
    struct paging_4gb_chunk *chunk = paging_new_4gb(RW | PAGING_ACCESS_FROM_ALL);
    CHECK(chunk != NULL);
    CHECK_EQUAL(machine.ntaken, 2);
    CHECK_EQUAL(where(chunk, 0xdeadbeef), 0xdeadbeef);
    CHECK_EQUAL(paging_map(chunk, 0x400000, 0x2000000, RW | PAGING_ACCESS_FROM_ALL), 0);
    CHECK_EQUAL(machine.ntaken, 3);
    CHECK_EQUAL(paging_free_4gb(chunk), 0);
    CHECK_EQUAL(machine.ntaken, 0);
}

CASE(paging, p2_failures_of_its_allocations_leave_nothing)
{
    begin(true);
    for (int left = 0; left < 2; left++) {
        machine.left = left;
        CHECK(paging_new_4gb(RW) == NULL);
        CHECK_EQUAL(machine.ntaken, 0);
    }
    machine.left = 2;
    CHECK(paging_new_4gb(RW) != NULL);
    CHECK(paging_new_4gb(0) == NULL);
    CHECK(paging_new_4gb(PAGING_IS_WRITEABLE) == NULL);
    CHECK(paging_new_4gb(RW | 0x1000) == NULL);
}

CASE(paging, p3_an_unmapped_address_is_not_page_0)
{
    struct paging_4gb_chunk *kernel = begin(true);
    paddr_t physical = 77;
    CHECK_EQUAL(paging_unmap(kernel, 0x5000), 0);
    CHECK_EQUAL(paging_get_physical_address(kernel, 0x5123, &physical), -EFAULT);
    CHECK_EQUAL(physical, 77);
    CHECK_EQUAL(where(kernel, 0x4fff), 0x4fff);
    CHECK_EQUAL(where(kernel, 0x6000), 0x6000);
    CHECK_EQUAL(paging_unmap(kernel, 0x5000), -EFAULT);
    kernel = begin(false);
    CHECK_EQUAL(paging_get_physical_address(kernel, 0, &physical), -EFAULT);
    CHECK_EQUAL(paging_unmap(kernel, 0), -EFAULT);
    CHECK_EQUAL(machine.ntaken, 0);
}

CASE(paging, p4_the_page_itself_is_flushed)
{
    struct paging_4gb_chunk *kernel = begin(true);
    CHECK_EQUAL(paging_map(kernel, 0x12345000, 0x2000000, RW), 0);
    CHECK(flushed(0, 0x12345000));
    CHECK(flushed(0, 0x12000000)); /* the directory's entry changed too: any page of its slot */
    size_t before = machine.nflushed;
    CHECK_EQUAL(paging_unmap(kernel, 0x12346000), 0);
    CHECK(flushed(before, 0x12346000));
    before = machine.nflushed;
    CHECK_EQUAL(paging_map_range(kernel, 0x12347000, 0x2000000, 3, RW), 0);
    CHECK(flushed(before, 0x12347000) && flushed(before, 0x12348000));
    CHECK(flushed(before, 0x12349000));
    /* The TLB can't hold what was absent, nor what is only in a directory that is not loaded. */
    before = machine.nflushed;
    CHECK_EQUAL(paging_map(kernel, 0x12346000, 0x2000000, RW), 0);
    struct paging_4gb_chunk *chunk = paging_new_4gb(RW);
    CHECK_EQUAL(paging_map(chunk, 0x400000, 0x2000000, RW), 0);
    CHECK_EQUAL(machine.nflushed, before);
    paging_switch(chunk);
    CHECK_EQUAL(machine.loaded, (uintptr_t)chunk->directory_entry);
    CHECK_EQUAL(paging_map(chunk, 0x400000, 0x3000000, RW), 0);
    CHECK(flushed(before, 0x400000));
    /* A slot of the loaded directory that becomes private: its old entry must be forgotten. */
    before = machine.nflushed;
    CHECK_EQUAL(paging_map(chunk, 0x800000, 0x3000000, RW), 0);
    CHECK(machine.nflushed > before);
    CHECK_EQUAL(paging_free_4gb(chunk), 0);
    CHECK_EQUAL(machine.loaded, (uintptr_t)directory);
}

/* Maps 5 slots' worth of pages with only LEFT tables to be had; nothing may change. */
static bool fails_without_a_trace(struct paging_4gb_chunk *chunk, int left)
{
    static uint32_t before[1024];
    int taken = machine.ntaken;
    for (size_t slot = 0; slot < 1024; slot++)
        before[slot] = chunk->directory_entry[slot];
    machine.left = left;
    int status = paging_map_range(chunk, 0x10000000 - 4096, 0x20000000, 4 * 1024 + 1, RW);
    machine.left = EVER;
    for (size_t slot = 0; slot < 1024; slot++)
        if (before[slot] != chunk->directory_entry[slot])
            return false;
    return status == -ENOMEM && machine.ntaken == taken;
}

CASE(paging, p5_a_failed_range_is_undone)
{
    for (int large = 0; large < 2; large++) {
        struct paging_4gb_chunk *kernel = begin(large);
        struct paging_4gb_chunk *chunk = paging_new_4gb(RW);
        for (int left = 0; left < 5; left++) {
            CHECK(fails_without_a_trace(kernel, left));
            CHECK(fails_without_a_trace(chunk, left));
        }
        /* With some of the tables there before. */
        CHECK_EQUAL(paging_map(kernel, 0x10400000, 0x20000000, RW), 0);
        machine.nflushed = 0;
        for (int left = 0; left < 4; left++)
            CHECK(fails_without_a_trace(kernel, left));
        CHECK_EQUAL(paging_map_range(chunk, 0x10000000 - 4096, 0x20000000, 4 * 1024 + 1, RW), 0);
        CHECK_EQUAL(where(chunk, 0x10000000 - 1), 0x20000fff);
        CHECK_EQUAL(where(chunk, 0x10000000), 0x20001000);
        CHECK_EQUAL(where(chunk, 0x10fff000), 0x21000000);
        CHECK_EQUAL(where(chunk, 0x11000000), large ? 0x11000000 : NOWHERE);
    }
}

CASE(paging, p5_bad_ranges_are_refused)
{
    struct paging_4gb_chunk *kernel = begin(true);
    CHECK_EQUAL(paging_map_range(kernel, 0x400000, 0x400000, 0, RW), -EINVARG);
    CHECK_EQUAL(paging_map_range(kernel, 0xfffff000, 0x400000, 2, RW), -EINVARG);
    CHECK_EQUAL(paging_map_range(kernel, 0x400000, 0xfffff000, 2, RW), -EINVARG);
    CHECK_EQUAL(paging_map_range(kernel, 0x1000, 0x400000, SIZE_MAX, RW), -EINVARG);
    CHECK_EQUAL(paging_map_range(kernel, 0x1000, 0, 0x100000, RW), -EINVARG);
    CHECK_EQUAL(paging_map(kernel, 0x400001, 0x400000, RW), -EINVARG);
    CHECK_EQUAL(paging_map(kernel, 0x400000, 0x400800, RW), -EINVARG);
    CHECK_EQUAL(paging_map(kernel, 0x400000, 0x400000, PAGING_IS_WRITEABLE), -EINVARG);
    CHECK_EQUAL(paging_map(kernel, 0x400000, 0x400000, RW | PAGING_IS_LARGE), -EINVARG);
    CHECK_EQUAL(paging_map(kernel, 0x400000, 0x400000, RW | 0x1000), -EINVARG);
    CHECK_EQUAL(paging_map(NULL, 0x400000, 0x400000, RW), -EINVARG);
    CHECK_EQUAL(paging_map_to(kernel, 0x400000, 0x400000, 0x400000, RW), -EINVARG);
    CHECK_EQUAL(paging_map_to(kernel, 0x400000, 0x400000, 0x3ff000, RW), -EINVARG);
    CHECK_EQUAL(paging_map_to(kernel, 0x400000, 0x400000, 0x401800, RW), -EINVARG);
    CHECK_EQUAL(paging_unmap(kernel, 0x400004), -EINVARG);
    CHECK_EQUAL(paging_unmap(NULL, 0x400000), -EINVARG);
    CHECK_EQUAL(machine.ntaken, 0);
    CHECK_EQUAL(paging_map(kernel, 0xfffff000, 0x400000, RW), 0);
    CHECK_EQUAL(where(kernel, 0xffffffff), 0x400fff);
}

CASE(paging, p6_changes_of_the_kernels_reach_older_directories)
{
    struct paging_4gb_chunk *kernel = begin(true);
    struct paging_4gb_chunk *older = paging_new_4gb(RW), *with_table = paging_new_4gb(RW);
    CHECK_EQUAL(paging_map(with_table, 0x30005000, 0x1000, RW), 0);
    CHECK_EQUAL(paging_map(with_table, 0x30006000, 0x2000, RW), 0);
    CHECK_EQUAL(paging_unmap(with_table, 0x30006000), 0);
    /* The kernel splits a large page that older shares and with_table has a copy of. */
    CHECK_EQUAL(paging_map(kernel, 0x30004000, 0x7000, PAGING_IS_PRESENT), 0);
    CHECK_EQUAL(paging_unmap(kernel, 0x30007000), 0);
    CHECK_EQUAL(paging_map(kernel, 0x30005000, 0x8000, RW), 0);
    CHECK_EQUAL(paging_map(kernel, 0x30006000, 0x9000, RW), 0);
    struct paging_4gb_chunk *newer = paging_new_4gb(RW);
    struct paging_4gb_chunk *const all[] = {kernel, older, with_table, newer};
    for (size_t i = 0; i < 4; i++) {
        CHECK_EQUAL(where(all[i], 0x30004000), 0x7000);
        CHECK(!(paging_walk(all[i], 0x30004000).flags & PAGING_IS_WRITEABLE));
        CHECK_EQUAL(where(all[i], 0x30007000), NOWHERE);
        CHECK_EQUAL(where(all[i], 0x30008000), 0x30008000);
        CHECK_EQUAL(where(all[i], 0x30005000), i == 2 ? 0x1000 : 0x8000);
        CHECK_EQUAL(where(all[i], 0x30006000), i == 2 ? NOWHERE : 0x9000);
    }
    CHECK_EQUAL(paging_free_4gb(older), 0);
    CHECK_EQUAL(paging_free_4gb(with_table), 0);
    CHECK_EQUAL(paging_free_4gb(newer), 0);
    CHECK_EQUAL(paging_free_4gb(newer), -EINVARG);
    CHECK_EQUAL(paging_free_4gb(kernel), -EINVARG);
    CHECK_EQUAL(paging_free_4gb(NULL), -EINVARG);
    CHECK_EQUAL(machine.ntaken, 1);
}

CASE(paging, reserved_tables_are_empty_and_shared_by_all)
{
    struct paging_4gb_chunk *kernel = begin(true), *older = paging_new_4gb(RW);
    for (int left = 0; left < 3; left++) {
        machine.left = left;
        CHECK_EQUAL(paging_reserve(0xd0000000, 3), -ENOMEM);
        CHECK_EQUAL(machine.ntaken, 2);
        CHECK_EQUAL(where(kernel, 0xd0400123), 0xd0400123); /* as it was */
    }
    machine.left = EVER;
    machine.loaded = 0;
    CHECK_EQUAL(paging_reserve(0xd0000000, 3), 0);
    CHECK_EQUAL(machine.ntaken, 5);
    CHECK_EQUAL(machine.loaded, (uintptr_t)directory); /* once more: the whole TLB is forgotten */
    struct paging_4gb_chunk *newer = paging_new_4gb(RW), *all[] = {kernel, older, newer};
    for (size_t i = 0; i < 3; i++)
        for (vaddr_t virt = 0xd0000000; virt < 0xd0c00000; virt += 0x1000)
            CHECK_EQUAL(where(all[i], virt), NOWHERE);
    machine.left = 0; /* mapping there needs no memory */
    CHECK_EQUAL(paging_map(kernel, 0xd0800000, 0x2000000, RW), 0);
    paging_map_reserved(0xd03ff000, 0x3000000, 3, 0);
    for (size_t i = 0; i < 3; i++) {
        CHECK_EQUAL(where(all[i], 0xd0800fff), 0x2000fff);
        CHECK_EQUAL(where(all[i], 0xd03fefff), NOWHERE);
        CHECK_EQUAL(where(all[i], 0xd03ff001), 0x3000001);
        CHECK_EQUAL(where(all[i], 0xd0401002), 0x3002002);
        CHECK_EQUAL(where(all[i], 0xd0402000), NOWHERE);
        CHECK_EQUAL(where(all[i], 0xcffff000), 0xcffff000);
        CHECK_EQUAL(where(all[i], 0xd0c00000), 0xd0c00000);
    }
    machine.nflushed = 0;
    CHECK_EQUAL(paging_unmap_reserved(0xd0400000), 0x3001000);
    CHECK(flushed(0, 0xd0400000));
    CHECK_EQUAL(where(older, 0xd0400000), NOWHERE);
    CHECK_EQUAL(where(older, 0xd0401000), 0x3002000);
    /* Nobody has pages of his own there, and nobody gets tables twice. */
    machine.left = EVER;
    CHECK_EQUAL(paging_map(older, 0xd0402000, 0x2000000, RW), -EINVARG);
    CHECK_EQUAL(paging_map_range(older, 0xcffff000, 0x2000000, 2, RW), -EINVARG);
    CHECK_EQUAL(paging_unmap(older, 0xd0401000), -EINVARG);
    CHECK_EQUAL(paging_reserve(0xd0800000, 2), -EINVARG);
    CHECK_EQUAL(paging_map(older, 0xe0000000, 0x2000000, RW), 0);
    CHECK_EQUAL(paging_reserve(0xe0000000, 1), -EINVARG);
    CHECK_EQUAL(paging_reserve(0xd0001000, 1), -EINVARG);
    CHECK_EQUAL(paging_reserve(0xd0000000, 0), -EINVARG);
    CHECK_EQUAL(paging_reserve(0xffc00000, 2), -EINVARG);
}

CASE(paging, what_is_private_stays_private)
{
    struct paging_4gb_chunk *kernel = begin(true);
    struct paging_4gb_chunk *a = paging_new_4gb(RW | PAGING_ACCESS_FROM_ALL);
    struct paging_4gb_chunk *b = paging_new_4gb(RW);
    CHECK_EQUAL(paging_map(a, 0x400000, 0x2000000, RW | PAGING_ACCESS_FROM_ALL), 0);
    CHECK_EQUAL(where(a, 0x400000), 0x2000000);
    CHECK_EQUAL(where(b, 0x400000), 0x400000);
    CHECK_EQUAL(where(kernel, 0x400000), 0x400000);
    CHECK_EQUAL(paging_unmap(a, 0x400000), 0);
    CHECK_EQUAL(where(a, 0x400000), NOWHERE);
    CHECK_EQUAL(where(b, 0x400000), 0x400000);
}

CASE(paging, s1_ring_3_sees_only_what_was_made_for_it)
{
    struct paging_4gb_chunk *kernel = begin(true);
    struct paging_4gb_chunk *user = paging_new_4gb(RW | PAGING_ACCESS_FROM_ALL);
    struct paging_4gb_chunk *not_user = paging_new_4gb(RW);
    CHECK_EQUAL(paging_map(kernel, 0x400000, 0x400000, RW | PAGING_ACCESS_FROM_ALL), -EINVARG);
    CHECK_EQUAL(paging_map(not_user, 0x400000, 0x400000, RW | PAGING_ACCESS_FROM_ALL), -EINVARG);
    CHECK_EQUAL(paging_map(user, 0x400000, 0x2000000, RW | PAGING_ACCESS_FROM_ALL), 0);
    for (uint32_t page = 0; page < PAGES_IN_4GB; page += page < 4096 ? 1 : 1024) {
        bool open = (paging_walk(user, page << 12).flags & PAGING_ACCESS_FROM_ALL) != 0;
        CHECK_EQUAL(open, page == 0x400);
    }
}

CASE(paging, splitting_keeps_what_the_page_was)
{
    struct paging_4gb_chunk *kernel = begin(true);
    uint32_t device = RW | PAGING_CACHE_DISABLED | PAGING_WRITE_THROUGH;
    directory[5] = 5u << 22 | device | PAGING_IS_LARGE;
    struct paging_4gb_chunk *chunk = paging_new_4gb(RW);
    CHECK_EQUAL(paging_map(chunk, 0x1400000, 0x2000000, RW), 0);
    CHECK_EQUAL(paging_map(kernel, 0x1400000, 0x2000000, RW), 0);
    CHECK_EQUAL(paging_walk(chunk, 0x1401000).flags, device);
    CHECK_EQUAL(paging_walk(kernel, 0x1401000).flags, device);
    CHECK(!paging_walk(kernel, 0x1401000).large);
    CHECK(paging_walk(kernel, 0x1800000).large);
    /* A directory's entry that forbids is not overruled by its table's. */
    directory[5] &= ~PAGING_IS_WRITEABLE;
    CHECK(!(paging_walk(kernel, 0x1401000).flags & PAGING_IS_WRITEABLE));
    CHECK(!(chunk->directory_entry[5] & PAGING_ACCESS_FROM_ALL));
}

/* Pages above 4 GB: 40 bits of address in a directory's entry; and they stay whole. */
CASE(paging, pages_above_4_gb_stay_whole)
{
    struct paging_4gb_chunk *kernel = begin(true), *chunk = paging_new_4gb(RW);
    uint32_t flags = RW | PAGING_WRITE_THROUGH;
    CHECK_EQUAL(paging_map_far(0xe0000000, 0x8a40c00000, 2, flags), 0);
    for (int i = 0; i < 2; i++) {
        /* Worked out by hand: bits 32 to 39, 0x8a, stand from bit 13 on. */
        uint32_t wanted = (i ? 0x41000000 : 0x40c00000) | 0x8a << 13 | 0x80 | flags;
        CHECK_EQUAL(directory[0x380 + i], wanted);
        CHECK_EQUAL(chunk->directory_entry[0x380 + i], wanted);
    }
    struct paging_walk walk = paging_walk(kernel, 0xe0412345);
    CHECK(walk.mapped && walk.large);
    CHECK_EQUAL(walk.far, 0x8a);
    CHECK_EQUAL(walk.physical, 0x41012345);
    CHECK_EQUAL(where(kernel, 0xe0412345), NOWHERE);
    CHECK(paging_check() == NULL);
    CHECK_EQUAL(paging_map(kernel, 0xe0001000, 0x1000, RW), -EINVARG);
    CHECK_EQUAL(paging_map(chunk, 0xe0001000, 0x1000, RW), -EINVARG);
    CHECK_EQUAL(paging_unmap(kernel, 0xe0001000), -EINVARG);
    CHECK_EQUAL(paging_map_range(kernel, 0xdffff000, 0x1000, 2, RW), -EINVARG);
    CHECK_EQUAL(paging_reserve(0xe0400000, 1), -EINVARG);
    CHECK_EQUAL(paging_unmap(kernel, 0xdfc00000), 0);
    /* Where it can't be. */
    CHECK_EQUAL(paging_map_far(0xdfc00000, 1ull << 32, 1, flags), -EINVARG); /* a table */
    CHECK_EQUAL(paging_map_far(0xdf800000, 1ull << 32, 2, flags), -EINVARG);
    CHECK_EQUAL(paging_map_far(0xe1001000, 1ull << 32, 1, flags), -EINVARG);
    CHECK_EQUAL(paging_map_far(0xe1000000, (1ull << 32) + 4096, 1, flags), -EINVARG);
    CHECK_EQUAL(paging_map_far(0xe1000000, 1ull << 40, 1, flags), -EINVARG);
    CHECK_EQUAL(paging_map_far(0xe1000000, (1ull << 40) - (4 << 20), 2, flags), -EINVARG);
    CHECK_EQUAL(paging_map_far(0xffc00000, 1ull << 32, 2, flags), -EINVARG);
    CHECK_EQUAL(paging_map_far(0xe1000000, 1ull << 32, 0, flags), -EINVARG);
    CHECK_EQUAL(paging_map_far(0xe1000000, 1ull << 32, 1, 0), -EINVARG);
    CHECK_EQUAL(paging_map(chunk, 0xe1001000, 0x5000, RW), 0);
    CHECK_EQUAL(paging_map_far(0xe1000000, 1ull << 32, 1, flags), -EINVARG); /* private */
    CHECK_EQUAL(paging_map_far(0xe0000000, 1ull << 32, 1, flags), -EINVARG); /* far already */
    CHECK(!paging_can_reserve(0xe0400000, 1) && paging_can_reserve(0xe0800000, 1));
    CHECK_EQUAL(directory[0x384], 0x384u << 22 | RW | 0x80);
    CHECK_EQUAL(paging_map_far(0xffc00000, (1ull << 40) - (4 << 20), 1, flags), 0);
    CHECK(paging_check() == NULL);
}

CASE(paging, aligning)
{
    uint32_t aligned = 77;
    CHECK(paging_is_aligned(0) && paging_is_aligned(0xfffff000) && !paging_is_aligned(0x1800));
    CHECK_EQUAL(paging_align_to_lower_page(0xffffffff), 0xfffff000);
    CHECK_EQUAL(paging_align_address(0, &aligned), 0);
    CHECK_EQUAL(aligned, 0);
    CHECK_EQUAL(paging_align_address(0x1001, &aligned), 0);
    CHECK_EQUAL(aligned, 0x2000);
    CHECK_EQUAL(paging_align_address(0xfffff000, &aligned), 0);
    CHECK_EQUAL(aligned, 0xfffff000);
    CHECK_EQUAL(paging_align_address(0xfffff001, &aligned), -EINVARG);
    CHECK_EQUAL(aligned, 0xfffff000);
}

/* Whether the check sees BIT of WORD flipped, and nothing before and afterwards. */
static bool flip_is_seen(uint32_t *word, int bit)
{
    bool seen = !paging_check();
    *word ^= 1u << bit;
    seen = seen && paging_check();
    *word ^= 1u << bit;
    return seen && !paging_check();
}

CASE(paging, the_check_follows_every_change)
{
    for (int large = 0; large < 2; large++) {
        struct paging_4gb_chunk *kernel = begin(large);
        CHECK_HOLDS(paging_check());
        struct paging_4gb_chunk *one = paging_new_4gb(RW | PAGING_ACCESS_FROM_ALL);
        CHECK_EQUAL(paging_map(one, 0x400000, 0x2000000, RW | PAGING_ACCESS_FROM_ALL), 0);
        CHECK_EQUAL(paging_map_range(kernel, 0x3fe000, 0x5000000, 4, RW), 0);
        CHECK_HOLDS(paging_check());
        CHECK_EQUAL(paging_unmap(kernel, 0x3ff000), 0);
        CHECK_EQUAL(paging_unmap(one, 0x400000), 0);
        CHECK_EQUAL(paging_reserve(0x800000, 2), 0);
        CHECK_HOLDS(paging_check());
        paging_map_reserved(0xbfe000, 0x6000000, 3, 0);
        CHECK_HOLDS(paging_check());
        CHECK_EQUAL(paging_unmap_reserved(0xbff000), 0x6001000);
        CHECK_HOLDS(paging_check());
        machine.left = 1; /* for the first of two tables */
        CHECK_EQUAL(paging_map_range(kernel, 0x20000000 - 0x1000, 0, 2, RW), -ENOMEM);
        CHECK_HOLDS(paging_check());
        machine.left = EVER;
        /* What the processor sets. */
        directory[1] |= 0x60;
        ((uint32_t *)(uintptr_t)(directory[2] & ~4095u))[1023] |= 0x60;
        CHECK_HOLDS(paging_check());
        CHECK_EQUAL(paging_map(kernel, 0x401000, 0x7000000, RW), 0);
        paging_unmap_reserved(0xbfe000);
        CHECK_HOLDS(paging_check());
        CHECK_EQUAL(paging_free_4gb(one), 0);
        CHECK_HOLDS(paging_check());
    }
}

CASE(paging, the_check_sees_every_flip)
{
    struct paging_4gb_chunk *kernel = begin(true);
    struct paging_4gb_chunk *one = paging_new_4gb(RW | PAGING_ACCESS_FROM_ALL);
    struct paging_4gb_chunk *other = paging_new_4gb(RW);
    CHECK_EQUAL(paging_unmap(kernel, 0x5000), 0);
    CHECK_EQUAL(paging_map(one, 0x6000, 0x2000000, RW | PAGING_ACCESS_FROM_ALL), 0);
    CHECK_EQUAL(paging_map(other, 0x800000, 0x2000000, RW), 0);
    uint32_t *table = (uint32_t *)(uintptr_t)(directory[0] & ~4095u);
    uint32_t *own = (uint32_t *)(uintptr_t)(one->directory_entry[0] & ~4095u);
    for (int bit = 0; bit < 32; bit++) {
        bool counts = bit != 5 && bit != 6;
        CHECK_EQUAL(flip_is_seen(&directory[0], bit), counts);
        CHECK_EQUAL(flip_is_seen(&directory[1023], bit), counts);
        CHECK_EQUAL(flip_is_seen(&table[5], bit), counts);
        CHECK_EQUAL(flip_is_seen(&table[1023], bit), counts);
        CHECK_EQUAL(flip_is_seen(&one->directory_entry[7], bit), counts);
        CHECK_EQUAL(flip_is_seen(&other->directory_entry[0], bit), counts);
        CHECK_EQUAL(flip_is_seen(&one->directory_entry[0], bit), counts);
        if (bit != 9) /* then it is one of its own */
            CHECK_EQUAL(flip_is_seen(&own[7], bit), counts);
    }
    for (int bit = 0; bit < 32; bit++) {
        CHECK(flip_is_seen((uint32_t *)(void *)&one->next, bit));
        CHECK(flip_is_seen((uint32_t *)(void *)&other->next, bit));
        CHECK(flip_is_seen((uint32_t *)(void *)&one->self, bit));
    }
    /* A page of its own has the flags of a mapping, and no others. */
    CHECK(flip_is_seen(&own[6], 0) && flip_is_seen(&own[6], 7) && flip_is_seen(&own[6], 8));
}

CASE(paging, what_is_no_directory_is_not_loaded)
{
    static struct paging_4gb_chunk none;
    struct paging_4gb_chunk *kernel = begin(true);
    struct paging_4gb_chunk *chunk = paging_new_4gb(RW);
    machine.nbroken = 0;
    paging_switch(chunk);
    CHECK_EQUAL(machine.nbroken, 0);
    paging_switch(&none);
    CHECK_EQUAL(machine.nbroken, 1);
    CHECK_EQUAL(machine.loaded, (uintptr_t)chunk->directory_entry);
    CHECK_EQUAL(paging_free_4gb(chunk), 0);
    paging_switch(chunk);
    CHECK_EQUAL(machine.nbroken, 2);
    CHECK(paging_current() == kernel);
}
#else
typedef int no_paging_here;
#endif
