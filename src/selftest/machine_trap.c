/* Gates, timer, probes, and that all of the image is where it should be. */
#include "case.h"
#include "cpu/cpu.h"
#include "cpu/gdt.h"
#include "cpu/probe.h"
#include "cpu/trap.h"
#include "drivers/pic.h"
#include "drivers/pit.h"
#include "lib/string.h"
#include "lib/symbols.h"
#include "memory/layout.h"

static struct {
    uint32_t vector, error, count;
} caught;

static void catch (struct trap_frame *frame)
{
    caught.vector = frame->vector;
    caught.error = frame->error;
    caught.count++;
}

CASE(trap, every_exception_has_a_gate)
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
    uint32_t a = 1, b = 2, c = 3, d = 4, si = 5, di = 6;
    trap_set_handler(3, catch);
    caught.count = 0;
    __asm__ volatile("int3" : "+a"(a), "+b"(b), "+c"(c), "+d"(d), "+S"(si), "+D"(di));
    trap_set_handler(3, NULL);
    CHECK_EQUAL(caught.count, 1);
    CHECK(a == 1 && b == 2 && c == 3 && d == 4 && si == 5 && di == 6);
}

CASE(trap, error_codes_are_taken_off_the_stack)
{
    uint32_t value;
    uint32_t before = cpu_frame_pointer();
    for (int i = 0; i < 100; i++)
        CHECK(!probe_read(0, &value));
    CHECK_EQUAL(cpu_frame_pointer(), before);
}

CASE(trap, selectors_that_must_fault)
{
    CHECK(probe_selector(GDT_KERNEL_DATA));
    CHECK(!probe_selector(GDT_NOT_PRESENT));
    CHECK(!probe_selector(0xfff8));
}

CASE(trap, s9_no_selector_of_a_stale_ldt_works)
{
    CHECK(!probe_selector(0x0f) && !probe_selector(0x0c) && !probe_selector(0xffff));
}

CASE(trap, the_timer_ticks)
{
    uint32_t before = pit_ticks();
    for (int i = 0; i < 1000 && pit_ticks() - before < 3; i++)
        cpu_wait();
    CHECK(pit_ticks() - before >= 3);
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
    uint32_t ticks = pit_ticks();
    for (int i = 0; i < 1000 && pit_ticks() == ticks; i++)
        cpu_wait();
    CHECK(pit_ticks() != ticks); /* no line is left waiting for its end */
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
