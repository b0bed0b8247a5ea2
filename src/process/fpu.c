#include "process/fpu.h"

#include "cpu/cpu.h"
#include "memory/heap/kheap.h"
#include "process/process.h"

static struct {
    bool there;
    bool open;              /* TS is clear */
    struct process *holder; /* whose registers it has; NULL: nobody's that matter */
} fpu;

/* Registers empty, and zero: fninit alone would leave what they held to whoever looks. */
static const struct fpu_state clean = {{0x037f, 0, 0xffff}};

static void open(void)
{
    __asm__ volatile("clts");
    fpu.open = true;
}

static void close(void)
{
    cpu_set_cr0(cpu_cr0() | CR0_TASK_SWITCHED);
    fpu.open = false;
}

void fpu_init(void)
{
    uint16_t status = 0x5a5a, control = 0x5a5a;
    uint32_t cr0 = cpu_cr0() & ~(CR0_EMULATE_FPU | CR0_TASK_SWITCHED);
    cpu_set_cr0(cr0 | CR0_MONITOR_FPU | CR0_FPU_ERRORS);
    __asm__ volatile("fninit; fnstsw %0; fnstcw %1" : "+m"(status), "+m"(control));
    fpu.there = status == 0 && (control & 0x103f) == 0x003f; /* as Intel's manuals find one */
    if (!fpu.there)
        cpu_set_cr0((cr0 & ~CR0_MONITOR_FPU) | CR0_EMULATE_FPU);
    close();
}

void fpu_switch(const struct process *process)
{
    bool own = fpu.holder == process;
    if (own && !fpu.open)
        open();
    else if (!own && fpu.open)
        close();
}

bool fpu_claim(struct process *process)
{
    if (!fpu.there)
        return false;
    if (!process->fpu) {
        process->fpu = kmalloc(sizeof *process->fpu);
        if (!process->fpu)
            return false;
        *process->fpu = clean;
    }
    open();
    if (fpu.holder)
        __asm__ volatile("fnsave %0" : "=m"(*fpu.holder->fpu));
    fpu.holder = process;
    /* Whoever had it may have ended with an error pending, which would be the kernel's now. */
    __asm__ volatile("fninit; frstor %0" ::"m"(*process->fpu));
    return true;
}

void fpu_forget(struct process *process)
{
    if (fpu.holder == process)
        fpu.holder = NULL;
    kfree(process->fpu);
    process->fpu = NULL;
}
