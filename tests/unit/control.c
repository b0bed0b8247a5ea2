/* The control registers for processors of all ages, as whole numbers. */
#include "cpu/control.h"

#include "case.h"

/* clang-format off */
static const struct {
    const char *name;
    struct cpu_features features;
    bool large_pages;
    uint32_t cr0, cr4;
} processors[] = {
    {"a 486SX without CPUID", {.fpu = false}, false, 0x80010035, 0},
    {"a 486DX without CPUID", {.fpu = true}, false, 0x80010033, 0},
    {"a 486DX4", {.fpu = true, .cr4 = true, .pse = true}, true, 0x80010033, 0x10},
    {"the same with pse=no", {.fpu = true, .cr4 = true, .pse = true}, false, 0x80010033, 0},
    {"no PSE, whatever is wished", {.fpu = true, .cr4 = true}, true, 0x80010033, 0},
    {"a Pentium", {.fpu = true, .cr4 = true, .pse = true, .tsc = true, .mce = true}, true,
     0x80010033, 0x50},
    {"a Pentium II", {.fpu = true, .cr4 = true, .pse = true, .mce = true, .mca = true,
     .fxsr = true}, true, 0x80010033, 0x250},
    {"a Pentium III", {.fpu = true, .cr4 = true, .pse = true, .mce = true, .mca = true,
     .fxsr = true, .sse = true}, true, 0x80010033, 0x650},
    {"SSE without a way to save it", {.fpu = true, .cr4 = true, .sse = true}, false, 0x80010033,
     0},
    {"SSE without an FPU", {.cr4 = true, .fxsr = true, .sse = true}, false, 0x80010035, 0},
    {"one of 2013", {.fpu = true, .cr4 = true, .pse = true, .tsc = true, .mce = true, .mca = true,
     .smep = true}, true, 0x80010033, 0x100050},
    {"one of 2023", {.fpu = true, .cr4 = true, .pse = true, .tsc = true, .mce = true, .mca = true,
     .smep = true, .smap = true, .umip = true, .pat = true, .apic = true, .sysenter = true,
     .efer = true}, true, 0x80010033, 0x300850},
};
/* clang-format on */

CASE(control, k1_the_registers_are_what_the_processor_can)
{
    for (size_t i = 0; i < sizeof processors / sizeof processors[0]; i++) {
        struct cpu_control control =
            cpu_control_for(&processors[i].features, processors[i].large_pages);
        CHECK_EQUAL(control.cr0, processors[i].cr0);
        CHECK_EQUAL(control.cr4, processors[i].cr4);
    }
}
