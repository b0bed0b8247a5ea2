#include "selftest/runner.h"

#include <stdarg.h>

#include "lib/format.h"
#include "lib/print.h"
#include "lib/string.h"

struct message {
    char *text;
    size_t left;
};

static void append(void *context, const char *text, size_t nbytes)
{
    struct message *message = context;
    for (; nbytes && message->left > 1; nbytes--, message->left--)
        *message->text++ = *text++;
}

void case_fail(struct case_run *run, const char *file, int line, const char *format, ...)
{
    run->failed = true;
    run->file = file;
    run->line = line;
    struct message message = {run->message, sizeof run->message};
    va_list arguments;
    va_start(arguments, format);
    format_to(append, &message, format, arguments);
    va_end(arguments);
    *message.text = '\0';
}

static bool run_case(const struct test_case *test, unsigned number, struct runner_hooks hooks)
{
    struct case_run run = {0};
    if (hooks.before)
        hooks.before();
    test->run(&run);
    const char *left_behind = hooks.after ? hooks.after() : NULL;
    if (!run.failed && left_behind)
        case_fail(&run, "after the case", 0, "%s", left_behind);
    print_style(run.failed ? PRINT_BAD : PRINT_PLAIN);
    kprintf("%sok %u - %s%s%s\n", run.failed ? "not " : "", number, test->name,
            run.skipped ? " # SKIP " : "", run.skipped ? run.skipped : "");
    if (run.failed)
        kprintf("# %s:%d: %s\n", run.file, run.line, run.message);
    print_style(PRINT_PLAIN);
    if (hooks.said)
        hooks.said(test, !run.failed);
    return !run.failed;
}

struct runner_totals runner_run(const struct test_case *const *first,
                                const struct test_case *const *end, const char *pattern,
                                struct runner_hooks hooks)
{
    struct runner_totals totals = {0};
    unsigned count = 0, number = 0;
    for (const struct test_case *const *at = first; at < end; at++)
        count += string_contains((*at)->name, pattern);
    kprintf("TAP version 13\n1..%u", count);
    if (count == 0)
        kprintf(" # SKIP no self-test has \"%s\" in its name", pattern);
    kprintf("\n");
    for (const struct test_case *const *at = first; at < end; at++) {
        if (!string_contains((*at)->name, pattern))
            continue;
        if (run_case(*at, ++number, hooks))
            totals.passed++;
        else
            totals.failed++;
    }
    const char *broken = hooks.finally ? hooks.finally() : NULL;
    if (broken) {
        totals.failed++;
        print_style(PRINT_BAD);
        kprintf("# after all cases: check: %s\n", broken);
    }
    print_style(totals.failed || !count ? PRINT_BAD : PRINT_GOOD);
    kprintf("plat: %u passed, %u failed\n", totals.passed, totals.failed);
    print_style(PRINT_PLAIN);
    return totals;
}
