/*
 * libplatheap: the heap of the Plat kernel as a library. Give it a region of memory, and it serves
 * allocations from it; everything that it knows stands at the region's beginning. Freestanding C,
 * for 32 and 64 bits; it needs memset and memcpy, and on a processor that can't divide, shift 64
 * bits or count zeros what the compiler calls for that (libgcc). platheap_watch.h finds misuse of
 * such a heap, and platheap_growing.h has heaps of another kind.
 *
 *     static char region[1 << 20];
 *     struct platheap *heap = platheap_create(region, sizeof region, NULL);
 *     char *text = platheap_malloc(heap, 100);
 *     platheap_free(heap, text);
 */
#ifndef PLATHEAP_H
#define PLATHEAP_H

#include <stdbool.h>
#include <stddef.h>

#define PLATHEAP_VERSION_MAJOR 2
#define PLATHEAP_VERSION_MINOR 0

/*
 * How many bytes a block has: a power of two from 256 to 65536. It is a parameter of the library as
 * it is compiled (-DPLATHEAP_BLOCK_SIZE=512): smaller blocks suit smaller regions. Beside each
 * block stand 62 bytes, and above 4096 bytes a 128th of the block more.
 */
#ifndef PLATHEAP_BLOCK_SIZE
#define PLATHEAP_BLOCK_SIZE 4096
#endif

/* Below this a region has too few blocks: each size class that is used takes one. */
#define PLATHEAP_REGION_SENSIBLE ((size_t)64 * PLATHEAP_BLOCK_SIZE)

/*
 * Compiled with -DPLATHEAP_ASAN and -fsanitize=address, or with -DPLATHEAP_VALGRIND, the library
 * tells these tools of each allocation: then only the bytes that were asked for may be touched, and
 * not all that platheap_usable_size() says. A region that is no heap's any more stays closed.
 */

#ifdef __cplusplus
extern "C" {
#endif

struct platheap;

/* Why a pointer was refused. */
enum platheap_refusal {
    PLATHEAP_OUT_OF_RANGE = -101, /* not in the heap at all */
    PLATHEAP_MISALIGNED = -102,   /* inside of a block */
    PLATHEAP_NOT_FIRST = -103,    /* inside of an allocation */
    PLATHEAP_ALREADY_FREE = -104,
    PLATHEAP_RESERVED = -105 /* the heap's own */
};

/* What a heap may need from its user. Every function may be NULL; all get CONTEXT. */
struct platheap_options {
    /* Around everything that reads or changes the heap. */
    void (*lock)(void *context);
    void (*unlock)(void *context);
    /*
     * Where memory is not simply there: makes NBYTES from START on, whole blocks, usable
     * before they are handed out, or returns false, and the request gets NULL. release() is told
     * what is no longer used. The region's beginning, where the heap's own data stands, is never
     * asked for. Both are called with the lock held, and must not call the heap.
     */
    bool (*commit)(void *context, void *start, size_t nbytes);
    void (*release)(void *context, void *start, size_t nbytes);
    /*
     * A pointer was refused by the function of the name FUNCTION; nothing has changed. Called
     * without the lock.
     */
    void (*report)(void *context, const char *function, void *pointer, int refusal);
    /*
     * POINTER has NBYTES from now on, and is nobody's any more. What is resized in place is freed
     * and allocated. Called with the lock held; they must not call the heap.
     */
    void (*allocated)(void *context, void *pointer, size_t nbytes);
    void (*freed)(void *context, void *pointer);
    void *context;
};

/*
 * Makes a heap of the NBYTES from REGION on, which need no alignment. OPTIONS may be NULL, and are
 * copied. NULL where the region is too small for a heap of one block, or larger than 4 GB (32 bits)
 * or 64 GB. The heap is the region: to end it, forget it. O(blocks).
 */
struct platheap *platheap_create(void *region, size_t nbytes,
                                 const struct platheap_options *options);

/*
 * How many bytes a region needs, wherever it begins, whose heap can serve NBYTES at once; 0 where
 * no heap can. O(1).
 */
size_t platheap_region_for(size_t nbytes);

/*
 * NBYTES, not cleared; NULL for 0 bytes and without memory. On a multiple of 16; a multiple of
 * PLATHEAP_BLOCK_SIZE, and everything above two blocks, on a multiple of it. O(1).
 */
void *platheap_malloc(struct platheap *heap, size_t nbytes);

/* The same, and all of it (platheap_usable_size()) is zero. */
void *platheap_zalloc(struct platheap *heap, size_t nbytes);

/* COUNT times NBYTES, zero; NULL where the product overflows. */
void *platheap_calloc(struct platheap *heap, size_t count, size_t nbytes);

/* On a multiple of ALIGNMENT, a power of two; otherwise NULL. */
void *platheap_aligned_alloc(struct platheap *heap, size_t alignment, size_t nbytes);

/*
 * As in C: in place where it can be, also into free memory behind; NULL without memory, and then
 * POINTER is still valid. realloc(NULL, n) allocates; realloc(p, 0) frees and returns NULL. What
 * stays in place keeps its address, and no other alignment than that; what moves is copied without
 * the lock.
 */
void *platheap_realloc(struct platheap *heap, void *pointer, size_t nbytes);

/* The same on a multiple of ALIGNMENT, a power of two; otherwise NULL, and POINTER is still valid.
 */
void *platheap_aligned_realloc(struct platheap *heap, void *pointer, size_t alignment,
                               size_t nbytes);

/*
 * Frees what the functions above gave; NULL is nothing to do. 0; or why it was refused, and then
 * nothing has changed: a pointer into an allocation or from elsewhere is always seen, and a double
 * free until the address has been handed out again. O(1).
 */
int platheap_free(struct platheap *heap, void *pointer);

/* How many bytes may be used at POINTER: what was asked for or more. 0 for NULL or a wrong one. */
size_t platheap_usable_size(struct platheap *heap, const void *pointer);

/* Gives back all that is kept for later; returns how many bytes. */
size_t platheap_trim(struct platheap *heap);

struct platheap_statistics {
    size_t block_bytes;     /* PLATHEAP_BLOCK_SIZE */
    size_t blocks;          /* in all */
    size_t taken, peak;     /* of them: now, and most ever */
    size_t largest_free;    /* how many of them one request gets; more may be kept for later */
    size_t kept;            /* taken, but only kept for later: what platheap_trim() gives back */
    size_t overhead_bytes;  /* of the region: what stands beside the blocks */
    size_t failed, refused; /* requests and frees, ever */
};

/* O(blocks). */
void platheap_statistics(struct platheap *heap, struct platheap_statistics *statistics);

/*
 * NULL where all that the heap knows is sound, else the sentence that is broken. O(blocks); a
 * debugger's and a test's friend.
 */
const char *platheap_check(struct platheap *heap);

/*
 * The block table: a byte for each of COUNT blocks from *START on. 0x00 free, 0x41 one block, 0xC1
 * first, 0x81 inside, 0x01 last of several.
 */
const unsigned char *platheap_table(const struct platheap *heap, void **start, size_t *count);

#ifdef __cplusplus
}
#endif

#endif
