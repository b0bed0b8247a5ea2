/*
 * What both growing heaps have: a window, blocks with headers in it, and the rules for when to ask
 * for frames and when to give them back.
 */
#ifndef PLAT_MEMORY_GROWING_GROWING_H
#define PLAT_MEMORY_GROWING_GROWING_H

#include "memory/growing/window.h"
#include "memory/heap/allocator.h"

enum {
    GROWING_ALIGNMENT = 16,
    GROWING_STEP = 64 * 1024, /* bytes: the break moves up by so many at least, and what is free
                                 below it is less */
    GROWING_LARGE = 4 /* a free block with so many whole pages inside of it gives them back */
};

struct growing_heap {
    const struct growing_kind *kind;
    struct window *window; /* in which the blocks are */
    size_t nlive;          /* allocations */
    size_t refused;        /* frees, ever */
    struct {               /* what contradicted what, the last time that anything did */
        const void *block, *neighbour;
    } damage;
};

/* What is free below the break, for who wants to see it. */
struct growing_picture {
    size_t npieces, nbytes;
    size_t by_size[27];             /* [i]: pieces of 2^i to 2^(i+1) - 1 bytes */
    size_t array_count, array_room; /* entries; 0 where there is no array */
};

/* A block with its header, or what is free between two allocations. */
struct growing_piece {
    const uint8_t *start;
    size_t nbytes; /* its header included */
    bool live, has_header;
};

/* What a search finds a free piece to be. */
enum growing_verdict { GROWING_TOO_SMALL, GROWING_LARGE_ENOUGH, GROWING_CHOSEN };

/* VISIT is handed one piece after the other, until it returns false. It allocates and frees
 * nothing, and lets nobody else do so: it must not wait. */
struct growing_visitor {
    bool (*visit)(void *context, const struct growing_piece *piece, enum growing_verdict verdict);
    void *context;
};

/* What the two designs do differently. */
struct growing_kind {
    struct allocator_kind allocator; /* HEAP is a struct growing_heap */
    size_t header;                   /* bytes, in front of each allocation */
    size_t gap;                      /* bytes: a gap between two allocations has so many at least */
    size_t least; /* bytes: less is never left free below the break, unless it is none */
    /*
     * Allocates SIZE bytes, the header included, so that what follows it is on a multiple of
     * ALIGNMENT: in the gap of the design's choice among those that begin at FROM or behind it, or
     * in the next one where that has not the frames. *POINTER is NULL where none has them, or is
     * long enough, and then nothing has changed. False where a header on the way was overwritten:
     * there the search ends, without an allocation.
     */
    bool (*find)(struct growing_heap *heap, const uint8_t *from, size_t size, size_t alignment,
                 void **pointer);
    /* Where the last allocation ends; nothing but free bytes from there to the break. NULL where a
     * header on the way there was overwritten. */
    uint8_t *(*end)(const struct growing_heap *heap);
    /* Says that the free bytes at the end, which reached to the break FROM, reach to TO. */
    void (*move_end)(struct growing_heap *heap, uint8_t *from, uint8_t *to);
    void (*picture)(const struct growing_heap *heap, struct growing_picture *picture);
    /* Hands VISITOR all pieces below the break in the order of their addresses. False where a
     * header on the way was overwritten. O(pieces). */
    bool (*each)(const struct growing_heap *heap, struct growing_visitor visitor);
    /* .. the free pieces that FIND looks at for SIZE bytes, in its order; the last is chosen, if
     * there are frames for it, or none of them is. */
    bool (*search)(const struct growing_heap *heap, size_t size, struct growing_visitor visitor);
};

/*
 * Makes the heap NBYTES long, rounded up to a page: longer, with all pages mapped, or shorter, as
 * far down as the last allocation and a header behind it end (seed 000's changeHeapSize). -EINVARG
 * below that, beyond the window and where a header was overwritten; -ENOMEM without memory: then
 * nothing has changed.
 */
MUST_USE int growing_heap_resize(struct growing_heap *heap, size_t nbytes);

/*
 * Allocates SIZE bytes, as FIND above: in a gap, or else behind the last allocation, where the
 * break moves up by GROWING_STEP, or by no more than it must. NULL where the window is spent, no
 * place has its frames, or a header was overwritten: then nothing has changed. FIND is called three
 * times at most, and no page's frame is asked for more often.
 */
MUST_USE void *growing_heap_malloc(struct growing_heap *heap, size_t size, size_t alignment);

/* Counts a free piece of NBYTES, not 0, in PICTURE. */
void growing_picture_add(struct growing_picture *picture, size_t nbytes);

/* Moves the break down as far as it goes; returns how many frames that gave back. HEAP is a struct
 * growing_heap. */
size_t growing_heap_trim(void *heap);

/*
 * To be called when FROM .. TO has become one free piece, its header, if it has one, in front of
 * FROM. Where it ends at the break and has GROWING_STEP bytes or more, the break moves down; else,
 * with GROWING_LARGE whole pages or more, these go.
 */
void growing_heap_settle(struct growing_heap *heap, uint8_t *from, uint8_t *to);

/*
 * How many bytes a block with a header of HEADER bytes takes for NBYTES; false where that is too
 * much for any window, or NBYTES is 0.
 */
MUST_USE bool growing_block_size(size_t nbytes, size_t header, size_t *size);

/* Raises *ALIGNMENT, 0 or a power of two, to what every allocation has. False where it is another
 * number, or larger than WINDOW. */
MUST_USE bool growing_alignment(const struct window *window, size_t *alignment);

/* The address from PLACE on, a multiple of GROWING_ALIGNMENT, at which a header of HEADER bytes
 * may stand in front of a multiple of ALIGNMENT; a gap is none or at least LEAST bytes. */
uint8_t *growing_place(uint8_t *place, size_t header, size_t alignment, size_t least);

/* A word in 32 bits, for a seal: another one where either half of WORD is, or both are inverted. */
static inline uint32_t growing_fold(uintptr_t word)
{
    return (uint32_t)word + (uint32_t)((uint64_t)word >> 32) * 0xc2b2ae35u;
}

#endif
