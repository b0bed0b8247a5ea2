/*
 * Theory. A process that has not ended has a directory, a kernel stack, and pages of its own; one
 * that has ended has none of them, but its number and its end, until its parent asks or is gone.
 * It gives its memory back itself, on its own stack and breathing; the stack is given back by the
 * process that runs next.
 *
 * KILLED is set from outside and looked at by the process itself: on its way to ring 3, and where
 * it waits for something. Once it is EXITING nothing more can be done to it.
 */
#include "process/process.h"

#include "cpu/cpu.h"
#include "cpu/panic.h"
#include "lib/format.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/kheap/kheap.h"
#include "memory/paging/fault_report.h"
#include "process/kernel_stack.h"
#include "process/process_memory.h"
#include "process/process_private.h"
#include "process/scheduler.h"

static struct process kernel = {.name = "kernel", .foreground = true};

static const char *place_of_stacks(vaddr_t address)
{
    return kernel_stack_is_guard(address) ? "the guard below a process's kernel stack" : NULL;
}

void process_init(void)
{
    list_init(&kernel.children);
    list_init(&kernel.siblings);
    scheduler_init(&kernel);
    process_seal(&kernel);
    fpu_init();
    user_trap_init();
    fault_report_set_places(place_of_stacks);
    if (!kernel_stack_init())
        panic("process: no memory for the table of kernel stacks");
}

struct process *process_zero(void)
{
    return &kernel;
}

static struct process *sibling(struct list_link *link)
{
    return LIST_ENTRY(link, struct process, siblings);
}

void process_forget(struct process *process)
{
    list_remove(&process->siblings);
    scheduler_remove(process);
    tree_leave(process);
    kfree(process);
}

/* What is left when nothing runs on the stack any more. */
static void finish(struct process *process)
{
    kernel_stack_destroy(process->stack);
    process->stack = 0;
    process_seal(process);
    if (!process->parent)
        process_forget(process);
}

static void leave_children(struct process *process)
{
    while (!list_is_empty(&process->children)) {
        struct process *child = sibling(process->children.next);
        list_remove(&child->siblings);
        child->parent = NULL;
        if (child->state == PROCESS_ENDED)
            process_forget(child);
    }
}

void process_exit(enum process_cause cause, int32_t code)
{
    struct process *self = process_current();
    self->exiting = true;
    process_release_memory(self);
    process_seal(self);
    leave_children(self);
    cpu_disable_interrupts();
    self->state = PROCESS_ENDED;
    self->end = (struct process_end){.cause = cause, .code = code};
    fpu_forget(self);
    if (self->parent && self->parent->state == PROCESS_WAITING)
        scheduler_wake(self->parent);
    scheduler_leave(finish);
}

void process_kill(struct process *process)
{
    const struct process *self = process_current();
    uint32_t pid = process->pid;
    process->killed = true;
    if (process == self)
        process_exit(PROCESS_KILLED, 0);
    if (process->state == PROCESS_SLEEPING || process->state == PROCESS_WAITING)
        scheduler_wake(process);
    while (!self->killed && process_find(pid) == process && process->state != PROCESS_ENDED) {
        if (self == &kernel)
            scheduler_hand_to(process);
        else
            process_yield();
    }
}

static bool is_told_to_end(const struct process *process)
{
    return process->killed && process->state != PROCESS_ENDED;
}

/* Waits until all that are told to end have ended. How many were to. */
static size_t kill_all_told(void)
{
    size_t count = 0;
    for (struct list_link *at = process_all()->next; at != process_all();) {
        struct process *process = LIST_ENTRY(at, struct process, all);
        at = at->next;
        if (!is_told_to_end(process))
            continue;
        process_kill(process);
        count++;
        at = process_all()->next; /* the next one of the list may be gone, too */
    }
    return count;
}

size_t process_kill_tree(uint32_t tree)
{
    LIST_EACH(at, process_all())
    {
        struct process *process = LIST_ENTRY(at, struct process, all);
        if (process != &kernel && (tree == 0 || process_tree_number(process) == tree))
            process->killed = true;
    }
    return kill_all_told();
}

size_t process_kill_foreground(void)
{
    LIST_EACH(at, process_all())
    {
        struct process *process = LIST_ENTRY(at, struct process, all);
        if (process != &kernel && process_in_foreground(process))
            process->killed = true;
    }
    return kill_all_told();
}

bool process_may_print(void)
{
    enum { BACKLOG_MOST = 512 }; /* bytes: 45 ms at 115200 baud, and four ticks' worth */
    const struct process *self = process_current();
    while (!self->killed && print_backlog() > BACKLOG_MOST)
        process_sleep(0);
    return !self->killed;
}

bool process_in_foreground(const struct process *process)
{
    while (process->foreground && process->parent)
        process = process->parent;
    return process == &kernel;
}

struct process *process_ended_child(struct process *parent, uint32_t pid)
{
    LIST_EACH(at, &parent->children)
    {
        struct process *child = sibling(at);
        if (child->state == PROCESS_ENDED && (pid == 0 || child->pid == pid))
            return child;
    }
    return NULL;
}

bool process_has_child(const struct process *parent, uint32_t pid)
{
    LIST_EACH(at, &parent->children)
    if (pid == 0 || sibling(at)->pid == pid)
        return true;
    return false;
}

int process_wait(uint32_t pid, uint32_t *ended, struct process_end *how)
{
    struct process *self = process_current(), *child;
    while (!(child = process_ended_child(self, pid))) {
        if (self->killed || !process_has_child(self, pid))
            return -ECHILD;
        scheduler_wait(PROCESS_WAITING);
    }
    *ended = child->pid;
    *how = child->end;
    process_forget(child);
    return 0;
}

void process_end_text(const struct process_end *how, char *buffer, size_t nbytes)
{
    if (how->cause == PROCESS_EXITED)
        format_text(buffer, nbytes, "exited with code %d", how->code);
    else if (how->cause == PROCESS_KILLED)
        string_copy(buffer, nbytes, "was killed");
    else
        format_text(buffer, nbytes, "ended by %s", trap_name((uint32_t)how->code));
}
