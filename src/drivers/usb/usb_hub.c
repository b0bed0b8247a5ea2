/* Hubs (Universal Serial Bus Specification 2.0, section 11.24): their ports, asked one at a time.
 */
#include "drivers/usb/usb_private.h"

enum {
    POWER_MS = 100,
    LOOK_MS = 20, /* between two questions about a port that is being reset */

    HUB = 0x29 << 8,
    HUB_BYTES = 8, /* up to which of its ports are fixed */
    TO_PORT = 0x03,
    PORT_ENABLE = 1,
    PORT_RESET = 4,
    PORT_POWER = 8,
    CHANGES_FROM = 16, /* the features that end a change, in the order of their bits */
    CHANGES_MOST = 5,
    CHANGE_CONNECTION = 1 << 0,
    STATUS_CONNECTED = 1 << 0,
    STATUS_ENABLED = 1 << 1,
    STATUS_RESETTING = 1 << 4,
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
        usb_wait(device, USB_POWER_WAIT, POWER_MS);
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
    device->ports = (struct usb_hub){.nports = nports < USB_PORTS_MOST ? nports : USB_PORTS_MOST};
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
    bool waits = mine && child->step == USB_RESETTING;
    if (waits && tell(device, child, USB_SET_FEATURE, PORT_RESET)) {
        hub->look_at = now_ms + LOOK_MS;
        return;
    }
    if (waits && (int32_t)(now_ms - hub->look_at) >= 0) {
        hub->changed |= usb_bit_of(child->port);
        hub->look_at = now_ms + LOOK_MS;
    }
    for (unsigned i = 0; i < hub->nports; i++) {
        hub->at = (uint8_t)(hub->at % hub->nports + 1); /* each has its turn */
        if (hub->changed & usb_bit_of(hub->at)) {
            hub->changed &= ~usb_bit_of(hub->at);
            usb_control(device, USB_ASKING_PORT,
                        (struct usb_setup){USB_TO_HOST | USB_OF_CLASS | TO_PORT, USB_GET_STATUS, 0,
                                           hub->at, 4});
            return;
        }
    }
}

/* The port has said how it is, and what has changed. Each change is ended by a transfer. */
void usb_hub_take_port(struct usb_device *device)
{
    struct usb_hub *hub = &device->ports;
    if (device->result < 4) {
        usb_fail(device, "does not say how its ports are");
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
}
