/*
 * Many processes, and that nothing of them stays.
 *
 *     many [COUNT]           COUNT at once (100), all asleep, then ended
 *     many COUNT after       one after another
 */
#include "user/plat.h"

enum { AT_ONCE = 100, ASLEEP_MS = 1000000 };

static uint32_t free_blocks(void)
{
    struct memory_information information = {0};
    system_memory(&information);
    return information.free;
}

/* Starts COUNT that sleep, then ends them; how many of them there were at once. */
static uint32_t at_once(uint32_t count, uint32_t *least_free)
{
    uint32_t started = 0;
    struct process_end end;
    int32_t *pids = calloc(count, sizeof *pids);
    while (pids && started < count && (pids[started] = run("many asleep")) > 0)
        started++;
    yield(); /* each of them begins to sleep */
    *least_free = free_blocks();
    for (uint32_t i = 0; i < started; i++)
        if (system_kill(pids[i]) || wait(pids[i], &end) != pids[i] || end.cause != PROCESS_KILLED)
            return 0;
    free(pids);
    return started;
}

static uint32_t one_after_another(uint32_t count)
{
    struct process_end end;
    for (uint32_t i = 0; i < count; i++) {
        int pid = run("many nothing");
        if (pid <= 0 || wait(pid, &end) != pid || end.cause != PROCESS_EXITED || end.code != 7)
            return i;
    }
    return count;
}

int main(int argc, char **argv)
{
    uint32_t count = AT_ONCE, before, least = 0, done, after;
    if (argc > 1 && string_equal(argv[1], "nothing"))
        return 7;
    if (argc > 1 && string_equal(argv[1], "asleep")) {
        sleep(ASLEEP_MS);
        return 0;
    }
    bool in_turn = argc > 2 && string_equal(argv[2], "after");
    if ((argc > 1 && !string_to_number(argv[1], false, &count)) || (argc > 2 && !in_turn)) {
        puts("many [COUNT [after]]");
        return 2;
    }
    at_once(1, &least); /* what the first one costs for good */
    if (!in_turn)
        at_once(count, &least);
    before = least = free_blocks();
    done = in_turn ? one_after_another(count) : at_once(count, &least);
    after = free_blocks();
    printf("many: %u of %u processes %s, free blocks: %u before, %u with them, %u after\n", done,
           count, in_turn ? "one after another" : "at once", before, least, after);
    return done == count && before == after ? 0 : 1;
}
