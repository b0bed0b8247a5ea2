/* Faults on request: to see what the kernel says about each, and to test that it says it. */
#include "cpu/cpu.h"
#include "cpu/gdt.h"
#include "cpu/trap.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/layout.h"
#include "shell/command.h"

static void divide(void)
{
    __asm__ volatile("xor %%edx, %%edx; mov $1, %%eax; xor %%ecx, %%ecx; div %%ecx" ::
                         : "eax", "ecx", "edx");
}

/* Single step: the trap flag faults behind the instruction that follows. */
static void debug(void)
{
    __asm__ volatile("pushf; orl $0x100, (%%esp); popf; nop" ::: "cc", "memory");
}

static void breakpoint(void)
{
    __asm__ volatile("int3");
}

static void overflow(void)
{
    __asm__ volatile("movb $0x7f, %%al; incb %%al; into" ::: "eax", "cc");
}

static void bound(void)
{
    static const int32_t bounds[2] = {0, 1};
    __asm__ volatile("bound %0, %1" ::"r"(2), "m"(bounds));
}

static void invalid_opcode(void)
{
    __asm__ volatile("ud2");
}

static void no_coprocessor(void)
{
    cpu_set_cr0(cpu_cr0() | CR0_TASK_SWITCHED);
    __asm__ volatile("fnop");
}

/* Page 0 is absent: pushing there faults, and so does pushing that fault. */
static void double_fault(void)
{
    __asm__ volatile("mov %0, %%esp; push %%eax" ::"r"(PAGE_SIZE - 16));
}

static void not_present(void)
{
    __asm__ volatile("mov %w0, %%fs" ::"r"(GDT_NOT_PRESENT));
}

static void stack_segment(void)
{
    __asm__ volatile("mov %w0, %%ss" ::"r"(GDT_NOT_PRESENT));
}

static void protection(void)
{
    __asm__ volatile("mov %w0, %%fs" ::"r"(0xfff8));
}

static void touch(vaddr_t address)
{
    __asm__ volatile("movl $1, (%0)" ::"r"(address) : "memory");
}

static void null(void)
{
    touch(0);
}

static void text(void)
{
    touch((vaddr_t)kernel_start);
}

static void constants(void)
{
    touch((vaddr_t)kernel_text_end);
}

static void guard(void)
{
    touch((vaddr_t)kernel_stack - 4);
}

/* Calls itself until the stack is full; the volatile argument keeps every call. */
static uint32_t fill_stack(volatile uint32_t depth) // NOLINT(misc-no-recursion)
{
    return depth ? fill_stack(depth + 1) + depth : 0;
}

static void stack(void)
{
    kprintf("%u", fill_stack(1));
}

/* In the middle of a line. */
static void format(void)
{
    kprintf("  pid %d runs %s\n", 12345, (const char *)kernel_stack_guard);
}

/* The exceptions that an instruction in ring 0 can cause, and six ways to a page fault. */
static const struct {
    const char *name;
    void (*run)(void);
} real[] = {
    {"de", divide},      {"db", debug},          {"bp", breakpoint},     {"of", overflow},
    {"br", bound},       {"ud", invalid_opcode}, {"nm", no_coprocessor}, {"df", double_fault},
    {"np", not_present}, {"ss", stack_segment},  {"gp", protection},     {"pf", null},
    {"null", null},      {"text", text},         {"rodata", constants},  {"guard", guard},
    {"stack", stack},    {"format", format},
};

/* Whether NAME is the mnemonic of VECTOR, "#GP" as gp. */
static bool names_vector(const char *name, uint32_t vector)
{
    const char *mnemonic = trap_mnemonic(vector);
    mnemonic += *mnemonic == '#';
    for (; *mnemonic && *name; mnemonic++, name++)
        if ((*mnemonic | 0x20) != (*name | 0x20))
            return false;
    return !*mnemonic && !*name;
}

bool fault_provoke(const char *name)
{
    for (size_t i = 0; i < sizeof real / sizeof real[0]; i++)
        if (string_equal(real[i].name, name)) {
            real[i].run();
            return true;
        }
    uint32_t number;
    bool numbered = string_to_number(name, false, &number);
    for (uint32_t vector = 0; vector < TRAP_EXCEPTIONS; vector++)
        if (names_vector(name, vector) || (numbered && number == vector)) {
            trap_deliver(vector);
            return true;
        }
    return false;
}

void fault_list(void)
{
    kprintf("  by the processor:");
    for (size_t i = 0; i < sizeof real / sizeof real[0]; i++)
        kprintf(" %s", real[i].name);
    kprintf(
        "\n  by entering the gate, as by a number from 0 to 31: nmi cso ts mf ac mc xm ve cp hv "
        "vc sx\n");
}
