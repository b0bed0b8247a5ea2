/*
 * Usage: bench [--tsv FILE] [--trace FILE] [--turns COUNT] [--only TEXT] [--quick]
 *
 * Measures every stream through every allocator: memory first, while nobody has any; then time, in
 * turns; then instructions. --only TEXT takes the streams in whose names TEXT is; --quick leaves
 * out what is not time. Ends in 1 only where it could not do what it was told.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "trace.h"

enum { TURNS_MOST = 99 };

static struct {
    const char *tsv, *trace, *only;
    size_t turns;
    bool quick, count;
} options = {.turns = 9};

static struct bench bench;

void run_once(struct run *run, void (*before)(void), void (*after)(void))
{
    const struct allocator *allocator = run->allocator;
    bool large = run->stream->kind == BENCH_LARGE;
    if (allocator->reset && !run->warm)
        allocator->reset(allocator->heap, large ? BENCH_MILLION : BENCH_BLOCKS);
    if (run->stream->prepare)
        run->stream->prepare(run);
    run->operations = run->failed = 0;
    if (before)
        before();
    run->stream->work(run);
    if (after)
        after();
    size_t operations = run->operations, failed = run->failed;
    if (run->stream->finish)
        run->stream->finish(run);
    run->operations = operations;
    run->failed = failed;
}

/* -- Time: of this process alone, so that others on the machine disturb less -- */

static double begun, elapsed;

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void start_clock(void)
{
    begun = now();
}

static void stop_clock(void)
{
    elapsed = now() - begun;
}

static int compare(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

/* Filling these heaps alone takes longer than all the rest. */
static bool is_too_slow(const struct allocator *allocator, const struct stream *stream)
{
    return allocator->slowness > 1 && stream->parameter == 0;
}

static void measure_time(size_t i)
{
    static double times[64][TURNS_MOST];
    const struct stream *stream = bench.streams[i];
    for (size_t turn = 0; turn < options.turns; turn++)
        for (size_t j = 0; j < nallocators; j++) {
            const struct allocator *allocator = &allocators[j];
            struct run run = {.allocator = allocator, .stream = stream, .warm = turn > 0};
            if (!serves(allocator, stream) || is_too_slow(allocator, stream))
                continue;
            run.limit = stream->operations / allocator->slowness;
            run_once(&run, start_clock, stop_clock);
            times[j][turn] = elapsed / (double)run.operations;
        }
    for (size_t j = 0; j < nallocators; j++) {
        if (!serves(&allocators[j], stream) || is_too_slow(&allocators[j], stream))
            continue;
        qsort(times[j], options.turns, sizeof times[j][0], compare);
        struct result *result = bench_result(&bench, i, j);
        result->lowest = times[j][0];
        result->ns = times[j][options.turns / 2];
        result->highest = times[j][options.turns - 1];
    }
}

/* The heap's own, and where an operation is not as short as its shortest way. */
static bool has_worst(const struct allocator *allocator, const struct stream *stream)
{
    bool ours = strcmp(allocator->name, "plat") == 0 || strcmp(allocator->name, "table") == 0;
    return ours && stream->kind != BENCH_ZEROED && strncmp(stream->name, "pair", 4) != 0;
}

static void measure_all(char **arguments)
{
    for (size_t i = 0; i < bench.nstreams && !options.quick; i++)
        for (size_t j = 0; j + 1 < nallocators; j++)
            if (serves(&allocators[j], bench.streams[i]) && bench.streams[i]->kind != BENCH_WORST)
                measure_memory(bench.streams[i], &allocators[j], bench_result(&bench, i, j));
    for (size_t i = 0; i < bench.nstreams && !options.quick; i++)
        for (size_t j = 0; j + 1 < nallocators; j++)
            if (serves(&allocators[j], bench.streams[i]) &&
                has_worst(&allocators[j], bench.streams[i]))
                measure_worst(bench.streams[i], &allocators[j], bench_result(&bench, i, j));
    for (size_t i = 0; i < bench.nstreams; i++)
        if (bench.streams[i]->kind != BENCH_WORST)
            measure_time(i);
    if (!options.quick && !count_instructions(&bench, arguments))
        puts("Instructions are not counted: valgrind, or its header, is not installed.");
}

/* -- What there is to do -- */

static void add_streams(const struct stream *streams, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!options.only || strstr(streams[i].name, options.only)) {
            if (bench.nstreams == STREAMS_MOST) {
                (void)fprintf(stderr, "bench: more than %d streams\n", STREAMS_MOST);
                exit(1);
            }
            bench.streams[bench.nstreams++] = &streams[i];
        }
}

