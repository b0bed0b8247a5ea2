/*
 * xHCI, the controller of USB 3 (eXtensible Host Controller Interface 1.2).
 *
 * Theory. Three kinds of rings in memory, of 16 bytes an entry (TRB): commands and transfers, which
 * we fill and the controller empties, and events, the other way round. A bit in each entry, the
 * cycle, says whose it is; it changes its meaning each time a ring begins again. A doorbell, one
 * for commands and one for each device, says that a ring has new entries. What has ended comes as
 * an event that names the entry. The events are looked at by poll(); interrupts stay off.
 *
 * The controller gives each device a slot, and writes what it knows of it into a context in the
 * device's page. What it is to know is written into the input context, of which there is one:
 * only the device on its way up needs it.
 *
 * The controller is given one command at a time. One that does not end is aborted, and its device
 * fails; the ring then goes on behind it.
 *
 * A transfer that fails stops its endpoint. The control pipe is set going again by two commands
 * before the failure is told; a report that fails has its device detached.
 *
 * A device's page: its context, two rings, buffers for reports, and usb.c's buffer at the end.
 */
#include "drivers/usb/xhci_list.h"
#include "drivers/usb/xhci_private.h"

enum {
    /* Capabilities, from the start of the registers on. */
    CAP_LENGTH = 0x00,
    CAP_STRUCTURE_1 = 0x04, /* slots, ports */
    CAP_STRUCTURE_2 = 0x08, /* scratchpad buffers */
    CAP_PARAMETERS = 0x10,
    CAP_DOORBELLS = 0x14,
    CAP_RUNTIME = 0x18,
    CONTEXTS_OF_64 = 1 << 2, /* bytes; else of 32 */
    PORT_POWER_CONTROL = 1 << 3,

    /* Operational registers, behind the capabilities. */
    COMMAND = 0x00,
    STATUS = 0x04,
    COMMAND_RING = XHCI_COMMAND_RING,
    CONTEXTS = 0x30,
    CONFIGURE = 0x38,
    PORTS = 0x400,
    PORT_BYTES = 0x10,
    COMMAND_RUN = 1 << 0,
    COMMAND_RESET = 1 << 1,
    COMMANDS_RUN = 1 << 3, /* in the register of their ring */
    STATUS_HALTED = 1 << 0,
    STATUS_SYSTEM_ERROR = 1 << 2,
    STATUS_NOT_READY = 1 << 11,
    STATUS_CONTROLLER_ERROR = 1 << 12,

    PORT_CONNECTED = 1 << 0,
    PORT_ENABLED = 1 << 1, /* a one disables */
    PORT_RESET = 1 << 4,
    PORT_POWER = 1 << 9,
    PORT_SPEED_SHIFT = 10,
    PORT_SPEED = 15,
    PORT_CONNECTION_CHANGE = 1 << 17,
    PORT_CHANGES = 0x7f << 17, /* a one ends each */
    PORT_KEPT = 0x0e00c200,    /* written as they were */

    /* The first interrupter, in the runtime registers. */
    EVENT_TABLE_SIZE = 0x28,
    EVENT_TABLE = 0x30,
    EVENT_DEQUEUE = 0x38,
    EVENT_BUSY = 1 << 3, /* a one ends it */
    RUNTIME_BYTES = 0x40,

    LEGACY = 1, /* the capability by which the BIOS hands over, with its second word: */
    LEGACY_BIOS_OWNS = 1 << 16,
    LEGACY_OS_OWNS = 1 << 24,
    LEGACY_INTERRUPTS = 0xe011, /* what it is told of */
};

enum {
    EVENTS = 64,
    EVENTS_AT_ONCE = 16,             /* in one poll */
    EVENT_RING = XHCI_COMMANDS * 16, /* behind the ring of commands */
    SEGMENTS = EVENT_RING + EVENTS * 16,
    MAP_MOST = 1 << 20,
    LIFE_LOOKS = 64,     /* polls from one look at the status to the next */
    HALT_MS = 50,        /* section 5.4.1.1: 16 */
    HALT_LOOKS = 200000, /* at the status; each takes 0.1 us or longer */
    QUIET_MS = 20, /* some of Intel's hang when they are read in the first; a tick may be 10 */
    RESET_MS = 1000,
    HAND_OVER_MS = 1000,
    SETTLE_MS = 20 /* section 5.4.8: a port has power then */
};
_Static_assert(SEGMENTS + 16 <= XHCI_DEVICE_CONTEXTS,
               "all has room in the controller's first page");

static uint32_t port_offset(unsigned port)
{
    return PORTS + PORT_BYTES * (port - 1);
}

/* -- Events -- */

