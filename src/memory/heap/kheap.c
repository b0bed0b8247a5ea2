/*
 * Policy over heap.c: where the heap lies, what each block is for, what is said about misuse.
 *
 * Invariant: the tag of a block is OWNER_FREE exactly where its table entry is free; all blocks of
 * an allocation carry the same tag.
 */
#include "memory/heap/kheap.h"

#include "cpu/cpu.h"
#include "cpu/panic.h"
#include "lib/checked.h"
#include "lib/format.h"
#include "lib/print.h"
#include "lib/symbols.h"
#include "memory/layout.h"
#include "memory/memory.h"

enum {
    BLOCKS_LEAST = 64, /* what the kernel needs to boot and to answer: 256 KB */
    BYTES_A_BLOCK = 2  /* table and tags */
};

_Static_assert(HEAP_BLOCK_SIZE == PAGE_SIZE, "blocks are handed out as pages");

static struct {
    struct heap heap;
    struct heap_table table;
    uint8_t *owners; /* enum heap_owner, one a block */
    bool panics;
} state;

/* Where the heap will lie, in pages. */
struct plan {
    page_t first, end;
    page_t table, table_pages;
};

static page_t least(page_t a, page_t b)
{
    return a < b ? a : b;
}

/*
 * The default start, unless most of the memory lies below it: then the lowest page that is usable,
 * so that a small machine boots.
 */
static page_t choose_start(const struct memory_map *map, page_t top)
{
    page_t wanted = page_of(LAYOUT_HEAP);
    page_t above = memory_map_count(map, MEMORY_USABLE, wanted, top);
    page_t below = memory_map_count(map, MEMORY_USABLE, 0, wanted);
    if (above >= below)
        return wanted;
    page_t lowest;
    return memory_map_find(map, 1, 0, top, &lowest) ? lowest : wanted;
}

/* Room for the table where every directory maps it as it is; else at the heap's own start. */
static bool place_table(const struct memory_map *map, struct plan *plan)
{
    return memory_map_find(map, plan->table_pages, 0, page_of(LAYOUT_USER_STACK), &plan->table) ||
           memory_map_find(map, plan->table_pages, plan->first, plan->end, &plan->table);
}

static page_t table_pages_for(page_t nblocks)
{
    return (page_t)units_to_hold((size_t)nblocks * BYTES_A_BLOCK, PAGE_SIZE);
}

static struct plan make_plan(const struct memory_map *map, size_t nbytes_most)
{
    struct plan plan = {.end = memory_map_top(map, page_of(LAYOUT_GROWING_WINDOW))};
    plan.first = choose_start(map, plan.end);
    if (nbytes_most && plan.end > plan.first)
        plan.end = plan.first + least(plan.end - plan.first, page_of((uint32_t)nbytes_most));
    page_t nblocks = plan.end > plan.first ? plan.end - plan.first : 0;
    plan.table_pages = table_pages_for(nblocks);
    page_t usable = memory_map_count(map, MEMORY_USABLE, plan.first, plan.end);
    if (usable < BLOCKS_LEAST + plan.table_pages || !place_table(map, &plan))
        panic("too little memory: the heap needs %u K of usable RAM below %u MB; there are %u K",
              (BLOCKS_LEAST + plan.table_pages) * 4, LAYOUT_GROWING_WINDOW >> 20, usable * 4);
    /* The heap never serves its own table: a table inside the span is where the span begins. */
    if (plan.table >= plan.first && plan.table < plan.end)
        plan.first = plan.table + plan.table_pages;
    return plan;
}

/* Takes for good what is not RAM, or holds something: every range of MAP that is not usable. */
static void take_holes(const struct memory_map *map, const struct plan *plan)
{
    for (size_t i = 0; i < map->nranges; i++) {
        const struct memory_range *range = &map->ranges[i];
        page_t from = range->first > plan->first ? range->first : plan->first;
        page_t to = least(range->end, plan->end);
        if (range->kind == MEMORY_USABLE || from >= to)
            continue;
        block_t first = from - plan->first, end = to - plan->first;
        if (heap_take(&state.heap, first, end))
            panic("heap: can't take the hole 0x%08x", page_address(from));
        memset(state.owners + first, OWNER_HOLE, end - first);
    }
}

