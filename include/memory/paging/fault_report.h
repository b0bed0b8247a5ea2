/* A page fault, or a double fault by way of one, in words. */
#ifndef PLAT_MEMORY_PAGING_FAULT_REPORT_H
#define PLAT_MEMORY_PAGING_FAULT_REPORT_H

#include "cpu/trap.h"
#include "memory/paging/paging.h"

/* Prints one line that says what was tried on what, and the page walk of ADDRESS. */
void fault_report_print(const struct trap_frame *frame, vaddr_t address, uint32_t esp);

/* What lies at ADDRESS: "page 0", "kernel text", "the stack guard", .. */
const char *fault_report_place(vaddr_t address);

/* What was tried: "read of", "write to", "jump to"; ERROR is the page fault's error code. */
const char *fault_report_verb(uint32_t error);

/* Prints the walk of ADDRESS in CHUNK: two entries and their meaning. */
void fault_report_walk(const struct paging_4gb_chunk *chunk, vaddr_t address);

/* WHERE knows more places: what lies at an address, or NULL. One for all; NULL takes it away. */
void fault_report_set_places(const char *(*where)(vaddr_t address));

#endif
