/* How xHCI's registers are reached; tests have others in their place. */
#ifndef PLAT_DRIVERS_USB_XHCI_REGISTERS_H
#define PLAT_DRIVERS_USB_XHCI_REGISTERS_H

#include "lib/types.h"

static inline uint32_t xhci_read(volatile uint8_t *registers, uint32_t offset)
{
    return *(volatile uint32_t *)(registers + offset);
}

static inline void xhci_write(volatile uint8_t *registers, uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)(registers + offset) = value;
}

#endif
