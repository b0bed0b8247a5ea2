/* Hubs (Universal Serial Bus Specification 2.0, section 11.24): their ports, asked one at a time.
 */
#include "drivers/usb/usb_private.h"

enum {
    POWER_LEAST_MS = 100, /* for what stands behind it; a hub may ask for more */
    LOOK_MS = 20,         /* between two questions about a port that is being reset */

    HUB = 0x29 << 8,
    HUB_BYTES = 8, /* up to which of its ports are fixed */
    TO_PORT = 0x03,
    PORT_ENABLE = 1,
    PORT_RESET = 4,
    PORT_POWER = 8,
    CHANGES_FROM = 16, /* the features that end a change, in the order of their bits */
    CHANGES_MOST = 5,
    CLEAR_TT_BUFFER = 8,
    OWN = 0, /* instead of a port: the hub itself, whose changes are numbered from 0 on */
    OWN_POWER_CHANGE = 1 << 0,
    OWN_CURRENT_CHANGE = 1 << 1,
    CHANGE_CONNECTION = 1 << 0,
    STATUS_CONNECTED = 1 << 0,
    STATUS_ENABLED = 1 << 1,
    STATUS_RESETTING = 1 << 4,
    STATUS_POWERED = 1 << 8,
    STATUS_LOW = 1 << 9,
    STATUS_HIGH = 1 << 10
};

void usb_hub_read(struct usb_device *device)
{
    usb_control(
        device, USB_READING_HUB,
        (struct usb_setup){USB_TO_HOST | USB_OF_CLASS, USB_GET_DESCRIPTOR, HUB, 0, HUB_BYTES});
}

void usb_hub_power(struct usb_device *device)
{
    struct usb_hub *hub = &device->ports;
    if (device->result < 0) {
        usb_fail(device, "gives its ports no power");
    } else if (hub->at == hub->nports) {
        usb_wait(device, USB_POWER_WAIT, hub->power_ms);
    } else {
        hub->at++;
        usb_control(
            device, USB_POWERING,
            (struct usb_setup){USB_OF_CLASS | TO_PORT, USB_SET_FEATURE, PORT_POWER, hub->at, 0});
    }
}

void usb_hub_take(struct usb_device *device)
{
    if (device->result < HUB_BYTES - 1 || device->buffer[1] != HUB >> 8) {
        usb_fail(device, "describes itself wrongly");
        return;
    }
    uint8_t nports = device->buffer[2];
    uint16_t power_ms = (uint16_t)(2 * device->buffer[5]);
    device->ports =
        (struct usb_hub){.nports = nports < USB_PORTS_MOST ? nports : USB_PORTS_MOST,
                         .power_ms = power_ms > POWER_LEAST_MS ? power_ms : POWER_LEAST_MS};
    usb_hub_power(device);
}

/* Tells a hub once what its port with CHILD is to do. False where it has been told. */
static bool tell(struct usb_device *hub, struct usb_device *child, uint8_t request,
                 uint16_t feature)
{
    if (child->asked)
        return false;
    child->asked = true;
    usb_control(hub, USB_READY,
                (struct usb_setup){USB_OF_CLASS | TO_PORT, request, feature, child->port, 0});
    return true;
}

static void ask(struct usb_device *device, uint8_t port)
{
    uint8_t type = USB_TO_HOST | USB_OF_CLASS | (port == OWN ? 0 : TO_PORT);
    device->ports.changed &= ~usb_bit_of(port);
    device->ports.at = port;
    usb_control(device, USB_ASKING_PORT, (struct usb_setup){type, USB_GET_STATUS, 0, port, 4});
}

/* Section 11.24.2.3: the endpoint, the address, the type, 0 for control, and the direction. The hub
 * has one translator, number 1, as long as no other setting of it is chosen. */
void usb_hub_clear(const struct usb_device *device)
{
    unsigned port;
    struct usb_device *translator = usb_translator(device, &port);
    if (!translator)
        return;
    translator->ports.stuck = (uint16_t)(device->address << 4);
    translator->ports.nstuck = 2;
}

