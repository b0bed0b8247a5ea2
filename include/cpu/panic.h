/*
 * The end of the kernel: interrupts off, what happened in words, registers, the call chain with
 * function names, whether the rest of the kernel is sound, and then the machine stands still (or
 * leaves, where a test harness listens).
 */
#ifndef PLAT_CPU_PANIC_H
#define PLAT_CPU_PANIC_H

#include "cpu/trap.h"

/* For what can't happen: a broken invariant, a boot that can't go on. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For a trap that nobody handles. ESP is the stack pointer of the code that was interrupted. */
_Noreturn void panic_trap(const struct trap_frame *frame, uint32_t esp);

/* Prints the registers of FRAME, three lines. */
void panic_print_registers(const struct trap_frame *frame, uint32_t esp);

/* What higher layers add; each may be NULL. */
struct panic_hooks {
    /* Called first: nothing of the kernel's work, of which something is broken, is to go on. */
    void (*begin)(void);
    /* Says in words what a page fault or double fault was about, and prints the page walk. */
    void (*describe)(const struct trap_frame *frame, vaddr_t address, uint32_t esp);
    /* NULL, or a sentence about the kernel that does not hold. All that was printed has been shown
     * before; it may fault, and only its own line is missing then. */
    const char *(*check)(void);
    /* Leaves the machine if it can; returns if it can't. */
    void (*leave)(void);
};
void panic_set_hooks(struct panic_hooks hooks);

#endif
