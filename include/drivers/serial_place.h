/*
 * Where a PC's serial ports are. Pure: what is on PCI is read and written by functions. Ports that
 * are memory are not known, nor multiport cards of a class of their own (PCI's class 07, subclass
 * 02), each of which is different.
 */
#ifndef PLAT_DRIVERS_SERIAL_PLACE_H
#define PLAT_DRIVERS_SERIAL_PLACE_H

#include "drivers/pci.h"

enum {
    SERIAL_COM1 = 0x3f8,
    SERIAL_COM2 = 0x2f8,
    SERIAL_COM3 = 0x3e8,
    SERIAL_COM4 = 0x2e8, /* where old video cards (8514/A) have their palette */
    SERIAL_POLLED = -1,
    SERIAL_NOBODY = 0xff, /* is read where nothing answers */
    SERIAL_PLACES_MOST = 12
};

struct serial_place {
    uint16_t port; /* the first of 8 */
    int8_t line;   /* of the interrupt controller, or SERIAL_POLLED */
    bool on_pci;   /* .. which others may share; then the ports are those of */
    pci_place_t function;
    uint8_t bar;
    uint8_t seen; /* serial_find.c's: the status that was read there last; SERIAL_NOBODY at first */
};

/* The place at PORT, with the line that a PC has there; polled where PORT is none of the four. */
struct serial_place serial_place_of(uint16_t port);

/*
 * The ports of PCI's serial functions (class 07, subclass 00, up to a 16950), in the order of
 * functions and registers, whether they are on or off: how many PLACES has then, MOST at most.
 * A line is taken over from what the firmware wrote down, if it can be one of PCI's. Costs a scan.
 */
size_t serial_places_on_pci(const struct pci_access *access, struct serial_place *places,
                            size_t most);

/*
 * Turns the ports and the interrupt of PLACE, which is on PCI, on. False, and nothing is changed,
 * where it has other ports by now, or is gone.
 */
MUST_USE bool serial_place_open(const struct pci_access *access, const struct serial_place *place);

#endif
