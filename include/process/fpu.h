/*
 * The registers of the FPU, of MMX and of SSE: each process has its own, from its beginning to its
 * end. They are changed when a process is about to run whose registers are not there: no trap
 * decides it, and no instruction of ring 3 can meet another's, whatever a processor checks. The
 * kernel uses none of them, so that they stay where they are while it works.
 *
 * Ring 3 may use SSE where CPUID says FXSR and SSE. AVX and what came later stay off: CR4.OSXSAVE
 * is clear, and nobody would save their registers.
 */
#ifndef PLAT_PROCESS_FPU_H
#define PLAT_PROCESS_FPU_H

#include "lib/types.h"

struct process;

/* What fxsave writes (Intel SDM, volume 1, section 10.5), or fnsave (8.1.10) in its first 108
 * bytes. */
struct fpu_state {
    uint32_t words[128];
} __attribute__((aligned(16)));
_Static_assert(sizeof(struct fpu_state) == 512, "fxsave writes 512 bytes");

/* Finds out what there is, and empties it. Call with the control registers as they stay. */
void fpu_init(void);

/* Fresh registers for PROCESS, which is new and has its kernel stack. */
void fpu_begin(const struct process *process);

/* To be called when PROCESS is about to run, interrupts off: its registers are there. */
void fpu_switch(const struct process *process);

/* Whose registers are in the processor, or NULL. */
const struct process *fpu_holder(void);

/* PROCESS has ended: its registers are nobody's. */
void fpu_forget(const struct process *process);

#endif
