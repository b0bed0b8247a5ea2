/* Processes: made, run, ended. */
#include "case.h"
#include "cpu/cpu.h"
#include "cpu/probe.h"
#include "drivers/timer.h"
#include "lib/string.h"
#include "memory/layout.h"
#include "selftest/ring3.h"

static const uint8_t disables_interrupts[] = {0xfa};             /* cli */
static const uint8_t reads_the_kernel[] = {0xa1, 0, 0, 0x10, 0}; /* mov eax, [0x100000] */
static const uint8_t writes_the_kernel[] = {0xa3, 0, 0, 0x10, 0};
static const uint8_t calls_null[] = {0x31, 0xc0, 0xff, 0xd0}; /* xor eax, eax; call eax */
static const uint8_t divides_by_0[] = {0x31, 0xc9, 0xf7, 0xf1};
static const uint8_t breakpoint[] = {0xcc};

static const uint8_t sleeps_500_ms[] = {
    0x68, 0xf4, 1, 0, 0, RING3_CALL(SYSTEM_SLEEP), RING3_CALL(SYSTEM_EXIT)};

/* mov eax, -1; int 0x80; push eax; exit */
static const uint8_t unknown_command[] = {
    0xb8, 0xff, 0xff, 0xff, 0xff, 0xcd, 0x80, 0x50, RING3_CALL(SYSTEM_EXIT)};

CASE(process, its_end_reaches_who_started_it)
{
    struct process_end end = RING3_RUN(ring3_exits_with_7);
    CHECK(ring3_ended_by(&end, PROCESS_EXITED, 7));
    end = RING3_RUN(unknown_command);
    CHECK(ring3_ended_by(&end, PROCESS_EXITED, -EINVARG));
    CHECK(list_is_empty(&process_current()->children));
}

CASE(process, s6_a_fault_in_ring_3_ends_that_process_alone)
{
    static const struct {
        const uint8_t *code;
        size_t nbytes;
        int32_t vector;
    } faults[] = {
        {disables_interrupts, sizeof disables_interrupts, TRAP_GENERAL_PROTECTION},
        {reads_the_kernel, sizeof reads_the_kernel, TRAP_PAGE_FAULT},
        {writes_the_kernel, sizeof writes_the_kernel, TRAP_PAGE_FAULT},
        {calls_null, sizeof calls_null, TRAP_PAGE_FAULT},
        {divides_by_0, sizeof divides_by_0, 0},
        {breakpoint, sizeof breakpoint, TRAP_GENERAL_PROTECTION},
    };
    uint32_t before = ring3_hash_kernel();
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct process_end end = ring3_run(faults[i].code, faults[i].nbytes);
        CHECK_EQUAL(end.cause, PROCESS_FAULTED);
        CHECK_EQUAL(end.code, faults[i].vector);
    }
    CHECK_EQUAL(ring3_hash_kernel(), before);
    CHECK_HOLDS(process_check());
}

CASE(process, who_never_waits_is_interrupted)
{
    SKIP_UNLESS(timer_works(), "the timer does not tick");
    struct process *process = RING3_START(ring3_spins);
    CHECK(process);
    struct process_end end = RING3_RUN(ring3_exits_with_7);
    uint32_t start = timer_ticks();
    while (process->ticks == 0 && timer_ticks() - start < 100) {
        cpu_disable_interrupts();
        process_idle();
        cpu_enable_interrupts();
    }
    uint32_t ticks = process->ticks;
    ring3_stop(process);
    CHECK(ring3_ended_by(&end, PROCESS_EXITED, 7));
    CHECK(ticks > 0);
}

/*
 * Looked at while no tick can come between: who sleeps has time left, and who no longer sleeps had
 * none. How much a processor gets done between two ticks is no business of this case's; a machine
 * that stands still for a while passes it.
 */
