/* Processes from the prompt and from the command line. */
#ifndef PLAT_SHELL_COMMANDS_PROCESS_H
#define PLAT_SHELL_COMMANDS_PROCESS_H

#include "lib/types.h"

/* Runs the program WORDS[0] in the foreground until it ends. Its exit code; -1 where it did not
 * exit, or not start, which is said. */
int32_t commands_process_run(size_t nwords, char **words);

/* Says how those in the background ended that have, and forgets them. */
void commands_process_report(void);

#endif
