/*
 * xHCI, the controller of USB 3 (eXtensible Host Controller Interface 1.2): what it sees of memory,
 * and what xhci.c, which has the controller, and xhci_device.c, which has the slots of devices,
 * share.
 */
#ifndef PLAT_DRIVERS_USB_XHCI_PRIVATE_H
#define PLAT_DRIVERS_USB_XHCI_PRIVATE_H

#include "drivers/usb/usb_private.h"

struct trb {
    uint32_t parameter_low, parameter_high;
    uint32_t status, control;
};
_Static_assert(sizeof(struct trb) == 16, "section 4.11");

enum {
    TRB_CYCLE = 1 << 0,
    TRB_TOGGLE = 1 << 1, /* of a link: the ring begins again */
    TRB_SHORT_IS_EVENT = 1 << 2,
    TRB_EVENT = 1 << 5,
    TRB_IMMEDIATE = 1 << 6,
    TRB_INTO_HOST = 1 << 16,
    TRB_TYPE_SHIFT = 10,
    TRB_TYPE = 63,
    TRB_NORMAL = 1,
    TRB_SETUP = 2,
    TRB_DATA = 3,
    TRB_STATUS = 4,
    TRB_LINK = 6,
    TRB_ENABLE_SLOT = 9,
    TRB_DISABLE_SLOT = 10,
    TRB_ADDRESS = 11,
    TRB_CONFIGURE = 12,
    TRB_EVALUATE = 13,
    TRB_RESET_ENDPOINT = 14,
    TRB_SET_DEQUEUE = 16,
    TRB_TRANSFER_EVENT = 32,
    TRB_COMMAND_EVENT = 33,
    TRB_PORT_EVENT = 34,
    SETUP_OUT = 2 << 16, /* the setup says which data follow; else none */
    SETUP_IN = 3 << 16,
};

enum {
    XHCI_COMMANDS = 32, /* entries; the last of a ring that we fill is a link */

    /* In the controller's own pages. */
    XHCI_DEVICE_CONTEXTS = 2048,
    XHCI_INPUT = PAGE_SIZE,
    XHCI_OURS = 2 * PAGE_SIZE, /* struct xhci, which the controller does not know */
    XHCI_OWN_PAGES = 3
};

struct xhci_ring {
    struct trb *trbs;
    uint32_t nentries, next;
    uint32_t cycle;
};

struct xhci_slot {
    struct usb_device *device; /* NULL: nobody has it */
    struct xhci_ring control, reports;
    uint8_t report_pipe;      /* the number of its endpoint; 0: not listened to */
    uint16_t wanted, missing; /* bytes of the control transfer under way */
    int32_t failure;          /* what is told once the pipe goes again */
};

enum xhci_stage { XHCI_HANDING_OVER, XHCI_HALTING, XHCI_RESETTING, XHCI_SETTLING, XHCI_RUNNING };

struct xhci {
    volatile uint8_t *capabilities, *registers, *runtime;
    volatile uint32_t *doorbells;
    uint8_t *memory;
    uint32_t nscratch, nslots, context_bytes;
    uint32_t legacy; /* where the hand-over stands; 0: nowhere */
    bool switches_power;
    enum xhci_stage stage;
    uint32_t until, npolls;
    struct xhci_ring commands, events;
    struct usb_device *asked[XHCI_COMMANDS]; /* for whom each command is */
    struct xhci_slot slots[USB_DEVICES_MOST + 1];
};
_Static_assert(sizeof(struct xhci) <= PAGE_SIZE, "it has a page");

static inline struct xhci *xhci_of(const struct usb_controller *controller)
{
    return controller->state;
}

/* The address as the controller knows it: all memory of ours lies below 4 GB. */
static inline uint32_t xhci_address(const volatile void *memory)
{
    return (uint32_t)(uintptr_t)memory;
}

static inline void xhci_clear(void *memory, uint32_t nbytes)
{
    for (uint32_t i = 0; i < nbytes / 4; i++)
        ((volatile uint32_t *)memory)[i] = 0;
}

/* A ring that we fill, of NENTRIES at MEMORY. */
struct xhci_ring xhci_begin_ring(void *memory, uint32_t nentries);

/* Appends TRB and hands it over; returns its place. */
uint32_t xhci_put(struct xhci_ring *ring, struct trb trb);

static inline void xhci_ring_doorbell(struct xhci *xhci, unsigned slot, uint32_t target)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    xhci->doorbells[slot] = target;
}

/* Events: a command, or a transfer, has ended. */
void xhci_command_has_ended(struct usb_controller *controller, const struct trb *event);
void xhci_transfer_has_ended(struct usb_controller *controller, const struct trb *event);

/* What usb.c asks of a driver for devices. */
void xhci_attach(struct usb_device *device);
void xhci_control(struct usb_device *device, const struct usb_setup *setup);
void xhci_set_packet(struct usb_device *device);
void xhci_listen(struct usb_device *device);
void xhci_detach(struct usb_device *device);

#endif
