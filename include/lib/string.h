/* Strings: what the standard library's functions of these names do, and a bounded number reader. */
#ifndef PLAT_LIB_STRING_H
#define PLAT_LIB_STRING_H

#include "lib/types.h"

/*@ predicate is_text(char *text, integer length) =
      0 <= length < SIZE_MAX && \valid_read(text + (0 .. length)) && text[length] == 0 &&
      \forall integer i; 0 <= i < length ==> text[i] != 0;
    predicate ends(char *text) = \exists integer length; is_text(text, length); */

/*@ requires ends(text);
    assigns \nothing;
    ensures is_text(text, \result); */
size_t string_length(const char *text);

/*@ requires ends(a) && ends(b);
    assigns \nothing;
    ensures \result ==> \forall integer length, i;
        is_text(a, length) && 0 <= i <= length ==> a[i] == b[i];
    ensures !\result ==> \exists integer i; a[i] != b[i] &&
        \forall integer length; is_text(a, length) ==> 0 <= i <= length; */
bool string_equal(const char *a, const char *b);

/*@ requires ends(text) && ends(prefix);
    assigns \nothing;
    ensures \result ==> \forall integer length, i;
        is_text(prefix, length) && 0 <= i < length ==> text[i] == prefix[i];
    ensures !\result ==> \exists integer i; text[i] != prefix[i] &&
        \forall integer length; is_text(prefix, length) ==> 0 <= i < length; */
bool string_starts_with(const char *text, const char *prefix);

/* Whether PART stands anywhere in TEXT; the empty string stands everywhere. */
bool string_contains(const char *text, const char *part);

/*
 * Copies TEXT into BUFFER of NBYTES > 0 bytes, cut where it is too long, always terminated.
 * Returns whether all of it fitted.
 */
/*@ requires 0 < nbytes && \valid(buffer + (0 .. nbytes - 1)) && ends(text);
    requires \forall integer n; is_text(text, n) ==>
        \separated(buffer + (0 .. nbytes - 1), text + (0 .. n));
    assigns buffer[0 .. nbytes - 1];
    ensures \exists integer i; is_text(buffer, i) && i < nbytes;
    ensures \forall integer length; is_text(text, length) ==>
        (\result <==> length < nbytes) &&
        \forall integer i; 0 <= i <= length && i + 1 < nbytes ==> buffer[i] == text[i]; */
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
