/*
 * Theory. Exactly one process runs: CURRENT. Every other one that is ready is on READY, in the
 * order of its turn; every one that sleeps on ASLEEP, in the order of waking; those that wait or
 * have ended are on neither. Process 0 is always current or ready, so that there always is a next
 * one.
 *
 * The kernel works with interrupts on, and is not interrupted for another process. A tick charges
 * CURRENT and says that its turn is over (DUE), wherever it finds it; CURRENT hands the processor
 * on when it next leaves the kernel, or sooner where it breathes. Process 0 works for the operator:
 * it never gives way while it has something to do, and a key puts it at the head of READY.
 *
 * Interrupts touch READY, ASLEEP and DUE, and nothing else of a process but its TICKS. So these
 * change only while interrupts are off.
 */
#include "process/scheduler.h"

#include "cpu/cpu.h"
#include "cpu/gdt.h"
#include "cpu/switch.h"
#include "drivers/timer.h"
#include "process/kernel_stack.h"

static struct {
    struct process *kernel, *current;
    struct list_link all, ready, asleep;
    bool due;  /* CURRENT's turn is over */
    bool idle; /* process 0 is current, and has nothing to do */
    bool held; /* no sleeper wakes */
    uint32_t last_pid;
    struct process *gone; /* has ended, but its stack may still be in use */
    void (*last)(struct process *process);
} scheduler;

static struct process *queued(struct list_link *link)
{
    return LIST_ENTRY(link, struct process, queue);
}

static void wake_sleepers(void)
{
    while (!scheduler.held && !list_is_empty(&scheduler.asleep)) {
        struct process *first = queued(scheduler.asleep.next);
        if ((int32_t)(first->wake_at - timer_ticks()) > 0)
            return;
        scheduler_wake(first);
    }
}

static void tick(void)
{
    if (!scheduler.idle)
        scheduler.current->ticks++;
    wake_sleepers();
    scheduler.due = true;
}

void scheduler_init(struct process *kernel)
{
    list_init(&scheduler.all);
    list_init(&scheduler.ready);
    list_init(&scheduler.asleep);
    list_insert(&scheduler.all, &kernel->all);
    list_init(&kernel->queue);
    scheduler.kernel = scheduler.current = kernel;
    timer_on_tick(tick);
}

struct process *process_current(void)
{
    return scheduler.current;
}

const struct list_link *process_all(void)
{
    return &scheduler.all;
}

struct process *process_find(uint32_t pid)
{
    LIST_EACH(at, &scheduler.all)
    {
        struct process *process = LIST_ENTRY(at, struct process, all);
        if (process->pid == pid && pid != 0)
            return process;
    }
    return NULL;
}

/* Numbers come round again after two thousand million. */
static uint32_t next_pid(void)
{
    do
        scheduler.last_pid = scheduler.last_pid % INT32_MAX + 1;
    while (process_find(scheduler.last_pid));
    return scheduler.last_pid;
}

void scheduler_add(struct process *process)
{
    process->pid = next_pid();
    list_insert(&scheduler.all, &process->all);
    list_init(&process->queue);
    scheduler_wake(process);
}

void scheduler_remove(struct process *process)
{
    uint32_t flags = cpu_save_flags();
    list_remove(&process->queue);
    list_remove(&process->all);
    cpu_restore_flags(flags);
}

/* Ready to run, before PLACE. Interrupts are off. */
static void make_ready(struct process *process, struct list_link *place)
{
    list_remove(&process->queue);
    list_insert(place, &process->queue);
    process->state = PROCESS_READY;
}

void scheduler_wake(struct process *process)
{
    uint32_t flags = cpu_save_flags();
    make_ready(process, &scheduler.ready);
    cpu_restore_flags(flags);
}

void process_attend(void)
{
    if (scheduler.current == scheduler.kernel)
        return;
    list_remove(&scheduler.kernel->queue);
    list_insert(scheduler.ready.next, &scheduler.kernel->queue);
    scheduler.due = true;
}

/* On a stack that is not GONE's. */
static void bury(void)
{
    struct process *gone = scheduler.gone;
    scheduler.gone = NULL;
    if (gone)
        scheduler.last(gone);
}

/* The first of those that are ready goes on. Returns when this one's turn has come again.
 * Interrupts are off. */
static void pass_on(void)
{
    struct process *before = scheduler.current, *next = queued(scheduler.ready.next);
    list_remove(&next->queue);
    scheduler.current = next;
    scheduler.due = false;
    gdt_set_kernel_stack(next->stack + KERNEL_STACK_BYTES);
    fpu_switch(next);
    if (next != before)
        switch_stacks(&before->esp, next->esp);
    bury();
}

void scheduler_begin(void)
{
    bury();
}

void process_yield(void)
{
    uint32_t flags = cpu_save_flags();
    list_insert(&scheduler.ready, &scheduler.current->queue);
    pass_on();
    cpu_restore_flags(flags);
}

struct process *scheduler_take_turns(void)
{
    struct process *current = scheduler.current;
    while (__builtin_expect(scheduler.due, false) && !current->killed)
        process_yield();
    return current;
}

void process_breathe(void)
{
    if (scheduler.due && scheduler.current != scheduler.kernel)
        process_yield();
}

void scheduler_hand_to(struct process *process)
{
    uint32_t flags = cpu_save_flags();
    list_insert(scheduler.ready.next, &scheduler.current->queue);
    make_ready(process, scheduler.ready.next);
    pass_on();
    cpu_restore_flags(flags);
}

void scheduler_wait(enum process_state state)
{
    uint32_t flags = cpu_save_flags();
    scheduler.current->state = state;
    pass_on();
    cpu_restore_flags(flags);
}

void process_sleep(uint32_t ticks)
{
    uint32_t flags = cpu_save_flags();
    struct process *current = scheduler.current;
    struct list_link *place = scheduler.asleep.next;
    current->wake_at = timer_ticks() + ticks + 1; /* the tick that is under way does not count */
    while (place != &scheduler.asleep && (int32_t)(queued(place)->wake_at - current->wake_at) <= 0)
        place = place->next;
    list_insert(place, &current->queue);
    scheduler_wait(PROCESS_SLEEPING);
    cpu_restore_flags(flags);
}

void scheduler_leave(void (*last)(struct process *process))
{
    cpu_disable_interrupts();
    scheduler.gone = scheduler.current;
    scheduler.last = last;
    pass_on();
    cpu_halt(); /* nobody has that stack any more */
}

void process_idle(void)
{
    cpu_disable_interrupts();
    if (!list_is_empty(&scheduler.ready)) {
        process_yield();
        return;
    }
    scheduler.idle = true;
    timer_wait();
    scheduler.idle = false;
}

struct scheduler_look scheduler_hold(void)
{
    uint32_t flags = cpu_save_flags();
    scheduler.held = true;
    struct scheduler_look look = {.current = scheduler.current,
                                  .gone = scheduler.gone,
                                  .all = &scheduler.all,
                                  .ready = &scheduler.ready,
                                  .asleep = &scheduler.asleep,
                                  .last_pid = scheduler.last_pid,
                                  .ticks = timer_ticks()};
    cpu_restore_flags(flags);
    return look;
}

void scheduler_go_on(void)
{
    scheduler.held = false;
}
