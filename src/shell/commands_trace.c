/* The heap's work as text, for another heap to do again. */
#include "lib/print.h"
#include "lib/string.h"
#include "memory/debug/trace.h"
#include "memory/kheap/kheap.h"
#include "memory/kheap/kheap_look.h"
#include "shell/command.h"

static void print_event(void *context, char verb, uint32_t number, uint32_t nbytes)
{
    (void)context;
    if (verb == 'f')
        kprintf("f %u\n", number);
    else
        kprintf("%c %u %u\n", verb, number, nbytes);
}

static void dump(const struct heap_trace *trace)
{
    size_t end = trace->count; /* before what this itself allocates */
    struct trace_known known = {.objects = kcalloc(TRACE_KNOWN, sizeof *known.objects)};
    if (!known.objects) {
        kprintf("  no memory to sort the trace\n");
        return;
    }
    kprintf("plat-trace 1\n");
    size_t older = trace_walk(trace, end, &known, print_event, NULL);
    kprintf("# end: %u live, %zu calls about older objects left out\n", known.live, older);
    kfree(known.objects);
}

void command_trace(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords;
    const struct heap_trace *trace = kheap_traced();
    if (string_equal(words[0], "start")) {
        kprintf(kheap_trace(TRACE_EVENTS_MOST) ? "  recording the last %d calls\n"
                                               : "  no memory to record %d calls\n",
                TRACE_EVENTS_MOST);
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
