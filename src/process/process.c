/*
 * Theory. A process that has not ended has a directory, a kernel stack, and pages of its own; one
 * that has ended has none of them, but its number and its end, until its parent asks or is gone.
 * What gives memory back runs on another stack: who kills, or who runs next.
 */
#include "process/process.h"

#include "cpu/cpu.h"
#include "cpu/panic.h"
#include "lib/format.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
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
    fpu_init();
    user_trap_init();
    fault_report_set_places(place_of_stacks);
    if (!kernel_stack_init())
        panic("process: no memory for the table of kernel stacks");
}

static struct process *sibling(struct list_link *link)
{
    return LIST_ENTRY(link, struct process, siblings);
}

void process_forget(struct process *process)
{
    list_remove(&process->siblings);
    scheduler_remove(process);
    kfree(process);
}

/* What is left when nothing runs on the stack any more. */
static void finish(struct process *process)
{
    kernel_stack_destroy(process->stack);
    process->stack = 0;
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

/* Everything but the stack goes back; who waits for it goes on. */
static void end(struct process *process, enum process_cause cause, int32_t code)
{
    list_remove(&process->queue);
    process->state = PROCESS_ENDED;
    process->end = (struct process_end){.cause = cause, .code = code};
    fpu_forget(process);
    process_release_memory(process);
    leave_children(process);
    if (process->parent && process->parent->state == PROCESS_WAITING)
        scheduler_wake(process->parent);
}

void process_exit(enum process_cause cause, int32_t code)
{
    cpu_disable_interrupts();
    end(process_current(), cause, code);
    scheduler_leave(finish);
}

void process_kill(struct process *process)
{
    if (process == process_current())
        process_exit(PROCESS_KILLED, 0);
    if (process->state == PROCESS_ENDED)
        return;
    uint32_t flags = cpu_save_flags();
    end(process, PROCESS_KILLED, 0);
    finish(process);
    cpu_restore_flags(flags);
}

/* The last of its children that lives and is in the foreground. */
static struct process *youngest(const struct process *process)
{
    for (struct list_link *at = process->children.previous; at != &process->children;
         at = at->previous)
        if (sibling(at)->foreground && sibling(at)->state != PROCESS_ENDED)
            return sibling(at);
    return NULL;
}

/* Ring 3 decides how deep the tree is: no recursion. Who has no such child any more, goes. */
void process_kill_tree(struct process *process)
{
    for (struct process *at = process, *child, *parent; at;) {
        while ((child = youngest(at)))
            at = child;
        parent = at == process ? NULL : at->parent;
        process_kill(at);
        at = parent;
    }
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
        if (!process_has_child(self, pid))
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
