/*
 * Segments: flat code and data for the kernel and for ring 3, the TSS, the TSS of the double-fault
 * task, and a data segment that is never present (the self-tests and `fault` load it). The
 * double-fault task has code and data of its own: it can still tell when the kernel's are broken.
 */
#ifndef PLAT_CPU_GDT_H
#define PLAT_CPU_GDT_H

#include "lib/types.h"

#define GDT_KERNEL_CODE  0x08
#define GDT_KERNEL_DATA  0x10
#define GDT_USER_CODE    0x1b
#define GDT_USER_DATA    0x23
#define GDT_TSS          0x28
#define GDT_DOUBLE_FAULT 0x30
#define GDT_NOT_PRESENT  0x38
#define GDT_SPARE_CODE   0x40
#define GDT_SPARE_DATA   0x48

/* Task state segment (Intel SDM, volume 3, section 8.2.1). Selectors use the low 16 bits. */
struct tss {
    uint32_t previous_task;
    uint32_t esp0, ss0, esp1, ss1, esp2, ss2;
    uint32_t cr3, eip, eflags;
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
    uint32_t es, cs, ss, ds, fs, gs, ldt;
    uint16_t trap, io_map_offset;
};
_Static_assert(sizeof(struct tss) == 104, "the processor fixes the TSS");

/*
 * Fills in both TSS descriptors and loads the task register. The boot stub has loaded the table.
 * DOUBLE_FAULT_ENTRY starts, with interrupts off and on a stack of its own, when the processor
 * meets a double fault; it must not return. CR3 is the directory it starts with.
 */
void gdt_init(void (*double_fault_entry)(void), paddr_t cr3);

/* The stack on which the kernel answers what interrupts ring 3, from its top down. */
void gdt_set_kernel_stack(uint32_t top);

/* The double-fault task runs: what the processor wrote when it switched to it is no corruption. */
void gdt_double_fault_began(void);

/* NULL, or what is wrong with the registers that say where the tables are, as a sentence. */
const char *gdt_check(void);

/* The state of the task that a double fault interrupted. */
const struct tss *gdt_interrupted_task(void);

#endif
