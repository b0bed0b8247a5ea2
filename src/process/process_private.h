/* What the files of this folder know of each other. */
#ifndef PLAT_PROCESS_PROCESS_PRIVATE_H
#define PLAT_PROCESS_PROCESS_PRIVATE_H

#include "process/process.h"

/* image.c: loads PROGRAM into the memory of PROCESS. 0 and where it begins; -ENOMEM; -EINVARG and
 * in *WHY what is wrong with it. What was mapped stays. */
MUST_USE int image_load(struct process *process, const struct program *program, vaddr_t *entry,
                        const char **why);

/* process_tree.c: PROCESS becomes one of its parent's tree, or the first of a new one. 0, -ENOMEM,
 * or -EAGAIN where there are as many as there may be. Its number is named once it has one. */
MUST_USE int tree_join(struct process *process);
void tree_name(struct process *process);
void tree_leave(struct process *process);

/* process_tree.c: whether NBLOCKS more are within PROCESS's tree's share of what is free. */
MUST_USE bool tree_may_take(const struct process *process, size_t nblocks);

/* process_tree.c: so many blocks have been mapped for PROCESS, and so many unmapped. */
void tree_count(struct process *process, size_t taken, size_t given);

/* user_trap.c: everything that comes from ring 3 arrives there from now on. */
void user_trap_init(void);

/* user_trap.c: a new process goes to ring 3 by the frame at the top of its stack. */
void user_trap_begin(void);

/* user_fault.c: an exception of the current process, about ADDRESS if it is a page fault: said, and
 * the end of it. */
_Noreturn void user_fault(const struct trap_frame *frame, vaddr_t address);

/* The kernel's own thread: process 0. */
struct process *process_zero(void);

/* Seals what PROCESS is: to be called whenever a field above SEAL has changed. */
void process_seal(struct process *process);

/* NULL, or what does not hold of lists, queues and stacks, as a sentence. */
const char *process_links_check(void);

/* The frame by which the process that owns STACK left ring 3, or will enter it. */
static inline struct trap_frame *frame_on(vaddr_t top)
{
    return (struct trap_frame *)top - 1;
}

#endif
