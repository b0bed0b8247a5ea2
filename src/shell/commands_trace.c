/* The heap's work as text, for another heap to do again. */
#include "lib/print.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
#include "shell/command.h"

enum { EVENTS = 32768, KNOWN = 2 * EVENTS };

/* What is live at one point of the trace, by address: a hash table, linear probing. */
struct known_object {
    uint32_t address; /* 0: unused */
    uint32_t number;  /* it was the Nth of the trace */
};

struct known {
    struct known_object *objects;
    uint32_t live, numbers;
};

static size_t place_of(const struct known *known, uint32_t address)
{
    size_t i = (address >> 3) * 2654435769u >> 16 & (KNOWN - 1);
    while (known->objects[i].address && known->objects[i].address != address)
        i = (i + 1) & (KNOWN - 1);
    return i;
}

static void forget(struct known *known, size_t hole)
{
    known->objects[hole].address = 0;
    known->live--;
    /* Those behind it may have been moved on because of it. */
    for (size_t i = (hole + 1) & (KNOWN - 1); known->objects[i].address;
         i = (i + 1) & (KNOWN - 1)) {
        struct known_object object = known->objects[i];
        known->objects[i].address = 0;
        known->objects[place_of(known, object.address)] = object;
    }
}

/* Prints EVENT; false where it is about an object from before the trace. */
static bool print_event(struct known *known, const struct trace_event *event)
{
    struct known_object *object =
        &known->objects[place_of(known, event->before ? event->before : event->after)];
    if (event->kind == TRACE_MALLOC && event->after) {
        *object = (struct known_object){.address = event->after, .number = ++known->numbers};
        known->live++;
        kprintf("m %u %u\n", object->number, (unsigned)event->nbytes);
    }
    if (event->kind == TRACE_MALLOC)
        return true;
    if (!object->address)
        return false;
    if (event->kind == TRACE_REALLOC) {
        kprintf("r %u %u\n", object->number, (unsigned)event->nbytes);
    } else {
        kprintf("f %u\n", object->number);
        forget(known, (size_t)(object - known->objects));
    }
    return true;
}

static void dump(const struct heap_trace *trace)
{
    size_t end = trace->count; /* before what this itself allocates */
    struct known known = {.objects = kcalloc(KNOWN, sizeof(struct known_object))};
    if (!known.objects) {
        kprintf("  no memory to sort the trace\n");
        return;
    }
    size_t first = trace->count > trace->capacity ? trace->count - trace->capacity : 0;
    unsigned older = 0;
    kprintf("plat-trace 1\n");
    for (size_t i = first; i < end; i++)
        older += !print_event(&known, &trace->events[i & (trace->capacity - 1)]);
    kprintf("# end: %u live, %u calls about older objects left out\n", known.live, older);
    kfree(known.objects);
}

void command_trace(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords;
    const struct heap_trace *trace = kheap_traced();
    if (string_equal(words[0], "start")) {
        kprintf(kheap_trace(EVENTS) ? "  recording the last %d calls\n"
                                    : "  no memory to record %d calls\n",
                EVENTS);
    } else if (string_equal(words[0], "stop")) {
        size_t count = trace->count;
        if (kheap_trace(0))
            kprintf("  %zu calls seen, and forgotten\n", count);
    } else if (!string_equal(words[0], "dump")) {
        kprintf("trace: %s is unknown; expected: start, dump or stop\n", words[0]);
    } else if (trace->events) {
        dump(trace);
    } else {
        kprintf("nothing is being recorded; expected: trace start before\n");
    }
}
