/* Instructions that are ring 0's alone, or nobody's. */
#include "user/programs/hostile/attack.h"

/*
 * Name, how it may end, the instruction. Those that came after the 386 are unknown on one, and are
 * written as bytes where the assembler may not know them. %esp points to two words.
 */
#define INSTRUCTIONS(X)                                                                            \
    X(hlt, GENERAL_PROTECTION, "hlt")                                                              \
    X(cli, GENERAL_PROTECTION, "cli")                                                              \
    X(sti, GENERAL_PROTECTION, "sti")                                                              \
    X(clts, GENERAL_PROTECTION, "clts")                                                            \
    X(lgdt, GENERAL_PROTECTION, "lgdt (%%esp)")                                                    \
    X(lidt, GENERAL_PROTECTION, "lidt (%%esp)")                                                    \
    X(lldt, GENERAL_PROTECTION, "lldt %%ax")                                                       \
    X(ltr, GENERAL_PROTECTION, "movw $0x30, %%ax; ltr %%ax")                                       \
    X(lmsw, GENERAL_PROTECTION, "movw $1, %%ax; lmsw %%ax")                                        \
    X(read_cr0, GENERAL_PROTECTION, "movl %%cr0, %%eax")                                           \
    X(read_cr2, GENERAL_PROTECTION, "movl %%cr2, %%eax")                                           \
    X(read_cr3, GENERAL_PROTECTION, "movl %%cr3, %%eax")                                           \
    X(read_cr4, PRIVILEGED_OR_NEW, ".byte 0x0f, 0x20, 0xe0")                                       \
    X(write_cr0, GENERAL_PROTECTION, "movl $0x80000011, %%eax; movl %%eax, %%cr0")                 \
    X(write_cr2, GENERAL_PROTECTION, "movl %%eax, %%cr2")                                          \
    X(write_cr3, GENERAL_PROTECTION, "movl %%eax, %%cr3")                                          \
    X(write_cr4, PRIVILEGED_OR_NEW, ".byte 0x0f, 0x22, 0xe0")                                      \
    X(read_cr1, PRIVILEGED_OR_NEW, ".byte 0x0f, 0x20, 0xc8")                                       \
    X(read_dr0, GENERAL_PROTECTION, "movl %%db0, %%eax")                                           \
    X(read_dr7, GENERAL_PROTECTION, "movl %%db7, %%eax")                                           \
    X(write_dr0, GENERAL_PROTECTION, "movl %%eax, %%db0")                                          \
    X(write_dr7, GENERAL_PROTECTION, "xorl %%eax, %%eax; movl %%eax, %%db7")                       \
    X(read_test_register, PRIVILEGED_OR_NEW, ".byte 0x0f, 0x24, 0xf0")                             \
    X(write_test_register, PRIVILEGED_OR_NEW, ".byte 0x0f, 0x26, 0xf0")                            \
    X(invlpg, PRIVILEGED_OR_NEW, ".byte 0x0f, 0x01, 0x3c, 0x24")                                   \
    X(rdmsr, PRIVILEGED_OR_NEW, "movl $0x10, %%ecx; .byte 0x0f, 0x32")                             \
    X(wrmsr, PRIVILEGED_OR_NEW, "movl $0x10, %%ecx; .byte 0x0f, 0x30")                             \
    X(rdpmc, PRIVILEGED_OR_NEW, "xorl %%ecx, %%ecx; .byte 0x0f, 0x33")                             \
    X(rsm, PRIVILEGED_OR_NEW, ".byte 0x0f, 0xaa")                                                  \
    X(sysenter, PRIVILEGED_OR_NEW, ".byte 0x0f, 0x34")                                             \
    X(sysexit, PRIVILEGED_OR_NEW, ".byte 0x0f, 0x35")                                              \
    X(syscall, PRIVILEGED_OR_NEW, ".byte 0x0f, 0x05")                                              \
    X(sysret, PRIVILEGED_OR_NEW, ".byte 0x0f, 0x07")                                               \
    X(monitor, PRIVILEGED_OR_NEW, ".byte 0x0f, 0x01, 0xc8")                                        \
    X(mwait, PRIVILEGED_OR_NEW, ".byte 0x0f, 0x01, 0xc9")                                          \
    X(xsetbv, PRIVILEGED_OR_NEW, ".byte 0x0f, 0x01, 0xd1")                                         \
    X(ud2, INVALID_OPCODE, ".byte 0x0f, 0x0b")                                                     \
    X(f00f, INVALID_OPCODE, ".byte 0xf0, 0x0f, 0xc7, 0xc8")                                        \
    X(lock_nop, INVALID_OPCODE, ".byte 0xf0, 0x90")                                                \
    X(too_long, PRIVILEGED_OR_NEW, ".fill 15, 1, 0x66; nop")                                       \
    X(division_by_zero, DIVIDE_ERROR, "xorl %%ecx, %%ecx; divl %%ecx")                             \
    X(division_overflow, DIVIDE_ERROR,                                                             \
      "movl $0x80000000, %%eax; cltd; movl $-1, %%ecx; idivl %%ecx")                               \
    X(aam_zero, DIVIDE_ERROR, ".byte 0xd4, 0x00")                                                  \
    X(bound, OUT_OF_BOUNDS, "movl $-1, %%eax; boundl %%eax, (%%esp)")

