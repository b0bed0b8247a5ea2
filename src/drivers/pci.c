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
    COMMAND_BITS = 0xffff,
    BAR_PORTS = 1,
    BAR_64_BITS = 4,
    BAR_SIZE_BITS = 6, /* those two */
    PORTS = 0x10000
};

/* -- Scanning -- */

struct scan {
    const struct pci_access *access;
    void (*visit)(void *context, const struct pci_function *function);
    void *context;
    size_t count;
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

/* Hands over the function at PLACE, whose first word is ID; whether its device has more of them. */
static bool hand_over(struct scan *scan, pci_place_t place, uint32_t id)
{
    uint32_t class = scan->access->read(place, PCI_CLASS);
    uint32_t header = scan->access->read(place, PCI_HEADER) >> 16 & 0xff;
    struct pci_function function = {
        .place = place,
        .vendor = (uint16_t)id,
        .device = (uint16_t)(id >> 16),
        .class = (uint8_t)(class >> 24),
        .subclass = (uint8_t)(class >> 16),
        .interface = (uint8_t)(class >> 8),
        .revision = (uint8_t) class,
        .kind = header & KIND,
        .line = (uint8_t)scan->access->read(place, PCI_INTERRUPT),
    };
    scan->count++;
    scan->visit(scan->context, &function);
    if (function.kind == KIND_BRIDGE || function.kind == KIND_CARDBUS)
        set_bit(scan->wanted, scan->access->read(place, PCI_BUSES) >> 8 & 0xff);
    return (header & SEVERAL) != 0;
}

static void scan_bus(struct scan *scan, uint32_t bus)
{
    for (uint32_t device = 0; device < DEVICES; device++) {
        uint32_t count = 1;
        for (uint32_t i = 0; i < count; i++) {
            pci_place_t place = (pci_place_t)(bus << 8 | device << 3 | i);
            uint32_t id = scan->access->read(place, PCI_ID);
            if (is_there(id) && hand_over(scan, place, id) && i == 0)
                count = FUNCTIONS;
        }
    }
}

size_t pci_each(const struct pci_access *access,
                void (*visit)(void *context, const struct pci_function *function), void *context)
{
    struct scan scan = {.access = access, .visit = visit, .context = context};
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

/* -- One function -- */

void pci_command(const struct pci_access *access, const struct pci_function *function, uint16_t on,
                 uint16_t off)
{
    /* The status in the upper half is cleared by ones. */
    uint32_t was = access->read(function->place, PCI_COMMAND) & COMMAND_BITS;
    uint32_t command = (was & ~(uint32_t)off) | on;
    if (command != was)
        access->write(function->place, PCI_COMMAND, command);
}

/* What the register at OFFSET holds when all ones have been written to it. */
static uint32_t mask_of(const struct pci_access *access, pci_place_t place, uint32_t offset)
{
    uint32_t was = access->read(place, offset);
    access->write(place, offset, UINT32_MAX);
    uint32_t mask = access->read(place, offset);
    access->write(place, offset, was);
    return mask;
}

/* Whether register INDEX is the upper half of a range of 64 bits. */
static bool is_upper_half(const struct pci_access *access, pci_place_t place, size_t index)
{
    bool upper = false;
    for (size_t i = 0; i < index; i++) {
        uint32_t low = access->read(place, PCI_BAR + 4 * (uint32_t)i);
        upper = !upper && !(low & BAR_PORTS) && (low & BAR_SIZE_BITS) == BAR_64_BITS;
    }
    return upper;
}

/* Some of these take memory away from the processor while they do not answer. */
static bool is_host_bridge(const struct pci_function *function)
{
    return function->class == 6 && function->subclass == 0;
}

bool pci_bar(const struct pci_access *access, const struct pci_function *function, size_t index,
             struct pci_bar *bar)
{
    pci_place_t place = function->place;
    uint32_t offset = PCI_BAR + 4 * (uint32_t)index;
    size_t nbars = function->kind == KIND_BRIDGE ? 2 : function->kind == 0 ? PCI_BARS : 0;
    if (index >= nbars || is_host_bridge(function) || is_upper_half(access, place, index))
        return false;
    uint32_t low = access->read(place, offset), command = access->read(place, PCI_COMMAND);
    if (low == 0)
        return false;
    bool ports = low & BAR_PORTS, wide = !ports && (low & BAR_SIZE_BITS) == BAR_64_BITS;
    if (wide && index + 1 >= nbars)
        return false;
    uint32_t flags = ports ? 3 : 15;
    pci_command(access, function, 0, PCI_ENABLE_PORTS | PCI_ENABLE_MEMORY);
    uint64_t mask = mask_of(access, place, offset) & ~flags, start = low & ~flags;
    if (wide) {
        mask |= (uint64_t)mask_of(access, place, offset + 4) << 32;
        start |= (uint64_t)access->read(place, offset + 4) << 32;
    } else if (mask) {
        mask |= ports ? ~(uint64_t)(PORTS - 1) : ~(uint64_t)UINT32_MAX; /* 16 bits do */
    }
    access->write(place, PCI_COMMAND, command & COMMAND_BITS);
    uint64_t nbytes = ~mask + 1;
    if (mask == 0 || start == 0 || (ports && start >= PORTS) || (nbytes & (nbytes - 1)) != 0 ||
        (start & (nbytes - 1)) != 0)
        return false;
    *bar = (struct pci_bar){.ports = ports, .start = start, .nbytes = nbytes};
    return true;
}

uint16_t pci_ports(const struct pci_access *access, const struct pci_function *function,
                   size_t index)
{
    if (function->kind != 0 || index >= PCI_BARS || is_upper_half(access, function->place, index))
        return 0;
    uint32_t value = access->read(function->place, PCI_BAR + 4 * (uint32_t)index),
             port = value & ~3u;
    return (value & BAR_PORTS) && port < PORTS ? (uint16_t)port : 0;
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
