/*
 * The designs of a heap side by side on the host: the workloads that the kernel's `compare` runs,
 * a line of TSV for each. Usage: compare [--trace FILE] [--only WORKLOAD DESIGN]
 * Under valgrind's callgrind with --collect-atstart=no only the heaps' own calls are collected.
 */
#include "selftest/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bench/trace.h"
#include "lib/print.h"
#include "memory/growing/best_fit.h"
#include "memory/growing/free_list.h"
#include "memory/heap/block_heap.h"

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_TOGGLE_COLLECT (void)0
#endif

static uint8_t *region; /* COMPARE_BYTES of it */

/* Called in front of each call of a heap, and behind it. */
static uint64_t ticks(void)
{
    CALLGRIND_TOGGLE_COLLECT;
    return __builtin_ia32_rdtsc();
}

static size_t map(void *context, void *start, size_t npages)
{
    (void)context;
    return mprotect(start, npages * WINDOW_PAGE, PROT_READ | PROT_WRITE) == 0 ? npages : 0;
}

static void unmap(void *context, void *page)
{
    (void)context;
    (void)mprotect(page, WINDOW_PAGE, PROT_NONE);
}

static const struct window_source source = {.map = map, .unmap = unmap};

static bool open_blocks(struct allocator *allocator)
{
    static void *beside;
    if (!beside)
        beside = malloc(block_heap_bytes_beside(COMPARE_BYTES / HEAP_BLOCK_SIZE));
    if (!beside || mprotect(region, COMPARE_BYTES, PROT_READ | PROT_WRITE))
        return false;
    struct block_heap *heap = block_heap_create(region, region + COMPARE_BYTES, beside, NULL);
    *allocator = block_heap_allocator(heap);
    return heap != NULL;
}

static bool open_list(struct allocator *allocator)
{
    static struct free_list heap;
    static struct window window;
    if (mprotect(region, COMPARE_BYTES, PROT_NONE) ||
        window_create(&window, region, COMPARE_BYTES, source))
        return false;
    free_list_create(&heap, &window);
    *allocator = free_list_allocator(&heap);
    return true;
}

static bool open_fit(struct allocator *allocator)
{
    static struct best_fit heap;
    if (mprotect(region, COMPARE_BYTES, PROT_NONE) ||
        best_fit_create(&heap, region, COMPARE_BYTES, source))
        return false;
    *allocator = best_fit_allocator(&heap);
    return true;
}

static const struct {
    const char *name;
    bool (*open)(struct allocator *allocator);
} designs[] = {{"block", open_blocks}, {"free_list", open_list}, {"best_fit", open_fit}};

static struct compare work;

static bool compare(size_t workload, size_t design, const struct compare_trace *trace)
{
    struct allocator allocator;
    if (!designs[design].open(&allocator)) {
        fputs("compare: no memory\n", stderr);
        return false;
    }
    if (!compare_run(&work, workload, &allocator, ticks, trace))
        return true;
    const struct compare_numbers *numbers = &work.numbers;
    printf("%s\t%s\t%u\t%.1f\t%.3f\t%zu\t%zu\t%u\t%zu\n", compare_name(workload),
           designs[design].name, numbers->calls,
           numbers->calls ? (double)numbers->ticks / numbers->calls : 0,
           numbers->most_live ? (double)numbers->most_held / (double)numbers->most_live : 0,
           numbers->largest, numbers->returned, numbers->failed, numbers->left);
    const char *broken = allocator_check(&allocator);
    if (broken)
        fprintf(stderr, "compare: %s: %s\n", designs[design].name, broken);
    return !broken;
}

/* The requests of FILE; those about IDs that are too large make it a trace that is refused. */
static struct compare_trace requests_of(const char *file)
{
    struct trace trace = trace_new();
    if (!trace_read(&trace, file))
        exit(1);
    struct compare_request *requests = calloc(trace.count, sizeof *requests);
    if (!requests || trace.ids > COMPARE_LIVE) {
        fprintf(stderr, "compare: %s: IDs up to %u; expected: below %d\n", file, trace.ids - 1,
                COMPARE_LIVE);
        exit(1);
    }
    for (size_t i = 0; i < trace.count; i++)
        requests[i] = (struct compare_request){.id = trace.operations[i].id & 0xffffff,
                                               .verb = trace.operations[i].verb,
                                               .nbytes = trace.operations[i].nbytes};
    return (struct compare_trace){requests, trace.count};
}

int main(int argc, char **argv)
{
    struct compare_trace trace = {NULL, 0};
    const char *workload = NULL, *design = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--trace") == 0 && i + 1 < argc) {
            trace = requests_of(argv[++i]);
        } else if (strcmp(argv[i], "--only") == 0 && i + 2 < argc) {
            workload = argv[++i];
            design = argv[++i];
        } else {
            fprintf(stderr, "compare: %s: expected: --trace FILE, --only WORKLOAD DESIGN\n",
                    argv[i]);
            return 1;
        }
    }
    region =
        mmap(NULL, COMPARE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    bool right = region != MAP_FAILED;
    for (size_t i = 0; right && i < compare_nworkloads; i++)
        for (size_t j = 0; right && j < sizeof designs / sizeof designs[0]; j++)
            if (!workload ||
                (!strcmp(workload, compare_name(i)) && !strcmp(design, designs[j].name)))
                right = compare(i, j, &trace);
    return right ? 0 : 1;
}
