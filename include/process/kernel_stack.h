/*
 * Stacks on which the kernel works for processes: two pages each, with a page below that is never
 * mapped, in windows of addresses that all directories share. The FPU's registers of a process lie
 * above the top of its stack: they are there as long as the stack is.
 */
#ifndef PLAT_PROCESS_KERNEL_STACK_H
#define PLAT_PROCESS_KERNEL_STACK_H

#include "process/fpu.h"

#define KERNEL_STACK_PAGES 2
#define KERNEL_STACK_BYTES (KERNEL_STACK_PAGES * PAGE_SIZE - sizeof(struct fpu_state))

/* Makes room for the first ones; false without memory. */
MUST_USE bool kernel_stack_init(void);

/* The lowest address of a new stack of KERNEL_STACK_BYTES; 0 without memory. Interrupts off. */
MUST_USE vaddr_t kernel_stack_create(void);

/* Gives back what kernel_stack_create() gave. Interrupts off. */
void kernel_stack_destroy(vaddr_t stack);

/* Whether ADDRESS is in the page below one of them. */
bool kernel_stack_is_guard(vaddr_t address);

/* Whether STACK is what kernel_stack_create() gave, and not given back. */
bool kernel_stack_is_one(vaddr_t stack);

/* Whether there are NSTACKS of them, and the table says the same everywhere. */
bool kernel_stack_count_is(size_t nstacks);

#endif