void kheap_init(struct memory_map *map, size_t nbytes_most)
{
    struct plan plan = make_plan(map, nbytes_most);
    if (memory_map_claim(map, page_address(plan.table), (uint64_t)plan.table_pages << PAGE_SHIFT,
                         MEMORY_TABLES))
        panic("heap: no room in the memory map to claim the table");
    memory_map_settle(map);

    page_t nblocks = plan.end - plan.first;
    uint8_t *table = (uint8_t *)page_address(plan.table);
    state.table = (struct heap_table){.entries = table, .total = nblocks};
    state.owners = table + nblocks;
    memset(state.owners, OWNER_FREE, nblocks);
    int status = heap_create(&state.heap, (void *)page_address(plan.first),
                             (void *)page_address(plan.end), &state.table);
    if (status)
        panic("heap: 0x%08x-0x%08x with its table at %p was refused (%d)", page_address(plan.first),
              page_address(plan.end), (void *)table, status);
    take_holes(map, &plan);
    kprintf("heap: 0x%08x-0x%08x %u blocks, table 0x%08x\n", page_address(plan.first),
            page_address(plan.end), nblocks, page_address(plan.table));
}

void kheap_panic_on_misuse(bool panics)
{
    state.panics = panics;
}

void *kmalloc_for(enum heap_owner owner, size_t nbytes)
{
    uint32_t flags = cpu_save_flags();
    void *pointer = heap_malloc(&state.heap, nbytes);
    if (pointer)
        memset(state.owners + heap_block_of(&state.heap, pointer), owner,
               units_to_hold(nbytes, HEAP_BLOCK_SIZE));
    cpu_restore_flags(flags);
    return pointer;
}

void *kzalloc_for(enum heap_owner owner, size_t nbytes)
{
    void *pointer = kmalloc_for(owner, nbytes);
    /* Whole blocks: what lies behind NBYTES may be mapped for a program one day. */
    if (pointer)
        memset(pointer, 0, units_to_hold(nbytes, HEAP_BLOCK_SIZE) * HEAP_BLOCK_SIZE);
    return pointer;
}

void *kmalloc(size_t nbytes)
{
    return kmalloc_for(OWNER_KERNEL, nbytes);
}

void *kzalloc(size_t nbytes)
{
    return kzalloc_for(OWNER_KERNEL, nbytes);
}

static void report(const void *pointer, int refusal, uint32_t caller)
{
    char block[48] = "";
    if (heap_contains(&state.heap, pointer)) {
        block_t index = heap_block_of(&state.heap, pointer);
        format_text(block, sizeof block, ", block %zu, byte 0x%02x", index,
                    state.table.entries[index]);
    }
    uint32_t offset = 0;
    const char *name = symbols_find(&symbols_kernel, caller, &offset);
    print_style(PRINT_BAD);
    kprintf("heap: kfree(%p) refused: %s%s, called from %s+0x%x\n", pointer,
            heap_refusal_text(refusal), block, name ? name : "?", offset);
    print_style(PRINT_PLAIN);
}

void kfree(void *pointer)
{
    if (!pointer)
        return;
    uint32_t flags = cpu_save_flags();
    int refusal;
    size_t nblocks = heap_allocation_blocks(&state.heap, pointer, &refusal);
    block_t first = nblocks ? heap_block_of(&state.heap, pointer) : 0;
    if (nblocks && state.owners[first] == OWNER_HOLE) {
        refusal = HEAP_RESERVED;
        state.heap.statistics.refused++;
    } else {
        refusal = heap_free(&state.heap, pointer);
        if (!refusal)
            memset(state.owners + first, OWNER_FREE, nblocks);
    }
    cpu_restore_flags(flags);
    if (!refusal)
        return;
    report(pointer, refusal, (uint32_t)__builtin_return_address(0));
    if (state.panics)
        panic("heap misuse, and heap_panic is on");
}

const struct heap *kheap(void)
{
    return &state.heap;
}

enum heap_owner kheap_owner_of(block_t block)
{
    return (enum heap_owner)state.owners[block];
}

const char *heap_owner_name(enum heap_owner owner)
{
    static const char *const names[HEAP_OWNERS] = {
        [OWNER_FREE] = "free",     [OWNER_HOLE] = "not ours", [OWNER_KERNEL] = "kernel",
        [OWNER_PAGING] = "paging", [OWNER_TEST] = "tests",
    };
    return owner < HEAP_OWNERS ? names[owner] : "unknown";
}

const char *kheap_check(void)
{
    const char *broken = heap_check(&state.heap);
    if (broken)
        return broken;
    for (block_t block = 0; block < state.table.total; block++) {
        bool is_free = state.table.entries[block] == HEAP_BLOCK_TABLE_ENTRY_FREE;
        if (state.owners[block] >= HEAP_OWNERS)
            return "an owner tag has no meaning";
        if (is_free != (state.owners[block] == OWNER_FREE))
            return "a block's tag and its table entry disagree on whether it is free";
    }
    return NULL;
}
