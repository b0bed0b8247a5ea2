/* What is written, in which order, to switch a machine off: ports and memory that write it down. */
#include "ports.h"

#include "case.h"
#include "drivers/acpi.h"
#include "lib/string.h"

#define PLAT_CPU_PROBE_H
#define acpi_find_off find_off
static const void *probe_memory(uint32_t address, uint32_t nbytes)
{
    (void)address, (void)nbytes;
    return NULL;
}
static bool find_off(struct acpi *acpi, uint8_t types[2])
{
    (void)acpi;
    types[0] = 5;
    types[1] = 6;
    return true;
}

#pragma GCC diagnostic ignored "-Wint-to-pointer-cast" /* of 64-bit hosts; there is no memory */
#include "drivers/acpi_power.c"

enum { ORDERS = 64 };

static struct {
    bool acpi_mode;
    struct {
        uint16_t port;
        uint32_t value;
        unsigned nbytes;
    } orders[ORDERS];
    size_t norders;
} bus;

static uint32_t port_read(uint16_t port, unsigned nbytes)
{
    (void)nbytes;
    return port == 0x604 || port == 0x704 ? 0x0002u | bus.acpi_mode : UINT32_MAX;
}

static void port_write(uint16_t port, uint32_t value, unsigned nbytes)
{
    bus.acpi_mode |= port == 0xb2;
    if (bus.norders == ORDERS)
        return;
    bus.orders[bus.norders].port = port;
    bus.orders[bus.norders].value = value;
    bus.orders[bus.norders++].nbytes = nbytes;
}

static void say(const struct acpi_register *target)
{
    (void)target;
}

/* The place of the first such order, from 1 on; 0 without one. */
static size_t place_of(uint16_t port, uint32_t value, unsigned nbytes)
{
    for (size_t i = 0; i < bus.norders; i++)
        if (bus.orders[i].port == port && bus.orders[i].value == value &&
            bus.orders[i].nbytes == nbytes)
            return i + 1;
    return 0;
}

static struct acpi board(void)
{
    __builtin_memset(&bus, 0, sizeof bus);
    return (struct acpi){
        .fixed = true,
        .smi_port = 0xb2,
        .acpi_enable = 0xf1,
        .control = {{ACPI_PORT, 0x604}, {ACPI_PORT, 0x704}},
        .status = {{ACPI_PORT, 0x600}, {ACPI_PORT, 0x700}},
        .events = {{{ACPI_PORT, 0xafe0}, 4}, {{ACPI_PORT, 0xb000}, 2}},
    };
}

CASE(acpi_power, k15_events_and_the_status_of_waking_are_cleared_before_the_machine_goes_off)
{
    struct acpi acpi = board();
    CHECK_TEXT(acpi_power_off(&acpi, say), "nothing happened");
    static const struct {
        uint16_t port;
        uint32_t value;
        unsigned nbytes;
    } wanted[] = {{0xafe2, 0, 1},    {0xafe3, 0, 1},    {0xb001, 0, 1},     {0xafe0, 0xff, 1},
                  {0xafe1, 0xff, 1}, {0xb000, 0xff, 1}, {0x600, 0x8731, 2}, {0x700, 0x8731, 2}};
    size_t on = place_of(0xb2, 0xf1, 1), type = place_of(0x604, 0x1403, 2);
    CHECK_EQUAL(on, 1);
    for (size_t i = 0; i < 8; i++) {
        size_t place = place_of(wanted[i].port, wanted[i].value, wanted[i].nbytes);
        CHECK(place > on && place < type);
    }
    CHECK(place_of(0xafe2, 0, 1) < place_of(0xafe0, 0xff, 1)); /* shut, then cleared */
    /* Then both types, and both orders; and nothing else at all. */
    CHECK_EQUAL(place_of(0x704, 0x1803, 2), type + 1);
    CHECK_EQUAL(place_of(0x604, 0x3403, 2), type + 2);
    CHECK_EQUAL(place_of(0x704, 0x3803, 2), type + 3);
    CHECK_EQUAL(bus.norders, 1 + 8 + 4);
}

CASE(acpi_power, k15_events_that_are_nowhere_are_left_alone)
{
    struct acpi acpi = board();
    acpi.status[0].place = acpi.status[1].place = ACPI_NOWHERE;
    acpi.control[1].place = ACPI_NOWHERE;
    acpi.events[0].at = (struct acpi_register){ACPI_MEMORY, 0xfed00000}; /* and not mapped */
    acpi.events[0].nbytes = 255;
    acpi.events[1].nbytes = 1;
    CHECK_TEXT(acpi_power_off(&acpi, say), "nothing happened");
    CHECK_EQUAL(bus.norders, 1 + 2);
}
