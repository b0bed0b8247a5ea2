/*
 * OHCI, the other controller of USB 1 (Open Host Controller Interface 1.0a). Queues stand in a list
 * for control transfers, and in one to which each frame leads. A queue is empty where its first
 * transfer is its last one, which is never filled.
 */
#include "drivers/usb/usb_pipes.h"

enum {
    CONTROL = 0x04,
    COMMAND = 0x08,
    STATUS = 0x0c,
    INTERRUPTS_OFF = 0x14,
    FRAMES = 0x18,
    CONTROL_LIST = 0x20,
    INTERVAL = 0x34,
    FRAME = 0x3c,
    REPORTS_UNTIL = 0x40, /* the time in a frame from which on control transfers go first */
    ROOT = 0x48,
    ROOT_STATUS = 0x50,
    PORTS = 0x54,
    REGISTER_BYTES = 0x54 + 4 * 15,
    CONTROL_RUN = 2 << 6,
    CONTROL_LISTS = 5 << 2 | 3, /* three control transfers for each report */
    CONTROL_BIOS = 1 << 8,
    COMMAND_RESET = 1 << 0,
    COMMAND_FILLED = 1 << 1, /* the list of control transfers */
    COMMAND_HAND_OVER = 1 << 3,
    STATUS_ERROR = 1 << 4,
    STATUS_PORT = 1 << 6,
    INTERVAL_BITS = 0x3fff,
    INTERVAL_USUAL = 11999,
    INTERVAL_TOGGLE_SHIFT = 31, /* it is changed with the interval */
    PACKETS_SHIFT = 16,         /* beside the interval: the bits that fit into a frame */
    FRAME_OVERHEAD = 210,
    ROOT_POWER = 1 << 16,
    HAND_OVER_MS = 1000,
    RESET_MS = 100,
    SETTLE_MS = 50, /* all of the bus is being reset */

    PORT_CONNECTED = 1 << 0,
    PORT_DISABLE = 1 << 0, /* to write */
    PORT_ENABLED = 1 << 1,
    PORT_RESET = 1 << 4,
    PORT_POWER = 1 << 8,
    PORT_LOW = 1 << 9,
    PORT_CONNECTION_CHANGE = 1 << 16,
    PORT_CHANGES = 0x1f << 16, /* a one ends each */

    LISTS = 32, /* the first words of what frames lead to, one after the other */

    /* A queue. */
    PIPE = 0,
    LAST = 1,
    FIRST = 2,
    LINK = 3,
    PIPE_LOW = 1 << 13,
    PIPE_SKIP = 1 << 14,
    FIRST_HALTED = 1 << 0,
    FIRST_BITS = 15,

    /* A transfer. */
    STATE = 0,
    DATA = 1, /* 0: it has moved all */
    NEXT = 2,
    DATA_LAST = 3,
    TRANSFER_WORDS = 4,
    STATE_SHORT_IS_RIGHT = 1 << 18,
    STATE_TOKEN_SHIFT = 19,
    STATE_NO_INTERRUPT = 7 << 21,
    STATE_TOGGLE_SHIFT = 24,
    STATE_TOGGLE_SAID = 2 << STATE_TOGGLE_SHIFT,
    STATE_CODE_SHIFT = 28,
    CODE_STALLED = 4,
    CODE_NONE = 15
};

/* -- Queues -- */

static void begin(const struct usb_device *device, struct usb_pipe *pipe)
{
    static const uint8_t tokens[] = {
        [USB_TOKEN_OUT] = 1, [USB_TOKEN_IN] = 2, [USB_TOKEN_SETUP] = 0};
    const struct usb_part *part = &pipe->part;
    volatile uint32_t *queue = pipe->queue, *transfer = pipe->transfers;
    uint32_t last = usb_address(transfer + TRANSFER_WORDS);
    transfer[STATE] = (uint32_t)CODE_NONE << STATE_CODE_SHIFT | STATE_TOGGLE_SAID |
                      part->toggle << STATE_TOGGLE_SHIFT | STATE_NO_INTERRUPT |
                      (uint32_t)tokens[part->token] << STATE_TOKEN_SHIFT | STATE_SHORT_IS_RIGHT;
    transfer[DATA] = part->nbytes ? part->data : 0;
    transfer[DATA_LAST] = part->nbytes ? part->data + part->nbytes - 1 : 0;
    transfer[NEXT] = last;
    queue[PIPE] = device->slot | pipe->endpoint << 7 | pipe->packet_bytes << 16 |
                  (device->speed == USB_LOW ? PIPE_LOW : 0u);
    queue[LAST] = last;
    queue[FIRST] = usb_address(transfer);
    usb_write(device->controller, COMMAND, COMMAND_FILLED);
}

/* What has moved is in a list of the controller's, too, which nobody reads. */
static int32_t look(const struct usb_pipe *pipe)
{
    const volatile uint32_t *transfer = pipe->transfers;
    uint32_t first = pipe->queue[FIRST], code = transfer[STATE] >> STATE_CODE_SHIFT;
    bool waits = (first & ~(uint32_t)FIRST_BITS) == usb_address(transfer);
    if (code == CODE_NONE || (waits && !(first & FIRST_HALTED)))
        return USB_MOVING;
    if (code)
        return code == CODE_STALLED ? USB_STALLED : USB_NO_ANSWER;
    uint32_t missing = transfer[DATA] ? transfer[DATA_LAST] + 1 - transfer[DATA] : 0;
    return (int32_t)(pipe->part.nbytes - missing);
}

