/* The processor's instructions that C has no words for. Ring 0 only, unless said otherwise. */
#ifndef PLAT_CPU_CPU_H
#define PLAT_CPU_CPU_H

#include "cpu/control.h"
#include "cpu/interrupts_off.h"

#define EFLAGS_INTERRUPT    (1u << 9)
#define EFLAGS_VIRTUAL_8086 (1u << 17)
#define EFLAGS_ALIGNMENT    (1u << 18)

/* What the processor has; it is asked once. Any mode; the first call wants paging off or CR0 as
 * cpu_take_over() leaves it, and resets an FPU that no CPUID tells of. */
struct cpu_features cpu_identify(void);

/*
 * Writes all of the processor's state that a loader may have left otherwise: CR0, CR4, the debug
 * registers, what system calls without a gate go by, and machine checks. FEATURES is
 * cpu_identify()'s. Call with paging off, which is still off afterwards, and interrupts off.
 */
void cpu_take_over(const struct cpu_features *features, bool large_pages);

/*
 * Makes write-through pages, of which there must be none yet, pages whose writes are combined to
 * whole lines and not cached: what video memory wants. Returns whether the processor can; where it
 * can't, nothing is changed. Call with interrupts off. Costs two flushes of all caches.
 */
bool cpu_combine_writes(const struct cpu_features *features);

static inline void cpu_disable_interrupts(void)
{
    __asm__ volatile("cli" ::: "memory");
    interrupts_off_begin();
}

static inline void cpu_enable_interrupts(void)
{
    interrupts_off_end();
    __asm__ volatile("sti" ::: "memory");
}

/* Sleeps until an interrupt came; interrupts are on afterwards. No interrupt is lost before it. */
static inline void cpu_wait(void)
{
    interrupts_off_end();
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
    interrupts_off_begin();
    return flags;
}

static inline void cpu_restore_flags(uint32_t flags)
{
    if (flags & EFLAGS_INTERRUPT)
        cpu_enable_interrupts();
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

/* CR4 exists only where cpu_features.cr4. */
static inline uint32_t cpu_cr4(void)
{
    uint32_t value;
    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

static inline void cpu_set_cr4(uint32_t value)
{
    __asm__ volatile("mov %0, %%cr4" ::"r"(value) : "memory");
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
