#include "lib/print.h"

#include "lib/format.h"

enum { FALLBACK_BYTES = 8192, RUN_BYTES = 128, IN_LINE = ' ' };

/* For a machine that has no place for a log that outlives a restart. */
static struct {
    struct log_memory memory;
    uint8_t ring[FALLBACK_BYTES];
} fallback;

/* What one call formats is printed together: each printing costs the log a step, and every sink. */
struct run {
    struct run *outer; /* of the call that this one has interrupted */
    size_t nbytes;
    char text[RUN_BYTES];
};

static struct {
    struct print_sink *sinks;
    uint32_t (*clock)(void);
    struct run *run; /* the innermost */
    bool at_once;    /* nothing is held back */
    char last;
    struct log log;
} print = {.log = LOG_IN(&fallback.memory, fallback.ring, FALLBACK_BYTES)};

_Static_assert((FALLBACK_BYTES & (FALLBACK_BYTES - 1)) == 0, "a log's ring is a power of two");
_Static_assert(sizeof(struct log_memory) + PRINT_RING_BYTES <= PRINT_KEPT_BYTES, "it fits");

void print_keep_in(void *memory)
{
    log_open(&print.log, memory, PRINT_RING_BYTES);
}

void print_set_clock(uint32_t (*hundredths)(void))
{
    print.clock = hundredths;
}

const struct log *print_log(void)
{
    return &print.log;
}

uint32_t print_written(void)
{
    return log_end(&print.log);
}

static void write_to(void *context, const char *text, size_t nbytes)
{
    const struct print_sink *sink = context;
    sink->write(text, nbytes);
}

void print_again(const struct print_sink *sink, uint32_t since)
{
    uint32_t end = log_end(&print.log), own = log_own_start(&print.log);
    struct log_reader reader = log_read(&print.log, end - since < end - own ? since : own);
    struct log_line line;
    while (log_read_line(&reader, &line)) {
        log_text(&print.log, line.at, line.nbytes, write_to, (void *)sink);
        if (line.ended)
            sink->write("\n", 1);
    }
}

void print_add_sink(struct print_sink *sink)
{
    print_again(sink, log_own_start(&print.log));
    sink->next = print.sinks;
    print.sinks = sink;
}

void print_show(const char *text, size_t nbytes)
{
    if (nbytes == 0)
        return;
    print.last = IN_LINE; /* a panic may come before TEXT is out */
    for (struct print_sink *sink = print.sinks; sink; sink = sink->next)
        sink->write(text, nbytes);
    print.last = text[nbytes - 1];
}

void print_text(const char *text, size_t nbytes)
{
    log_write(&print.log, text, nbytes, print.clock ? print.clock() : 0);
    print_show(text, nbytes);
}

/* It is empty before it is out: a panic on the way does not begin it again. */
static void print_run(struct run *run)
{
    size_t nbytes = run->nbytes;
    run->nbytes = 0;
    if (nbytes <= RUN_BYTES)
        print_text(run->text, nbytes);
}

static void gather(void *context, const char *text, size_t nbytes)
{
    struct run *run = context;
    if (nbytes > RUN_BYTES - run->nbytes)
        print_run(run);
    if (nbytes > RUN_BYTES || print.at_once) {
        print_text(text, nbytes);
        return;
    }
    __builtin_memcpy(run->text + run->nbytes, text, nbytes);
    run->nbytes += nbytes;
}

size_t kvprintf(const char *format, va_list arguments)
{
    struct run run;
    run.outer = print.run;
    run.nbytes = 0;
    print.run = &run;
    size_t length = format_to(gather, &run, format, arguments);
    print_run(&run);
    print.run = run.outer;
    return length;
}

/* The outer call began before the inner one. */
static void print_runs(struct run *run) // NOLINT(misc-no-recursion)
{
    if (!run)
        return;
    print_runs(run->outer);
    print_run(run);
}

void print_at_once(void)
{
    struct run *run = print.run;
    print.at_once = true;
    print.run = NULL;
    print_runs(run);
}

size_t kprintf(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = kvprintf(format, arguments);
    va_end(arguments);
    return length;
}

void print_style(enum print_style style)
{
    for (struct print_sink *sink = print.sinks; sink; sink = sink->next)
        if (sink->style)
            sink->style(style);
}

void print_flush(void)
{
    for (struct print_sink *sink = print.sinks; sink; sink = sink->next)
        if (sink->flush)
            sink->flush();
}

size_t print_backlog(void)
{
    size_t most = 0;
    for (struct print_sink *sink = print.sinks; sink; sink = sink->next) {
        size_t backlog = sink->backlog ? sink->backlog() : 0;
        most = backlog > most ? backlog : most;
    }
    return most;
}

bool print_at_line_start(void)
{
    return print.last == '\n' || print.last == '\0';
}
