/* Calls with whatever comes: every answer must be one of those that are promised. */
#include "user/programs/hostile/attack.h"

enum { BLOCK_BYTES = 4096, KEPT = 32, CHILDREN = 3, CHARACTERS = 32, SEED = 0x2545f491 };

struct kept {
    uint32_t *block;
    uint32_t last; /* the index of the last word that was asked for */
};

static struct {
    uint32_t state;
    struct kept kept[KEPT];
    int children[CHILDREN], bystander;
    uint32_t arguments;  /* where its own are, by the kernel's choice */
    uint32_t characters; /* printed */
} run_random;

static uint32_t pick(uint32_t below)
{
    return next_random(&run_random.state) % below;
}

/* An address or number as an attacker likes them. */
static uint32_t bad_word(void)
{
    uint32_t near = bad_addresses[pick((uint32_t)nbad_addresses)];
    switch (pick(4)) {
    case 0:
        return near;
    case 1:
        return (uint32_t)edge + EDGE_BYTES - 1 - pick(4); /* for structs: over the edge */
    case 2:
        return 0x01000000 + pick(0xff000000); /* never its own but for what it was given */
    default:
        return near & ~3u;
    }
}

/* Whether ADDRESS is in what the kernel gave this process. */
static bool is_kept(uint32_t address)
{
    for (size_t i = 0; i < KEPT; i++) {
        uint32_t start = (uint32_t)run_random.kept[i].block;
        if (start && address - start <= (run_random.kept[i].last | 1023) * 4 + 3)
            return true;
    }
    return false;
}

/* An address that nobody may write to on this process's behalf. */
static uint32_t bad_address(void)
{
    uint32_t address;
    do
        address = bad_word();
    while (is_kept(address) || is_kept(address + 16) ||
           address - run_random.arguments + 2 * BLOCK_BYTES < 4 * BLOCK_BYTES);
    return address;
}

static int try_memory(void)
{
    struct kept *kept = &run_random.kept[pick(KEPT)];
    if (!kept->block) {
        uint32_t nbytes = pick(3) ? 1 + pick(5 * BLOCK_BYTES) : bad_word();
        if (nbytes > 64 * BLOCK_BYTES)
            nbytes |= 0xf0000000;
        kept->block = system_malloc(nbytes);
        MUST(nbytes <= 64 * BLOCK_BYTES || !kept->block);
        if (!kept->block || nbytes == 0) {
            MUST(!kept->block || nbytes);
            return REFUSED;
        }
        MUST((uint32_t)kept->block % BLOCK_BYTES == 0);
        kept->last = (nbytes - 1) / 4;
        MUST(kept->block[0] == 0 && kept->block[kept->last] == 0);
        kept->block[0] = kept->block[kept->last] = (uint32_t)kept->block;
        return REFUSED;
    }
    MUST(kept->block[0] == (uint32_t)kept->block);
    MUST(kept->block[kept->last] == (uint32_t)kept->block);
    MUST(system_free((uint8_t *)kept->block + 1 + pick(BLOCK_BYTES - 1)) == -EINVARG);
    MUST(system_free(kept->block) == 0);
    MUST(system_free(kept->block) == -EINVARG);
    kept->block = NULL;
    return REFUSED;
}

/* A child is started, waited for, or killed. */
static int try_children(void)
{
    int *child = &run_random.children[pick(CHILDREN)];
    struct process_end end;
    if (*child <= 0) {
        *child = attack_start("nothing", 0, 0);
        MUST(*child > 0 || *child == -ENOMEM);
        return REFUSED;
    }
    bool killed = pick(2) && system_kill(*child) == 0;
    MUST(wait(*child, &end) == *child);
    MUST(exited_with(&end, REFUSED) || (killed && end.cause == PROCESS_KILLED));
    *child = 0;
    return REFUSED;
}

/* A process id that is neither its own nor a child's. */
static int32_t stranger(void)
{
    for (;;) {
        int32_t pid = pick(2) ? (int32_t)pick(64) + 1 : (int32_t)bad_word() | 1;
        bool known = pid == getpid() || pid == 0 || pid == run_random.bystander;
        for (size_t i = 0; i < CHILDREN; i++)
            known = known || pid == run_random.children[i];
        if (!known)
            return pid;
    }
}

