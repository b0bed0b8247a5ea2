/*
 * The kernel's heap: memory for everybody in the kernel. All of this may be called from interrupt
 * handlers; interrupts are off while it works. Who sets the heap up includes kheap_setup.h, and who
 * looks into it kheap_look.h.
 */
#ifndef PLAT_MEMORY_KHEAP_KHEAP_H
#define PLAT_MEMORY_KHEAP_KHEAP_H

#include "lib/types.h"
#include "memory/heap/owner.h"

#define KMALLOC_ALIGNMENT_MOST (4u << 20)

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

/* A copy of TEXT; NULL for NULL and without memory. */
MUST_USE char *kstrdup(const char *text);

/* kmalloc and kzalloc for an OWNER other than the kernel at large: whole blocks, however few the
 * bytes. */
MUST_USE void *kmalloc_for(enum heap_owner owner, size_t nbytes);
MUST_USE void *kzalloc_for(enum heap_owner owner, size_t nbytes);

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

/* Frees what any of these gave. NULL is nothing to do; any other wrong pointer is refused, said. */
void kfree(void *pointer);

#endif
