/* How the self-tests ended, on the screen, in letters that can be read from across a room. */
#ifndef PLAT_SELFTEST_VERDICT_H
#define PLAT_SELFTEST_VERDICT_H

#include "lib/types.h"

/*
 * Writes PASS or FAIL over the screen, as large as there is room for, below it SUMMARY, a line, and
 * above it as many of the NFAILED names in FAILED as fit. To the screen alone; nothing without one.
 */
void verdict_show(bool passed, const char *summary, const char *const *failed, size_t nfailed);

#endif
