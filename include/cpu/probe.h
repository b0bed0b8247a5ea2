/*
 * Reading and writing memory that may not be there. A fault inside these routines does not reach
 * the fault handlers: it makes them return false. Interrupts may be on or off.
 */
#ifndef PLAT_CPU_PROBE_H
#define PLAT_CPU_PROBE_H

#include "lib/types.h"

/* Reads the word at ADDRESS into *VALUE; false, and *VALUE as it was, where that faults. */
MUST_USE bool probe_read(vaddr_t address, uint32_t *value);

/* The NBYTES at ADDRESS, if there is something on each of their pages; else NULL. */
const void *probe_memory(uint32_t address, uint32_t nbytes);

/* Writes VALUE at ADDRESS; false, and nothing written, where that faults. */
MUST_USE bool probe_write(vaddr_t address, uint32_t value);

/* Loads SELECTOR into FS and the kernel's data back; false where that faults. */
MUST_USE bool probe_selector(uint32_t selector);

/* Where to go on after a fault at EIP, or 0 when EIP is in none of these routines. */
uint32_t probe_fixup(uint32_t eip);

#endif
