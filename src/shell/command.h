/* What a command of the shell is. */
#ifndef PLAT_SHELL_COMMAND_H
#define PLAT_SHELL_COMMAND_H

#include "shell/machine.h"

struct growing_heap;

struct shell_context {
    const struct machine *machine;
};

struct command {
    const char *name;
    const char *arguments; /* as help and a wrong call show them */
    const char *purpose;
    unsigned least, most; /* how many arguments */
    /* Gets the words after the name. Says in one line what is wrong with them. */
    void (*run)(const struct shell_context *context, unsigned nwords, char **words);
};

/* commands_memory.c */
void command_map(const struct shell_context *context, unsigned nwords, char **words);
void command_heap(const struct shell_context *context, unsigned nwords, char **words);
void command_blocks(const struct shell_context *context, unsigned nwords, char **words);
void command_alloc(const struct shell_context *context, unsigned nwords, char **words);
void command_free(const struct shell_context *context, unsigned nwords, char **words);
void command_stats(const struct shell_context *context, unsigned nwords, char **words);
void command_translate(const struct shell_context *context, unsigned nwords, char **words);

/* commands_window.c */
void command_step(const struct shell_context *context, unsigned nwords, char **words);

/* The same for the window of a heap that grows, from ADDRESS on or, for 0, all of it. */
void window_draw(const struct growing_heap *heap, uint32_t address);

/* commands_watch.c */
void command_leaks(const struct shell_context *context, unsigned nwords, char **words);
void command_misuse(const struct shell_context *context, unsigned nwords, char **words);

/* live.c */
void command_watch(const struct shell_context *context, unsigned nwords, char **words);

/* commands_trace.c */
void command_trace(const struct shell_context *context, unsigned nwords, char **words);

/* commands_process.c */
void command_programs(const struct shell_context *context, unsigned nwords, char **words);
void command_run(const struct shell_context *context, unsigned nwords, char **words);
void command_ps(const struct shell_context *context, unsigned nwords, char **words);
void command_kill(const struct shell_context *context, unsigned nwords, char **words);
void command_wait(const struct shell_context *context, unsigned nwords, char **words);

/* commands_machine.c */
void command_check(const struct shell_context *context, unsigned nwords, char **words);
void command_fault(const struct shell_context *context, unsigned nwords, char **words);
void command_compare(const struct shell_context *context, unsigned nwords, char **words);
void command_bench(const struct shell_context *context, unsigned nwords, char **words);
void command_selftest(const struct shell_context *context, unsigned nwords, char **words);
void command_lspci(const struct shell_context *context, unsigned nwords, char **words);
void command_lsusb(const struct shell_context *context, unsigned nwords, char **words);
void command_sysinfo(const struct shell_context *context, unsigned nwords, char **words);
void command_dmesg(const struct shell_context *context, unsigned nwords, char **words);
void command_date(const struct shell_context *context, unsigned nwords, char **words);
void command_uptime(const struct shell_context *context, unsigned nwords, char **words);
void command_reboot(const struct shell_context *context, unsigned nwords, char **words);
void command_poweroff(const struct shell_context *context, unsigned nwords, char **words);

/* block_map.c: draws the table from block FIRST on, CELLS characters, PER_CELL blocks each. */
void block_map_draw(size_t first, size_t cells, size_t per_cell);

/* faults.c: provokes the fault of that name; false where there is none. Lists all names. */
bool fault_provoke(const char *name);
void fault_list(void);

#endif
