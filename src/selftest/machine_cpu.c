/*
 * The processor's state, register by register: nothing of the loader's is in it. What is expected
 * is worked out here once more, from CPUID's own bits.
 */
#include "case.h"
#include "cpu/cpu.h"
#include "cpu/probe.h"
#include "cpu/trap.h"
#include "memory/layout.h"
#include "process/user_trap.h"
#include "selftest/ring3.h"
#include "syscall/system_calls.h"

struct words {
    uint32_t eax, ebx, ecx, edx;
};

static struct words ask(uint32_t leaf)
{
    struct words words;
    __asm__ volatile("cpuid"
                     : "=a"(words.eax), "=b"(words.ebx), "=c"(words.ecx), "=d"(words.edx)
                     : "a"(leaf), "c"(0));
    return words;
}

/* Some 486 have no CPUID; the flag that says so is bit 21. */
static bool can_be_asked(void)
{
    uint32_t changed;
    __asm__ volatile(
        "pushf; pushf; xorl $0x200000, (%%esp); popf; pushf; pop %0; xorl (%%esp), %0\n\t"
        "popf"
        : "=r"(changed)
        :
        : "cc");
    return (changed & 0x200000) != 0;
}

static uint32_t bit_if(uint32_t bit, uint32_t word, unsigned feature)
{
    return (word >> feature & 1) << bit;
}

CASE(cpu, k1_cr0_and_cr4_are_exactly_what_plat_means)
{
    SKIP_UNLESS(can_be_asked(), "this processor has no CPUID");
    struct words zero = ask(0), one = ask(1), seven = {0};
    if (zero.eax >= 7)
        seven = ask(7);
    bool fpu = one.edx & 1;
    CHECK_EQUAL(cpu_cr0(), fpu ? 0x80010033 : 0x80010035);
    SKIP_UNLESS(one.edx & ~1u, "this processor may have no CR4");
    /* 4 MB pages may be off by the command line, and some are split; the directory says so. */
    bool large = false;
    for (size_t i = 0; i < 1024; i++)
        large |= (paging_kernel()->directory_entry[i] & PAGING_IS_LARGE) != 0;
    bool fxsr = fpu && (one.edx >> 24 & 1), sse = fxsr && (one.edx >> 25 & 1);
    uint32_t cr4 = (uint32_t)large << 4 | bit_if(6, one.edx, 7) | (uint32_t)fxsr << 9 |
                   (uint32_t)sse << 10 | bit_if(11, seven.ecx, 2) | bit_if(20, seven.ebx, 7) |
                   bit_if(21, seven.ebx, 20);
    CHECK_EQUAL(cpu_cr4(), cr4);
}

CASE(cpu, k1_debug_registers_are_empty)
{
    uint32_t dr0, dr1, dr2, dr3, dr7;
    __asm__ volatile("mov %%dr0, %0; mov %%dr1, %1; mov %%dr2, %2; mov %%dr3, %3; mov %%dr7, %4"
                     : "=r"(dr0), "=r"(dr1), "=r"(dr2), "=r"(dr3), "=r"(dr7));
    CHECK_EQUAL(dr7, 0x400); /* a bit that is always set */
    CHECK_EQUAL(dr0 | dr1 | dr2 | dr3, 0);
}

CASE(cpu, k1_no_local_descriptor_table)
{
    uint32_t selector;
    __asm__ volatile("sldt %0" : "=r"(selector));
    CHECK_EQUAL(selector & 0xffff, 0);
}

CASE(cpu, k1_no_system_call_without_a_gate)
{
    SKIP_UNLESS(can_be_asked(), "this processor has no CPUID");
    struct words one = ask(1), last = ask(0x80000000);
    if (one.edx & 1u << 11)
        CHECK_EQUAL(cpu_read_msr(0x174), 0);
    if (last.eax > 0x80000000 && (ask(0x80000001).edx & (1u << 11 | 1u << 20 | 1u << 29)))
        CHECK_EQUAL(cpu_read_msr(0xc0000080), 0);
}

CASE(cpu, k1_machine_checks_are_told)
{
    SKIP_UNLESS(can_be_asked() && (ask(1).edx & 1u << 14), "no banks for machine checks");
    uint64_t capabilities = cpu_read_msr(0x179);
    if (capabilities & 0x100)
        CHECK_EQUAL(cpu_read_msr(0x17b), UINT64_MAX);
    for (uint32_t bank = 0; bank < (capabilities & 0xff); bank++)
        CHECK_EQUAL(cpu_read_msr(0x401 + bank * 4), 0);
}

