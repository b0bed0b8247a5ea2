/* A page fault, or a double fault by way of one, in words. */
#ifndef PLAT_MEMORY_PAGING_FAULT_REPORT_H
#define PLAT_MEMORY_PAGING_FAULT_REPORT_H

#include "cpu/trap.h"

/* Prints one line that says what was tried on what, and the page walk of ADDRESS. */
void fault_report_print(const struct trap_frame *frame, vaddr_t address, uint32_t esp);

/* What lies at ADDRESS: "page 0", "kernel text", "the stack guard", .. */
const char *fault_report_place(vaddr_t address);

/* Prints the walk of ADDRESS in the directory that is loaded: two entries and their meaning. */
void fault_report_walk(vaddr_t address);

#endif
