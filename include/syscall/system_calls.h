/* What ring 3 may ask for (abi/system_calls.h), asked and answered. */
#ifndef PLAT_SYSCALL_SYSTEM_CALLS_H
#define PLAT_SYSCALL_SYSTEM_CALLS_H

/* Answers all system calls from now on. */
void system_calls_init(void);

#endif
