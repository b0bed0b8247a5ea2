/*
 * A heap that is watched: a record for every allocation says how large it is and who made it, and
 * memory that nobody should write has patterns that are looked at. Pure; what is found is told to a
 * function of the caller's. It costs a record (struct watch_record) and a search in a hash table
 * for each allocation: for finding misuse, not for speed.
 */
#ifndef PLAT_MEMORY_DEBUG_WATCH_H
#define PLAT_MEMORY_DEBUG_WATCH_H

#include "memory/debug/guarded.h"
#include "memory/heap/allocator.h"
#include "memory/heap/block_heap.h"

enum {
    WATCH_FRAMES = 4,               /* of the chain of calls */
    WATCH_RED_ZONE = 16,            /* bytes behind an allocation, at least */
    WATCH_HELD = 64,                /* freed allocations that are held back, at most */
    WATCH_HELD_BYTES = 1024 * 1024, /* .. and their bytes */
    WATCH_GONE = 64                 /* allocations that are gone whose records are still there */
};

enum watch_flags {
    WATCH_POISON = 1,     /* patterns in fresh and in freed memory */
    WATCH_RED_ZONES = 2,  /* a pattern behind each allocation, looked at when it is freed */
    WATCH_QUARANTINE = 4, /* freed memory is held back, and looked at before it is used again */
    WATCH_RECORDS = 8     /* records alone, for leaks and for words about wrong pointers */
};

enum watch_pattern { WATCH_FRESH = 0xa5, WATCH_FREED = 0xde, WATCH_ZONE = 0xbd };

struct watch_record {
    uint8_t *address; /* NULL: an entry that is not used */
    size_t nbytes;    /* that were asked for */
    size_t room;      /* that it has */
    uint32_t serial;  /* it was the Nth allocation */
    bool guarded;     /* in a page of its own */
    bool freed;       /* and held back */
    uintptr_t allocated_by[WATCH_FRAMES],
        freed_by[WATCH_FRAMES]; /* return addresses, inner first */
};

/* What was found, and in whose memory. */
enum watch_kind {
    WATCH_WROTE_BEHIND,     /* the byte at OFFSET, behind the allocation's end */
    WATCH_WROTE_BEFORE,     /* the byte OFFSET bytes in front of it */
    WATCH_WROTE_AFTER_FREE, /* the byte at OFFSET, after it was freed */
    WATCH_TOUCHED_BEYOND,   /* POINTER, just now, outside of it; RECORD may be NULL */
    WATCH_TOUCHED_FREED,    /* POINTER, just now, in it, after it was freed */
    WATCH_WRONG_POINTER     /* refused with REFUSAL; RECORD is the allocation it lies in, or NULL */
};

struct watch_finding {
    enum watch_kind kind;
    const struct watch_record *record;
    size_t offset;
    uint8_t byte; /* what stands there */
    int refusal;
    bool write;          /* it was touched by a write */
    const void *pointer; /* that was refused, or touched */
};

struct heap_watch {
    struct block_heap *heap;
    const struct allocator *objects;
    unsigned flags; /* 0: not watching */
    void (*found)(void *context, const struct watch_finding *finding);
    void *context;                /* found()'s */
    struct watch_record *records; /* a hash table, by address */
    size_t nrecords, nused, nlive;
    uint32_t serial; /* of the last allocation */
    struct {         /* held back, the oldest first, from FIRST on */
        uint8_t *addresses[WATCH_HELD];
        size_t first, count, nbytes;
    } held;
    struct watch_record gone[WATCH_GONE]; /* a ring */
    size_t ngone;                         /* ever */
    struct {
        struct guarded_pages pages;
        size_t every, turn; /* one allocation of EVERY; 0: none */
    } guard;
};

/*
 * Watches HEAP, and OBJECTS, which serves the kernel's own allocations and frees all, with FLAGS,
 * of enum watch_flags, not 0. FOUND, which gets CONTEXT, is told what is found. False, and WATCH is
 * not watching, without memory for the first records. Allocations made before are not known: HEAP
 * must be a new one.
 */
MUST_USE bool watch_init(struct heap_watch *watch, struct block_heap *heap,
                         const struct allocator *objects, unsigned flags,
                         void (*found)(void *context, const struct watch_finding *finding),
                         void *context);

/*
 * From now on one of EVERY allocations of the kernel's own, EVERY not 0, goes into a page of its
 * own while there are some, in NBLOCKS blocks of the heap, or half of that, or a quarter, ..;
 * guarded_init() says what they are, and what SET and CONTEXT are. False without memory.
 */
MUST_USE bool watch_guard(struct heap_watch *watch, size_t nblocks,
                          void (*set)(void *context, void *page, bool open), void *context,
                          size_t every);

/*
 * To be called when an access to ADDRESS has faulted. True where it lies in a guarded page: then it
 * is found, and the page open, so that the access can be made again.
 */
MUST_USE bool watch_touched(struct heap_watch *watch, const void *address, bool write);

/*
 * As block_heap_malloc_for() for an OWNER other than OWNER_KERNEL, else as allocator_malloc().
 * CALLERS has WATCH_FRAMES return addresses.
 */
MUST_USE void *watch_malloc(struct heap_watch *watch, enum heap_owner owner, size_t nbytes,
                            size_t alignment, const uintptr_t *callers);

/* As block_heap_free(); but what is freed may be held back first. A refusal is found as well. */
MUST_USE int watch_free(struct heap_watch *watch, void *pointer, const uintptr_t *callers);

/* How many bytes were asked for at POINTER; 0 where no allocation begins there. */
size_t watch_size(const struct heap_watch *watch, const void *pointer);

/* POINTER, where watch_size() is 0, was given for an allocation, but not to be freed: it is found
 * as a wrong pointer, and not counted among the frees that were refused. Returns the refusal. */
int watch_wrong(struct heap_watch *watch, const void *pointer);

/* The allocation in which ADDRESS lies, live, held back or lately gone; or NULL. O(records). */
const struct watch_record *watch_find(const struct heap_watch *watch, const void *address);

/* Looks at every pattern; all that is broken is found, and mended. Returns how many. O(bytes). */
size_t watch_check(struct heap_watch *watch);

/* Gives back all that is held. */
void watch_release(struct heap_watch *watch);

/* Live allocations of one call site. */
struct watch_site {
    uintptr_t caller;
    size_t count, nbytes;
};

/*
 * The call sites of live allocations behind the SINCEth, the one with most bytes first; at most
 * MOST of them into SITES. Returns how many there are. O(records * sites).
 */
size_t watch_sites(const struct heap_watch *watch, uint32_t since, struct watch_site *sites,
                   size_t most);

#endif
