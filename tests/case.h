/*
 * A test case. The same file is compiled for the host and into the kernel; the cases of all files
 * are gathered by the linker, and src/selftest/runner.c runs them.
 *
 *     CASE(heap, b2_zero_bytes_give_null)
 *     {
 *         CHECK(heap_malloc(&fixture.heap, 0) == NULL);
 *     }
 *
 * A case ends at its first check that fails. It leaves nothing behind.
 */
#ifndef PLAT_TESTS_CASE_H
#define PLAT_TESTS_CASE_H

#include "lib/types.h"

struct case_run {
    bool failed;
    const char *skipped; /* why, or NULL */
    const char *file;
    int line;
    char message[160];
};

struct test_case {
    const char *name;
    void (*run)(struct case_run *run_);
};

/* Names that begin with .L stay out of the symbol table: with these, GRUB has too little room for
 * it on a machine of 4 MB. */
#define CASE(group, title)                                                                         \
    static void group##_##title(struct case_run *run_);                                            \
    static const struct test_case group##_##title##_case __asm__(".L" #group "." #title) = {       \
        #group "." #title, group##_##title};                                                       \
    static const struct test_case *const group##_##title##_entry __asm__(".L" #group ".." #title)  \
        __attribute__((used, section("test_cases"))) = &group##_##title##_case;                    \
    static void group##_##title(struct case_run *run_)

/* Notes where and why a case fails. */
void case_fail(struct case_run *run, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            case_fail(run_, __FILE__, __LINE__, "%s", #condition);                                 \
            return;                                                                                \
        }                                                                                          \
    } while (0)

/* For what this machine does not have. */
#define SKIP_UNLESS(condition, why)                                                                \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            run_->skipped = (why);                                                                 \
            return;                                                                                \
        }                                                                                          \
    } while (0)

/* For whole numbers of up to 64 bits; both are printed when they differ. */
#define CHECK_EQUAL(got, wanted)                                                                   \
    do {                                                                                           \
        unsigned long long got_ = (unsigned long long)(got);                                       \
        unsigned long long wanted_ = (unsigned long long)(wanted);                                 \
        if (got_ != wanted_) {                                                                     \
            case_fail(run_, __FILE__, __LINE__, "%s is 0x%llx, wanted 0x%llx", #got, got_,         \
                      wanted_);                                                                    \
            return;                                                                                \
        }                                                                                          \
    } while (0)

#define CHECK_TEXT(got, wanted)                                                                    \
    do {                                                                                           \
        const char *got_ = (got), *wanted_ = (wanted);                                             \
        if (!string_equal(got_, wanted_)) {                                                        \
            case_fail(run_, __FILE__, __LINE__, "%s is \"%s\", wanted \"%s\"", #got, got_,         \
                      wanted_);                                                                    \
            return;                                                                                \
        }                                                                                          \
    } while (0)

/* A checker's verdict: NULL, or the sentence that does not hold. */
#define CHECK_HOLDS(verdict)                                                                       \
    do {                                                                                           \
        const char *broken_ = (verdict);                                                           \
        if (broken_) {                                                                             \
            case_fail(run_, __FILE__, __LINE__, "%s: %s", #verdict, broken_);                      \
            return;                                                                                \
        }                                                                                          \
    } while (0)

#endif
