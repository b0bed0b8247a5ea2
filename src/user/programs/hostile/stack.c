/* A stack pointer that points anywhere while a call is made: its arguments lie there. */
#include "user/programs/hostile/attack.h"

/* COMMAND with ESP as given. */
static int32_t call_with_stack(uint32_t command, uint32_t esp)
{
    int32_t answer = (int32_t)command;
    __asm__ volatile("movl %%esp, %%ebx; movl %1, %%esp; int $0x80; movl %%ebx, %%esp"
                     : "+a"(answer)
                     : "r"(esp)
                     : "ebx", "cc", "memory");
    return answer;
}

/* Kernel, nobody's, and so near to the end of 4 GB that the arguments go round. */
static const uint32_t stacks[] = {0,          1,          0xffc,      0xb8000,    0x100000,
                                  0x3faff8,   0x3faffd,   0x00a00000, 0x01000000, 0x7fffffff,
                                  0x80000000, 0xd0000000, 0xfffff000, 0xfffffff8, 0xfffffff9,
                                  0xfffffffc, 0xffffffff};

ATTACK(bad_stack)
{
    for (uint32_t command = 0; command < SYSTEM_CALLS; command++) {
        if (command == SYSTEM_GET_KEY || command == SYSTEM_YIELD || command == SYSTEM_GETPID ||
            command == SYSTEM_TIME)
            continue; /* they have no arguments */
        int32_t answer = call_with_stack(command, argument);
        if (answer != -EFAULT && !(command == SYSTEM_MALLOC && answer == 0)) {
            printf("hostile: command %u with stack 0x%x: %d\n", command, argument, answer);
            return GOT_THROUGH;
        }
    }
    return REFUSED;
}

/* Those without arguments don't look at the stack, and every command leaves it alone. */
ATTACK(bad_stack_unused)
{
    MUST(call_with_stack(SYSTEM_GETPID, argument) == getpid());
    MUST(call_with_stack(SYSTEM_YIELD, argument) == 0);
    MUST(call_with_stack(0xdead0000, argument) == -EINVARG);
    return REFUSED;
}

/* The last word of the program's memory is one argument; there is no second. */
ATTACK(stack_at_edge)
{
    uint32_t end = (uint32_t)(edge + EDGE_BYTES);
    memset(edge, 0, EDGE_BYTES);
    MUST(call_with_stack(SYSTEM_SUM, end - 8) == 0);
    MUST(call_with_stack(SYSTEM_SUM, end - 4) == -EFAULT);
    MUST(call_with_stack(SYSTEM_SUM, end - 5) == -EFAULT);
    MUST(call_with_stack(SYSTEM_SUM, end) == -EFAULT);
    MUST(call_with_stack(SYSTEM_FREE, end - 4) == 0);
    MUST(call_with_stack(SYSTEM_FREE, end - 3) == -EFAULT);
    MUST(call_with_stack(SYSTEM_EXIT, end - 3) == -EFAULT);
    return REFUSED;
}

/* On no boundary, and across two pages of its own. */
ATTACK(odd_stack)
{
    static uint32_t words[4096];
    uint8_t *boundary = (uint8_t *)(((uint32_t)words + 8191) & ~4095u);
    for (size_t before = 0; before <= 8; before++) {
        uint32_t arguments[2] = {1000, 337};
        memcpy(boundary - before, arguments, sizeof arguments);
        MUST(call_with_stack(SYSTEM_SUM, (uint32_t)boundary - before) == 1337);
    }
    return REFUSED;
}

/* Nobody asks the kernel anything, but interrupts come: they must not use this stack. */
ATTACK(interrupted_stack)
{
    uint32_t count = 20000000;
    __asm__ volatile("movl %%esp, %%ebx; movl %1, %%esp; 1: decl %0; jnz 1b; movl %%ebx, %%esp"
                     : "+c"(count)
                     : "r"(argument)
                     : "ebx", "cc", "memory");
    return count == 0 ? REFUSED : GOT_THROUGH;
}
static const uint32_t few_stacks[] = {0, 0x100000, 0xffffffff};

ATTACK(push_there)
{
    __asm__ volatile("movl %%esp, %%ebx; movl %0, %%esp; pushl %%eax; movl %%ebx, %%esp"
                     :
                     : "r"(argument)
                     : "ebx", "memory");
    return GOT_THROUGH;
}

static const struct attack attacks[] = {
    EACH(bad_stack, SURVIVES, stacks),
    EACH(bad_stack_unused, SURVIVES, stacks),
    ONCE(stack_at_edge, SURVIVES),
    ONCE(odd_stack, SURVIVES),
    EACH(interrupted_stack, SURVIVES, few_stacks),
    EACH(push_there, PAGE_FAULT | STACK_FAULT, stacks),
};
THEME(hostile_stack, attacks);
