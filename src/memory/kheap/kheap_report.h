/* What kheap.c has said when the heap is misused. */
#ifndef PLAT_MEMORY_KHEAP_KHEAP_REPORT_H
#define PLAT_MEMORY_KHEAP_KHEAP_REPORT_H

#include "memory/debug/watch.h"

/* FUNCTION refused POINTER, called from CALLER. Ends the kernel if it was told to. */
void kheap_say_refused(const char *function, const void *pointer, int refusal, uintptr_t caller);

/* Whose doing it is, if the next free finds something: FUNCTION's, called from CALLER. */
void kheap_say_where(const char *function, uintptr_t caller);

/* A watched heap found this. Ends the kernel if it was told to. CONTEXT is not looked at. */
void kheap_say_finding(void *context, const struct watch_finding *finding);

#endif
