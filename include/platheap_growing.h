/*
 * libplatheap's heaps that grow: a header in front of each allocation, over a window whose end
 * moves up and down with what is needed. Of classic design, and slower than platheap.h's heap: for
 * teaching, and to compare with. Two designs, behind the same calls. Freestanding C, for 32 and 64
 * bits; it needs memset, memcpy and memmove.
 *
 *     static char region[1 << 20];
 *     struct platheap_growing *heap =
 *         platheap_growing_create(region, sizeof region, PLATHEAP_BEST_FIT, NULL);
 *     char *text = platheap_growing_malloc(heap, 100);
 *     platheap_growing_free(heap, text);
 */
#ifndef PLATHEAP_GROWING_H
#define PLATHEAP_GROWING_H

#include <stdbool.h>
#include <stddef.h>

/* The longest region that is used: what lies beyond it is left alone. */
#define PLATHEAP_GROWING_REGION_MOST ((size_t)64 * 1024 * 1024)

#ifdef __cplusplus
extern "C" {
#endif

struct platheap_growing;

/*
 * FREE_LIST takes the first free piece that is long enough, of a list in the order of addresses:
 * O(free pieces). BEST_FIT takes the shortest, the lowest of equals, of an array in the order of
 * lengths: O(log pieces) to find it, O(pieces) words to move; a quarter of the region is the
 * array's, and has as many pages as it needs.
 */
enum platheap_design { PLATHEAP_FREE_LIST, PLATHEAP_BEST_FIT };

/* Why a pointer was refused. The numbers are those of platheap.h. */
enum platheap_growing_refusal {
    PLATHEAP_GROWING_OUT_OF_RANGE = -101, /* not in the heap, or behind its last allocation */
    PLATHEAP_GROWING_MISALIGNED = -102,   /* no multiple of 16 */
    PLATHEAP_GROWING_NOT_FIRST = -103,    /* inside of an allocation */
    PLATHEAP_GROWING_ALREADY_FREE = -104,
    PLATHEAP_GROWING_BROKEN = -106 /* its header, or one beside it, was overwritten */
};

/* What a heap may need from its user. Every function may be NULL; all get CONTEXT. */
struct platheap_growing_options {
    /* Around everything that reads or changes the heap. */
    void (*lock)(void *context);
    void (*unlock)(void *context);
    /*
     * Where memory is not simply there: makes NBYTES from START on, whole pages of 4096, usable,
     * or returns false, and has changed nothing. Then other pieces are tried, and at last the
     * request gets NULL. release() is told what is no longer used, page by page. The region's
     * beginning, where the heap's own data stands, is never asked for; best fit's array is. Both
     * are called with the lock held, and must not call the heap.
     */
    bool (*commit)(void *context, void *start, size_t nbytes);
    void (*release)(void *context, void *start, size_t nbytes);
    /*
     * A pointer was refused by the function of the name FUNCTION; nothing has changed. Called
     * without the lock.
     */
    void (*report)(void *context, const char *function, void *pointer, int refusal);
    void *context;
};

/*
 * Makes a heap of the NBYTES from REGION on, which need no alignment. OPTIONS may be NULL, and are
 * copied. The first 5 KB (FREE_LIST) or 9 KB (BEST_FIT), up to the next multiple of 4096, are its
 * own data. NULL where that leaves less than a page, or with BEST_FIT two; for a DESIGN that is
 * none; and where BEST_FIT can't commit its first page. The heap is the region: to end it, forget
 * it; pages that are committed then stay so. O(1).
 */
struct platheap_growing *platheap_growing_create(void *region, size_t nbytes,
                                                 enum platheap_design design,
                                                 const struct platheap_growing_options *options);

/*
 * NBYTES, not cleared, on a multiple of 16; NULL for 0 bytes, without memory, and where a header
 * on the way was overwritten. O(free pieces), and O(pages) where pages are committed: a piece for
 * which commit() has no pages is no reason to fail while there is another one.
 */
void *platheap_growing_malloc(struct platheap_growing *heap, size_t nbytes);

/* On a multiple of ALIGNMENT, a power of two; otherwise NULL. */
void *platheap_growing_aligned_alloc(struct platheap_growing *heap, size_t alignment,
                                     size_t nbytes);

/*
 * As in C: in place where it can be, also into free memory behind; NULL without memory, and then
 * POINTER is still valid. realloc(NULL, n) allocates; realloc(p, 0) frees and returns NULL. What
 * shrinks stays in place. What moves is copied without the lock, and to a multiple of 16.
 */
void *platheap_growing_realloc(struct platheap_growing *heap, void *pointer, size_t nbytes);

/*
 * Frees what the functions above gave; NULL is nothing to do. 0; or why it was refused, and then
 * nothing has changed: a pointer from elsewhere or into an allocation is seen, a double free until
 * the address has been handed out again, and a header that was overwritten. A header lies where an
 * overrun reaches it, and its seal is no secret. O(free pieces), with a wrong pointer O(pieces).
 */
int platheap_growing_free(struct platheap_growing *heap, void *pointer);

/* How many bytes may be used at POINTER: what was asked for or more. 0 for NULL or a wrong one. */
size_t platheap_growing_usable_size(struct platheap_growing *heap, const void *pointer);

/* Moves the end down as far as it goes; returns how many bytes were released. */
size_t platheap_growing_trim(struct platheap_growing *heap);

struct platheap_growing_statistics {
    size_t page_bytes;      /* 4096 */
    size_t pages;           /* in all, for allocations and their headers */
    size_t committed;       /* of them and of best fit's array, now */
    size_t peak;            /* most ever; with an array, the sum of what each had */
    size_t live;            /* allocations */
    size_t largest;         /* bytes: the largest request that fits, if its pages are committed */
    size_t overhead_bytes;  /* of the region: all but these pages */
    size_t failed, refused; /* requests and frees, ever */
};

/* O(free pieces). */
void platheap_growing_statistics(struct platheap_growing *heap,
                                 struct platheap_growing_statistics *statistics);

/*
 * NULL where all that the heap knows is sound, else the sentence that is broken. O(pieces times
 * log, and pages); a debugger's and a test's friend.
 */
const char *platheap_growing_check(struct platheap_growing *heap);

#ifdef __cplusplus
}
#endif

#endif
