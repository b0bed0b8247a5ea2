#include "drivers/usb/usb_descriptors.h"

enum {
    CONFIGURATION = 2,
    CONFIGURATION_BYTES = 9,
    INTERFACE = 4,
    INTERFACE_BYTES = 9,
    ENDPOINT = 5,
    ENDPOINT_BYTES = 7,
    CLASS_HID = 3,
    SUBCLASS_BOOT = 1,
    PROTOCOL_KEYBOARD = 1,
    CLASS_HUB = 9,
    INTO_HOST = 0x80,
    NUMBER = 0x0f,
    TRANSFER_TYPE = 3,
    INTERRUPT = 3,
    PACKET_BITS = 0x7ff
};

static enum usb_kind kind_of(const uint8_t *interface)
{
    if (interface[3] != 0)
        return USB_OTHER; /* an alternative that would have to be chosen */
    if (interface[5] == CLASS_HID && interface[6] == SUBCLASS_BOOT &&
        interface[7] == PROTOCOL_KEYBOARD)
        return USB_KEYBOARD;
    return interface[5] == CLASS_HUB ? USB_HUB : USB_OTHER;
}

/* Whether ENDPOINT is one that FUNCTION can be listened to by. */
static bool listens(const uint8_t *endpoint, struct usb_function *function)
{
    unsigned packet_bytes = (endpoint[4] | (unsigned)endpoint[5] << 8) & PACKET_BITS;
    if (!(endpoint[2] & INTO_HOST) || !(endpoint[2] & NUMBER) ||
        (endpoint[3] & TRANSFER_TYPE) != INTERRUPT || packet_bytes == 0 ||
        packet_bytes > USB_PACKET_MOST || endpoint[6] == 0)
        return false;
    function->endpoint = endpoint[2] & NUMBER;
    function->packet_bytes = (uint8_t)packet_bytes;
    function->interval = endpoint[6];
    return true;
}

struct usb_function usb_find_function(const uint8_t *configuration, size_t nbytes)
{
    struct usb_function found = {.kind = USB_OTHER}, current = found;
    if (nbytes < CONFIGURATION_BYTES || configuration[0] < CONFIGURATION_BYTES ||
        configuration[1] != CONFIGURATION)
        return found;
    size_t at = configuration[0];
    while (at + 2 <= nbytes && configuration[at] >= 2 && configuration[at] <= nbytes - at) {
        const uint8_t *descriptor = configuration + at;
        at += descriptor[0];
        if (descriptor[1] == INTERFACE) {
            current = (struct usb_function){.kind = USB_OTHER};
            if (descriptor[0] >= INTERFACE_BYTES)
                current = (struct usb_function){.kind = kind_of(descriptor),
                                                .configuration = configuration[5],
                                                .interface = descriptor[2]};
        } else if (descriptor[1] == ENDPOINT && descriptor[0] >= ENDPOINT_BYTES &&
                   current.kind != USB_OTHER && listens(descriptor, &current)) {
            if (current.kind == USB_KEYBOARD)
                return current;
            if (found.kind == USB_OTHER)
                found = current;
            current.kind = USB_OTHER; /* its first endpoint is the one */
        }
    }
    return found;
}
