/* What lsusb says of a device. */
#include "drivers/usb/usb_private.h"

static const char *what_is(const struct usb_device *device)
{
    if (device->step == USB_LEFT_ALONE)
        return device->trouble ? "in trouble" : "left alone";
    if (device->step != USB_READY && device->step != USB_ASKING_PORT)
        return "being looked at";
    return device->function.kind == USB_HUB ? "hub" : "keyboard";
}

void usb_see(const struct usb_device *device, struct usb_seen *seen)
{
    static const char *const speeds[] = {
        [USB_FULL] = "full", [USB_LOW] = "low", [USB_HIGH] = "high", [USB_SUPER] = "super"};
    seen->is_device = true;
    seen->depth = device->depth;
    for (const struct usb_device *at = device; at; at = at->hub)
        seen->ports[at->depth] = at->port;
    seen->speed = device->speed ? speeds[device->speed] : "unknown";
    seen->vendor = device->vendor;
    seen->product = device->product;
    seen->what = what_is(device);
    seen->ready_ms = device->ready_ms;
    seen->trouble = device->trouble;
}
