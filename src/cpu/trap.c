#include "cpu/trap.h"

#include "cpu/cpu.h"
#include "cpu/gdt.h"
#include "cpu/panic.h"
#include "cpu/probe.h"
#include "cpu/seal.h"

/* Gate descriptor (Intel SDM, volume 3, section 6.11). */
struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t zero;
    uint8_t type; /* present, ring, kind */
    uint16_t offset_high;
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct gate) == 8, "a gate has eight bytes");

struct descriptor_register {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));
_Static_assert(sizeof(struct descriptor_register) == 6, "lidt reads six bytes");

#define GATE_INTERRUPT 0x8e /* present, ring 0, interrupts off on entry */
#define GATE_USER      0xee /* the same, open to ring 3 */
#define GATE_TASK      0x85

extern void (*const isr_table[TRAP_VECTORS])(void);
extern void (*const isr_apic_table[TRAP_APIC_VECTORS])(void);
void isr_double_fault(void);
void isr_system_call(void);

/* Called from isr.asm. */
void trap_dispatch(struct trap_frame *frame);
_Noreturn void trap_double_fault(void);

static struct {
    /* Absent from TRAP_VECTORS to TRAP_APIC_BASE, but one. */
    struct gate gates[TRAP_APIC_BASE + TRAP_APIC_VECTORS];
    trap_handler handlers[TRAP_VECTORS + TRAP_APIC_VECTORS + 1]; /* the last: of no vector */
    trap_handler from_user;
} trap;

static const struct {
    const char *mnemonic, *name;
} exceptions[TRAP_EXCEPTIONS] = {
    [0] = {"#DE", "divide error"},
    [1] = {"#DB", "debug"},
    [2] = {"NMI", "non-maskable interrupt"},
    [3] = {"#BP", "breakpoint"},
    [4] = {"#OF", "overflow"},
    [5] = {"#BR", "bound range exceeded"},
    [6] = {"#UD", "invalid opcode"},
    [7] = {"#NM", "no coprocessor"},
    [8] = {"#DF", "double fault"},
    [9] = {"#CSO", "coprocessor segment overrun"},
    [10] = {"#TS", "invalid TSS"},
    [11] = {"#NP", "segment not present"},
    [12] = {"#SS", "stack-segment fault"},
    [13] = {"#GP", "general protection"},
    [14] = {"#PF", "page fault"},
    [15] = {"#15", "reserved exception 15"},
    [16] = {"#MF", "x87 floating-point error"},
    [17] = {"#AC", "alignment check"},
    [18] = {"#MC", "machine check"},
    [19] = {"#XM", "SIMD floating-point error"},
    [20] = {"#VE", "virtualization exception"},
    [21] = {"#CP", "control protection"},
    [22] = {"#22", "reserved exception 22"},
    [23] = {"#23", "reserved exception 23"},
    [24] = {"#24", "reserved exception 24"},
    [25] = {"#25", "reserved exception 25"},
    [26] = {"#26", "reserved exception 26"},
    [27] = {"#27", "reserved exception 27"},
    [28] = {"#HV", "hypervisor injection"},
    [29] = {"#VC", "VMM communication"},
    [30] = {"#SX", "security exception"},
    [31] = {"#31", "reserved exception 31"},
};

const char *trap_name(uint32_t vector)
{
    return vector < TRAP_EXCEPTIONS ? exceptions[vector].name : "interrupt";
}

const char *trap_mnemonic(uint32_t vector)
{
    return vector < TRAP_EXCEPTIONS ? exceptions[vector].mnemonic : "";
}

uint32_t trap_esp(const struct trap_frame *frame)
{
    if (frame->cs & 3)
        return frame->user_esp;
    return (uint32_t)&frame->user_esp; /* ring 0 pushed no stack: it ends where the frame does */
}

/* Where the handler of VECTOR is; of one that has none, the last place, which stays empty. */
static trap_handler *handler_of(uint32_t vector)
{
    size_t place = TRAP_VECTORS + TRAP_APIC_VECTORS;
    if (vector < TRAP_VECTORS)
        place = vector;
    else if (vector >= TRAP_APIC_BASE && vector < TRAP_APIC_BASE + TRAP_APIC_VECTORS)
        place = TRAP_VECTORS + vector - TRAP_APIC_BASE;
    return &trap.handlers[place];
}

