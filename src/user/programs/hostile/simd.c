/*
 * The XMM registers, MXCSR, and MMX: no process sees or spoils another's, where ring 3 may use them
 * (CPUID says FXSR and SSE); elsewhere, and beyond them, there is nothing to use.
 */
#include "user/programs/hostile/attack.h"

enum { REGISTERS = 8, WORDS = 4, MXCSR_FRESH = 0x1f80, MXCSR_OWN = 0x7f80, FLAG_ID = 1 << 21 };
enum { FEATURE_FPU = 1 << 0, FEATURE_FXSR = 1 << 24, FEATURE_SSE = 1 << 25 };

struct xmm_image {
    uint32_t registers[REGISTERS][WORDS];
};

/* A word that nobody has by chance: whose, which register, which word. */
static uint32_t mark(uint32_t owner, uint32_t at, uint32_t word)
{
    return 0x7a11e000u | owner << 8 | at << 4 | word;
}

static bool has_sse(void)
{
    const uint32_t all = FEATURE_FPU | FEATURE_FXSR | FEATURE_SSE;
    uint32_t changed, eax = 1, ebx, ecx = 0, edx;
    __asm__ volatile(
        "pushfl; pushfl; xorl %1, (%%esp); popfl; pushfl; popl %0; xorl (%%esp), %0\n\t"
        "popfl"
        : "=&r"(changed)
        : "i"(FLAG_ID)
        : "cc");
    if (!(changed & FLAG_ID))
        return false;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return (edx & all) == all;
}

/* The compiler uses none of these registers. */
static void load(const struct xmm_image *image)
{
    __asm__ volatile("movups (%0), %%xmm0; movups 16(%0), %%xmm1; movups 32(%0), %%xmm2\n\t"
                     "movups 48(%0), %%xmm3; movups 64(%0), %%xmm4; movups 80(%0), %%xmm5\n\t"
                     "movups 96(%0), %%xmm6; movups 112(%0), %%xmm7" ::"r"(image),
                     "m"(*image));
}

static void store(struct xmm_image *image)
{
    __asm__ volatile("movups %%xmm0, (%1); movups %%xmm1, 16(%1); movups %%xmm2, 32(%1)\n\t"
                     "movups %%xmm3, 48(%1); movups %%xmm4, 64(%1); movups %%xmm5, 80(%1)\n\t"
                     "movups %%xmm6, 96(%1); movups %%xmm7, 112(%1)"
                     : "=m"(*image)
                     : "r"(image));
}

static void set_mxcsr(uint32_t value)
{
    __asm__ volatile("ldmxcsr %0" ::"m"(value));
}

static uint32_t get_mxcsr(void)
{
    uint32_t value;
    __asm__ volatile("stmxcsr %0" : "=m"(value));
    return value;
}

static void plant(uint32_t owner)
{
    struct xmm_image image;
    for (uint32_t i = 0; i < REGISTERS; i++)
        for (uint32_t word = 0; word < WORDS; word++)
            image.registers[i][word] = mark(owner, i, word);
    load(&image);
    set_mxcsr(MXCSR_OWN);
}

/* Whether all of them are as OWNER planted them. */
static bool are_planted(uint32_t owner)
{
    struct xmm_image image;
    store(&image);
    for (uint32_t i = 0; i < REGISTERS; i++)
        for (uint32_t word = 0; word < WORDS; word++)
            if (image.registers[i][word] != mark(owner, i, word))
                return false;
    return get_mxcsr() == MXCSR_OWN;
}

/* A process begins with registers of zeros, and with every exception masked. */
ATTACK(xmm_fresh)
{
    struct xmm_image image;
    if (!has_sse())
        return REFUSED;
    store(&image);
    for (uint32_t i = 0; i < REGISTERS; i++)
        for (uint32_t word = 0; word < WORDS; word++)
            MUST(image.registers[i][word] == 0);
    MUST(get_mxcsr() == MXCSR_FRESH);
    return REFUSED;
}

