/* A USB device on its way up, from plugged in to listened to (Universal Serial Bus
 * Specification 2.0, section 9; HID 1.11, section 7.2). */
#include "drivers/usb/usb_private.h"

enum {
    RESET_MS = 800,  /* a hub is done in 20, a root port in 50 */
    RECOVER_MS = 20, /* TRSTRCY is 10 */
    ADDRESS_MS = 10, /* section 9.2.6.3: 2 */
    SET_CONFIGURATION = 9,
    HID_SET_IDLE = 10,
    HID_SET_PROTOCOL = 11,
    TO_INTERFACE = 0x01,
    DEVICE = 1 << 8,
    DEVICE_BYTES = 18,
    CONFIGURATION = 2 << 8,
    FIRST_BYTES = 8, /* a packet of the smallest size brings them */
    FULL_PACKET_LEAST = 8,
    HIGH_PACKET = 64
};

/* Of no use, or not understood. */
static void leave(struct usb_device *device, const char *trouble)
{
    usb_settle(device);
    device->trouble = trouble;
    device->step = USB_LEFT_ALONE;
}

static void reset(struct usb_device *device)
{
    struct usb_controller *controller = device->controller;
    if (controller->current)
        return;
    controller->current = device;
    device->asked = false;
    usb_wait(device, USB_RESETTING, RESET_MS);
    if (!device->hub)
        controller->driver->reset_port(controller, device->port);
}

void usb_port_is_reset(struct usb_device *device, enum usb_speed speed)
{
    device->speed = speed;
    usb_wait(device, USB_RECOVER, RECOVER_MS);
}

static void attach(struct usb_device *device)
{
    device->packet_bytes = device->speed == USB_HIGH ? HIGH_PACKET : FULL_PACKET_LEAST;
    device->address = 0;
    usb_begin_step(device, USB_ATTACHING);
    device->controller->driver->attach(device);
}

static void read_description(struct usb_device *device, enum usb_step step, uint16_t what,
                             uint16_t nbytes)
{
    usb_control(device, step, (struct usb_setup){USB_TO_HOST, USB_GET_DESCRIPTOR, what, 0, nbytes});
}

/* Only devices of full speed have packets of a size that is not known. */
static void begin_reading(struct usb_device *device)
{
    if (device->speed == USB_FULL)
        read_description(device, USB_READING_PACKET, DEVICE, FIRST_BYTES);
    else
        read_description(device, USB_READING_DEVICE, DEVICE, DEVICE_BYTES);
}

static void take_packet_size(struct usb_device *device)
{
    unsigned nbytes = device->buffer[7];
    if (device->result < FIRST_BYTES || device->buffer[1] != DEVICE >> 8 ||
        (nbytes != 8 && nbytes != 16 && nbytes != 32 && nbytes != 64)) {
        usb_fail(device, "describes itself wrongly");
        return;
    }
    if (nbytes == device->packet_bytes) {
        read_description(device, USB_READING_DEVICE, DEVICE, DEVICE_BYTES);
        return;
    }
    device->packet_bytes = (uint8_t)nbytes;
    usb_begin_step(device, USB_SIZING);
    device->controller->driver->set_packet(device);
}

static void take_description(struct usb_device *device)
{
    const uint8_t *bytes = device->buffer;
    if (device->result < DEVICE_BYTES || bytes[1] != DEVICE >> 8) {
        usb_fail(device, "describes itself wrongly");
        return;
    }
    device->vendor = (uint16_t)(bytes[8] | bytes[9] << 8);
    device->product = (uint16_t)(bytes[10] | bytes[11] << 8);
    read_description(device, USB_READING_CONFIGURATION, CONFIGURATION, USB_BUFFER_BYTES);
}

