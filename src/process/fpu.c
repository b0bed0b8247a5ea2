/*
 * Theory. HOLDER is whose registers are in the processor; everybody else's lie above its kernel
 * stack. They are saved when the next process runs that is not HOLDER, and not on the way into the
 * kernel or to process 0, which has neither stack nor registers.
 */
#include "process/fpu.h"

#include "cpu/cpu.h"
#include "process/kernel_stack.h"
#include "process/process.h"

static struct {
    bool there;
    bool extended; /* fxsave and fxrstor: XMM registers and MXCSR, too */
    const struct process *holder;
    struct fpu_state fresh;
} fpu;

enum { CONTROL_WORD = 0x037f, ALL_EMPTY = 0xffff, MXCSR = 0x1f80, MXCSR_AT = 6 };

static struct fpu_state *state_of(const struct process *process)
{
    return (struct fpu_state *)(process->stack + KERNEL_STACK_BYTES);
}

static void save(struct fpu_state *state)
{
    if (fpu.extended)
        __asm__ volatile("fxsave %0" : "=m"(*state));
    else
        __asm__ volatile("fnsave %0" : "=m"(*state));
}

/* Whoever was before may have left an error pending, which would be the kernel's now. And fxrstor
 * on AMD's may leave the addresses of its last instruction to be seen (CVE-2006-1056). */
static void load(const struct fpu_state *state)
{
    if (fpu.extended)
        __asm__ volatile("fninit; fxrstor %0" ::"m"(*state));
    else
        __asm__ volatile("fninit; frstor %0" ::"m"(*state));
}

void fpu_init(void)
{
    struct cpu_features features = cpu_identify();
    fpu.there = features.fpu;
    fpu.extended = features.fpu && features.fxsr;
    if (!fpu.there)
        return;
    fpu.fresh.words[0] = CONTROL_WORD;
    if (!fpu.extended)
        fpu.fresh.words[2] = ALL_EMPTY; /* 0 says so to fxrstor */
    else if (features.sse)
        fpu.fresh.words[MXCSR_AT] = MXCSR;
    load(&fpu.fresh);
}

void fpu_begin(const struct process *process)
{
    *state_of(process) = fpu.fresh;
}

void fpu_switch(const struct process *process)
{
    if (!fpu.there || !process->stack || fpu.holder == process)
        return;
    if (fpu.holder)
        save(state_of(fpu.holder));
    load(state_of(process));
    fpu.holder = process;
}

const struct process *fpu_holder(void)
{
    return fpu.holder;
}

void fpu_forget(const struct process *process)
{
    if (fpu.holder == process)
        fpu.holder = NULL;
}
