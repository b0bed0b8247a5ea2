/*
 * xHCI, the controller of USB 3 (eXtensible Host Controller Interface 1.2): what it sees of memory,
 * and what xhci.c, which has the controller, and xhci_device.c, which has the slots of devices,
 * share.
 */
#ifndef PLAT_DRIVERS_USB_XHCI_PRIVATE_H
#define PLAT_DRIVERS_USB_XHCI_PRIVATE_H

#include "drivers/usb/usb_private.h"
#include "drivers/usb/xhci_registers.h"
#include "drivers/usb/xhci_ring.h"

enum {
    XHCI_COMMANDS = 32, /* entries; the last of a ring that we fill is a link */

    /* Of each device one command waits at most, and one more is the controller's. */
    XHCI_WAITING = USB_DEVICES_MOST + 1,

    /* In the controller's own pages. */
    XHCI_DEVICE_CONTEXTS = 2048,
    XHCI_INPUT = PAGE_SIZE,
    XHCI_OURS = 2 * PAGE_SIZE, /* struct xhci, which the controller does not know */
    XHCI_OWN_PAGES = 3,

    XHCI_COMMAND_RING = 0x18 /* the register, behind the capabilities */
};

struct xhci_command {
    struct usb_device *device;
    uint32_t type, parameter, bits;
};

enum xhci_stage { XHCI_HANDING_OVER, XHCI_HALTING, XHCI_RESETTING, XHCI_SETTLING, XHCI_RUNNING };

struct xhci {
    const struct pci_access *pci;
    volatile uint8_t *capabilities, *registers, *runtime, *doorbells;
    uint8_t *memory;
    uint32_t nscratch, nslots, context_bytes;
    uint32_t legacy; /* where the hand-over stands; 0: nowhere */
    bool switches_power;
    enum xhci_stage stage;
    uint32_t until, npolls;
    struct xhci_ring commands, events;
    struct xhci_command asked[XHCI_WAITING]; /* the first is the controller's where one is due */
    uint32_t nasked;
    bool aborts, stopped;   /* the command is being aborted; that has been said to be done */
    uint32_t command_since; /* when it was given, or began to be aborted */
    struct xhci_slot slots[USB_DEVICES_MOST + 1];
};
_Static_assert(sizeof(struct xhci) <= PAGE_SIZE, "it has a page");

static inline struct xhci *xhci_of(const struct usb_controller *controller)
{
    return controller->state;
}

static inline void xhci_clear(void *memory, uint32_t nbytes)
{
    for (uint32_t i = 0; i < nbytes / 4; i++)
        ((volatile uint32_t *)memory)[i] = 0;
}

static inline void xhci_write_address(volatile uint8_t *registers, uint32_t offset,
                                      uint32_t address)
{
    xhci_write(registers, offset, address);
    xhci_write(registers, offset + 4, 0);
}

static inline void xhci_ring_doorbell(struct xhci *xhci, unsigned slot, uint32_t target)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    xhci_write(xhci->doorbells, 4 * slot, target);
}

/* Events: a command, or a transfer, has ended. */
void xhci_command_has_ended(struct usb_controller *controller, const struct trb *event);
void xhci_transfer_has_ended(struct usb_controller *controller, const struct trb *event);

/* Aborts a command that takes too long, and goes on behind it. STAND says that the controller had
 * nothing more to do with the ring before its events were taken. */
void xhci_watch_commands(struct usb_controller *controller, bool stand);

/* What usb.c asks of a driver for devices. */
void xhci_attach(struct usb_device *device);
void xhci_control(struct usb_device *device, const struct usb_setup *setup);
void xhci_set_packet(struct usb_device *device);
void xhci_listen(struct usb_device *device);
void xhci_detach(struct usb_device *device);

#endif
