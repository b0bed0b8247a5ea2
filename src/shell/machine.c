#include "shell/machine.h"

#include "drivers/clock.h"
#include "drivers/console.h"
#include "drivers/pic.h"
#include "drivers/screen.h"
#include "drivers/timer.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/kheap/kheap_look.h"
#include "process/program.h"
#include "selftest/selftest.h"

void machine_say_cpu(const struct machine *machine)
{
    const struct cpu_features *cpu = machine->cpu;
    kprintf("cpu: %s%s%s, signature %08x%s%s%s\n", cpu->vendor[0] ? cpu->vendor : "without CPUID",
            cpu->brand[0] ? ", " : "", cpu->brand, cpu->signature, cpu->pse ? ", 4 MB pages" : "",
            cpu->tsc ? ", TSC" : "", cpu->pat ? ", PAT" : "");
}

static void say_register(const char *what, const struct acpi_register *at)
{
    if (at->place != ACPI_NOWHERE)
        kprintf(", %s at %s0x%x", what, at->place == ACPI_PORT ? "port " : "", at->address);
}

void machine_say_firmware(const struct machine *machine)
{
    const struct acpi *acpi = machine->acpi;
    kprintf("firmware: %s", firmware_name(machine->firmware));
    if (!acpi->root) {
        kprintf(", no ACPI tables\n");
    } else {
        kprintf(", ACPI %s by \"%s\", %zu tables", acpi->revision < 2 ? "1.0" : "2.0 or later",
                acpi->oem, acpi->nentries);
        say_register("off", &acpi->control[0]);
        say_register("off", &acpi->sleep_control);
        say_register("restart", &acpi->reset);
        kprintf("\n");
    }
    if (acpi->refused)
        kprintf("firmware: ACPI's %s at 0x%08x is not used: %s\n", acpi->refused_table,
                acpi->refused_at, acpi->refused);
}

void machine_say_loader(const struct machine *machine)
{
    const struct boot_info *info = machine->boot;
    kprintf("boot: loader %s, command line \"%s\"%s\n",
            info->loader[0] ? info->loader : "without a name", info->command_line,
            info->command_line_cut ? " (cut)" : "");
}

/* What is wrong with the name of module INDEX, and how to give another. */
static void say_name(const struct boot_info *info, size_t index)
{
    struct program program = program_of(info, index);
    if (program.unnamed)
        kprintf("boot: module %zu has no name and is called %s; a name stands behind the file: "
                "module /boot/FILE NAME\n",
                index + 1, program.name);
    if (program.cut)
        kprintf("boot: the name of module %zu is longer than %d characters and is cut to %s\n",
                index + 1, PROGRAM_NAME_BYTES - 1, program.name);
    for (size_t i = 0; i < index; i++)
        if (string_equal(program_of(info, i).name, program.name)) {
            kprintf("boot: module %zu is called %s, as module %zu is, which is the one that runs\n",
                    index + 1, program.name, i + 1);
            return;
        }
}

void machine_say_modules(const struct machine *machine)
{
    const struct boot_info *info = machine->boot;
    for (size_t i = 0; i < info->nmodules; i++) {
        kprintf("boot: module 0x%08x-0x%08x \"%s\"\n", info->modules[i].start, info->modules[i].end,
                info->modules[i].string);
        say_name(info, i);
    }
    if (info->nmodules_bad)
        kprintf("boot: %zu modules end before they begin, ignored\n", info->nmodules_bad);
    if (info->nmodules_dropped)
        kprintf(
            "boot: %zu more modules than the %d there is room for; their memory is left alone\n",
            info->nmodules_dropped, BOOT_MODULES_MAX);
    if (info->tags_bad)
        kprintf("boot: the loader's tags break off, those behind that place are ignored\n");
    if (info->module_list_bad)
        kprintf("boot: the module list does not fit into memory, ignored\n");
}

void machine_say_entries(const struct machine *machine)
{
    const struct boot_info *info = machine->boot;
    if (info->no_bios)
        kprintf("memory: no BIOS is there to ask for a map\n");
    kprintf("memory: %zu entries from %s\n", info->nentries, boot_map_source_name(info->source));
    if (info->nentries_dropped)
        kprintf("memory: %zu entries more than the %d there is room for; 0x%llx-0x%llx is left "
                "alone\n",
                info->nentries_dropped, BOOT_ENTRIES_MAX,
                (unsigned long long)info->dropped_range.start,
                (unsigned long long)info->dropped_range.end);
    if (info->nentries_off)
        kprintf("memory: %zu entries are switched off by their attributes\n", info->nentries_off);
}

static void say_memory(const struct machine *machine)
{
    const struct heap_statistics *heap = &kheap()->statistics;
    machine_say_entries(machine);
    memory_map_print(machine->map);
    kprintf("heap: %zu blocks of %u bytes, %zu taken, %zu requests failed, %s\n", heap->total,
            HEAP_BLOCK_SIZE, heap->taken, heap->failed, kheap_check() ? "broken" : "sound");
}

void machine_report(const struct machine *machine)
{
    machine_say_cpu(machine);
    machine_say_firmware(machine);
    machine_say_loader(machine);
    say_memory(machine);
    screen_say_refused();
    console_say(machine->has_keyboard);
    clock_say();
    kprintf("time: %u ticks since the start, %u spurious interrupts\n", timer_ticks(),
            pic_spurious());
    selftest_say_last();
}
