#include "cpu/probe.h"

enum { STEP = 4096 };

const void *probe_memory(uint32_t address, uint32_t nbytes)
{
    uint32_t word, last;
    if (nbytes == 0 || __builtin_add_overflow(address, nbytes - 1, &last))
        return NULL;
    for (uint32_t page = address / STEP; page <= last / STEP; page++)
        if (!probe_read(page * STEP, &word))
            return NULL;
    return (const void *)address;
}
