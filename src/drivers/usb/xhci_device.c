/* xHCI's slots: a device's address, its transfers, and the commands about both. */
#include "drivers/usb/xhci_private.h"

enum {
    COMMAND_MS = 700, /* less than what usb.c waits for an answer */
    ABORT_MS = 1000,  /* both together are less than it waits for a device to be let go of */
    STAND_MS = 100,   /* until a ring that stands is believed though no event says so */
    ABORT = 1 << 2,   /* in the register of the ring of commands */

    SLOT_HUB = 1 << 26,
    ENDPOINT_THREE_TRIES = 3 << 1,
    ENDPOINT_CONTROL = 4 << 3,
    ENDPOINT_INTERRUPT_IN = 7 << 3,
    SUPER_PACKET = 512
};

enum {
    TRANSFERS = 32,
    REPORTS = 4,       /* that are asked for at once */
    FULL_INTERVAL = 3, /* a millisecond is 2 to the power of 3 eighths of one */
    FULL_INTERVAL_MOST = 10,
    HIGH_INTERVAL_MOST = 15,
    THINK_TIME_MOST = 3, /* of a hub's translator: what any takes */

    /* In a device's page, behind its context. */
    CONTROL_RING = 2048,
    REPORT_RING = CONTROL_RING + TRANSFERS * 16,
    REPORT_BUFFERS = REPORT_RING + TRANSFERS * 16
};
_Static_assert(REPORT_BUFFERS + REPORTS * USB_PACKET_MOST <= PAGE_SIZE - USB_BUFFER_BYTES,
               "all has room in a device's page");

/* -- Commands: the controller has one at a time, so that what is aborted is known -- */

static void give_command(struct usb_controller *controller)
{
    struct xhci *xhci = xhci_of(controller);
    const struct xhci_command *next = &xhci->asked[0];
    if (xhci->nasked == 0 || xhci->commands.ndue > 0 || xhci->aborts ||
        controller->life != USB_RUNNING)
        return;
    xhci_put(&xhci->commands, (struct trb){.parameter_low = next->parameter,
                                           .control = next->type << TRB_TYPE_SHIFT | next->bits});
    xhci->command_since = controller->now_ms;
    xhci_ring_doorbell(xhci, 0, 0);
}

static void remove_command(struct xhci *xhci, uint32_t place)
{
    xhci->nasked--;
    for (; place < xhci->nasked; place++)
        xhci->asked[place] = xhci->asked[place + 1];
}

/* Forgets DEVICE's command that the controller has not yet. */
static void forget_command(struct usb_device *device)
{
    struct xhci *xhci = xhci_of(device->controller);
    for (uint32_t i = xhci->commands.ndue; i < xhci->nasked; i++)
        if (xhci->asked[i].device == device)
            remove_command(xhci, i);
}

static void command(struct usb_device *device, uint32_t type, uint32_t parameter, uint32_t bits)
{
    struct xhci *xhci = xhci_of(device->controller);
    forget_command(device);
    xhci->asked[xhci->nasked++] =
        (struct xhci_command){device, type, parameter, (uint32_t)device->slot << 24 | bits};
    give_command(device->controller);
}

/* Word WORD of context NUMBER of those at CONTEXTS. */
static uint32_t *context_word(const struct xhci *xhci, void *contexts, uint32_t number,
                              uint32_t word)
{
    return (uint32_t *)contexts + xhci->context_bytes / 4 * number + word;
}

/* The input context, empty but for which contexts it ADDS. Its own numbers are one higher. */
static void *begin_input(const struct xhci *xhci, uint32_t adds)
{
    uint32_t *input = (uint32_t *)(xhci->memory + XHCI_INPUT);
    xhci_clear(input, PAGE_SIZE);
    input[1] = adds;
    return input;
}

static void copy_context(const struct xhci *xhci, const struct usb_device *device, void *input,
                         uint32_t number)
{
    for (uint32_t word = 0; word < 8; word++)
        *context_word(xhci, input, number + 1, word) =
            *context_word(xhci, device->page, number, word);
}

static uint32_t route_of(const struct usb_device *device)
{
    uint32_t route = 0;
    for (; device->hub; device = device->hub)
        route |= (device->port < 15u ? device->port : 15u) << 4 * (device->depth - 1);
    return route;
}

static unsigned root_port_of(const struct usb_device *device)
{
    while (device->hub)
        device = device->hub;
    return device->port;
}

