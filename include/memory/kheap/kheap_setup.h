/* The kernel's heap as the boot story makes it, and what the command line has to say about it. */
#ifndef PLAT_MEMORY_KHEAP_KHEAP_SETUP_H
#define PLAT_MEMORY_KHEAP_KHEAP_SETUP_H

#include "lib/types.h"

struct memory_map;

/*
 * Makes the heap: the block table over all usable RAM of MAP, which is settled, from its start to
 * its top, with what block_heap.h puts on it. NBYTES_MOST bounds its span (0: no bound). Claims the
 * table's own memory in MAP and settles it again. Panics with the numbers where the machine has too
 * little memory. Prints the heap line.
 */
void kheap_init(struct memory_map *map, size_t nbytes_most);

/*
 * From now on kmalloc and all of its relatives serve from the growing heap DESIGN, "free_list" or
 * "best_fit", in a window of its own; kfree knows both. kmalloc_for() stays with whole blocks. The
 * kernel's directory must be paging.h's already. False, and nothing changes but for page tables,
 * without memory or room for a window.
 */
MUST_USE bool kheap_choose(const char *design);

/*
 * Whether a kfree that is refused ends the kernel (the command line's heap_panic). Otherwise it is
 * counted, said in one line, and the kernel goes on.
 */
void kheap_panic_on_misuse(bool panics);

/*
 * Watches all allocations from now on, with FLAGS of enum watch_flags (the command line's
 * heap_watch). What is found is said: the object, its size, who allocated and who freed it. To be
 * called before the first allocation. False without memory.
 */
MUST_USE bool kheap_watch(unsigned flags);

/*
 * From now on one of EVERY allocations, not 0, goes into a page of its own, as far as there are
 * some (the command line's heap_guard): what touches memory beyond it, or after the free, is found
 * at that instruction, said, and goes on. The heap must be watched, and paging as it will be. False
 * without memory.
 */
MUST_USE bool kheap_guard(size_t every);

#endif
