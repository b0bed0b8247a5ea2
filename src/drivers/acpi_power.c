#include "drivers/acpi_power.h"

#include "cpu/io.h"
#include "cpu/probe.h"

/* ACPI 6.5, chapter 4.8.3.2 and 4.8.3.7. */
enum {
    CONTROL_ACPI_MODE = 0x0001, /* of PM1 control: SCI_EN */
    CONTROL_TYPE_SHIFT = 10,
    CONTROL_TYPE = 7 << CONTROL_TYPE_SHIFT,
    CONTROL_SLEEP = 0x2000,
    SLEEP_TYPE_SHIFT = 2, /* of the sleep control register */
    SLEEP_ENABLE = 0x20,
    WAITS_MOST = 1000000 /* of about 1 us */
};

/* Whether there is a register at AT that can be reached. */
static bool reachable(const struct acpi_register *at)
{
    return at->place == ACPI_PORT ||
           (at->place == ACPI_MEMORY && probe_memory(at->address, sizeof(uint16_t)));
}

static uint16_t read16(const struct acpi_register *at)
{
    return at->place == ACPI_PORT ? io_read16((uint16_t)at->address)
                                  : *(const volatile uint16_t *)at->address;
}

static void write16(const struct acpi_register *at, uint16_t value)
{
    if (at->place == ACPI_PORT)
        io_write16((uint16_t)at->address, value);
    else
        *(volatile uint16_t *)at->address = value;
}

static void write8(const struct acpi_register *at, uint8_t value)
{
    if (at->place == ACPI_PORT)
        io_write8((uint16_t)at->address, value);
    else
        *(volatile uint8_t *)at->address = value;
}

static void wait(void)
{
    for (int i = 0; i < WAITS_MOST; i++)
        io_pause();
}

/* Out of the firmware's hands: until then the registers may do nothing. */
static void enter_acpi_mode(const struct acpi *acpi)
{
    const struct acpi_register *control = &acpi->control[0];
    if (!acpi->smi_port || (read16(control) & CONTROL_ACPI_MODE))
        return;
    io_write8(acpi->smi_port, acpi->acpi_enable);
    for (int i = 0; i < WAITS_MOST && !(read16(control) & CONTROL_ACPI_MODE); i++)
        io_pause();
}

/*
 * Both registers get their types before either is told to sleep: the machine may be gone by the
 * second. Some chipsets want type and order in two writes, too.
 */
static void sleep_by(const struct acpi *acpi, const uint8_t types[2])
{
    for (int enable = 0; enable < 2; enable++)
        for (int i = 0; i < 2; i++) {
            const struct acpi_register *control = &acpi->control[i];
            if (!reachable(control))
                continue;
            uint16_t kept = read16(control) & (uint16_t) ~(CONTROL_TYPE | CONTROL_SLEEP);
            write16(control, (uint16_t)(kept | types[i] << CONTROL_TYPE_SHIFT |
                                        (enable ? CONTROL_SLEEP : 0)));
        }
}

const char *acpi_power_off(struct acpi *acpi, acpi_say say)
{
    const struct acpi_register *first = &acpi->control[0];
    const struct acpi_register *sleep = &acpi->sleep_control;
    uint8_t types[2];
    if (!acpi->fixed)
        return acpi->root ? "ACPI's tables can't be used" : "it has no ACPI tables";
    bool reduced = first->place == ACPI_NOWHERE;
    if (!reachable(reduced ? sleep : first))
        return "ACPI's tables name no register for it that can be reached";
    if (!acpi_find_off(acpi, types))
        return "ACPI's tables name no number for it";
    say(reduced ? sleep : first);
    if (reduced) {
        write8(sleep, (uint8_t)(types[0] << SLEEP_TYPE_SHIFT | SLEEP_ENABLE));
    } else {
        enter_acpi_mode(acpi);
        sleep_by(acpi, types);
    }
    wait();
    return "nothing happened";
}

void acpi_restart(const struct acpi *acpi, acpi_say say)
{
    if (!reachable(&acpi->reset))
        return;
    say(&acpi->reset);
    write8(&acpi->reset, acpi->reset_value);
    wait();
}
