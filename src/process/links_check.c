/*
 * Whether lists of processes are lists, and each process is where its state says.
 *
 * A link is followed only to process 0, or to something that the heap knows to be live and large
 * enough. Its PREVIOUS must be where the walk came from: so a walk never meets a link twice, for
 * then the ones before it would be the same as well, back to the list's head, where it ends.
 *
 * Each check is a round: SEEN says in which round the list of all had a process, and on which other
 * lists it has been since. So what those lists lead to is known to be a process, at no cost.
 */
#include "cpu/gdt.h"
#include "memory/kheap/kheap_look.h"
#include "memory/layout.h"
#include "process/kernel_stack.h"
#include "process/process_private.h"
#include "process/scheduler.h"

enum { ON_READY = 1, ON_ASLEEP = 2, IS_CHILD = 4, ROUND = 8 };

enum { SAVED_WORDS = 5 }; /* what switch_stacks() leaves: four registers, and where to go on */

struct walk {
    const struct list_link *list;
    size_t offset; /* of the links, in a process */
    struct process *owner;
    const struct process *last; /* the one before, or NULL */
};

static struct {
    uint32_t round;
    uint32_t first_pid, last_pid; /* so far */
    bool wrapped;
    size_t nstacks;
    uint32_t ticks; /* as it begins */
} check;

/* For words of anything. */
typedef uint32_t __attribute__((may_alias)) any_word;

static uint32_t seal_of(const struct process *process)
{
    const any_word *words = (const any_word *)process;
    uint32_t sum = 0;
    for (size_t i = 0; i < offsetof(struct process, seal) / sizeof *words; i++)
        sum = (sum << 7 | sum >> 25) ^ words[i]; /* each step can be undone: no flip is lost */
    return sum;
}

void process_seal(struct process *process)
{
    process->seal = seal_of(process);
}

static bool is_process(const struct process *process)
{
    return process == process_zero() ||
           ((uint32_t)process % 16 == 0 && kheap_size_of(process) >= sizeof *process);
}

/* Whether it is one, and the list of all has it. */
static bool is_known(const struct process *process)
{
    return is_process(process) && process->seen / ROUND == check.round;
}

static bool is_alone(const struct list_link *link)
{
    return link->next == link && link->previous == link;
}

/* Hands VISIT each process on a list; false where that is broken, or VISIT says so. */
static bool walk(struct walk walk, bool (*visit)(const struct walk *walk, struct process *process))
{
    const struct list_link *before = walk.list, *at = walk.list->next;
    for (; at != walk.list; before = at, at = at->next) {
        struct process *process = (struct process *)((uint32_t)at - walk.offset);
        if (!is_process(process) || at->previous != before || !visit(&walk, process))
            return false;
        walk.last = process;
    }
    return walk.list->previous == before;
}

/* Numbers grow with the list, but for one place where they have come round. */
static bool takes_number(uint32_t pid)
{
    if (pid == 0 || pid > INT32_MAX)
        return false;
    if (check.first_pid == 0)
        check.first_pid = pid;
    else if (pid <= check.last_pid && check.wrapped)
        return false;
    else if (pid <= check.last_pid)
        check.wrapped = true;
    check.last_pid = pid;
    return !check.wrapped || pid < check.first_pid;
}

static bool visit_any(const struct walk *walk, struct process *process)
{
    if (process->seal != seal_of(process) || process->state > PROCESS_ENDED)
        return false;
    process->seen = check.round * ROUND;
    return walk->last ? takes_number(process->pid) : process == process_zero() && !process->pid;
}

static bool visit_ready(const struct walk *walk, struct process *process)
{
    (void)walk;
    if (!is_known(process) || process->state != PROCESS_READY)
        return false;
    process->seen |= ON_READY;
    return true;
}

static bool visit_asleep(const struct walk *walk, struct process *process)
{
    if (!is_known(process) || process->state != PROCESS_SLEEPING)
        return false;
    process->seen |= ON_ASLEEP;
    uint32_t least = walk->last ? walk->last->wake_at : check.ticks + 1;
    return (int32_t)(process->wake_at - least) >= 0;
}

static bool visit_child(const struct walk *walk, struct process *process)
{
    if (!is_known(process) || process->parent != walk->owner)
        return false;
    process->seen |= IS_CHILD;
    return true;
}

