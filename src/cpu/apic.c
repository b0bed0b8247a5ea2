#include "cpu/apic.h"

#include "cpu/probe.h"
#include "cpu/trap.h"

/* Intel SDM, volume 3, chapter 11: "Advanced Programmable Interrupt Controller". */
enum {
    MSR_APIC_BASE = 0x1b,
    BASE_X2APIC = 1 << 10, /* the registers are MSRs, from 0x800 on, one for 16 bytes */
    BASE_ENABLED = 1 << 11,
    MSR_X2APIC = 0x800,

    VERSION = 0x30,
    VERSION_LAST_LVT = 16, /* from this bit on: how many there are, less one */
    TASK_PRIORITY = 0x80,
    PRIORITY_MOST = 0xff, /* nothing is more urgent but what comes by the PIC, which has none */
    PRIORITY_TIMER = TRAP_APIC_BASE - 1, /* .. and the vectors from there on */
    END_OF_INTERRUPT = 0xb0,
    SPURIOUS = 0xf0,
    COMMAND = 0x300,
    COMMAND_TO_SELF = 1 << 18 | 1 << 14, /* asserted; of the vector in the lowest byte */
    LVT_TIMER = 0x320,
    LVT_LINT0 = 0x350, /* where the PIC is connected */
    SOFTWARE_ENABLED = 1 << 8,
    TIMER_INITIAL = 0x380,
    TIMER_CURRENT = 0x390,
    TIMER_DIVIDE = 0x3e0,
    DIVIDE_BY_16 = 3,
    TIMER_VECTOR = TRAP_APIC_BASE + 1,
    LVT_MASKED = 1 << 16,
    LVT_PERIODIC = 1 << 17,
    LVT_EXTERNAL = 7 << 8, /* ask the PIC for the vector */
    LVT_MODE = 7 << 8,
    LVT_FIRMWARE = 2 << 8, /* by a system management interrupt */
    /* As the PIC's own spurious interrupt: counted, and nothing else. Old APICs want it to end in
     * f. */
    SPURIOUS_VECTOR = 0x2f
};

struct apic {
    bool by_msr;
    paddr_t base;
};

static struct {
    struct apic apic;
    void (*handler)(void); /* NULL: it does not interrupt */
} timer;

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

/* Where it is; false where there is none that is on and can be reached. */
static bool find(const struct cpu_features *features, struct apic *apic)
{
    if (!features->apic)
        return false;
    uint64_t where = cpu_read_msr(MSR_APIC_BASE);
    *apic = (struct apic){(where & BASE_X2APIC) != 0, (paddr_t)where & ~(PAGE_SIZE - 1)};
    if (!(where & BASE_ENABLED))
        return false;
    return apic->by_msr || (!(where >> 32) && probe_memory(apic->base, PAGE_SIZE));
}

/*
 * What the processor itself may interrupt for, beside its timer: each came with the number of
 * entries that is written here. Some come as NMIs, which no priority holds back. Those that the
 * firmware gets by its own kind of interrupt stay, and a processor that grows hot is one of them.
 */
static void close_own_sources(struct apic apic)
{
    static const struct {
        uint16_t offset, nentries;
    } sources[] = {{0x370, 4}, {0x340, 5}, {0x330, 6}, {0x2f0, 7}};
    uint32_t nentries = (read(apic, VERSION) >> VERSION_LAST_LVT & 0xff) + 1;
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        if (nentries < sources[i].nentries)
            continue;
        uint32_t entry = read(apic, sources[i].offset);
        if ((entry & LVT_MODE) != LVT_FIRMWARE)
            write(apic, sources[i].offset, entry | LVT_MASKED);
    }
}

bool apic_pass_interrupts(const struct cpu_features *features)
{
    struct apic apic;
    if (!find(features, &apic))
        return false;
    uint32_t was = read(apic, LVT_TIMER), pic = read(apic, LVT_LINT0);
    bool closed = (pic & LVT_MASKED) || (pic & LVT_MODE) != LVT_EXTERNAL;
    write(apic, SPURIOUS, SOFTWARE_ENABLED | SPURIOUS_VECTOR); /* else all stays masked */
    if (!timer.handler) {
        write(apic, TASK_PRIORITY, PRIORITY_MOST);
        write(apic, LVT_TIMER, was | LVT_MASKED);
    }
    close_own_sources(apic);
    if (closed)
        write(apic, LVT_LINT0, LVT_EXTERNAL);
    return closed || !(was & LVT_MASKED);
}

bool apic_raise(const struct cpu_features *features, uint8_t vector)
{
    struct apic apic;
    if (!find(features, &apic))
        return false;
    write(apic, COMMAND, COMMAND_TO_SELF | (uint32_t)vector);
    return true;
}

bool apic_timer_begin(const struct cpu_features *features)
{
    if (!find(features, &timer.apic))
        return false;
    write(timer.apic, LVT_TIMER, LVT_MASKED);
    write(timer.apic, TIMER_DIVIDE, DIVIDE_BY_16);
    write(timer.apic, TIMER_INITIAL, UINT32_MAX);
    return true;
}

uint32_t apic_timer_left(void)
{
    return read(timer.apic, TIMER_CURRENT);
}

/* Ended before the handler, which may turn interrupts on for a while. */
static void handle(struct trap_frame *frame)
{
    write(timer.apic, END_OF_INTERRUPT, 0);
    if (frame->vector == TIMER_VECTOR && timer.handler)
        timer.handler();
}

void apic_timer_start(uint32_t counts, void (*handler)(void))
{
    timer.handler = handler;
    for (uint32_t i = 0; i < TRAP_APIC_VECTORS; i++)
        trap_set_handler(TRAP_APIC_BASE + i, handle);
    write(timer.apic, LVT_TIMER, LVT_PERIODIC | TIMER_VECTOR);
    write(timer.apic, TIMER_INITIAL, counts);
    write(timer.apic, TASK_PRIORITY, PRIORITY_TIMER);
}
