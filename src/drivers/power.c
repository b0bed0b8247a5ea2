#include "drivers/power.h"

#include "cpu/cpu.h"
#include "cpu/io.h"
#include "drivers/acpi_power.h"
#include "drivers/deadline.h"
#include "drivers/keyboard.h"
#include "drivers/serial.h"
#include "drivers/usb.h"
#include "lib/print.h"

enum {
    DEBUG_EXIT = 0xf4, /* on a PC a coprocessor's */
    QEMU_SELECT = 0x510,
    QEMU_DATA = 0x511,
    QEMU_SIGNATURE = 0,
    PCI_RESET = 0xcf9,
    PCI_RESET_FULLY = 0x02, /* the bus, too; to be there before .. */
    PCI_RESET_NOW = 0x04    /* .. this bit rises (Intel PIIX3, "Reset Control Register") */
};

static struct acpi *acpi;
static uint16_t exit_port; /* that somebody asked for; 0: nobody has */

void power_use(struct acpi *tables)
{
    acpi = tables;
}

void power_leave_by(uint16_t port)
{
    exit_port = port;
}

/* Whether QEMU's own device answers (QEMU, docs/specs/fw_cfg: "Signature"). */
static bool in_qemu(void)
{
    static const char signature[] = "QEMU";
    if (io_read8(QEMU_DATA) == 0xff)
        return false; /* nobody is there to be written to */
    io_write16(QEMU_SELECT, QEMU_SIGNATURE);
    for (size_t i = 0; i < sizeof signature - 1; i++)
        if (io_read8(QEMU_DATA) != signature[i])
            return false;
    return true;
}

/* The port of isa-debug-exit; 0 without one. */
static uint16_t find_exit(void)
{
    if (exit_port)
        return exit_port;
    return in_qemu() && io_read8(DEBUG_EXIT) != 0xff ? DEBUG_EXIT : 0;
}

/* What was printed has reached those whom it is for. */
static void show_all(void)
{
    print_flush();
    serial_drain();
}

void power_leave(enum power_verdict verdict)
{
    show_all();
    uint16_t port = find_exit();
    if (!port)
        return;
    uint32_t flags = cpu_save_flags();
    io_write8(port, (uint8_t)verdict); /* QEMU 10 obeys a while later */
    deadline_wait(POWER_ORDER_MICROSECONDS);
    cpu_restore_flags(flags);
}

static void say(const struct acpi_register *target)
{
    kprintf("  by ACPI, %s 0x%x\n", target->place == ACPI_PORT ? "port" : "the register at",
            target->address);
    show_all();
}

static void say_way(const char *way)
{
    kprintf("  %s\n", way);
    show_all();
}

void power_off(void)
{
    uint32_t flags = cpu_save_flags();
    const char *why = acpi_power_off(acpi, say);
    cpu_restore_flags(flags);
    if (acpi->refused)
        kprintf("  ACPI's %s at 0x%08x is not used: %s\n", acpi->refused_table, acpi->refused_at,
                acpi->refused);
    kprintf("  this machine does not go off: %s; please use its switch\n", why);
}

void power_restart(void)
{
    cpu_disable_interrupts();
    usb_stop();
    acpi_restart(acpi, say);
    say_way("by the keyboard controller");
    keyboard_pulse_reset();
    deadline_wait(POWER_ORDER_MICROSECONDS);
    say_way("by PCI's reset port");
    io_write8(PCI_RESET, PCI_RESET_FULLY);
    io_pause();
    io_write8(PCI_RESET, PCI_RESET_FULLY | PCI_RESET_NOW);
    deadline_wait(POWER_ORDER_MICROSECONDS);
    say_way("by a triple fault");
    const struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) nothing = {0, 0};
    __asm__ volatile("lidt %0; int3" ::"m"(nothing));
    cpu_halt();
}
