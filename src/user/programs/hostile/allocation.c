/* All of the memory that there is, again and again, while others work. */
#include "user/programs/hostile/attack.h"

enum { BLOCK_BYTES = 4096, LARGEST_BYTES = 64 << 20, PRIMES_BELOW = 200000, NPRIMES = 17984 };

/* What begins each piece that is taken: they are a list. */
struct piece {
    struct piece *next;
    uint32_t nbytes;
};

/* A piece of NBYTES that was zero, with its own address in each block; NULL without memory. */
static struct piece *take(uint32_t nbytes, struct piece *list)
{
    struct piece *piece = system_malloc(nbytes);
    if (!piece)
        return NULL;
    for (uint32_t i = 0; i < nbytes; i += BLOCK_BYTES) {
        uint32_t *last = (uint32_t *)((uint32_t)piece + i + BLOCK_BYTES - sizeof *last);
        if (*last)
            attack_got_through(__FILE__, __LINE__, "a fresh block is zero");
        *last = (uint32_t)last;
    }
    piece->next = list;
    piece->nbytes = nbytes;
    return piece;
}

/* Large pieces first, then smaller ones, until there is not one block. */
static struct piece *take_all(void)
{
    struct piece *list = NULL, *piece;
    for (uint32_t nbytes = LARGEST_BYTES; nbytes >= BLOCK_BYTES; nbytes /= 2)
        while ((piece = take(nbytes, list)) != NULL)
            list = piece;
    return list;
}

/* Whether each block still has what was written: nobody else was given it. */
static bool is_whole(const struct piece *list)
{
    for (; list; list = list->next)
        for (uint32_t i = 0; i < list->nbytes; i += BLOCK_BYTES) {
            const uint32_t *last = (uint32_t *)((uint32_t)list + i + BLOCK_BYTES - sizeof *last);
            if (*last != (uint32_t)last)
                return false;
        }
    return true;
}

/* With all memory in its hands, the kernel must still say no, and yes to what needs none. */
static int use_without_memory(void)
{
    struct process_end end;
    /* Somebody else may end meanwhile, and leave room. */
    MUST(system_free(system_malloc(1)) == 0);
    free(malloc(100000));
    int pid = run("hostile nothing");
    MUST(pid < 0 || attack_refused(pid));
    MUST(system_print("") == 0);
    MUST(system_wait(0x7fffffff, &end) == -ECHILD);
    MUST(system_yield() == 0);
    return REFUSED;
}

static int exhaust_once(void)
{
    struct piece *list = take_all();
    MUST(list);
    MUST(use_without_memory() == REFUSED);
    MUST(is_whole(list));
    while (list) {
        struct piece *next = list->next;
        MUST(system_free(list) == 0);
        list = next;
    }
    return REFUSED;
}

/* Takes all memory and ends without giving it back. */
ATTACK(exhaust_keep)
{
    MUST(is_whole(take_all()));
    return REFUSED;
}

/* Counts primes in its own memory: a small program that must not notice anything. */
ATTACK(compute)
{
    static uint32_t composite[PRIMES_BELOW / 32]; /* a bit for each number */
    uint32_t count = 0;
    for (uint32_t i = 2; i < PRIMES_BELOW; i++) {
        if (composite[i / 32] >> i % 32 & 1)
            continue;
        count++;
        for (uint32_t multiple = 2 * i; multiple < PRIMES_BELOW; multiple += i)
            composite[multiple / 32] |= 1u << multiple % 32;
        if (count % 64 == 0)
            yield();
    }
    MUST(count == NPRIMES);
    return REFUSED;
}

/* ARGUMENT times, with a bystander. */
ATTACK(exhaust)
{
    int bystander = attack_start("compute", 0, 0);
    MUST(bystander > 0);
    for (uint32_t round = 0; round < argument; round++) {
        MUST(exhaust_once() == REFUSED);
        yield();
    }
    MUST(attack_refused(bystander));
    return REFUSED;
}

/* All that ended processes had comes back. The first one lets the kernel's own heap grow. */
ATTACK(exhaust_and_leave)
{
    struct process_end end;
    uint32_t before = 0;
    for (int round = 0; round < 4; round++) {
        int bystander = attack_start("compute", 0, 0);
        MUST(bystander > 0);
        MUST(attack_run("exhaust_keep", 0, 0, &end) && exited_with(&end, REFUSED));
        MUST(attack_refused(bystander));
        if (round == 0)
            before = free_blocks();
    }
    MUST(free_blocks() >= before);
    return REFUSED;
}

/* Small pieces, more than any table of fixed size holds, and gone with their process. */
ATTACK(many_pieces_keep)
{
    for (uint32_t i = 0; i < argument; i++)
        if (!system_malloc(1))
            break;
    return REFUSED;
}

ATTACK(many_pieces)
{
    struct process_end end;
    MUST(attack_run("many_pieces_keep", 1, 0, &end) && exited_with(&end, REFUSED));
    uint32_t before = free_blocks();
    MUST(attack_run("many_pieces_keep", 20000, 0, &end) && exited_with(&end, REFUSED));
    MUST(free_blocks() >= before);
    return REFUSED;
}

/* A helper that is refused at once. */
ATTACK(nothing)
{
    return REFUSED;
}

static const struct attack attacks[] = {
    ONCE(exhaust, SURVIVES),     ONCE(exhaust_keep, HELPER), ONCE(exhaust_and_leave, SURVIVES),
    ONCE(many_pieces, SURVIVES), ONCE(compute, HELPER),      ONCE(many_pieces_keep, HELPER),
    ONCE(nothing, HELPER),
};
THEME(hostile_allocation, attacks);
