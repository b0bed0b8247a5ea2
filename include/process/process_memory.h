/*
 * Memory of a process: blocks of the kernel's heap, mapped in the process's directory alone. What a
 * process has is what its directory says, and there is no other list: whether a pointer is its own
 * is a page walk.
 */
#ifndef PLAT_PROCESS_PROCESS_MEMORY_H
#define PLAT_PROCESS_PROCESS_MEMORY_H

#include "process/process.h"

/* NBYTES in whole zeroed blocks, for ring 3 to read and write; NULL for 0 bytes, without memory,
 * and beyond the share of its tree. The address is the process's, not the kernel's. O(blocks).
 * Breathes, as all of these do. */
MUST_USE void *process_malloc(struct process *process, size_t nbytes);

/* Takes away what process_malloc() gave this process. 0, also for NULL; -EINVARG, and nothing has
 * changed, for all else. O(blocks). */
MUST_USE int process_free(struct process *process, void *pointer);

/* NPAGES zeroed pages for the process at VIRT; where the kernel reaches them, in one piece. NULL
 * as above. VIRT must be in the user window. */
MUST_USE uint8_t *process_map(struct process *process, vaddr_t virt, size_t npages, bool writable);

/* Gives back all pages of the process, its tables and its directory. */
void process_release_memory(struct process *process);

#endif
