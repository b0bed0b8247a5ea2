/* Errors that the hardware finds in itself: exception 18, and what its banks of registers say. */
#ifndef PLAT_CPU_MACHINE_CHECK_H
#define PLAT_CPU_MACHINE_CHECK_H

#include "cpu/control.h"

/* Forgets errors from before, and has all of them told from now on. CR4.MCE is cpu.h's. */
void machine_check_init(const struct cpu_features *features);

/* A line for each bank that holds an error. Another one may come from now on. */
void machine_check_print(void);

#endif