static int try_pointers(uint32_t command)
{
    uint32_t address = bad_address();
    switch (command) {
    case SYSTEM_PRINT:
        if (address >= (uint32_t)edge && address < (uint32_t)edge + EDGE_BYTES)
            MUST(system_print("") == 0);
        else
            MUST(system_print((const char *)address) == -EFAULT);
        return REFUSED;
    case SYSTEM_FREE:
        MUST(system_free((void *)address) == (address ? -EINVARG : 0));
        return REFUSED;
    case SYSTEM_LOAD:
    case SYSTEM_RUN: {
        int32_t answer = system_call(command, address, RUN_QUIET);
        MUST(answer == -EFAULT || answer == -ENOENT || answer == -EINVARG);
        return REFUSED;
    }
    default:
        MUST(system_call(command, address, pick(2) ? address : 0) == -EFAULT);
        return REFUSED;
    }
}

static int try_others(uint32_t command)
{
    struct memory_information information;
    switch (command) {
    case SYSTEM_SUM: {
        uint32_t a = bad_word(), b = bad_word();
        MUST((uint32_t)system_sum((int32_t)a, (int32_t)b) == a + b);
        return REFUSED;
    }
    case SYSTEM_GET_KEY:
        MUST(system_get_key() >= 0);
        return REFUSED;
    case SYSTEM_PUT_CHAR:
        if (run_random.characters < CHARACTERS) {
            MUST(system_put_char('.') == 0);
            run_random.characters++;
        }
        return REFUSED;
    case SYSTEM_YIELD:
        MUST(pick(64) || system_yield() == 0);
        return REFUSED;
    case SYSTEM_SLEEP:
        MUST(pick(256) || system_sleep(0) == 0);
        return REFUSED;
    case SYSTEM_GETPID:
        MUST(system_getpid() > 0);
        return REFUSED;
    case SYSTEM_WAIT:
        MUST(system_call(SYSTEM_WAIT, (uint32_t)stranger(), bad_word()) < 0);
        return REFUSED;
    case SYSTEM_TIME: {
        uint32_t before = system_time();
        MUST(time_since(before) < 60000);
        return REFUSED;
    }
    case SYSTEM_MEMORY:
        MUST(system_memory(&information) == 0);
        MUST(information.free <= information.total);
        return REFUSED;
    case SYSTEM_KILL:
        MUST(system_kill(stranger()) < 0);
        return REFUSED;
    default:
        MUST(system_call(SYSTEM_CALLS + pick(0xf0000000), bad_word(), bad_word()) == -EINVARG);
        return REFUSED;
    }
}

static int try_call(void)
{
    uint32_t command = pick(SYSTEM_CALLS + 3);
    switch (command) {
    case SYSTEM_MALLOC:
        return try_memory();
    case SYSTEM_PRINT:
    case SYSTEM_FREE:
    case SYSTEM_LOAD:
    case SYSTEM_RUN:
        return pick(512) ? try_pointers(command) : try_children();
    case SYSTEM_ARGUMENTS:
        return try_pointers(command);
    case SYSTEM_MEMORY:
        return pick(2) ? try_pointers(command) : try_others(command);
    case SYSTEM_EXIT:
        return REFUSED;
    default:
        return try_others(command);
    }
}

/* ARGUMENT calls, with a bystander that computes. */
ATTACK(random_calls)
{
    struct program_arguments arguments;
    MUST(system_arguments(&arguments) == 0);
    run_random.arguments = (uint32_t)arguments.argv;
    run_random.bystander = attack_start("compute", 0, 0);
    MUST(run_random.bystander > 0);
    run_random.state = SEED;
    for (uint32_t i = 0; i < argument; i++)
        if (try_call() != REFUSED) {
            printf("hostile: that was call %u of %u\n", i, argument);
            return GOT_THROUGH;
        }
    if (run_random.characters)
        putchar('\n');
    MUST(attack_refused(run_random.bystander));
    return REFUSED;
}

static const struct attack attacks[] = {ONCE(random_calls, SURVIVES)};
THEME(hostile_random, attacks);
