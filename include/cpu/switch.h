/* Threads of the kernel: each has a stack, and runs until it hands the processor to another. */
#ifndef PLAT_CPU_SWITCH_H
#define PLAT_CPU_SWITCH_H

#include "lib/types.h"

/* Goes on where the stack with pointer ESP stopped; this one's pointer is left in *SAVE, and
 * returns when somebody switches back. Interrupts must be off. */
void switch_stacks(uint32_t *save, uint32_t esp);

/* Makes ENTRY, which must not return, start when somebody switches to the stack that ends at TOP.
 * Returns that stack's pointer. Uses six words of it. */
static inline uint32_t switch_prepare(uint32_t *top, void (*entry)(void))
{
    *--top = 0; /* ENTRY's return address ends the chain of calls */
    *--top = (uint32_t)entry;
    for (int i = 0; i < 4; i++)
        *--top = 0; /* EBP, EBX, ESI, EDI */
    return (uint32_t)top;
}

#endif
