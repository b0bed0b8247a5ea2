#include "cpu/cpu.h"

#include "cpu/machine_check.h"
#include "lib/string.h"

#define EFLAGS_ID (1u << 21)

/* CPUID exists where the ID flag can be changed (Intel SDM, volume 1, section 20.1). */
static bool has_cpuid(void)
{
    uint32_t before, after;
    __asm__ volatile("pushf\n\t"
                     "pop %0\n\t"
                     "mov %0, %1\n\t"
                     "xor %2, %1\n\t"
                     "push %1\n\t"
                     "popf\n\t"
                     "pushf\n\t"
                     "pop %1\n\t"
                     "push %0\n\t"
                     "popf"
                     : "=&r"(before), "=&r"(after)
                     : "i"(EFLAGS_ID));
    return ((before ^ after) & EFLAGS_ID) != 0;
}

struct cpuid {
    uint32_t eax, ebx, ecx, edx; /* in the order in which they are text */
};

static struct cpuid cpuid(uint32_t leaf)
{
    struct cpuid r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(0));
    return r;
}

/* Leaves 0x80000002 to 0x80000004 are 48 characters; makers fill the front or the end with blanks.
 */
static void read_brand(char brand[49])
{
    enum { LEAVES = 3, BYTES = 16 };
    /* Processors without these leaves answer with anything. */
    uint32_t last = cpuid(0x80000000u).eax;
    if (last < 0x80000000u + 1 + LEAVES || last > 0x8000ffffu)
        return;
    char text[LEAVES * BYTES + 1] = "";
    for (uint32_t i = 0; i < LEAVES; i++) {
        struct cpuid part = cpuid(0x80000002u + i);
        __builtin_memcpy(text + i * BYTES, &part, BYTES);
    }
    char *start = text, *end = text + string_length(text);
    while (*start == ' ')
        start++;
    while (end > start && end[-1] == ' ')
        *--end = '\0';
    string_copy(brand, sizeof text, start);
}

/* The MSR that says where it is came with family 6. */
static bool has_apic(const struct cpuid *one)
{
    const uint32_t msr = 1u << 5, apic = 1u << 9, both = msr | apic;
    return (one->edx & both) == both && (one->eax >> 8 & 0xf) >= 6;
}

/* Some of the Pentium Pro say that they have sysenter, and have not (Intel SDM, volume 2). */
static bool has_sysenter(const struct cpuid *one)
{
    uint32_t family = one->eax >> 8 & 0xf, model = one->eax >> 4 & 0xf, stepping = one->eax & 0xf;
    return (one->edx & (1u << 11)) && !(family == 6 && model < 3 && stepping < 3);
}

/* EFER came with syscall, NX or long mode, whichever was first. */
static bool has_efer(void)
{
    uint32_t last = cpuid(0x80000000u).eax;
    return last > 0x80000000u && last <= 0x8000ffffu &&
           (cpuid(0x80000001u).edx & (1u << 11 | 1u << 20 | 1u << 29)) != 0;
}

/* Of a processor with PSE-36. Those that do not say have 36 (Intel SDM, volume 3A, section 4.3). */
static uint8_t read_address_bits(void)
{
    uint32_t last = cpuid(0x80000000u).eax, bits = 36;
    if (last >= 0x80000008u && last <= 0x8000ffffu)
        bits = cpuid(0x80000008u).eax & 0xff;
    return (uint8_t)(bits < 32 ? 32 : bits > 40 ? 40 : bits);
}

/* VME, DE, PSE, TSC, PAE, MCE, PGE, FXSR: a processor with none of them may have no CR4. */
#define NEEDS_CR4 (1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 6 | 1u << 7 | 1u << 13 | 1u << 24)

