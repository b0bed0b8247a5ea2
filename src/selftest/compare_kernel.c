#include "selftest/compare_kernel.h"

#include "cpu/cpu.h"
#include "lib/print.h"
#include "memory/debug/trace.h"
#include "memory/growing/best_fit.h"
#include "memory/growing/free_list.h"
#include "memory/growing/window.h"
#include "memory/kheap/kheap.h"
#include "memory/kheap/kheap_look.h"
#include "selftest/compare.h"

/* One heap of each design, one at a time. */
static struct {
    size_t nbytes;   /* of each */
    uint8_t *window; /* stays for the next time */
    size_t window_bytes;
    struct window *opened[2]; /* whose frames close_heap() gives back */
    struct window_source source;
    void *region, *beside; /* the block heap's */
    union {
        struct {
            struct free_list heap;
            struct window window;
        } list;
        struct best_fit fit;
    } * heap;
    struct compare *work;
} state;

static bool open_blocks(struct allocator *allocator)
{
    size_t nblocks = state.nbytes / HEAP_BLOCK_SIZE;
    state.region = kmalloc_for(OWNER_SHELL, state.nbytes);
    state.beside = kmalloc_for(OWNER_SHELL, block_heap_bytes_beside(nblocks));
    if (!state.region || !state.beside)
        return false;
    struct block_heap *heap =
        block_heap_create(state.region, (uint8_t *)state.region + state.nbytes, state.beside, NULL);
    *allocator = block_heap_allocator(heap);
    return heap != NULL;
}

static bool open_list(struct allocator *allocator)
{
    struct window *window = &state.heap->list.window;
    if (window_create(window, state.window, state.nbytes, state.source))
        return false;
    free_list_create(&state.heap->list.heap, window);
    state.opened[0] = window;
    *allocator = free_list_allocator(&state.heap->list.heap);
    return true;
}

static bool open_fit(struct allocator *allocator)
{
    if (best_fit_create(&state.heap->fit, state.window, state.nbytes, state.source))
        return false;
    state.opened[0] = &state.heap->fit.window;
    state.opened[1] = &state.heap->fit.free.window;
    *allocator = best_fit_allocator(&state.heap->fit);
    return true;
}

static void close_heap(void)
{
    uint32_t flags = cpu_save_flags();
    for (int i = 0; i < 2; i++) {
        if (state.opened[i])
            (void)!kbrk(state.opened[i], state.opened[i]->start); /* down never fails */
        state.opened[i] = NULL;
    }
    cpu_restore_flags(flags);
    kfree(state.region);
    kfree(state.beside);
    state.region = state.beside = NULL;
}

/* -- The running trace, as requests about few IDs -- */

struct requests {
    struct compare_request *all;
    size_t count;
    uint16_t *ids; /* by the object's number */
    uint16_t unused[COMPARE_LIVE];
    size_t nunused;
};

static void add_request(void *context, char verb, uint32_t number, uint32_t nbytes)
{
    struct requests *requests = context;
    if (verb == 'm' && requests->nunused == 0)
        requests->ids[number] = COMPARE_LIVE; /* too many at once: these are left out */
    else if (verb == 'm')
        requests->ids[number] = requests->unused[--requests->nunused];
    uint16_t id = requests->ids[number];
    if (id == COMPARE_LIVE)
        return;
    if (verb == 'f')
        requests->unused[requests->nunused++] = id;
    requests->all[requests->count++] =
        (struct compare_request){.id = id, .verb = (uint8_t)verb, .nbytes = nbytes};
}

/* False, and no requests, without a trace or memory. The caller frees all and ids. */
static bool collect(struct requests *requests)
{
    const struct heap_trace *trace = kheap_traced();
    size_t end = trace->count;
    struct trace_known known = {0};
    if (trace->events) {
        requests->all = kmalloc_array(TRACE_EVENTS_MOST, sizeof *requests->all);
        requests->ids = kmalloc_array(TRACE_EVENTS_MOST + 1, sizeof *requests->ids);
        known.objects = kcalloc(TRACE_KNOWN, sizeof *known.objects);
    }
    for (size_t i = 0; i < COMPARE_LIVE; i++)
        requests->unused[requests->nunused++] = (uint16_t)i;
    bool ready = requests->all && requests->ids && known.objects;
    if (ready)
        (void)trace_walk(trace, end, &known, add_request, requests);
    kfree(known.objects);
    return ready;
}

