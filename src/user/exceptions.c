#include "user/plat.h"

const char *exception_name(uint32_t vector)
{
    /* In the kernel's words (src/cpu/trap.c). */
    static const char *const names[] = {
        [0] = "divide error",
        [1] = "debug",
        [2] = "non-maskable interrupt",
        [3] = "breakpoint",
        [4] = "overflow",
        [5] = "bound range exceeded",
        [6] = "invalid opcode",
        [7] = "no coprocessor",
        [8] = "double fault",
        [9] = "coprocessor segment overrun",
        [10] = "invalid TSS",
        [11] = "segment not present",
        [12] = "stack-segment fault",
        [13] = "general protection",
        [14] = "page fault",
        [15] = "reserved exception 15",
        [16] = "x87 floating-point error",
        [17] = "alignment check",
        [18] = "machine check",
        [19] = "SIMD floating-point error",
    };
    return vector < sizeof names / sizeof *names ? names[vector] : "another exception";
}
