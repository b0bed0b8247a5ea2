/* An exception in ring 3 in words: one paragraph, and the process is gone. */
#include "cpu/panic.h"
#include "lib/print.h"
#include "memory/layout.h"
#include "memory/paging/fault_report.h"
#include "process/process_private.h"
#include "process/user_memory.h"

/* Bits of an error code that names a selector (Intel SDM, volume 3, section 6.13). */
#define ERROR_EXTERNAL 1u
#define ERROR_IDT      2u
#define ERROR_LDT      4u

#define ERROR_WRITE 2u /* of a page fault */

static const char *place(vaddr_t address)
{
    if (address < PAGE_SIZE)
        return "page 0";
    if (address >= LAYOUT_USER_STACK - PAGE_SIZE && address < LAYOUT_USER_STACK)
        return "the guard below its stack";
    if (address >= LAYOUT_USER_STACK && address < LAYOUT_USER_STACK_TOP)
        return "its stack";
    if (address >= LAYOUT_USER_PROGRAM && address < LAYOUT_USER_END)
        return "its image";
    return fault_report_place(address);
}

static void say_page_fault(const struct process *process, const struct trap_frame *frame,
                           vaddr_t address)
{
    struct paging_walk walk = paging_walk(process->directory, address);
    const char *reason = "";
    if (!walk.mapped)
        reason = ", which is not mapped";
    else if (!(walk.flags & PAGING_ACCESS_FROM_ALL))
        reason = ", which is the kernel's";
    else if ((frame->error & ERROR_WRITE) && !(walk.flags & PAGING_IS_WRITEABLE))
        reason = ", which is read-only";
    const char *verb =
        frame->eip == address ? "jump to" : fault_report_verb(frame->error); /* no NX, no bit */
    kprintf("  %s %s at %08x%s\n", verb, place(address), address, reason);
    fault_report_walk(process->directory, address);
}

/* What a general protection without a selector was about, from the instruction. */
static const char *forbidden(const struct process *process, vaddr_t eip)
{
    uint8_t code[2] = {0, 0};
    if (user_read(process->directory, code, eip, sizeof code))
        return "an instruction that is the kernel's, or a selector";
    switch (code[0]) {
    case 0x6c ... 0x6f:
    case 0xe4 ... 0xe7:
    case 0xec ... 0xef:
        return "a port, which is the kernel's";
    case 0xf4:
    case 0xfa:
    case 0xfb:
        return "an instruction that is the kernel's";
    case 0x0f:
        return code[1] == 0x34 ? "sysenter, which is not in use"
                               : "an instruction that is the kernel's";
    default:
        return "an instruction that is the kernel's, or a selector";
    }
}

static void say_protection(const struct process *process, const struct trap_frame *frame)
{
    if (frame->error & ERROR_IDT)
        kprintf("  int 0x%02x, whose gate is shut\n", frame->error >> 3);
    else if (frame->error & ~ERROR_EXTERNAL)
        kprintf("  selector 0x%04x, which is not for ring 3%s\n", frame->error & 0xfffc,
                frame->error & ERROR_LDT ? ", and there is no LDT" : "");
    else
        kprintf("  %s\n", forbidden(process, frame->eip));
}

void user_fault(const struct trap_frame *frame, vaddr_t address)
{
    struct process *process = process_current();
    if (!process->quiet && process_may_print()) {
        print_style(PRINT_BAD);
        kprintf("%s%s (%u): %s (%s, vector %u), and it is gone\n",
                print_at_line_start() ? "" : "\n", process->name, process->pid,
                trap_name(frame->vector), trap_mnemonic(frame->vector), frame->vector);
        print_style(PRINT_PLAIN);
        if (frame->vector == TRAP_PAGE_FAULT)
            say_page_fault(process, frame, address);
        else if (frame->vector == TRAP_GENERAL_PROTECTION || frame->vector == TRAP_NOT_PRESENT ||
                 frame->vector == TRAP_STACK_FAULT)
            say_protection(process, frame);
        panic_print_registers(frame, frame->user_esp);
    }
    process_exit(PROCESS_FAULTED, (int32_t)frame->vector);
}
