/* programs, run, ps, kill, wait. */
#include "shell/commands_process.h"

#include "cpu/cpu.h"
#include "drivers/console.h"
#include "drivers/timer.h"
#include "lib/print.h"
#include "lib/string.h"
#include "process/process.h"
#include "shell/command.h"

enum { END_BYTES = 64 };

/* Starts WORDS[0]; says what is wrong where that fails. */
static struct process *start(size_t nwords, char **words, bool foreground)
{
    struct program program;
    struct process *process;
    const char *why = NULL;
    if (!program_find(words[0], &program)) {
        kprintf("%s: no such program; expected: one that programs lists\n", words[0]);
        return NULL;
    }
    if (!timer_works()) {
        kprintf("%s: is not started: the timer's interrupts do not come, so nothing could end it\n",
                words[0]);
        return NULL;
    }
    const struct process_order order = {
        .program = &program,
        .nwords = nwords,
        .words = words,
        .parent = process_current(),
        .foreground = foreground,
    };
    int status = process_create(&order, &process, &why);
    if (status)
        kprintf("%s: can't be started: %s\n", words[0],
                status == -ENOMEM ? "there is not enough memory" : why);
    return status ? NULL : process;
}

/* Others run until CHILD has ended; false where Ctrl-C came first. */
static bool wait_for(const struct process *child)
{
    bool interrupted = false;
    console_catch_interrupt(true);
    while (child->state != PROCESS_ENDED && !(interrupted = console_interrupted()))
        process_idle();
    cpu_enable_interrupts();
    console_catch_interrupt(false);
    return !interrupted;
}

/* Says how CHILD ended, unless that is nothing special, and forgets it. */
static int32_t conclude(struct process *child, bool always)
{
    char text[END_BYTES];
    struct process_end end = child->end;
    process_end_text(&end, text, sizeof text);
    if (!print_at_line_start())
        kprintf("\n");
    if (always || end.cause != PROCESS_EXITED || end.code != 0)
        kprintf("  %s (%u) %s\n", child->name, child->pid, text);
    process_forget(child);
    return end.cause == PROCESS_EXITED ? end.code : -1;
}

void commands_process_report(void)
{
    struct process *child;
    while ((child = process_ended_child(process_current(), 0)))
        conclude(child, true);
}

int32_t commands_process_run(size_t nwords, char **words)
{
    struct process *child = start(nwords, words, true);
    if (!child)
        return -1;
    if (!wait_for(child))
        process_kill_foreground();
    return conclude(child, false);
}

void command_run(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context;
    if (nwords > 1 && string_equal(words[nwords - 1], "&")) {
        struct process *child = start(nwords - 1, words, false);
        if (child)
            kprintf("  %s (%u) runs in the background\n", child->name, child->pid);
        return;
    }
    commands_process_run(nwords, words);
}

void command_programs(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords, (void)words;
    for (size_t i = 0; i < program_count(); i++) {
        struct program program = program_at(i);
        kprintf("  %-16s %8zu bytes at %p\n", program.name, program.nbytes,
                (const void *)program.bytes);
    }
    if (program_count() == 0)
        kprintf("  none: the loader brought no modules\n");
}

static const char *state_name(const struct process *process)
{
    static const char *const names[] = {
        [PROCESS_READY] = "ready",
        [PROCESS_SLEEPING] = "asleep",
        [PROCESS_WAITING] = "waiting",
        [PROCESS_ENDED] = "ended",
    };
    return process == process_current() ? "running" : names[process->state];
}

void command_ps(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords, (void)words;
    kprintf("    pid parent state    blocks    time  name\n");
    LIST_EACH(at, process_all())
    {
        const struct process *process = LIST_ENTRY(at, struct process, all);
        kprintf("  %5u %6u %-8s %6zu %4u.%02u  %s\n", process->pid,
                process->parent ? process->parent->pid : 0, state_name(process), process->nblocks,
                process->ticks / TIMER_TICKS_A_SECOND, process->ticks % TIMER_TICKS_A_SECOND,
                process->name);
    }
}

/* The process whose number TEXT is, or NULL, which is said. */
static struct process *named(const char *text)
{
    uint32_t pid;
    struct process *process = string_to_number(text, false, &pid) ? process_find(pid) : NULL;
    if (!process)
        kprintf("%s is no process; expected: a number from 1 on that ps lists\n", text);
    return process;
}

/* How those that were the shell's ended is said before the next prompt. */
static void kill_tree(uint32_t tree)
{
    size_t count = process_kill_tree(tree);
    kprintf("  %zu process%s killed\n", count, count == 1 ? " was" : "es were");
}

void command_kill(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context;
    bool tree = string_equal(words[0], "-tree");
    uint32_t number;
    if (nwords != (tree ? 2u : 1u))
        kprintf("kill: %u arguments given; expected: kill PID, kill -tree PID or kill all\n",
                nwords);
    else if (string_equal(words[0], "all"))
        kill_tree(0);
    else if (tree && string_to_number(words[1], false, &number) && process_has_tree(number))
        kill_tree(number);
    else {
        struct process *process = named(words[nwords - 1]);
        if (process && tree)
            kill_tree(process_tree_number(process));
        else if (process)
            process_kill(process);
    }
}

void command_wait(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context;
    struct process *self = process_current(), *process = nwords ? named(words[0]) : NULL;
    bool go_on = true;
    if (nwords && process && process->parent != self)
        kprintf("%s is no child of the shell's\n", words[0]);
    else if (process)
        go_on = wait_for(process);
    LIST_EACH(at, &self->children)
    {
        if (nwords || !go_on)
            break;
        go_on = wait_for(LIST_ENTRY(at, struct process, siblings));
    }
    if (!go_on)
        kprintf("\n  what was waited for goes on\n");
}
