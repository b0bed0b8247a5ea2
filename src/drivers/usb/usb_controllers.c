/* Which controllers there are, and who drives them. */
#include "drivers/usb/usb_private.h"
#include "lib/print.h"

enum { CLASS_SERIAL_BUS = 0x0c, SUBCLASS_USB = 0x03 };

static const struct usb_driver *const drivers[] = {&xhci_driver, &ehci_driver, &uhci_driver,
                                                   &ohci_driver};

static struct {
    const struct usb_machine *machine;
    struct usb_controller controllers[USB_CONTROLLERS_MOST];
    size_t count;
    bool has_pages;
} usb;

static const struct usb_driver *driver_of(const struct pci_function *function)
{
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
        if (function->class == CLASS_SERIAL_BUS && function->subclass == SUBCLASS_USB &&
            function->interface == drivers[i]->interface)
            return drivers[i];
    return NULL;
}

static const char *start(struct usb_controller *controller)
{
    if (!usb.has_pages) {
        void *pages = usb.machine->get_pages(USB_DEVICES_MOST);
        if (!pages)
            return "no memory";
        usb_begin(usb.machine->press, pages);
        usb.has_pages = true;
    }
    return controller->driver->init(controller, usb.machine);
}

static void take_over(void *context, const struct pci_function *function)
{
    (void)context;
    const struct usb_driver *driver = driver_of(function);
    if (!driver || usb.count == USB_CONTROLLERS_MOST)
        return;
    struct usb_controller *controller = &usb.controllers[usb.count];
    *controller = (struct usb_controller){.driver = driver, .function = *function};
    const char *why = start(controller);
    pci_place_t place = function->place;
    kprintf("usb: %s at %02x:%02x.%u, ", driver->name, place >> 8u, place >> 3 & 31u, place & 7u);
    if (why) {
        kprintf("left alone: %s\n", why);
        return;
    }
    kprintf("%u ports\n", controller->nports);
    if (usb_add(controller))
        usb.count++;
}

void usb_init(const struct usb_machine *machine)
{
    usb.machine = machine;
    if (machine->pci)
        pci_each(machine->pci, take_over, NULL);
}
