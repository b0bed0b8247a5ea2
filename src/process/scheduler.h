/*
 * Who runs: round robin over the processes that are ready, a tick of the timer each. The kernel is
 * not interrupted for another process; it hands the processor on where it waits. Private to this
 * folder.
 */
#ifndef PLAT_PROCESS_SCHEDULER_H
#define PLAT_PROCESS_SCHEDULER_H

#include "process/process.h"

/* Makes KERNEL, which is process 0, the one that runs. It must never wait or sleep: it is who runs
 * when nobody else can. */
void scheduler_init(struct process *kernel);

/* Gives PROCESS a number, and its turn. */
void scheduler_add(struct process *process);

/* Takes it off all lists: for one that does not run. */
void scheduler_remove(struct process *process);

/* PROCESS, which slept or waited, can go on. */
void scheduler_wake(struct process *process);

/* The current process gets no turn until it is woken: STATE says why. Not for process 0. Interrupts
 * off. */
void scheduler_wait(enum process_state state);

/* The current process, which has ended, never runs again; LAST gets it, on another stack. */
_Noreturn void scheduler_leave(void (*last)(struct process *process));

/* What a new thread does first. */
void scheduler_begin(void);

#endif
