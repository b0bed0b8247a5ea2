/* `int n` for every n but the one that is allowed, and its short forms. */
#include "user/programs/hostile/attack.h"

/* Four bytes each: int n; ret; nop. */
extern const uint8_t interrupt_stubs[];
__asm__(".pushsection .text\n"
        "interrupt_stubs:\n"
        ".set number, 0\n"
        ".rept 256\n"
        ".byte 0xcd, number, 0xc3, 0x90\n"
        ".set number, number + 1\n"
        ".endr\n"
        ".popsection\n");

ATTACK(interrupt)
{
    const uint8_t *stub = interrupt_stubs + 4 * (argument & 0xff);
    __asm__ volatile("call *%0" ::"r"(stub) : "eax", "ecx", "edx", "cc", "memory");
    return GOT_THROUGH;
}

/* The gates of these may be open to ring 3: then they are this process's own affair. */
ATTACK(int3)
{
    __asm__ volatile(".byte 0xcc" ::: "memory");
    return GOT_THROUGH;
}

ATTACK(into)
{
    __asm__ volatile("movb $0x7f, %%al; addb $1, %%al; into" ::: "eax", "cc", "memory");
    return GOT_THROUGH;
}

/* Opcode 0xf1, which asks no gate for leave; unknown to QEMU 7.2. */
ATTACK(icebp)
{
    __asm__ volatile(".byte 0xf1" ::: "memory");
    return GOT_THROUGH;
}

static const struct attack attacks[] = {
    RANGE(interrupt, GENERAL_PROTECTION, 0, 2),
    RANGE(interrupt, GENERAL_PROTECTION | BREAKPOINT, 3, 3),
    RANGE(interrupt, GENERAL_PROTECTION | OVERFLOW, 4, 4),
    RANGE(interrupt, GENERAL_PROTECTION, 5, SYSTEM_CALL_VECTOR - 1),
    RANGE(interrupt, GENERAL_PROTECTION, SYSTEM_CALL_VECTOR + 1, 255),
    ONCE(int3, GENERAL_PROTECTION | BREAKPOINT),
    ONCE(into, GENERAL_PROTECTION | OVERFLOW),
    ONCE(icebp, DEBUG_TRAP | INVALID_OPCODE),
};
THEME(hostile_interrupts, attacks);
