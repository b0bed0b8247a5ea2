/* Whether the kernel is what it should be: all that can tell, one after the other. */
#ifndef PLAT_SELFTEST_CHECK_H
#define PLAT_SELFTEST_CHECK_H

#include "lib/types.h"

/*
 * NULL, or the first sentence that does not hold, about: the processor's tables and what says where
 * they are; the kernel's text and constants; directories; the heap; processes and who runs next.
 * Follows no pointer that it has not looked at, but trusts the heap once that is sound. In the
 * middle of the kernel's work, as in a panic, something may just be on its way. Some million
 * instructions, most of them for the text, with interrupts as they are.
 */
MUST_USE const char *check_kernel(void);

/* Prints that: "  check: sound", or the sentence. Returns whether it is sound. */
bool check_say(void);

/* The sum of text and constants that the link left, which names a build; 0: it left none. */
uint32_t check_image_sum(void);

#endif
