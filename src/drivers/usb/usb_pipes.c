#include "drivers/usb/usb_pipes.h"

enum {
    SET_ADDRESS = 5,
    TWO_FRAMES = 2,
    FRAME_NUMBER = 0x7ff,
    QUEUE_BITS = 15, /* of its address, which a link uses otherwise */

    /* In a device's page, behind struct usb_pipes. */
    CONTROL_QUEUE = 512,
    REPORT_QUEUE = 640,
    CONTROL_TRANSFERS = 1024,
    REPORT_TRANSFERS = CONTROL_TRANSFERS + 2 * USB_TRANSFER_BYTES
};
_Static_assert(sizeof(struct usb_pipes) <= CONTROL_QUEUE &&
                   REPORT_TRANSFERS + 2 * USB_TRANSFER_BYTES <= PAGE_SIZE - USB_BUFFER_BYTES,
               "all has room in a device's page");

static struct usb_pipes *pipes_of(const struct usb_device *device)
{
    return (struct usb_pipes *)device->page;
}

/* -- Queues and their lists -- */

static void link_queue(const struct usb_bus *bus, volatile uint32_t *list,
                       const struct usb_pipe *pipe)
{
    uint32_t link = bus->queues->link;
    pipe->queue[link] = list[link];
    list[link] = usb_address(pipe->queue) | bus->queues->kind;
}

/* Does nothing where it is not in the list, which may be a circle. */
static void unlink_queue(const struct usb_bus *bus, volatile uint32_t *list,
                         const struct usb_pipe *pipe)
{
    uint32_t link = bus->queues->link;
    for (int i = 0; i < 2 * USB_DEVICES_MOST && list; i++) {
        uintptr_t next = list[link] & ~(uint32_t)QUEUE_BITS;
        if (next == (uintptr_t)pipe->queue) {
            list[link] = pipe->queue[link];
            return;
        }
        list = (volatile uint32_t *)next;
    }
}

static void begin(struct usb_device *device, struct usb_pipe *pipe, enum usb_token token,
                  uint32_t toggle, const void *data, uint32_t nbytes)
{
    pipe->part = (struct usb_part){token, toggle, usb_address(data), nbytes};
    pipe->moving = true;
    usb_bus_of(device->controller)->queues->begin(device, pipe);
}

/* -- Transfers -- */

static void ask_for_report(struct usb_device *device, uint32_t toggle)
{
    struct usb_pipes *pipes = pipes_of(device);
    begin(device, &pipes->reports, USB_TOKEN_IN, toggle, pipes->report,
          device->function.packet_bytes);
}

static void take_report(struct usb_device *device, int32_t result)
{
    struct usb_pipes *pipes = pipes_of(device);
    if (result < 0) {
        usb_broken(device, "its reports stop");
        return;
    }
    usb_received(device, pipes->report, (size_t)result);
    ask_for_report(device, pipes->reports.part.toggle ^ 1);
}

static void end_control(struct usb_device *device, int32_t result)
{
    struct usb_pipes *pipes = pipes_of(device);
    pipes->stage = USB_STAGE_NONE;
    if (device->slot == 0 && result >= 0)
        device->slot = device->address = pipes->address;
    usb_done(device, result);
}

static void take_stage(struct usb_device *device, int32_t result)
{
    struct usb_pipes *pipes = pipes_of(device);
    uint16_t length = pipes->setup.length;
    bool in = (pipes->setup.type & USB_TO_HOST) && length > 0;
    if (result < 0 || pipes->stage == USB_STAGE_STATUS) {
        end_control(device, result < 0 ? result : pipes->moved);
    } else if (pipes->stage == USB_STAGE_SETUP && length > 0) {
        pipes->stage = USB_STAGE_DATA;
        begin(device, &pipes->control, in ? USB_TOKEN_IN : USB_TOKEN_OUT, 1, device->buffer,
              length);
    } else {
        pipes->moved = length > 0 ? result : 0;
        pipes->stage = USB_STAGE_STATUS;
        begin(device, &pipes->control, in ? USB_TOKEN_OUT : USB_TOKEN_IN, 1, NULL, 0);
    }
}