static void give_address(struct usb_device *device)
{
    struct xhci *xhci = xhci_of(device->controller);
    struct xhci_slot *slot = &xhci->slots[device->slot];
    *slot = (struct xhci_slot){.device = device};
    slot->control = xhci_begin_ring(device->page + CONTROL_RING, TRANSFERS);
    xhci_clear(device->page, CONTROL_RING);
    ((uint32_t *)(xhci->memory + XHCI_DEVICE_CONTEXTS))[2 * device->slot] =
        xhci_address(device->page);

    unsigned port = 0;
    const struct usb_device *translator = usb_translator(device, &port);
    uint32_t packet_bytes = device->speed == USB_SUPER ? SUPER_PACKET : device->packet_bytes;
    void *input = begin_input(xhci, 1 << 0 | 1 << XHCI_CONTROL_PIPE);
    uint32_t *about = context_word(xhci, input, 1, 0);
    about[0] = route_of(device) | (uint32_t)device->speed << 20 | 1 << 27;
    about[1] = root_port_of(device) << 16;
    about[2] = translator ? translator->slot | port << 8 : 0;
    uint32_t *pipe = context_word(xhci, input, 1 + XHCI_CONTROL_PIPE, 0);
    pipe[1] = ENDPOINT_THREE_TRIES | ENDPOINT_CONTROL | packet_bytes << 16;
    pipe[2] = xhci_address(slot->control.trbs) | TRB_CYCLE;
    pipe[4] = sizeof(struct usb_setup);
    command(device, TRB_ADDRESS, xhci_address(input), 0);
}

static void slot_is_given(struct usb_device *device, uint32_t number, bool success)
{
    struct xhci *xhci = xhci_of(device->controller);
    bool usable = success && number > 0 && number <= xhci->nslots && !xhci->slots[number].device;
    if (!usable) {
        usb_done(device, USB_NO_ANSWER); /* also where it is being detached */
        return;
    }
    device->slot = (uint8_t)number;
    xhci->slots[number].device = device;
    if (device->step == USB_CLOSING)
        command(device, TRB_DISABLE_SLOT, 0, 0);
    else
        give_address(device);
}

/* Its page may be another's only where the controller has surely let go of it. */
static void slot_is_free(struct usb_device *device, uint32_t code)
{
    struct xhci *xhci = xhci_of(device->controller);
    if (code == CODE_ABORTED) {
        command(device, TRB_DISABLE_SLOT, 0, 0);
        return;
    }
    if (code != CODE_SUCCESS && code != CODE_NO_SLOT) {
        usb_died(device->controller, "it does not let go of a device");
        return;
    }
    ((uint32_t *)(xhci->memory + XHCI_DEVICE_CONTEXTS))[2 * device->slot] = 0;
    xhci->slots[device->slot].device = NULL;
    device->slot = 0;
    usb_done(device, 0);
}

/* Where the report that comes next is, or will be: each of the buffers has its turn. */
static uint8_t *report_buffer(const struct xhci_slot *slot, uint32_t further)
{
    uint32_t place = (slot->nreports + further) % REPORTS;
    return slot->device->page + REPORT_BUFFERS + place * USB_PACKET_MOST;
}

static void ask_for_report(struct xhci_slot *slot, const uint8_t *buffer)
{
    xhci_put(&slot->reports, (struct trb){.parameter_low = xhci_address(buffer),
                                          .status = slot->device->function.packet_bytes,
                                          .control = TRB_NORMAL << TRB_TYPE_SHIFT | TRB_EVENT |
                                                     TRB_SHORT_IS_EVENT});
}

static void begin_reports(struct usb_device *device)
{
    struct xhci *xhci = xhci_of(device->controller);
    struct xhci_slot *slot = &xhci->slots[device->slot];
    slot->nreports = 0;
    for (uint32_t i = 0; i < REPORTS; i++)
        ask_for_report(slot, report_buffer(slot, i));
    xhci_ring_doorbell(xhci, device->slot, slot->report_pipe);
    usb_done(device, 0);
}

