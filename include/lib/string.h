/* Strings: what the standard library's functions of these names do, and a bounded number reader. */
#ifndef PLAT_LIB_STRING_H
#define PLAT_LIB_STRING_H

#include "lib/types.h"

size_t string_length(const char *text);
bool string_equal(const char *a, const char *b);
bool string_starts_with(const char *text, const char *prefix);

/* Whether PART stands anywhere in TEXT; the empty string stands everywhere. */
bool string_contains(const char *text, const char *part);

/*
 * Copies TEXT into BUFFER of NBYTES > 0 bytes, cut where it is too long, always terminated.
 * Returns whether all of it fitted.
 */
bool string_copy(char *buffer, size_t nbytes, const char *text);

/*
 * Reads all of TEXT as a number: decimal, or hexadecimal behind 0x, with K, M or G (powers of
 * 1024) behind it if SUFFIX says so. False, and *NUMBER as it was, where TEXT is anything else or
 * does not fit in 32 bits.
 */
MUST_USE bool string_to_number(const char *text, bool suffix, uint32_t *number);

/*
 * Cuts TEXT at blanks into at most CAPACITY words, in place; WORDS[i] points into TEXT.
 * Returns how many there are; the last word keeps the rest of the line.
 */
size_t string_split(char *text, char **words, size_t capacity);

#endif
