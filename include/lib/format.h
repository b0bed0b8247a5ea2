/*
 * printf's language, for a kernel: %d %i %u %x %X %c %s %p %%, with '-' and '0' flags, a width,
 * and the lengths hh h l ll z. %p is 0x and 8 digits. No floating point, no %n.
 * An unknown conversion is printed as it stands, so that a mistake shows.
 */
#ifndef PLAT_LIB_FORMAT_H
#define PLAT_LIB_FORMAT_H

#include <stdarg.h>

#include "lib/types.h"

/* Receives the text piece by piece; CONTEXT is the caller's. */
typedef void (*format_sink)(void *context, const char *text, size_t nbytes);

/* Formats into SINK. Returns the number of bytes it was handed. */
size_t format_to(format_sink sink, void *context, const char *format, va_list arguments);

/*
 * Formats into BUFFER of NBYTES > 0 bytes, cut where it is too long, always terminated.
 * Returns the length that the whole text has.
 */
size_t format_text(char *buffer, size_t nbytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