/* push 0; fnstcw [esp], or stmxcsr [esp]; exit */
static const uint8_t tells_control_word[] = {0x6a, 0, 0xd9, 0x3c, 0x24, RING3_CALL(SYSTEM_EXIT)};
static const uint8_t tells_mxcsr[] = {0x6a, 0, 0x0f, 0xae, 0x1c, 0x24, RING3_CALL(SYSTEM_EXIT)};
/* push 0x27f; fldcw [esp]; exit */
static const uint8_t sets_control_word[] = {
    0x68, 0x7f, 2, 0, 0, 0xd9, 0x2c, 0x24, RING3_CALL(SYSTEM_EXIT)};
/* push 0; fld1; fistp dword [esp]; exit */
static const uint8_t computes_1[] = {0x6a, 0,    0xd9, 0xe8,
                                     0xdb, 0x1c, 0x24, RING3_CALL(SYSTEM_EXIT)};
/* vxorps ymm0, ymm0, ymm0 */
static const uint8_t uses_avx[] = {0xc5, 0xfc, 0x57, 0xc0};

CASE(cpu, k1_c40_programs_may_use_x87_and_sse_and_no_more)
{
    SKIP_UNLESS(can_be_asked(), "this processor has no CPUID");
    uint32_t edx = ask(1).edx;
    bool fpu = edx & 1, sse = fpu && (edx >> 24 & 3) == 3;
    uint32_t cause = fpu ? PROCESS_EXITED : PROCESS_FAULTED;
    struct process_end end = RING3_RUN(tells_control_word);
    CHECK(ring3_ended_by(&end, cause, fpu ? 0x37f : TRAP_NO_COPROCESSOR));
    end = RING3_RUN(computes_1);
    CHECK(ring3_ended_by(&end, cause, fpu ? 1 : TRAP_NO_COPROCESSOR));
    end = RING3_RUN(tells_mxcsr);
    CHECK(ring3_ended_by(&end, sse ? PROCESS_EXITED : PROCESS_FAULTED,
                         sse ? 0x1f80 : TRAP_INVALID_OPCODE));
    end = RING3_RUN(uses_avx);
    CHECK(ring3_ended_by(&end, PROCESS_FAULTED, TRAP_INVALID_OPCODE));
}

/* With no other process in between, and most likely at the same place in memory. */
CASE(cpu, k1_registers_end_with_their_process)
{
    struct process_end end = RING3_RUN(sets_control_word);
    SKIP_UNLESS(!ring3_ended_by(&end, PROCESS_FAULTED, TRAP_NO_COPROCESSOR), "no FPU");
    CHECK(ring3_ended_by(&end, PROCESS_EXITED, 0x27f));
    end = RING3_RUN(tells_control_word);
    CHECK(ring3_ended_by(&end, PROCESS_EXITED, 0x37f));
}

static struct {
    uint32_t flags, calls;
    bool image_is_open; /* to the kernel */
} seen;

/* Instead of system calls: looks, and ends who called. */
static void look(struct trap_frame *frame)
{
    uint32_t word;
    __asm__ volatile("pushf; pop %0; cli" : "=r"(seen.flags)::"memory");
    paging_switch(process_current()->directory);
    seen.image_is_open = probe_read(LAYOUT_USER_PROGRAM, &word);
    paging_switch(paging_kernel());
    seen.calls++;
    process_exit(PROCESS_EXITED, (frame->eflags & EFLAGS_ALIGNMENT) != 0);
}

/* pushf; or dword [esp], 0x40000; popf; int 0x80 */
static const uint8_t calls_with_ac[] = {0x9c, 0x81, 0x0c, 0x24, 0, 0, 4, 0, 0x9d, 0xcd, 0x80};

CASE(cpu, k7_ring_3_does_not_turn_smap_off)
{
    seen.calls = 0;
    user_trap_set_system_call(look);
    struct process_end end = RING3_RUN(calls_with_ac);
    system_calls_init();
    CHECK_EQUAL(seen.calls, 1);
    CHECK(ring3_ended_by(&end, PROCESS_EXITED, 1)); /* it did set AC */
    CHECK_EQUAL(seen.flags & EFLAGS_ALIGNMENT, 0);
    CHECK(!(cpu_identify().smap && seen.image_is_open));
}
