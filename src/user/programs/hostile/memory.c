/* Memory that is not the program's: read, written, executed. */
#include "user/programs/hostile/attack.h"

/* What any access to it is; a word at 0xfffffffe reaches over the end of the segment. */
#define NOT_OWN (PAGE_FAULT | GENERAL_PROTECTION)

enum { BLOCK_BYTES = 4096, PATTERN = 0x600dda7a };

static const uint32_t addresses[] = {
    0,          4,          0xffc,      0xfff,      0x7e00,     0xb8000,    0x100000,   0x100ffe,
    0x200000,   0x3faffc,   0x3faffd,   0x00a00000, 0x00fffffc, 0x01000000, 0x7ffffffc, 0x80000000,
    0xcffffffc, 0xd0000000, 0xfec00000, 0xfee00000, 0xfffff000, 0xfffffffc, 0xfffffffe,
};

ATTACK(read_there)
{
    (void)*(volatile uint32_t *)argument;
    return GOT_THROUGH;
}

ATTACK(write_there)
{
    *(volatile uint32_t *)argument = 0;
    return GOT_THROUGH;
}

/* Reading and writing in one instruction. */
ATTACK(change_there)
{
    __asm__ volatile("lock addl $0, (%0)" ::"r"(argument) : "cc", "memory");
    return GOT_THROUGH;
}

ATTACK(call_there)
{
    ((void (*)(void))argument)();
    return GOT_THROUGH;
}

/* A string instruction that begins in its own memory. */
ATTACK(copy_from_below)
{
    uint32_t count = BLOCK_BYTES;
    const uint8_t *from = edge + 8;
    uint8_t *to = edge;
    __asm__ volatile("rep movsb" : "+S"(from), "+D"(to), "+c"(count)::"memory");
    return GOT_THROUGH;
}

ATTACK(write_own_text)
{
    *(volatile uint8_t *)own_text() = 0x90;
    return GOT_THROUGH;
}

ATTACK(write_own_constant)
{
    static const uint32_t constant = 7;
    *(volatile uint32_t *)(uint32_t)&constant = 8;
    return GOT_THROUGH;
}

/* Needs every page that there is to the end of the stack. */
static __attribute__((noinline)) uint32_t recurse(uint32_t depth)
{
    volatile uint32_t frame[64];
    frame[0] = depth;
    if (depth == UINT32_MAX)
        return 0; /* for the compiler's peace of mind */
    return recurse(depth + 1) + frame[0];
}

ATTACK(overflow_stack)
{
    return recurse(0) ? GOT_THROUGH : REFUSED;
}

/* Off the end of a block, and off its start: whatever else is its own, somewhere it ends. */
ATTACK(run_off_end)
{
    volatile uint8_t *at = malloc(BLOCK_BYTES);
    for (uint32_t i = 0; i < 1u << 20; i++, at += BLOCK_BYTES)
        *at = 1;
    return GOT_THROUGH;
}

ATTACK(run_off_start)
{
    volatile uint8_t *at = malloc(BLOCK_BYTES);
    for (uint32_t i = 0; i < 1u << 20; i++, at -= BLOCK_BYTES)
        *at = 1;
    return GOT_THROUGH;
}

/* Blocks that are gone: also where their addresses have just been used. */
ATTACK(read_freed)
{
    volatile uint32_t *block = system_malloc(argument * BLOCK_BYTES);
    size_t last = argument * BLOCK_BYTES / sizeof *block - 1;
    MUST(block);
    block[0] = block[last] = PATTERN;
    MUST(system_free((void *)block) == 0);
    (void)block[last];
    return GOT_THROUGH;
}

ATTACK(write_freed)
{
    volatile uint32_t *block = system_malloc(argument * BLOCK_BYTES);
    MUST(block);
    block[0] = PATTERN;
    MUST(system_free((void *)block) == 0);
    block[0] = PATTERN;
    return GOT_THROUGH;
}
static const uint32_t nblocks[] = {1, 2, 64, 256};

/* A block of its own, while another process has it mapped: nobody else may even look. */
static int steal(const char *how)
{
    struct process_end end;
    volatile uint32_t *block = system_malloc(2 * BLOCK_BYTES);
    MUST(block);
    block[0] = block[1024] = PATTERN;
    MUST(attack_run(how, (uint32_t)block, 0, &end) && died_of(&end, 14));
    MUST(attack_run(how, (uint32_t)&block[1024], 0, &end) && died_of(&end, 14));
    MUST(block[0] == PATTERN && block[1024] == PATTERN);
    MUST(system_free((void *)block) == 0);
    return REFUSED;
}

ATTACK(read_foreign)
{
    return steal("read_there");
}

ATTACK(write_foreign)
{
    return steal("write_there");
}

ATTACK(call_foreign)
{
    return steal("call_there");
}

/* What the program before left in memory must not be seen by the next. */
ATTACK(leave_pattern)
{
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t *block = system_malloc(4 * BLOCK_BYTES);
        for (uint32_t k = 0; block && k < 4 * BLOCK_BYTES / sizeof *block; k++)
            block[k] = PATTERN;
    }
    return REFUSED;
}

ATTACK(read_remains)
{
    struct process_end end;
    MUST(attack_run("leave_pattern", 0, 0, &end) && exited_with(&end, REFUSED));
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t *block = system_malloc(BLOCK_BYTES);
        for (uint32_t k = 0; block && k < BLOCK_BYTES / sizeof *block; k++)
            MUST(block[k] == 0);
    }
    /* Its own stack below what is in use, and its data behind what it has. */
    volatile uint32_t *stack = (volatile uint32_t *)(((uint32_t)&end & ~4095u) - 2 * BLOCK_BYTES);
    for (uint32_t k = 0; k < BLOCK_BYTES / sizeof *stack; k++)
        MUST(stack[k] == 0);
    for (uint32_t k = 0; k < EDGE_BYTES; k++)
        MUST(edge[k] == 0);
    return REFUSED;
}

static const struct attack attacks[] = {
    EACH(read_there, NOT_OWN, addresses),   EACH(write_there, NOT_OWN, addresses),
    EACH(change_there, NOT_OWN, addresses), EACH(call_there, NOT_OWN, addresses),
    ONCE(copy_from_below, PAGE_FAULT),      ONCE(write_own_text, PAGE_FAULT),
    ONCE(write_own_constant, PAGE_FAULT),   ONCE(overflow_stack, PAGE_FAULT),
    ONCE(run_off_end, PAGE_FAULT),          ONCE(run_off_start, PAGE_FAULT),
    EACH(read_freed, PAGE_FAULT, nblocks),  EACH(write_freed, PAGE_FAULT, nblocks),
    ONCE(read_foreign, SURVIVES),           ONCE(write_foreign, SURVIVES),
    ONCE(call_foreign, SURVIVES),           ONCE(leave_pattern, HELPER),
    ONCE(read_remains, SURVIVES),
};
THEME(hostile_memory, attacks);
