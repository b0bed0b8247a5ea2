/* What a USB device says of itself (Universal Serial Bus Specification 2.0, section 9.6; Device
 * Class Definition for HID 1.11, section 4). Pure; the bytes are a stranger's. */
#ifndef PLAT_DRIVERS_USB_USB_DESCRIPTORS_H
#define PLAT_DRIVERS_USB_USB_DESCRIPTORS_H

#include "lib/types.h"

enum { USB_PACKET_MOST = 64 /* of the packets that a keyboard or a hub sends by itself */ };

enum usb_kind { USB_OTHER, USB_KEYBOARD, USB_HUB };

/* An interface that is of use, and how it is turned on and listened to. */
struct usb_function {
    enum usb_kind kind;
    uint8_t configuration, interface;
    uint8_t endpoint; /* 1 to 15: where it sends reports */
    uint8_t packet_bytes;
    uint8_t interval; /* as the endpoint has it: milliseconds, or a power of two; not 0 */
};

/*
 * Finds the first keyboard with a boot protocol, or else the first hub, in the NBYTES bytes of a
 * CONFIGURATION's descriptors, of which the end may be missing. Its kind is USB_OTHER where there
 * is none that makes sense. O(NBYTES).
 */
struct usb_function usb_find_function(const uint8_t *configuration, size_t nbytes);

#endif
