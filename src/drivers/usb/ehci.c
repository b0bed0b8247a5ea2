/*
 * EHCI, the controller of USB 2 (Enhanced Host Controller Interface 1.0). Control transfers stand
 * in a circle of queues, reports in a list to which each frame leads.
 *
 * It moves packets of high speed only. A device of low or full speed at one of its ports is given
 * to the companion, a UHCI or an OHCI that shares the port, and comes back when it is pulled out.
 * Behind a hub of high speed the hub translates, and is told to by a half of the packet first: all
 * reports that are asked for so begin in the frame's first eighth, and are fetched in the third to
 * fifth.
 *
 * Until CONFIGURED all ports are the companions'. What they have begun with a device looks there as
 * if it were pulled out.
 */
#include "drivers/usb/usb_pipes.h"

enum {
    CAP_STRUCTURE = 0x04, /* ports */
    CAP_PARAMETERS = 0x08,
    REGISTER_BYTES = 0x100, /* at the least, but for few ports */
    LEGACY = 1,             /* the capability, in configuration space */
    LEGACY_BIOS_OWNS = 1 << 16,
    LEGACY_OS_OWNS = 1 << 24,
    CAPABILITIES_FROM = 0x40,
    CAPABILITIES_TO = 0xf8,
    CAPABILITIES_MOST = 48,

    COMMAND = 0x00,
    STATUS = 0x04,
    INTERRUPTS = 0x08,
    FRAME = 0x0c, /* in eighths */
    SEGMENT = 0x10,
    FRAME_LIST = 0x14,
    CIRCLE = 0x18,
    CONFIGURED = 0x40,
    PORTS = 0x44,
    COMMAND_RUN = 1 << 0,
    COMMAND_RESET = 1 << 1,
    COMMAND_LISTS = 3 << 4,
    COMMAND_BELL = 1 << 6, /* until all that has been unlinked is let go of */
    STATUS_PORT = 1 << 2,
    STATUS_LET_GO = 1 << 5,
    STATUS_HALTED = 1 << 12,
    STATUS_TROUBLE = STATUS_HALTED | 1 << 4, /* a host's error */
    HALT_MS = 50,
    RESET_MS = 1000,
    HAND_OVER_MS = 1000,
    SETTLE_MS = 20,

    PORT_CONNECTED = 1 << 0,
    PORT_CONNECTION_CHANGE = 1 << 1,
    PORT_ENABLED = 1 << 2,
    PORT_CHANGES = 0x2a, /* a one ends each */
    PORT_RESET = 1 << 8,
    PORT_LINES = 3 << 10,
    PORT_LOW = 1 << 10, /* where it is not enabled */
    PORT_POWER = 1 << 12,
    PORT_COMPANION = 1 << 13,

    END = 1 << 0, /* of a link */
    TO_QUEUE = 1 << 1,

    /* A queue: a link, what it is, and a copy of its transfer. */
    LINK = 0,
    PIPE = 1,
    TIMES = 2,
    COPY = 4,
    PIPE_SPEED_SHIFT = 12,
    PIPE_HIGH = 2 << PIPE_SPEED_SHIFT,
    PIPE_TOGGLE_SAID = 1 << 14,
    PIPE_FIRST = 1 << 15, /* of the circle */
    PIPE_PACKET_SHIFT = 16,
    PIPE_CONTROL = 1 << 27, /* not of high speed */
    TIMES_ONE = 1 << 30,
    TIMES_FIRST_EIGHTH = 0x01,
    TIMES_FETCH = 0x1c00,

    /* A transfer. */
    NEXT = 0,
    NEXT_SHORT = 1,
    STATE = 2,
    DATA = 3,
    STATE_BABBLE = 1 << 4,
    STATE_HALTED = 1 << 6,
    STATE_ACTIVE = 1 << 7,
    STATE_TOKEN_SHIFT = 8,
    STATE_TRIES = 3 << 10, /* that are left */
    STATE_LENGTH_SHIFT = 16,
    LENGTH = 0x7fff,
    STATE_TOGGLE_SHIFT = 31
};

/* -- Queues -- */

