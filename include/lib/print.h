/*
 * One stream of text for the whole kernel. Sinks (consoles) register; a ring keeps the last bytes,
 * so that a console that comes late, or a person that looks later, sees what was said before.
 * The serial lines that tools read are described in the README.
 */
#ifndef PLAT_LIB_PRINT_H
#define PLAT_LIB_PRINT_H

#include <stdarg.h>

#include "lib/types.h"

enum print_style { PRINT_PLAIN, PRINT_TITLE, PRINT_GOOD, PRINT_BAD, PRINT_DIM };

/*
 * Where text goes. STYLE may be NULL for a sink without colours, FLUSH for one that shows at once
 * what is written, BACKLOG for one where nothing waits. Lives as long as the kernel.
 */
struct print_sink {
    void (*write)(const char *text, size_t nbytes);
    void (*style)(enum print_style style);
    void (*flush)(void);
    size_t (*backlog)(void);
    struct print_sink *next; /* print.c's */
};

/* Adds SINK and hands it what the ring holds. */
void print_add_sink(struct print_sink *sink);

/* How many bytes have been printed, ever; it wraps. And hands SINK what has been since then, as far
 * as the ring holds it. */
uint32_t print_written(void);
void print_again(const struct print_sink *sink, uint32_t since);

size_t kprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
size_t kvprintf(const char *format, va_list arguments);
void print_text(const char *text, size_t nbytes);

/* How the text that follows is to look, where a sink can show it. */
void print_style(enum print_style style);

/* Shows what sinks still hold back: before the machine stops, or stands still. */
void print_flush(void);

/* So many bytes have been written and wait until they are out; where most of them wait. */
size_t print_backlog(void);

/* Whether the last byte printed ended a line (true before the first byte). */
bool print_at_line_start(void);

#endif
