#include "cpu/apic.h"

#include "cpu/probe.h"

/* Intel SDM, volume 3, chapter 11: "Advanced Programmable Interrupt Controller". */
enum {
    MSR_APIC_BASE = 0x1b,
    BASE_X2APIC = 1 << 10, /* the registers are MSRs, from 0x800 on, one for 16 bytes */
    BASE_ENABLED = 1 << 11,
    MSR_X2APIC = 0x800,

    SPURIOUS = 0xf0,
    LVT_TIMER = 0x320,
    LVT_LINT0 = 0x350, /* where the PIC is connected */
    SOFTWARE_ENABLED = 1 << 8,
    LVT_MASKED = 1 << 16,
    LVT_EXTERNAL = 7 << 8, /* ask the PIC for the vector */
    LVT_MODE = 7 << 8,
    /* As the PIC's own spurious interrupt: counted, and nothing else. Old APICs want it to end in
     * f. */
    SPURIOUS_VECTOR = 0x2f
};

struct apic {
    bool by_msr;
    paddr_t base;
};

static uint32_t read(struct apic apic, uint32_t offset)
{
    return apic.by_msr ? (uint32_t)cpu_read_msr(MSR_X2APIC + offset / 16)
                       : *(volatile uint32_t *)(apic.base + offset);
}

static void write(struct apic apic, uint32_t offset, uint32_t value)
{
    if (apic.by_msr)
        cpu_write_msr(MSR_X2APIC + offset / 16, value);
    else
        *(volatile uint32_t *)(apic.base + offset) = value;
}

bool apic_pass_interrupts(const struct cpu_features *features)
{
    if (!features->apic)
        return false;
    uint64_t where = cpu_read_msr(MSR_APIC_BASE);
    struct apic apic = {(where & BASE_X2APIC) != 0, (paddr_t)where & ~(PAGE_SIZE - 1)};
    if (!(where & BASE_ENABLED))
        return false;
    if (!apic.by_msr && (where >> 32 || !probe_memory(apic.base, PAGE_SIZE)))
        return false;
    uint32_t timer = read(apic, LVT_TIMER), pic = read(apic, LVT_LINT0);
    bool closed = (pic & LVT_MASKED) || (pic & LVT_MODE) != LVT_EXTERNAL;
    if (!closed && (timer & LVT_MASKED))
        return false;
    write(apic, LVT_TIMER, timer | LVT_MASKED);
    if (closed) {
        write(apic, SPURIOUS, SOFTWARE_ENABLED | SPURIOUS_VECTOR); /* else all stays masked */
        write(apic, LVT_LINT0, LVT_EXTERNAL);
    }
    return true;
}
