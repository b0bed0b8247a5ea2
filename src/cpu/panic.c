#include "cpu/panic.h"

#include <stdarg.h>

#include "cpu/backtrace.h"
#include "cpu/cpu.h"
#include "cpu/machine_check.h"
#include "cpu/seal.h"
#include "lib/list.h"
#include "lib/print.h"

static struct {
    struct panic_hooks hooks;
    unsigned entered; /* how often */
    bool checking;    /* what happened has been said */
} state;

void panic_set_hooks(struct panic_hooks hooks)
{
    state.hooks = hooks;
}

_Noreturn static void end(void)
{
    kprintf("panic: the machine stands still\n");
    print_style(PRINT_PLAIN);
    print_flush();
    if (state.hooks.leave)
        state.hooks.leave();
    cpu_halt();
}

static void start(void)
{
    cpu_disable_interrupts();
    if (state.checking) {
        state.checking = false;
        kprintf("%s  check: it can not be done, for it faults\n",
                print_at_line_start() ? "" : "\n");
        end();
    }
    if (++state.entered > 2)
        cpu_halt(); /* not even saying so works */
    if (state.entered == 2) {
        kprintf("\npanic: another fault while panicking; the machine stands still\n");
        print_flush();
        if (state.hooks.leave)
            state.hooks.leave();
        cpu_halt();
    }
    print_at_once(); /* the kernel may be in the middle of a line */
    if (state.hooks.begin)
        state.hooks.begin();
    print_style(PRINT_BAD);
    if (!print_at_line_start())
        kprintf("\n");
    kprintf("panic: ");
}

_Noreturn static void finish(uint32_t eip, uint32_t ebp, uint32_t esp)
{
    print_flush();
    state.checking = true;
    const char *broken = seal_mend(&seal_kernel); /* what follows may fault, and be caught */
    backtrace_print(eip, ebp, esp);
    print_flush();
    if (!broken && state.hooks.check)
        broken = state.hooks.check();
    state.checking = false;
    if (broken || state.hooks.check)
        kprintf("  check: %s\n", broken ? broken : "sound");
    end();
}

void list_broken(const struct list_link *link)
{
    panic("the list at %p is broken", (const void *)link);
}

void panic(const char *format, ...)
{
    start();
    va_list arguments;
    va_start(arguments, format);
    kvprintf(format, arguments);
    va_end(arguments);
    kprintf("\n");
    print_style(PRINT_PLAIN);
    finish((uint32_t)__builtin_return_address(0), *(uint32_t *)__builtin_frame_address(0), 0);
}

void panic_print_registers(const struct trap_frame *frame, uint32_t esp)
{
    kprintf("  eax %08x  ebx %08x  ecx %08x  edx %08x\n", frame->eax, frame->ebx, frame->ecx,
            frame->edx);
    kprintf("  esi %08x  edi %08x  ebp %08x  esp %08x\n", frame->esi, frame->edi, frame->ebp, esp);
    kprintf("  eip %08x  cs %04x  eflags %08x  error %08x\n", frame->eip, frame->cs & 0xffff,
            frame->eflags, frame->error);
    kprintf("  ds %04x  es %04x  fs %04x  gs %04x\n", frame->ds & 0xffff, frame->es & 0xffff,
            frame->fs & 0xffff, frame->gs & 0xffff);
}

void panic_trap(const struct trap_frame *frame, uint32_t esp)
{
    vaddr_t address = cpu_cr2();
    start();
    kprintf("%s (%s, vector %u)\n", trap_name(frame->vector), trap_mnemonic(frame->vector),
            frame->vector);
    print_style(PRINT_PLAIN);
    bool about_memory = frame->vector == TRAP_PAGE_FAULT || frame->vector == TRAP_DOUBLE_FAULT;
    if (about_memory && state.hooks.describe)
        state.hooks.describe(frame, address, esp);
    if (frame->vector == TRAP_MACHINE_CHECK)
        machine_check_print();
    panic_print_registers(frame, esp);
    kprintf("  cr0 %08x  cr2 %08x  cr3 %08x\n", cpu_cr0(), address, cpu_cr3());
    finish(frame->eip, frame->ebp, esp);
}
