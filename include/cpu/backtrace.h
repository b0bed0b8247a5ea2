/* The chain of calls, from saved frame pointers, with names from the kernel's symbol table. */
#ifndef PLAT_CPU_BACKTRACE_H
#define PLAT_CPU_BACKTRACE_H

#include "lib/types.h"

/*
 * Prints a line for EIP and for each return address found from the frame at EBP upward, at most
 * 16. A frame that can't be read, or does not lie above the one before, ends it. ESP is the stack
 * pointer at EIP, for a function that made no frame; 0 where EIP is a return address itself.
 */
void backtrace_print(uint32_t eip, uint32_t ebp, uint32_t esp);

/*
 * Writes FROM, a return address in the chain of calls that this function was called in, and the
 * COUNT - 1 return addresses above it to FRAMES; 0 where the chain ends before.
 */
void backtrace_capture(uintptr_t *frames, size_t count, uintptr_t from);

#endif
