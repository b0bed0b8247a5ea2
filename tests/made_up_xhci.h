/*
 * xHCI that is made up: controllers whose registers, rings and events are as the specification has
 * them, with keyboards in their ports, and faults that real ones have. What the driver must not do
 * stands in made.broken. Memory is taken below 4 GB, where the driver says what it gives them.
 */
#ifndef PLAT_TESTS_MADE_UP_XHCI_H
#define PLAT_TESTS_MADE_UP_XHCI_H

#include <string.h>
#include <sys/mman.h>

#define PLAT_DRIVERS_USB_XHCI_REGISTERS_H
#include "lib/types.h"
static uint32_t xhci_read(volatile uint8_t *registers, uint32_t offset);
static void xhci_write(volatile uint8_t *registers, uint32_t offset, uint32_t value);

#include "drivers/usb/xhci.c"
#include "drivers/usb/xhci_device.c"

enum { MADE_CONTROLLERS = 3, MADE_PORTS = 8, MADE_PAGES = 64, MADE_REGISTERS = 4096 };
enum { MADE_LENGTH = 0x20, MADE_DOORBELLS = 0x800, MADE_RUNTIME = 0xc00 };
enum {
    MADE_RESET_MS = 3,
    MADE_QUIET_MS = 1,
    MADE_SLOTS = USB_DEVICES_MOST,
    MADE_KEYS = 256,
    MADE_ADDRESS = 40
};

struct made_ring {
    uint32_t at, cycle;
};

struct made_slot {
    bool enabled, listens, halted;
    int port;
    struct made_ring control, reports;
    uint8_t report_pipe;
};

struct made_controller {
    struct usb_controller usb;
    volatile uint8_t *registers; /* only a place */
    uint32_t command_bits, pci_bits, bar, errors;
    uint32_t reset_at, contexts, events, event_count, event_at, event_cycle;
    uint32_t ports[MADE_PORTS + 1];
    struct made_ring commands;
    bool commands_run, aborts;
    struct made_slot slots[MADE_SLOTS + 1];
    uint32_t rings; /* a bit a slot: its doorbell was rung */

    uint32_t hangs, nhangs;   /* commands of that type do not end; how many of them */
    bool keeps_hanging;       /* nor are they ended by being aborted */
    bool silent, looks_again; /* no event says that one is; it is read once more then */
    bool stays;               /* it does not halt */
    bool gone;                /* it must not be touched any more */
    uint32_t disable_code;    /* of DISABLE_SLOT; 0: success */
    uint32_t stalls;          /* a request of devices that stalls */
    bool tells_twice;         /* what is short, and then as a success */
    unsigned flips;           /* a port that something changes in as soon as it was read */
};

static struct {
    const char *broken;
    uint8_t *memory;
    size_t npages;
    uint32_t now_ms;
    int ncontrollers;
    struct made_controller controllers[MADE_CONTROLLERS];
    int keys[MADE_KEYS];
    size_t nkeys;
    uint32_t nresumed; /* entries that were read again, and did nothing */
} made;

static inline void made_require(bool condition, const char *what)
{
    if (!condition && !made.broken)
        made.broken = what;
}

static inline void *made_at(uint32_t address)
{
    uint32_t offset = address - xhci_address(made.memory);
    made_require(offset < MADE_PAGES * PAGE_SIZE, "an address that is none of the driver's memory");
    return made.memory + offset % (MADE_PAGES * PAGE_SIZE);
}

static inline void made_event(struct made_controller *controller, uint32_t low, uint32_t high,
                              uint32_t status, uint32_t control)
{
    struct trb *event = (struct trb *)made_at(controller->events) + controller->event_at;
    *event = (struct trb){low, high, status, control | controller->event_cycle};
    if (++controller->event_at == controller->event_count) {
        controller->event_at = 0;
        controller->event_cycle ^= 1;
    }
}

/* -- Registers -- */

