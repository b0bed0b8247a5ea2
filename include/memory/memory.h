/*
 * The four functions that the C standard and the compiler expect. All count in size_t, so a length
 * of 2 GB or more means what it says. Regions may have any alignment; cost is linear in NBYTES.
 */
#ifndef PLAT_MEMORY_MEMORY_H
#define PLAT_MEMORY_MEMORY_H

#include <stddef.h>

/* Sets NBYTES bytes at DESTINATION to VALUE's low byte. Returns DESTINATION. */
void *memset(void *destination, int value, size_t nbytes);

/* Copies NBYTES bytes; the regions must not overlap. Returns DESTINATION. */
void *memcpy(void *restrict destination, const void *restrict source, size_t nbytes);

/* Copies NBYTES bytes; the regions may overlap. Returns DESTINATION. */
void *memmove(void *destination, const void *source, size_t nbytes);

/* Compares as unsigned bytes: negative, 0 or positive. */
/*@ requires \valid_read((unsigned char *)a + (0 .. nbytes - 1));
    requires \valid_read((unsigned char *)b + (0 .. nbytes - 1));
    assigns \nothing;
    ensures \result == 0 <==> \forall integer i; 0 <= i < nbytes ==>
        ((unsigned char *)a)[i] == ((unsigned char *)b)[i]; */
int memcmp(const void *a, const void *b, size_t nbytes);

#endif
