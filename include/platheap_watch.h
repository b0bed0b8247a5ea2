/*
 * libplatheap: a heap that is watched, to find misuse: a record of each allocation says how large
 * it is and who made it, memory that nobody should write has patterns that are looked at, and some
 * allocations lie in pages of their own, so that code that touches what lies beyond them, or comes
 * back after the free, faults. platheap.h's functions keep their contracts, but
 *   - what platheap_usable_size() says, and may be used, is what was asked for;
 *   - realloc moves what it can;
 *   - each call costs a search in a hash table and, with patterns, its bytes; a free that is
 * refused O(allocations). The heap's own blocks hold 10 KB, a record of at most 96 bytes for each
 *     allocation, as many again in reserve, and what is held back.
 * A program that does not call platheap_watch() links none of it.
 *
 *     static void found(void *context, const struct platheap_finding *finding)
 *     {
 *         printf("%p %s, called from %p\n", finding->address, platheap_finding_text(finding),
 *                finding->caller);
 *     }
 *
 *     struct platheap_watch_options watch = {PLATHEAP_WATCH_ALL, found};
 *     bool watched = platheap_watch(heap, &watch);
 */
#ifndef PLATHEAP_WATCH_H
#define PLATHEAP_WATCH_H

#include "platheap.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Records are always kept; these are what there is besides. */
enum platheap_watch_flags {
    PLATHEAP_WATCH_POISON = 1,     /* patterns in fresh memory (a5) and in freed memory (de) */
    PLATHEAP_WATCH_RED_ZONES = 2,  /* 16 bytes (bd) or more behind each; looked at at the free */
    PLATHEAP_WATCH_QUARANTINE = 4, /* what is freed is held back for a while; with POISON it is
                                      looked at before it is used again */
    PLATHEAP_WATCH_ALL = 7
};

enum {
    PLATHEAP_WATCH_CALLERS = 4,       /* return addresses, inner first */
    PLATHEAP_WATCH_BLOCKS_LEAST = 3,  /* where there are guarded pages */
    PLATHEAP_WATCH_BLOCKS_MOST = 127, /* every other of these is one */
    PLATHEAP_WATCH_SITES_MOST = 64    /* call sites that are told apart */
};

/* An allocation, live or freed. */
struct platheap_allocation {
    void *address;
    size_t nbytes;        /* that were asked for */
    unsigned long serial; /* it was the heap's Nth allocation */
    bool freed;
    const void *allocated_by[PLATHEAP_WATCH_CALLERS]; /* NULL: not known */
    const void *freed_by[PLATHEAP_WATCH_CALLERS];
};

enum platheap_finding_kind {
    PLATHEAP_WROTE_BEHIND,     /* the byte at OFFSET, behind the allocation's end */
    PLATHEAP_WROTE_BEFORE,     /* the byte OFFSET bytes in front of it, in its own page */
    PLATHEAP_WROTE_AFTER_FREE, /* the byte at OFFSET, after it was freed */
    PLATHEAP_TOUCHED_BEYOND,   /* ADDRESS, just now, outside of it; there may be no ALLOCATION */
    PLATHEAP_TOUCHED_FREED,    /* ADDRESS, just now, in its page, after it was freed */
    PLATHEAP_WRONG_POINTER     /* ADDRESS was refused; ALLOCATION is the one that it lies in */
};

struct platheap_finding {
    enum platheap_finding_kind kind;
    const struct platheap_allocation *allocation; /* whose memory it is; NULL: nobody's */
    const void *address;                          /* of the byte, or the pointer */
    size_t offset;                                /* where something was written */
    unsigned char byte;                           /* what stands there now */
    bool write;                                   /* it was touched by a write */
    int refusal;                                  /* of enum platheap_refusal */
    const void *caller; /* return address of the library's function during which it was found; NULL
                           for what was touched: the fault handler knows where */
};

/*
 * How a heap is watched. Every function may be NULL, but set() where there are guarded pages; all
 * get CONTEXT, are called with the heap's lock held, and must not call the heap.
 */
struct platheap_watch_options {
    unsigned flags; /* of enum platheap_watch_flags; 0: records alone */
    /* FINDING and what it points to are there until the function returns. */
    void (*found)(void *context, const struct platheap_finding *finding);
    /*
     * The chain of calls: CALLERS[0] is the return address of the library's function; behind it up
     * to COUNT in all may be written; the others are NULL. Without it there is no more than that.
     */
    void (*backtrace)(void *context, const void **callers, size_t count);
    /*
     * One allocation of GUARD_EVERY, of at most a block, goes into a page of its own while there
     * are some. They are every other one of GUARD_BLOCKS blocks of the heap's, half as many where
     * these are not there, and so on. 0 blocks: none. set() opens or closes the page of
     * PLATHEAP_BLOCK_SIZE bytes at PAGE, which may be so already; that size must be a multiple of
     * what can be closed (a processor's page).
     */
    size_t guard_blocks, guard_every;
    void (*set)(void *context, void *page, bool open);
    void *context;
};

/*
 * Watches HEAP from now on; OPTIONS are copied. To be called before HEAP's first allocation, and
 * before others know of it. False, and the heap is not watched, where it is not new, where OPTIONS
 * are not as above, without memory, and in a library that is compiled for AddressSanitizer or
 * valgrind, which watch it already. Compiled with the same PLATHEAP_BLOCK_SIZE as the heap.
 */
bool platheap_watch(struct platheap *heap, const struct platheap_watch_options *options);

/*
 * For a fault handler: an access to ADDRESS, by a WRITE or not, has faulted. True where that lies
 * in HEAP's guarded pages: it is found, and the page is open, until an allocation near it comes or
 * goes, so that the access can be made again. Takes the heap's lock, which the code that faulted
 * does not hold. O(allocations).
 */
bool platheap_watch_touched(struct platheap *heap, const void *address, bool write);

/* Looks at every pattern; what is broken is found, and mended. Returns how many allocations were
 * broken; 0 where HEAP is not watched. O(bytes). */
size_t platheap_watch_check(struct platheap *heap);

/* The serial number of the last allocation: a mark to count leaks from. O(1). */
unsigned long platheap_watch_serial(struct platheap *heap);

/* Live allocations of one call site. */
struct platheap_site {
    const void *caller;
    size_t count, nbytes;
};

/*
 * The call sites of live allocations behind the SINCEth, 0 for all, the one with most bytes first;
 * at most MOST of them, and at most PLATHEAP_WATCH_SITES_MOST, into SITES. Returns how many there
 * are there. O(allocations * sites).
 */
size_t platheap_watch_sites(struct platheap *heap, unsigned long since, struct platheap_site *sites,
                            size_t most);

/* What FINDING says of its address, in a few words that can follow it; a constant. */
const char *platheap_finding_text(const struct platheap_finding *finding);

#ifdef __cplusplus
}
#endif

#endif