static inline void made_change_port(struct made_controller *controller, unsigned number,
                                    uint32_t value)
{
    uint32_t was = controller->ports[number];
    controller->ports[number] = value;
    if (!(was & PORT_CHANGES) && (value & PORT_CHANGES) && controller->event_count)
        made_event(controller, number << 24, 0, CODE_SUCCESS << 24,
                   TRB_PORT_EVENT << TRB_TYPE_SHIFT);
}

static inline void made_plug(struct made_controller *controller, unsigned number, bool in)
{
    uint32_t value = controller->ports[number] & ~(uint32_t)(PORT_CONNECTED | PORT_ENABLED);
    made_change_port(controller, number,
                     value | PORT_CONNECTION_CHANGE | (in ? (uint32_t)PORT_CONNECTED : 0u));
}

static inline struct made_controller *made_find(volatile uint8_t *registers, uint32_t *offset)
{
    for (int i = 0; i < made.ncontrollers; i++) {
        struct made_controller *controller = &made.controllers[i];
        ptrdiff_t at = registers + *offset - controller->registers;
        if (at < 0 || at >= MADE_REGISTERS)
            continue;
        *offset = (uint32_t)at;
        made_require(!controller->gone, "a register is touched of one that is given up");
        made_require(controller->command_bits != COMMAND_RESET ||
                         made.now_ms - controller->reset_at > MADE_QUIET_MS,
                     "a register is touched while it is reset");
        return controller;
    }
    made_require(false, "no register");
    return &made.controllers[0];
}

static uint32_t xhci_read(volatile uint8_t *registers, uint32_t offset)
{
    static const uint32_t capabilities[] = {MADE_LENGTH, MADE_PORTS << 24 | 64, 0,           0,
                                            0,           MADE_DOORBELLS,        MADE_RUNTIME};
    struct made_controller *controller = made_find(registers, &offset);
    uint32_t number = (offset - MADE_LENGTH - PORTS) / PORT_BYTES + 1;
    if (offset < sizeof capabilities)
        return capabilities[offset / 4];
    switch (offset - MADE_LENGTH) {
    case COMMAND:
        return controller->command_bits;
    case STATUS:
        return controller->errors |
               (controller->command_bits & COMMAND_RUN || controller->stays ? 0 : STATUS_HALTED);
    case COMMAND_RING:
        return controller->commands_run ? COMMANDS_RUN : 0;
    default:
        break;
    }
    if (number < 1 || number > MADE_PORTS)
        return 0;
    uint32_t value = controller->ports[number];
    if (controller->flips == number && (value & PORT_CHANGES)) {
        controller->flips = 0;
        made_plug(controller, number, !(value & PORT_CONNECTED));
    }
    return value;
}

static void xhci_write(volatile uint8_t *registers, uint32_t offset, uint32_t value)
{
    struct made_controller *controller = made_find(registers, &offset);
    if (offset >= MADE_RUNTIME) {
        if (offset == MADE_RUNTIME + EVENT_TABLE) {
            const uint32_t *segment = made_at(value);
            controller->events = segment[0];
            controller->event_count = segment[2];
            controller->event_at = 0;
            controller->event_cycle = 1;
        }
        return;
    }
    if (offset >= MADE_DOORBELLS) {
        made_require(controller->command_bits & COMMAND_RUN, "a doorbell of one that is halted");
        controller->rings |= (uint32_t)1 << (offset - MADE_DOORBELLS) / 4;
        return;
    }
    uint32_t number = (offset - MADE_LENGTH - PORTS) / PORT_BYTES + 1;
    switch (offset - MADE_LENGTH) {
    case COMMAND:
        controller->command_bits = value;
        if (value & COMMAND_RESET)
            controller->reset_at = made.now_ms;
        controller->commands_run &= (value & COMMAND_RUN) != 0;
        return;
    case COMMAND_RING:
        if (controller->commands_run)
            controller->aborts |= (value & ABORT) != 0;
        else
            controller->commands = (struct made_ring){value & ~63u, value & 1};
        return;
    case CONTEXTS:
        controller->contexts = value;
        return;
    default:
        break;
    }
    if (number < 1 || number > MADE_PORTS)
        return;
    uint32_t port = controller->ports[number] & ~(value & PORT_CHANGES);
    if (value & PORT_ENABLED)
        port &= ~(uint32_t)PORT_ENABLED;
    controller->ports[number] = port;
    if ((value & PORT_RESET) && (port & PORT_CONNECTED))
        made_change_port(controller, number,
                         port | PORT_ENABLED | 1 << 21 | USB_LOW << PORT_SPEED_SHIFT);
}

