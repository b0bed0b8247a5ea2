#include "cpu/cpu.h"

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

struct cpu_features cpu_identify(void)
{
    struct cpu_features features = {0};
    if (!has_cpuid())
        return features;
    struct cpuid zero = cpuid(0);
    const uint32_t text[3] = {zero.ebx, zero.edx, zero.ecx};
    for (size_t i = 0; i < 12; i++)
        features.vendor[i] = (char)(text[i / 4] >> (i % 4 * 8));
    read_brand(features.brand);
    if (zero.eax >= 1) {
        struct cpuid one = cpuid(1);
        features.signature = one.eax;
        features.pse = (one.edx & (1u << 3)) != 0;
        features.tsc = (one.edx & (1u << 4)) != 0;
        features.apic = has_apic(&one);
        features.pat = (one.edx & (1u << 16)) != 0;
    }
    if (zero.eax >= 7) {
        struct cpuid seven = cpuid(7);
        features.smep = (seven.ebx & (1u << 7)) != 0;
        features.smap = (seven.ebx & (1u << 20)) != 0;
        features.umip = (seven.ecx & (1u << 2)) != 0;
    }
    return features;
}

uint32_t cpu_protection(const struct cpu_features *features)
{
    return (features->smep ? CR4_SMEP : 0) | (features->smap ? CR4_SMAP : 0) |
           (features->umip ? CR4_UMIP : 0);
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
