/* The directory that is loaded, and the processor's view of it. */
#include "case.h"
#include "cpu/cpu.h"
#include "cpu/probe.h"
#include "lib/print.h"
#include "memory/kheap/kheap.h"
#include "memory/kheap/kheap_look.h"
#include "memory/layout.h"
#include "memory/paging/paging.h"

#define RW (PAGING_IS_PRESENT | PAGING_IS_WRITEABLE)

/* Where a directory gets a page of its own here: nothing of the kernel's lies in page 0, tables of
 * the kernel's least of all, which would be out of sight while that directory is loaded. */
#define VIRT 0u

static bool can_read(vaddr_t address)
{
    uint32_t value;
    return probe_read(address, &value);
}

CASE(machine_paging, paging_and_write_protection_are_on)
{
    CHECK(cpu_cr0() & CR0_PAGING);
    CHECK(cpu_cr0() & CR0_WRITE_PROTECT);
    CHECK_EQUAL(cpu_cr3(), (uint32_t)paging_current()->directory_entry);
}

CASE(machine_paging, page_0_is_absent)
{
    CHECK(!can_read(0) && !can_read(4092));
    CHECK(!probe_write(0, 1));
    CHECK(can_read(4096));
}

CASE(machine_paging, the_stack_is_guarded)
{
    CHECK(!can_read((vaddr_t)kernel_stack_guard));
    CHECK(!probe_write((vaddr_t)kernel_stack - 4, 1));
    CHECK(can_read((vaddr_t)kernel_stack));
}

CASE(machine_paging, text_and_constants_are_read_only)
{
    const vaddr_t places[] = {(vaddr_t)kernel_start, (vaddr_t)kernel_text_end - 4,
                              (vaddr_t)kernel_text_end, (vaddr_t)kernel_rodata_end - 4};
    for (size_t i = 0; i < 4; i++) {
        uint32_t before, after;
        CHECK(probe_read(places[i], &before));
        CHECK(!probe_write(places[i], ~before));
        CHECK(probe_read(places[i], &after) && after == before);
    }
    uint32_t variable = 1;
    CHECK(probe_write((vaddr_t)&variable, 2) && variable == 2);
}

CASE(machine_paging, p1_a_directory_costs_at_most_four_blocks)
{
    kheap_trim();
    size_t before = kheap_taken();
    struct paging_4gb_chunk *chunk = paging_new_4gb(RW | PAGING_ACCESS_FROM_ALL);
    size_t cost = kheap_taken() - before;
    CHECK(chunk != NULL);
    CHECK_EQUAL(paging_free_4gb(chunk), 0);
    kprintf("# a directory costs %zu blocks\n", cost);
    CHECK(cost <= 4);
    kheap_trim();
    CHECK_EQUAL(kheap_taken(), before);
}

/* Everything this needs, allocated; the case below stays readable. */
struct frames {
    uint32_t *a, *b;
    struct paging_4gb_chunk *chunk;
};

static bool take_frames(struct frames *frames)
{
    frames->a = kmalloc_for(OWNER_SHELL, 4096);
    frames->b = kmalloc_for(OWNER_SHELL, 4096);
    frames->chunk = paging_new_4gb(RW);
    if (!frames->a || !frames->b || !frames->chunk)
        return false;
    *frames->a = 0xaaaaaaaa;
    *frames->b = 0xbbbbbbbb;
    return true;
}

static bool give_back(struct frames *frames)
{
    int status = paging_free_4gb(frames->chunk);
    kfree(frames->a);
    kfree(frames->b);
    return status == 0;
}

static uint32_t value_at(vaddr_t address)
{
    uint32_t value = 0;
    return probe_read(address, &value) ? value : 0;
}

CASE(machine_paging, p4_a_page_mapped_elsewhere_shows_the_new_frame)
{
    struct frames frames;
    CHECK(take_frames(&frames));
    paging_switch(frames.chunk);
    bool mapped = !paging_map(frames.chunk, VIRT, (paddr_t)frames.a, RW);
    uint32_t first = value_at(VIRT);
    mapped = mapped && !paging_map(frames.chunk, VIRT, (paddr_t)frames.b, RW);
    uint32_t second = value_at(VIRT);
    mapped = mapped && !paging_map(frames.chunk, VIRT, (paddr_t)frames.b, PAGING_IS_PRESENT);
    bool writable = probe_write(VIRT, 1);
    mapped = mapped && !paging_unmap(frames.chunk, VIRT);
    bool readable = can_read(VIRT);
    CHECK(give_back(&frames));
    CHECK(mapped);
    CHECK_EQUAL(first, 0xaaaaaaaa);
    CHECK_EQUAL(second, 0xbbbbbbbb);
    CHECK(!writable && !readable);
}

CASE(machine_paging, p6_the_kernels_changes_show_in_older_directories)
{
    struct frames frames;
    vaddr_t guard = (vaddr_t)kernel_stack_guard;
    CHECK(take_frames(&frames));
    /* A table of its own in the slot of the kernel's image, as every process has for its stack. */
    bool mapped = !paging_map(frames.chunk, VIRT, (paddr_t)frames.a, RW);
    mapped = mapped && !paging_map(paging_kernel(), guard, (paddr_t)frames.b, RW);
    paging_switch(frames.chunk);
    uint32_t own = value_at(VIRT), shared = value_at(guard);
    mapped = mapped && !paging_unmap(paging_kernel(), guard);
    bool readable = can_read(guard);
    paging_switch(paging_kernel());
    CHECK(give_back(&frames));
    CHECK(mapped);
    CHECK_EQUAL(own, 0xaaaaaaaa);
    CHECK_EQUAL(shared, 0xbbbbbbbb);
    CHECK(!readable);
}

CASE(machine_paging, p2_directories_until_memory_is_gone)
{
    /* All memory but one run of 16 blocks is taken first, piece by piece. */
    static void *pieces[64];
    void *left = kmalloc_for(OWNER_SHELL, 16 * 4096);
    size_t npieces = 0;
    while (npieces < 64 && heap_largest_free(kheap()) > 0) {
        pieces[npieces] = kmalloc_for(OWNER_SHELL, heap_largest_free(kheap()) * 4096);
        npieces++;
    }
    kfree(left);
    struct paging_4gb_chunk *last = NULL, *chunk = NULL;
    size_t count = 0;
    while (count < 64 && (chunk = paging_new_4gb(RW)) != NULL) {
        paging_switch(chunk);
        paging_switch(paging_kernel());
        count++;
        last = chunk;
    }
    /* The list is the kernel's own; each is freed through it, newest first. */
    bool freed = true, ran_out = chunk == NULL;
    for (size_t i = 0; i < count; i++) {
        chunk = last->next;
        freed = freed && !paging_free_4gb(last);
        last = chunk;
    }
    while (npieces-- > 0)
        kfree(pieces[npieces]);
    CHECK(freed && ran_out);
    CHECK_EQUAL(count, 8);
}
