/* Which port is written to leave by, on boards that are QEMU's and on others. */
#include "ports.h"

#include "case.h"

#define PLAT_CPU_CPU_H
#define PLAT_DRIVERS_ACPI_POWER_H
#define PLAT_DRIVERS_KEYBOARD_H
#define PLAT_DRIVERS_SERIAL_H
struct acpi;
struct acpi_register;
static uint32_t cpu_save_flags(void)
{
    return 0;
}
static void cpu_restore_flags(uint32_t flags)
{
    (void)flags;
}
static void cpu_disable_interrupts(void)
{
}
_Noreturn static void cpu_halt(void)
{
    __builtin_trap();
}
static const char *acpi_power_off(struct acpi *tables, void (*say)(const struct acpi_register *))
{
    (void)tables, (void)say;
    return "";
}
static void acpi_restart(struct acpi *tables, void (*say)(const struct acpi_register *))
{
    (void)tables, (void)say;
}
static void keyboard_pulse_reset(void)
{
}
static void serial_drain(void)
{
}

#include "drivers/power.c"

/* The ports that were written to, and what device there is at 0x510 and 0x511. */
static struct {
    const char *device; /* what it says byte by byte; NULL: it is not there */
    bool selected;
    size_t next;
    uint8_t at_exit; /* what is read there */
    uint16_t last_port;
    uint32_t last_value;
    unsigned nwrites, nbytes;
} bus;

static uint32_t port_read(uint16_t port, unsigned nbytes)
{
    if (port == 0xf4)
        return bus.at_exit;
    if (port == 0x511 && nbytes == 1 && bus.device)
        return bus.selected ? (uint8_t)bus.device[bus.next++] : 0;
    return UINT32_MAX;
}

static void port_write(uint16_t port, uint32_t value, unsigned nbytes)
{
    bus.nwrites++;
    bus.last_port = port;
    bus.last_value = value;
    bus.nbytes = nbytes;
    bus.selected |= port == 0x510 && nbytes == 2 && value == 0;
}

/* How many writes there were; the last one is kept. */
static unsigned leave(const char *device, uint8_t at_exit, uint16_t by)
{
    __builtin_memset(&bus, 0, sizeof bus);
    bus.device = device;
    bus.at_exit = at_exit;
    power_leave_by(by);
    power_leave(POWER_PANIC);
    return bus.nwrites;
}

CASE(power, k15_port_0xf4_is_written_only_in_qemu_or_on_request)
{
    CHECK_EQUAL(leave(NULL, 0, 0), 0); /* a PC: not a single port */
    CHECK_EQUAL(leave(NULL, 0x42, 0), 0);
    CHECK_EQUAL(leave("QEMX", 0, 0), 1); /* something is there, which was asked who it is */
    CHECK_EQUAL(bus.last_port, 0x510);
    CHECK_EQUAL(leave("QEMU", 0xff, 0), 1); /* QEMU without the device */
    CHECK_EQUAL(bus.last_port, 0x510);
    CHECK_EQUAL(leave("QEMU", 0, 0), 2);
    CHECK(bus.last_port == 0xf4 && bus.last_value == 0x20 && bus.nbytes == 1);
    CHECK_EQUAL(leave(NULL, 0xff, 0x501), 1);
    CHECK(bus.last_port == 0x501 && bus.last_value == 0x20 && bus.nbytes == 1);
    CHECK_EQUAL(leave("QEMU", 0, 0x501), 1);
    CHECK_EQUAL(bus.last_port, 0x501);
}
