/* The self-tests that are linked into the kernel: TAP 13 on every console. */
#ifndef PLAT_SELFTEST_SELFTEST_H
#define PLAT_SELFTEST_SELFTEST_H

#include "lib/types.h"

/*
 * Runs the cases whose name contains PATTERN ("" means all) and prints the TAP lines and, last,
 * "plat: N passed, N failed". Returns whether at least one ran and none failed. Every case gives
 * back what it took: the heap is checked and its blocks are counted around each one.
 */
MUST_USE bool selftest_run(const char *pattern);

#endif
