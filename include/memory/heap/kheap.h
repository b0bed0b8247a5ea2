/*
 * The kernel's heap: the block table over all usable RAM from its start to its top, the owner tags
 * beside it, and what is said when it is misused.
 */
#ifndef PLAT_MEMORY_HEAP_KHEAP_H
#define PLAT_MEMORY_HEAP_KHEAP_H

#include "memory/heap/heap.h"
#include "memory/memory_map.h"

/* What a block is for. A byte a block, beside the table. */
enum heap_owner {
    OWNER_FREE,
    OWNER_HOLE,   /* never memory, or in use before the heap began: taken for good */
    OWNER_KERNEL, /* kmalloc without another word */
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

/* A whole number of blocks for NBYTES, not cleared, or NULL; NULL for 0 bytes. */
MUST_USE void *kmalloc(size_t nbytes);

/* The same, and every byte of the blocks is zero, also those behind NBYTES. */
MUST_USE void *kzalloc(size_t nbytes);

/* The same two for an OWNER other than the kernel at large. */
MUST_USE void *kmalloc_for(enum heap_owner owner, size_t nbytes);
MUST_USE void *kzalloc_for(enum heap_owner owner, size_t nbytes);

/* Frees what kmalloc gave. NULL is nothing to do; any other wrong pointer is refused and said. */
void kfree(void *pointer);

/* The heap itself, for those who look: the shell, tests, statistics. */
const struct heap *kheap(void);

enum heap_owner kheap_owner_of(block_t block);
const char *heap_owner_name(enum heap_owner owner);

/* heap_check(), and that exactly the free blocks have no owner. NULL or the broken sentence. */
MUST_USE const char *kheap_check(void);

#endif
