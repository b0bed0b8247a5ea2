#include "selftest/check.h"

#include "cpu/cpu.h"
#include "cpu/seal.h"
#include "cpu/trap.h"
#include "lib/crc.h"
#include "lib/print.h"
#include "memory/kheap/kheap_look.h"
#include "memory/layout.h"
#include "memory/paging/paging.h"
#include "process/process.h"

/* The last link's command line knows it; its address is the sum of text and constants. Other
 * kernels, of tests, have none. */
extern const uint8_t kernel_image_sum[] __attribute__((weak));

/* Not in the text itself, whose sum it is. */
static const uint8_t *volatile image_sum = kernel_image_sum;

uint32_t check_image_sum(void)
{
    return (uint32_t)image_sum;
}

static const char *check_image(void)
{
    uint32_t sum = check_image_sum();
    if (sum && sum != crc_posix(kernel_start, (size_t)(kernel_rodata_end - kernel_start)))
        return "the kernel's text or constants are not what was linked";
    return NULL;
}

static const char *check_directory(void)
{
    if (cpu_cr3() != (paddr_t)paging_current()->directory_entry)
        return "the processor's directory is not the current one";
    return paging_check();
}

const char *check_kernel(void)
{
    const char *broken = check_image();
    if (!broken)
        broken = trap_check();
    if (!broken)
        broken = seal_check(&seal_kernel);
    if (!broken)
        broken = check_directory();
    if (!broken)
        broken = kheap_check();
    if (!broken)
        broken = process_check();
    return broken;
}

bool check_say(void)
{
    const char *broken = check_kernel();
    print_style(broken ? PRINT_BAD : PRINT_GOOD);
    kprintf("  check: %s\n", broken ? broken : "sound");
    print_style(PRINT_PLAIN);
    return !broken;
}
