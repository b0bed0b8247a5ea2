/* Games with the flags: what is privileged stays as it is, and the kernel does not mind the rest.
 */
#include "user/programs/hostile/attack.h"

enum {
    FLAG_TRAP = 1 << 8,
    FLAG_INTERRUPTS = 1 << 9,
    FLAG_DIRECTION = 1 << 10,
    FLAG_LEVEL = 3 << 12,
    FLAG_NESTED = 1 << 14,
    FLAG_VIRTUAL_8086 = 1 << 17,
    FLAG_ALIGNMENT = 1 << 18
};

static uint32_t get_flags(void)
{
    uint32_t flags;
    __asm__ volatile("pushfl; popl %0" : "=r"(flags));
    return flags;
}

/* Sets flags, calls 5 + 7, and clears those that would trouble the compiler. */
static int32_t sum_with_flags(uint32_t flags)
{
    int32_t answer = SYSTEM_SUM;
    __asm__ volatile("pushl $7; pushl $5; pushl %1; popfl; int $0x80\n\t"
                     "addl $8, %%esp; pushl $0x202; popfl"
                     : "+a"(answer)
                     : "r"(flags)
                     : "cc", "memory");
    return answer;
}

/* What popf leaves of FLAGS. */
static uint32_t try_flags(uint32_t flags)
{
    uint32_t left;
    __asm__ volatile("pushl %1; popfl; pushfl; popl %0; pushl $0x202; popfl"
                     : "=r"(left)
                     : "r"(flags)
                     : "cc", "memory");
    return left;
}

ATTACK(popf_level)
{
    uint32_t left = try_flags((get_flags() | FLAG_LEVEL) & ~(uint32_t)FLAG_INTERRUPTS);
    MUST((left & FLAG_LEVEL) == 0);
    MUST(left & FLAG_INTERRUPTS);
    return REFUSED;
}

ATTACK(popf_virtual_8086)
{
    MUST((try_flags(get_flags() | FLAG_VIRTUAL_8086) & FLAG_VIRTUAL_8086) == 0);
    MUST(system_sum(1, 2) == 3);
    return REFUSED;
}

ATTACK(popf_everything)
{
    MUST(sum_with_flags(0xffffffff & ~(uint32_t)FLAG_TRAP) == 12);
    MUST((get_flags() & (FLAG_LEVEL | FLAG_INTERRUPTS)) == FLAG_INTERRUPTS);
    return REFUSED;
}

ATTACK(iret_level)
{
    uint32_t left = (get_flags() | FLAG_LEVEL) & ~(uint32_t)FLAG_INTERRUPTS;
    __asm__ volatile(
        "pushl %0; pushl %%cs; pushl $1f; iret; 1: pushfl; popl %0; pushl $0x202; popfl"
        : "+r"(left)
        :
        : "cc", "memory");
    MUST((left & FLAG_LEVEL) == 0);
    MUST(left & FLAG_INTERRUPTS);
    return REFUSED;
}

/*
 * Into virtual 8086 mode, which only ring 0 may enter. A processor ignores the flag; some emulators
 * do not, and a fault then comes from a code segment that means something else: with the kernel's
 * number in it, it is still a program's fault.
 */
ATTACK(iret_virtual_8086)
{
    uint32_t flags = get_flags() | FLAG_VIRTUAL_8086 | FLAG_LEVEL;
    __asm__ volatile(
        "movl %%esp, %%ecx; pushl $0; pushl $0; pushl $0; pushl $0; pushl $0; pushl %%ecx\n\t"
        "pushl %0; pushl %1; pushl $1f; iret; 1: movl %%ecx, %%esp"
        :
        : "r"(flags), "r"(argument)
        : "ecx", "cc", "memory");
    return (get_flags() & FLAG_VIRTUAL_8086) ? GOT_THROUGH : REFUSED;
}
static const uint32_t code_selectors[] = {0x1b, 0x08};

