/*
 * What tools that watch memory are told of the library's allocations, where it is compiled for one:
 * -DPLATHEAP_ASAN with -fsanitize=address, or -DPLATHEAP_VALGRIND. Only the bytes that were asked
 * for may be touched then, and only until they are freed.
 */
#ifndef PLAT_MEMORY_HEAP_TOLD_H
#define PLAT_MEMORY_HEAP_TOLD_H

#include "lib/types.h"

#if defined(PLATHEAP_ASAN)
enum { TOLD = true };
#include <sanitizer/asan_interface.h>
#define TOLD_CLOSE(start, nbytes)       ASAN_POISON_MEMORY_REGION(start, nbytes)
#define TOLD_OPEN(start, nbytes)        ASAN_UNPOISON_MEMORY_REGION(start, nbytes)
#define TOLD_ALLOCATED(pointer, nbytes) ASAN_UNPOISON_MEMORY_REGION(pointer, nbytes)
#define TOLD_FREED(pointer, nbytes)     ASAN_POISON_MEMORY_REGION(pointer, nbytes)
#elif defined(PLATHEAP_VALGRIND)
enum { TOLD = true };
#include <valgrind/memcheck.h>
#define TOLD_CLOSE(start, nbytes)       (void)VALGRIND_MAKE_MEM_NOACCESS(start, nbytes)
#define TOLD_OPEN(start, nbytes)        (void)VALGRIND_MAKE_MEM_DEFINED(start, nbytes)
#define TOLD_ALLOCATED(pointer, nbytes) VALGRIND_MALLOCLIKE_BLOCK(pointer, nbytes, 0, 0)
#define TOLD_FREED(pointer, nbytes)     VALGRIND_FREELIKE_BLOCK(pointer, 0)
#else
enum { TOLD = false };
#define TOLD_CLOSE(start, nbytes)       ((void)(start), (void)(nbytes))
#define TOLD_OPEN(start, nbytes)        ((void)(start), (void)(nbytes))
#define TOLD_ALLOCATED(pointer, nbytes) ((void)(pointer), (void)(nbytes))
#define TOLD_FREED(pointer, nbytes)     ((void)(pointer), (void)(nbytes))
#endif

/* The region is a heap's now: OVERHEAD bytes of its own, and NBYTES that nobody has yet. */
static inline void told_region(void *region, size_t overhead, size_t nbytes)
{
    TOLD_OPEN(region, overhead);
    TOLD_CLOSE((char *)region + overhead, nbytes);
}

/* NBYTES from POINTER on are somebody's. */
static inline void told_allocated(void *pointer, size_t nbytes)
{
    TOLD_ALLOCATED(pointer, nbytes);
}

/* The ROOM bytes from POINTER on are nobody's. */
static inline void told_freed(void *pointer, size_t room)
{
    (void)room;
    TOLD_FREED(pointer, room);
}

/* All ROOM bytes from POINTER on may be read: they are to be copied. */
static inline void told_open(void *pointer, size_t room)
{
    TOLD_OPEN(pointer, room);
}

/* The allocation at POINTER, which had room for WAS bytes, has NBYTES now. */
static inline void told_resized(void *pointer, size_t was, size_t nbytes)
{
    TOLD_FREED(pointer, was);
    TOLD_ALLOCATED(pointer, nbytes);
    TOLD_OPEN(pointer, was < nbytes ? was : nbytes);
}

#endif