void trap_set_handler(uint32_t vector, trap_handler handler)
{
    *handler_of(vector) = handler;
}

void trap_set_user_handler(trap_handler handler)
{
    trap.from_user = handler;
}

void trap_interrupt(struct trap_frame *frame)
{
    trap_handler handler = *handler_of(frame->vector);
    if (handler)
        handler(frame);
    else
        panic_trap(frame, trap_esp(frame));
}

static void dispatch(struct trap_frame *frame)
{
    /* QEMU lets ring 3 enter virtual-8086 mode, where CS is any number. */
    if ((frame->cs & 3) || (frame->eflags & EFLAGS_VIRTUAL_8086)) {
        trap.from_user(frame); /* nothing else leads to ring 3 */
        return;
    }
    /* #TS to #PF: what an access can cause, and no interrupt that came just there. */
    bool by_access = frame->vector >= TRAP_INVALID_TSS && frame->vector <= TRAP_PAGE_FAULT;
    uint32_t resume = by_access ? probe_fixup(frame->eip) : 0;
    if (resume) {
        frame->eip = resume;
        return;
    }
    trap_interrupt(frame);
}

void trap_dispatch(struct trap_frame *frame)
{
    if (frame->eflags & EFLAGS_INTERRUPT)
        interrupts_off_begin_at((uintptr_t)(frame->vector != TRAP_SYSTEM_CALL
                                                ? *handler_of(frame->vector)
                                                : trap.from_user));
    dispatch(frame);
    if (frame->eflags & EFLAGS_INTERRUPT)
        interrupts_off_end();
}

/* The processor saved the faulting state in the main TSS when it switched tasks. */
void trap_double_fault(void)
{
    gdt_double_fault_began();
    const struct tss *was = gdt_interrupted_task();
    struct trap_frame frame = {
        .edi = was->edi,
        .esi = was->esi,
        .ebp = was->ebp,
        .ebx = was->ebx,
        .edx = was->edx,
        .ecx = was->ecx,
        .eax = was->eax,
        .gs = was->gs,
        .fs = was->fs,
        .es = was->es,
        .ds = was->ds,
        .vector = TRAP_DOUBLE_FAULT,
        .eip = was->eip,
        .cs = was->cs,
        .eflags = was->eflags,
        .user_esp = was->esp,
        .user_ss = was->ss,
    };
    panic_trap(&frame, was->esp);
}

static struct gate gate_to(void (*routine)(void), uint8_t type)
{
    uint32_t entry = (uint32_t)routine;
    return (struct gate){
        .offset_low = (uint16_t)entry,
        .selector = GDT_KERNEL_CODE,
        .type = type,
        .offset_high = (uint16_t)(entry >> 16),
    };
}

void trap_init(paddr_t cr3)
{
    for (size_t vector = 0; vector < TRAP_VECTORS; vector++)
        trap.gates[vector] = gate_to(isr_table[vector], GATE_INTERRUPT);
    for (size_t i = 0; i < TRAP_APIC_VECTORS; i++)
        trap.gates[TRAP_APIC_BASE + i] = gate_to(isr_apic_table[i], GATE_INTERRUPT);
    trap.gates[TRAP_SYSTEM_CALL] = gate_to(isr_system_call, GATE_USER);
    /* A double fault often means that the stack is gone: only a task switch brings a new one. */
    trap.gates[TRAP_DOUBLE_FAULT] = (struct gate){.selector = GDT_DOUBLE_FAULT, .type = GATE_TASK};
    gdt_init(isr_double_fault, cr3);
    const struct descriptor_register idt = {sizeof trap.gates - 1, (uint32_t)trap.gates};
    __asm__ volatile("lidt %0" ::"m"(idt) : "memory");
    seal_add(&seal_kernel, (struct seal_range){.what = "the IDT's gate",
                                               .words = (uint32_t *)trap.gates,
                                               .nwords = sizeof trap.gates / 4,
                                               .entry_words = sizeof(struct gate) / 4});
}

const char *trap_check(void)
{
    struct descriptor_register idt;
    __asm__("sidt %0" : "=m"(idt));
    bool right = idt.base == (uint32_t)trap.gates && idt.limit == sizeof trap.gates - 1;
    return right ? gdt_check() : "the processor's IDT is not the kernel's";
}
