/*
 * A ring of events into requests about numbered objects. A table by address, with linear probing,
 * knows which object is where at that point.
 */
#include "memory/debug/trace.h"

static size_t place_of(const struct trace_known *known, uint32_t address)
{
    size_t i = (address >> 3) * 2654435769u >> 16 & (TRACE_KNOWN - 1);
    while (known->objects[i].address && known->objects[i].address != address)
        i = (i + 1) & (TRACE_KNOWN - 1);
    return i;
}

static void forget(struct trace_known *known, size_t hole)
{
    known->objects[hole].address = 0;
    known->live--;
    /* Those behind it may have been moved on because of it. */
    for (size_t i = (hole + 1) & (TRACE_KNOWN - 1); known->objects[i].address;
         i = (i + 1) & (TRACE_KNOWN - 1)) {
        struct trace_known_object object = known->objects[i];
        known->objects[i].address = 0;
        known->objects[place_of(known, object.address)] = object;
    }
}

size_t trace_walk(const struct heap_trace *trace, size_t end, struct trace_known *known,
                  void (*visit)(void *context, char verb, uint32_t number, uint32_t nbytes),
                  void *context)
{
    size_t older = 0;
    uint32_t numbers = 0;
    /* Calls behind the ENDth have overwritten the oldest. */
    for (size_t i = trace->count > trace->capacity ? trace->count - trace->capacity : 0; i < end;
         i++) {
        const struct trace_event *event = &trace->events[i & (trace->capacity - 1)];
        size_t place = place_of(known, event->before ? event->before : event->after);
        struct trace_known_object *object = &known->objects[place];
        if (event->kind == TRACE_MALLOC) {
            if (!event->after)
                continue;
            *object = (struct trace_known_object){.address = event->after, .number = ++numbers};
            known->live++;
            visit(context, 'm', object->number, event->nbytes);
        } else if (!object->address) {
            older++;
        } else if (event->kind == TRACE_REALLOC) {
            visit(context, 'r', object->number, event->nbytes);
        } else {
            visit(context, 'f', object->number, 0);
            forget(known, place);
        }
    }
    return older;
}
