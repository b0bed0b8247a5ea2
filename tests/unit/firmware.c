/* Page 0 as different firmware leaves it. */
#include "boot/firmware.h"

#include "case.h"

static struct {
    uint32_t vector_10;
    uint16_t segment;
    bool absent;
} machine;

static const void *read(uint32_t address, uint32_t nbytes)
{
    if (machine.absent)
        return NULL;
    switch (address) {
    case 0x40:
        return nbytes == 4 ? &machine.vector_10 : NULL;
    case 0x40e:
        return nbytes == 2 ? &machine.segment : NULL;
    default:
        return NULL;
    }
}

CASE(firmware, a_bios_has_its_services_in_a_rom)
{
    machine.absent = false;
    machine.vector_10 = 0xc0000014; /* the screen's own ROM */
    machine.segment = 0x9fc0;
    struct firmware firmware = firmware_find(read);
    CHECK(firmware.bios);
    CHECK_EQUAL(firmware.ebda, 0x9fc00);
    machine.vector_10 = 0xbfff000f; /* the last byte below it */
    CHECK(!firmware_find(read).bios);
    machine.vector_10 = 0xbfff0010;
    CHECK(firmware_find(read).bios);
    machine.vector_10 = 0;
    firmware = firmware_find(read);
    CHECK(!firmware.bios);
    CHECK_EQUAL(firmware.ebda, 0); /* then nobody wrote that word */
}

CASE(firmware, the_extended_data_area_lies_below_640_k)
{
    machine.absent = false;
    machine.vector_10 = 0xf0000000;
    static const struct {
        uint16_t segment;
        uint32_t ebda;
    } answers[] = {{0, 0},      {0x40, 0},  {0x7fff, 0}, {0x8000, 0x80000}, {0x9fff, 0x9fff0},
                   {0xa000, 0}, {0xffff, 0}};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        machine.segment = answers[i].segment;
        CHECK_EQUAL(firmware_find(read).ebda, answers[i].ebda);
    }
    machine.absent = true;
    CHECK(!firmware_find(read).bios);
}
