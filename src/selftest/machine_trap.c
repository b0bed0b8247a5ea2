/* Gates, timer, probes, and that all of the image is where it should be. */
#include "case.h"
#include "cpu/apic.h"
#include "cpu/cpu.h"
#include "cpu/gdt.h"
#include "cpu/io.h"
#include "cpu/probe.h"
#include "cpu/trap.h"
#include "drivers/pic.h"
#include "drivers/timer.h"
#include "lib/string.h"
#include "lib/symbols.h"
#include "memory/layout.h"

#define EFLAGS_DIRECTION (1u << 10)

static struct {
    uint32_t vector, error, count;
    uint32_t flags, fs, gs; /* while the handler runs */
} caught;

static void catch (struct trap_frame *frame)
{
    caught.vector = frame->vector;
    caught.error = frame->error;
    caught.count++;
    __asm__ volatile("pushf; pop %0" : "=r"(caught.flags));
    __asm__ volatile("mov %%fs, %0; mov %%gs, %1" : "=r"(caught.fs), "=r"(caught.gs));
}

/* The table as the processor reads it, decoded here once more. */
CASE(trap, s6_every_gate_but_one_is_shut_to_ring_3)
{
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) idt;
    __asm__ volatile("sidt %0" : "=m"(idt));
    CHECK_EQUAL(idt.limit, 256 * 8 - 1);
    const uint16_t *call = (const uint16_t *)(idt.base + TRAP_SYSTEM_CALL * 8);
    CHECK_EQUAL(call[2], 0xee00);
    for (uint32_t vector = 0; vector < 256; vector++) {
        const uint16_t *gate = (const uint16_t *)(idt.base + vector * 8);
        if (vector >= TRAP_VECTORS && vector < TRAP_APIC_BASE) {
            CHECK(vector == TRAP_SYSTEM_CALL || *(const uint64_t *)(const void *)gate == 0);
            continue;
        }
        CHECK_EQUAL(gate[2], vector == TRAP_DOUBLE_FAULT ? 0x8500 : 0x8e00);
        CHECK_EQUAL(gate[1], vector == TRAP_DOUBLE_FAULT ? GDT_DOUBLE_FAULT : GDT_KERNEL_CODE);
        uint32_t entry = gate[0] | (uint32_t)gate[3] << 16;
        CHECK(vector == TRAP_DOUBLE_FAULT ||
              (entry >= (uint32_t)kernel_start && entry < (uint32_t)kernel_text_end));
    }
}

CASE(trap, every_exception_reaches_its_handler)
{
    for (uint32_t vector = 0; vector < TRAP_EXCEPTIONS; vector++) {
        caught.vector = 77;
        trap_set_handler(vector, catch);
        trap_deliver(vector);
        trap_set_handler(vector, NULL);
        CHECK_EQUAL(caught.vector, vector);
        CHECK_EQUAL(caught.error, 0);
    }
}

CASE(trap, registers_survive_an_interrupt)
{
    uint32_t a = 1, b = 2, c = 3, d = 4, si = 5, di = 6, fs, gs, flags;
    trap_set_handler(3, catch);
    caught.count = 0;
    __asm__ volatile("mov %9, %%fs\n\tmov %9, %%gs\n\tstd\n\tint3\n\tpushf\n\tcld\n\t"
                     "pop %8\n\tmov %%fs, %6\n\tmov %%gs, %7"
                     : "+a"(a), "+b"(b), "+c"(c), "+d"(d), "+S"(si), "+D"(di), "=m"(fs), "=m"(gs),
                       "=m"(flags)
                     : "m"((const uint32_t){GDT_USER_DATA})
                     : "memory", "cc");
    trap_set_handler(3, NULL);
    __asm__ volatile("mov %0, %%fs; mov %0, %%gs" ::"r"(GDT_KERNEL_DATA));
    CHECK_EQUAL(caught.count, 1);
    CHECK(a == 1 && b == 2 && c == 3 && d == 4 && si == 5 && di == 6);
    CHECK_EQUAL(fs & 0xffff, GDT_USER_DATA);
    CHECK_EQUAL(gs & 0xffff, GDT_USER_DATA);
    CHECK(flags & EFLAGS_DIRECTION);
    /* The handler itself ran as C expects. */
    CHECK_EQUAL(caught.fs, GDT_KERNEL_DATA);
    CHECK_EQUAL(caught.gs, GDT_KERNEL_DATA);
    CHECK(!(caught.flags & (EFLAGS_DIRECTION | EFLAGS_INTERRUPT)));
}

static inline uint32_t stack_pointer(void)
{
    uint32_t value;
    __asm__ volatile("mov %%esp, %0" : "=r"(value));
    return value;
}

