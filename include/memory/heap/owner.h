/* What an allocation of the block table is for. A byte a block, beside the table: at its first
 * block, and where it holds middle sizes at each. */
#ifndef PLAT_MEMORY_HEAP_OWNER_H
#define PLAT_MEMORY_HEAP_OWNER_H

enum heap_owner {
    OWNER_FREE,
    OWNER_HOLE,    /* never memory, or in use before the heap began: taken for good */
    OWNER_KEPT,    /* freed, and kept whole for the next request */
    OWNER_SLAB,    /* small objects */
    OWNER_SPAN,    /* middle ones */
    OWNER_KERNEL,  /* an allocation without another word; from here on whole blocks that are live */
    OWNER_PAGING,  /* directories and page tables */
    OWNER_SHELL,   /* what the shell's `alloc` gives; self-tests, too */
    OWNER_GUARDED, /* objects in pages of their own, and the closed pages between them */
    OWNER_WINDOW,  /* frames behind pages of the growing window */
    OWNER_DEVICE,  /* what controllers read and write by themselves */
    OWNER_PROCESS, /* image, stack and allocations of a program */
    HEAP_OWNERS    /* how many */
};

#endif
