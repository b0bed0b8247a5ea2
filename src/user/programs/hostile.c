/*
 * Attacks on the kernel from ring 3; hostile/attack.h says what one is.
 *
 *     hostile                      all of them, each in a process of its own
 *     hostile all CALLS ROUNDS     the same with that many random calls (1000000) and rounds of
 *                                  taking all memory (100)
 *     hostile some TEXT            those with TEXT in their names
 *     hostile NAME [ARGUMENTS]     one of them, in this process: dies, or exits with 0 if it was
 *                                  refused, with 1 if it got through, and with 3 if the
 *                                  processor ran what only ring 0 may, without asking the kernel
 */
#include "user/programs/hostile/attack.h"

static const struct theme *const themes[] = {
    &hostile_instructions, &hostile_interrupts,  &hostile_segments, &hostile_flags,
    &hostile_stack,        &hostile_coprocessor, &hostile_simd,     &hostile_memory,
    &hostile_calls,        &hostile_allocation,  &hostile_pointers, &hostile_processes,
    &hostile_terminal,     &hostile_shares,      &hostile_random,
};

static struct {
    uint32_t attempts, got_through;
    bool emulated;          /* probed once, before the first attempt */
    char lenient[64];       /* what the emulator ran, with commas between */
    uint32_t calls, rounds; /* arguments for those attacks that count */
} run_all = {.calls = 1000000, .rounds = 100};

/* Whether an attack that ended so was to end so. */
static bool is_expected(const struct attack *attack, const struct process_end *end)
{
    if (end->cause == PROCESS_EXITED)
        return end->code == REFUSED && (attack->expected & SURVIVES);
    return end->cause == PROCESS_FAULTED && end->code >= 0 && end->code < 30 &&
           (attack->expected & BY(end->code));
}

/* Whether it was the emulator that let ATTACK through: it is named, and counted neither way. */
static bool is_lenience(const struct attack *attack, const struct process_end *end)
{
    return run_all.emulated && (attack->expected & EMULATOR_MAY_RUN_IT) &&
           exited_with(end, UNCHECKED);
}

static void note_lenience(const struct attack *attack)
{
    size_t length = string_length(run_all.lenient);
    format_text(run_all.lenient + length, sizeof run_all.lenient - length, "%s%s",
                length ? ", " : "", attack->name);
    printf("hostile: %s: not counted, the emulator runs it in ring 3\n", attack->name);
}

/* One attempt in a process of its own, and the line about it. */
static void attempt(const struct attack *attack, uint32_t argument)
{
    struct process_end end;
    char name[48];
    if (attack->arguments || attack->first || attack->count > 1)
        format_text(name, sizeof name, "%s 0x%x", attack->name, argument);
    else
        format_text(name, sizeof name, "%s", attack->name);
    int pid = attack_start(attack->name, argument, 0);
    int waited = pid > 0 ? wait(pid, &end) : pid;
    if (pid > 0 && waited == pid && is_lenience(attack, &end)) {
        note_lenience(attack);
        return;
    }
    run_all.attempts++;
    bool good = pid > 0 && waited == pid && is_expected(attack, &end);
    if (!good)
        run_all.got_through++;
    const char *verdict = good ? "" : "GOT THROUGH: ";
    if (pid <= 0 || waited != pid)
        printf("hostile: %s: %sit could not be run, status %d\n", name, verdict, waited);
    else if (end.cause == PROCESS_FAULTED)
        printf("hostile: %s: %skilled, %s\n", name, verdict, exception_name((uint32_t)end.code));
    else if (good)
        printf("hostile: %s: refused\n", name);
    else
        printf("hostile: %s: %scause %u, code %d\n", name, verdict, end.cause, end.code);
}

static uint32_t argument_of(const struct attack *attack, uint32_t i)
{
    if (string_equal(attack->name, "random_calls"))
        return run_all.calls;
    if (string_equal(attack->name, "exhaust"))
        return run_all.rounds;
    return attack->arguments ? attack->arguments[i] : attack->first + i;
}

static int run_those_with(const char *text)
{
    uint32_t before = free_blocks();
    run_all.emulated = processor_is_emulated();
    for (size_t t = 0; t < LENGTH(themes); t++) {
        for (size_t a = 0; a < themes[t]->count; a++) {
            const struct attack *attack = &themes[t]->attacks[a];
            if (attack->expected == HELPER || !string_contains(attack->name, text))
                continue;
            for (uint32_t i = 0; i < attack->count; i++)
                attempt(attack, argument_of(attack, i));
        }
    }
    printf("hostile: free blocks: %u before, %u after\n", before, free_blocks());
    if (run_all.lenient[0])
        printf("hostile: the emulator lets ring 3 run %s: not counted\n", run_all.lenient);
    printf("hostile: %u attempts, %u got through\n", run_all.attempts, run_all.got_through);
    bool tried = run_all.attempts || run_all.lenient[0];
    return run_all.got_through || !tried ? GOT_THROUGH : REFUSED;
}

static const struct attack *find_attack(const char *name)
{
    for (size_t t = 0; t < LENGTH(themes); t++)
        for (size_t a = 0; a < themes[t]->count; a++)
            if (string_equal(themes[t]->attacks[a].name, name))
                return &themes[t]->attacks[a];
    return NULL;
}

int main(int argc, char **argv)
{
    uint32_t numbers[2] = {0, 0};
    if (argc > 2 && string_equal(argv[1], "some"))
        return run_those_with(argv[2]);
    for (int i = 2; i < argc && i < 4; i++)
        if (!string_to_number(argv[i], false, &numbers[i - 2])) {
            printf("hostile: %s is not a number\n", argv[i]);
            return 2;
        }
    if (argc > 1 && !string_equal(argv[1], "all")) {
        const struct attack *attack = find_attack(argv[1]);
        if (attack)
            return attack->run(numbers[0], numbers[1]);
        printf("hostile: there is no attack %s\n", argv[1]);
        return 2;
    }
    if (argc > 2)
        run_all.calls = numbers[0];
    if (argc > 3)
        run_all.rounds = numbers[1];
    return run_those_with("");
}