static void compare_designs(size_t workload, const struct compare_trace *trace)
{
    static const struct {
        const char *name;
        bool (*open)(struct allocator *allocator);
    } designs[] = {{"block", open_blocks}, {"free_list", open_list}, {"best_fit", open_fit}};
    for (size_t i = 0; i < sizeof designs / sizeof designs[0]; i++) {
        struct allocator allocator;
        uint32_t flags = cpu_save_flags(); /* no interrupt counts as an allocation's */
        bool opened = designs[i].open(&allocator);
        bool done = opened && compare_run(state.work, workload, &allocator, cpu_tsc, trace);
        cpu_restore_flags(flags);
        const char *broken = opened ? allocator_check(&allocator) : NULL;
        if (done)
            compare_print(compare_name(workload), designs[i].name, &state.work->numbers);
        if (!opened || broken)
            kprintf("  %s: %s\n", designs[i].name, broken ? broken : "no memory");
        close_heap();
    }
}

/* What a page costs when the break moves, up and down; nothing is cleared. */
static void measure_break(void)
{
    enum { PAGES = 256 };
    struct window *window = &state.heap->list.window;
    if (window_create(window, state.window, state.nbytes, state.source))
        return;
    uint32_t flags = cpu_save_flags();
    uint64_t start = cpu_tsc();
    bool grown = ksbrk(window, PAGES * PAGE_SIZE) != NULL;
    uint64_t middle = cpu_tsc();
    bool shrunk = ksbrk(window, -PAGES * (ptrdiff_t)PAGE_SIZE) != NULL;
    uint64_t end = cpu_tsc();
    cpu_restore_flags(flags);
    if (grown && shrunk)
        kprintf("compare: a break that moves by %d pages takes %u ticks a page up, %u down\n",
                PAGES, (uint32_t)(middle - start) / PAGES, (uint32_t)(end - middle) / PAGES);
}

/* False, and why is said, where nothing can be compared. */
static bool prepare(const struct requests *requests)
{
    size_t free = heap_largest_free(kheap()) * HEAP_BLOCK_SIZE;
    state.nbytes = COMPARE_BYTES;
    while (state.nbytes > free / 2)
        state.nbytes /= 2;
    if (!state.window && state.nbytes >= 4 << 20) {
        state.window = kheap_window(&state.nbytes, &state.source);
        state.window_bytes = state.nbytes;
    }
    if (state.nbytes > state.window_bytes)
        state.nbytes = state.window_bytes;
    state.heap = kmalloc_for(OWNER_SHELL, sizeof *state.heap);
    state.work = kmalloc_for(OWNER_SHELL, sizeof *state.work);
    if (requests && state.window && state.heap && state.work)
        return true;
    kprintf("  too little memory; expected: 8 MB in one piece\n");
    return false;
}

void compare_kernel_run(void)
{
    struct requests *requests = kzalloc_for(OWNER_SHELL, sizeof *requests);
    if (!cpu_identify().tsc) {
        kprintf("  this processor has no time stamp counter\n");
    } else if (prepare(requests)) {
        bool traced = collect(requests);
        struct compare_trace trace = {.requests = requests->all, .count = requests->count};
        kprintf("compare: ticks of the time stamp counter a call; %zu K for each design\n",
                state.nbytes / 1024);
        compare_print_head("ticks");
        for (size_t i = 0; i < compare_nworkloads; i++)
            compare_designs(i, traced ? &trace : NULL);
        measure_break();
        const char *broken = kheap_check();
        kprintf("compare: the kernel's heap is %s\n", broken ? broken : "sound");
    }
    if (requests) {
        kfree(requests->all);
        kfree(requests->ids);
    }
    kfree(requests);
    kfree(state.heap);
    kfree(state.work);
    state.heap = NULL;
    state.work = NULL;
}