static void begin(const struct usb_device *device, struct usb_pipe *pipe)
{
    const struct usb_part *part = &pipe->part;
    volatile uint32_t *queue = pipe->queue, *transfer = pipe->transfers;
    bool high = device->speed == USB_HIGH;
    unsigned port = 0;
    const struct usb_device *translator = usb_translator(device, &port);
    queue[COPY + NEXT] = queue[COPY + NEXT_SHORT] = END;
    queue[COPY + STATE] = 0;
    queue[PIPE] = device->slot | pipe->endpoint << 8 |
                  ((uint32_t)device->speed - USB_FULL) << PIPE_SPEED_SHIFT | PIPE_TOGGLE_SAID |
                  pipe->packet_bytes << PIPE_PACKET_SHIFT |
                  (!high && pipe->endpoint == 0 ? PIPE_CONTROL : 0u);
    queue[TIMES] = TIMES_ONE | (translator ? (uint32_t)translator->slot << 16 | port << 23 : 0u) |
                   (pipe->endpoint == 0 ? 0u : TIMES_FIRST_EIGHTH | (high ? 0u : TIMES_FETCH));
    transfer[NEXT] = transfer[NEXT_SHORT] = END;
    transfer[DATA] = part->data; /* it does not reach beyond its page */
    transfer[STATE] = STATE_ACTIVE | (uint32_t)part->token << STATE_TOKEN_SHIFT | STATE_TRIES |
                      part->nbytes << STATE_LENGTH_SHIFT | part->toggle << STATE_TOGGLE_SHIFT;
    queue[COPY + NEXT] = usb_address(transfer);
}

static int32_t look(const struct usb_pipe *pipe)
{
    uint32_t state = pipe->transfers[STATE];
    if (state & STATE_ACTIVE)
        return USB_MOVING;
    if (state & STATE_HALTED)
        return (state & STATE_BABBLE) || !(state & STATE_TRIES) ? USB_NO_ANSWER : USB_STALLED;
    return (int32_t)(pipe->part.nbytes - (state >> STATE_LENGTH_SHIFT & LENGTH));
}

static uint32_t frame(struct usb_controller *controller)
{
    const struct usb_bus *bus = usb_bus_of(controller);
    return bus->lets_go && (usb_read(controller, COMMAND) & COMMAND_BELL)
               ? bus->frame
               : usb_read(controller, FRAME) >> 3;
}

static void ring(struct usb_controller *controller)
{
    usb_write(controller, COMMAND, usb_read(controller, COMMAND) | COMMAND_BELL);
}

static void halt(struct usb_controller *controller)
{
    usb_write(controller, COMMAND, usb_read(controller, COMMAND) & ~(uint32_t)COMMAND_RUN);
}

static const struct usb_queues queues = {.link = LINK,
                                         .kind = TO_QUEUE,
                                         .begin = begin,
                                         .look = look,
                                         .frame = frame,
                                         .ring = ring,
                                         .halt = halt};

/* The first of a list, which never moves anything. */
static void begin_list(volatile uint32_t *queue, uint32_t link, uint32_t pipe, uint32_t times)
{
    queue[LINK] = link;
    queue[PIPE] = pipe;
    queue[TIMES] = TIMES_ONE | times;
    queue[COPY + NEXT] = queue[COPY + NEXT_SHORT] = END;
    queue[COPY + STATE] = STATE_HALTED;
}

/* -- Starting -- */

static uint32_t port_offset(unsigned port)
{
    return PORTS + 4 * (port - 1);
}

/* Where configuration space has the hand-over, in a list that may lead anywhere; 0: nowhere. */
static uint32_t find_legacy(const struct usb_controller *controller, uint32_t at)
{
    const struct pci_access *pci = usb_bus_of(controller)->pci;
    for (int i = 0; i < CAPABILITIES_MOST && at >= CAPABILITIES_FROM && at <= CAPABILITIES_TO;
         i++) {
        uint32_t word = pci->read(controller->function.place, at & ~3u);
        if ((word & 0xff) == LEGACY)
            return at & ~3u;
        at = word >> 8 & 0xff;
    }
    return 0;
}

static const char *init(struct usb_controller *controller, const struct usb_machine *machine)
{
    if (!usb_bus_begin(controller, machine, &queues))
        return "no memory";
    if (!usb_bus_map(controller, machine, REGISTER_BYTES))
        return "its registers can't be reached";
    struct usb_bus *bus = usb_bus_of(controller);
    uint32_t length = usb_read(controller, 0) & 0xff,
             legacy = find_legacy(controller, usb_read(controller, CAP_PARAMETERS) >> 8 & 0xff);
    controller->nports = usb_read(controller, CAP_STRUCTURE) & 15;
    if (length < CAP_PARAMETERS + 4 || length + port_offset(16) > REGISTER_BYTES || length % 4)
        return "its registers make no sense";
    bus->registers += length;
    bus->legacy = legacy;
    if (legacy)
        machine->pci->write(controller->function.place, legacy,
                            machine->pci->read(controller->function.place, legacy) |
                                LEGACY_OS_OWNS);
    usb_bus_enter(controller, USB_BUS_HANDING_OVER, HAND_OVER_MS);
    return NULL;
}

static void quiet(struct usb_controller *controller)
{
    const struct usb_bus *bus = usb_bus_of(controller);
    if (bus->legacy)
        bus->pci->write(controller->function.place, bus->legacy + 4, 0); /* it is told of nothing */
    halt(controller);
    usb_bus_enter(controller, USB_BUS_HALTING, HALT_MS);
}

