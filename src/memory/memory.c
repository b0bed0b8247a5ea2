#include "memory/memory.h"

#include "lib/types.h"

/*
 * The string instructions are the fastest way that every processor from the 386 on has, and
 * the compiler can't turn them into a call of the function it is compiling.
 */

void *memset(void *destination, int value, size_t nbytes)
{
    uint32_t pattern = (uint8_t)value * 0x01010101u;
    void *at = destination;
    size_t nwords = nbytes / 4, rest = nbytes % 4;
    __asm__ volatile("rep stosl" : "+D"(at), "+c"(nwords) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(rest) : "a"(pattern) : "memory");
    return destination;
}

void *memcpy(void *restrict destination, const void *restrict source, size_t nbytes)
{
    void *to = destination;
    const void *from = source;
    size_t nwords = nbytes / 4, rest = nbytes % 4;
    __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(nwords)::"memory");
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest)::"memory");
    return destination;
}

void *memmove(void *destination, const void *source, size_t nbytes)
{
    if ((uintptr_t)destination - (uintptr_t)source >= nbytes)
        return memcpy(destination, source, nbytes);
    /* DESTINATION lies inside SOURCE: from the end, so that no byte is lost before it is read. */
    uint8_t *to = (uint8_t *)destination + nbytes - 1;
    const uint8_t *from = (const uint8_t *)source + nbytes - 1;
    size_t count = nbytes;
    __asm__ volatile("std\n\trep movsb\n\tcld" : "+D"(to), "+S"(from), "+c"(count)::"memory");
    return destination;
}

int memcmp(const void *a, const void *b, size_t nbytes)
{
    const uint8_t *x = a, *y = b;
    /*@ loop invariant 0 <= nbytes <= \at(nbytes, Pre);
        loop invariant x == (uint8_t *)a + (\at(nbytes, Pre) - nbytes);
        loop invariant y == (uint8_t *)b + (\at(nbytes, Pre) - nbytes);
        loop invariant \forall integer i; 0 <= i < \at(nbytes, Pre) - nbytes ==>
            ((uint8_t *)a)[i] == ((uint8_t *)b)[i];
        loop assigns nbytes, x, y;
        loop variant nbytes; */
    for (; nbytes; nbytes--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}