/* The controller's command has ended, with a SLOT where it asked for one. */
static void end_command(struct usb_controller *controller, uint32_t code, uint32_t number)
{
    struct xhci *xhci = xhci_of(controller);
    struct usb_device *device = xhci->asked[0].device;
    struct xhci_slot *slot = &xhci->slots[device->slot];
    uint32_t type = xhci->asked[0].type;
    remove_command(xhci, 0);
    if (type == TRB_ENABLE_SLOT)
        slot_is_given(device, number, code == CODE_SUCCESS);
    else if (type == TRB_DISABLE_SLOT)
        slot_is_free(device, code);
    else if (device->step == USB_CLOSING)
        ; /* nobody waits for it */
    else if (type == TRB_RESET_ENDPOINT && code != CODE_ABORTED)
        command(device, TRB_SET_DEQUEUE,
                xhci_address(&slot->control.trbs[slot->control.next]) | slot->control.cycle,
                XHCI_CONTROL_PIPE << 16);
    else if (type == TRB_SET_DEQUEUE && code != CODE_ABORTED)
        usb_done(device, slot->failure);
    else if (code != CODE_SUCCESS)
        usb_done(device, USB_NO_ANSWER);
    else if (type == TRB_CONFIGURE)
        begin_reports(device);
    else
        usb_done(device, 0);
    if (type == TRB_ADDRESS && code == CODE_SUCCESS) /* the controller has chosen it */
        device->address = (uint8_t)*context_word(xhci, device->page, 0, 3);
}

void xhci_command_has_ended(struct usb_controller *controller, const struct trb *event)
{
    struct xhci *xhci = xhci_of(controller);
    uint32_t code = event->status >> 24;
    if (code == CODE_RING_STOPPED) {
        xhci->stopped = true;
    } else if (xhci_take(&xhci->commands, event)) {
        end_command(controller, code, event->control >> 24);
        give_command(controller);
    }
}

/* The ring stands. Some controllers have told that the command is aborted, others look at it once
 * more: then it is to do nothing. */
static void resume_commands(struct usb_controller *controller)
{
    struct xhci *xhci = xhci_of(controller);
    struct xhci_ring *ring = &xhci->commands;
    xhci->aborts = false;
    if (ring->ndue > 0) {
        struct trb *entry = &ring->trbs[ring->due];
        entry->control = TRB_NOTHING << TRB_TYPE_SHIFT | (entry->control & TRB_CYCLE);
        xhci_end_all(ring);
        end_command(controller, CODE_ABORTED, 0);
    }
    give_command(controller);
}

void xhci_watch_commands(struct usb_controller *controller, bool stand)
{
    struct xhci *xhci = xhci_of(controller);
    uint32_t nms = controller->now_ms - xhci->command_since;
    if (xhci->aborts && stand && (xhci->stopped || nms >= STAND_MS)) {
        resume_commands(controller);
    } else if (xhci->aborts && nms >= ABORT_MS) {
        usb_died(controller, "it does not end a command");
    } else if (!xhci->aborts && xhci->commands.ndue > 0 && nms >= COMMAND_MS) {
        xhci->aborts = true;
        xhci->stopped = false;
        xhci->command_since = controller->now_ms;
        xhci_write_address(xhci->registers, XHCI_COMMAND_RING,
                           xhci_address(xhci->commands.trbs) | ABORT);
    }
}

/* -- Transfers -- */

static void report_has_come(struct xhci *xhci, struct xhci_slot *slot, const struct trb *event)
{
    uint32_t missing = event->status & 0xffffff, most = slot->device->function.packet_bytes;
    const uint8_t *buffer = report_buffer(slot, 0);
    usb_received(slot->device, buffer, missing < most ? most - missing : 0);
    slot->nreports++;
    ask_for_report(slot, buffer);
    xhci_ring_doorbell(xhci, slot->device->slot, slot->report_pipe);
}

void xhci_transfer_has_ended(struct usb_controller *controller, const struct trb *event)
{
    struct xhci *xhci = xhci_of(controller);
    struct xhci_slot *slot = xhci_slot_of(xhci->slots, xhci->nslots, event);
    if (!slot || slot->device->step == USB_CLOSING)
        return;
    switch (xhci_take_transfer(slot, event)) {
    case XHCI_NO_END:
        break;
    case XHCI_CONTROL_DONE:
        usb_done(slot->device, slot->wanted - slot->missing);
        break;
    case XHCI_CONTROL_FAILED:
        slot->failure = event->status >> 24 == CODE_STALL ? USB_STALLED : USB_NO_ANSWER;
        command(slot->device, TRB_RESET_ENDPOINT, 0, XHCI_CONTROL_PIPE << 16);
        break;
    case XHCI_REPORT:
        report_has_come(xhci, slot, event);
        break;
    case XHCI_REPORTS_FAILED:
        usb_broken(slot->device, "its reports stop");
        break;
    }
}

/* -- What usb.c asks for -- */

void xhci_attach(struct usb_device *device)
{
    device->slot = 0;
    command(device, TRB_ENABLE_SLOT, 0, 0);
}

