/*
 * Programs that run in ring 3, each with memory of its own, a stack in the kernel, and a number.
 * The kernel's own thread (the boot story, then the shell) is a process too, of number 0, without a
 * program.
 *
 * The kernel works with its own directory loaded whoever it works for; a process's is loaded only
 * on the way to ring 3 (user_trap.c). It works with interrupts on, and is not interrupted for
 * another process. Nothing here but process_attend() may be called from interrupt handlers.
 *
 * A process ends only itself, so that no call is left half done: to kill one is to tell it so. It
 * ends where it would go back to ring 3, and where it waits it is woken for that.
 *
 * All processes that come of one command of the shell's are a tree, which goes by the number of its
 * first one; also when that has ended, or the parent of one of them. A tree has at most
 * TREE_PROCESSES_MOST processes, and of the memory that it has and that is free together at most
 * TREE_SHARE eighths.
 */
#ifndef PLAT_PROCESS_PROCESS_H
#define PLAT_PROCESS_PROCESS_H

#include "abi/system_calls.h"
#include "cpu/trap.h"
#include "lib/list.h"
#include "lib/status.h"
#include "memory/paging/paging.h"
#include "process/fpu.h"
#include "process/program.h"

enum { TREE_PROCESSES_MOST = 1024, TREE_SHARE = 7 };

struct process_tree;

enum process_state {
    PROCESS_READY, /* runs, or could */
    PROCESS_SLEEPING,
    PROCESS_WAITING, /* for a child's end */
    PROCESS_ENDED    /* only its end is kept, until its parent asks */
};

struct process {
    /* These change only where process_seal() is called again. */
    uint32_t pid; /* its own for as long as anybody can name it */
    char name[PROGRAM_NAME_BYTES];
    struct process_tree *tree;          /* NULL for process 0 */
    struct paging_4gb_chunk *directory; /* NULL once it has ended */
    vaddr_t arguments;                  /* where ring 3 has argv */
    int32_t narguments;
    vaddr_t stack; /* its kernel stack; 0 once that is gone, and for the kernel's own thread */

    uint32_t seal; /* of what stands above */
    uint32_t seen; /* by the check: in which round, and where */
    enum process_state state;
    bool foreground;  /* was started to be waited for */
    bool quiet;       /* its parent says how it ended */
    bool killed;      /* it is to end before it is in ring 3 again */
    bool exiting;     /* it gives back what it had */
    size_t nblocks;   /* of memory mapped for it */
    uint32_t esp;     /* on its kernel stack, while it does not run */
    uint32_t ticks;   /* of the timer that found it running */
    uint32_t wake_at; /* tick, while sleeping */
    struct process_end end;
    struct process *parent;    /* NULL: nobody will ask for its end */
    struct list_link all;      /* scheduler.c: on the list of all processes */
    struct list_link queue;    /* of those that are ready, or asleep */
    struct list_link siblings; /* on its parent's CHILDREN */
    struct list_link children;
};

struct process_order {
    const struct program *program;
    size_t nwords; /* arguments, the program's name the first of them */
    char *const *words;
    struct process *parent; /* NULL: nobody asks for its end, and it goes by itself */
    bool foreground, quiet;
};

/* Makes the calling thread process 0. The kernel's directory must be loaded, the timer not yet be
 * started. Panics without memory. */
void process_init(void);

/*
 * Starts what ORDER says; it runs when its turn comes. 0 and *CREATED; -ENOMEM; -EAGAIN where its
 * tree has all the processes that it may; or -EINVARG and in *WHY, in a few words, what is wrong
 * with the program or its arguments. Nothing is left behind by an error. Breathes.
 */
MUST_USE int process_create(const struct process_order *order, struct process **created,
                            const char **why);

/* The process that runs. */
struct process *process_current(void);

/* Other processes' turn. */
void process_yield(void);

/* In work that takes long, at a place where all is in order: other processes' turn if it is, unless
 * this is process 0. At most some 100,000 instructions lie between two breaths. */
void process_breathe(void);

/* For process 0 with nothing to do: other processes' turn, or sleep until an interrupt came.
 * Returns with interrupts on or off. What it is called with off for is not overslept. */
void process_idle(void);

/* For interrupt handlers: process 0 has something to do, and is next. Interrupts off. */
void process_attend(void);

/* The current process, not 0, sleeps for so many ticks of the timer or one more. */
void process_sleep(uint32_t ticks);

/*
 * Before the current process, not 0, prints a piece: it sleeps until what was printed is almost
 * out, so that nobody's words stand behind many of its own. False where it is to end instead.
 */
MUST_USE bool process_may_print(void);

/* The process of number PID, not 0, also one that has ended; NULL where there is none. O(n). */
struct process *process_find(uint32_t pid);

/* The list of all, by member ALL, oldest first. */
const struct list_link *process_all(void);

/* Ends the current process; all of its memory goes back. Its children have no parent any more. */
_Noreturn void process_exit(enum process_cause cause, int32_t code);

/*
 * Ends any process but 0 in the same way, and returns when that is done; or when the caller is to
 * end, too. PROCESS is gone then where it has no parent.
 */
void process_kill(struct process *process);

/*
 * Ends all processes of the tree of number TREE, or all trees for 0; or all that keys are for. All
 * are told to end before the first one does, so that they start no more. How many. For process 0.
 */
size_t process_kill_tree(uint32_t tree);
size_t process_kill_foreground(void);

/* The number of PROCESS's tree, 0 for process 0; and whether there still is anybody of such a tree.
 */
uint32_t process_tree_number(const struct process *process);
bool process_has_tree(uint32_t number);

/* Whether keys are for it: it, its parent, and so on up to process 0 are in the foreground. */
bool process_in_foreground(const struct process *process);

/* A child of PARENT, of number PID or any for 0, that has ended; NULL where there is none. */
struct process *process_ended_child(struct process *parent, uint32_t pid);

/* Whether PARENT has such a child, ended or not. */
bool process_has_child(const struct process *parent, uint32_t pid);

/*
 * Waits until such a child has ended; PID and end of it are told and forgotten. 0; -ECHILD where
 * there is no such child. Process 0 has other work and asks process_ended_child() instead.
 */
MUST_USE int process_wait(uint32_t pid, uint32_t *ended, struct process_end *end);

/* Forgets a process that has ended. */
void process_forget(struct process *process);

/* "exited with code 3", "was killed", "general protection", into BUFFER. */
void process_end_text(const struct process_end *end, char *buffer, size_t nbytes);

/*
 * NULL, or the sentence about all processes that does not hold: lists and queues, what each process
 * is, stacks, pages. Follows no link that it has not looked at; the heap must be sound. O(their
 * pages).
 */
MUST_USE const char *process_check(void);

#endif
