/* Policy over block_heap.c: where the heap lies, who may interrupt it, and what is said. */
#include "memory/kheap/kheap.h"

#include "cpu/backtrace.h"
#include "cpu/cpu.h"
#include "cpu/panic.h"
#include "lib/checked.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/debug/trace.h"
#include "memory/debug/watch.h"
#include "memory/growing/growing.h"
#include "memory/kheap/heap_map.h"
#include "memory/kheap/kernel_window.h"
#include "memory/kheap/kheap_growing.h"
#include "memory/kheap/kheap_look.h"
#include "memory/kheap/kheap_place.h"
#include "memory/kheap/kheap_report.h"
#include "memory/kheap/kheap_setup.h"
#include "memory/memory.h"

_Static_assert(HEAP_BLOCK_SIZE == PAGE_SIZE, "blocks are handed out as pages");

static struct {
    struct block_heap *heap;
    struct heap_watch watch;
    struct heap_trace trace;
    struct allocator objects;     /* what serves kmalloc, and frees for kfree */
    struct growing_heap *growing; /* NULL where that is the block heap */
    bool observed; /* or not the block heap: the short ways through kmalloc and kfree are closed */
    const struct memory_map *map;
} state;

void kheap_init(struct memory_map *map, size_t nbytes_most)
{
    struct heap_plan plan = kheap_claim(map, nbytes_most);
    page_t nblocks = plan.end - plan.first;
    void *beside = (void *)page_address(plan.table);
    state.map = map;
    state.heap = block_heap_create((void *)page_address(plan.first), (void *)page_address(plan.end),
                                   beside, NULL);
    if (!state.heap)
        panic("heap: 0x%08x-0x%08x with its table at %p was refused", page_address(plan.first),
              page_address(plan.end), beside);
    kheap_take_holes(state.heap, map, &plan);
    state.objects = block_heap_allocator(state.heap);
    heap_map_publish(state.heap);
    kprintf("heap: 0x%08x-0x%08x %u blocks, table %p\n", page_address(plan.first),
            page_address(plan.end), nblocks, (void *)kheap()->table->entries);
}

static void close_short_ways(void)
{
    state.observed = state.growing || state.watch.flags || state.trace.events;
}

bool kheap_watch(unsigned flags)
{
    bool watching =
        watch_init(&state.watch, state.heap, &state.objects, flags, kheap_say_finding, NULL);
    close_short_ways();
    return watching;
}

bool kheap_choose(const char *design)
{
    state.growing = kheap_growing_create(design, state.heap, state.map, &state.objects);
    close_short_ways();
    return state.growing != NULL;
}

void *kheap_window(size_t *nbytes, struct window_source *source)
{
    return kernel_window_open(state.heap, state.map, nbytes, source);
}

struct growing_heap *kheap_growing(void)
{
    return state.growing;
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
        pointer = block_heap_malloc_for(state.heap, owner, nbytes);
    } else {
        pointer = allocator_malloc(&state.objects, nbytes, alignment);
    }
    trace_note(&state.trace, TRACE_MALLOC, NULL, pointer, nbytes);
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
        refusal = allocator_free(&state.objects, pointer);
    }
    if (!refusal)
        trace_note(&state.trace, TRACE_FREE, pointer, NULL, 0);
    cpu_restore_flags(flags);
    if (refusal && !state.watch.flags)
        kheap_say_refused(function, pointer, refusal, caller);
}

/* How many bytes POINTER's owner may use; or 0, and where the heap is not watched the reason. */
static size_t room_of(const void *pointer, int *refusal)
{
    uint32_t flags = cpu_save_flags();
    size_t nbytes = state.watch.flags ? watch_size(&state.watch, pointer)
                                      : allocator_size(&state.objects, pointer, refusal);
    cpu_restore_flags(flags);
    return nbytes;
}

size_t kheap_size_of(const void *pointer)
{
    int refusal;
    return pointer ? room_of(pointer, &refusal) : 0;
}

