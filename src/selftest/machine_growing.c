/* The growing heap that stands behind kmalloc, where one does, in the kernel's own directory. */
#include "case.h"
#include "cpu/probe.h"
#include "memory/growing/growing.h"
#include "memory/kheap/kheap.h"
#include "memory/kheap/kheap_look.h"
#include "memory/paging/paging.h"

enum { PAGES = 64, PAGE_WORDS = PAGE_SIZE / sizeof(uint32_t) };

#define NEEDS_GROWING SKIP_UNLESS(kheap_growing(), "kmalloc serves from the block heap")

static bool can_read(const void *address)
{
    uint32_t value;
    return probe_read((vaddr_t)address, &value);
}

/* Frames that were handed out twice, or page 0, would show each other's words. */
CASE(machine_growing, c1_c2_every_page_has_a_frame_of_its_own)
{
    NEEDS_GROWING;
    uint32_t *words = kmalloc(PAGES * PAGE_SIZE);
    SKIP_UNLESS(words != NULL, "too little memory");
    for (uint32_t i = 0; i < PAGES; i++)
        words[i * PAGE_WORDS] = 0x5a000000 + i;
    bool right = true;
    for (uint32_t i = 0; i < PAGES; i++) {
        paddr_t frame = 0;
        right = right && words[i * PAGE_WORDS] == 0x5a000000 + i &&
                !paging_get_physical_address(paging_kernel(), (vaddr_t)(words + i * PAGE_WORDS),
                                             &frame) &&
                heap_contains(kheap(), (void *)frame) &&
                kheap_owner_of(heap_block_of(kheap(), (void *)frame)) == OWNER_WINDOW;
    }
    kfree(words);
    CHECK(right);
}

CASE(machine_growing, c5_memory_that_is_freed_is_the_block_heaps_again)
{
    NEEDS_GROWING;
    size_t before = kheap_taken();
    uint8_t *pointer = kmalloc(PAGES * PAGE_SIZE);
    SKIP_UNLESS(pointer != NULL, "too little memory");
    size_t most = kheap_taken();
    bool readable = can_read(pointer + PAGES / 2 * PAGE_SIZE);
    kfree(pointer);
    if (kheap_watched())
        kheap_trim(); /* what it holds back */
    bool gone = !can_read(pointer + PAGES / 2 * PAGE_SIZE);
    kheap_trim();
    CHECK(most >= before + PAGES && readable && gone);
    CHECK_EQUAL(kheap_taken(), before);
}

/* A page that had one frame and now has another shows the other's contents. */
CASE(machine_growing, a_page_mapped_again_shows_its_new_frame)
{
    NEEDS_GROWING;
    uint32_t *first = kmalloc(8 * PAGE_SIZE);
    CHECK(first != NULL);
    vaddr_t middle = ((vaddr_t)first + 4 * PAGE_SIZE) & ~(PAGE_SIZE - 1);
    paddr_t was = 0, is = 0;
    *(volatile uint32_t *)middle = 0x11111111;
    int status = paging_get_physical_address(paging_kernel(), middle, &was);
    kfree(first);
    kheap_trim();
    void *others[64] = {NULL}; /* the frame among them: somebody else's now */
    for (size_t i = 0; i < 64 && (i == 0 || (paddr_t)others[i - 1] != was); i++)
        others[i] = kmalloc_for(OWNER_SHELL, PAGE_SIZE);
    uint32_t *again = kmalloc(8 * PAGE_SIZE);
    status = status ? status : paging_get_physical_address(paging_kernel(), middle, &is);
    if (!status)
        *(volatile uint32_t *)middle = 0x22222222;
    uint32_t through_frame = status ? 0 : *(volatile uint32_t *)is;
    bool same_place = again == first;
    kfree(again);
    for (size_t i = 0; i < 64; i++)
        kfree(others[i]);
    CHECK_EQUAL(status, 0);
    CHECK(same_place && was && is != was);
    CHECK_EQUAL(through_frame, 0x22222222);
}

CASE(machine_growing, p6_growth_shows_in_older_and_in_newer_directories)
{
    NEEDS_GROWING;
    struct paging_4gb_chunk *older = paging_new_4gb(PAGING_IS_PRESENT | PAGING_IS_WRITEABLE);
    uint32_t *words = kmalloc(PAGES * PAGE_SIZE);
    struct paging_4gb_chunk *newer = paging_new_4gb(PAGING_IS_PRESENT | PAGING_IS_WRITEABLE);
    bool ready = older && words && newer;
    uint32_t seen[2] = {0, 0};
    if (ready) {
        words[PAGES * PAGE_WORDS - 1] = 0x12345678;
        paging_switch(older);
        (void)!probe_read((vaddr_t)&words[PAGES * PAGE_WORDS - 1], &seen[0]);
        paging_switch(newer);
        (void)!probe_read((vaddr_t)&words[PAGES * PAGE_WORDS - 1], &seen[1]);
        paging_switch(paging_kernel());
    }
    kfree(words);
    bool freed = (!older || !paging_free_4gb(older)) && (!newer || !paging_free_4gb(newer));
    CHECK(ready && freed);
    CHECK_EQUAL(seen[0], 0x12345678);
    CHECK_EQUAL(seen[1], 0x12345678);
}

/* The line that is printed is looked at by tests/boot/growing.t. */
CASE(machine_growing, a_header_that_was_overwritten_is_refused_and_nothing_merged)
{
    NEEDS_GROWING;
    uint32_t *object = kmalloc(40), *behind = kmalloc(40);
    CHECK(object != NULL && behind != NULL);
    size_t refused = kheap_refused();
    uint32_t was = object[-3];
    object[-3] ^= 0x100;
    kfree(object);
    bool seen = kheap_refused() == refused + 1 && kheap_check() != NULL;
    const void *block = kheap_growing()->damage.block;
    object[-3] = was;
    CHECK(kheap_check() == NULL);
    kfree(behind);
    kfree(object);
    CHECK(seen && block == (void *)(object - 4));
    CHECK_EQUAL(kheap_refused(), refused + 1);
}

CASE(machine_growing, past_the_window_and_past_memory_there_is_nothing)
{
    NEEDS_GROWING;
    const struct window *window = kheap_growing()->window;
    size_t pages = window->pages, taken = kheap_taken();
    uint8_t *brk = window->brk;
    CHECK(kmalloc(window->nbytes) == NULL);
    CHECK(kmalloc(0x7ffffff0) == NULL && kmalloc(0x80000000) == NULL && kmalloc(SIZE_MAX) == NULL);
    size_t most = (kheap()->statistics.total - taken + 1) * PAGE_SIZE;
    CHECK(most > window->nbytes || kmalloc(most) == NULL);
    CHECK(window->brk == brk);
    CHECK_EQUAL(window->pages, pages);
    kheap_trim();
    CHECK_EQUAL(kheap_taken(), taken);
}