/* -- Configuration space, one place a controller -- */

static inline uint32_t made_read_configuration(pci_place_t place, uint32_t offset)
{
    struct made_controller *controller = &made.controllers[place >> 3];
    return offset == PCI_COMMAND ? controller->pci_bits : offset == PCI_BAR ? controller->bar : 0;
}

static inline void made_write_configuration(pci_place_t place, uint32_t offset, uint32_t value)
{
    struct made_controller *controller = &made.controllers[place >> 3];
    if (offset == PCI_COMMAND)
        controller->pci_bits = value & 0xffff;
    if (offset == PCI_BAR)
        controller->bar = value & ~(uint32_t)(MADE_REGISTERS - 1);
}

static const struct pci_access made_pci = {made_read_configuration, made_write_configuration};

/* -- What it does -- */

/* The entry that RING has next, behind links; NULL where it is the driver's. */
static inline struct trb *made_next(struct made_ring *ring)
{
    struct trb *entry = made_at(ring->at);
    if ((entry->control & TRB_CYCLE) == ring->cycle &&
        (entry->control >> TRB_TYPE_SHIFT & TRB_TYPE) == TRB_LINK) {
        ring->at = entry->parameter_low;
        ring->cycle ^= entry->control >> 1 & 1;
        entry = made_at(ring->at);
    }
    return (entry->control & TRB_CYCLE) == ring->cycle ? entry : NULL;
}

static inline uint32_t made_configure(struct made_slot *slot, const uint32_t *input)
{
    for (uint32_t pipe = 2; pipe < 32; pipe++)
        if (input[1] >> pipe & 1) {
            uint32_t ring = input[8 * (pipe + 1) + 2];
            slot->reports = (struct made_ring){ring & ~15u, ring & 1};
            slot->report_pipe = (uint8_t)pipe;
        }
    return CODE_SUCCESS;
}

static inline uint32_t made_execute(struct made_controller *controller, const struct trb *entry,
                                    uint32_t *number)
{
    struct made_slot *slot = &controller->slots[*number];
    const uint32_t *input;
    uint32_t *output;
    made_require(*number <= MADE_SLOTS, "a slot that there is not");
    switch (entry->control >> TRB_TYPE_SHIFT & TRB_TYPE) {
    case TRB_ENABLE_SLOT:
        for (*number = 1; *number <= MADE_SLOTS; ++*number)
            if (!controller->slots[*number].enabled) {
                controller->slots[*number] = (struct made_slot){.enabled = true};
                return CODE_SUCCESS;
            }
        return 9;
    case TRB_DISABLE_SLOT:
        made_require(slot->enabled, "a slot is let go of that nobody has");
        slot->enabled = false;
        return controller->disable_code ? controller->disable_code : CODE_SUCCESS;
    case TRB_ADDRESS:
        input = made_at(entry->parameter_low);
        slot->control = (struct made_ring){input[8 * 2 + 2] & ~15u, 1};
        slot->port = (int)(input[8 + 1] >> 16 & 0xff);
        output = made_at(((uint32_t *)made_at(controller->contexts))[2 * *number]);
        output[3] = 2u << 27 | (MADE_ADDRESS + *number);
        return CODE_SUCCESS;
    case TRB_CONFIGURE:
        return made_configure(slot, made_at(entry->parameter_low));
    case TRB_RESET_ENDPOINT:
        made_require(slot->halted, "a pipe is reset that goes");
        return CODE_SUCCESS;
    case TRB_SET_DEQUEUE:
        made_require(slot->halted, "a pipe is moved that goes");
        slot->halted = false;
        slot->control = (struct made_ring){entry->parameter_low & ~15u, entry->parameter_low & 1};
        return CODE_SUCCESS;
    case TRB_NOTHING:
        made.nresumed++;
        return CODE_SUCCESS;
    default:
        return CODE_SUCCESS;
    }
}

