/* The boot story, one step a line. The only file that knows the order, and that sees everything. */

#include "boot/bios_map.h"
#include "boot/boot_info.h"
#include "boot/firmware.h"
#include "boot/options.h"
#include "cpu/apic.h"
#include "cpu/cpu.h"
#include "cpu/panic.h"
#include "cpu/probe.h"
#include "cpu/seal.h"
#include "drivers/clock.h"
#include "drivers/console.h"
#include "drivers/mp_table.h"
#include "drivers/pic.h"
#include "drivers/pit.h"
#include "drivers/power.h"
#include "drivers/screen.h"
#include "drivers/serial.h"
#include "drivers/speaker.h"
#include "drivers/timer.h"
#include "drivers/usb.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/debug/watch.h"
#include "memory/growing/growing.h"
#include "memory/kheap/kheap.h"
#include "memory/kheap/kheap_look.h"
#include "memory/kheap/kheap_setup.h"
#include "memory/layout.h"
#include "memory/memory_map.h"
#include "memory/paging/fault_report.h"
#include "memory/paging/kernel_space.h"
#include "memory/paging/paging.h"
#include "process/process.h"
#include "selftest/bench.h"
#include "selftest/check.h"
#include "selftest/compare_kernel.h"
#include "selftest/selftest.h"
#include "shell/commands_process.h"
#include "shell/machine.h"
#include "shell/report.h"
#include "shell/shell.h"
#include "syscall/system_calls.h"

static struct {
    uint64_t started; /* time stamp at entry; 0 without the counter */
    struct cpu_features cpu;
    struct boot_info info;
    struct options options;
    struct memory_map map;
    bool keeps_log; /* at LAYOUT_LOG */
    struct kernel_space space;
    struct firmware firmware;
    struct acpi acpi;
    struct machine machine;
} boot;

/* Called by multiboot.asm, in this order; the second does not return. */
uint32_t *kernel_prepare(uint32_t loader_words, bool multiboot2);
_Noreturn void kernel_main(void);

static const void *read_physical(uint32_t address, uint32_t nbytes)
{
    return nbytes > UINT32_MAX - address ? NULL : (const void *)address;
}

/* The loader's map, unless there is none or the command line wants another one. */
static void collect_memory_map(void)
{
    enum boot_map_source wanted = boot.options.map;
    if (wanted == BOOT_MAP_LOADER &&
        (boot.info.source == BOOT_MAP_LOADER || boot.info.source == BOOT_MAP_EFI))
        return;
    boot_info_clear_entries(&boot.info);
    if (wanted == BOOT_MAP_NONE)
        return;
    if (wanted != BOOT_MAP_MEM_UPPER && boot.firmware.calls)
        bios_map_collect(&boot.info, wanted, bios_int15);
    boot.info.no_bios = wanted != BOOT_MAP_MEM_UPPER && !boot.firmware.calls;
    if (boot.info.source == BOOT_MAP_NONE)
        boot_info_use_mem_upper(&boot.info);
}

static void settle_memory_map(void)
{
    memory_map_clear(&boot.map);
    /* The map has room for all that boot_info can hold, and for this. */
    int status = memory_map_claim_boot(&boot.map, &boot.info);
    if (!status)
        status = memory_map_claim(&boot.map, (uint32_t)kernel_start,
                                  (uint32_t)kernel_end - (uint32_t)kernel_start, MEMORY_KERNEL);
    const struct boot_screen *screen = &boot.info.screen;
    if (!status && screen->nbytes)
        status = memory_map_claim(&boot.map, screen->address, screen->nbytes, MEMORY_RESERVED);
    if (status)
        boot.map.nclaims = 0; /* reported as a machine without memory */
    memory_map_settle(&boot.map);
}

_Static_assert(LAYOUT_LOG + PRINT_KEPT_BYTES == LAYOUT_USER_STACK, "the log lies below the window");

/* Before paging: everything that must be copied before it is overwritten, and what maps it. */
uint32_t *kernel_prepare(uint32_t loader_words, bool multiboot2)
{
    boot.cpu = cpu_identify();
    boot.started = boot.cpu.tsc ? cpu_tsc() : 0;
    (multiboot2 ? multiboot2_capture : multiboot_capture)(&boot.info, loader_words, read_physical);
    options_parse(&boot.options, &boot.info);
    boot.firmware = firmware_find(&boot.info, read_physical);
    collect_memory_map();
    settle_memory_map();
    boot.keeps_log =
        memory_map_take(&boot.map, page_of(LAYOUT_LOG), page_of(LAYOUT_USER_STACK), MEMORY_LOG);
    bool large_pages = boot.cpu.pse && boot.options.large_pages;
    cpu_take_over(&boot.cpu, large_pages);
    boot.space = boot.options.stop == STOP_AT_MAP ? kernel_space_minimal()
                                                  : kernel_space_build(&boot.map, large_pages);
    return boot.space.directory;
}

