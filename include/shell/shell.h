/* A prompt on serial line and keyboard. */
#ifndef PLAT_SHELL_SHELL_H
#define PLAT_SHELL_SHELL_H

#include "shell/machine.h"

/* Reads and obeys lines; does not return. Interrupts must be on. */
_Noreturn void shell_run(const struct machine *machine);

#endif