#define PRIVILEGED_OR_NEW (GENERAL_PROTECTION | INVALID_OPCODE)

#define DEFINE(name, expected, code)                                                               \
    ATTACK(name)                                                                                   \
    {                                                                                              \
        __asm__ volatile("pushl $0; pushl $0; " code "; addl $8, %%esp" ::                         \
                             : "eax", "ecx", "edx", "cc", "memory");                               \
        return GOT_THROUGH;                                                                        \
    }
#define ENTRY(name, expected, code) ONCE(name, expected),

INSTRUCTIONS(DEFINE)

/*
 * Emptying the caches. No setting lets ring 3 do it: where the instruction does not fault although
 * it ran in ring 3, the processor has not looked, and the kernel has no part in it.
 */
#define CACHE(name, code)                                                                          \
    ATTACK(name)                                                                                   \
    {                                                                                              \
        bool in_ring_3 = current_ring() == 3;                                                      \
        __asm__ volatile(code ::: "memory");                                                       \
        return in_ring_3 && current_ring() == 3 ? UNCHECKED : GOT_THROUGH;                         \
    }

CACHE(invd, ".byte 0x0f, 0x08")
CACHE(wbinvd, ".byte 0x0f, 0x09")

/* A byte, a word and a long at each port, both ways; strings of them. Zero is what is written. */
#define PORT(name, code)                                                                           \
    ATTACK(name)                                                                                   \
    {                                                                                              \
        static uint8_t place[16];                                                                  \
        uint32_t value = 0, count = 1;                                                             \
        void *address = place;                                                                     \
        __asm__ volatile("movl %0, %%esi; movl %0, %%edi; cld; " code                              \
                         : "+r"(address), "+a"(value), "+c"(count)                                 \
                         : "d"(argument)                                                           \
                         : "esi", "edi", "cc", "memory");                                          \
        return GOT_THROUGH;                                                                        \
    }

PORT(in_byte, "inb %%dx, %%al")
PORT(in_word, "inw %%dx, %%ax")
PORT(in_long, "inl %%dx, %%eax")
PORT(in_fixed, "inb $0x21, %%al")
PORT(in_string, "insb")
PORT(in_strings, "rep insl")
PORT(out_byte, "outb %%al, %%dx")
PORT(out_word, "outw %%ax, %%dx")
PORT(out_long, "outl %%eax, %%dx")
PORT(out_fixed, "outb %%al, $0x21")
PORT(out_string, "outsb")
PORT(out_strings, "rep outsl")

static const uint32_t ports[] = {0, 0x21, 0x43, 0x60, 0x64, 0x71, 0xf4, 0x3f8, 0xcfc, 0xffff};

static const struct attack attacks[] = {
    INSTRUCTIONS(ENTRY) ONCE(invd, PRIVILEGED_OR_NEW | EMULATOR_MAY_RUN_IT),
    ONCE(wbinvd, PRIVILEGED_OR_NEW | EMULATOR_MAY_RUN_IT),
    EACH(in_byte, GENERAL_PROTECTION, ports),
    EACH(in_word, GENERAL_PROTECTION, ports),
    EACH(in_long, GENERAL_PROTECTION, ports),
    ONCE(in_fixed, GENERAL_PROTECTION),
    EACH(in_string, GENERAL_PROTECTION, ports),
    EACH(in_strings, GENERAL_PROTECTION, ports),
    EACH(out_byte, GENERAL_PROTECTION, ports),
    EACH(out_word, GENERAL_PROTECTION, ports),
    EACH(out_long, GENERAL_PROTECTION, ports),
    ONCE(out_fixed, GENERAL_PROTECTION),
    EACH(out_string, GENERAL_PROTECTION, ports),
    EACH(out_strings, GENERAL_PROTECTION, ports),
};
THEME(hostile_instructions, attacks);