static void clear(struct usb_device *device)
{
    struct usb_hub *hub = &device->ports;
    hub->nstuck--;
    usb_control(device, USB_READY,
                (struct usb_setup){USB_OF_CLASS | TO_PORT, CLEAR_TT_BUFFER,
                                   (uint16_t)(hub->stuck | hub->nstuck << 15), 1, 0});
}

void usb_hub_serve(struct usb_device *device)
{
    struct usb_hub *hub = &device->ports;
    struct usb_device *child = device->controller->current;
    uint32_t now_ms = device->controller->now_ms;
    bool mine = child && child->hub == device;
    if (mine && child->step == USB_DISABLING && tell(device, child, USB_CLEAR_FEATURE, PORT_ENABLE))
        return;
    if (mine && child->step == USB_DISABLING && device->result < 0) {
        usb_fail(device, "does not turn a port off");
        return;
    }
    if (mine && child->step == USB_DISABLING)
        usb_settle(child);
    if (hub->nstuck > 0) {
        clear(device);
        return;
    }
    bool waits = mine && child->step == USB_RESETTING;
    if (waits && tell(device, child, USB_SET_FEATURE, PORT_RESET)) {
        hub->look_at = now_ms + LOOK_MS;
        return;
    }
    if (waits && (int32_t)(now_ms - hub->look_at) >= 0) {
        hub->changed |= usb_bit_of(child->port);
        hub->look_at = now_ms + LOOK_MS;
    }
    for (uint8_t i = 0; i <= hub->nports; i++) {
        uint8_t at = (uint8_t)((hub->at + 1 + i) % (hub->nports + 1)); /* each has its turn */
        if (hub->changed & usb_bit_of(at)) {
            ask(device, at);
            return;
        }
    }
}

/* Too much current turns all ports off. They come again with the hub, or it is left alone. */
static void take_own(struct usb_device *device)
{
    device->step = USB_READY;
    if (device->buffer[2] & OWN_CURRENT_CHANGE)
        usb_fail(device, "too much current is drawn");
    else if (device->buffer[2] & OWN_POWER_CHANGE)
        usb_control(device, USB_READY,
                    (struct usb_setup){USB_OF_CLASS, USB_CLEAR_FEATURE, 0, 0, 0});
}

/* The port has said how it is, and what has changed. Each change is ended by a transfer. */
void usb_hub_take_port(struct usb_device *device)
{
    struct usb_hub *hub = &device->ports;
    if (device->result < 4) {
        usb_fail(device, "does not say how its ports are");
        return;
    }
    if (hub->at == OWN) {
        take_own(device);
        return;
    }
    uint32_t status = device->buffer[0] | (uint32_t)device->buffer[1] << 8;
    uint32_t changes = device->buffer[2];
    struct usb_port port = {
        .connected = (status & STATUS_CONNECTED) != 0,
        .enabled = (status & STATUS_ENABLED) != 0,
        .resetting = (status & STATUS_RESETTING) != 0,
        .replaced = (changes & CHANGE_CONNECTION) != 0,
        .speed = status & STATUS_LOW    ? USB_LOW
                 : status & STATUS_HIGH ? USB_HIGH
                                        : USB_FULL,
    };
    device->step = USB_READY;
    usb_port_is(device->controller, device, hub->at, &port);
    for (uint16_t i = 0; i < CHANGES_MOST; i++)
        if (changes >> i & 1) {
            hub->changed |= usb_bit_of(hub->at); /* there may be more of them */
            usb_control(device, USB_READY,
                        (struct usb_setup){USB_OF_CLASS | TO_PORT, USB_CLEAR_FEATURE,
                                           (uint16_t)(CHANGES_FROM + i), hub->at, 0});
            return;
        }
    if (!(status & STATUS_POWERED)) /* it drew too much current */
        usb_control(
            device, USB_READY,
            (struct usb_setup){USB_OF_CLASS | TO_PORT, USB_SET_FEATURE, PORT_POWER, hub->at, 0});
}
