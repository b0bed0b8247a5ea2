/*
 * UHCI, a controller of USB 1 (Universal Host Controller Interface 1.1). Its registers are ports.
 * Each millisecond it goes through one list of queues, which the frame list leads to; a transfer is
 * one packet, and each of a part leads on to the next.
 */
#include "cpu/io.h"
#include "drivers/usb/usb_pipes.h"

enum {
    REGISTERS = 4, /* the BAR */
    REGISTER_BYTES = 0x14,
    LEGACY = 0xc0,           /* in configuration space: what the BIOS is told of */
    LEGACY_NOTHING = 0x8f00, /* and the ends of what it has been told */

    COMMAND = 0x00,
    STATUS = 0x02,
    INTERRUPTS = 0x04,
    FRAME = 0x06,
    FRAME_LIST = 0x08,
    PORTS = 0x10,
    NPORTS = 2,
    COMMAND_RUN = 1 << 0,
    COMMAND_RESET = 1 << 1,
    COMMAND_CONFIGURED = 1 << 6,
    COMMAND_LARGE = 1 << 7, /* packets of 64 bytes up to the end of a frame */
    STATUS_TROUBLE = 0x38,  /* halted, or a host's error */
    STATUS_ALL = 0x3f,      /* a one ends each */
    RESET_MS = 100,
    SETTLE_MS = 20, /* "halted" may last for a frame, and is to be ended then */

    PORT_CONNECTED = 1 << 0,
    PORT_CONNECTION_CHANGE = 1 << 1,
    PORT_ENABLED = 1 << 2,
    PORT_CHANGES = 0x0a, /* a one ends each */
    PORT_LOW = 1 << 8,
    PORT_RESET = 1 << 9,

    END = 1 << 0, /* of a link */
    TO_QUEUE = 1 << 1,
    GO_ON = 1 << 2, /* in the same frame */
    QUEUE_LINK = 0,
    QUEUE_FIRST = 1,

    /* A transfer. */
    LINK = 0,
    STATE = 1,
    WHAT = 2,
    DATA = 3,
    TRANSFER_WORDS = 4,
    LENGTH = 0x7ff, /* in both, less 1 */
    WHAT_ADDRESS_SHIFT = 8,
    WHAT_ENDPOINT_SHIFT = 15,
    WHAT_TOGGLE_SHIFT = 19,
    WHAT_LENGTH_SHIFT = 21,
    STATE_ERRORS = 0x360000, /* but for a stall: bits, time, babble, buffer */
    STATE_STALLED = 1 << 22,
    STATE_ACTIVE = 1 << 23,
    STATE_LOW = 1 << 26,
    STATE_THREE_TRIES = 3 << 27,
    STATE_SHORT_STOPS = 1 << 29
};
_Static_assert(USB_BUFFER_BYTES / 8 * TRANSFER_WORDS * 4 <= USB_TRANSFER_BYTES,
               "the smallest packets have room");

/* -- Queues -- */

/* They stand where those before them did not, of which the controller may still have one. */
static void begin(const struct usb_device *device, struct usb_pipe *pipe)
{
    static const uint8_t tokens[] = {
        [USB_TOKEN_OUT] = 0xe1, [USB_TOKEN_IN] = 0x69, [USB_TOKEN_SETUP] = 0x2d};
    pipe->queue[QUEUE_FIRST] = END;
    pipe->transfers =
        (volatile uint32_t *)((uintptr_t)pipe->transfers ^ (uintptr_t)USB_TRANSFER_BYTES);
    volatile uint32_t *transfer = pipe->transfers;
    struct usb_part left = pipe->part;
    do {
        uint32_t nbytes = left.nbytes < pipe->packet_bytes ? left.nbytes : pipe->packet_bytes;
        transfer[WHAT] = tokens[left.token] | (uint32_t)device->slot << WHAT_ADDRESS_SHIFT |
                         pipe->endpoint << WHAT_ENDPOINT_SHIFT | left.toggle << WHAT_TOGGLE_SHIFT |
                         (nbytes - 1) << WHAT_LENGTH_SHIFT;
        transfer[DATA] = left.data;
        left.data += nbytes;
        left.nbytes -= nbytes;
        left.toggle ^= 1;
        transfer[LINK] = left.nbytes ? usb_address(transfer + TRANSFER_WORDS) | GO_ON : END;
        transfer[STATE] = STATE_ACTIVE | STATE_THREE_TRIES |
                          (device->speed == USB_LOW ? STATE_LOW : 0u) |
                          (left.nbytes ? STATE_SHORT_STOPS : 0u);
        transfer += TRANSFER_WORDS;
    } while (left.nbytes > 0);
    pipe->queue[QUEUE_FIRST] = usb_address(pipe->transfers);
}

static int32_t look(const struct usb_pipe *pipe)
{
    uint32_t moved = 0;
    for (const volatile uint32_t *transfer = pipe->transfers;; transfer += TRANSFER_WORDS) {
        uint32_t state = transfer[STATE], nbytes = (state + 1) & LENGTH;
        if (state & STATE_ACTIVE)
            return USB_MOVING;
        if (state & (STATE_ERRORS | STATE_STALLED))
            return state & STATE_ERRORS ? USB_NO_ANSWER : USB_STALLED;
        moved += nbytes;
        if (nbytes < pipe->packet_bytes || (transfer[LINK] & END))
            return (int32_t)moved;
    }
}

