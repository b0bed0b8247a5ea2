/*
 * The way from ring 3 into the kernel and back. Inside, the kernel's own directory is loaded: no
 * address of a process's means anything there, and on a small machine, where the heap reaches under
 * the user window, everything of the kernel is where it should be. The stack, the tables of the
 * processor and this code are at the same addresses in every directory; while a process's is
 * loaded, nothing else is touched, and interrupts are off. With the kernel's they are on.
 */
#include "process/user_trap.h"
#include "cpu/cpu.h"
#include "cpu/panic.h"
#include "cpu/seal.h"
#include "process/kernel_stack.h"
#include "process/process_private.h"
#include "process/scheduler.h"

static void (*system_call)(struct trap_frame *frame);

void user_trap_set_system_call(void (*handler)(struct trap_frame *frame))
{
    system_call = handler;
}

static void exception(struct trap_frame *frame, vaddr_t address)
{
    switch (frame->vector) {
    case TRAP_NMI:
    case TRAP_MACHINE_CHECK:
        panic_trap(frame, trap_esp(frame)); /* the machine's, and nobody's fault in ring 3 */
    }
    cpu_enable_interrupts();
    const char *broken = seal_check(&seal_kernel);
    if (broken)
        panic("%s", broken); /* a gate or a segment led here, and not what the program did */
    user_fault(frame, address);
}

/* Back to ring 3, unless the current process is to end; others first if it is their turn.
 * Interrupts are off. */
static inline void leave_kernel(void)
{
    const struct process *self = scheduler_take_turns();
    if (self->killed) {
        cpu_enable_interrupts();
        process_exit(PROCESS_KILLED, 0);
    }
    paging_switch(self->directory);
}

static void from_user(struct trap_frame *frame)
{
    vaddr_t address = cpu_cr2();
    paging_switch(paging_kernel());
    if (frame->vector == TRAP_SYSTEM_CALL) {
        cpu_enable_interrupts();
        system_call(frame);
        cpu_disable_interrupts();
    } else if (frame->vector < TRAP_EXCEPTIONS) {
        exception(frame, address);
    } else {
        trap_interrupt(frame);
    }
    leave_kernel();
}

void user_trap_begin(void)
{
    scheduler_begin();
    const struct trap_frame *frame = frame_on(process_current()->stack + KERNEL_STACK_BYTES);
    leave_kernel(); /* the current process's record may be out of reach now */
    interrupts_off_end();
    trap_resume(frame);
}

void user_trap_init(void)
{
    trap_set_user_handler(from_user);
}
