/*
 * A record of what the heap was asked for, in a ring: so that the work of one kernel can be done
 * again, elsewhere, over another heap (tests/bench/trace.c reads what `trace dump` prints).
 */
#ifndef PLAT_MEMORY_HEAP_TRACE_H
#define PLAT_MEMORY_HEAP_TRACE_H

#include "lib/types.h"

enum trace_kind { TRACE_MALLOC, TRACE_FREE, TRACE_REALLOC };

struct trace_event {
    uint32_t before; /* the object that was freed or reallocated; else 0 */
    uint32_t after;  /* the one that there is now; 0 for a free, or without memory */
    uint32_t nbytes : 30;
    uint32_t kind : 2; /* enum trace_kind */
};

struct heap_trace {
    struct trace_event *events; /* NULL: not recording */
    size_t capacity;            /* a power of two */
    size_t count;               /* ever; the last CAPACITY of them are there */
};

static inline void trace_note(struct heap_trace *trace, enum trace_kind kind, const void *before,
                              const void *after, size_t nbytes)
{
    if (!trace->events)
        return;
    trace->events[trace->count++ & (trace->capacity - 1)] =
        (struct trace_event){.before = (uint32_t)(uintptr_t)before,
                             .after = (uint32_t)(uintptr_t)after,
                             .nbytes = nbytes & 0x3fffffff,
                             .kind = kind & 3};
}

#endif
