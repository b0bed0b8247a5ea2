/*
 * xHCI's rings, and what an event ends in them (eXtensible Host Controller Interface 1.2, sections
 * 4.9 and 4.11). Pure. An event counts only where it names, by its address, an entry that is due:
 * no number that the controller says is used to find anything but a slot.
 */
#ifndef PLAT_DRIVERS_USB_XHCI_RING_H
#define PLAT_DRIVERS_USB_XHCI_RING_H

#include "lib/types.h"

struct usb_device;

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
    TRB_NOTHING = 23,
    TRB_TRANSFER_EVENT = 32,
    TRB_COMMAND_EVENT = 33,
    TRB_PORT_EVENT = 34,
    TRB_CONTROLLER_EVENT = 37,
    SETUP_OUT = 2 << 16, /* the setup says which data follow; else none */
    SETUP_IN = 3 << 16,
    XHCI_CONTROL_PIPE = 1, /* the number of its endpoint */

    /* Codes of events, in the uppermost byte of their status. */
    CODE_SUCCESS = 1,
    CODE_STALL = 6,
    CODE_NO_SLOT = 11, /* it is not enabled */
    CODE_SHORT = 13,
    CODE_RING_STOPPED = 24,
    CODE_ABORTED = 25
};

struct xhci_ring {
    struct trb *trbs;
    uint32_t nentries, next;
    uint32_t cycle;
    uint32_t due, ndue; /* the oldest entry that has not ended, and how many there are */
};

struct xhci_slot {
    struct usb_device *device; /* NULL: nobody has it */
    struct xhci_ring control, reports;
    uint8_t report_pipe;      /* the number of its endpoint; 0: not listened to */
    uint16_t wanted, missing; /* bytes of the control transfer under way */
    int32_t failure;          /* what is told once the pipe goes again */
    uint32_t nreports;        /* that have come */
};

/* The address as the controller knows it: all memory of ours lies below 4 GB. */
static inline uint32_t xhci_address(const volatile void *memory)
{
    return (uint32_t)(uintptr_t)memory;
}

/* A ring that we fill, of NENTRIES at MEMORY; the last of them is a link. */
struct xhci_ring xhci_begin_ring(void *memory, uint32_t nentries);

/* Appends TRB and hands it over. Fewer than all entries may be due. */
void xhci_put(struct xhci_ring *ring, struct trb trb);

/* Whether EVENT names the oldest entry that is due, which then has ended. */
MUST_USE bool xhci_take(struct xhci_ring *ring, const struct trb *event);

/* All entries have ended. */
static inline void xhci_end_all(struct xhci_ring *ring)
{
    ring->ndue = 0;
}

/* The slot that EVENT names, among those from number 1 to NSLOTS; NULL where nobody has it. */
struct xhci_slot *xhci_slot_of(struct xhci_slot *slots, uint32_t nslots, const struct trb *event);

enum xhci_end {
    XHCI_NO_END,
    XHCI_CONTROL_DONE,
    XHCI_CONTROL_FAILED, /* its pipe has stopped */
    XHCI_REPORT,
    XHCI_REPORTS_FAILED
};

/*
 * What EVENT, about a transfer of SLOT, has ended. A control transfer ends by its status; before
 * it, a short answer may be told, and by some controllers the success of the same data behind that,
 * which changes nothing.
 */
enum xhci_end xhci_take_transfer(struct xhci_slot *slot, const struct trb *event);

#endif
