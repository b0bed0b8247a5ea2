/*
 * What is on the PCI bus (PCI Local Bus Specification 3.0, chapter 6; PCI-to-PCI Bridge 1.2). Pure:
 * configuration space is reached by two functions. What stands there is not believed: bridges that
 * lead back, and functions that answer all ones, end somewhere.
 */
#ifndef PLAT_DRIVERS_PCI_H
#define PLAT_DRIVERS_PCI_H

#include "lib/types.h"

enum { PCI_BARS = 6 };

/* Where a function is: bits 15 to 8 the bus, 7 to 3 the device, 2 to 0 the function. */
typedef uint16_t pci_place_t;

/* Offsets in configuration space, of words of 4 bytes. */
enum {
    PCI_ID = 0x00,      /* device, vendor */
    PCI_COMMAND = 0x04, /* status, command */
    PCI_CLASS = 0x08,   /* class, subclass, interface, revision */
    PCI_HEADER = 0x0c,  /* in its third byte: bit 7 several functions, below the kind */
    PCI_BAR = 0x10,
    PCI_BUSES = 0x18, /* of a bridge, from the lowest byte on: its own bus, the one behind it */
    PCI_INTERRUPT = 0x3c
};

/* Bits of the command. */
enum {
    PCI_ENABLE_PORTS = 1,
    PCI_ENABLE_MEMORY = 2,
    PCI_ENABLE_MASTER = 4,
    PCI_DISABLE_INTERRUPT = 0x400
};

/* How a word at OFFSET, a multiple of 4 below 256, of the function at PLACE is read and written.
 * All ones where there is none. */
struct pci_access {
    uint32_t (*read)(pci_place_t place, uint32_t offset);
    void (*write)(pci_place_t place, uint32_t offset, uint32_t value);
};

struct pci_function {
    pci_place_t place;
    uint16_t vendor, device;
    uint8_t class, subclass, interface, revision;
    uint8_t kind; /* of its header: 0 a device, 1 a bridge to another bus */
    uint8_t line; /* of the interrupt controller, as the firmware wrote it down; 255: none */
};

/*
 * Hands VISIT the functions on bus 0 and behind its bridges, bus after bus, in the order of their
 * places there; returns how many there are. Buses of other host bridges, as large servers have
 * them, are not found. Reads 32 words for each bus that a bridge leads to, and 5 for each function:
 * at most 5 times 65,536.
 */
size_t pci_each(const struct pci_access *access,
                void (*visit)(void *context, const struct pci_function *function), void *context);

/* A range of addresses that a function answers to. */
struct pci_bar {
    bool ports; /* else memory */
    uint64_t start;
    uint64_t nbytes; /* a power of two */
};

/*
 * The range of register INDEX of FUNCTION, below PCI_BARS. The function answers to none of its
 * ranges meanwhile: call with interrupts off, and while nothing is behind it that anybody waits
 * for. False where there is none, nobody gave it a place, it is the second half of the register in
 * front of it, or FUNCTION is a host bridge.
 */
MUST_USE bool pci_bar(const struct pci_access *access, const struct pci_function *function,
                      size_t index, struct pci_bar *bar);

/*
 * The first port of the range in register INDEX, below PCI_BARS, of FUNCTION; 0 where that is none
 * of ports, where nobody gave it a place, and where FUNCTION is no device. Moves nothing, and so
 * says nothing of the size. Reads INDEX + 1 words.
 */
uint16_t pci_ports(const struct pci_access *access, const struct pci_function *function,
                   size_t index);

/* Sets the bits ON of FUNCTION's command, and clears those of OFF; writes only what
 * changes something. */
void pci_command(const struct pci_access *access, const struct pci_function *function, uint16_t on,
                 uint16_t off);

/* "USB controller (xHCI)"; of a class that has no name here "class 0c03". TEXT has NBYTES. */
void pci_class_text(const struct pci_function *function, char *text, size_t nbytes);

/* pci_ports.c: this machine's; NULL where there is no PCI. */
const struct pci_access *pci_machine(void);

#endif