#define PATH(name) "tests/bench/traces/" #name,

static bool make_bench(void)
{
    kernel_trace = trace_new();
    text_trace = trace_new();
    trace_make_kernel(&kernel_trace);
    trace_make_text(&text_trace);
    for (size_t i = 0; i < TRACE_NPROGRAMS; i++) {
        static const char *const paths[] = {TRACE_PROGRAMS(PATH)};
        program_traces[i] = trace_new();
        if (!trace_read_packed(&program_traces[i], paths[i]))
            return false;
    }
    if (options.trace) {
        read_trace = trace_new();
        if (!trace_read(&read_trace, options.trace))
            return false;
    }
    add_streams(object_streams, nobject_streams);
    add_streams(trace_streams, ntrace_streams - (options.trace ? 0 : 1));
    add_streams(worst_streams, nworst_streams);
    add_streams(page_streams, npage_streams);
    size_t count = bench.nstreams * nallocators;
    bench.results = mmap(NULL, (count + 1) * sizeof *bench.results, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (bench.results == MAP_FAILED) {
        perror("bench");
        return false;
    }
    for (size_t i = 0; i < count; i++)
        bench.results[i] = (struct result){-1, -1, -1, -1, -1, -1, -1};
    return true;
}

static bool read_options(char **arguments)
{
    for (char **at = arguments + 1; *at; at++) {
        const char *value = at[1];
        if (strcmp(*at, "--quick") == 0)
            options.quick = true;
        else if (strcmp(*at, "--count") == 0)
            options.count = true;
        else if (!value)
            return false;
        else if (strcmp(*at, "--tsv") == 0)
            options.tsv = *++at;
        else if (strcmp(*at, "--trace") == 0)
            options.trace = *++at;
        else if (strcmp(*at, "--only") == 0)
            options.only = *++at;
        else if (strcmp(*at, "--turns") == 0)
            options.turns = strtoul(*++at, NULL, 10);
        else
            return false;
    }
    return options.turns > 0 && options.turns <= TURNS_MOST;
}

/* Jemalloc's variables of a thread are more than the C library has room for, if it isn't told. */
static void make_room_for_peers(char **arguments)
{
    if (getenv("GLIBC_TUNABLES"))
        return;
    (void)setenv("GLIBC_TUNABLES", "glibc.rtld.optional_static_tls=16384", 1);
    (void)execv("/proc/self/exe", arguments);
}

int main(int count, char **arguments)
{
    (void)count;
    if (!read_options(arguments)) {
        (void)fputs("usage: bench [--tsv FILE] [--trace FILE] [--turns 1..99] [--only TEXT] "
                    "[--quick]\n",
                    stderr);
        return 1;
    }
    make_room_for_peers(arguments);
    const char *missing = load_allocators();
    if (!make_bench())
        return 1;
    if (options.count) {
        count_here(&bench);
        return 0;
    }
    printf("%zu bits. Peers that are not installed: %s\n", sizeof(void *) * 8,
           *missing ? missing : "none");
    measure_all(arguments);
    report_tables(&bench, options.turns);
    if (options.tsv && !report_file(&bench, options.tsv)) {
        perror(options.tsv);
        return 1;
    }
    return 0;
}
