/* Which function holds an address. scripts/symbols makes the kernel's own table from the linker's.
 */
#ifndef PLAT_LIB_SYMBOLS_H
#define PLAT_LIB_SYMBOLS_H

#include "lib/types.h"

struct symbol {
    uint32_t address; /* of the function's first byte */
    const char *name;
};

/* Ascending by address; the last entry only ends the one before it and has an empty name. */
struct symbol_table {
    size_t count;
    const struct symbol *symbols;
};

extern const struct symbol_table symbols_kernel;

/*
 * The name of the function that holds ADDRESS, and in *OFFSET how far into it the address lies.
 * NULL below the first function and from the end mark on. O(log count).
 */
const char *symbols_find(const struct symbol_table *table, uint32_t address, uint32_t *offset);

#endif
