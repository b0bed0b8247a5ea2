/*
 * A record of what the heap was asked for, in a ring: so that the work of one kernel can be done
 * again, elsewhere, over another heap (tests/bench/trace.c reads what `trace dump` prints).
 */
#ifndef PLAT_MEMORY_DEBUG_TRACE_H
#define PLAT_MEMORY_DEBUG_TRACE_H

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

/* What is live at one point of a trace, by address: a hash table. */
struct trace_known {
    struct trace_known_object {
        uint32_t address; /* 0: unused */
        uint32_t number;
    } * objects; /* TRACE_KNOWN of them, all zero at the start */
    uint32_t live;
};

enum { TRACE_EVENTS_MOST = 32768, TRACE_KNOWN = 2 * TRACE_EVENTS_MOST };

/*
 * Tells VISIT, event by event, what TRACE, of at most TRACE_EVENTS_MOST events up to the ENDth, is
 * about: verb 'm', 'r' or 'f', the object's number, which counts from 1 on, and bytes. Returns how
 * many events are about objects from before; these are left out.
 */
size_t trace_walk(const struct heap_trace *trace, size_t end, struct trace_known *known,
                  void (*visit)(void *context, char verb, uint32_t number, uint32_t nbytes),
                  void *context);

#endif
