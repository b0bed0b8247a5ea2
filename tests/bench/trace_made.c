/* Traces that no file is needed for. They are the same on every run. */
#include "bench.h"
#include "trace.h"

enum { OPERATIONS = 200000, PLACES = 8192 };

static uint32_t seed;

static uint32_t below(uint32_t limit)
{
    return bench_below(bench_random(&seed), limit);
}

static void add(struct trace *trace, char verb, uint32_t id, uint32_t nbytes)
{
    struct trace_operation *operation = &trace->operations[trace->count++];
    operation->id = id & 0xffffff;
    operation->verb = (uint8_t)verb;
    operation->nbytes = nbytes;
    if (id >= trace->ids)
        trace->ids = id + 1;
}

/* Gives place ID, which may hold an object, another one. */
static void replace(struct trace *trace, bool *live, uint32_t id, uint32_t nbytes)
{
    if (live[id])
        add(trace, 'f', id, 0);
    add(trace, 'm', id, nbytes);
    live[id] = true;
}

/*
 * Most objects go soon: places below SHORT, taken in turns. Others stay for long: any place above.
 * One request in 32 is for a buffer, and those are few at a time.
 */
void trace_make_kernel(struct trace *trace)
{
    static const uint16_t fixed[] = {16, 32, 64, 96, 128, 192, 256, 512};
    enum { SHORT = 64, BUFFERS = 32 };
    bool live[PLACES] = {false};
    seed = 88172645u;
    for (uint32_t turn = 0; trace->count + 2 < OPERATIONS; turn++) {
        uint32_t nbytes = fixed[below(8)];
        if (turn % 32 == 31)
            replace(trace, live, SHORT + below(BUFFERS), 4096 + 64 * below(449));
        else if (turn % 4 == 3)
            replace(trace, live, SHORT + BUFFERS + below(PLACES - SHORT - BUFFERS), nbytes);
        else
            replace(trace, live, turn % SHORT, nbytes);
    }
}

/* Strings live in a queue; a buffer grows by a half each time until it is 64 KB, and starts anew.
 */
void trace_make_text(struct trace *trace)
{
    enum { BUFFERS = 16, LARGEST = 65536 };
    bool live[PLACES] = {false};
    uint32_t nbytes[BUFFERS] = {0};
    seed = 521288629u;
    for (uint32_t turn = 0; trace->count + 2 < OPERATIONS; turn++) {
        uint32_t buffer = below(BUFFERS);
        if (turn % 8 != 7) {
            replace(trace, live, BUFFERS + turn % 2048, 1 + below(64));
        } else if (nbytes[buffer] == 0 || nbytes[buffer] > LARGEST) {
            nbytes[buffer] = 16 + below(64);
            replace(trace, live, buffer, nbytes[buffer]);
        } else {
            nbytes[buffer] += nbytes[buffer] / 2;
            add(trace, 'r', buffer, nbytes[buffer]);
        }
    }
}
