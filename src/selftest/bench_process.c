#include "selftest/bench_process.h"

#include "cpu/cpu.h"
#include "lib/print.h"
#include "memory/kheap/kheap.h"
#include "memory/memory.h"
#include "process/process_memory.h"
#include "selftest/ring3.h"

enum { ROUNDS = 64, PAGES = 256, LOOP_INSTRUCTIONS = 3 };

/* rdtsc; mov esi, eax; mov ecx, 1024; again: a call; dec ecx; jnz again; rdtsc; sub eax, esi;
 * shr eax, 10; push eax; exit: its code is what a round takes. */
#define CALLS(number)                                                                              \
    {                                                                                              \
        0x0f, 0x31, 0x89, 0xc6, 0xb9, 0, 4, 0, 0, RING3_CALL(number), 0x49, 0x75, 0xf6, 0x0f,      \
            0x31, 0x29, 0xf0, 0xc1, 0xe8, 10, 0x50, RING3_CALL(SYSTEM_EXIT)                        \
    }

static const uint8_t asks_for_its_number[] = CALLS(SYSTEM_GETPID);
static const uint8_t yields[] = CALLS(SYSTEM_YIELD);

static uint32_t since(uint64_t start)
{
    return (uint32_t)(cpu_tsc() - start);
}

static void say(const char *what, uint32_t ticks)
{
    kprintf("  %-44s %7u\n", what, ticks);
}

/* Of NPAGES pages, what clearing takes left out. */
static void time_memory(struct process *process, size_t npages, const char *what)
{
    uint32_t given = 0, taken = 0, cleared = 0;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t start = cpu_tsc();
        void *pages = process_malloc(process, npages * PAGE_SIZE);
        given += since(start);
        start = cpu_tsc();
        if (!pages || process_free(process, pages))
            return;
        taken += since(start);
        void *same = kmalloc_for(OWNER_SHELL, npages * PAGE_SIZE);
        start = cpu_tsc();
        if (same)
            memset(same, 0, npages * PAGE_SIZE);
        cleared += since(start);
        kfree(same);
    }
    kprintf("  %-44s %7u, clearing them %u; free %u\n", what, (given - cleared) / ROUNDS,
            cleared / ROUNDS, taken / ROUNDS);
}

/* The registers of one process out, those of another one in; nothing where there is no FPU. */
static void time_fpu(void)
{
    struct process *one = RING3_START(ring3_spins), *other = RING3_START(ring3_spins);
    uint32_t flags = cpu_save_flags();
    if (one && other) {
        fpu_switch(other);
        uint64_t start = cpu_tsc();
        for (int i = 0; i < ROUNDS; i++) {
            fpu_switch(one);
            fpu_switch(other);
        }
        say(".. and the registers of its FPU and SSE", since(start) / (2 * ROUNDS));
    }
    cpu_restore_flags(flags);
    if (one)
        ring3_stop(one);
    if (other)
        ring3_stop(other);
}

void bench_process_run(void)
{
    kprintf("bench: ticks of the time stamp counter, processes\n");
    uint32_t call = (uint32_t)RING3_RUN(asks_for_its_number).code - LOOP_INSTRUCTIONS;
    say("system call, there and back", call);
    /* There is only the kernel to hand over to, which has no FPU registers, and it hands back. */
    say("switch to another", ((uint32_t)RING3_RUN(yields).code - call) / 2);
    time_fpu();
    uint32_t flags = cpu_save_flags();
    uint64_t start = cpu_tsc();
    for (int i = 0; i < ROUNDS; i++)
        (void)RING3_RUN(ring3_exits_with_7);
    say("a program that only exits, from start to end", since(start) / ROUNDS);
    cpu_restore_flags(flags);
    struct process *process = RING3_START(ring3_spins);
    if (!process)
        return;
    flags = cpu_save_flags();
    time_memory(process, 1, "process_malloc of a page");
    time_memory(process, PAGES, "process_malloc of 256 pages");
    cpu_restore_flags(flags);
    ring3_stop(process);
}
