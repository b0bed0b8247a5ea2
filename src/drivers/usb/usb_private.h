/*
 * Between usb.c, which knows devices, and the drivers of controllers, which move their bytes. A
 * driver's function begins something and returns; what comes of it is told later, out of the
 * driver's poll(). All of it runs with interrupts off.
 */
#ifndef PLAT_DRIVERS_USB_USB_PRIVATE_H
#define PLAT_DRIVERS_USB_USB_PRIVATE_H

#include "drivers/usb.h"
#include "drivers/usb/usb_descriptors.h"
#include "drivers/usb/usb_keyboard.h"

enum usb_speed { USB_FULL = 1, USB_LOW, USB_HIGH, USB_SUPER };

/* Results of what was begun, instead of a number of bytes. */
enum { USB_STALLED = -1, USB_NO_ANSWER = -2 };

enum { USB_BUFFER_BYTES = 256, USB_PORTS_MOST = 31 };

/* The eight bytes that begin a control transfer. */
struct usb_setup {
    uint8_t type, request;
    uint16_t value, index, length;
};
_Static_assert(sizeof(struct usb_setup) == 8, "controllers send it as it is");

/* How a port is. */
struct usb_port {
    bool connected, enabled, resetting;
    bool replaced; /* something was plugged in or pulled out since the last look */
    enum usb_speed speed;
};

struct usb_device;
struct usb_controller;

struct usb_driver {
    const char *name;
    uint8_t interface; /* PCI's programming interface */

    /* Begins to take the controller over. NULL, or why that can't be, and then nothing is begun. */
    const char *(*init)(struct usb_controller *controller, const struct usb_machine *machine);

    /* Looks at what has come, and tells it by the functions below. */
    void (*poll)(struct usb_controller *controller);

    /* Root ports, numbered from 1. Looking forgets that something was replaced. */
    struct usb_port (*port)(struct usb_controller *controller, unsigned port);
    void (*reset_port)(struct usb_controller *controller, unsigned port);

    /* What is plugged into the port hears nothing any more, until it is reset. NULL: not needed. */
    void (*disable_port)(struct usb_controller *controller, unsigned port);

    /* Gives DEVICE, which answers to address 0, an address. */
    void (*attach)(struct usb_device *device);

    /* Moves SETUP->length bytes to or from the device's buffer. The result is how many they were.
     */
    void (*control)(struct usb_device *device, const struct usb_setup *setup);

    /* The device's control pipe has packets of DEVICE->packet_bytes. */
    void (*set_packet)(struct usb_device *device);

    /* From now on reports of DEVICE's function are told. */
    void (*listen)(struct usb_device *device);

    /* Nothing of the device's pages is touched once this has ended. */
    void (*detach)(struct usb_device *device);

    /* The controller halts, and reaches no memory any more: it has died, or the machine restarts.
     * It may be gone, or have been stopped. NULL: there is nothing to do. */
    void (*stop)(struct usb_controller *controller);
};

/* What is under way with a device. */
enum usb_step {
    USB_UNUSED,
    USB_DEBOUNCE,  /* plugged in; it may still bounce, or waits for others */
    USB_RESETTING, /* its port is, or waits for its hub to do it */
    USB_RECOVER,
    USB_ATTACHING,      /* an address is being given */
    USB_ADDRESSED,      /* .. and takes effect */
    USB_READING_PACKET, /* .. how large its packets are */
    USB_SIZING,         /* .. and its controller learns it */
    USB_READING_DEVICE,
    USB_READING_CONFIGURATION,
    USB_CONFIGURING,
    USB_SETTING_PROTOCOL,
    USB_SETTING_IDLE,
    USB_READING_HUB,
    USB_POWERING, /* its ports, one after the other */
    USB_POWER_WAIT,
    USB_LISTENING,   /* .. is being begun */
    USB_READY,       /* a keyboard or a hub that is listened to */
    USB_ASKING_PORT, /* such a hub is asked how one of its ports is */
    USB_LEFT_ALONE,  /* of no use, or in trouble */
    USB_CLOSING,
    USB_DISABLING /* it is detached; its port is turned off where it may answer to address 0 */
};

struct usb_hub {
    uint8_t nports;
    uint8_t at;        /* the port that is being powered, or asked about */
    uint32_t changed;  /* a bit a port */
    uint32_t left_out; /* .. with a device that there was no room for */
    uint32_t look_at;  /* when the port that is being reset is to be asked about */
    uint16_t power_ms; /* how long its ports' power takes */
    uint16_t stuck;    /* the control pipe that it is to forget a split transfer of .. */
    uint8_t nstuck;    /* .. in so many directions */
};

