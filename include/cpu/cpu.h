/* The processor's instructions that C has no words for. Ring 0 only, unless said otherwise. */
#ifndef PLAT_CPU_CPU_H
#define PLAT_CPU_CPU_H

#include "lib/types.h"

#define CR0_MONITOR_FPU   (1u << 1)
#define CR0_EMULATE_FPU   (1u << 2)
#define CR0_TASK_SWITCHED (1u << 3)
#define CR0_FPU_ERRORS    (1u << 5) /* as an exception, not by way of the PIC */
#define CR0_WRITE_PROTECT (1u << 16)
#define CR0_NO_WRITE_BACK (1u << 29)
#define CR0_NO_CACHE      (1u << 30)
#define CR0_PAGING        (1u << 31)
#define CR4_PAGE_SIZE     (1u << 4)
#define CR4_UMIP          (1u << 11) /* ring 3 can't ask where tables lie */
#define CR4_SMEP          (1u << 20) /* ring 0 does not run what ring 3 may run */
#define CR4_SMAP          (1u << 21) /* nor touch what ring 3 may touch */

#define EFLAGS_INTERRUPT    (1u << 9)
#define EFLAGS_VIRTUAL_8086 (1u << 17)

/* What CPUID says, once; all false and empty on a processor that has no CPUID. */
struct cpu_features {
    char vendor[13];
    char brand[49];     /* the processor's own name, where it has one */
    uint32_t signature; /* leaf 1, EAX: stepping, model, family */
    bool tsc;
    bool pse; /* 4 MB pages */
    bool smep, smap, umip;
    bool pat;  /* types of memory, chosen page by page */
    bool apic; /* a local APIC, and the MSR that says where it is */
};

/* The bits of CR4 that keep the kernel and ring 3 apart, as far as the processor has them. */
uint32_t cpu_protection(const struct cpu_features *features);

/* Asks the processor. Any mode. */
struct cpu_features cpu_identify(void);

/*
 * Makes write-through pages, of which there must be none yet, pages whose writes are combined to
 * whole lines and not cached: what video memory wants. Returns whether the processor can; where it
 * can't, nothing is changed. Call with interrupts off. Costs two flushes of all caches.
 */
bool cpu_combine_writes(const struct cpu_features *features);

static inline void cpu_disable_interrupts(void)
{
    __asm__ volatile("cli" ::: "memory");
}

static inline void cpu_enable_interrupts(void)
{
    __asm__ volatile("sti" ::: "memory");
}

/* Sleeps until an interrupt came; interrupts are on afterwards. No interrupt is lost before it. */
static inline void cpu_wait(void)
{
    __asm__ volatile("sti; hlt" ::: "memory");
}

_Noreturn static inline void cpu_halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt" ::: "memory");
}

/* Turns interrupts off and returns the flags for cpu_restore(). */
static inline uint32_t cpu_save_flags(void)
{
    uint32_t flags;
    __asm__ volatile("pushf; pop %0; cli" : "=r"(flags)::"memory");
    return flags;
}

static inline void cpu_restore_flags(uint32_t flags)
{
    if (flags & EFLAGS_INTERRUPT)
        cpu_enable_interrupts();
}

/* Takes interrupts that have come meanwhile, in work that takes long and is not interrupted. */
static inline void cpu_admit_interrupts(void)
{
    __asm__ volatile("pushf; sti; nop; popf" ::: "memory", "cc");
}

static inline uint32_t cpu_cr0(void)
{
    uint32_t value;
    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}

/* Writes all caches back and empties them, and the TLB. */
static inline void cpu_flush_all(void)
{
    uint32_t directory;
    __asm__ volatile("wbinvd\n\tmov %%cr3, %0\n\tmov %0, %%cr3" : "=r"(directory)::"memory");
}

static inline void cpu_set_cr0(uint32_t value)
{
    __asm__ volatile("mov %0, %%cr0" ::"r"(value) : "memory");
}

/* The address that the last page fault was about. */
static inline vaddr_t cpu_cr2(void)
{
    vaddr_t value;
    __asm__ volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}

static inline paddr_t cpu_cr3(void)
{
    paddr_t value;
    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}

/* CR4 exists only where CPUID does. */
static inline void cpu_set_cr4_bits(uint32_t bits)
{
    uint32_t value;
    __asm__ volatile("mov %%cr4, %0\n\tor %1, %0\n\tmov %0, %%cr4" : "=&r"(value) : "r"(bits));
}

/* Model-specific registers; only where a feature says that there is this one. */
static inline uint64_t cpu_read_msr(uint32_t number)
{
    uint64_t value;
    __asm__ volatile("rdmsr" : "=A"(value) : "c"(number));
    return value;
}

static inline void cpu_write_msr(uint32_t number, uint64_t value)
{
    __asm__ volatile("wrmsr" ::"A"(value), "c"(number) : "memory");
}

/* The time stamp counter; only where cpu_features.tsc. */
static inline uint64_t cpu_tsc(void)
{
    uint64_t value;
    __asm__ volatile("rdtsc" : "=A"(value));
    return value;
}

#endif
