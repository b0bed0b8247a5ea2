/*
 * The kernel's heap: the block table over all usable RAM from its start to its top, with what
 * block_heap.h puts on it, and what is said when any of it is misused. kmalloc, kfree and their
 * relatives may be called from interrupt handlers; interrupts are off while they work.
 */
#ifndef PLAT_MEMORY_KHEAP_KHEAP_H
#define PLAT_MEMORY_KHEAP_KHEAP_H

#include "memory/debug/trace.h"
#include "memory/debug/watch.h"
#include "memory/growing/growing.h"
#include "memory/heap/block_heap.h"
#include "memory/memory_map.h"

#define KMALLOC_ALIGNMENT_MOST (4u << 20)

/*
 * Makes the heap from MAP, which is settled. NBYTES_MOST bounds its span (0: no bound). Claims the
 * table's own memory in MAP and settles it again. Panics with the numbers where the machine has too
 * little memory. Prints the heap line.
 */
void kheap_init(struct memory_map *map, size_t nbytes_most);

/*
 * From now on kmalloc and all of its relatives serve from the growing heap DESIGN, "free_list" or
 * "best_fit", in a window of its own; kfree knows both. kmalloc_for() stays with whole blocks. The
 * kernel's directory must be paging.h's already. False, and nothing changes but for page tables,
 * without memory or room for a window.
 */
MUST_USE bool kheap_choose(const char *design);

/*
 * Addresses for a growing heap of the caller's own, *NBYTES or fewer, a multiple of 4 MB, with the
 * block heap's frames; for good. NULL without room or memory.
 */
MUST_USE void *kheap_window(size_t *nbytes, struct window_source *source);

/* What kheap_choose() made; NULL where kmalloc serves from the block heap. */
struct growing_heap *kheap_growing(void);

/*
 * Whether a kfree that is refused ends the kernel (the command line's heap_panic). Otherwise it is
 * counted, said in one line, and the kernel goes on.
 */
void kheap_panic_on_misuse(bool panics);

/*
 * Watches all allocations from now on, with FLAGS of enum watch_flags (the command line's
 * heap_watch). What is found is said: the object, its size, who allocated and who freed it. To be
 * called before the first allocation. False without memory.
 */
MUST_USE bool kheap_watch(unsigned flags);

/*
 * From now on one of EVERY allocations, not 0, goes into a page of its own, as far as there are
 * some (the command line's heap_guard): what touches memory beyond it, or after the free, is found
 * at that instruction, said, and goes on. The heap must be watched, and paging as it will be. False
 * without memory.
 */
MUST_USE bool kheap_guard(size_t every);

/* The records; NULL where the heap is not watched. */
struct heap_watch *kheap_watched(void);

/*
 * NBYTES of memory, not cleared, or NULL; NULL for 0 bytes. On a multiple of 16 (of 8 up to 8
 * bytes, from a growing heap); from the block heap whole blocks on a block boundary, where NBYTES
 * is a multiple of 4096 or above 8 KB.
 */
MUST_USE void *kmalloc(size_t nbytes);

/* The same, and all of it is zero, also what lies behind NBYTES (ksize()). */
MUST_USE void *kzalloc(size_t nbytes);

/* COUNT times NBYTES, not cleared and cleared; NULL where the product overflows. */
MUST_USE void *kmalloc_array(size_t count, size_t nbytes);
MUST_USE void *kcalloc(size_t count, size_t nbytes);

/* On a multiple of ALIGNMENT, a power of two up to KMALLOC_ALIGNMENT_MOST; otherwise NULL. */
MUST_USE void *kmalloc_aligned(size_t nbytes, size_t alignment);

/*
 * POINTER's memory made NBYTES long, in place where it can be (then its alignment stays), else
 * moved with its contents. NULL, and POINTER still valid, without memory. As in C: krealloc(NULL,
 * n) is kmalloc(n), and krealloc(p, 0) frees p and is NULL. A wrong pointer is refused and said,
 * and the answer is NULL.
 */
MUST_USE void *krealloc(void *pointer, size_t nbytes);

/* How many bytes POINTER's owner may use: what was asked for or more. 0 for NULL; a wrong pointer
 * is refused and said. */
size_t ksize(const void *pointer);

/* The same for a pointer that may be anything: 0 where it is wrong, and nothing is said. */
size_t kheap_size_of(const void *pointer);

/* A copy of TEXT; NULL for NULL and without memory. */
MUST_USE char *kstrdup(const char *text);

/* kmalloc and kzalloc for an OWNER other than the kernel at large: whole blocks, however few the
 * bytes. */
MUST_USE void *kmalloc_for(enum heap_owner owner, size_t nbytes);
MUST_USE void *kzalloc_for(enum heap_owner owner, size_t nbytes);

/* Frees what any of these gave. NULL is nothing to do; any other wrong pointer is refused, said. */
void kfree(void *pointer);

/* Gives back all blocks that are kept for later. */
void kheap_trim(void);

/*
 * Records the last NEVENTS calls, a power of two, from now on; 0 ends that and forgets them. False,
 * and nothing is recorded, without memory. A krealloc that moves is a malloc and a free.
 */
MUST_USE bool kheap_trace(size_t nevents);
const struct heap_trace *kheap_traced(void);

/* The heap itself, for those who look: the shell, tests, statistics. */
const struct block_heap *kheap_all(void);
const struct heap *kheap(void);           /* its block table; all 0 where there is no heap yet */
const struct memory_map *kheap_map(void); /* what kheap_init() was given */

/* Blocks that are taken, without those of the records: these grow with what is watched. */
static inline size_t kheap_taken(void)
{
    const struct heap_watch *watch = kheap_watched();
    size_t records = watch ? heap_allocation_blocks(kheap(), watch->records, NULL) : 0;
    return kheap()->statistics.taken - records;
}

/* Blocks that could be served, but for what a watched heap holds back. */
static inline size_t kheap_free_blocks(void)
{
    return kheap()->statistics.total - kheap_taken() + block_heap_kept(kheap_all());
}

/* Frees that were refused, ever. */
size_t kheap_refused(void);

static inline enum heap_owner kheap_owner_of(block_t block)
{
    return block_heap_owner_of(kheap_all(), block);
}

/* NULL, or the broken sentence of a heap behind kmalloc. O(blocks). To be called as nothing else
 * of the heap runs. */
MUST_USE const char *kheap_check(void);

#endif
