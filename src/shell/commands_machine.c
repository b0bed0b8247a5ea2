#include "drivers/pci.h"
#include "drivers/pic.h"
#include "drivers/pit.h"
#include "drivers/power.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/kheap/kheap.h"
#include "selftest/bench.h"
#include "selftest/check.h"
#include "selftest/compare_kernel.h"
#include "selftest/selftest.h"
#include "shell/command.h"

void command_fault(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context;
    if (nwords == 0) {
        fault_list();
        return;
    }
    if (fault_provoke(words[0]))
        return;
    kprintf("%s: no such fault; expected: one that fault without a name lists\n", words[0]);
}

void command_check(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords, (void)words;
    check_say();
}

void command_compare(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords, (void)words;
    compare_kernel_run();
}

void command_bench(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords, (void)words;
    bench_run();
}

void command_selftest(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context;
    if (!selftest_run(nwords ? words[0] : ""))
        kprintf("selftest: not passed\n");
}

void command_sysinfo(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)nwords, (void)words;
    machine_report(context->machine);
}

void command_lspci(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords, (void)words;
    pci_reader read = pci_machine();
    if (!read) {
        kprintf("  there is no PCI bus\n");
        return;
    }
    struct pci_function *functions = kmalloc_array(PCI_FUNCTIONS_MOST, sizeof *functions);
    size_t count = functions ? pci_scan(read, functions, PCI_FUNCTIONS_MOST) : 0;
    if (!functions)
        kprintf("  no memory for the list\n");
    for (size_t i = 0; i < count && i < PCI_FUNCTIONS_MOST; i++) {
        const struct pci_function *function = &functions[i];
        char text[40];
        pci_class_text(function, text, sizeof text);
        kprintf("  %02x:%02x.%u  %04x:%04x  %s\n", function->place >> 8u,
                function->place >> 3 & 31u, function->place & 7u, function->vendor,
                function->device, text);
    }
    if (count > PCI_FUNCTIONS_MOST)
        kprintf("  and %zu more\n", count - PCI_FUNCTIONS_MOST);
    kfree(functions);
}

static void show(void *context, const char *text, size_t nbytes)
{
    (void)context;
    print_show(text, nbytes);
}

void command_dmesg(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context;
    uint32_t nlines = UINT32_MAX;
    if (nwords && (!string_to_number(words[0], false, &nlines) || nlines == 0)) {
        kprintf("%s is no number of lines; expected: a number from 1 on\n", words[0]);
        return;
    }
    log_show(print_log(), nlines, show, NULL);
}

void command_uptime(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords, (void)words;
    uint32_t ticks = pit_ticks();
    kprintf("  %u.%02u s, %u ticks, %u spurious interrupts\n", ticks / PIT_TICKS_A_SECOND,
            ticks % PIT_TICKS_A_SECOND, ticks, pic_spurious());
}

void command_reboot(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords, (void)words;
    power_restart();
}

void command_poweroff(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords, (void)words;
    power_off();
}