static inline void made_end_command(struct made_controller *controller, const struct trb *entry,
                                    uint32_t code, uint32_t number)
{
    controller->commands.at += 16;
    made_event(controller, xhci_address(entry), 0, code << 24,
               TRB_COMMAND_EVENT << TRB_TYPE_SHIFT | number << 24);
}

static inline void made_commands(struct made_controller *controller)
{
    struct trb *entry;
    while ((entry = made_next(&controller->commands))) {
        uint32_t type = entry->control >> TRB_TYPE_SHIFT & TRB_TYPE, number = entry->control >> 24;
        bool hangs = controller->nhangs > 0 && controller->hangs == type;
        if (hangs && !controller->aborts)
            return;
        if (hangs && controller->keeps_hanging)
            return;
        if (hangs) {
            controller->nhangs--;
            if (controller->silent && !controller->looks_again)
                controller->commands.at += 16;
            else if (!controller->looks_again)
                made_end_command(controller, entry, CODE_ABORTED, number);
            break;
        }
        uint32_t code = made_execute(controller, entry, &number);
        made_end_command(controller, entry, code, number);
    }
    if (!controller->aborts)
        return;
    controller->aborts = controller->commands_run = false;
    if (!controller->silent)
        made_event(controller, controller->commands.at, 0, (uint32_t)CODE_RING_STOPPED << 24,
                   TRB_COMMAND_EVENT << TRB_TYPE_SHIFT);
}

static inline void made_transfer_event(struct made_controller *controller, uint32_t number,
                                       uint32_t pipe, const struct trb *entry, uint32_t code,
                                       uint32_t missing)
{
    made_event(controller, xhci_address(entry), 0, code << 24 | missing,
               TRB_TRANSFER_EVENT << TRB_TYPE_SHIFT | number << 24 | pipe << 16);
}

/* What a keyboard answers; how many bytes of it. */
static inline uint32_t made_answer(const struct trb *setup, const uint8_t **answer)
{
    static const uint8_t device[18] = {18, 1, 0, 2, 0, 0, 0, 8, 0x34, 0x12, 0x78, 0x56};
    static const uint8_t configuration[] = {9,    2,    34, 0, 1, 1,    0, 0xa0, 50,   9, 4, 0,
                                            0,    1,    3,  1, 1, 0,    9, 0x21, 0x10, 1, 0, 1,
                                            0x22, 0x3f, 0,  7, 5, 0x81, 3, 8,    0,    10};
    if (setup->parameter_low >> 8 != 0x10006 && setup->parameter_low >> 8 != 0x20006)
        return 0;
    *answer = setup->parameter_low >> 24 == 1 ? device : configuration;
    return setup->parameter_low >> 24 == 1 ? sizeof device : sizeof configuration;
}

static inline void made_control(struct made_controller *controller, uint32_t number)
{
    struct made_slot *slot = &controller->slots[number];
    struct trb *setup, *entry;
    while (!slot->halted && (setup = made_next(&slot->control))) {
        uint32_t request = setup->parameter_low >> 8 & 0xff, length = setup->parameter_high >> 16;
        slot->control.at += 16;
        entry = made_next(&slot->control);
        if (!entry)
            return;
        if (controller->stalls == request) {
            slot->halted = true;
            made_transfer_event(controller, number, 1, entry, CODE_STALL, length);
            return;
        }
        if (length > 0) {
            const uint8_t *answer = NULL;
            uint32_t nbytes = made_answer(setup, &answer);
            nbytes = nbytes < length ? nbytes : length;
            if (entry->control & TRB_INTO_HOST) {
                memcpy(made_at(entry->parameter_low), answer, nbytes);
                if (nbytes < length)
                    made_transfer_event(controller, number, 1, entry, CODE_SHORT, length - nbytes);
                if (controller->tells_twice)
                    made_transfer_event(controller, number, 1, entry, CODE_SUCCESS, 0);
            }
            slot->control.at += 16;
            entry = made_next(&slot->control);
        }
        slot->control.at += 16;
        made_transfer_event(controller, number, 1, entry, CODE_SUCCESS, 0);
    }
}

