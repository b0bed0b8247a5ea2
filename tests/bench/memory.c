/*
 * How much memory a stream takes: in a child each, so that every allocator starts from nothing. The
 * peers are measured from outside, by the pages that the process has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static double base, most_taken;
static size_t most_live;

/*
 * Bytes, counted page by page: the counters of statm are up to 256 KB late. Memory of files is not
 * counted: it is code, and it is there when somebody calls it.
 */
static double anonymous_bytes(void)
{
    static char line[256]; /* no stdio: it would ask the allocator */
    unsigned long long kilobytes = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "Anonymous: %llu", &kilobytes) == 1)
            break;
    if (file)
        (void)fclose(file);
    return (double)kilobytes * 1024;
}

static void probe(struct run *run, size_t live)
{
    double taken = run->allocator->footprint ? 0 : anonymous_bytes() - base;
    most_taken = taken > most_taken ? taken : most_taken;
    most_live = live > most_live ? live : most_live;
}

static void measure(const struct stream *stream, const struct allocator *allocator,
                    struct result *result)
{
    bool pages = stream->kind == BENCH_PAGES;
    struct run run = {.allocator = allocator, .stream = stream, .probe = probe};
    run.limit = pages && stream->parameter ? FAILURE_OPERATIONS : stream->operations;
    /* Huge pages would count memory that nobody asked for. */
    (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    /* Once through nobody, so that the streams' own memory is there before. */
    struct run before = run;
    before.allocator = &allocators[nallocators - 1];
    run_once(&before, NULL, NULL);
    most_live = 0;
    most_taken = 0;
    base = anonymous_bytes();
    run_once(&run, NULL, NULL);
    if (pages)
        result->failed = (double)run.failed;
    if (allocator->footprint)
        most_taken = allocator->footprint(allocator->heap);
    if (most_live > 0)
        result->footprint = most_taken / (double)most_live;
}

void measure_memory(const struct stream *stream, const struct allocator *allocator,
                    struct result *result)
{
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        measure(stream, allocator, result);
        _exit(0);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        (void)fprintf(stderr, "bench: %s, %s: memory could not be measured\n", stream->name,
                      allocator->name);
}
