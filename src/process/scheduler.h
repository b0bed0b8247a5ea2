/*
 * Who runs: round robin over the processes that are ready, a tick of the timer each. The kernel is
 * not interrupted for another process; it hands the processor on where it waits and where it
 * breathes. Private to this folder. These functions leave interrupts as they find them.
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

/* Other processes' turn, while it is and the current one is not to end. Returns the current one. */
struct process *scheduler_take_turns(void);

/* PROCESS goes on at once, and the caller next, before all others: for process 0. */
void scheduler_hand_to(struct process *process);

/* The current process gets no turn until it is woken: STATE says why. Not for process 0. */
void scheduler_wait(enum process_state state);

/* The current process, which has ended, never runs again; LAST gets it, on another stack. */
_Noreturn void scheduler_leave(void (*last)(struct process *process));

/* What a new thread does first. */
void scheduler_begin(void);

/* What the scheduler goes by, for the check; ticks change nothing of it until scheduler_go_on().
 * For process 0, and for a panic. */
struct scheduler_look {
    const struct process *current, *gone;
    const struct list_link *all, *ready, *asleep;
    uint32_t last_pid, ticks;
};
struct scheduler_look scheduler_hold(void);
void scheduler_go_on(void);

#endif