ATTACK(nested_call)
{
    MUST(sum_with_flags(get_flags() | FLAG_NESTED) == 12);
    return REFUSED;
}

/* Then iret is a task switch, to the one that this task's segment names: none. */
ATTACK(nested_iret)
{
    __asm__ volatile("pushfl; orl $0x4000, (%%esp); popfl\n\t"
                     "pushfl; pushl %%cs; pushl $1f; iret; 1:" ::
                         : "cc", "memory");
    return GOT_THROUGH;
}

ATTACK(trap)
{
    __asm__ volatile("pushfl; orl $0x100, (%%esp); popfl; nop; nop" ::: "cc", "memory");
    return GOT_THROUGH;
}

ATTACK(trap_call)
{
    sum_with_flags(get_flags() | FLAG_TRAP);
    return GOT_THROUGH;
}

/* A load of SS holds traps back for one instruction. */
ATTACK(trap_held_back)
{
    __asm__ volatile("movl %%ss, %%ecx; movl %0, %%eax; pushfl; orl $0x100, (%%esp); popfl\n\t"
                     "movl %%ecx, %%ss; int $0x80; nop" ::"i"(SYSTEM_GETPID)
                     : "eax", "ecx", "cc", "memory");
    return GOT_THROUGH;
}

/* The kernel copies and clears forward whatever the program's direction is. */
ATTACK(direction_call)
{
    struct memory_information *information = (void *)(edge + 64);
    int32_t answer = SYSTEM_MALLOC;
    memset(edge, 0x5a, 128);
    MUST(sum_with_flags(get_flags() | FLAG_DIRECTION) == 12);
    __asm__ volatile("pushl $0; pushl $8192; std; int $0x80; cld; addl $8, %%esp"
                     : "+a"(answer)
                     :
                     : "cc", "memory");
    MUST(answer != 0);
    for (size_t i = 0; i < 2048; i++)
        MUST(((uint32_t *)answer)[i] == 0);
    MUST(system_free((void *)answer) == 0);
    answer = SYSTEM_MEMORY;
    __asm__ volatile("pushl $0; pushl %1; std; int $0x80; cld; addl $8, %%esp"
                     : "+a"(answer)
                     : "r"(information)
                     : "cc", "memory");
    MUST(answer == 0);
    MUST(information->own <= information->total && information->free < information->total);
    MUST(edge[63] == 0x5a && edge[64 + sizeof *information] == 0x5a);
    return REFUSED;
}

/* Allowed, but where the kernel has alignment checked. */
ATTACK(alignment)
{
    uint32_t words[2] = {1, 2};
    __asm__ volatile("pushfl; orl $0x40000, (%%esp); popfl; movl 1(%0), %%eax; pushl $0x202; popfl"
                     :
                     : "r"(words)
                     : "eax", "cc", "memory");
    return REFUSED;
}

ATTACK(alignment_call)
{
    MUST(sum_with_flags(get_flags() | FLAG_ALIGNMENT) == 12);
    return REFUSED;
}

static const struct attack attacks[] = {
    ONCE(popf_level, SURVIVES),
    ONCE(popf_virtual_8086, SURVIVES),
    ONCE(popf_everything, SURVIVES),
    ONCE(iret_level, SURVIVES | RETURN_FAULTS),
    EACH(iret_virtual_8086, SURVIVES | GENERAL_PROTECTION | PAGE_FAULT, code_selectors),
    ONCE(nested_call, SURVIVES),
    ONCE(nested_iret, INVALID_TSS | GENERAL_PROTECTION),
    ONCE(trap, DEBUG_TRAP),
    ONCE(trap_call, DEBUG_TRAP),
    ONCE(trap_held_back, DEBUG_TRAP),
    ONCE(direction_call, SURVIVES),
    ONCE(alignment, SURVIVES | ALIGNMENT_CHECK),
    ONCE(alignment_call, SURVIVES),
};
THEME(hostile_flags, attacks);