static bool has_moved(const struct usb_bus *bus, struct usb_pipe *pipe, int32_t *result)
{
    *result = pipe->moving ? bus->queues->look(pipe) : USB_MOVING;
    if (*result == USB_MOVING)
        return false;
    pipe->moving = false;
    if (*result > (int32_t)pipe->part.nbytes)
        *result = USB_NO_ANSWER;
    return true;
}

static void serve(const struct usb_bus *bus, struct usb_device *device)
{
    struct usb_pipes *pipes = pipes_of(device);
    int32_t result;
    if (has_moved(bus, &pipes->control, &result))
        take_stage(device, result);
    if (has_moved(bus, &pipes->reports, &result))
        take_report(device, result);
}

/* -- Letting go -- */

static void let_go(struct usb_controller *controller)
{
    struct usb_bus *bus = usb_bus_of(controller);
    uint32_t frame = bus->queues->frame(controller);
    if (bus->lets_go && ((frame - bus->frame) & FRAME_NUMBER) < TWO_FRAMES)
        return;
    bus->lets_go = false;
    for (size_t i = 0; i < USB_DEVICES_MOST; i++) {
        struct usb_device *device = bus->devices[i];
        if (device && pipes_of(device)->stage == USB_STAGE_LETTING_GO) {
            bus->devices[i] = NULL;
            usb_done(device, 0);
        } else if (device && pipes_of(device)->stage == USB_STAGE_UNLINKED) {
            pipes_of(device)->stage = USB_STAGE_LETTING_GO;
            bus->lets_go = true;
        }
    }
    bus->frame = frame;
    if (bus->lets_go && bus->queues->ring)
        bus->queues->ring(controller);
}

static void take_moved(struct usb_controller *controller)
{
    struct usb_bus *bus = usb_bus_of(controller);
    for (size_t i = 0; i < USB_DEVICES_MOST; i++)
        if (bus->devices[i] && pipes_of(bus->devices[i])->stage < USB_STAGE_UNLINKED)
            serve(bus, bus->devices[i]);
    let_go(controller);
}

/* -- What usb.c asks for -- */

void usb_bus_stop(struct usb_controller *controller)
{
    const struct usb_bus *bus = usb_bus_of(controller);
    bus->queues->halt(controller);
    pci_command(bus->pci, &controller->function, 0, PCI_ENABLE_MASTER);
}

void usb_pipes_attach(struct usb_device *device)
{
    struct usb_bus *bus = usb_bus_of(device->controller);
    struct usb_pipes *pipes = pipes_of(device);
    uint8_t place = 0;
    while (place < USB_DEVICES_MOST - 1 && bus->devices[place])
        place++;
    bus->devices[place] = device; /* there are not more devices */
    for (uint32_t i = 0; i < PAGE_SIZE / 4; i++)
        ((volatile uint32_t *)device->page)[i] = 0;
    device->slot = 0;
    pipes->address = (uint8_t)(place + 1);
    pipes->control.queue = (volatile uint32_t *)(device->page + CONTROL_QUEUE);
    pipes->control.transfers = (volatile uint32_t *)(device->page + CONTROL_TRANSFERS);
    pipes->reports.queue = (volatile uint32_t *)(device->page + REPORT_QUEUE);
    pipes->reports.transfers = (volatile uint32_t *)(device->page + REPORT_TRANSFERS);
    usb_pipes_control(device, &(struct usb_setup){0, SET_ADDRESS, pipes->address, 0, 0});
    link_queue(bus, bus->control, &pipes->control);
}

void usb_pipes_control(struct usb_device *device, const struct usb_setup *setup)
{
    struct usb_pipes *pipes = pipes_of(device);
    pipes->setup = *setup;
    pipes->stage = USB_STAGE_SETUP;
    pipes->control.packet_bytes = device->packet_bytes;
    begin(device, &pipes->control, USB_TOKEN_SETUP, 0, &pipes->setup, sizeof *setup);
}

