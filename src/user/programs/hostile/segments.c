/* Selectors that are not a program's: loaded, jumped to, called, returned to. */
#include "user/programs/hostile/attack.h"

#define NOT_LOADED (GENERAL_PROTECTION | SEGMENT_NOT_PRESENT | STACK_FAULT)

/*
 * The kernel's code and data, both tasks, a segment that is not present, beyond the table, in the
 * local table that nobody has (fault S9); with both privilege levels asked for.
 */
static const uint32_t selectors[] = {0x08, 0x0b, 0x10, 0x13, 0x28,   0x2b,   0x30,   0x33,
                                     0x38, 0x3b, 0x04, 0x07, 0x0c,   0x0f,   0x14,   0x17,
                                     0x40, 0x43, 0x80, 0x83, 0xfff8, 0xfffb, 0xfffc, 0xffff};

/* What a stack segment can't be besides: none, read-only, another level's. */
static const uint32_t stack_selectors[] = {0x00, 0x03, 0x18, 0x1b, 0x20, 0x21, 0x22};

#define LOAD(name, code)                                                                           \
    ATTACK(name)                                                                                   \
    {                                                                                              \
        __asm__ volatile(code ::"r"(argument) : "memory");                                         \
        return GOT_THROUGH;                                                                        \
    }
LOAD(load_ds, "movl %0, %%ds")
LOAD(load_es, "movl %0, %%es")
LOAD(load_fs, "movl %0, %%fs")
LOAD(load_gs, "movl %0, %%gs")
LOAD(load_ss, "movl %0, %%ss")
LOAD(pop_ds, "pushl %0; popl %%ds")
LOAD(pop_ss, "pushl %0; popl %%ss")

/* Where the code segment changes, it goes on at its label: in ring 0, if it ever gets there. */
struct far_address {
    uint32_t offset;
    uint16_t selector;
} __attribute__((packed));

ATTACK(far_jump)
{
    struct far_address target = {.selector = (uint16_t)argument};
    __asm__ volatile("movl $1f, %0; ljmp *%0; 1:" : "+m"(target)::"memory");
    return GOT_THROUGH;
}

ATTACK(far_call)
{
    struct far_address target = {.selector = (uint16_t)argument};
    __asm__ volatile("movl $1f, %0; lcall *%0; 1: addl $8, %%esp" : "+m"(target)::"cc", "memory");
    return GOT_THROUGH;
}

ATTACK(far_return)
{
    __asm__ volatile("pushl %0; pushl $1f; lret; 1:" ::"r"(argument) : "memory");
    return GOT_THROUGH;
}

ATTACK(interrupt_return)
{
    __asm__ volatile("pushfl; pushl %0; pushl $1f; iret; 1:" ::"r"(argument) : "cc", "memory");
    return GOT_THROUGH;
}

/* To a stack of its own choice, as when going back to an outer ring, which there is not. */
ATTACK(interrupt_return_inward)
{
    __asm__ volatile("movl %%esp, %%eax; pushl $0x10; pushl %%eax; pushfl; pushl $0x08; pushl $1f;"
                     "iret; 1:" ::
                         : "eax", "cc", "memory");
    return GOT_THROUGH;
}

/*
 * Selectors that a program may load and the kernel must not run with: calls answer as ever, and
 * the program has what it loaded. Nothing here needs memory while they are loaded but the stack.
 */
ATTACK(odd_segments)
{
    static const uint32_t odd[] = {0, 1, 2, 3, 0x18, 0x1b, 0x20, 0x23};
    for (size_t i = 0; i < LENGTH(odd); i++) {
        int32_t answer = SYSTEM_SUM;
        uint32_t kept = odd[i];
        __asm__ volatile("pushl %%ds; pushl %%es; pushl %%fs; pushl %%gs; pushl $7; pushl $5\n\t"
                         "movl %1, %%ds; movl %1, %%es; movl %1, %%fs; movl %1, %%gs\n\t"
                         "int $0x80\n\t"
                         "movl %%ds, %1\n\t"
                         "addl $8, %%esp; popl %%gs; popl %%fs; popl %%es; popl %%ds"
                         : "+a"(answer), "+r"(kept)
                         :
                         : "cc", "memory");
        MUST(answer == 12);
        MUST((kept & ~3u) == (odd[i] & ~3u)); /* none at all may become 0 */
    }
    return REFUSED;
}

static const struct attack attacks[] = {
    EACH(load_ds, NOT_LOADED, selectors),
    EACH(load_es, NOT_LOADED, selectors),
    EACH(load_fs, NOT_LOADED, selectors),
    EACH(load_gs, NOT_LOADED, selectors),
    EACH(load_ss, NOT_LOADED, selectors),
    EACH(load_ss, NOT_LOADED, stack_selectors),
    EACH(pop_ds, NOT_LOADED, selectors),
    EACH(pop_ss, NOT_LOADED, selectors),
    EACH(far_jump, NOT_LOADED, selectors),
    EACH(far_call, NOT_LOADED, selectors),
    EACH(far_return, NOT_LOADED | RETURN_FAULTS, selectors),
    EACH(interrupt_return, NOT_LOADED | RETURN_FAULTS, selectors),
    ONCE(interrupt_return_inward, GENERAL_PROTECTION | RETURN_FAULTS),
    ONCE(odd_segments, SURVIVES),
};
THEME(hostile_segments, attacks);
