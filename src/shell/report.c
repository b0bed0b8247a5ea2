#include "shell/report.h"

#include "drivers/code_screen.h"
#include "drivers/console.h"
#include "drivers/deadline.h"
#include "drivers/pci.h"
#include "drivers/screen.h"
#include "drivers/serial.h"
#include "drivers/timer.h"
#include "lib/format.h"
#include "lib/print.h"
#include "memory/kheap/kheap_look.h"
#include "selftest/check.h"
#include "selftest/pages.h"
#include "selftest/selftest.h"

enum { SHOWN_SECONDS = 30, TURN_SECONDS = 10, TURNS = 90, MICROSECONDS = 1000000 };

static struct {
    size_t nbytes; /* of TEXT; what has no room is left out */
    char text[QR_BYTES_MOST];
    uint32_t panic_began; /* in the log */
    bool panic_shown;
} report;

static void append(void *context, const char *text, size_t nbytes)
{
    (void)context;
    for (size_t i = 0; i < nbytes && report.nbytes < sizeof report.text; i++) {
        bool ascii = text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~');
        report.text[report.nbytes++] = ascii ? text[i] : '?';
    }
}

static void __attribute__((format(printf, 1, 2))) add(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_to(append, NULL, format, arguments);
    va_end(arguments);
}

static void begin(void)
{
    report.nbytes = 0;
    add("Plat %u\n", check_image_sum());
}

static void add_selftests(void)
{
    struct selftest_last last = selftest_last();
    if (!last.ran)
        add("self-tests: not run\n");
    else
        add("self-tests: %u passed, %u failed\n", last.passed, last.failed);
    for (size_t i = 0; i < last.nnames; i++)
        add("failed: %s\n", last.names[i]);
}

static void add_processor(const struct cpu_features *cpu)
{
    add("cpu: %s, %s, %08x%s%s%s\n", cpu->vendor[0] ? cpu->vendor : "without CPUID", cpu->brand,
        cpu->signature, cpu->pse ? " pse" : "", cpu->tsc ? " tsc" : "", cpu->pat ? " pat" : "");
}

static void add_firmware(const struct machine *machine)
{
    const struct acpi *acpi = machine->acpi;
    add("firmware: %s", firmware_name(machine->firmware));
    if (acpi->root)
        add(", ACPI %s by \"%s\"", acpi->revision < 2 ? "1.0" : "2.0 or later", acpi->oem);
    if (acpi->refused)
        add(", %s refused: %s", acpi->refused_table, acpi->refused);
    add("\nboot: %s \"%s\"\n", machine->boot->loader, machine->boot->command_line);
}

static void add_consoles(const struct machine *machine)
{
    const struct framebuffer *screen = screen_framebuffer();
    add("console: serial %s, keyboard %s, ", serial_port() ? "yes" : "no",
        machine->has_keyboard ? "yes" : "no");
    if (screen)
        add("framebuffer %ux%ux%u\n", screen->pixels.width, screen->pixels.height,
            screen->pixels.nbytes * 8);
    else
        add("text screen\n");
}

static void add_memory(const struct machine *machine)
{
    page_t usable = memory_map_count(machine->map, MEMORY_USABLE, 0, PAGES_IN_4GB);
    add("memory: %u K usable, by %s; heap %zu blocks, %s\n", usable * 4,
        boot_map_source_name(machine->boot->source), kheap()->statistics.total,
        kheap_check() ? "broken" : "sound");
}

/* Kinds of devices go by their numbers: class and subclass. */
static void add_device(void *context, const struct pci_function *function)
{
    (void)context;
    add(" %04x:%04x-%02x%02x", function->vendor, function->device, function->class,
        function->subclass);
}

static void add_devices(void)
{
    const struct pci_access *access = pci_machine();
    add("pci:");
    if (access)
        pci_each(access, add_device, NULL);
    add("\n");
}

/* Where each range begins, and whose it is; 4096 bytes is 1. */
static void add_map(const struct memory_map *map)
{
    static const char *const names[MEMORY_KINDS] = {
        [MEMORY_HOLE] = "none", [MEMORY_USABLE] = "ram",    [MEMORY_LOW] = "low",
        [MEMORY_BAD] = "bad",   [MEMORY_RESERVED] = "res",  [MEMORY_ACPI] = "acpi",
        [MEMORY_NVS] = "nvs",   [MEMORY_LOADER] = "loader", [MEMORY_MODULE] = "module",
        [MEMORY_LOG] = "log",   [MEMORY_KERNEL] = "kernel", [MEMORY_TABLES] = "tables",
    };
    add("map:");
    for (size_t i = 0; i < map->nranges; i++)
        add(" %x %s", map->ranges[i].first, names[map->ranges[i].kind]);
    add("\n");
}

static void write_all(const struct machine *machine)
{
    begin();
    add_selftests();
    add_processor(machine->cpu);
    add_firmware(machine);
    add_consoles(machine);
    add_memory(machine);
    add_devices();
    add_map(machine->map);
}

void report_show(const struct machine *machine)
{
    write_all(machine);
    kprintf("  the report is on the screen, as a QR code, until a key is pressed\n");
    if (!code_screen_fill(report.text, report.nbytes)) {
        kprintf("  .. but there is no screen that shows it; sysinfo and lspci say the same\n");
        return;
    }
    console_read_key();
    screen_give_back();
}

void report_show_verdict(const struct machine *machine, bool sits)
{
    write_all(machine);
    if (code_screen_beside(report.text, report.nbytes) || !sits)
        return;
    if (pages_wait("-- a key: the report as a QR code; q: on without it --") == 'q' ||
        !code_screen_fill(report.text, report.nbytes))
        return;
    console_wait_key(SHOWN_SECONDS * TIMER_TICKS_A_SECOND);
    screen_give_back();
}

void report_begin_panic(void)
{
    report.panic_began = print_written();
}

/* What was printed, a blank where there are several, and none in front of a line. */
static void write_panic(void)
{
    begin();
    struct log_reader reader = log_read(print_log(), report.panic_began);
    struct log_line line;
    while (log_read_line(&reader, &line)) {
        size_t start = report.nbytes, end = start;
        log_text(print_log(), line.at, line.nbytes, append, NULL);
        for (size_t i = start; i < report.nbytes; i++)
            if (report.text[i] != ' ' || (end > start && report.text[end - 1] != ' '))
                report.text[end++] = report.text[i];
        report.nbytes = end;
        add(end > start ? "\n" : "");
    }
}

static void wait_awake(void (*waiting)(void))
{
    struct deadline deadline = deadline_in(TURN_SECONDS * MICROSECONDS);
    while (!deadline_passed(&deadline))
        waiting();
}

void report_show_panic(void (*waiting)(void))
{
    if (report.panic_shown)
        return;
    report.panic_shown = true;
    write_panic();
    if (code_screen_beside(report.text, report.nbytes) || !screen_sink())
        return;
    for (int i = 0; i < TURNS; i++) {
        wait_awake(waiting);
        if (!code_screen_fill(report.text, report.nbytes))
            return;
        wait_awake(waiting);
        screen_give_back();
    }
}