static inline void made_go_on(struct made_controller *controller)
{
    if ((controller->command_bits & COMMAND_RESET) &&
        made.now_ms - controller->reset_at >= MADE_RESET_MS)
        controller->command_bits = 0;
    if (!(controller->command_bits & COMMAND_RUN))
        return;
    made_require(controller->pci_bits & PCI_ENABLE_MASTER, "it runs, and can reach no memory");
    if (controller->rings & 1)
        controller->commands_run = true;
    if (controller->commands_run)
        made_commands(controller);
    for (uint32_t number = 1; number <= MADE_SLOTS; number++)
        if (controller->rings >> number & 1 && controller->slots[number].enabled)
            made_control(controller, number);
    controller->rings = 0;
}

/* -- What cases do -- */

static inline void made_press(int key)
{
    made.keys[made.nkeys++ % MADE_KEYS] = key;
}

static inline void *made_get_pages(size_t npages)
{
    void *pages = made.memory + made.npages * PAGE_SIZE;
    made.npages += npages;
    return made.npages <= MADE_PAGES ? pages : NULL;
}

static inline volatile void *made_map(uint64_t where, uint32_t nbytes)
{
    static uint8_t registers[MADE_CONTROLLERS][MADE_REGISTERS];
    made_require(nbytes == MADE_REGISTERS, "other registers");
    int number = (int)(where / MADE_REGISTERS) - 1;
    return made.controllers[number].registers = registers[number];
}

/* False where this system has no memory below 4 GB to give. */
MUST_USE static inline bool made_begin(int ncontrollers)
{
    static const struct usb_machine machine = {&made_pci, made_map, made_get_pages, made_press};
    static uint8_t *memory;
    size_t nbytes = MADE_PAGES * PAGE_SIZE;
    if (!memory) {
        void *low = mmap((void *)0x20000000, nbytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (low == MAP_FAILED || (uint64_t)(uintptr_t)low + nbytes > UINT32_MAX)
            return false;
        memory = low;
    }
    memset(memory, 0, nbytes);
    memset(&made, 0, sizeof made);
    made.memory = memory;
    made.ncontrollers = ncontrollers;
    usb_begin(made_press, made_get_pages(USB_DEVICES_MOST));
    for (int i = 0; i < ncontrollers; i++) {
        struct made_controller *controller = &made.controllers[i];
        controller->bar = (uint32_t)(i + 1) * MADE_REGISTERS;
        controller->command_bits = COMMAND_RUN; /* as a BIOS leaves it */
        controller->usb = (struct usb_controller){.driver = &xhci_driver,
                                                  .function.place = (pci_place_t)(i << 3)};
        made_require(!xhci_driver.init(&controller->usb, &machine) && usb_add(&controller->usb),
                     "it can't be begun");
    }
    return true;
}

/* NMS go by, with a poll each EACH_MS; controllers are faster than that. */
static inline void made_run(uint32_t nms, uint32_t each_ms)
{
    for (uint32_t ms = 0; ms < nms; ms += each_ms) {
        made.now_ms += each_ms;
        for (int i = 0; i < made.ncontrollers; i++)
            made_go_on(&made.controllers[i]);
        usb_poll(made.now_ms);
    }
}

/* The keyboard in PORT of CONTROLLER has KEY down; false where nobody asks it. */
static inline bool made_hold(struct made_controller *controller, int port, uint8_t key)
{
    for (uint32_t number = 1; number <= MADE_SLOTS; number++) {
        struct made_slot *slot = &controller->slots[number];
        if (!slot->enabled || slot->port != port || !slot->report_pipe)
            continue;
        struct trb *entry = made_next(&slot->reports);
        if (!entry)
            return false;
        uint8_t report[8] = {0, 0, key};
        memcpy(made_at(entry->parameter_low), report, sizeof report);
        slot->reports.at += 16;
        made_transfer_event(controller, number, slot->report_pipe, entry, CODE_SUCCESS, 0);
        return true;
    }
    return false;
}

#endif
