/*
 * The kernel's heap: the block table over all usable RAM from its start to its top, the owner tags
 * beside it, small objects packed in blocks, and what is said when any of it is misused.
 */
#ifndef PLAT_MEMORY_HEAP_KHEAP_H
#define PLAT_MEMORY_HEAP_KHEAP_H

#include "memory/heap/heap.h"
#include "memory/heap/slab.h"
#include "memory/memory_map.h"

/* What a block is for. A byte a block, beside the table. */
enum heap_owner {
    OWNER_FREE,
    OWNER_HOLE,   /* never memory, or in use before the heap began: taken for good */
    OWNER_KERNEL, /* kmalloc without another word */
    OWNER_SLAB,   /* small objects */
    OWNER_PAGING, /* directories and page tables */
    OWNER_TEST,   /* self-tests and the shell's `alloc` */
    HEAP_OWNERS   /* how many */
};

/*
 * Makes the heap from MAP, which is settled. NBYTES_MOST bounds its span (0: no bound). Claims the
 * table's own memory in MAP and settles it again. Panics with the numbers where the machine has too
 * little memory. Prints the heap line.
 */
void kheap_init(struct memory_map *map, size_t nbytes_most);

/*
 * Whether a kfree that is refused ends the kernel (the command line's heap_panic). Otherwise it is
 * counted, said in one line, and the kernel goes on.
 */
void kheap_panic_on_misuse(bool panics);

/*
 * NBYTES of memory, not cleared, or NULL; NULL for 0 bytes. Up to SLAB_LARGEST bytes it is an
 * object on a multiple of 16 (of 8 up to 8 bytes); above, whole blocks on a block boundary.
 */
MUST_USE void *kmalloc(size_t nbytes);

/* The same, and all of the object or of the blocks is zero, also what lies behind NBYTES. */
MUST_USE void *kzalloc(size_t nbytes);

/* The same two for an OWNER other than the kernel at large: whole blocks, however few the bytes. */
MUST_USE void *kmalloc_for(enum heap_owner owner, size_t nbytes);
MUST_USE void *kzalloc_for(enum heap_owner owner, size_t nbytes);

/* Frees what kmalloc gave. NULL is nothing to do; any other wrong pointer is refused and said. */
void kfree(void *pointer);

/* Gives back the blocks that small objects keep for later. */
void kheap_trim(void);

/* The heaps themselves, for those who look: the shell, tests, statistics. */
const struct heap *kheap(void);
const struct slab_heap *kheap_slabs(void);
const struct memory_map *kheap_map(void); /* what kheap_init() was given */

enum heap_owner kheap_owner_of(block_t block);
const char *heap_owner_name(enum heap_owner owner);

/*
 * heap_check(), slab_check(), and that the tags say the same: exactly the free blocks have no
 * owner, exactly those of small objects are OWNER_SLAB's. NULL or the broken sentence.
 */
MUST_USE const char *kheap_check(void);

#endif
