/* Streams that replay a trace, from the empty heap to the empty heap. */
#include "bench.h"
#include "trace.h"

struct trace kernel_trace, text_trace, program_traces[TRACE_NPROGRAMS], read_trace;

static void *objects[TRACE_MOST];
static uint32_t sizes[TRACE_MOST];

static const struct trace *trace_of(const struct run *run)
{
    const struct trace *made[] = {&kernel_trace, &text_trace, &read_trace};
    size_t i = run->stream->parameter;
    return i < 3 ? made[i] : &program_traces[i - 3];
}

static void put_object(struct run *run, uint32_t id)
{
    if (objects[id])
        bench_put(run->allocator, objects[id]);
    objects[id] = NULL;
    sizes[id] = 0;
}

/* What the trace leaves. */
static void free_left(struct run *run)
{
    for (uint32_t id = 0; id < trace_of(run)->ids; id++) {
        run->operations += objects[id] != NULL;
        put_object(run, id);
    }
}

/* The object's bytes may have moved: another pointer, or none where it did not fit. */
static void place(struct run *run, uint32_t id, void *pointer, uint32_t nbytes)
{
    if (!pointer) {
        run->failed++;
        return;
    }
    bench_touch(run, pointer, nbytes);
    objects[id] = pointer;
    sizes[id] = nbytes;
}

/* The most that is live, measured where it is: what comes before is replayed first. */
static size_t most_live(const struct trace *trace, size_t *where)
{
    size_t now = 0, most = 0;
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_operation *operation = &trace->operations[i];
        now = now - sizes[operation->id] + operation->nbytes;
        sizes[operation->id] = operation->nbytes;
        if (now <= most)
            continue;
        most = now;
        *where = i;
    }
    for (uint32_t id = 0; id < trace->ids; id++)
        sizes[id] = 0;
    return most;
}

static void do_operation(struct run *run, const struct trace_operation *operation)
{
    uint32_t id = operation->id, nbytes = operation->nbytes;
    run->operations++;
    if (operation->verb == 'f')
        put_object(run, id);
    else if (operation->verb == 'm' || !objects[id])
        place(run, id, bench_get(run->allocator, nbytes), nbytes);
    else
        place(run, id, bench_resize(run->allocator, objects[id], nbytes), nbytes);
}

/* The whole trace, and if it is short over and over. */
static void replay(struct run *run)
{
    const struct trace *trace = trace_of(run);
    size_t where = trace->count, most = run->probe ? most_live(trace, &where) : 0;
    do {
        for (size_t i = 0; i < trace->count; i++) {
            do_operation(run, &trace->operations[i]);
            if (i == where)
                run->probe(run, most);
        }
        if (run->probe) /* what was kept may have grown since */
            run->probe(run, most);
        free_left(run);
    } while (run->operations < run->limit && !run->probe);
}

enum { OPERATIONS = 200000 };

const struct stream trace_streams[] = {
    {"trace: kernel", BENCH_OBJECTS, 0, OPERATIONS, NULL, replay, NULL},
    {"trace: text", BENCH_OBJECTS, 1, OPERATIONS, NULL, replay, NULL},
    {"trace: perl", BENCH_OBJECTS, 3, OPERATIONS, NULL, replay, NULL},
    {"trace: cc1", BENCH_OBJECTS, 4, OPERATIONS, NULL, replay, NULL},
    {"trace: sqlite", BENCH_OBJECTS, 5, OPERATIONS, NULL, replay, NULL},
    {"trace: gawk", BENCH_OBJECTS, 6, OPERATIONS, NULL, replay, NULL},
    {"trace: the file's", BENCH_OBJECTS, 2, OPERATIONS, NULL, replay, NULL},
};
const size_t ntrace_streams = sizeof trace_streams / sizeof trace_streams[0];
