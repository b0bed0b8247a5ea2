/* Program files, each read for several windows, and judged by an oracle that shares no code. */
#include "process/elf.h"

#include <string.h>

#include "elf_oracle.h"
#include "fuzz.h"

/* What a loader reads of FILE. The sum is of no use, but the sanitizer has seen each byte. */
static uint8_t sum_of(const uint8_t *file, const struct elf_plan *plan)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < plan->nsegments; i++)
        for (size_t j = 0; j < plan->segments[i].file_bytes; j++)
            sum = (uint8_t)(sum + file[plan->segments[i].file_offset + j]);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
    static const struct elf_window windows[] = {
        {0x40000000, 0x40100000}, {0, 0xfffff000}, {0x40001000, 0x40002000}, {0, 0}};
    static volatile uint8_t sum;
    /* A copy that ends where its memory does, and begins at an odd address. */
    uint8_t *copy = malloc(nbytes + 1), *file = copy + 1;
    fuzz_require(copy != NULL, "there is no memory for a copy");
    if (nbytes > 0)
        memcpy(file, data, nbytes);
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        struct elf_plan plan;
        unsigned says;
        const char *broken = elf_compare(file, nbytes, windows[i], &plan, &says);
        fuzz_require(!broken, broken);
        if (says == RIGHT)
            sum = sum_of(file, &plan);
    }
    (void)sum;
    free(copy);
    return 0;
}
