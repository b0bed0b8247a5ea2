/*
 * Attacks from ring 3. Each runs in a process of its own and either dies of an exception, or sees
 * that it was refused and returns REFUSED. A theme is a file with a table of them.
 */
#ifndef PLAT_USER_PROGRAMS_HOSTILE_ATTACK_H
#define PLAT_USER_PROGRAMS_HOSTILE_ATTACK_H

#include "user/plat.h"

/*
 * What an attack's function returns: the program's code. UNCHECKED: the processor itself let ring 3
 * do what it has to refuse, whatever the kernel does.
 */
enum { REFUSED = 0, GOT_THROUGH = 1, UNCHECKED = 3 };

/* How an attack may end, as bits: killed by the exception of that number, or refused. */
#define BY(vector)          (1u << (vector))
#define DIVIDE_ERROR        BY(0)
#define DEBUG_TRAP          BY(1)
#define BREAKPOINT          BY(3)
#define OVERFLOW            BY(4)
#define OUT_OF_BOUNDS       BY(5)
#define INVALID_OPCODE      BY(6)
#define NO_COPROCESSOR      BY(7)
#define INVALID_TSS         BY(10)
#define SEGMENT_NOT_PRESENT BY(11)
#define STACK_FAULT         BY(12)
#define GENERAL_PROTECTION  BY(13)
#define PAGE_FAULT          BY(14)
#define X87_ERROR           BY(16)
#define ALIGNMENT_CHECK     BY(17)
#define SIMD_ERROR          BY(19)
#define SURVIVES            BY(31)
/* The processor alone decides, and an emulator's may not look (QEMU 10 and 11). */
#define EMULATOR_MAY_RUN_IT BY(30)
/* QEMU 7.2 with SMAP: a far return reads its stack as if the kernel did, and faults. */
#define RETURN_FAULTS PAGE_FAULT
#define HELPER        0 /* not an attack: others run it */

struct attack {
    const char *name;
    int (*run)(uint32_t argument, uint32_t second);
    uint32_t expected;
    /* One attempt for each of COUNT arguments, from ARGUMENTS or, where that is NULL, FIRST on. */
    const uint32_t *arguments;
    uint32_t count, first;
};

struct theme {
    const struct attack *attacks;
    size_t count;
};

/* The attack's function. */
#define ATTACK(name)                                                                               \
    static int name(__attribute__((unused)) uint32_t argument,                                     \
                    __attribute__((unused)) uint32_t second)

/* Its entry: with one attempt, with one for each number of LIST, or from FIRST to LAST. */
#define ONCE(name, expected)                                                                       \
    {                                                                                              \
#name, name, expected, NULL, 1, 0                                                          \
    }
#define EACH(name, expected, list)                                                                 \
    {                                                                                              \
#name, name, expected, list, LENGTH(list), 0                                               \
    }
#define RANGE(name, expected, from, upto)                                                          \
    {                                                                                              \
#name, name, expected, NULL, (upto) - (from) + 1, from                                     \
    }

#define LENGTH(array)      (sizeof(array) / sizeof *(array))
#define THEME(title, list) const struct theme title = {list, LENGTH(list)}

/* Ends an attack that was not refused as it should be. */
#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return attack_got_through(__FILE__, __LINE__, #condition);                             \
    } while (0)
int attack_got_through(const char *file, int line, const char *condition);

/* Runs attack or helper NAME of this program in a process of its own; its process id. */
int attack_start(const char *name, uint32_t argument, uint32_t second);

/* Runs it to its end; false where it could not be started. */
bool attack_run(const char *name, uint32_t argument, uint32_t second, struct process_end *end);

/* Waits for PID, and says whether it exited with REFUSED. */
bool attack_refused(int pid);

static inline bool exited_with(const struct process_end *end, int code)
{
    return end->cause == PROCESS_EXITED && end->code == code;
}

static inline bool died_of(const struct process_end *end, int vector)
{
    return end->cause == PROCESS_FAULTED && end->code == vector;
}

/* The ring that the program is in. */
static inline unsigned current_ring(void)
{
    uint32_t selector;
    __asm__ volatile("movl %%cs, %0" : "=r"(selector));
    return selector & 3;
}

/* Whether the processor is QEMU's own (TCG), by what CPUID says; false where there is no CPUID. */
bool processor_is_emulated(void);

/* The blocks of the kernel's heap that are free. */
uint32_t free_blocks(void);

uint32_t next_random(uint32_t *state);

/* Addresses that are never a program's, whatever it does; the first one is 0. */
extern const uint32_t bad_addresses[];
extern const size_t nbad_addresses;

/* The program's last page: what lies behind it is not mapped. */
enum { EDGE_BYTES = 4096 };
extern uint8_t edge[EDGE_BYTES];

/* An address that is readable and not writable. */
static inline void *own_text(void)
{
    return (void *)0x00400000;
}

extern const struct theme hostile_instructions, hostile_interrupts, hostile_segments, hostile_flags,
    hostile_stack, hostile_coprocessor, hostile_memory, hostile_calls, hostile_allocation,
    hostile_pointers, hostile_processes, hostile_random, hostile_shares, hostile_simd,
    hostile_terminal;

#endif
