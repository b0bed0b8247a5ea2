#include "drivers/clock.h"
#include "drivers/pci.h"
#include "drivers/pic.h"
#include "drivers/power.h"
#include "drivers/rtc.h"
#include "drivers/timer.h"
#include "drivers/usb.h"
#include "lib/format.h"
#include "lib/print.h"
#include "lib/string.h"
#include "selftest/bench.h"
#include "selftest/check.h"
#include "selftest/compare_kernel.h"
#include "selftest/selftest.h"
#include "shell/command.h"
#include "shell/report.h"

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
    if (!selftest_run(nwords ? words[0] : ""))
        kprintf("selftest: not passed\n");
    report_show_verdict(context->machine, false);
}

void command_sysinfo(const struct shell_context *context, unsigned nwords, char **words)
{
    if (nwords == 0)
        machine_report(context->machine);
    else if (string_equal(words[0], "qr"))
        report_show(context->machine);
    else
        kprintf("%s is nothing of sysinfo's; expected: qr, or nothing\n", words[0]);
}

static void show_function(void *context, const struct pci_function *function)
{
    (void)context;
    char text[40];
    pci_class_text(function, text, sizeof text);
    kprintf("  %02x:%02x.%u  %04x:%04x  %s\n", function->place >> 8u, function->place >> 3 & 31u,
            function->place & 7u, function->vendor, function->device, text);
}

void command_lspci(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords, (void)words;
    const struct pci_access *access = pci_machine();
    if (access)
        pci_each(access, show_function, NULL);
    else
        kprintf("  there is no PCI bus\n");
}

static void show_usb(void *context, const struct usb_seen *seen)
{
    ++*(size_t *)context;
    if (!seen->is_device) {
        kprintf("  %s at %02x:%02x.%u%s%s\n", seen->controller, seen->place >> 8u,
                seen->place >> 3 & 31u, seen->place & 7u, seen->trouble ? ", left alone: " : "",
                seen->trouble ? seen->trouble : "");
        return;
    }
    char way[4 * (USB_DEPTH_MOST + 1)];
    size_t length = 0;
    for (size_t i = 0; i <= seen->depth; i++)
        length += format_text(way + length, sizeof way - length, i ? ".%u" : "%u", seen->ports[i]);
    kprintf("    port %-8s %04x:%04x  %s speed, %s%s%s", way, seen->vendor, seen->product,
            seen->speed, seen->what, seen->trouble ? ": " : "", seen->trouble ? seen->trouble : "");
    if (seen->ready_ms)
        kprintf(", ready after %u ms", seen->ready_ms);
    kprintf("\n");
}

/* Printing takes long, and is not done with interrupts off: what goes meanwhile is said as it
 * was. */
void command_lsusb(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords, (void)words;
    size_t count = 0;
    usb_each(show_usb, &count);
    if (count == 0)
        kprintf("  there is no USB controller that is driven\n");
    if (usb_left_out())
        kprintf("  %zu devices more than the %d there is room for\n", usb_left_out(),
                USB_DEVICES_MOST);
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
    uint32_t hundredths = clock_hundredths();
    kprintf("  %u.%02u s, %u ticks, %u spurious interrupts\n", hundredths / 100, hundredths % 100,
            timer_ticks(), pic_spurious());
}

void command_date(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)nwords, (void)words;
    struct date_registers registers;
    struct date date;
    const char *why = rtc_read(&registers, context->machine->acpi->century);
    if (!why)
        why = date_decode(&date, &registers);
    if (why) {
        kprintf("date: %s\n", why);
        return;
    }
    kprintf("  %u-%02u-%02u %02u:%02u:%02u UTC\n", date.year, date.month, date.day, date.hour,
            date.minute, date.second);
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
