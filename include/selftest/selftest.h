/* The self-tests that are linked into the kernel: TAP 13 on every console. */
#ifndef PLAT_SELFTEST_SELFTEST_H
#define PLAT_SELFTEST_SELFTEST_H

#include "lib/types.h"

/*
 * Runs the cases whose name contains PATTERN ("" means all) and prints the TAP lines and, last,
 * "plat: N passed, N failed"; on a screen, the verdict in letters for a room follows. Returns
 * whether at least one ran and none failed. Every case gives back what it took: the heap is checked
 * and its blocks are counted around each one.
 */
MUST_USE bool selftest_run(const char *pattern);

/* From now on a full screen of results stands for some seconds, or until a key is pressed. */
void selftest_in_pages(void);

/* How the last run ended; NAMES are the first NNAMES cases that failed. */
struct selftest_last {
    bool ran;
    unsigned passed, failed;
    const char *const *names;
    size_t nnames;
};
struct selftest_last selftest_last(void);

/* A line about what the last run ended with. */
void selftest_say_last(void);

#endif
