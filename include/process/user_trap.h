/* Where what ring 3 asks for arrives. */
#ifndef PLAT_PROCESS_USER_TRAP_H
#define PLAT_PROCESS_USER_TRAP_H

#include "cpu/trap.h"

/* HANDLER answers system calls, in the process that made them, with interrupts on and the kernel's
 * directory loaded. To be set before the first process runs. */
void user_trap_set_system_call(void (*handler)(struct trap_frame *frame));

#endif
