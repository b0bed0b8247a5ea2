/* System calls with numbers that nobody should pass. */
#include "user/programs/hostile/attack.h"

enum { BLOCK_BYTES = 4096 };

static const uint32_t commands[] = {
    SYSTEM_CALLS, SYSTEM_CALLS + 1, 64,         255,        256,        1000,
    0x10000,      0x10000001,       0x20000000, 0x40000004, 0x7fffffff, 0x80000000,
    0x80000001,   0xc0000009,       0xfffffffe, 0xffffffff};

ATTACK(unknown_command)
{
    MUST(system_call(argument, 0, 0) == -EINVARG);
    MUST(system_call(argument, 0x100000, 0xffffffff) == -EINVARG);
    return REFUSED;
}

/* A call leaves every register but EAX as it was. */
ATTACK(registers_stay)
{
    uint32_t b = 0x11111111, c = 0x22222222, d = 0x33333333, s = 0x44444444, t = 0x55555555;
    int32_t answer = SYSTEM_GETPID;
    __asm__ volatile("int $0x80" : "+a"(answer), "+b"(b), "+c"(c), "+d"(d), "+S"(s), "+D"(t)::"cc");
    MUST(answer == getpid());
    MUST(b == 0x11111111 && c == 0x22222222 && d == 0x33333333);
    MUST(s == 0x44444444 && t == 0x55555555);
    return REFUSED;
}

/* No such memory: 0, and nothing is lost. (Half of 4 GB there may be.) */
static const uint32_t sizes[] = {0,          0x80000000, 0xc0000000, 0xf0000000,
                                 0xfffff000, 0xfffff001, 0xfffffff0, 0xffffffff};

ATTACK(malloc_size)
{
    struct memory_information information;
    uint32_t before = free_blocks();
    MUST(system_memory(&information) == 0);
    void *block = system_malloc(argument);
    if (block && argument && information.total >= argument / BLOCK_BYTES)
        MUST(system_free(block) == 0);
    else
        MUST(!block);
    MUST(free_blocks() >= before);
    return REFUSED;
}

ATTACK(free_null)
{
    MUST(system_free(NULL) == 0);
    return REFUSED;
}

ATTACK(free_bad)
{
    MUST(system_free((void *)argument) == -EINVARG);
    return REFUSED;
}

/* Places of its own that malloc did not give. */
ATTACK(free_own)
{
    uint32_t here = 0;
    uint32_t own[] = {(uint32_t)&here, (uint32_t)&here & ~4095u, (uint32_t)own_text(),
                      (uint32_t)edge,  (uint32_t)edge + 1,       0x003fb000,
                      0x003fe000};
    for (size_t i = 0; i < LENGTH(own); i++)
        MUST(system_free((void *)own[i]) == -EINVARG);
    edge[0] = (uint8_t)here;
    return REFUSED;
}

/* Its arguments are in memory that the kernel gave, but not for the program to free. */
ATTACK(free_arguments)
{
    struct program_arguments arguments;
    MUST(system_arguments(&arguments) == 0);
    MUST(system_free(arguments.argv) == -EINVARG);
    MUST(system_free((void *)((uint32_t)arguments.argv & ~4095u)) == -EINVARG);
    MUST(string_equal(arguments.argv[1], "free_arguments"));
    return REFUSED;
}

/* Each page of 32 MB, whoever's it is, but the one that it may free. */
ATTACK(free_everywhere)
{
    uint32_t block = (uint32_t)system_malloc(3 * BLOCK_BYTES);
    MUST(block);
    for (uint32_t page = BLOCK_BYTES; page < 0x02000000; page += BLOCK_BYTES)
        if (page != block)
            MUST(system_free((void *)page) == -EINVARG);
    MUST(system_free((void *)block) == 0);
    return REFUSED;
}

ATTACK(free_interior)
{
    uint8_t *block = system_malloc(3 * BLOCK_BYTES);
    MUST(block);
    for (uint32_t offset = 1; offset < 3 * BLOCK_BYTES; offset += offset < 64 ? 1 : 509)
        MUST(system_free(block + offset) == -EINVARG);
    MUST(system_free(block + BLOCK_BYTES) == -EINVARG);
    MUST(system_free(block + 2 * BLOCK_BYTES) == -EINVARG);
    MUST(system_free(block + 3 * BLOCK_BYTES) == -EINVARG);
    MUST(system_free(block) == 0);
    return REFUSED;
}

ATTACK(free_twice)
{
    uint8_t *block = system_malloc(BLOCK_BYTES), *other = system_malloc(BLOCK_BYTES);
    MUST(block && other && block != other);
    MUST(system_free(block) == 0);
    MUST(system_free(block) == -EINVARG);
    other[0] = 1;
    MUST(system_free(other) == 0);
    MUST(system_free(other) == -EINVARG);
    return REFUSED;
}

/* Another process's block: a helper tries, its owner then still has it. */
ATTACK(free_there)
{
    MUST(system_free((void *)argument) == -EINVARG);
    MUST(system_free((void *)(argument + BLOCK_BYTES)) == -EINVARG);
    return REFUSED;
}

ATTACK(free_foreign)
{
    struct process_end end;
    uint32_t *block = system_malloc(2 * BLOCK_BYTES);
    MUST(block);
    block[0] = block[2047] = 0x600dda7a;
    MUST(attack_run("free_there", (uint32_t)block, 0, &end) && exited_with(&end, REFUSED));
    MUST(block[0] == 0x600dda7a && block[2047] == 0x600dda7a);
    MUST(system_free(block) == 0);
    return REFUSED;
}

/* Any number is a character or refused; both are harmless. Blanks, so that the log stays text. */
ATTACK(put_char_number)
{
    MUST(system_put_char((int32_t)argument) <= 0);
    return REFUSED;
}
static const uint32_t blanks[] = {' ', 0xffffff20, 0x80000020, 0x120};

ATTACK(sleep_none)
{
    uint32_t before = time();
    for (int i = 0; i < 100; i++)
        MUST(system_sleep(0) == 0);
    MUST(time_since(before) < 10000);
    return REFUSED;
}

/* The addresses of bad_addresses[] that are worth freeing, without 0. */
static const uint32_t frees[] = {
    0x1000,     0x7000,     0xb8000,    0x100000,   0x101000,   0x200000,   0x003fa000,
    0x003ff000, 0x00800000, 0x01000000, 0x01001000, 0x7ffff000, 0x80000000, 0xd0000000,
    0xd0001000, 0xfee00000, 0xfffff000, 0xffffffff, 1,          0x01000001,
};

static const struct attack attacks[] = {
    EACH(unknown_command, SURVIVES, commands),
    ONCE(registers_stay, SURVIVES),
    EACH(malloc_size, SURVIVES, sizes),
    ONCE(free_null, SURVIVES),
    EACH(free_bad, SURVIVES, frees),
    ONCE(free_own, SURVIVES),
    ONCE(free_arguments, SURVIVES),
    ONCE(free_everywhere, SURVIVES),
    ONCE(free_interior, SURVIVES),
    ONCE(free_twice, SURVIVES),
    ONCE(free_there, HELPER),
    ONCE(free_foreign, SURVIVES),
    EACH(put_char_number, SURVIVES, blanks),
    ONCE(sleep_none, SURVIVES),
};
THEME(hostile_calls, attacks);