/* The same for FUNCTION, called from CALLER; where it is 0, why is said. */
static size_t size_of(const char *function, void *pointer, uintptr_t caller)
{
    int refusal = HEAP_FREED;
    uint32_t flags = cpu_save_flags(); /* nobody else is to get that address in between */
    size_t nbytes = room_of(pointer, &refusal);
    if (nbytes == 0 && state.watch.flags) {
        kheap_say_where(function, caller);
        (void)watch_wrong(&state.watch, pointer);
    } else if (nbytes == 0) {
        kheap_say_refused(function, pointer, refusal, caller);
    }
    cpu_restore_flags(flags);
    return nbytes;
}

/* All of what was handed out: what lies behind the request may be mapped for a program one day. */
static void *clear(void *pointer)
{
    return pointer ? memset(pointer, 0, room_of(pointer, NULL)) : NULL;
}

#define CALLER ((uintptr_t)__builtin_return_address(0))

void *kmalloc(size_t nbytes)
{
    if (state.observed)
        return allocate(OWNER_KERNEL, nbytes, 0, CALLER);
    uint32_t flags = cpu_save_flags();
    void *pointer = block_heap_malloc(state.heap, nbytes);
    cpu_restore_flags(flags);
    return pointer;
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
    if (!pointer)
        return;
    if (state.observed) {
        release("kfree", pointer, CALLER);
        return;
    }
    uint32_t flags = cpu_save_flags();
    int refusal = block_heap_free(state.heap, pointer);
    cpu_restore_flags(flags);
    if (refusal)
        kheap_say_refused("kfree", pointer, refusal, CALLER);
}

size_t ksize(const void *pointer)
{
    return pointer ? size_of("ksize", (void *)(uintptr_t)pointer, CALLER) : 0;
}

/* Whether POINTER has NBYTES where it is, as WAY says; a watched heap moves all that changes. */
static bool resize_in_place(bool (*way)(const struct allocator *, void *, size_t), void *pointer,
                            size_t nbytes)
{
    uint32_t flags = cpu_save_flags();
    bool in_place = !state.watch.flags && way(&state.objects, pointer, nbytes);
    if (in_place)
        trace_note(&state.trace, TRACE_REALLOC, pointer, pointer, nbytes);
    cpu_restore_flags(flags);
    return in_place;
}

void *krealloc(void *pointer, size_t nbytes)
{
    uintptr_t caller = CALLER;
    if (!pointer)
        return allocate(OWNER_KERNEL, nbytes, 0, caller);
    size_t was = size_of("krealloc", pointer, caller);
    if (was == 0)
        return NULL;
    if (resize_in_place(allocator_resize, pointer, nbytes))
        return pointer;
    void *moved = allocate(OWNER_KERNEL, nbytes, 0, caller);
    if (!moved && nbytes > 0 &&
        (resize_in_place(allocator_stay, pointer, nbytes) || (state.watch.flags && nbytes <= was)))
        return pointer;
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
    (void)state.objects.kind->trim(state.objects.heap);
    cpu_restore_flags(flags);
}

const struct heap *kheap(void)
{
    static const struct heap none;
    return state.heap ? block_heap_table(state.heap) : &none;
}

const struct block_heap *kheap_all(void)
{
    return state.heap;
}

bool kheap_trace(size_t nevents)
{
    struct trace_event *events = state.trace.events;
    state.trace.events = NULL;
    close_short_ways();
    kfree(events);
    if (nevents == 0)
        return true;
    events = kmalloc_array(nevents, sizeof *events);
    state.trace = (struct heap_trace){.events = events, .capacity = nevents};
    close_short_ways();
    return events != NULL;
}

const struct heap_trace *kheap_traced(void)
{
    return &state.trace;
}

struct heap_watch *kheap_watched(void)
{
    return state.watch.flags ? &state.watch : NULL;
}

size_t kheap_taken(void)
{
    struct heap_watch *watch = kheap_watched();
    size_t records = watch ? heap_allocation_blocks(kheap(), watch->records, NULL) : 0;
    return kheap()->statistics.taken - records;
}

size_t kheap_free_blocks(void)
{
    return kheap()->statistics.total - kheap_taken() + block_heap_kept(state.heap);
}

size_t kheap_refused(void)
{
    return kheap()->statistics.refused + (state.growing ? state.growing->refused : 0);
}

const struct memory_map *kheap_map(void)
{
    return state.map;
}

const char *kheap_check(void)
{
    return allocator_check(&state.objects);
}