/* Each control transfer says it anew. */
void usb_pipes_set_packet(struct usb_device *device)
{
    usb_done(device, 0);
}

/* More often than it asks for, which a device has to bear (USB 2.0, section 5.7.4). */
void usb_pipes_listen(struct usb_device *device)
{
    struct usb_bus *bus = usb_bus_of(device->controller);
    struct usb_pipes *pipes = pipes_of(device);
    pipes->reports.endpoint = device->function.endpoint;
    pipes->reports.packet_bytes = device->function.packet_bytes;
    ask_for_report(device, 0);
    link_queue(bus, bus->reports, &pipes->reports);
    usb_done(device, 0);
}

void usb_pipes_detach(struct usb_device *device)
{
    struct usb_bus *bus = usb_bus_of(device->controller);
    struct usb_pipes *pipes = pipes_of(device);
    size_t place = 0;
    while (place < USB_DEVICES_MOST && bus->devices[place] != device)
        place++;
    if (place == USB_DEVICES_MOST) {
        usb_done(device, 0);
        return;
    }
    unlink_queue(bus, bus->control, &pipes->control);
    unlink_queue(bus, bus->reports, &pipes->reports);
    pipes->stage = USB_STAGE_UNLINKED;
}

/* -- What init() and start() of all drivers do -- */

bool usb_bus_begin(struct usb_controller *controller, const struct usb_machine *machine,
                   const struct usb_queues *queues)
{
    uint8_t *memory = machine->get_pages(USB_OWN_PAGES);
    if (!memory)
        return false;
    uint8_t *lists = memory + PAGE_SIZE;
    struct usb_bus *bus = (struct usb_bus *)(lists + 2 * USB_LIST_BYTES);
    bus->queues = queues;
    bus->pci = machine->pci;
    bus->frames = (volatile uint32_t *)memory;
    bus->control = (volatile uint32_t *)lists;
    bus->reports = (volatile uint32_t *)(lists + USB_LIST_BYTES);
    controller->state = bus;
    return true;
}

bool usb_bus_map(struct usb_controller *controller, const struct usb_machine *machine,
                 uint32_t nbytes)
{
    struct pci_bar bar;
    if (!pci_bar(machine->pci, &controller->function, 0, &bar) || bar.ports || bar.nbytes < nbytes)
        return false;
    usb_bus_of(controller)->registers = machine->map(bar.start, nbytes);
    if (!usb_bus_of(controller)->registers)
        return false;
    pci_command(machine->pci, &controller->function,
                PCI_ENABLE_MEMORY | PCI_ENABLE_MASTER | PCI_DISABLE_INTERRUPT, 0);
    return true;
}

void usb_bus_enter(struct usb_controller *controller, enum usb_bus_stage stage, uint32_t nms)
{
    usb_bus_of(controller)->stage = stage;
    usb_bus_of(controller)->until = controller->now_ms + nms;
}

bool usb_bus_is_over(const struct usb_controller *controller)
{
    return (int32_t)(controller->now_ms - usb_bus_of(controller)->until) >= 0;
}

void usb_bus_run(struct usb_controller *controller)
{
    controller->life = USB_RUNNING;
    controller->changed = UINT32_MAX;
}

void usb_bus_poll(struct usb_controller *controller, uint32_t status, uint32_t trouble,
                  void (*start)(struct usb_controller *controller))
{
    if (status == UINT32_MAX)
        usb_died(controller, "its registers are gone");
    else if (controller->life == USB_STARTING)
        start(controller);
    else if (status & trouble)
        usb_died(controller, "it has stopped");
    else
        take_moved(controller);
}

void usb_bus_reset(struct usb_controller *controller, unsigned port)
{
    usb_bus_of(controller)->reset_port = port;
    usb_bus_of(controller)->reset_until = controller->now_ms + USB_PORT_RESET_MS;
}

bool usb_bus_is_reset(const struct usb_controller *controller, unsigned port)
{
    const struct usb_bus *bus = usb_bus_of(controller);
    return bus->reset_port == port && (int32_t)(controller->now_ms - bus->reset_until) >= 0;
}
