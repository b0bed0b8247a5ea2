/*
 * Recorded requests, to be replayed. The text form is
 *
 *     plat-trace 1
 *     # a comment
 *     m ID BYTES      malloc; the object gets this number
 *     r ID BYTES      realloc
 *     f ID            free
 *
 * A number is free to be used again after its object is freed. BYTES is 1 to 2^30, IDs are below
 * TRACE_MOST, and there are at most TRACE_MOST operations.
 */
#ifndef PLAT_TESTS_BENCH_TRACE_H
#define PLAT_TESTS_BENCH_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { TRACE_MOST = 1000000, TRACE_BYTES_MOST = 1 << 30 };

struct trace_operation {
    uint32_t id : 24, verb : 8; /* 'm', 'r' or 'f' */
    uint32_t nbytes;
};

struct trace {
    struct trace_operation *operations; /* room for TRACE_MOST */
    size_t count;
    uint32_t ids; /* all are below */
};

/* An empty trace; its memory is the process's until the end. */
struct trace trace_new(void);

/*
 * Reads STREAM to its end into TRACE, in place of what was there. NULL; or what is wrong, in words
 * without an end of line, and in *LINE where, counted from 1.
 */
const char *trace_read_stream(struct trace *trace, FILE *stream, size_t *line);

/* Reads the file PATH into TRACE. False, and one line about it on stderr, for a bad file. */
bool trace_read(struct trace *trace, const char *path);

/* The same for one that scripts/record-trace has packed; it is wrong in the operation behind
 * TRACE->count. */
const char *trace_read_packed_stream(struct trace *trace, FILE *stream);
bool trace_read_packed(struct trace *trace, const char *path);

/* Fills TRACE with what a kernel asks for: fixed sizes, short and long lives, some buffers. */
void trace_make_kernel(struct trace *trace);

/* Fills TRACE with what text costs: short strings that pass, and buffers that grow by realloc. */
void trace_make_text(struct trace *trace);

/* Recorded from real programs, in tests/bench/traces: an interpreter, a compiler, a database and a
 * text tool. */
#define TRACE_PROGRAMS(X) X(perl) X(cc1) X(sqlite) X(gawk)
enum { TRACE_NPROGRAMS = 4 };

/* What the streams of traces replay: the two that are made, those of programs, and the one that
 * was read. */
extern struct trace kernel_trace, text_trace, program_traces[TRACE_NPROGRAMS], read_trace;

#endif