static void take_event(struct usb_controller *controller, const struct trb *event)
{
    uint32_t type = event->control >> TRB_TYPE_SHIFT & TRB_TYPE, port = event->parameter_low >> 24;
    if (type == TRB_TRANSFER_EVENT)
        xhci_transfer_has_ended(controller, event);
    else if (type == TRB_COMMAND_EVENT)
        xhci_command_has_ended(controller, event);
    else if (type == TRB_PORT_EVENT && port >= 1 && port <= controller->nports)
        controller->changed |= usb_bit_of(port);
    else if (type == TRB_CONTROLLER_EVENT)
        controller->changed = UINT32_MAX; /* it had no room for others */
}

static void take_events(struct usb_controller *controller)
{
    struct xhci *xhci = xhci_of(controller);
    struct xhci_ring *events = &xhci->events;
    int nevents = 0;
    while (nevents < EVENTS_AT_ONCE && controller->life == USB_RUNNING) {
        struct trb *entry = &events->trbs[events->next], event;
        event.control = __atomic_load_n(&entry->control, __ATOMIC_ACQUIRE);
        if ((event.control & TRB_CYCLE) != events->cycle)
            break;
        event.parameter_low = entry->parameter_low;
        event.parameter_high = entry->parameter_high;
        event.status = entry->status;
        take_event(controller, &event);
        nevents++;
        if (++events->next == EVENTS) {
            events->next = 0;
            events->cycle ^= TRB_CYCLE;
        }
    }
    if (nevents > 0 && controller->life == USB_RUNNING)
        xhci_write_address(xhci->runtime, EVENT_DEQUEUE,
                           xhci_address(&events->trbs[events->next]) | EVENT_BUSY);
}

/* -- Starting -- */

static void begin_stage(struct usb_controller *controller, enum xhci_stage stage, uint32_t nms)
{
    struct xhci *xhci = xhci_of(controller);
    xhci->stage = stage;
    xhci->until = controller->now_ms + nms;
}

static void halt(struct usb_controller *controller)
{
    struct xhci *xhci = xhci_of(controller);
    xhci_write(xhci->registers, COMMAND,
               xhci_read(xhci->registers, COMMAND) & ~(uint32_t)COMMAND_RUN);
    begin_stage(controller, XHCI_HALTING, HALT_MS);
}

static void run(struct usb_controller *controller)
{
    struct xhci *xhci = xhci_of(controller);
    uint32_t *segments = (uint32_t *)(xhci->memory + SEGMENTS);
    xhci->commands = xhci_begin_ring(xhci->memory, XHCI_COMMANDS);
    xhci->events = (struct xhci_ring){
        .trbs = (struct trb *)(xhci->memory + EVENT_RING), .nentries = EVENTS, .cycle = TRB_CYCLE};
    segments[0] = xhci_address(xhci->events.trbs);
    segments[2] = EVENTS;
    xhci_write(xhci->registers, CONFIGURE, xhci->nslots);
    xhci_write_address(xhci->registers, CONTEXTS,
                       xhci_address(xhci->memory + XHCI_DEVICE_CONTEXTS));
    xhci_write_address(xhci->registers, COMMAND_RING,
                       xhci_address(xhci->commands.trbs) | TRB_CYCLE);
    xhci_write(xhci->runtime, EVENT_TABLE_SIZE, 1);
    xhci_write_address(xhci->runtime, EVENT_DEQUEUE, xhci_address(xhci->events.trbs));
    xhci_write_address(xhci->runtime, EVENT_TABLE, xhci_address(segments));
    xhci_write(xhci->registers, COMMAND, COMMAND_RUN);
    for (unsigned port = 1; port <= controller->nports && xhci->switches_power; port++) {
        uint32_t value = xhci_read(xhci->registers, port_offset(port));
        xhci_write(xhci->registers, port_offset(port), (value & PORT_KEPT) | PORT_POWER);
    }
    begin_stage(controller, XHCI_SETTLING, SETTLE_MS);
}