/* Before the machine stands still for ever: there is time for a reader that comes back. */
static void send_rest(void)
{
    while (serial_unsent() > 0)
        serial_poll();
}

static void leave_after_panic(void)
{
    speaker_beep(false);
    speaker_ask(false); /* a fault while panicking comes here, too */
    power_leave(POWER_PANIC);
    report_show_panic(serial_poll);
    send_rest();
}

/* What is typed from now on is for nobody. */
static void begin_panic(void)
{
    console_set_hooks(NULL, NULL);
    report_begin_panic();
}

static const char *check_in_panic(void)
{
    serial_drain();
    return check_kernel();
}

/* Each tick looks at some of what would end in a reset, and in no words, once it is used. */
static void look_at_seal(void)
{
    const char *broken = seal_step(&seal_kernel);
    if (broken)
        panic("%s", broken);
}

static void start_checks(void)
{
    panic_set_hooks((struct panic_hooks){.begin = begin_panic,
                                         .describe = fault_report_print,
                                         .check = check_in_panic,
                                         .leave = leave_after_panic});
    timer_on_tick(look_at_seal);
}

_Noreturn static void halt(void)
{
    kprintf("done\n");
    print_flush();
    send_rest();
    cpu_halt();
}

_Noreturn static void leave(enum power_verdict verdict)
{
    power_leave(verdict);
    halt();
}

static void say_machine(void)
{
    print_style(PRINT_TITLE);
    kprintf("Plat: a kernel whose memory is a map\n");
    print_style(PRINT_PLAIN);
    machine_say_cpu(&boot.machine);
    machine_say_firmware(&boot.machine);
    machine_say_loader(&boot.machine);
    options_say_wrong(&boot.options);
    machine_say_modules(&boot.machine);
}

static void say_memory(void)
{
    machine_say_entries(&boot.machine);
    memory_map_print(&boot.map);
    memory_map_print_usable(&boot.map);
    if (boot.options.stop == STOP_AT_MAP)
        leave(POWER_OK);
    if (boot.info.source == BOOT_MAP_NONE)
        panic("no memory map: neither the loader nor the BIOS says what is RAM");
    if (memory_map_top(&boot.map, PAGES_IN_4GB) == 0)
        panic("no usable RAM from 1 MB to 4 GB in the memory map");
    if (boot.space.lacking)
        panic("no room for page tables of 4 KB pages: %u K of RAM in one piece are needed",
              boot.space.lacking * 4);
}

_Static_assert((int)OPTIONS_POISON == (int)WATCH_POISON &&
                   (int)OPTIONS_RED_ZONES == (int)WATCH_RED_ZONES &&
                   (int)OPTIONS_QUARANTINE == (int)WATCH_QUARANTINE &&
                   (int)OPTIONS_RECORDS == (int)WATCH_RECORDS,
               "the command line's words are the heap's flags");

static void watch_heap(void)
{
    unsigned flags = boot.options.heap_watch | (boot.options.heap_guard ? WATCH_RECORDS : 0);
    if (!flags)
        return;
    if (!kheap_watch(flags))
        panic("heap: no memory for its records");
    kprintf("heap: every allocation is recorded and watched\n");
}

static void guard_heap(void)
{
    if (!boot.options.heap_guard)
        return;
    if (!kheap_guard(boot.options.heap_guard))
        panic("heap: no memory for guarded pages");
    kprintf("heap: 1 of %u allocations goes into a page of its own\n", boot.options.heap_guard);
}

static void choose_heap(void)
{
    static const char *const names[] = {
        [OPTIONS_HEAP_BLOCK] = "block",
        [OPTIONS_HEAP_FREE_LIST] = "free_list",
        [OPTIONS_HEAP_BEST_FIT] = "best_fit",
    };
    if (boot.options.heap == OPTIONS_HEAP_BLOCK)
        return;
    if (!kheap_choose(names[boot.options.heap]))
        panic("heap: no memory, or no 4 MB of addresses, for heap=%s", names[boot.options.heap]);
    const struct window *window = kheap_growing()->window;
    kprintf("heap: kmalloc serves from %p-%p, %s\n", (void *)window->start,
            (void *)(window->start + window->nbytes), names[boot.options.heap]);
}