CASE(process, sleepers_wake_when_their_time_has_come)
{
    enum { SLEEPERS = 8, TICKS = 50, SECONDS = 60 };
    SKIP_UNLESS(timer_works(), "the timer does not tick");
    struct process *sleepers[SLEEPERS];
    size_t count = 0, early = 0, late = 0, wrong = 0, woken = 0;
    for (uint32_t before = timer_ticks(); timer_ticks() == before;)
        timer_wait(); /* so that the first ones sleep in the tick that has just come */
    uint32_t start = timer_ticks();
    while (count < SLEEPERS && (sleepers[count] = RING3_START(sleeps_500_ms)))
        count++;
    while (woken < count && timer_ticks() - start < SECONDS * TIMER_TICKS_A_SECOND) {
        cpu_disable_interrupts();
        process_idle();
        cpu_disable_interrupts(); /* it may have waited with them on */
        uint32_t now = timer_ticks();
        woken = 0;
        for (size_t i = 0; i < count; i++) {
            const struct process *sleeper = sleepers[i];
            bool sleeps = sleeper->state == PROCESS_SLEEPING, called = sleeper->wake_at != 0;
            int32_t left = (int32_t)(sleeper->wake_at - now);
            late += sleeps && left <= 0;
            early += !sleeps && called && left > 0;
            wrong += called && (sleeper->wake_at - start <= TICKS || left > TICKS + 1);
            woken += !sleeps && called;
        }
        cpu_enable_interrupts();
    }
    for (size_t i = 0; i < count; i++)
        ring3_stop(sleepers[i]);
    CHECK_EQUAL(count, SLEEPERS);
    CHECK_EQUAL(wrong, 0);
    CHECK_EQUAL(early, 0);
    CHECK_EQUAL(late, 0);
    CHECK_EQUAL(woken, SLEEPERS);
}

CASE(process, killed_while_it_sleeps)
{
    struct process *process = RING3_START(ring3_sleeps);
    CHECK(process);
    for (int i = 0; i < 10 && process->state != PROCESS_SLEEPING; i++) {
        cpu_disable_interrupts();
        process_idle();
        cpu_enable_interrupts();
    }
    enum process_state state = process->state;
    process_kill(process);
    struct process_end end = process->end;
    process_forget(process);
    CHECK_EQUAL(state, PROCESS_SLEEPING);
    CHECK(ring3_ended_by(&end, PROCESS_KILLED, 0));
    CHECK_HOLDS(process_check());
}

CASE(process, wrong_programs_are_refused_in_words)
{
    static const uint8_t elf[] = {0x7f, 'E', 'L', 'F', 2};
    const char *why = NULL;
    CHECK_EQUAL(ring3_try(elf, sizeof elf, &why), -EINVARG);
    CHECK(why);
    CHECK_EQUAL(ring3_try(elf, 0, &why), -EINVARG);
    CHECK_TEXT(why, "it is empty");
    CHECK_EQUAL(ring3_try(ring3_spins, LAYOUT_USER_END - LAYOUT_USER_PROGRAM + 1, &why), -EINVARG);
    CHECK_TEXT(why, "it is larger than the program's window");
    CHECK_HOLDS(process_check());
}

CASE(process, smap_closes_what_is_ring_3s_to_the_kernel)
{
    SKIP_UNLESS(cpu_identify().smap, "this processor has no SMAP");
    struct process *process = RING3_START(ring3_spins);
    CHECK(process);
    uint32_t flags = cpu_save_flags(), word;
    paging_switch(process->directory);
    bool image = probe_read(LAYOUT_USER_PROGRAM, &word), own = probe_read(LAYOUT_1MB, &word);
    paging_switch(paging_kernel());
    cpu_restore_flags(flags);
    ring3_stop(process);
    CHECK(!image && own);
}

/* A thousand attacks, each in a process of its own (src/user/programs/hostile.c). */
CASE(process, s1_to_s9_hostile_programs_change_nothing)
{
    struct process_end end;
    uint32_t before = ring3_hash_kernel();
    SKIP_UNLESS(timer_works(), "the timer does not tick");
    SKIP_UNLESS(ring3_run_program("hostile all 20000 2", 600, &end),
                "the loader did not bring the program hostile");
    CHECK(ring3_ended_by(&end, PROCESS_EXITED, 0));
    CHECK_EQUAL(ring3_hash_kernel(), before);
    CHECK_HOLDS(process_check());
}
