/*
 * Instructions are counted by callgrind, in this program run once more: it does each stream once
 * through each allocator, and collects only in between. What the streams themselves execute is
 * counted through nobody, and taken off.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { FEWER = 4 /* of a turn's operations */, ARGUMENTS_MOST = 16 };

#define COUNTS "PLAT_BENCH_COUNTS"

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>

static void toggle(void)
{
    CALLGRIND_TOGGLE_COLLECT;
}

/* What was collected since the last call: it is in the file that callgrind just wrote. */
static double collected(void)
{
    static unsigned ndumps;
    char path[512], line[256];
    double total = -1;
    CALLGRIND_DUMP_STATS;
    (void)snprintf(path, sizeof path, "%s.%u", getenv(COUNTS), ++ndumps);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "totals:", 7) == 0)
            total = strtod(line + 7, NULL);
    if (file)
        (void)fclose(file);
    (void)unlink(path);
    return total;
}
#else
static void toggle(void)
{
}

static double collected(void)
{
    return -1;
}
#endif

static double instructions(const struct stream *stream, const struct allocator *allocator)
{
    struct run run = {.allocator = allocator, .stream = stream};
    bool whole = stream->operations <= FEWER * 1000;
    run.limit = whole ? stream->operations : stream->operations / FEWER;
    run_once(&run, NULL, NULL);
    run.warm = true;
    run_once(&run, toggle, toggle);
    double total = collected();
    return total < 0 ? -1 : total / (double)run.operations;
}

void count_here(const struct bench *bench)
{
    for (size_t i = 0; i < bench->nstreams; i++) {
        const struct stream *stream = bench->streams[i];
        if (stream->kind == BENCH_ZEROED || stream->kind == BENCH_WORST)
            continue; /* what zeroes is one instruction or thousands */
        double streams_own = instructions(stream, &allocators[nallocators - 1]);
        for (size_t j = 0; j + 1 < nallocators; j++) {
            if (!serves(&allocators[j], stream) || allocators[j].slowness > 1)
                continue;
            double all = instructions(stream, &allocators[j]);
            if (all >= 0)
                printf("%zu %zu %.9g\n", i, j, all - streams_own);
        }
    }
}

static void become_valgrind(int output, char **arguments)
{
    char out_file[600];
    (void)snprintf(out_file, sizeof out_file, "--callgrind-out-file=%s", getenv(COUNTS));
    char *all[ARGUMENTS_MOST] = {"valgrind", "-q", "--tool=callgrind", "--collect-atstart=no",
                                 out_file,   "--", "/proc/self/exe"};
    size_t count = 6;
    char self[512];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    all[count++] = self;
    all[count++] = "--count";
    for (arguments++; *arguments && count + 1 < ARGUMENTS_MOST; arguments++)
        all[count++] = *arguments;
    (void)dup2(output, STDOUT_FILENO);
    execvp(all[0], all);
    _exit(127);
}

/* What the other program said, line by line. */
static void read_counts(const struct bench *bench, int input)
{
    FILE *file = fdopen(input, "r");
    size_t stream, allocator;
    double number;
    while (file && fscanf(file, "%zu %zu %lf", &stream, &allocator, &number) == 3)
        if (stream < bench->nstreams && allocator < nallocators && number >= 0)
            bench_result(bench, stream, allocator)->instructions = number;
    if (file)
        (void)fclose(file);
}

bool count_instructions(const struct bench *bench, char **arguments)
{
    char folder[] = "/tmp/bench.XXXXXX", path[64];
    int ends[2], status = -1;
    if (!mkdtemp(folder) || pipe(ends) != 0)
        return false;
    (void)snprintf(path, sizeof path, "%s/counts", folder);
    (void)setenv(COUNTS, path, 1);
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        become_valgrind(ends[1], arguments);
    (void)close(ends[1]);
    read_counts(bench, ends[0]);
    (void)waitpid(child, &status, 0);
    (void)unlink(path);
    (void)rmdir(folder);
    return status == 0;
}
