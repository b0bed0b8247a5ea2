#include "drivers/acpi_power.h"

#include "cpu/io.h"
#include "cpu/probe.h"
#include "drivers/deadline.h"
#include "drivers/power.h"

/* ACPI 6.5, chapters 4.8.3.1, 4.8.3.2, 4.8.3.7 and 4.8.4.1. */
enum {
    /* Of PM1 status, all that there is: timer, bus, global lock, buttons, clock and waking. A 1
     * that is written clears. */
    STATUS_ALL = 0x8731,
    CONTROL_ACPI_MODE = 0x0001, /* of PM1 control: SCI_EN */
    CONTROL_TYPE_SHIFT = 10,
    CONTROL_TYPE = 7 << CONTROL_TYPE_SHIFT,
    CONTROL_SLEEP = 0x2000,
    SLEEP_TYPE_SHIFT = 2, /* of the sleep control register */
    SLEEP_ENABLE = 0x20,
    MODE_MICROSECONDS = 3000000
};

/* Whether there is a register at AT, of 16 bits at most, that can be reached. */
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

/* Out of the firmware's hands: until then the registers may do nothing. */
static void enter_acpi_mode(const struct acpi *acpi)
{
    const struct acpi_register *control = &acpi->control[0];
    if (!acpi->smi_port || (read16(control) & CONTROL_ACPI_MODE))
        return;
    io_write8(acpi->smi_port, acpi->acpi_enable);
    struct deadline deadline = deadline_in(MODE_MICROSECONDS);
    while (!(read16(control) & CONTROL_ACPI_MODE) && !deadline_passed(&deadline))
        ;
}

/*
 * An event that is on, or a status that says that one has come, wakes some boards at once: they
 * seem to restart instead of going off.
 */
static void forget_events(const struct acpi *acpi)
{
    for (int i = 0; i < 2; i++) {
        struct acpi_register at = acpi->events[i].at;
        uint32_t first = at.address, nstatus = acpi->events[i].nbytes / 2u;
        for (uint32_t j = 2 * nstatus; j-- > 0;) { /* those that enable are the last */
            at.address = first + j;
            if (reachable(&at))
                write8(&at, j < nstatus ? 0xff : 0);
        }
        if (reachable(&acpi->status[i]))
            write16(&acpi->status[i], STATUS_ALL);
    }
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
        forget_events(acpi);
        sleep_by(acpi, types);
    }
    deadline_wait(POWER_ORDER_MICROSECONDS);
    return "nothing happened";
}

void acpi_restart(const struct acpi *acpi, acpi_say say)
{
    if (!reachable(&acpi->reset))
        return;
    say(&acpi->reset);
    write8(&acpi->reset, acpi->reset_value);
    deadline_wait(POWER_ORDER_MICROSECONDS);
}
