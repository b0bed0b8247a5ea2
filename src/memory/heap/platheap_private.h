/* What the files of the library know of a user's heap. */
#ifndef PLAT_MEMORY_HEAP_PLATHEAP_PRIVATE_H
#define PLAT_MEMORY_HEAP_PLATHEAP_PRIVATE_H

#include "memory/heap/block_private.h"
#include "platheap.h"

enum { PLATHEAP_ALIGNMENT = 16 /* of the heap's own data; no type needs more */ };

/*
 * What a watched heap does instead. Only the slow ways look whether there is one, so that a program
 * that watches nothing links nothing of it. As the interface's functions; these take the lock, and
 * report. FUNCTION is the name of the one that was called, CALLER its return address, and ALIGNMENT
 * is 1 for what malloc would give.
 */
struct platheap_watcher {
    void *(*malloc)(struct platheap *heap, size_t nbytes, size_t alignment, const void *caller);
    int (*free)(struct platheap *heap, const char *function, void *pointer, const void *caller);
    void *(*realloc)(struct platheap *heap, const char *function, void *pointer, size_t alignment,
                     size_t nbytes, const void *caller);
    size_t (*size)(struct platheap *heap, const char *function, const void *pointer,
                   const void *caller);
    void (*release)(struct platheap *heap, const void *caller); /* of what is held back */
};

/* The block heap follows, at the next multiple of PLATHEAP_ALIGNMENT. */
struct platheap {
    bool quick;          /* nobody is to be called: the short ways are open */
    size_t quick_most;   /* then malloc's is up to this many bytes; else 0 */
    size_t quick_blocks; /* then free's is for so many blocks; else 0 */
    size_t overhead_bytes;
    struct platheap_options options;
    const struct platheap_watcher *watcher; /* NULL: not watched */
    struct watched *watched;                /* the watcher's own; NULL, too */
} __attribute__((aligned(PLATHEAP_ALIGNMENT)));

static inline struct block_heap *blocks_of(const struct platheap *heap)
{
    return (struct block_heap *)(uintptr_t)(heap + 1);
}

static inline void platheap_lock(struct platheap *heap)
{
    if (heap->options.lock)
        heap->options.lock(heap->options.context);
}

static inline void platheap_unlock(struct platheap *heap)
{
    if (heap->options.unlock)
        heap->options.unlock(heap->options.context);
}

static inline void platheap_report(struct platheap *heap, const char *function, const void *pointer,
                                   int refusal)
{
    if (refusal && heap->options.report)
        heap->options.report(heap->options.context, function, (void *)(uintptr_t)pointer, refusal);
}

#endif
