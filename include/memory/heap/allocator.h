/*
 * One interface over every design of a heap, so that the same callers, cases and measurements fit
 * all of them.
 */
#ifndef PLAT_MEMORY_HEAP_ALLOCATOR_H
#define PLAT_MEMORY_HEAP_ALLOCATOR_H

#include "memory/heap/heap.h"

struct allocator_statistics {
    size_t pages;    /* of 4096 bytes, held now */
    size_t peak;     /* most that were ever held; of two windows, the sum of what each had */
    size_t returned; /* given back, ever; 0 where the memory was there from the start */
    size_t largest;  /* bytes: the largest request that fits, if there are pages for it */
};

struct allocator_kind {
    const char *name;
    /* NBYTES, not cleared, on a multiple of ALIGNMENT, 0 or a power of two (otherwise NULL), and at
     * least of 16 (8 up to 8 bytes); NULL for 0 bytes and without memory. */
    void *(*malloc)(void *heap, size_t nbytes, size_t alignment);
    /* HEAP_FREED, or of enum heap_refusal: then nothing has changed. */
    int (*free)(void *heap, void *pointer);
    /* How many bytes POINTER's owner may use; 0 and, unless it is NULL, the reason in *REFUSAL. */
    size_t (*size)(const void *heap, const void *pointer, int *refusal);
    /* Makes it hold NBYTES, not 0, where it is; false, and nothing changed, where it can't. */
    bool (*resize)(void *heap, void *pointer, size_t nbytes);
    /* Where malloc(NBYTES) has failed to which POINTER's contents were to move: whether it has
     * room for NBYTES after all. NULL: resize() says so, and size(). */
    bool (*stay)(void *heap, void *pointer, size_t nbytes);
    /* Gives back all that is kept for later; returns how many pages. */
    size_t (*trim)(void *heap);
    /* NULL, or the sentence of the invariant that is broken. */
    const char *(*check)(const void *heap);
    void (*statistics)(const void *heap, struct allocator_statistics *statistics);
};

struct allocator {
    const struct allocator_kind *kind;
    void *heap;
};

MUST_USE static inline void *allocator_malloc(const struct allocator *allocator, size_t nbytes,
                                              size_t alignment)
{
    return allocator->kind->malloc(allocator->heap, nbytes, alignment);
}

MUST_USE static inline int allocator_free(const struct allocator *allocator, void *pointer)
{
    return allocator->kind->free(allocator->heap, pointer);
}

static inline size_t allocator_size(const struct allocator *allocator, const void *pointer,
                                    int *refusal)
{
    return allocator->kind->size(allocator->heap, pointer, refusal);
}

MUST_USE static inline bool allocator_resize(const struct allocator *allocator, void *pointer,
                                             size_t nbytes)
{
    return allocator->kind->resize(allocator->heap, pointer, nbytes);
}

MUST_USE static inline bool allocator_stay(const struct allocator *allocator, void *pointer,
                                           size_t nbytes)
{
    if (allocator->kind->stay)
        return allocator->kind->stay(allocator->heap, pointer, nbytes);
    return allocator_resize(allocator, pointer, nbytes) ||
           nbytes <= allocator_size(allocator, pointer, NULL);
}

MUST_USE static inline const char *allocator_check(const struct allocator *allocator)
{
    return allocator->kind->check(allocator->heap);
}

static inline struct allocator_statistics allocator_statistics(const struct allocator *allocator)
{
    struct allocator_statistics statistics;
    allocator->kind->statistics(allocator->heap, &statistics);
    return statistics;
}

#endif
