/*
 * Exceptions and interrupts. Every vector that the processor or the PIC can raise has a gate,
 * closed to ring 3. Vectors 0 to 31 are the processor's, 32 to 47 the PIC's sixteen lines, 240 to
 * 255 the local APIC's. One more gate is open to ring 3, for system calls.
 */
#ifndef PLAT_CPU_TRAP_H
#define PLAT_CPU_TRAP_H

#include "lib/types.h"

enum {
    TRAP_DEBUG = 1,
    TRAP_NMI = 2,
    TRAP_INVALID_OPCODE = 6,
    TRAP_NO_COPROCESSOR = 7,
    TRAP_DOUBLE_FAULT = 8,
    TRAP_INVALID_TSS = 10,
    TRAP_NOT_PRESENT = 11,
    TRAP_STACK_FAULT = 12,
    TRAP_GENERAL_PROTECTION = 13,
    TRAP_PAGE_FAULT = 14,
    TRAP_MACHINE_CHECK = 18,
    TRAP_EXCEPTIONS = 32, /* how many */
    TRAP_IRQ_BASE = 32,
    TRAP_VECTORS = 48,
    TRAP_SYSTEM_CALL = 0x80,
    TRAP_APIC_BASE = 0xf0, /* .. to 0xff */
    TRAP_APIC_VECTORS = 16
};

/* What isr.asm leaves on the stack, lowest address first. */
struct trap_frame {
    uint32_t edi, esi, ebp, esp_before_pusha, ebx, edx, ecx, eax;
    uint32_t gs, fs, es, ds;
    uint32_t vector, error;
    uint32_t eip, cs, eflags;
    uint32_t user_esp, user_ss; /* there only when the trap came from ring 3 */
};
_Static_assert(sizeof(struct trap_frame) == 19 * 4, "isr.asm pushes nineteen words");
_Static_assert(offsetof(struct trap_frame, vector) == 48, "isr.asm pushes the vector here");

typedef void (*trap_handler)(struct trap_frame *frame);

/* Loads the IDT and the double-fault task. CR3 is the directory that task starts with. */
void trap_init(paddr_t cr3);

/* HANDLER runs, with interrupts off, on each VECTOR, which is below TRAP_VECTORS or the local
 * APIC's; NULL takes it away. */
void trap_set_handler(uint32_t vector, trap_handler handler);

/*
 * HANDLER gets all that interrupts ring 3: exceptions, interrupt lines, system calls. Handlers of
 * single vectors do not; trap_interrupt() hands a frame of an interrupt line on to its own.
 */
void trap_set_user_handler(trap_handler handler);
void trap_interrupt(struct trap_frame *frame);

/* Goes where FRAME says, which lies at the top of a stack, with its registers. */
_Noreturn void trap_resume(const struct trap_frame *frame);

/* NULL, or what is wrong with the processor's registers for IDT, GDT and task, as a sentence. The
 * tables themselves are in seal.h's seal_kernel. */
const char *trap_check(void);

/* "page fault", "#PF"; for an interrupt line or an unknown vector, "interrupt" and "". */
const char *trap_name(uint32_t vector);
const char *trap_mnemonic(uint32_t vector);

/* The stack pointer that the interrupted code had. */
uint32_t trap_esp(const struct trap_frame *frame);

/* Enters the gate of VECTOR as the processor would, error code 0; for exceptions that no
 * instruction can provoke in ring 0. Returns when the handler does. */
void trap_deliver(uint32_t vector);

#endif
