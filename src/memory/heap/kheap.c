/*
 * Policy over heap.c and slab.c: what each block is for, what is said about misuse.
 *
 * Invariant: the tag of a block is OWNER_FREE exactly where its table entry is free; all blocks of
 * an allocation carry the same tag; a block has the tag OWNER_SLAB exactly where by_block says that
 * it holds small objects.
 */
#include "memory/heap/kheap.h"

#include "cpu/cpu.h"
#include "cpu/panic.h"
#include "lib/checked.h"
#include "lib/format.h"
#include "lib/print.h"
#include "lib/symbols.h"
#include "memory/heap/heap_plan.h"
#include "memory/layout.h"
#include "memory/memory.h"

_Static_assert(HEAP_BLOCK_SIZE == PAGE_SIZE, "blocks are handed out as pages");

static struct {
    struct heap heap;
    struct heap_table table;
    uint8_t *owners; /* enum heap_owner, one a block */
    struct slab_heap slabs;
    const struct memory_map *map;
    bool panics;
} state;

/* Takes for good what is not RAM, or holds something: every range of MAP that is not usable. */
static void take_holes(const struct memory_map *map, const struct heap_plan *plan)
{
    for (size_t i = 0; i < map->nranges; i++) {
        const struct memory_range *range = &map->ranges[i];
        page_t from = range->first > plan->first ? range->first : plan->first;
        page_t to = range->end < plan->end ? range->end : plan->end;
        if (range->kind == MEMORY_USABLE || from >= to)
            continue;
        block_t first = from - plan->first, end = to - plan->first;
        if (heap_take(&state.heap, first, end))
            panic("heap: can't take the hole 0x%08x", page_address(from));
        memset(state.owners + first, OWNER_HOLE, end - first);
    }
}

/* Blocks for small objects, from and to the table; what heap_free() says can only be "freed". */
static void *get_slab_block(void *context)
{
    struct heap *heap = context;
    void *block = heap_malloc(heap, HEAP_BLOCK_SIZE);
    if (block)
        state.owners[heap_block_of(heap, block)] = OWNER_SLAB;
    return block;
}

static void put_slab_block(void *context, void *block)
{
    struct heap *heap = context;
    state.owners[heap_block_of(heap, block)] = OWNER_FREE;
    int refusal = heap_free(heap, block);
    if (refusal)
        panic("heap: the block %p of small objects is %s", block, heap_refusal_text(refusal));
}

/*
 * Beside NBLOCKS blocks: the table, the tags; and, aligned, the index and whose small objects each
 * block holds.
 */
static size_t bytes_beside(size_t nblocks)
{
    return (2 * nblocks + sizeof(size_t) - 1) / sizeof(size_t) * sizeof(size_t) +
           heap_index_bytes(nblocks) + nblocks * sizeof(struct slab *);
}

/* Plans, and claims the table's own memory in MAP. */
static struct heap_plan claim_plan(struct memory_map *map, size_t nbytes_most)
{
    struct heap_plan plan;
    page_t pages_most = page_of((uint32_t)nbytes_most);
    if (nbytes_most && !pages_most)
        pages_most = 1; /* less than a page is a bound too: far too little, and said */
    if (!heap_plan_make(&plan, map, bytes_beside, pages_most))
        panic("too little memory: the heap needs %u K of usable RAM below %u MB%s; there are %u K",
              plan.needed * 4, LAYOUT_GROWING_WINDOW >> 20,
              nbytes_most ? " and within heap_size" : "", plan.usable * 4);
    if (memory_map_claim(map, page_address(plan.table), (uint64_t)plan.table_pages << PAGE_SHIFT,
                         MEMORY_TABLES))
        panic("heap: no room in the memory map to claim the table");
    memory_map_settle(map);
    return plan;
}

