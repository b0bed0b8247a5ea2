/*
 * The specification of where an allocation goes: a scan over the table alone. The index answers the
 * same, sooner; tests and heap_check() hold it to that.
 */
#ifndef PLAT_MEMORY_HEAP_HEAP_SCAN_H
#define PLAT_MEMORY_HEAP_HEAP_SCAN_H

#include "memory/heap/heap.h"

/*
 * The block where an allocation of NBLOCKS blocks, not 0, begins: of the free runs that are long
 * enough one of the lowest rank, and of these the lowest. TABLE->total where there is none.
 * O(blocks).
 */
block_t heap_scan(const struct heap_table *table, size_t nblocks);

#endif
