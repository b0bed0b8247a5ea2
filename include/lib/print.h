/*
 * One stream of text for the whole kernel. Sinks (consoles) register; a log keeps the last 64 KB,
 * so that a console that comes late, or a person that looks later, sees what was said before: also
 * after a restart, where memory outlives it.
 * The serial lines that tools read are described in the README.
 */
#ifndef PLAT_LIB_PRINT_H
#define PLAT_LIB_PRINT_H

#include <stdarg.h>

#include "lib/log.h"
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

enum { PRINT_RING_BYTES = 64 * 1024, PRINT_KEPT_BYTES = PRINT_RING_BYTES + PAGE_SIZE };

/*
 * The log goes on in MEMORY, of PRINT_KEPT_BYTES: behind what an earlier boot left there, if that
 * is whole. To be called before anything is printed, or never: then the log is 8 KB of the kernel's
 * own, and ends with it.
 */
void print_keep_in(void *memory);

/* Where the time of a line comes from, in hundredths of a second; before that it is 0. */
void print_set_clock(uint32_t (*hundredths)(void));

/* The log, as a person reads it. */
const struct log *print_log(void);

/* Adds SINK and hands it what the log holds of this boot. */
void print_add_sink(struct print_sink *sink);

/* A place in the log, behind all that has been printed. And hands SINK what has been printed since
 * then, as far as the log holds it. */
uint32_t print_written(void);
void print_again(const struct print_sink *sink, uint32_t since);

size_t kprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
size_t kvprintf(const char *format, va_list arguments);
void print_text(const char *text, size_t nbytes);

/* From now on nothing is held back until its call ends: for a kernel that has broken off in the
 * middle of one. Prints first what that held. */
void print_at_once(void);

/* Prints what stands in the log already, and so is not to be kept once more. */
void print_show(const char *text, size_t nbytes);

/* How the text that follows is to look, where a sink can show it. */
void print_style(enum print_style style);

/* Shows what sinks still hold back: before the machine stops, or stands still. */
void print_flush(void);

/* So many bytes have been written and wait until they are out; where most of them wait. */
size_t print_backlog(void);

/* Whether the last byte printed ended a line (true before the first byte). */
bool print_at_line_start(void);

#endif
