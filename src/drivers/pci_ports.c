/* Configuration space by two ports (PCI Local Bus Specification 3.0, section 3.2.2.3.2). */
#include "cpu/cpu.h"
#include "cpu/io.h"
#include "drivers/pci.h"

enum { ADDRESS = 0xcf8, DATA = 0xcfc };

#define ENABLED (1u << 31)

/* The port keeps the address until the data is asked for: both belong together. */
static uint32_t read(pci_place_t place, uint32_t offset)
{
    uint32_t flags = cpu_save_flags();
    io_write32(ADDRESS, ENABLED | (uint32_t)place << 8 | offset);
    uint32_t value = io_read32(DATA);
    cpu_restore_flags(flags);
    return value;
}

static void write(pci_place_t place, uint32_t offset, uint32_t value)
{
    uint32_t flags = cpu_save_flags();
    io_write32(ADDRESS, ENABLED | (uint32_t)place << 8 | offset);
    io_write32(DATA, value);
    cpu_restore_flags(flags);
}

const struct pci_access *pci_machine(void)
{
    static const struct pci_access access = {read, write};
    uint32_t flags = cpu_save_flags();
    uint32_t was = io_read32(ADDRESS);
    io_write32(ADDRESS, ENABLED);
    bool there = io_read32(ADDRESS) == ENABLED;
    io_write32(ADDRESS, was);
    cpu_restore_flags(flags);
    return there ? &access : NULL;
}
