/* The host's test program: every case that was linked in, or those whose name contains argv[1]. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "lib/list.h"
#include "lib/print.h"
#include "selftest/runner.h"

/* The linker names the ends of a section after it. */
extern const struct test_case *const __start_test_cases[];
extern const struct test_case *const __stop_test_cases[];

static uint8_t memory[ARENA_BLOCKS][ARENA_BLOCK_SIZE] __attribute__((aligned(ARENA_BLOCK_SIZE)));
uint8_t (*arena)[ARENA_BLOCK_SIZE] = memory;

static struct shared large;
struct shared *shared = &large;

static void write_out(const char *text, size_t nbytes)
{
    fwrite(text, 1, nbytes, stdout);
    fflush(stdout);
}

/* What cases may find there: anything. */
static void before(void)
{
    memset(memory, 0xee, sizeof memory);
    memset(&large, 0xee, sizeof large);
}

/* A case that gets here has failed. */
void list_broken(const struct list_link *link)
{
    fprintf(stderr, "the list at %p is broken\n", (const void *)link);
    abort();
}

int main(int argc, char **argv)
{
    static struct print_sink sink = {.write = write_out};
    print_add_sink(&sink);
    struct runner_totals totals =
        runner_run(__start_test_cases, __stop_test_cases, argc > 1 ? argv[1] : "",
                   (struct runner_hooks){.before = before});
    return totals.failed == 0 ? 0 : 1;
}