/* Keeps registers of its own over ARGUMENT turns, while others do the same. */
ATTACK(xmm_keep)
{
    MUST(xmm_fresh(0, 0) == REFUSED);
    plant(second);
    for (uint32_t turn = 0; turn < argument; turn++) {
        if (turn % 16 == 15)
            sleep(10);
        yield();
        MUST(are_planted(second));
    }
    return REFUSED; /* and the registers stay full */
}

ATTACK(xmm_shared)
{
    int others[2];
    struct process_end end;
    if (!has_sse())
        return REFUSED;
    for (size_t i = 0; i < LENGTH(others); i++) {
        others[i] = attack_start("xmm_keep", 200, 2 + i);
        MUST(others[i] > 0);
    }
    MUST(xmm_keep(200, 1) == REFUSED);
    for (size_t i = 0; i < LENGTH(others); i++)
        MUST(attack_refused(others[i]));
    MUST(attack_run("xmm_fresh", 0, 0, &end) && exited_with(&end, REFUSED));
    return REFUSED;
}

/* The registers of one that was preempted, not of one that asked. */
ATTACK(xmm_preempted)
{
    if (!has_sse())
        return REFUSED;
    int other = attack_start("xmm_keep", 50, 9);
    MUST(other > 0);
    plant(8);
    for (uint32_t start = time(); time_since(start) < 200;)
        for (volatile int i = 0; i < 10000; i++)
            ;
    MUST(are_planted(8));
    MUST(attack_refused(other));
    return REFUSED;
}

/* Divides 0 by 0 (divss %xmm0, %xmm0) with every exception let through. */
ATTACK(xmm_error)
{
    if (!has_sse())
        return REFUSED;
    set_mxcsr(0);
    __asm__ volatile("xorps %xmm0, %xmm0; divss %xmm0, %xmm0");
    return REFUSED; /* QEMU sets flags, and raises none */
}

/* Ends with every exception let through: for itself alone. */
ATTACK(xmm_unmasked)
{
    if (has_sse())
        set_mxcsr(0);
    return REFUSED;
}

ATTACK(xmm_unmasked_other)
{
    struct process_end end;
    if (!has_sse())
        return REFUSED;
    MUST(attack_run("xmm_unmasked", 0, 0, &end) && exited_with(&end, REFUSED));
    __asm__ volatile("xorps %xmm0, %xmm0; divss %xmm0, %xmm0");
    MUST(get_mxcsr() == (MXCSR_FRESH | 1)); /* only noted */
    return REFUSED;
}

/* Bits that no MXCSR has must not reach the kernel's own fxrstor, if a processor lets them in. */
ATTACK(mxcsr_reserved)
{
    if (!has_sse())
        return REFUSED;
    set_mxcsr(0xffffffff);
    MUST(attack_refused(attack_start("xmm_keep", 20, 3)));
    return REFUSED;
}

/*
 * Instructions between MMX and XMM that an emulator may run without asking whether there are such
 * registers, whose they are, or whether they are on: cvtps2pi, cvttps2pi, cvttpd2pi, cvtpd2pi and
 * movdq2q, all of them to %mm1.
 */
#define UNCHECKED(bytes) __asm__ volatile(".byte " bytes)
ATTACK(unchecked)
{
    switch (argument) {
    case 0:
        UNCHECKED("0x0f, 0x2d, 0xc8");
        break;
    case 1:
        UNCHECKED("0x0f, 0x2c, 0xc8");
        break;
    case 2:
        UNCHECKED("0x66, 0x0f, 0x2c, 0xc8");
        break;
    case 3:
        UNCHECKED("0x66, 0x0f, 0x2d, 0xc8");
        break;
    default:
        UNCHECKED("0xf2, 0x0f, 0xd6, 0xc8");
        break;
    }
    return REFUSED;
}

/* Who has registers in use still has them when another process has run one of those, and nothing
 * else that the FPU is asked for. */