static void start(struct usb_controller *controller)
{
    struct xhci *xhci = xhci_of(controller);
    uint32_t status = xhci_read(xhci->registers, STATUS);
    bool over = (int32_t)(controller->now_ms - xhci->until) >= 0;
    switch (xhci->stage) {
    case XHCI_HANDING_OVER:
        if (!over && xhci_read(xhci->capabilities, xhci->legacy) & LEGACY_BIOS_OWNS)
            return;
        xhci_write(xhci->capabilities, xhci->legacy + 4,
                   xhci_read(xhci->capabilities, xhci->legacy + 4) & ~(uint32_t)LEGACY_INTERRUPTS);
        halt(controller);
        return;
    case XHCI_HALTING:
        if (status & STATUS_HALTED) {
            xhci_write(xhci->registers, COMMAND, COMMAND_RESET);
            begin_stage(controller, XHCI_RESETTING, RESET_MS);
        } else if (over) {
            usb_died(controller, "it does not halt");
        }
        return;
    case XHCI_RESETTING:
        if (!(xhci_read(xhci->registers, COMMAND) & COMMAND_RESET) && !(status & STATUS_NOT_READY))
            run(controller);
        else if (over)
            usb_died(controller, "its reset does not end");
        return;
    case XHCI_SETTLING:
        if (!over)
            return;
        xhci->stage = XHCI_RUNNING;
        controller->life = USB_RUNNING;
        controller->changed = UINT32_MAX;
        return;
    case XHCI_RUNNING:
        return;
    }
}

static void poll(struct usb_controller *controller)
{
    struct xhci *xhci = xhci_of(controller);
    if (xhci->stage == XHCI_RESETTING &&
        (int32_t)(controller->now_ms - (xhci->until - RESET_MS + QUIET_MS)) < 0)
        return;
    if (xhci->stage != XHCI_RUNNING || ++xhci->npolls % LIFE_LOOKS == 0) {
        uint32_t status = xhci_read(xhci->registers, STATUS);
        if (status == UINT32_MAX) {
            usb_died(controller, "its registers are gone");
            return;
        }
        if (xhci->stage == XHCI_RUNNING &&
            (status & (STATUS_SYSTEM_ERROR | STATUS_CONTROLLER_ERROR | STATUS_HALTED))) {
            usb_died(controller, "it has stopped");
            return;
        }
    }
    if (xhci->stage != XHCI_RUNNING) {
        start(controller);
        return;
    }
    /* This read brings in the events from before it. */
    bool stand = xhci->aborts && !(xhci_read(xhci->registers, COMMAND_RING) & COMMANDS_RUN);
    take_events(controller);
    if (controller->life == USB_RUNNING)
        xhci_watch_commands(controller, stand);
}

/* In the middle of its reset it runs nothing, and is not to be touched. */
static void stop(struct usb_controller *controller)
{
    const struct xhci *xhci = xhci_of(controller);
    if (xhci->stage != XHCI_RESETTING) {
        uint32_t was = xhci_read(xhci->registers, COMMAND);
        xhci_write(xhci->registers, COMMAND, was & ~(uint32_t)COMMAND_RUN);
        for (int i = 0; i < HALT_LOOKS && !(xhci_read(xhci->registers, STATUS) & STATUS_HALTED);
             i++)
            ;
    }
    pci_command(xhci->pci, &controller->function, 0, PCI_ENABLE_MASTER);
}

/* Whether all that is needed lies within the NBYTES of its registers. */
static bool find_registers(struct usb_controller *controller, struct xhci *xhci, uint32_t nbytes)
{
    volatile uint8_t *start = xhci->capabilities;
    uint32_t length = xhci_read(start, CAP_LENGTH) & 0xff,
             structure = xhci_read(start, CAP_STRUCTURE_1),
             doorbells = xhci_read(start, CAP_DOORBELLS) & ~3u,
             runtime = xhci_read(start, CAP_RUNTIME) & ~31u, nports = structure >> 24;
    controller->nports = nports < USB_PORTS_MOST ? nports : USB_PORTS_MOST;
    xhci->nslots = structure & 0xff;
    if (xhci->nslots > USB_DEVICES_MOST)
        xhci->nslots = USB_DEVICES_MOST;
    if (length < CAP_RUNTIME + 4 || controller->nports == 0 || xhci->nslots == 0 ||
        length + PORTS + PORT_BYTES * controller->nports > nbytes ||
        doorbells > nbytes - 4 * (xhci->nslots + 1) || runtime > nbytes - RUNTIME_BYTES)
        return false;
    xhci->registers = start + length;
    xhci->runtime = start + runtime;
    xhci->doorbells = start + doorbells;
    return true;
}

static uint32_t read_capability(void *context, uint32_t offset)
{
    return xhci_read(context, offset);
}

/* Memory that the controller wants for itself. */
static bool give_scratch(struct xhci *xhci, const struct usb_machine *machine)
{
    uint32_t structure = xhci_read(xhci->capabilities, CAP_STRUCTURE_2);
    uint32_t count = (structure >> 21 & 31) << 5 | structure >> 27;
    if (count == 0)
        return true;
    uint8_t *pages = machine->get_pages(count + (count * 8 + PAGE_SIZE - 1) / PAGE_SIZE);
    if (!pages)
        return false;
    uint32_t *list = (uint32_t *)(pages + count * PAGE_SIZE);
    for (uint32_t i = 0; i < count; i++)
        list[2 * i] = xhci_address(pages + i * PAGE_SIZE);
    *(uint32_t *)(xhci->memory + XHCI_DEVICE_CONTEXTS) = xhci_address(list);
    return true;
}

