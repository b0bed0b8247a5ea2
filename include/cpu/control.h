/*
 * What Plat means the processor's control registers to be. They are computed from what the
 * processor has, and written whole: no bit of a loader's or of a firmware's survives. Pure.
 */
#ifndef PLAT_CPU_CONTROL_H
#define PLAT_CPU_CONTROL_H

#include "lib/types.h"

/* Intel SDM, volume 3, section 2.5: "Control Registers". */
#define CR0_PROTECTED     (1u << 0)
#define CR0_MONITOR_FPU   (1u << 1)
#define CR0_EMULATE_FPU   (1u << 2)
#define CR0_TASK_SWITCHED (1u << 3)
#define CR0_EXTENSION     (1u << 4) /* always set from the 486 on */
#define CR0_FPU_ERRORS    (1u << 5) /* as an exception, not by way of the PIC */
#define CR0_WRITE_PROTECT (1u << 16)
#define CR0_NO_WRITE_BACK (1u << 29)
#define CR0_NO_CACHE      (1u << 30)
#define CR0_PAGING        (1u << 31)
#define CR4_PAGE_SIZE     (1u << 4)
#define CR4_MACHINE_CHECK (1u << 6)
#define CR4_FXSAVE        (1u << 9)  /* SSE is on, and fxsave saves its registers */
#define CR4_SIMD_ERRORS   (1u << 10) /* as exception 19, not as an unknown instruction */
#define CR4_UMIP          (1u << 11) /* ring 3 can't ask where tables lie */
#define CR4_SMEP          (1u << 20) /* ring 0 does not run what ring 3 may run */
#define CR4_SMAP          (1u << 21) /* nor touch what ring 3 may touch */

/* What the processor has. All false and empty where there is no CPUID, but FPU. */
struct cpu_features {
    char vendor[13];
    char brand[49];     /* the processor's own name, where it has one */
    uint32_t signature; /* leaf 1, EAX: stepping, model, family */
    bool fpu;
    bool fxsr, sse; /* fxsave and fxrstor; XMM registers and MXCSR */
    bool cr4;       /* there is a CR4: something that it turns on exists */
    bool tsc;
    bool pse; /* 4 MB pages */
    /* How many bits of an address a page of 4 MB may have: 32, or with PSE-36 up to 40. */
    uint8_t address_bits;
    bool smep, smap, umip;
    bool mce, mca; /* machine checks are told; and banks of registers say what they were */
    bool pat;      /* types of memory, chosen page by page */
    bool apic;     /* a local APIC, and the MSR that says where it is */
    bool sysenter; /* its MSRs exist */
    bool efer;     /* the MSR of syscall, NX and long mode exists */
};

struct cpu_control {
    uint32_t cr0;
    uint32_t cr4; /* to be written only where features.cr4 */
};

/* Both registers, with paging on. LARGE_PAGES: the directory will have 4 MB pages. */
struct cpu_control cpu_control_for(const struct cpu_features *features, bool large_pages);

#endif
