#include "lib/symbols.h"

const char *symbols_find(const struct symbol_table *table, uint32_t address, uint32_t *offset)
{
    /* All symbols before LOW start at or below ADDRESS, all from HIGH on start above it. */
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (table->symbols[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || low == table->count)
        return NULL;
    const struct symbol *found = &table->symbols[low - 1];
    *offset = address - found->address;
    return found->name;
}