static void say_paging(void)
{
    kprintf("paging: identity map of %u MB in %s pages, %u blocks\n", boot.space.end / 256,
            boot.space.large_pages ? "4 MB" : "4 KB", boot.space.boot_pages);
    kprintf("paging: page 0 absent, kernel text read-only, kernel stack guarded\n");
}

static volatile void *map_device(uint64_t where, uint32_t nbytes)
{
    return kernel_space_map_device(&boot.space, &boot.map, &boot.cpu, where, nbytes);
}

static void *get_device_pages(size_t npages)
{
    return kzalloc_for(OWNER_DEVICE, npages * PAGE_SIZE);
}

static void start_usb(void)
{
    static struct usb_machine usb = {
        .map = map_device, .get_pages = get_device_pages, .press = console_press};
    usb.pci = pci_machine();
    if (boot.options.usb)
        usb_init(&usb);
}

static void run_selftest(void)
{
    bool passed = selftest_run(boot.options.pattern);
    print_flush();
    speaker_beep(passed);
    power_leave(passed ? POWER_OK : POWER_FAILED);
    report_show_verdict(&boot.machine, boot.options.pages);
}

static void start_processes(void)
{
    process_init();
    system_calls_init();
    program_init(&boot.info);
    console_set_hooks(process_idle, process_attend);
    kprintf("process: %zu programs, kernel's memory closed to ring 3%s%s%s\n", program_count(),
            boot.cpu.smep ? ", SMEP" : "", boot.cpu.smap ? ", SMAP" : "",
            boot.cpu.umip ? ", UMIP" : "");
}

/* Where nobody waits for a prompt, its exit code is the kernel's verdict. */
static void run_program(void)
{
    char name[BOOT_COMMAND_LINE_BYTES], *words[] = {name};
    string_copy(name, sizeof name, boot.options.run);
    int32_t code = commands_process_run(1, words);
    if (!boot.options.shell)
        leave(code == 0 ? POWER_OK : POWER_FAILED);
}

static void say_ready(void)
{
    if (boot.started)
        kprintf("boot: ready after %llu ticks of the time stamp counter\n",
                (unsigned long long)(cpu_tsc() - boot.started));
    if (boot.options.stop == STOP_AT_PROMPT)
        leave(POWER_OK);
}

void kernel_main(void)
{
    if (boot.keeps_log)
        print_keep_in((void *)LAYOUT_LOG);
    pit_start();
    print_set_clock(clock_hundredths);
    boot.machine = (struct machine){.cpu = &boot.cpu,
                                    .boot = &boot.info,
                                    .firmware = &boot.firmware,
                                    .acpi = &boot.acpi,
                                    .map = &boot.map};
    serial_init(&boot.options.serial);
    panic_set_hooks((struct panic_hooks){
        .begin = begin_panic, .describe = fault_report_print, .leave = leave_after_panic});
    trap_init((paddr_t)boot.space.directory);
    screen_init(&boot.info.screen, boot.options.console, LAYOUT_USER_END, boot.space.end);
    acpi_find(&boot.acpi, &boot.info, &boot.firmware, probe_memory);
    if (boot.acpi.root != boot.info.acpi_root) /* else it lies where the loader put it */
        firmware_consider_root(&boot.firmware, boot.acpi.root);
    clock_init(&boot.acpi, boot.cpu.tsc);
    power_use(&boot.acpi);
    power_leave_by(boot.options.exit_port);
    speaker_ask(boot.options.beep);
    say_machine();
    say_memory();
    kheap_init(&boot.map, boot.options.heap_size);
    kheap_panic_on_misuse(boot.options.heap_panic);
    watch_heap();
    kernel_space_protect(&boot.space);
    kernel_space_map_screen(&boot.space, &boot.map, &boot.cpu);
    choose_heap();
    guard_heap();
    say_paging();
    start_processes();
    if (mp_table_has_imcr(&boot.firmware, probe_memory))
        pic_connect();
    start_checks();
    (void)apic_pass_interrupts(&boot.cpu);
    pic_init();
    timer_init();
    start_usb();
    boot.machine.has_keyboard = console_start_input();
    console_say(boot.machine.has_keyboard);
    interrupts_off_watch();
    cpu_enable_interrupts();
    if (boot.options.pages)
        selftest_in_pages();
    if (boot.options.selftest)
        run_selftest();
    if (boot.options.bench) {
        bench_run();
        leave(POWER_OK);
    }
    if (boot.options.compare) {
        compare_kernel_run();
        leave(POWER_OK);
    }
    say_ready();
    if (boot.options.run)
        run_program();
    if (boot.options.shell)
        shell_run(&boot.machine);
    halt();
}
