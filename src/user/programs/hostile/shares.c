/* More than a tree's share of processes and memory, which would leave the operator none. */
#include "user/programs/hostile/attack.h"

enum { TREE_MOST = 1024, TRIES = TREE_MOST + 100, SHARE = 7 };

/* By its name only: the kernel keeps windows for that many stacks, and other attacks are to leave
 * the kernel's memory as it was. */
ATTACK(too_many_processes)
{
    static int pids[TRIES];
    uint32_t count = 0;
    int refusal = 0;
    while (count < TRIES && (refusal = attack_start("nap", 60000, 0)) > 0)
        pids[count++] = refusal;
    MUST(count < TREE_MOST);
    MUST(refusal == -EAGAIN || refusal == -ENOMEM);
    for (uint32_t i = 0; i < count; i++)
        MUST(system_kill(pids[i]) == 0 && wait(pids[i], NULL) == pids[i]);
    return REFUSED;
}

/* Pages, the last ones one by one. What is free afterwards is for others. */
ATTACK(too_much_memory)
{
    for (size_t nbytes = 1u << 30; nbytes >= 4096; nbytes /= 2)
        while (system_malloc(nbytes))
            ;
    struct memory_information information;
    MUST(system_memory(&information) == 0);
    MUST(information.own > 0 && information.free * SHARE >= information.own);
    return REFUSED;
}

static const struct attack attacks[] = {
    ONCE(too_many_processes, HELPER),
    ONCE(too_much_memory, SURVIVES),
};
THEME(hostile_shares, attacks);