CASE(trap, error_codes_are_taken_off_the_stack)
{
    uint32_t value, before = stack_pointer();
    for (int i = 0; i < 100; i++)
        CHECK(!probe_read(0, &value));
    CHECK_EQUAL(stack_pointer(), before);
}

CASE(trap, selectors_that_must_fault)
{
    CHECK(probe_selector(GDT_KERNEL_DATA));
    CHECK(!probe_selector(GDT_NOT_PRESENT));
    CHECK(!probe_selector(0xfff8));
}

/*
 * A stale LDT lies at address 0 and reaches over 64 KB: a good descriptor in memory that is there
 * would be found by selector 0x1004.
 */
CASE(trap, s9_no_selector_of_a_stale_ldt_works)
{
    const vaddr_t place = 0x1000;
    uint32_t was[2];
    CHECK(probe_read(place, &was[0]) && probe_read(place + 4, &was[1]));
    CHECK(probe_write(place, 0x0000ffff) && probe_write(place + 4, 0x00cf9200));
    bool works = probe_selector(place | 4);
    CHECK(probe_write(place, was[0]) && probe_write(place + 4, was[1]));
    CHECK(!works);
}

CASE(trap, the_timer_ticks)
{
    CHECK(timer_works());
    uint32_t before = timer_ticks();
    for (int i = 0; i < 1000 && timer_ticks() - before < 3; i++)
        cpu_wait();
    CHECK(timer_ticks() - before >= 3);
}

CASE(trap, spurious_interrupts_are_counted_and_harmless)
{
    uint32_t flags = cpu_save_flags();
    uint32_t before = pic_spurious();
    trap_deliver(TRAP_IRQ_BASE + 7);
    trap_deliver(TRAP_IRQ_BASE + 15);
    uint32_t after = pic_spurious();
    cpu_restore_flags(flags);
    CHECK_EQUAL(after, before + 2);
}

/* Vectors from 48 on have no gate, but the local APIC's own: the processor would fault. */
CASE(trap, only_the_pic_interrupts)
{
    struct cpu_features cpu = cpu_identify();
    SKIP_UNLESS(timer_works(), "the timer does not tick");
    SKIP_UNLESS(apic_raise(&cpu, 0x60), "no local APIC");
    for (int i = 0; i < 1000; i++)
        io_pause();
    uint32_t before = timer_ticks();
    for (int i = 0; i < 1000 && timer_ticks() == before; i++)
        timer_wait();
    CHECK(timer_ticks() != before);
}

/* Counters and heat, as a firmware may leave them: by an interrupt, an NMI, or its own kind. */
CASE(trap, k15_what_the_processor_interrupts_for_is_closed)
{
    static const struct {
        uint32_t left, wanted;
    } entries[] = {{0x000fe, 0x100fe}, {0x00400, 0x10400}, {0x00200, 0x00200}};
    static const uint16_t offsets[] = {0x330, 0x340};
    struct cpu_features cpu = cpu_identify();
    uint64_t where = cpu.apic ? cpu_read_msr(0x1b) : 0;
    SKIP_UNLESS((where & 0xc00) == 0x800, "no local APIC with its registers in memory");
    volatile uint32_t *apic = (volatile uint32_t *)(paddr_t)(where & 0xfffff000);
    SKIP_UNLESS((apic[0x30 / 4] >> 16 & 0xff) >= 5, "a local APIC with few entries");
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++)
        for (size_t j = 0; j < sizeof entries / sizeof entries[0]; j++) {
            volatile uint32_t *entry = apic + offsets[i] / 4;
            uint32_t flags = cpu_save_flags(), was = *entry;
            *entry = entries[j].left;
            (void)apic_pass_interrupts(&cpu);
            uint32_t now = *entry;
            *entry = was;
            cpu_restore_flags(flags);
            CHECK(was & 0x10000);
            CHECK_EQUAL(now & 0x107ff, entries[j].wanted);
        }
}

CASE(trap, t1_all_of_the_image_was_loaded)
{
    /* The names stand at the end of the constants; this function's among them. */
    uint32_t offset = 77;
    const char *name = symbols_find(&symbols_kernel, (uint32_t) catch, &offset);
    CHECK(name != NULL);
    CHECK_TEXT(name, "catch");
    CHECK_EQUAL(offset, 0);
    static volatile uint32_t initialised = 0x12345678;
    CHECK_EQUAL(initialised, 0x12345678);
}

/* With A20 shut, the kernel at 1 MB would be seen at 0 too. Page 0 itself is absent. */
CASE(trap, t1_a20_is_open)
{
    size_t same = 0;
    for (vaddr_t offset = PAGE_SIZE; offset < 2 * PAGE_SIZE; offset += 4) {
        uint32_t low, high;
        CHECK(probe_read(offset, &low) && probe_read(LAYOUT_1MB + offset, &high));
        same += low == high;
    }
    CHECK(same < PAGE_SIZE / 4);
}