ATTACK(unchecked_other)
{
    struct process_end end;
    uint32_t before[27], after[27];
    bool sse = has_sse();
    __asm__ volatile("fninit; fldpi; fld1; fldl2e; fldlg2; fldln2; fldz; fldpi; fld1");
    if (sse)
        plant(5);
    __asm__ volatile("fnsave %0; frstor %0" : "=m"(before));
    MUST(attack_run("unchecked", argument, 0, &end));
    MUST(exited_with(&end, REFUSED) || died_of(&end, 6) || died_of(&end, 7));
    __asm__ volatile("fnsave %0" : "=m"(after));
    /* Not where the last instruction was: AMD's keep that only with an error. */
    MUST(memcmp(before, after, 12) == 0 && memcmp(before + 7, after + 7, 80) == 0);
    MUST(!sse || are_planted(5));
    return REFUSED;
}

/* Without SSE there is nothing to use: such registers would be everybody's. */
ATTACK(xmm_without_sse)
{
    struct xmm_image image;
    if (has_sse())
        return REFUSED;
    store(&image);
    return GOT_THROUGH;
}

/* What nobody saves stays off: registers longer than XMM's, and the way to save them. */
#define OFF(name, bytes)                                                                           \
    ATTACK(name)                                                                                   \
    {                                                                                              \
        __asm__ volatile("movl %%esp, %%eax; xorl %%ecx, %%ecx; .byte " bytes ::                   \
                             : "eax", "ecx", "edx", "memory");                                     \
        return GOT_THROUGH;                                                                        \
    }
OFF(avx, "0xc5, 0xfc, 0x57, 0xc0")                /* vxorps %ymm0, %ymm0, %ymm0 */
OFF(avx_load, "0xc5, 0xfc, 0x10, 0x00")           /* vmovups (%eax), %ymm0 */
OFF(avx512, "0x62, 0xf1, 0x7c, 0x48, 0x57, 0xc0") /* vxorps %zmm0, %zmm0, %zmm0 */
OFF(xgetbv, "0x0f, 0x01, 0xd0")
OFF(xsave, "0x0f, 0xae, 0x20")

/* The kernel's memory, by the longest moves there are. */
#define STORE(name, code)                                                                          \
    ATTACK(name)                                                                                   \
    {                                                                                              \
        __asm__ volatile(code ::"r"(argument) : "memory");                                         \
        return GOT_THROUGH;                                                                        \
    }
STORE(store_x87, "fnsave (%0)")
STORE(store_xmm, "movups %%xmm0, (%0)")
STORE(load_xmm, "movups (%0), %%xmm0")
STORE(store_all, "fxsave (%0)")
STORE(load_all, "fxrstor (%0)")

static const uint32_t kernels[] = {0, 0x100000, 0x200000, 0x003faff0, 0xd0000000, 0xfffffff0};

#define FAULTS (PAGE_FAULT | GENERAL_PROTECTION)

static const struct attack attacks[] = {
    ONCE(xmm_fresh, SURVIVES),
    ONCE(xmm_keep, HELPER),
    ONCE(xmm_shared, SURVIVES),
    ONCE(xmm_preempted, SURVIVES),
    ONCE(xmm_error, SIMD_ERROR | SURVIVES),
    ONCE(xmm_unmasked, HELPER),
    ONCE(xmm_unmasked_other, SURVIVES),
    ONCE(mxcsr_reserved, SURVIVES | GENERAL_PROTECTION),
    ONCE(unchecked, HELPER),
    RANGE(unchecked_other, SURVIVES | NO_COPROCESSOR, 0, 4),
    ONCE(xmm_without_sse, SURVIVES | INVALID_OPCODE | NO_COPROCESSOR),
    ONCE(avx, INVALID_OPCODE),
    ONCE(avx_load, INVALID_OPCODE),
    ONCE(avx512, INVALID_OPCODE),
    ONCE(xgetbv, INVALID_OPCODE),
    ONCE(xsave, INVALID_OPCODE),
    EACH(store_x87, FAULTS | NO_COPROCESSOR, kernels),
    EACH(store_xmm, FAULTS | INVALID_OPCODE, kernels),
    EACH(load_xmm, FAULTS | INVALID_OPCODE, kernels),
    EACH(store_all, FAULTS | INVALID_OPCODE | NO_COPROCESSOR, kernels),
    EACH(load_all, FAULTS | INVALID_OPCODE | NO_COPROCESSOR, kernels),
};
THEME(hostile_simd, attacks);
