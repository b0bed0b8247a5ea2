/* Policy over block_heap.c: where the heap lies, who may interrupt it, and what is said. */
#include "memory/heap/kheap.h"

#include "cpu/cpu.h"
#include "cpu/panic.h"
#include "lib/checked.h"
#include "lib/format.h"
#include "lib/print.h"
#include "lib/string.h"
#include "lib/symbols.h"
#include "memory/heap/heap_plan.h"
#include "memory/layout.h"
#include "memory/memory.h"

_Static_assert(HEAP_BLOCK_SIZE == PAGE_SIZE, "blocks are handed out as pages");

static struct {
    struct block_heap heap;
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
        if (block_heap_take(&state.heap, first, end))
            panic("heap: can't take the hole 0x%08x", page_address(from));
    }
}

/* Plans, and claims the table's own memory in MAP. */
static struct heap_plan claim_plan(struct memory_map *map, size_t nbytes_most)
{
    struct heap_plan plan;
    page_t pages_most = page_of((uint32_t)nbytes_most);
    if (nbytes_most && !pages_most)
        pages_most = 1; /* less than a page is a bound too: far too little, and said */
    if (!heap_plan_make(&plan, map, block_heap_bytes_beside, pages_most))
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
    void *beside = (void *)page_address(plan.table);
    state.map = map;
    int status = block_heap_create(&state.heap, (void *)page_address(plan.first),
                                   (void *)page_address(plan.end), beside, NULL);
    if (status)
        panic("heap: 0x%08x-0x%08x with its table at %p was refused (%d)", page_address(plan.first),
              page_address(plan.end), beside, status);
    take_holes(map, &plan);
    kprintf("heap: 0x%08x-0x%08x %u blocks, table %p\n", page_address(plan.first),
            page_address(plan.end), nblocks, beside);
}

void kheap_panic_on_misuse(bool panics)
{
    state.panics = panics;
}

void *kmalloc_for(enum heap_owner owner, size_t nbytes)
{
    uint32_t flags = cpu_save_flags();
    void *pointer = block_heap_malloc_for(&state.heap, owner, nbytes);
    cpu_restore_flags(flags);
    return pointer;
}

void *kmalloc(size_t nbytes)
{
    uint32_t flags = cpu_save_flags();
    void *pointer = block_heap_malloc(&state.heap, nbytes);
    cpu_restore_flags(flags);
    return pointer;
}

void *kmalloc_aligned(size_t nbytes, size_t alignment)
{
    if (alignment > KMALLOC_ALIGNMENT_MOST)
        return NULL;
    uint32_t flags = cpu_save_flags();
    void *pointer = block_heap_malloc_aligned(&state.heap, nbytes, alignment);
    cpu_restore_flags(flags);
    return pointer;
}

/* All of what was handed out: what lies behind the request may be mapped for a program one day. */
static void *clear(void *pointer)
{
    if (pointer)
        memset(pointer, 0, block_heap_size(&state.heap, pointer, NULL));
    return pointer;
}

void *kzalloc_for(enum heap_owner owner, size_t nbytes)
{
    return clear(kmalloc_for(owner, nbytes));
}

void *kzalloc(size_t nbytes)
{
    return clear(kmalloc(nbytes));
}

void *kmalloc_array(size_t count, size_t nbytes)
{
    size_t product;
    return checked_multiply(count, nbytes, &product) ? kmalloc(product) : NULL;
}

void *kcalloc(size_t count, size_t nbytes)
{
    return clear(kmalloc_array(count, nbytes));
}

char *kstrdup(const char *text)
{
    size_t nbytes = text ? string_length(text) + 1 : 0;
    char *copy = kmalloc(nbytes);
    return copy ? memcpy(copy, text, nbytes) : NULL;
}

/* Says why FUNCTION refused POINTER, and ends the kernel if it was told to. */
static void report(const char *function, const void *pointer, int refusal, uint32_t caller)
{
    char block[64] = "";
    const struct heap *heap = &state.heap.heap;
    if (heap_contains(heap, pointer)) {
        block_t index = heap_block_of(heap, pointer);
        format_text(block, sizeof block, ", block %zu, byte 0x%02x%s", index,
                    heap->table->entries[index],
                    state.heap.owners[index] == OWNER_KEPT ? " (kept for reuse)" : "");
    }
    uint32_t offset = 0;
    const char *name = symbols_find(&symbols_kernel, caller, &offset);
    print_style(PRINT_BAD);
    kprintf("heap: %s(%p) refused: %s%s, called from %s+0x%x\n", function, pointer,
            heap_refusal_text(refusal), block, name ? name : "?", offset);
    print_style(PRINT_PLAIN);
    if (state.panics)
        panic("heap misuse, and heap_panic is on");
}

void kfree(void *pointer)
{
    if (!pointer)
        return;
    uint32_t flags = cpu_save_flags();
    int refusal = block_heap_free(&state.heap, pointer);
    cpu_restore_flags(flags);
    if (refusal)
        report("kfree", pointer, refusal, (uint32_t)__builtin_return_address(0));
}

size_t ksize(const void *pointer)
{
    int refusal = HEAP_FREED;
    if (!pointer)
        return 0;
    uint32_t flags = cpu_save_flags();
    size_t nbytes = block_heap_size(&state.heap, pointer, &refusal);
    cpu_restore_flags(flags);
    if (refusal)
        report("ksize", pointer, refusal, (uint32_t)__builtin_return_address(0));
    return nbytes;
}

void *krealloc(void *pointer, size_t nbytes)
{
    int refusal = HEAP_FREED;
    if (!pointer)
        return kmalloc(nbytes);
    uint32_t flags = cpu_save_flags();
    size_t was = block_heap_size(&state.heap, pointer, &refusal);
    bool in_place = !refusal && block_heap_resize(&state.heap, pointer, nbytes);
    cpu_restore_flags(flags);
    if (refusal) {
        report("krealloc", pointer, refusal, (uint32_t)__builtin_return_address(0));
        return NULL;
    }
    if (in_place)
        return pointer;
    void *moved = kmalloc(nbytes);
    if (moved)
        memcpy(moved, pointer, nbytes < was ? nbytes : was);
    if (moved || nbytes == 0)
        kfree(pointer);
    return moved;
}

void kheap_trim(void)
{
    uint32_t flags = cpu_save_flags();
    (void)block_heap_trim(&state.heap);
    cpu_restore_flags(flags);
}

const struct block_heap *kheap_all(void)
{
    return &state.heap;
}

const struct heap *kheap(void)
{
    return &state.heap.heap;
}

const struct memory_map *kheap_map(void)
{
    return state.map;
}

enum heap_owner kheap_owner_of(block_t block)
{
    return block_heap_owner_of(&state.heap, block);
}

const char *heap_owner_name(enum heap_owner owner)
{
    static const char *const names[HEAP_OWNERS] = {
        [OWNER_FREE] = "free",  [OWNER_HOLE] = "not ours", [OWNER_KEPT] = "kept",
        [OWNER_SLAB] = "small", [OWNER_KERNEL] = "kernel", [OWNER_PAGING] = "paging",
        [OWNER_TEST] = "tests",
    };
    return owner < HEAP_OWNERS ? names[owner] : "unknown";
}

const char *kheap_check(void)
{
    return block_heap_check(&state.heap);
}
