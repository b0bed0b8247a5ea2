/*
 * What is on the PCI bus (PCI Local Bus Specification 3.0, chapter 6; PCI-to-PCI Bridge 1.2). Pure:
 * configuration space is read by a function. What stands there is not believed: bridges that lead
 * back, and functions that answer all ones, end somewhere.
 */
#ifndef PLAT_DRIVERS_PCI_H
#define PLAT_DRIVERS_PCI_H

#include "lib/types.h"

enum { PCI_FUNCTIONS_MOST = 256 /* that one scan finds; a large server has as many */ };

/* Where a function is: bits 15 to 8 the bus, 7 to 3 the device, 2 to 0 the function. */
typedef uint16_t pci_place_t;

/* Offsets in configuration space, of words of 4 bytes. */
enum {
    PCI_ID = 0x00,     /* device, vendor */
    PCI_CLASS = 0x08,  /* class, subclass, interface, revision */
    PCI_HEADER = 0x0c, /* in its third byte: bit 7 several functions, below the kind */
    PCI_BUSES = 0x18,  /* of a bridge, from the lowest byte on: its own bus, the one behind it */
    PCI_INTERRUPT = 0x3c
};

/* The word at OFFSET, a multiple of 4 below 256, of the function at PLACE; all ones where there is
 * none. */
typedef uint32_t (*pci_reader)(pci_place_t place, uint32_t offset);

struct pci_function {
    pci_place_t place;
    uint16_t vendor, device;
    uint8_t class, subclass, interface, revision;
    uint8_t kind; /* of its header: 0 a device, 1 a bridge to another bus */
    uint8_t line; /* of the interrupt controller, as the firmware wrote it down; 255: none */
};

/*
 * Finds the functions on bus 0 and behind its bridges, bus after bus, in the order of their places
 * there. Returns how many there are, of which FUNCTIONS gets the first MOST. Buses of other host
 * bridges, as large servers have them, are not found. Reads 32 words for each bus that a bridge
 * leads to, and 5 for each function: at most 5 times 65,536.
 */
size_t pci_scan(pci_reader read, struct pci_function *functions, size_t most);

/* "USB controller (xHCI)"; of a class that has no name here "class 0c03". TEXT has NBYTES. */
void pci_class_text(const struct pci_function *function, char *text, size_t nbytes);

/* pci_ports.c: this machine's; NULL where there is no PCI. */
pci_reader pci_machine(void);

#endif