void xhci_control(struct usb_device *device, const struct usb_setup *setup)
{
    struct xhci *xhci = xhci_of(device->controller);
    struct xhci_slot *slot = &xhci->slots[device->slot];
    bool in = (setup->type & 0x80) != 0;
    slot->wanted = setup->length;
    slot->missing = 0;
    xhci_put(&slot->control,
             (struct trb){.parameter_low = (uint32_t)setup->type | (uint32_t)setup->request << 8 |
                                           (uint32_t)setup->value << 16,
                          .parameter_high = (uint32_t)setup->index | (uint32_t)setup->length << 16,
                          .status = sizeof *setup,
                          .control = TRB_SETUP << TRB_TYPE_SHIFT | TRB_IMMEDIATE |
                                     (setup->length == 0 ? 0u
                                      : in               ? SETUP_IN
                                                         : SETUP_OUT)});
    if (setup->length > 0)
        xhci_put(&slot->control,
                 (struct trb){.parameter_low = xhci_address(device->buffer),
                              .status = setup->length,
                              .control = TRB_DATA << TRB_TYPE_SHIFT | TRB_SHORT_IS_EVENT |
                                         (in ? TRB_INTO_HOST : 0u)});
    xhci_put(&slot->control,
             (struct trb){.control = TRB_STATUS << TRB_TYPE_SHIFT | TRB_EVENT |
                                     (in && setup->length > 0 ? 0u : TRB_INTO_HOST)});
    xhci_ring_doorbell(xhci, device->slot, XHCI_CONTROL_PIPE);
}

void xhci_set_packet(struct usb_device *device)
{
    struct xhci *xhci = xhci_of(device->controller);
    void *input = begin_input(xhci, 1 << XHCI_CONTROL_PIPE);
    copy_context(xhci, device, input, XHCI_CONTROL_PIPE);
    uint32_t *sizes = context_word(xhci, input, 1 + XHCI_CONTROL_PIPE, 1);
    *sizes = (*sizes & 0xffff) | (uint32_t)device->packet_bytes << 16;
    command(device, TRB_EVALUATE, xhci_address(input), 0);
}

/* Eighths of a millisecond from one question for reports to the next, as a power of two. */
static uint32_t interval_of(const struct usb_device *device)
{
    uint32_t interval = device->function.interval;
    if (device->speed == USB_HIGH)
        return interval - 1 < HIGH_INTERVAL_MOST ? interval - 1 : HIGH_INTERVAL_MOST;
    uint32_t power = FULL_INTERVAL;
    while (interval > 1 && power < FULL_INTERVAL_MOST) {
        interval /= 2;
        power++;
    }
    return power;
}

void xhci_listen(struct usb_device *device)
{
    struct xhci *xhci = xhci_of(device->controller);
    struct xhci_slot *slot = &xhci->slots[device->slot];
    uint32_t pipe = 2u * device->function.endpoint + 1, most = device->function.packet_bytes;
    slot->report_pipe = (uint8_t)pipe;
    slot->reports = xhci_begin_ring(device->page + REPORT_RING, TRANSFERS);
    void *input = begin_input(xhci, 1u << 0 | 1u << pipe);
    copy_context(xhci, device, input, 0);
    uint32_t *about = context_word(xhci, input, 1, 0);
    about[0] = (about[0] & 0x07ffffff) | pipe << 27;
    if (device->function.kind == USB_HUB) {
        about[0] |= SLOT_HUB;
        about[1] = (about[1] & 0x00ffffff) | (uint32_t)device->ports.nports << 24;
        about[2] |= device->speed == USB_HIGH ? THINK_TIME_MOST << 16 : 0;
    }
    uint32_t *endpoint = context_word(xhci, input, 1 + pipe, 0);
    endpoint[0] = interval_of(device) << 16;
    endpoint[1] = ENDPOINT_THREE_TRIES | ENDPOINT_INTERRUPT_IN | most << 16;
    endpoint[2] = xhci_address(slot->reports.trbs) | TRB_CYCLE;
    endpoint[4] = most << 16 | most;
    command(device, TRB_CONFIGURE, xhci_address(input), 0);
}

/* Where its slot is still being asked for, the answer ends that, too. */
void xhci_detach(struct usb_device *device)
{
    const struct xhci *xhci = xhci_of(device->controller);
    forget_command(device);
    bool asks = xhci->nasked > 0 && xhci->asked[0].device == device;
    if (device->slot)
        command(device, TRB_DISABLE_SLOT, 0, 0);
    else if (!asks)
        usb_done(device, 0);
}
