/*
 * The benchmark of the heap against others: streams of requests, and who serves them. All that
 * serve run in one process and take turns, because a machine's speed changes from minute to minute.
 * It reports and never fails on a time.
 */
#ifndef PLAT_TESTS_BENCH_H
#define PLAT_TESTS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BENCH_BLOCK = 4096,
    BENCH_BLOCKS = 25600,   /* 100 MB, as the kernel has on a machine of 128 MB */
    BENCH_MILLION = 1000000 /* nearly 4 GB */
};

/* Which streams an allocator serves; a stream is of one kind. */
enum bench_kind {
    BENCH_OBJECTS = 1, /* bytes, and the memory is written to */
    BENCH_PAGES = 2,   /* whole blocks, never touched: there may be no memory behind them */
    BENCH_LARGE = 4,   /* the same on BENCH_MILLION of them */
    BENCH_ZEROED = 8,  /* through get_zero() */
    BENCH_ALL = 15,
    BENCH_WORST = 16 /* bytes, and only the most instructions of one operation are of interest */
};

/* Either the functions with a heap, or those without. */
struct allocator {
    const char *name;
    unsigned serves; /* kinds */
    void *heap;      /* NULL: get() and so on; else get_in() and so on */
    void *(*get)(size_t nbytes);
    void (*put)(void *pointer);
    void *(*resize)(void *pointer, size_t nbytes);
    void *(*get_zero)(size_t count, size_t nbytes);
    void *(*get_in)(void *heap, size_t nbytes);
    int (*put_in)(void *heap, void *pointer);
    void *(*resize_in)(void *heap, void *pointer, size_t nbytes);
    void *(*get_zero_in)(void *heap, size_t nbytes);
    void *(*get_aligned_in)(void *heap, size_t alignment, size_t nbytes);
    void (*reset)(void *heap, size_t nblocks); /* all free; may be NULL */
    /* The most bytes that were ever taken, with what stands beside them; NULL: to be measured. */
    double (*footprint)(void *heap);
    size_t slowness; /* does that many times fewer operations when timed; at least 1 */
};

static inline void *bench_get(const struct allocator *allocator, size_t nbytes)
{
    return allocator->heap ? allocator->get_in(allocator->heap, nbytes) : allocator->get(nbytes);
}

static inline void bench_put(const struct allocator *allocator, void *pointer)
{
    if (allocator->heap)
        (void)allocator->put_in(allocator->heap, pointer);
    else
        allocator->put(pointer);
}

static inline void *bench_resize(const struct allocator *allocator, void *pointer, size_t nbytes)
{
    return allocator->heap ? allocator->resize_in(allocator->heap, pointer, nbytes)
                           : allocator->resize(pointer, nbytes);
}

static inline void *bench_get_zero(const struct allocator *allocator, size_t nbytes)
{
    return allocator->heap ? allocator->get_zero_in(allocator->heap, nbytes)
                           : allocator->get_zero(1, nbytes);
}

/* For those that serve BENCH_WORST. */
static inline void *bench_get_aligned(const struct allocator *allocator, size_t alignment,
                                      size_t nbytes)
{
    return allocator->get_aligned_in(allocator->heap, alignment, nbytes);
}

/* All of them, in the order of the tables; plat is the first. */
extern struct allocator allocators[];
extern const size_t nallocators;

/* Loads the peers; returns the names of those that are not installed, or "". */
const char *load_allocators(void);

/* One turn: of STREAM through ALLOCATOR. */
struct run {
    const struct allocator *allocator;
    const struct stream *stream;
    size_t limit;      /* operations to do, about */
    size_t operations; /* that were done */
    size_t failed;     /* requests that got nothing */
    bool warm;         /* not from nothing, but from what the turn before left */
    /* Where memory is measured: called where most is live, with the bytes that were asked for. */
    void (*probe)(struct run *run, size_t live);
};

struct stream {
    const char *name;
    enum bench_kind kind;
    size_t parameter;                 /* bytes, or per cent */
    size_t operations;                /* of one turn */
    void (*prepare)(struct run *run); /* not timed; may be NULL */
    void (*work)(struct run *run);    /* timed */
    void (*finish)(struct run *run);  /* not timed; may be NULL */
};

extern const struct stream object_streams[], page_streams[], trace_streams[], worst_streams[];
extern const size_t nobject_streams, npage_streams, ntrace_streams, nworst_streams;

/* Writes to the NBYTES at POINTER as their owner would: where memory is measured, to each page. */
static inline void bench_touch(const struct run *run, void *pointer, size_t nbytes)
{
    *(volatile uint32_t *)pointer = 1;
    if (run->probe)
        for (size_t i = BENCH_BLOCK; i < nbytes; i += BENCH_BLOCK)
            ((volatile char *)pointer)[i] = 1;
}

/* Xorshift: a few instructions a number, the same in 32 and 64 bits. */
static inline uint32_t bench_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* A number below BELOW out of RANDOM. */
static inline uint32_t bench_below(uint32_t random, uint32_t below)
{
    return (uint32_t)((uint64_t)random * below >> 32);
}

/* What was measured of one stream through one allocator; a negative number where nothing was. */
struct result {
    double ns, lowest, highest; /* an operation: median, and the extremes of the turns */
    double instructions;        /* an operation, those of the streams themselves not counted */
    double worst;               /* the most instructions of one operation */
    double footprint; /* bytes taken for each one that was asked for, both at their most */
    double failed;    /* of the requests in FAILURE_OPERATIONS operations */
};

enum { FAILURE_OPERATIONS = 100000 };

/*
 * One turn, of about LIMIT operations, from the empty heap to the empty heap; between BEFORE and
 * AFTER, which may be NULL, is only work(). OPERATIONS and FAILED are those of work().
 */
void run_once(struct run *run, void (*before)(void), void (*after)(void));

/* Whether STREAM is one that ALLOCATOR serves. */
static inline bool serves(const struct allocator *allocator, const struct stream *stream)
{
    return (allocator->serves & stream->kind) != 0;
}

/* FOOTPRINT and FAILED (memory.c). RESULT is shared with children. */
void measure_memory(const struct stream *stream, const struct allocator *allocator,
                    struct result *result);

/* WORST (worst.c). */
void measure_worst(const struct stream *stream, const struct allocator *allocator,
                   struct result *result);

enum { STREAMS_MOST = 48 };

/* All streams, in the order of the tables, and what was measured: at [stream * nallocators]. */
struct bench {
    const struct stream *streams[STREAMS_MOST];
    size_t nstreams;
    struct result *results;
};

static inline struct result *bench_result(const struct bench *bench, size_t stream,
                                          size_t allocator)
{
    return &bench->results[stream * nallocators + allocator];
}

/*
 * INSTRUCTIONS, by valgrind, which runs this program again with the further arguments ARGUMENTS, of
 * which the first is its name; false where it can't (count.c). And what that other program does.
 */
bool count_instructions(const struct bench *bench, char **arguments);
void count_here(const struct bench *bench);

/* The tables on stdout, and all numbers in the file PATH; false where it can't be written. */
void report_tables(const struct bench *bench, size_t turns);
bool report_file(const struct bench *bench, const char *path);

#endif
