/*
 * A few objects in pages of their own, between pages that are closed: who touches what lies beyond
 * the page, or comes back after the free, faults at that instruction (after Linux's KFENCE). Which
 * allocations are worth a page is the caller's choice. Pure: opening a page is a function.
 */
#ifndef PLAT_MEMORY_DEBUG_GUARDED_H
#define PLAT_MEMORY_DEBUG_GUARDED_H

#include "memory/heap/heap.h"

enum {
    GUARDED_PAGE = HEAP_BLOCK_SIZE,
    GUARDED_MOST = 63, /* objects */
    GUARDED_BLOCKS_MOST = 2 * GUARDED_MOST + 1
};

struct guarded_pages {
    uint8_t *start; /* a closed page, object page 0, a closed page, object page 1, .. */
    size_t count;   /* object pages */
    void (*set)(void *context, void *page, bool open);
    void *context;
    uint8_t *objects[GUARDED_MOST]; /* by page: the one that is there, or was last; NULL: none */
    uint8_t resting[GUARDED_MOST];  /* a ring of the pages without a live object .. */
    size_t first, nresting;         /* .. from FIRST on, in the order of their freeing */
    size_t served;                  /* objects, ever */
};

/*
 * Makes GUARDED serve NBLOCKS blocks, 3 to GUARDED_BLOCKS_MOST, from START on. SET, which gets
 * CONTEXT, opens or closes a page, which may be so already; it closes all of them here.
 */
void guarded_init(struct guarded_pages *guarded, void *start, size_t nblocks,
                  void (*set)(void *context, void *page, bool open), void *context);

/* The object that is forgotten when guarded_malloc() is called next; or NULL. O(1). */
uint8_t *guarded_next(const struct guarded_pages *guarded);

/*
 * NBYTES, not 0, in a page of their own, the one that was freed longest ago, not cleared: at its
 * end, on a multiple of ALIGNMENT (0, or a power of two: else that of any allocation), and every
 * other time at its start. NULL where all pages have live objects, or none would do. O(1).
 */
MUST_USE void *guarded_malloc(struct guarded_pages *guarded, size_t nbytes, size_t alignment);

/* Closes the page of OBJECT, which guarded_malloc() gave. O(1). */
void guarded_free(struct guarded_pages *guarded, void *object);

/* Whether ADDRESS lies in one of the pages, closed ones among them. */
static inline bool guarded_holds(const struct guarded_pages *guarded, const void *address)
{
    return (uintptr_t)address - (uintptr_t)guarded->start <
           (2 * guarded->count + 1) * GUARDED_PAGE * (guarded->count != 0);
}

/*
 * The object in whose page ADDRESS lies, or next to whose page; where it is between two, the nearer
 * page's. NULL where none has ever been there. ADDRESS is held.
 */
uint8_t *guarded_near(const struct guarded_pages *guarded, const void *address);

/* Opens the page of ADDRESS, which is held, until an object near it comes or goes. */
void guarded_open(struct guarded_pages *guarded, const void *address);

/* The first byte of the page of OBJECT. */
static inline uint8_t *guarded_page(const void *object)
{
    return (uint8_t *)((uintptr_t)object / GUARDED_PAGE * GUARDED_PAGE);
}

#endif
