/*
 * The FPU belongs to the process that used it last; its registers are saved only when another one
 * wants it. SSE stays off: no process can use, or leave anything in, registers that nobody saves.
 */
#ifndef PLAT_PROCESS_FPU_H
#define PLAT_PROCESS_FPU_H

#include "lib/types.h"

struct process;

/* What fnsave writes (Intel SDM, volume 1, section 8.1.10). */
struct fpu_state {
    uint32_t words[27];
};
_Static_assert(sizeof(struct fpu_state) == 108, "fnsave writes 108 bytes");

/* Finds out whether there is one; ring 3 has to ask for it from now on, by its first use. */
void fpu_init(void);

/* To be called when PROCESS is about to run: unless the FPU is its own, using it traps. */
void fpu_switch(const struct process *process);

/* That trap: gives PROCESS the FPU. False where there is none, or no memory. */
MUST_USE bool fpu_claim(struct process *process);

/* PROCESS has ended: its state is gone. */
void fpu_forget(struct process *process);

#endif