static void run(struct usb_controller *controller)
{
    const struct usb_bus *bus = usb_bus_of(controller);
    begin_list(bus->control, usb_address(bus->control) | TO_QUEUE, PIPE_HIGH | PIPE_FIRST, 0);
    begin_list(bus->reports, END, PIPE_HIGH, TIMES_FIRST_EIGHTH);
    for (size_t i = 0; i < USB_FRAMES; i++)
        bus->frames[i] = usb_address(bus->reports) | TO_QUEUE;
    usb_write(controller, INTERRUPTS, 0);
    usb_write(controller, SEGMENT, 0);
    usb_write(controller, FRAME_LIST, usb_address(bus->frames));
    usb_write(controller, CIRCLE, usb_address(bus->control));
    usb_write(controller, COMMAND, COMMAND_RUN | COMMAND_LISTS);
    usb_write(controller, CONFIGURED, 1);
    for (unsigned port = 1; port <= controller->nports; port++)
        usb_write(controller, port_offset(port), PORT_POWER);
    usb_bus_enter(controller, USB_BUS_SETTLING, SETTLE_MS);
}

static void start(struct usb_controller *controller)
{
    const struct usb_bus *bus = usb_bus_of(controller);
    bool over = usb_bus_is_over(controller);
    switch (bus->stage) {
    case USB_BUS_HANDING_OVER:
        if (over || !bus->legacy ||
            !(bus->pci->read(controller->function.place, bus->legacy) & LEGACY_BIOS_OWNS))
            quiet(controller);
        return;
    case USB_BUS_HALTING:
        if (usb_read(controller, STATUS) & STATUS_HALTED) {
            usb_write(controller, COMMAND, COMMAND_RESET);
            usb_bus_enter(controller, USB_BUS_RESETTING, RESET_MS);
        } else if (over) {
            usb_died(controller, "it does not halt");
        }
        return;
    case USB_BUS_RESETTING:
        if (!(usb_read(controller, COMMAND) & COMMAND_RESET))
            run(controller);
        else if (over)
            usb_died(controller, "its reset does not end");
        return;
    case USB_BUS_SETTLING:
        if (over)
            usb_bus_run(controller);
        return;
    }
}

static void poll(struct usb_controller *controller)
{
    uint32_t status = usb_read(controller, STATUS);
    uint32_t heard = status & (STATUS_PORT | STATUS_LET_GO);
    if (heard && status != UINT32_MAX) /* QEMU's moves no control transfer before that */
        usb_write(controller, STATUS, heard);
    if (status & STATUS_PORT)
        controller->changed = UINT32_MAX;
    usb_bus_poll(controller, status, STATUS_TROUBLE, start);
}

/* -- Ports -- */

/* What is not of high speed is not enabled by a reset; low speed shows before. */
static struct usb_port port(struct usb_controller *controller, unsigned number)
{
    struct usb_bus *bus = usb_bus_of(controller);
    uint32_t value = usb_read(controller, port_offset(number)), next = value;
    bool connected = (value & PORT_CONNECTED) != 0, enabled = (value & PORT_ENABLED) != 0,
         reset = usb_bus_is_reset(controller, number);
    if (value & PORT_RESET)
        next &= reset || !connected ? ~(uint32_t)PORT_RESET : UINT32_MAX;
    else if (connected && !enabled && (reset || (value & PORT_LINES) == PORT_LOW))
        next |= PORT_COMPANION;
    usb_write(controller, port_offset(number), next);
    if (bus->reset_port == number && (enabled || !connected || (next & PORT_COMPANION)))
        bus->reset_port = 0;
    return (struct usb_port){
        .connected = connected && !(next & PORT_COMPANION),
        .enabled = enabled,
        .resetting = (value & PORT_RESET) != 0,
        .replaced = (value & PORT_CONNECTION_CHANGE) != 0,
        .speed = USB_HIGH,
    };
}

static void reset_port(struct usb_controller *controller, unsigned number)
{
    uint32_t value = usb_read(controller, port_offset(number));
    usb_write(controller, port_offset(number),
              (value & ~(uint32_t)(PORT_CHANGES | PORT_ENABLED)) | PORT_RESET);
    usb_bus_reset(controller, number);
}

static void disable_port(struct usb_controller *controller, unsigned number)
{
    uint32_t value = usb_read(controller, port_offset(number));
    usb_write(controller, port_offset(number), value & ~(uint32_t)(PORT_CHANGES | PORT_ENABLED));
}

const struct usb_driver ehci_driver = {
    .name = "EHCI",
    .interface = 0x20,
    .init = init,
    .poll = poll,
    .port = port,
    .reset_port = reset_port,
    .disable_port = disable_port,
    .attach = usb_pipes_attach,
    .control = usb_pipes_control,
    .set_packet = usb_pipes_set_packet,
    .listen = usb_pipes_listen,
    .detach = usb_pipes_detach,
    .stop = usb_bus_stop,
};