static uint32_t frame(struct usb_controller *controller)
{
    return io_read16(usb_bus_of(controller)->ports + FRAME);
}

static void halt(struct usb_controller *controller)
{
    io_write16(usb_bus_of(controller)->ports + COMMAND, 0);
}

static const struct usb_queues queues = {.link = QUEUE_LINK,
                                         .kind = TO_QUEUE,
                                         .begin = begin,
                                         .look = look,
                                         .frame = frame,
                                         .halt = halt};

/* -- Starting -- */

static const char *init(struct usb_controller *controller, const struct usb_machine *machine)
{
    const struct pci_access *pci = machine->pci;
    struct pci_bar bar;
    if (!pci_bar(pci, &controller->function, REGISTERS, &bar) || !bar.ports ||
        bar.nbytes < REGISTER_BYTES)
        return "it has no registers";
    if (!usb_bus_begin(controller, machine, &queues))
        return "no memory";
    struct usb_bus *bus = usb_bus_of(controller);
    bus->ports = (uint16_t)bar.start;
    bus->reports = bus->control; /* there is one list */
    controller->nports = NPORTS;
    pci_place_t place = controller->function.place;
    pci->write(place, LEGACY, (pci->read(place, LEGACY) & ~(uint32_t)UINT16_MAX) | LEGACY_NOTHING);
    pci_command(pci, &controller->function,
                PCI_ENABLE_PORTS | PCI_ENABLE_MASTER | PCI_DISABLE_INTERRUPT, 0);
    io_write16(bus->ports + COMMAND, COMMAND_RESET);
    usb_bus_enter(controller, USB_BUS_RESETTING, RESET_MS);
    return NULL;
}

static void run(struct usb_controller *controller)
{
    struct usb_bus *bus = usb_bus_of(controller);
    bus->control[QUEUE_LINK] = bus->control[QUEUE_FIRST] = END;
    for (size_t i = 0; i < USB_FRAMES; i++)
        bus->frames[i] = usb_address(bus->control) | TO_QUEUE;
    io_write16(bus->ports + INTERRUPTS, 0);
    io_write16(bus->ports + FRAME, 0);
    io_write32(bus->ports + FRAME_LIST, usb_address(bus->frames));
    io_write16(bus->ports + STATUS, STATUS_ALL);
    io_write16(bus->ports + COMMAND, COMMAND_RUN | COMMAND_CONFIGURED | COMMAND_LARGE);
    usb_bus_enter(controller, USB_BUS_SETTLING, SETTLE_MS);
}

static void start(struct usb_controller *controller)
{
    struct usb_bus *bus = usb_bus_of(controller);
    uint16_t command = io_read16(bus->ports + COMMAND);
    bool over = usb_bus_is_over(controller);
    if (bus->stage == USB_BUS_RESETTING && !(command & COMMAND_RESET)) {
        run(controller);
    } else if (bus->stage == USB_BUS_RESETTING && over) {
        usb_died(controller, "its reset does not end");
    } else if (bus->stage == USB_BUS_SETTLING && over) {
        io_write16(bus->ports + STATUS, STATUS_ALL);
        usb_bus_run(controller);
    }
}

static uint16_t port_of(const struct usb_controller *controller, unsigned number)
{
    return (uint16_t)(usb_bus_of(controller)->ports + PORTS + 2 * (number - 1));
}

static void poll(struct usb_controller *controller)
{
    for (unsigned port = 1; port <= NPORTS; port++)
        if (io_read16(port_of(controller, port)) & PORT_CHANGES)
            controller->changed |= usb_bit_of(port);
    uint16_t status = io_read16(usb_bus_of(controller)->ports + STATUS);
    usb_bus_poll(controller, status == UINT16_MAX ? UINT32_MAX : status, STATUS_TROUBLE, start);
}

/* -- Ports -- */

/* A reset ends when it is told to, and the port is enabled a while after that. */
static struct usb_port port(struct usb_controller *controller, unsigned number)
{
    struct usb_bus *bus = usb_bus_of(controller);
    uint16_t value = io_read16(port_of(controller, number));
    bool connected = (value & PORT_CONNECTED) != 0, enabled = (value & PORT_ENABLED) != 0,
         resets = bus->reset_port == number;
    uint16_t next = value & (PORT_ENABLED | PORT_RESET | PORT_CHANGES);
    if (!connected)
        next = value & PORT_CHANGES;
    else if (usb_bus_is_reset(controller, number))
        next = (value & PORT_CHANGES) | (value & PORT_RESET ? 0 : PORT_ENABLED);
    io_write16(port_of(controller, number), next);
    if (resets && (enabled || !connected))
        bus->reset_port = 0;
    return (struct usb_port){
        .connected = connected,
        .enabled = enabled,
        .resetting = (value & PORT_RESET) != 0,
        .replaced = !resets && (value & PORT_CONNECTION_CHANGE), /* a reset looks like that */
        .speed = value & PORT_LOW ? USB_LOW : USB_FULL,
    };
}

static void reset_port(struct usb_controller *controller, unsigned number)
{
    io_write16(port_of(controller, number), PORT_RESET);
    usb_bus_reset(controller, number);
}

static void disable_port(struct usb_controller *controller, unsigned number)
{
    io_write16(port_of(controller, number), 0);
}

const struct usb_driver uhci_driver = {
    .name = "UHCI",
    .interface = 0x00,
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
