/*
 * USB keyboards, at root ports and behind hubs. Everything goes on in the background: usb_poll()
 * looks at what has happened since the last call, begins what is next, and never waits. A
 * controller or a device that does not answer in time is left alone, and said.
 */
#ifndef PLAT_DRIVERS_USB_H
#define PLAT_DRIVERS_USB_H

#include "drivers/pci.h"

enum {
    USB_CONTROLLERS_MOST = 8,
    USB_DEVICES_MOST = 16, /* of all controllers; further ones are left out, and counted */
    USB_DEPTH_MOST = 5     /* hubs in a row, as many as USB allows */
};

/* What USB needs of the machine. */
struct usb_machine {
    const struct pci_access *pci;
    /* Where the NBYTES bytes of registers at the physical address WHERE are, uncached; NULL where
     * they can't be reached. */
    volatile void *(*map)(uint64_t where, uint32_t nbytes);
    /* NPAGES pages in a row, of zeros, at their own physical addresses, for ever; or NULL. */
    void *(*get_pages)(size_t npages);
    void (*press)(int key); /* called with interrupts off */
};

/*
 * Takes the USB controllers on the PCI bus over, as far as there are drivers for them: their
 * registers are mapped, and memory for them and for all devices is taken here, and never later.
 * A line is printed for each. Call once, with interrupts off.
 */
void usb_init(const struct usb_machine *machine);

/*
 * Does what can be done now. Call often, about every 10 ms, with interrupts off; NOW_MS is the time
 * in milliseconds, more or less, and wraps. At most some 3,000 instructions for each controller.
 */
void usb_poll(uint32_t now_ms);

/*
 * Stops all controllers, for good: none moves anything or reaches memory when this returns. For a
 * restart, which need not reset them: what starts then is not to be written into. Call with
 * interrupts off.
 */
void usb_stop(void);

/* Controllers that are driven, and work. */
size_t usb_count(void);

/* A device, or a controller, as lsusb lists it. */
struct usb_seen {
    const char *controller; /* "xHCI" */
    pci_place_t place;
    bool is_device; /* false: the controller itself, and of what follows only TROUBLE is set */
    size_t depth;
    uint8_t ports[USB_DEPTH_MOST + 1]; /* the way to it, from the root port on; DEPTH + 1 of them */
    const char *speed;                 /* "low", "full", "high", "super" */
    uint16_t vendor, product;          /* 0: not known yet */
    const char *what;                  /* "keyboard", "hub", "left alone", "being looked at" */
    uint32_t ready_ms;   /* from plugged in, or the kernel's start, to ready; 0: it is not */
    const char *trouble; /* "does not answer"; NULL: none */
};

/* Hands VISIT each controller, and behind it its devices. Call with interrupts off. */
void usb_each(void (*visit)(void *context, const struct usb_seen *seen), void *context);

/* Devices that there was no room for. */
size_t usb_left_out(void);

#endif
