/*
 * What UHCI, OHCI and EHCI share: lists of queues in memory, a queue for each pipe of a device, and
 * control transfers as three stages.
 *
 * Theory. The controller goes through its lists again and again, and moves what stands in their
 * queues. One thing stands in a queue at a time: a stage of a control transfer (a setup, its data,
 * its status), or one report. poll() sees that it has been moved, and puts the next one there. A
 * queue that is taken out of its list may still be in the controller's hands: its device's page is
 * let go of only when the controller has begun a second frame since then.
 *
 * A device's page: struct usb_pipes, two queues with their transfers, and usb.c's buffer at the
 * end. A device's address is its place among those of its controller, from 1 on.
 */
#ifndef PLAT_DRIVERS_USB_USB_PIPES_H
#define PLAT_DRIVERS_USB_USB_PIPES_H

#include "drivers/usb/usb_private.h"

enum usb_token { USB_TOKEN_OUT, USB_TOKEN_IN, USB_TOKEN_SETUP };

enum {
    USB_MOVING = -3,          /* a result: not yet */
    USB_TRANSFER_BYTES = 512, /* of a queue's transfers, of which there are two such */
    USB_OWN_PAGES = 2,        /* of a controller: its frames; its lists, and struct usb_bus */
    USB_LIST_BYTES = 128,
    USB_FRAMES = 1024,
    USB_PORT_RESET_MS = 50 /* USB 2.0, section 7.1.7.5: TDRSTR */
};

/* What is to be moved in one go. */
struct usb_part {
    enum usb_token token;
    uint32_t toggle, data, nbytes;
};

struct usb_pipe {
    volatile uint32_t *queue, *transfers;
    uint32_t endpoint, packet_bytes;
    struct usb_part part;
    bool moving;
};

enum usb_stage {
    USB_STAGE_NONE,
    USB_STAGE_SETUP,
    USB_STAGE_DATA,
    USB_STAGE_STATUS,
    USB_STAGE_UNLINKED,
    USB_STAGE_LETTING_GO
};

struct usb_pipes {
    struct usb_setup setup;
    struct usb_pipe control, reports;
    enum usb_stage stage;
    int32_t moved;
    uint8_t address, report[USB_PACKET_MOST];
};

/* How a controller's queues are; all this is called by usb_pipes.c. */
struct usb_queues {
    uint32_t link; /* the word that says which queue is next */
    uint32_t kind; /* bits in it */
    /* Has PIPE's part moved, or not yet USB_MOVING, or a negative result. */
    void (*begin)(const struct usb_device *device, struct usb_pipe *pipe);
    int32_t (*look)(const struct usb_pipe *pipe);
    /* The number of the frame, of 11 bits. EHCI is told that something is to be let go of, and
     * stays at FRAME until it has been. */
    uint32_t (*frame)(struct usb_controller *controller);
    void (*ring)(struct usb_controller *controller);
    void (*halt)(struct usb_controller *controller);
};

enum usb_bus_stage { USB_BUS_HANDING_OVER, USB_BUS_HALTING, USB_BUS_RESETTING, USB_BUS_SETTLING };

struct usb_bus {
    const struct usb_queues *queues;
    const struct pci_access *pci;
    volatile uint8_t *registers; /* EHCI's, OHCI's */
    uint16_t ports;              /* UHCI's */
    volatile uint32_t *frames;
    volatile uint32_t *control, *reports; /* a queue that nothing stands in, first in each list */
    enum usb_bus_stage stage;
    uint32_t until;
    unsigned reset_port; /* that is being reset; 0: none */
    uint32_t reset_until;
    uint32_t legacy, interval; /* their driver's */
    bool lets_go;
    uint32_t frame; /* when that began */
    struct usb_device *devices[USB_DEVICES_MOST];
};
_Static_assert(sizeof(struct usb_bus) <= PAGE_SIZE - 2 * USB_LIST_BYTES, "it has a page's rest");

static inline struct usb_bus *usb_bus_of(const struct usb_controller *controller)
{
    return controller->state;
}

/* The address as the controller knows it: all memory of ours lies below 4 GB. */
static inline uint32_t usb_address(const volatile void *memory)
{
    return (uint32_t)(uintptr_t)memory;
}

static inline uint32_t usb_read(const struct usb_controller *controller, uint32_t offset)
{
    return *(volatile uint32_t *)(usb_bus_of(controller)->registers + offset);
}

static inline void usb_write(const struct usb_controller *controller, uint32_t offset,
                             uint32_t value)
{
    *(volatile uint32_t *)(usb_bus_of(controller)->registers + offset) = value;
}

/* Memory for CONTROLLER, whose queues are such; false where there is none. */
MUST_USE bool usb_bus_begin(struct usb_controller *controller, const struct usb_machine *machine,
                            const struct usb_queues *queues);

/* Finds the registers in memory, at least NBYTES; false where they can't be reached. */
MUST_USE bool usb_bus_map(struct usb_controller *controller, const struct usb_machine *machine,
                          uint32_t nbytes);

/* It is in STAGE from now on, for NMS or longer; whether it has been so long. */
void usb_bus_enter(struct usb_controller *controller, enum usb_bus_stage stage, uint32_t nms);
bool usb_bus_is_over(const struct usb_controller *controller);

/* It runs: its ports are looked at. */
void usb_bus_run(struct usb_controller *controller);

/* STATUS is its status, of which any of TROUBLE means that it runs no more. START takes it a stage
 * further. Else what has been moved is taken. */
void usb_bus_poll(struct usb_controller *controller, uint32_t status, uint32_t trouble,
                  void (*start)(struct usb_controller *controller));

/* PORT begins to be reset; whether PORT is, and has been long enough. */
void usb_bus_reset(struct usb_controller *controller, unsigned port);
bool usb_bus_is_reset(const struct usb_controller *controller, unsigned port);

/* What usb.c asks of a driver. */
void usb_bus_stop(struct usb_controller *controller);
void usb_pipes_attach(struct usb_device *device);
void usb_pipes_control(struct usb_device *device, const struct usb_setup *setup);
void usb_pipes_set_packet(struct usb_device *device);
void usb_pipes_listen(struct usb_device *device);
void usb_pipes_detach(struct usb_device *device);

#endif
