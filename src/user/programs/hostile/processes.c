/* Other processes: waited for, killed, left alone, and too many of them. */
#include "user/programs/hostile/attack.h"

enum { CROWD = 200, NAP = 20 };

/* Children that it does not have. */
static const uint32_t nobody[] = {1,          2,          1000,       0x7fffffff,
                                  0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};

ATTACK(wait_nobody)
{
    struct process_end end = {77, 77};
    MUST((int32_t)argument != getpid());
    MUST(system_wait((int32_t)argument, &end) == -ECHILD);
    MUST(system_wait((int32_t)argument, NULL) == -ECHILD);
    MUST(end.cause == 77 && end.code == 77);
    return REFUSED;
}

ATTACK(wait_self_or_any)
{
    MUST(system_wait(getpid(), NULL) == -ECHILD);
    MUST(system_wait(0, NULL) == -ECHILD);
    return REFUSED;
}

ATTACK(kill_nobody)
{
    MUST((int32_t)argument != getpid());
    MUST(system_kill((int32_t)argument) == -ECHILD);
    return REFUSED;
}

ATTACK(kill_none)
{
    MUST(system_kill(0) < 0);
    return REFUSED;
}

/* Its parent's process id is given; also tries those round about. */
ATTACK(kill_there)
{
    for (int32_t pid = (int32_t)argument - 3; pid < (int32_t)argument + 3; pid++)
        if (pid > 0 && pid != getpid()) {
            MUST(system_kill(pid) == -ECHILD);
            MUST(system_wait(pid, NULL) == -ECHILD);
        }
    return REFUSED;
}

ATTACK(kill_parent)
{
    struct process_end end;
    int sleeper = attack_start("nap", 1000, 0); /* the helper's sister */
    MUST(sleeper > 0);
    MUST(attack_run("kill_there", (uint32_t)getpid(), 0, &end) && exited_with(&end, REFUSED));
    MUST(attack_run("kill_there", (uint32_t)sleeper, 0, &end) && exited_with(&end, REFUSED));
    MUST(system_kill(sleeper) == 0);
    MUST(wait(sleeper, &end) == sleeper && end.cause == PROCESS_KILLED);
    return REFUSED;
}

/* Helpers: sleeps, runs for ever, waits for a child that sleeps, exits with any code. */
ATTACK(nap)
{
    sleep(argument);
    return REFUSED;
}

ATTACK(run_for_ever)
{
    while (second == 0)
        __asm__ volatile("");
    return REFUSED;
}

ATTACK(wait_for_nap)
{
    MUST(attack_refused(attack_start("nap", argument, 0)));
    return REFUSED;
}

ATTACK(exit_with)
{
    exit((int)argument);
}

ATTACK(kill_self)
{
    system_kill(getpid());
    return GOT_THROUGH;
}

/* Whatever a child is at, it can be killed, once. */
ATTACK(kill_child)
{
    static const char *const children[] = {"nap", "run_for_ever", "wait_for_nap", "nothing"};
    struct process_end end;
    for (size_t i = 0; i < LENGTH(children); i++) {
        for (uint32_t head_start = 0; head_start <= 2 * NAP; head_start += NAP) {
            int pid = attack_start(children[i], 500, 0);
            MUST(pid > 0);
            if (head_start)
                sleep(head_start);
            MUST(system_kill(pid) == 0 || i == 3);
            system_kill(pid);
            MUST(wait(pid, &end) == pid);
            MUST(end.cause == PROCESS_KILLED || (i == 3 && exited_with(&end, REFUSED)));
            MUST(system_kill(pid) == -ECHILD);
            MUST(system_wait(pid, NULL) == -ECHILD);
        }
    }
    return REFUSED;
}

/* A child's end is told as it was. */
ATTACK(ends)
{
    static const int32_t codes[] = {0, 1, 255, 256, -1, 0x7fffffff, (int32_t)0x80000000};
    struct process_end end;
    for (size_t i = 0; i < LENGTH(codes); i++)
        MUST(attack_run("exit_with", (uint32_t)codes[i], 0, &end) && exited_with(&end, codes[i]));
    MUST(attack_run("kill_self", 0, 0, &end) && end.cause == PROCESS_KILLED);
    MUST(attack_run("ud2", 0, 0, &end) && died_of(&end, 6));
    MUST(attack_run("read_there", 0, 0, &end) && died_of(&end, 14));
    int pid = attack_start("nothing", 0, 0);
    sleep(NAP); /* by now it has ended, and nobody has asked */
    MUST(system_wait(0, NULL) == pid);
    MUST(system_wait(0, NULL) == -ECHILD);
    return REFUSED;
}

/* Leaves children behind: asleep, running soon over, ended and not waited for. */
ATTACK(leave_children)
{
    MUST(attack_start("nap", 3 * NAP, 0) > 0);
    MUST(attack_start("nothing", 0, 0) > 0);
    MUST(attack_start("compute", 0, 0) > 0);
    sleep(NAP);
    return REFUSED;
}

ATTACK(orphans)
{
    struct process_end end;
    MUST(attack_run("leave_children", 0, 0, &end) && exited_with(&end, REFUSED));
    MUST(system_wait(0, NULL) == -ECHILD); /* they are not this one's children */
    sleep(5 * NAP);
    return REFUSED;
}

/* Children until there is no more room, or enough: each is there, and each goes. */
ATTACK(crowd)
{
    static int pids[CROWD];
    struct process_end end;
    size_t count = 0;
    int refusal = 0;
    while (count < CROWD && (refusal = attack_start("nap", 60000, 0)) > 0)
        pids[count++] = refusal;
    MUST(count > 0);
    MUST(count == CROWD || refusal == -ENOMEM);
    for (size_t i = 0; i < count; i++)
        MUST(system_kill(pids[i]) == 0);
    for (size_t i = count; i-- > 0;)
        MUST(wait(pids[i], &end) == pids[i] && end.cause == PROCESS_KILLED);
    MUST(system_wait(0, NULL) == -ECHILD);
    return REFUSED;
}

/* Each runs another, until no more can be. */
ATTACK(chain)
{
    struct process_end end;
    if (argument > 0 && attack_run("chain", argument - 1, 0, &end))
        MUST(exited_with(&end, REFUSED));
    return REFUSED;
}
static const uint32_t chain_lengths[] = {40};

static const struct attack attacks[] = {
    EACH(wait_nobody, SURVIVES, nobody),
    ONCE(wait_self_or_any, SURVIVES),
    EACH(kill_nobody, SURVIVES, nobody),
    ONCE(kill_none, SURVIVES),
    ONCE(kill_there, HELPER),
    ONCE(kill_parent, SURVIVES),
    ONCE(nap, HELPER),
    ONCE(run_for_ever, HELPER),
    ONCE(wait_for_nap, HELPER),
    ONCE(exit_with, HELPER),
    ONCE(kill_self, HELPER),
    ONCE(kill_child, SURVIVES),
    ONCE(ends, SURVIVES),
    ONCE(leave_children, HELPER),
    ONCE(orphans, SURVIVES),
    ONCE(crowd, SURVIVES),
    EACH(chain, SURVIVES, chain_lengths),
};
THEME(hostile_processes, attacks);