static const char *init(struct usb_controller *controller, const struct usb_machine *machine)
{
    struct pci_bar bar;
    if (!pci_bar(machine->pci, &controller->function, 0, &bar) || bar.ports)
        return "it has no registers";
    uint32_t nbytes = bar.nbytes < MAP_MOST ? (uint32_t)bar.nbytes : MAP_MOST;
    volatile uint8_t *registers = machine->map(bar.start, nbytes);
    if (!registers || nbytes < PAGE_SIZE)
        return "its registers can't be reached";
    uint8_t *memory = machine->get_pages(XHCI_OWN_PAGES);
    if (!memory)
        return "no memory";
    pci_command(machine->pci, &controller->function,
                PCI_ENABLE_MEMORY | PCI_ENABLE_MASTER | PCI_DISABLE_INTERRUPT, 0);
    struct xhci *xhci = (struct xhci *)(memory + XHCI_OURS);
    xhci->pci = machine->pci;
    xhci->memory = memory;
    xhci->capabilities = registers;
    if (!find_registers(controller, xhci, nbytes))
        return "its registers make no sense";
    if (!give_scratch(xhci, machine))
        return "no memory";
    uint32_t parameters = xhci_read(registers, CAP_PARAMETERS);
    xhci->context_bytes = parameters & CONTEXTS_OF_64 ? 64 : 32;
    xhci->switches_power = (parameters & PORT_POWER_CONTROL) != 0;
    xhci->legacy = xhci_find_capability(read_capability, (void *)registers, nbytes,
                                        parameters >> 16 << 2, LEGACY);
    controller->state = xhci;
    if (xhci->legacy) {
        xhci_write(registers, xhci->legacy, xhci_read(registers, xhci->legacy) | LEGACY_OS_OWNS);
        begin_stage(controller, XHCI_HANDING_OVER, HAND_OVER_MS);
    } else {
        halt(controller);
    }
    return NULL;
}

/* -- Ports -- */

static struct usb_port port(struct usb_controller *controller, unsigned number)
{
    static const enum usb_speed speeds[] = {USB_FULL, USB_FULL, USB_LOW, USB_HIGH};
    struct xhci *xhci = xhci_of(controller);
    uint32_t value = xhci_read(xhci->registers, port_offset(number));
    uint32_t speed = value >> PORT_SPEED_SHIFT & PORT_SPEED;
    if (value & PORT_CHANGES) {
        xhci_write(xhci->registers, port_offset(number), value & (PORT_KEPT | PORT_CHANGES));
        controller->changed |= usb_bit_of(number); /* what changed meanwhile comes as no event */
    }
    return (struct usb_port){
        .connected = (value & PORT_CONNECTED) != 0,
        .enabled = (value & PORT_ENABLED) != 0,
        .resetting = (value & PORT_RESET) != 0,
        .replaced = (value & PORT_CONNECTION_CHANGE) != 0,
        .speed = speed < USB_SUPER ? speeds[speed] : USB_SUPER,
    };
}

/* A port of super speed is enabled as soon as something is there; others are from a try before. */
static void reset_port(struct usb_controller *controller, unsigned number)
{
    struct xhci *xhci = xhci_of(controller);
    uint32_t value = xhci_read(xhci->registers, port_offset(number));
    if (!(value & PORT_ENABLED) || (value >> PORT_SPEED_SHIFT & PORT_SPEED) < USB_SUPER)
        xhci_write(xhci->registers, port_offset(number), (value & PORT_KEPT) | PORT_RESET);
}

/* One of super speed hears only what is for it, and would not be seen to come back. */
static void disable_port(struct usb_controller *controller, unsigned number)
{
    struct xhci *xhci = xhci_of(controller);
    uint32_t value = xhci_read(xhci->registers, port_offset(number));
    if ((value & PORT_ENABLED) && (value >> PORT_SPEED_SHIFT & PORT_SPEED) < USB_SUPER)
        xhci_write(xhci->registers, port_offset(number), (value & PORT_KEPT) | PORT_ENABLED);
}

const struct usb_driver xhci_driver = {
    .name = "xHCI",
    .interface = 0x30,
    .init = init,
    .poll = poll,
    .port = port,
    .reset_port = reset_port,
    .disable_port = disable_port,
    .attach = xhci_attach,
    .control = xhci_control,
    .set_packet = xhci_set_packet,
    .listen = xhci_listen,
    .detach = xhci_detach,
    .stop = stop,
};