/* Where PROCESS, which does not run, stopped: on its stack, by a call from the kernel's text. */
static bool can_go_on(const struct process *process)
{
    vaddr_t low = process->stack, high = low + KERNEL_STACK_BYTES;
    if (process == process_zero()) {
        low = (vaddr_t)kernel_stack;
        high = (vaddr_t)kernel_stack_top;
    }
    if (process->esp % 4 || process->esp < low || process->esp > high - SAVED_WORDS * 4)
        return false;
    uint32_t next = ((const uint32_t *)process->esp)[SAVED_WORDS - 1];
    return next >= (uint32_t)kernel_start && next < (uint32_t)kernel_text_end;
}

static const char *check_stack(const struct process *process, const struct scheduler_look *look)
{
    bool ended = process->state == PROCESS_ENDED, zero = process == process_zero();
    if (ended && process == look->gone) { /* its stack is still in use */
        check.nstacks++;
        return NULL;
    }
    if (zero ? process->directory || process->stack
             : ended != !process->directory || ended != !process->stack)
        return "an ended process has memory, or a live one has none";
    if (ended)
        return NULL;
    if (!zero && !kernel_stack_is_one(process->stack))
        return "a process has a kernel stack that is none";
    check.nstacks += !zero;
    if (process != look->current && !can_go_on(process))
        return "a process does not stand still on its kernel stack";
    return NULL;
}

static const char *check_place(const struct process *process, const struct scheduler_look *look)
{
    unsigned queues = process->seen & (ON_READY | ON_ASLEEP), wanted = 0;
    if (process != look->current && process->state == PROCESS_READY)
        wanted = ON_READY;
    if (process->state == PROCESS_SLEEPING)
        wanted = ON_ASLEEP;
    if (queues != wanted || (!wanted && !is_alone(&process->queue)))
        return "a process is not on the queue of its state";
    bool child = (process->seen & IS_CHILD) != 0;
    if (child != (process->parent != NULL) || (!child && !is_alone(&process->siblings)))
        return "a process is not among its parent's children";
    return check_stack(process, look);
}

/* Which process each of the pointers without a list leads to. */
static const char *check_pointers(const struct scheduler_look *look)
{
    const struct process *current = look->current, *gone = look->gone, *holder = fpu_holder();
    if (!is_known(current))
        return "the process that runs is none";
    if (gone && (!is_known(gone) || gone->state != PROCESS_ENDED))
        return "the process that has just ended is none";
    if (holder && (!is_known(holder) || !holder->stack))
        return "the process that has the FPU is none";
    if (current->stack && gdt_interrupted_task()->esp0 != current->stack + KERNEL_STACK_BYTES)
        return "the TSS does not have the current process's kernel stack";
    return NULL;
}

#define LINKS(member) offsetof(struct process, member)

static const char *check_links(struct scheduler_look look)
{
    check.ticks = look.ticks;
    check.round = (check.round + 1) % (UINT32_MAX / ROUND);
    check.first_pid = check.last_pid = check.nstacks = 0;
    check.wrapped = false;
    if (!walk((struct walk){.list = look.all, .offset = LINKS(all)}, visit_any))
        return "the list of all processes is broken, or what one of them is";
    if (look.last_pid > INT32_MAX ||
        (check.first_pid && look.last_pid != check.last_pid && !takes_number(look.last_pid)))
        return "the last process's number is wrong";
    if (!walk((struct walk){.list = look.ready, .offset = LINKS(queue)}, visit_ready))
        return "the queue of processes that are ready is broken";
    if (!walk((struct walk){.list = look.asleep, .offset = LINKS(queue)}, visit_asleep))
        return "the queue of processes that sleep is broken, or out of order";
    LIST_EACH(at, look.all)
    {
        struct process *process = LIST_ENTRY(at, struct process, all);
        if (!walk((struct walk){.list = &process->children,
                                .offset = LINKS(siblings),
                                .owner = process},
                  visit_child))
            return "a process's list of children is broken";
    }
    const char *broken = NULL;
    for (const struct list_link *at = look.all->next; at != look.all && !broken; at = at->next)
        broken = check_place(LIST_ENTRY(at, struct process, all), &look);
    if (!broken)
        broken = check_pointers(&look);
    if (!broken && !kernel_stack_count_is(check.nstacks))
        broken = "there are more or fewer kernel stacks than processes";
    return broken;
}

const char *process_links_check(void)
{
    const char *broken = check_links(scheduler_hold());
    scheduler_go_on();
    return broken;
}