static uint32_t frame(struct usb_controller *controller)
{
    return usb_read(controller, FRAME);
}

static void halt(struct usb_controller *controller)
{
    usb_write(controller, CONTROL, 0);
}

static const struct usb_queues queues = {
    .link = LINK, .begin = begin, .look = look, .frame = frame, .halt = halt};

/* -- Starting -- */

static const char *init(struct usb_controller *controller, const struct usb_machine *machine)
{
    if (!usb_bus_begin(controller, machine, &queues))
        return "no memory";
    if (!usb_bus_map(controller, machine, REGISTER_BYTES))
        return "its registers can't be reached";
    controller->nports = usb_read(controller, ROOT) & 15;
    if (usb_read(controller, CONTROL) & CONTROL_BIOS)
        usb_write(controller, COMMAND, COMMAND_HAND_OVER);
    usb_bus_enter(controller, USB_BUS_HANDING_OVER, HAND_OVER_MS);
    return NULL;
}

static void reset(struct usb_controller *controller)
{
    usb_bus_of(controller)->interval = usb_read(controller, INTERVAL) & INTERVAL_BITS;
    usb_write(controller, INTERRUPTS_OFF, UINT32_MAX);
    usb_write(controller, COMMAND, COMMAND_RESET);
    usb_bus_enter(controller, USB_BUS_RESETTING, RESET_MS);
}

/* A reset of the controller forgets the interval, which the BIOS may have trimmed. */
static void begin_bus(struct usb_controller *controller)
{
    const struct usb_bus *bus = usb_bus_of(controller);
    uint32_t interval = bus->interval > FRAME_OVERHEAD ? bus->interval : INTERVAL_USUAL;
    bus->control[PIPE] = bus->reports[PIPE] = PIPE_SKIP;
    for (size_t i = 0; i < LISTS; i++)
        bus->frames[i] = usb_address(bus->reports);
    halt(controller);
    usb_write(controller, FRAMES, usb_address(bus->frames));
    usb_write(controller, CONTROL_LIST, usb_address(bus->control));
    usb_write(controller, INTERVAL,
              interval | (interval - FRAME_OVERHEAD) * 6 / 7 << PACKETS_SHIFT |
                  UINT32_C(1) << INTERVAL_TOGGLE_SHIFT);
    usb_write(controller, REPORTS_UNTIL, interval * 9 / 10);
    usb_bus_enter(controller, USB_BUS_SETTLING, SETTLE_MS);
}

static void run(struct usb_controller *controller)
{
    usb_write(controller, CONTROL, CONTROL_RUN | CONTROL_LISTS);
    usb_write(controller, ROOT_STATUS, ROOT_POWER);
    for (unsigned port = 1; port <= controller->nports; port++)
        usb_write(controller, PORTS + 4 * (port - 1), PORT_POWER);
    usb_bus_run(controller);
}

static void start(struct usb_controller *controller)
{
    enum usb_bus_stage stage = usb_bus_of(controller)->stage;
    bool over = usb_bus_is_over(controller);
    if (stage == USB_BUS_HANDING_OVER) {
        if (over || !(usb_read(controller, CONTROL) & CONTROL_BIOS))
            reset(controller);
    } else if (stage == USB_BUS_RESETTING) {
        if (!(usb_read(controller, COMMAND) & COMMAND_RESET))
            begin_bus(controller);
        else if (over)
            usb_died(controller, "its reset does not end");
    } else if (over) {
        run(controller);
    }
}

static void poll(struct usb_controller *controller)
{
    uint32_t status = usb_read(controller, STATUS);
    if (status & STATUS_PORT) {
        usb_write(controller, STATUS, STATUS_PORT);
        controller->changed = UINT32_MAX;
    }
    usb_bus_poll(controller, status, STATUS_ERROR, start);
}

/* -- Ports -- */

static struct usb_port port(struct usb_controller *controller, unsigned number)
{
    uint32_t value = usb_read(controller, PORTS + 4 * (number - 1));
    usb_write(controller, PORTS + 4 * (number - 1), value & PORT_CHANGES);
    return (struct usb_port){
        .connected = (value & PORT_CONNECTED) != 0,
        .enabled = (value & PORT_ENABLED) != 0,
        .resetting = (value & PORT_RESET) != 0,
        .replaced = (value & PORT_CONNECTION_CHANGE) != 0,
        .speed = value & PORT_LOW ? USB_LOW : USB_FULL,
    };
}

/* The controller ends it. */
static void reset_port(struct usb_controller *controller, unsigned number)
{
    usb_write(controller, PORTS + 4 * (number - 1), PORT_RESET);
}

static void disable_port(struct usb_controller *controller, unsigned number)
{
    usb_write(controller, PORTS + 4 * (number - 1), PORT_DISABLE);
}

const struct usb_driver ohci_driver = {
    .name = "OHCI",
    .interface = 0x10,
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