static void choose(struct usb_device *device)
{
    if (device->result < 0) {
        usb_fail(device, "describes itself wrongly");
        return;
    }
    struct usb_function function = usb_find_function(device->buffer, (size_t)device->result);
    device->function = function;
    if (function.kind == USB_OTHER || device->speed == USB_SUPER)
        leave(device, NULL);
    else if (function.kind == USB_HUB && device->depth == USB_DEPTH_MOST)
        leave(device, "too many hubs in a row");
    else
        usb_control(device, USB_CONFIGURING,
                    (struct usb_setup){0, SET_CONFIGURATION, function.configuration, 0, 0});
}

static void set_up(struct usb_device *device)
{
    if (device->result < 0)
        usb_fail(device, "can't be set up");
    else if (device->function.kind == USB_HUB)
        usb_hub_read(device);
    else
        usb_control(device, USB_SETTING_PROTOCOL,
                    (struct usb_setup){USB_OF_CLASS | TO_INTERFACE, HID_SET_PROTOCOL, 0,
                                       device->function.interface, 0});
}

/* Reports are to come only when something has changed. Some keyboards stall that, and send the same
 * report again and again, which does no harm. */
static void set_idle(struct usb_device *device)
{
    if (device->result < 0)
        usb_fail(device, "has no boot protocol");
    else
        usb_control(device, USB_SETTING_IDLE,
                    (struct usb_setup){USB_OF_CLASS | TO_INTERFACE, HID_SET_IDLE, 0,
                                       device->function.interface, 0});
}

static void listen(struct usb_device *device)
{
    if (device->result == USB_NO_ANSWER) {
        usb_fail(device, "can't be set up");
        return;
    }
    device->keyboard = (struct usb_keyboard){.repeated = 0}; /* its reset let go of all keys */
    device->lights = 0;
    usb_begin_step(device, USB_LISTENING);
    device->controller->driver->listen(device);
}

static void be_ready(struct usb_device *device)
{
    if (device->result < 0) {
        usb_fail(device, "can't be listened to");
        return;
    }
    usb_settle(device);
    device->trouble = NULL;
    device->ready_ms = device->controller->now_ms - device->since;
    device->step = USB_READY;
    device->ready_at = device->controller->now_ms;
    device->ports.changed = ~usb_bit_of(0); /* all ports, and not the hub itself */
}

void usb_go_up(struct usb_device *device)
{
    switch (device->step) {
    case USB_DEBOUNCE:
        if (usb_is_over(device))
            reset(device);
        break;
    case USB_RESETTING:
        if (usb_is_over(device))
            usb_fail(device, "its port can't be reset");
        else if (!device->hub)
            device->controller->changed |= usb_bit_of(device->port);
        break;
    case USB_RECOVER:
        if (usb_is_over(device))
            attach(device);
        break;
    case USB_ATTACHING:
        if (device->result < 0)
            usb_fail(device, "takes no address");
        else
            usb_wait(device, USB_ADDRESSED, ADDRESS_MS);
        break;
    case USB_ADDRESSED:
        if (usb_is_over(device))
            begin_reading(device);
        break;
    case USB_READING_PACKET:
        take_packet_size(device);
        break;
    case USB_SIZING:
        read_description(device, USB_READING_DEVICE, DEVICE, DEVICE_BYTES);
        break;
    case USB_READING_DEVICE:
        take_description(device);
        break;
    case USB_READING_CONFIGURATION:
        choose(device);
        break;
    case USB_CONFIGURING:
        set_up(device);
        break;
    case USB_SETTING_PROTOCOL:
        set_idle(device);
        break;
    case USB_SETTING_IDLE:
        listen(device);
        break;
    case USB_READING_HUB:
        usb_hub_take(device);
        break;
    case USB_POWERING:
        usb_hub_power(device);
        break;
    case USB_POWER_WAIT:
        if (usb_is_over(device))
            listen(device);
        break;
    case USB_LISTENING:
        be_ready(device);
        break;
    default: /* it is up, or on its way down */
        break;
    }
}
