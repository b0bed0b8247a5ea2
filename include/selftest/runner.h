/* Runs test cases and speaks TAP 13 through kprintf. Pure: the host's test program uses it too. */
#ifndef PLAT_SELFTEST_RUNNER_H
#define PLAT_SELFTEST_RUNNER_H

#include "case.h"

struct runner_totals {
    unsigned passed, failed;
};

/* What a machine wants looked at around each case; each may be NULL. */
struct runner_hooks {
    void (*before)(void);
    const char *(*after)(void);   /* NULL, or what the case left behind: then it has failed */
    const char *(*finally)(void); /* behind the last case: the same, and nobody's fault */
    void (*said)(const struct test_case *test, bool passed); /* its lines have been printed */
};

/* Runs the cases from FIRST to END (exclusive) whose name contains PATTERN. */
struct runner_totals runner_run(const struct test_case *const *first,
                                const struct test_case *const *end, const char *pattern,
                                struct runner_hooks hooks);

#endif
