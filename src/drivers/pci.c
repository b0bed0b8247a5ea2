/*
 * Theory. A bus has 32 places for devices, each of up to 8 functions; function 0 is there if any
 * is, and says whether there are more. A bridge says which bus is behind it. A bus is scanned once,
 * and only when a bridge led to it: a bit for each says so. So a bridge whose numbers lead back to
 * a bus that was scanned, or to itself, adds nothing.
 */
#include "drivers/pci.h"

#include "lib/format.h"

enum {
    BUSES = 256,
    DEVICES = 32,
    FUNCTIONS = 8,
    SEVERAL = 0x80,
    KIND = 0x7f,
    KIND_BRIDGE = 1,
    KIND_CARDBUS = 2, /* which has the number of the bus behind it in the same place */
};

struct scan {
    pci_reader read;
    struct pci_function *functions;
    size_t count, most;
    uint32_t wanted[BUSES / 32], done[BUSES / 32]; /* a bit a bus */
};

static bool has_bit(const uint32_t *bits, uint32_t i)
{
    return bits[i / 32] >> i % 32 & 1;
}

static void set_bit(uint32_t *bits, uint32_t i)
{
    bits[i / 32] |= (uint32_t)1 << i % 32;
}

static bool is_there(uint32_t id)
{
    return (id & 0xffff) != 0xffff && (id & 0xffff) != 0;
}

/* Adds the function at PLACE, whose first word is ID; whether its device has more of them. */
static bool add(struct scan *scan, pci_place_t place, uint32_t id)
{
    uint32_t class = scan->read(place, PCI_CLASS);
    uint32_t header = scan->read(place, PCI_HEADER) >> 16 & 0xff;
    struct pci_function function = {
        .place = place,
        .vendor = (uint16_t)id,
        .device = (uint16_t)(id >> 16),
        .class = (uint8_t)(class >> 24),
        .subclass = (uint8_t)(class >> 16),
        .interface = (uint8_t)(class >> 8),
        .revision = (uint8_t) class,
        .kind = header & KIND,
        .line = (uint8_t)scan->read(place, PCI_INTERRUPT),
    };
    if (scan->count < scan->most)
        scan->functions[scan->count] = function;
    scan->count++;
    if (function.kind == KIND_BRIDGE || function.kind == KIND_CARDBUS)
        set_bit(scan->wanted, scan->read(place, PCI_BUSES) >> 8 & 0xff);
    return (header & SEVERAL) != 0;
}

static void scan_bus(struct scan *scan, uint32_t bus)
{
    for (uint32_t device = 0; device < DEVICES; device++) {
        uint32_t count = 1;
        for (uint32_t i = 0; i < count; i++) {
            pci_place_t place = (pci_place_t)(bus << 8 | device << 3 | i);
            uint32_t id = scan->read(place, PCI_ID);
            if (is_there(id) && add(scan, place, id) && i == 0)
                count = FUNCTIONS;
        }
    }
}

size_t pci_scan(pci_reader read, struct pci_function *functions, size_t most)
{
    struct scan scan = {.read = read, .functions = functions, .most = most};
    uint32_t bus = 0;
    set_bit(scan.wanted, 0);
    while (bus < BUSES) {
        if (!has_bit(scan.wanted, bus) || has_bit(scan.done, bus)) {
            bus++;
            continue;
        }
        set_bit(scan.done, bus);
        scan_bus(&scan, bus);
        bus = 0; /* a bridge may lead to a lower one */
    }
    return scan.count;
}

void pci_class_text(const struct pci_function *function, char *text, size_t nbytes)
{
    static const struct {
        uint8_t class, subclass, interface;
        const char *name;
    } names[] = {
        {0x01, 0x01, 0xff, "IDE disk controller"},
        {0x01, 0x06, 0xff, "SATA controller"},
        {0x01, 0x08, 0xff, "NVMe disk"},
        {0x02, 0x00, 0xff, "Ethernet controller"},
        {0x03, 0x00, 0xff, "VGA"},
        {0x03, 0x80, 0xff, "display controller"},
        {0x04, 0x03, 0xff, "audio device"},
        {0x06, 0x00, 0xff, "host bridge"},
        {0x06, 0x01, 0xff, "ISA bridge"},
        {0x06, 0x04, 0xff, "PCI bridge"},
        {0x07, 0x00, 0xff, "serial port"},
        {0x0c, 0x03, 0x00, "USB controller (UHCI)"},
        {0x0c, 0x03, 0x10, "USB controller (OHCI)"},
        {0x0c, 0x03, 0x20, "USB controller (EHCI)"},
        {0x0c, 0x03, 0x30, "USB controller (xHCI)"},
        {0x0c, 0x05, 0xff, "SMBus"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].class == function->class && names[i].subclass == function->subclass &&
            (names[i].interface == 0xff || names[i].interface == function->interface)) {
            format_text(text, nbytes, "%s", names[i].name);
            return;
        }
    format_text(text, nbytes, "class %02x%02x", function->class, function->subclass);
}
