/* Policy over block_heap.c: where the heap lies, who may interrupt it, and what is said. */
#include "memory/heap/kheap.h"

#include "cpu/backtrace.h"
#include "cpu/cpu.h"
#include "cpu/panic.h"
#include "lib/checked.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/heap/heap_plan.h"
#include "memory/heap/kheap_report.h"
#include "memory/layout.h"
#include "memory/memory.h"

_Static_assert(HEAP_BLOCK_SIZE == PAGE_SIZE, "blocks are handed out as pages");

static struct {
    struct block_heap heap;
    struct heap_watch watch;
    const struct memory_map *map;
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

bool kheap_watch(unsigned flags)
{
    return watch_init(&state.watch, &state.heap, flags, kheap_say_finding);
}

/* All allocations come through here; CALLER is the return address of the interface's function. */
static void *allocate(enum heap_owner owner, size_t nbytes, size_t alignment, uintptr_t caller)
{
    void *pointer;
    uint32_t flags = cpu_save_flags();
    if (state.watch.flags) {
        uintptr_t callers[WATCH_FRAMES];
        backtrace_capture(callers, WATCH_FRAMES, caller);
        pointer = watch_malloc(&state.watch, owner, nbytes, alignment, callers);
    } else if (owner != OWNER_KERNEL) {
        pointer = block_heap_malloc_for(&state.heap, owner, nbytes);
    } else if (alignment) {
        pointer = block_heap_malloc_aligned(&state.heap, nbytes, alignment);
    } else {
        pointer = block_heap_malloc(&state.heap, nbytes);
    }
    cpu_restore_flags(flags);
    return pointer;
}

/* Frees POINTER for FUNCTION, called from CALLER, or says why not. */
static void release(const char *function, void *pointer, uintptr_t caller)
{
    int refusal = HEAP_FREED;
    uint32_t flags = cpu_save_flags();
    if (state.watch.flags) {
        uintptr_t callers[WATCH_FRAMES];
        backtrace_capture(callers, WATCH_FRAMES, caller);
        kheap_say_where(function, caller);
        refusal = watch_free(&state.watch, pointer, callers);
    } else {
        refusal = block_heap_free(&state.heap, pointer);
    }
    cpu_restore_flags(flags);
    if (refusal && !state.watch.flags)
        kheap_say_refused(function, pointer, refusal, caller);
}

/* How many bytes POINTER's owner may use; or 0, and why is said. */
static size_t size_of(const char *function, void *pointer, uintptr_t caller)
{
    int refusal = HEAP_FREED;
    uint32_t flags = cpu_save_flags();
    size_t nbytes = state.watch.flags ? watch_size(&state.watch, pointer)
                                      : block_heap_size(&state.heap, pointer, &refusal);
    cpu_restore_flags(flags);
    if (nbytes == 0 && !state.watch.flags)
        kheap_say_refused(function, pointer, refusal, caller);
    else if (nbytes == 0)
        release(function, pointer, caller); /* which is refused, and said */
    return nbytes;
}

/* All of what was handed out: what lies behind the request may be mapped for a program one day. */
static void *clear(void *pointer)
{
    if (pointer)
        memset(pointer, 0,
               state.watch.flags ? watch_size(&state.watch, pointer)
                                 : block_heap_size(&state.heap, pointer, NULL));
    return pointer;
}

#define CALLER ((uintptr_t)__builtin_return_address(0))

void *kmalloc(size_t nbytes)
{
    return allocate(OWNER_KERNEL, nbytes, 0, CALLER);
}

void *kzalloc(size_t nbytes)
{
    return clear(allocate(OWNER_KERNEL, nbytes, 0, CALLER));
}

void *kmalloc_for(enum heap_owner owner, size_t nbytes)
{
    return allocate(owner, nbytes, 0, CALLER);
}

void *kzalloc_for(enum heap_owner owner, size_t nbytes)
{
    return clear(allocate(owner, nbytes, 0, CALLER));
}

void *kmalloc_aligned(size_t nbytes, size_t alignment)
{
    if (alignment == 0 || alignment > KMALLOC_ALIGNMENT_MOST)
        return NULL;
    return allocate(OWNER_KERNEL, nbytes, alignment, CALLER);
}

void *kmalloc_array(size_t count, size_t nbytes)
{
    size_t product;
    return checked_multiply(count, nbytes, &product) ? allocate(OWNER_KERNEL, product, 0, CALLER)
                                                     : NULL;
}

void *kcalloc(size_t count, size_t nbytes)
{
    size_t product;
    return checked_multiply(count, nbytes, &product)
               ? clear(allocate(OWNER_KERNEL, product, 0, CALLER))
               : NULL;
}

char *kstrdup(const char *text)
{
    size_t nbytes = text ? string_length(text) + 1 : 0;
    char *copy = allocate(OWNER_KERNEL, nbytes, 0, CALLER);
    return copy ? memcpy(copy, text, nbytes) : NULL;
}

void kfree(void *pointer)
{
    if (pointer)
        release("kfree", pointer, CALLER);
}

size_t ksize(const void *pointer)
{
    return pointer ? size_of("ksize", (void *)(uintptr_t)pointer, CALLER) : 0;
}

void *krealloc(void *pointer, size_t nbytes)
{
    uintptr_t caller = CALLER;
    if (!pointer)
        return allocate(OWNER_KERNEL, nbytes, 0, caller);
    size_t was = size_of("krealloc", pointer, caller);
    if (was == 0)
        return NULL;
    uint32_t flags = cpu_save_flags();
    bool in_place = !state.watch.flags && block_heap_resize(&state.heap, pointer, nbytes);
    cpu_restore_flags(flags);
    if (in_place)
        return pointer;
    void *moved = allocate(OWNER_KERNEL, nbytes, 0, caller);
    if (moved)
        memcpy(moved, pointer, nbytes < was ? nbytes : was);
    if (moved || nbytes == 0)
        release("krealloc", pointer, caller);
    return moved;
}

void kheap_trim(void)
{
    uint32_t flags = cpu_save_flags();
    if (state.watch.flags)
        watch_release(&state.watch);
    (void)block_heap_trim(&state.heap);
    cpu_restore_flags(flags);
}

const struct block_heap *kheap_all(void)
{
    return &state.heap;
}

struct heap_watch *kheap_watched(void)
{
    return state.watch.flags ? &state.watch : NULL;
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

const char *kheap_check(void)
{
    return block_heap_check(&state.heap);
}
