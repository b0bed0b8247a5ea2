#include "cpu/cpu.h"

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
    uint32_t eax, ebx, ecx, edx;
};

static struct cpuid cpuid(uint32_t leaf)
{
    struct cpuid r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(0));
    return r;
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
    if (zero.eax >= 1) {
        struct cpuid one = cpuid(1);
        features.signature = one.eax;
        features.pse = (one.edx & (1u << 3)) != 0;
        features.tsc = (one.edx & (1u << 4)) != 0;
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