void kheap_init(struct memory_map *map, size_t nbytes_most)
{
    struct heap_plan plan = claim_plan(map, nbytes_most);
    page_t nblocks = plan.end - plan.first;
    HEAP_BLOCK_TABLE_ENTRY *entries = (HEAP_BLOCK_TABLE_ENTRY *)page_address(plan.table);
    uint8_t *end = entries + bytes_beside(nblocks);
    struct slab **by_block = (struct slab **)(void *)end - nblocks;
    void *index = (uint8_t *)by_block - heap_index_bytes(nblocks);
    state.map = map;
    state.table = (struct heap_table){.entries = entries, .total = nblocks, .index = index};
    state.owners = entries + nblocks;
    memset(state.owners, OWNER_FREE, nblocks);
    int status = heap_create(&state.heap, (void *)page_address(plan.first),
                             (void *)page_address(plan.end), &state.table);
    if (status)
        panic("heap: 0x%08x-0x%08x with its table at %p was refused (%d)", page_address(plan.first),
              page_address(plan.end), (void *)entries, status);
    take_holes(map, &plan);
    slab_init(&state.slabs, (struct slab_source){get_slab_block, put_slab_block, &state.heap},
              state.heap.saddr, nblocks, by_block);
    kprintf("heap: 0x%08x-0x%08x %u blocks, table %p\n", page_address(plan.first),
            page_address(plan.end), nblocks, (void *)entries);
}

void kheap_panic_on_misuse(bool panics)
{
    state.panics = panics;
}

void *kmalloc_for(enum heap_owner owner, size_t nbytes)
{
    uint32_t flags = cpu_save_flags();
    void *pointer = heap_malloc(&state.heap, nbytes);
    if (!pointer && nbytes && slab_trim(&state.slabs))
        pointer = heap_malloc(&state.heap, nbytes);
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
    if (nbytes > SLAB_LARGEST)
        return kmalloc_for(OWNER_KERNEL, nbytes);
    uint32_t flags = cpu_save_flags();
    void *pointer = slab_malloc(&state.slabs, nbytes);
    cpu_restore_flags(flags);
    return pointer;
}

void *kzalloc(size_t nbytes)
{
    if (nbytes > SLAB_LARGEST)
        return kzalloc_for(OWNER_KERNEL, nbytes);
    void *pointer = kmalloc(nbytes);
    if (pointer)
        memset(pointer, 0, slab_size_for(&state.slabs, nbytes));
    return pointer;
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

/* Frees blocks and clears their tags; holes are nobody's to free. */
static int free_blocks(void *pointer)
{
    int refusal;
    size_t nblocks = heap_allocation_blocks(&state.heap, pointer, &refusal);
    if (!nblocks)
        return heap_free(&state.heap, pointer); /* refused and counted */
    block_t first = heap_block_of(&state.heap, pointer);
    if (state.owners[first] == OWNER_HOLE) {
        state.heap.statistics.refused++;
        return HEAP_RESERVED;
    }
    refusal = heap_free(&state.heap, pointer);
    if (!refusal)
        memset(state.owners + first, OWNER_FREE, nblocks);
    return refusal;
}

static int free_object(void *pointer)
{
    int refusal = slab_free(&state.slabs, pointer);
    if (refusal)
        state.heap.statistics.refused++;
    return refusal;
}

void kfree(void *pointer)
{
    if (!pointer)
        return;
    uint32_t flags = cpu_save_flags();
    int refusal = slab_owns(&state.slabs, pointer) ? free_object(pointer) : free_blocks(pointer);
    cpu_restore_flags(flags);
    if (!refusal)
        return;
    report(pointer, refusal, (uint32_t)__builtin_return_address(0));
    if (state.panics)
        panic("heap misuse, and heap_panic is on");
}

void kheap_trim(void)
{
    uint32_t flags = cpu_save_flags();
    (void)slab_trim(&state.slabs);
    cpu_restore_flags(flags);
}

const struct heap *kheap(void)
{
    return &state.heap;
}

const struct memory_map *kheap_map(void)
{
    return state.map;
}

const struct slab_heap *kheap_slabs(void)
{
    return &state.slabs;
}

enum heap_owner kheap_owner_of(block_t block)
{
    return (enum heap_owner)state.owners[block];
}

const char *heap_owner_name(enum heap_owner owner)
{
    static const char *const names[HEAP_OWNERS] = {
        [OWNER_FREE] = "free",  [OWNER_HOLE] = "not ours", [OWNER_KERNEL] = "kernel",
        [OWNER_SLAB] = "small", [OWNER_PAGING] = "paging", [OWNER_TEST] = "tests",
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
        if ((state.slabs.by_block[block] != NULL) != (state.owners[block] == OWNER_SLAB))
            return "a block's tag is wrong on whether it holds small objects";
    }
    return slab_check(&state.slabs);
}