struct usb_device {
    enum usb_step step;
    bool busy;         /* what was begun has not ended */
    int32_t result;    /* of what has: bytes, or negative */
    uint32_t until;    /* when the step is over, or too late */
    uint32_t since;    /* when it was plugged in; 0: before the first look */
    uint32_t ready_ms; /* from then on until it was listened to */
    struct usb_controller *controller;
    struct usb_device *hub; /* that it is plugged into; NULL: a root port */
    uint8_t port, depth;
    enum usb_speed speed;
    uint8_t ntries;
    uint32_t ready_at;
    bool again, unplugged; /* what follows USB_CLOSING */
    bool asked;            /* its hub has been told to reset it, or to turn its port off */
    uint16_t vendor, product;
    uint8_t packet_bytes; /* of its control pipe; super speed's does not matter */
    const char *trouble;
    struct usb_function function;
    struct usb_keyboard keyboard;
    uint8_t lights; /* that it shows */
    struct usb_hub ports;
    uint8_t *page;   /* for its driver, zeros at first */
    uint8_t *buffer; /* the last USB_BUFFER_BYTES of it */
    uint8_t slot;    /* its driver's: a number, or its address */
    uint8_t address; /* that a hub knows which translates for it; its driver sets it */
    void *state;     /* its driver's */
};

/* Where a controller is. */
enum usb_life { USB_STARTING, USB_RUNNING, USB_DEAD };

struct usb_controller {
    const struct usb_driver *driver;
    struct pci_function function;
    enum usb_life life;
    const char *trouble;
    unsigned nports;
    uint32_t changed;           /* a bit a root port, from bit 1 on: to be looked at */
    uint32_t left_out;          /* .. with a device that there was no room for */
    struct usb_device *current; /* the one on its way up, which may answer to address 0 */
    uint32_t now_ms;            /* when usb_poll() was called */
    bool looked;                /* at all ports at least once */
    void *state;                /* its driver's */
};

/* -- What drivers tell -- */

/* What was begun has ended; RESULT is a number of bytes, or negative. */
void usb_done(struct usb_device *device, int32_t result);

/* DEVICE has sent a report of NBYTES. */
void usb_received(struct usb_device *device, const uint8_t *report, size_t nbytes);

/* Its reports do not come any more. */
void usb_broken(struct usb_device *device, const char *trouble);

/* CONTROLLER is stopped, and not touched again. */
void usb_died(struct usb_controller *controller, const char *trouble);

/* The hub, and its port, that translate for a device of low or full speed behind a hub of high
 * speed; NULL where none does. */
struct usb_device *usb_translator(const struct usb_device *device, unsigned *port);

/* -- Between usb.c, which has all devices, usb_up.c, and usb_hub.c, which has the ports of hubs --
 */

enum {
    USB_TO_HOST = 0x80, /* types of a setup */
    USB_OF_CLASS = 0x20,
    USB_GET_STATUS = 0, /* requests */
    USB_CLEAR_FEATURE = 1,
    USB_SET_FEATURE = 3,
    USB_GET_DESCRIPTOR = 6
};

static inline uint32_t usb_bit_of(unsigned port)
{
    return (uint32_t)1 << port;
}

/* DEVICE is in STEP from now on, for NMS or longer. */
void usb_wait(struct usb_device *device, enum usb_step step, uint32_t nms);

/* Whether it has been so long. */
bool usb_is_over(const struct usb_device *device);

/* STEP is what the driver is about to begin. */
void usb_begin_step(struct usb_device *device, enum usb_step step);

/* Begins a control transfer, which STEP is. */
void usb_control(struct usb_device *device, enum usb_step step, struct usb_setup setup);

/* It does not answer to address 0 any more: the next one may come up. */
void usb_settle(struct usb_device *device);

/* Detaches DEVICE, which is in trouble, to try it again, or to leave it alone. */
void usb_fail(struct usb_device *device, const char *trouble);

/* PORT of HUB, or of CONTROLLER's own where that is NULL, is as IS says. */
void usb_port_is(struct usb_controller *controller, struct usb_device *hub, unsigned port,
                 const struct usb_port *is);

/* Takes a device on its way up a step further, where what was begun has ended. */
void usb_go_up(struct usb_device *device);

/* DEVICE's port is enabled, and it is of SPEED. */
void usb_port_is_reset(struct usb_device *device, enum usb_speed speed);

/* Begins to read how many ports a hub has; takes that; goes on giving them power. */
void usb_hub_read(struct usb_device *device);
void usb_hub_take(struct usb_device *device);
void usb_hub_power(struct usb_device *device);

/* Of a hub that is ready: asks what is to be asked next; takes what a port has said. */
void usb_hub_serve(struct usb_device *device);

/* DEVICE's control pipe has failed or is given up: where a hub translates for it, that hub is told
 * to forget what it may still have of it. */
void usb_hub_clear(const struct usb_device *device);
void usb_hub_take_port(struct usb_device *device);

/* DEVICE as lsusb lists it. */
void usb_see(const struct usb_device *device, struct usb_seen *seen);

/* -- For usb_controllers.c, and for tests with a driver of their own -- */

/* Forgets all controllers and devices. PAGES are for USB_DEVICES_MOST devices, a page each. */
void usb_begin(void (*press)(int key), void *pages);

/* Has usb_poll() look after CONTROLLER. False where there is no room. */
MUST_USE bool usb_add(struct usb_controller *controller);

extern const struct usb_driver xhci_driver, ehci_driver, uhci_driver, ohci_driver;

#endif
