#include "lib/print.h"

#include "lib/format.h"

enum { RING_BYTES = 8192 };

static struct {
    struct print_sink *sinks;
    uint32_t written; /* bytes ever; modulo RING_BYTES, the place of the next one */
    char last;
    char ring[RING_BYTES];
} print;

_Static_assert((RING_BYTES & (RING_BYTES - 1)) == 0, "the counter wraps at a multiple of the ring");

uint32_t print_written(void)
{
    return print.written;
}

void print_again(const struct print_sink *sink, uint32_t since)
{
    uint32_t kept = print.written - since;
    if (kept > RING_BYTES)
        kept = RING_BYTES;
    uint32_t first = (print.written - kept) % RING_BYTES;
    uint32_t until_end = RING_BYTES - first < kept ? RING_BYTES - first : kept;
    sink->write(print.ring + first, until_end);
    sink->write(print.ring, kept - until_end);
}

void print_add_sink(struct print_sink *sink)
{
    print_again(sink, 0);
    sink->next = print.sinks;
    print.sinks = sink;
}

void print_text(const char *text, size_t nbytes)
{
    for (size_t i = 0; i < nbytes; i++)
        print.ring[print.written++ % RING_BYTES] = text[i];
    if (nbytes)
        print.last = text[nbytes - 1];
    for (struct print_sink *sink = print.sinks; sink; sink = sink->next)
        sink->write(text, nbytes);
}

static void print_piece(void *context, const char *text, size_t nbytes)
{
    (void)context;
    print_text(text, nbytes);
}

size_t kvprintf(const char *format, va_list arguments)
{
    return format_to(print_piece, NULL, format, arguments);
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
