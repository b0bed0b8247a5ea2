/*
 * Who takes part. The peers are loaded at run time, each for itself, so that all are in one process
 * and none replaces the malloc of another; glibc's is the process's own.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"
#include "buddy.h"
#include "memory/heap/heap.h"
#include "platheap.h"
#include "scans.h"

/*
 * The heap's functions as ones of any heap. The names are given to the assembler, because a cast of
 * a function's type would not be C, and one function more would be counted as the heap's.
 */
void *plat_get(void *heap, size_t nbytes) __asm__("platheap_malloc");
int plat_put(void *heap, void *pointer) __asm__("platheap_free");
void *plat_resize(void *heap, void *pointer, size_t nbytes) __asm__("platheap_realloc");
void *plat_get_zero(void *heap, size_t nbytes) __asm__("platheap_zalloc");
void *plat_get_aligned(void *heap, size_t alignment,
                       size_t nbytes) __asm__("platheap_aligned_alloc");
void *table_get(void *heap, size_t nbytes) __asm__("heap_malloc");
int table_put(void *heap, void *pointer) __asm__("heap_free");

/* -- The heap over bytes -- */

/* Such that the heap has BENCH_BLOCKS blocks behind its own data. */
static char *plat_region;
static size_t plat_bytes;

static void *plat_create(void)
{
    plat_bytes = (size_t)BENCH_BLOCKS * (BENCH_BLOCK + 64);
    plat_region = mmap(NULL, plat_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (plat_region == MAP_FAILED) {
        perror("bench: no region for the heap");
        exit(1);
    }
    struct platheap *heap;
    struct platheap_statistics statistics;
    while ((heap = platheap_create(plat_region, plat_bytes, NULL)) != NULL) {
        platheap_statistics(heap, &statistics);
        if (statistics.blocks <= BENCH_BLOCKS)
            break;
        plat_bytes -= (statistics.blocks - BENCH_BLOCKS) * BENCH_BLOCK;
    }
    return heap;
}

static void plat_reset(void *heap, size_t nblocks)
{
    (void)heap; /* it is the region's beginning */
    (void)nblocks;
    (void)platheap_create(plat_region, plat_bytes, NULL);
}

static double plat_footprint(void *heap)
{
    struct platheap_statistics statistics;
    platheap_statistics(heap, &statistics);
    double beside = (double)statistics.overhead_bytes / (double)statistics.blocks;
    return (double)statistics.peak * (BENCH_BLOCK + beside);
}

/* -- The block table and its index -- */

#define START ((uint8_t *)0x0a000000)

static HEAP_BLOCK_TABLE_ENTRY entries[BENCH_MILLION];
static struct heap_run runs[BENCH_MILLION];
static struct heap_table table = {.entries = entries, .runs = runs};
static struct heap table_heap;

static void table_reset(void *heap, size_t nblocks)
{
    table.total = nblocks;
    if (heap_create(heap, START, START + nblocks * BENCH_BLOCK, &table)) {
        fputs("bench: the program lies where the heap's addresses are; link it with -no-pie\n",
              stderr);
        exit(1);
    }
}

static double table_footprint(void *heap)
{
    const struct heap *of = heap;
    double beside =
        (double)(of->table->total + of->table->total * sizeof(struct heap_run) + sizeof *of);
    return (double)of->statistics.peak * (BENCH_BLOCK + beside / (double)of->table->total);
}

/* -- Nobody: what the streams themselves cost -- */

enum { ZEROED_MOST = 1 << 20 };
static char nothing[ZEROED_MOST] __attribute__((aligned(BENCH_BLOCK)));

static void *none_get(size_t nbytes)
{
    (void)nbytes;
    return nothing;
}

static void none_put(void *pointer)
{
    (void)pointer;
}

static void *none_resize(void *pointer, size_t nbytes)
{
    (void)pointer;
    (void)nbytes;
    return nothing;
}

static void *none_get_zero(size_t count, size_t nbytes)
{
    (void)count;
    (void)nbytes;
    return nothing;
}

static void *memset_get_zero(size_t count, size_t nbytes)
{
    return memset(nothing, 0, count * nbytes);
}

enum { PLAT = 0, FIRST_PEER = 3 };
#define BYTES (BENCH_OBJECTS | BENCH_PAGES | BENCH_ZEROED)

struct allocator allocators[] = {
    {.name = "plat",
     .serves = BYTES | BENCH_WORST,
     .get_in = plat_get,
     .put_in = plat_put,
     .resize_in = plat_resize,
     .get_zero_in = plat_get_zero,
     .get_aligned_in = plat_get_aligned,
     .reset = plat_reset,
     .footprint = plat_footprint,
     .slowness = 1},
    {.name = "table",
     .serves = BENCH_PAGES | BENCH_LARGE,
     .heap = &table_heap,
     .get_in = table_get,
     .put_in = table_put,
     .reset = table_reset,
     .footprint = table_footprint,
     .slowness = 1},
    {.name = "glibc",
     .serves = BYTES,
     .get = malloc,
     .put = free,
     .resize = realloc,
     .get_zero = calloc,
     .slowness = 1},
    {.name = "jemalloc", .slowness = 1},
    {.name = "mimalloc", .slowness = 1},
    {.name = "tcmalloc", .slowness = 1},
    {.name = "buddy",
     .serves = BENCH_PAGES,
     .heap = &buddy,
     .get_in = buddy_malloc,
     .put_in = buddy_free,
     .reset = buddy_reset,
     .footprint = buddy_footprint,
     .slowness = 1},
    {.name = "scan",
     .serves = BENCH_PAGES,
     .heap = &best_scan,
     .get_in = scans_malloc,
     .put_in = scans_free,
     .reset = scans_reset,
     .footprint = scans_footprint,
     .slowness = 64},
    {.name = "first",
     .serves = BENCH_PAGES,
     .heap = &first_scan,
     .get_in = scans_malloc,
     .put_in = scans_free,
     .reset = scans_reset,
     .footprint = scans_footprint,
     .slowness = 64},
    {.name = "exact",
     .serves = BENCH_PAGES,
     .heap = &exact_scan,
     .get_in = scans_malloc,
     .put_in = scans_free,
     .reset = scans_reset,
     .footprint = scans_footprint,
     .slowness = 64},
    {.name = "memset",
     .serves = BENCH_ZEROED,
     .get = none_get,
     .put = none_put,
     .get_zero = memset_get_zero,
     .slowness = 1},
    {.name = "none",
     .serves = BENCH_ALL,
     .get = none_get,
     .put = none_put,
     .resize = none_resize,
     .get_zero = none_get_zero,
     .slowness = 1},
};
const size_t nallocators = sizeof allocators / sizeof allocators[0];

static const struct {
    const char *library, *prefix;
} peers[] = {
    {"libjemalloc.so.2", ""}, {"libmimalloc.so.2", "mi_"}, {"libtcmalloc_minimal.so.4", ""}};

/* Writes the address of LIBRARY's function PREFIX and NAME to *FUNCTION. */
static bool find(void *library, const char *prefix, const char *name, void *function)
{
    char whole[32];
    (void)snprintf(whole, sizeof whole, "%s%s", prefix, name);
    void *address = dlsym(library, whole);
    memcpy(function, &address, sizeof address); /* POSIX's way from data to a function */
    return address != NULL;
}

const char *load_allocators(void)
{
    static char missing[128];
    allocators[PLAT].heap = plat_create();
    for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++) {
        struct allocator *peer = &allocators[FIRST_PEER + i];
        void *library = dlopen(peers[i].library, RTLD_NOW | RTLD_LOCAL);
        const char *prefix = peers[i].prefix;
        if (library && find(library, prefix, "malloc", &peer->get) &&
            find(library, prefix, "free", &peer->put) &&
            find(library, prefix, "realloc", &peer->resize) &&
            find(library, prefix, "calloc", &peer->get_zero)) {
            peer->serves = BYTES;
            continue;
        }
        const char *why = library ? "lacks a function" : dlerror();
        size_t length = strlen(missing);
        (void)snprintf(missing + length, sizeof missing - length, "%s%s", length ? ", " : "",
                       peer->name);
        (void)fprintf(stderr, "bench: %s: %s\n", peer->name, why);
    }
    return missing;
}
