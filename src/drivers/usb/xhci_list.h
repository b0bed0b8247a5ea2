/* The list of an xHCI's extended capabilities (section 7). Pure; it may lead anywhere. */
#ifndef PLAT_DRIVERS_USB_XHCI_LIST_H
#define PLAT_DRIVERS_USB_XHCI_LIST_H

#include "lib/types.h"

enum { XHCI_CAPABILITIES_MOST = 64 };

/*
 * The offset of the first capability ID in the list that begins at offset FIRST of NBYTES of
 * registers, which READ reads by words of 4 bytes; 0 where there is none among the first
 * XHCI_CAPABILITIES_MOST. A capability has at least two words.
 */
static inline uint32_t xhci_find_capability(uint32_t (*read)(void *context, uint32_t offset),
                                            void *context, uint32_t nbytes, uint32_t first,
                                            uint8_t id)
{
    uint32_t at = first, last = nbytes < 8 ? 0 : nbytes - 8;
    for (int i = 0; i < XHCI_CAPABILITIES_MOST && at != 0 && at <= last; i++) {
        uint32_t word = read(context, at), next = word >> 8 & 0xff;
        if ((word & 0xff) == id)
            return at;
        at = next ? at + 4 * next : 0;
    }
    return 0;
}

#endif