static void read_features(struct cpu_features *features)
{
    struct cpuid zero = cpuid(0);
    const uint32_t text[3] = {zero.ebx, zero.edx, zero.ecx};
    for (size_t i = 0; i < 12; i++)
        features->vendor[i] = (char)(text[i / 4] >> (i % 4 * 8));
    read_brand(features->brand);
    features->efer = has_efer();
    if (zero.eax >= 1) {
        struct cpuid one = cpuid(1);
        features->signature = one.eax;
        features->fpu = (one.edx & (1u << 0)) != 0;
        features->cr4 = (one.edx & NEEDS_CR4) != 0;
        features->pse = (one.edx & (1u << 3)) != 0;
        bool pse36 = features->pse && (one.edx & (1u << 17)) != 0;
        features->address_bits = pse36 ? read_address_bits() : 32;
        features->tsc = (one.edx & (1u << 4)) != 0;
        features->mce = (one.edx & (1u << 7)) != 0;
        features->mca = features->mce && (one.edx & (1u << 14)) != 0;
        features->sysenter = has_sysenter(&one);
        features->apic = has_apic(&one);
        features->pat = (one.edx & (1u << 16)) != 0;
        features->fxsr = (one.edx & (1u << 24)) != 0;
        features->sse = (one.edx & (1u << 25)) != 0;
    }
    if (zero.eax >= 7) {
        struct cpuid seven = cpuid(7);
        features->smep = (seven.ebx & (1u << 7)) != 0;
        features->smap = (seven.ebx & (1u << 20)) != 0;
        features->umip = (seven.ecx & (1u << 2)) != 0;
    }
}

/* Asks the FPU itself, as Intel's manuals find one where there is no CPUID. */
static bool answers_as_fpu(void)
{
    uint16_t status = 0x5a5a, control = 0x5a5a;
    cpu_set_cr0(cpu_cr0() & ~(CR0_EMULATE_FPU | CR0_TASK_SWITCHED));
    __asm__ volatile("fninit; fnstsw %0; fnstcw %1" : "+m"(status), "+m"(control));
    return status == 0 && (control & 0x103f) == 0x003f;
}

struct cpu_features cpu_identify(void)
{
    static struct {
        bool known;
        struct cpu_features features;
    } cpu;
    if (!cpu.known) {
        if (has_cpuid())
            read_features(&cpu.features);
        else
            cpu.features.fpu = answers_as_fpu();
        cpu.known = true;
    }
    return cpu.features;
}

enum { MSR_SYSENTER_CS = 0x174, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP };

#define MSR_EFER 0xc0000080u

#define DR6_NOTHING 0xffff0ff0u /* has happened; the other bits are fixed */

void cpu_take_over(const struct cpu_features *features, bool large_pages)
{
    struct cpu_control control = cpu_control_for(features, large_pages);
    /* DR7 first: a breakpoint may be on one of these instructions. */
    __asm__ volatile("mov %0, %%dr7; mov %1, %%dr6\n\t"
                     "mov %0, %%dr0; mov %0, %%dr1; mov %0, %%dr2; mov %0, %%dr3" ::"r"(0),
                     "r"(DR6_NOTHING));
    if (cpu_cr0() & (CR0_NO_CACHE | CR0_NO_WRITE_BACK))
        __asm__ volatile("wbinvd" ::: "memory"); /* so that nothing stale is hit from now on */
    cpu_set_cr0(control.cr0 & ~CR0_PAGING);
    if (features->efer)
        cpu_write_msr(MSR_EFER, 0); /* with long mode left enabled, PG without PAE would fault */
    if (features->cr4)
        cpu_set_cr4(control.cr4);
    if (features->sysenter) {
        cpu_write_msr(MSR_SYSENTER_CS, 0);
        cpu_write_msr(MSR_SYSENTER_ESP, 0);
        cpu_write_msr(MSR_SYSENTER_EIP, 0);
    }
    machine_check_init(features);
}

/*
 * The second of the page attribute table's eight entries: the one that pages with the write-through
 * bit alone select. Not one of the last four, which several early processors can't reach (Intel,
 * Pentium III and Pentium 4 specification updates). The steps are those of the Intel SDM, volume 3,
 * section 12.11.8, for a change of memory types.
 */
enum { MSR_PAT = 0x277, PAT_ENTRY_1 = 8, PAT_WRITE_COMBINING = 1 };

bool cpu_combine_writes(const struct cpu_features *features)
{
    if (!features->pat)
        return false;
    uint32_t cr0 = cpu_cr0();
    cpu_set_cr0((cr0 | CR0_NO_CACHE) & ~CR0_NO_WRITE_BACK);
    cpu_flush_all();
    uint64_t types = cpu_read_msr(MSR_PAT) & ~((uint64_t)0xff << PAT_ENTRY_1);
    cpu_write_msr(MSR_PAT, types | (uint64_t)PAT_WRITE_COMBINING << PAT_ENTRY_1);
    cpu_flush_all();
    cpu_set_cr0(cr0);
    return true;
}
