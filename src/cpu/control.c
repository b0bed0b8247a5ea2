#include "cpu/control.h"

struct cpu_control cpu_control_for(const struct cpu_features *features, bool large_pages)
{
    bool fxsave = features->fpu && features->fxsr, sse = fxsave && features->sse;
    return (struct cpu_control){
        .cr0 = CR0_PAGING | CR0_WRITE_PROTECT | CR0_FPU_ERRORS | CR0_EXTENSION | CR0_PROTECTED |
               (features->fpu ? CR0_MONITOR_FPU : CR0_EMULATE_FPU),
        .cr4 = (features->pse && large_pages ? CR4_PAGE_SIZE : 0) | (fxsave ? CR4_FXSAVE : 0) |
               (sse ? CR4_SIMD_ERRORS : 0) | (features->mce ? CR4_MACHINE_CHECK : 0) |
               (features->umip ? CR4_UMIP : 0) | (features->smep ? CR4_SMEP : 0) |
               (features->smap ? CR4_SMAP : 0),
    };
}
