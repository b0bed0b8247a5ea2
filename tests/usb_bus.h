/*
 * USB that is made up: controllers, hubs and devices, and a driver that moves the bytes between
 * them and usb.c. All that the driver is asked for is held against what usb_private.h promises; the
 * first promise that is broken stands in bus.broken.
 */
#ifndef PLAT_TESTS_USB_BUS_H
#define PLAT_TESTS_USB_BUS_H

#include <string.h>

#include "drivers/usb/usb_private.h"

enum { BUS_PLUGS = 40, BUS_PORTS = 32, BUS_ROOT_PORTS = 6, BUS_ALWAYS = -1, BUS_KEYS = 64 };
enum { BUS_LATENCY_MS = 2, BUS_RESET_MS = 15, BUS_DETACH_MS = 3 };

/* What goes wrong with a request. */
enum bus_fault { FAULT_NONE, FAULT_STALL, FAULT_SILENCE, FAULT_LOST, FAULT_SHORT, FAULT_GARBAGE };

struct bus_plug;

struct bus_port {
    struct bus_plug *plug; /* what is plugged into it; NULL: nothing */
    bool powered, enabled, resetting, endless;
    uint32_t reset_at;
    uint8_t changes; /* as a hub says them */
};

/* Something with a plug. */
struct bus_plug {
    enum usb_speed speed;
    const uint8_t *configuration;
    size_t nbytes;
    uint8_t packet_bytes, interface, nports;
    bool is_hub;
    int controller; /* into whose root port it is plugged; -1: none */
    struct bus_plug *hub;
    unsigned port;
    int address; /* -1: it was not reset since it was plugged in */
    uint8_t configured, lights, locks;
    uint8_t power_half_ms,
        own_changes;     /* a hub's: how long power takes; what it reports of itself */
    uint16_t cleared[8]; /* what its translator was told to forget */
    int ncleared, nown;  /* .. and how often it was asked about itself */
    uint32_t powered_at; /* its last port */
    bool boot, caps_down;
    int nrequests; /* since it was reset */
    enum bus_fault fault;
    int fault_at, fault_times, fault_bytes;
    uint8_t report[USB_PACKET_MOST];
    size_t report_bytes; /* that are waiting; 0: none */
    bool flood, breaks, always_changed;
    bool shy, stubborn; /* its ports are not new when they are on; none is turned off */
    bool lies, spoilt;  /* it may be asked for anything; something has gone wrong since its reset */
    struct bus_port ports[BUS_PORTS];
};

enum bus_operation { BUS_IDLE, BUS_ATTACH, BUS_CONTROL, BUS_SIZE, BUS_LISTEN, BUS_DETACH };

/* What the driver knows of a device, by its page. */
struct bus_slot {
    struct usb_device *device; /* NULL: it is not attached */
    enum bus_operation operation;
    bool never, listening;
    uint32_t when;
    int address;
    uint32_t addressed_at;
    uint8_t packet_bytes;
    struct usb_setup setup;
};

struct bus_controller {
    struct usb_controller usb;
    struct bus_port ports[BUS_PORTS];
    bool dead, dies, keeps; /* keeps: no detach ends */
    int ncalls;             /* in one poll */
    int nstops;
};

static struct {
    const char *broken;
    uint32_t now_ms, random;
    int ncontrollers, next_address;
    struct bus_controller controllers[USB_CONTROLLERS_MOST + 1];
    struct bus_plug plugs[BUS_PLUGS];
    struct bus_slot slots[USB_DEVICES_MOST];
    int keys[BUS_KEYS];
    size_t nkeys;
    struct usb_seen seen[USB_DEVICES_MOST + USB_CONTROLLERS_MOST];
    size_t nseen;
    int nasked, nattached; /* addresses that were asked for, and given */
} bus;
static uint8_t bus_pages[USB_DEVICES_MOST][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static inline void bus_require(bool condition, const char *what)
{
    if (!condition && !bus.broken)
        bus.broken = what;
}

static inline uint32_t bus_random(void)
{
    bus.random = bus.random * 1664525 + 1013904223;
    return bus.random >> 8;
}

static inline bool bus_is_time(uint32_t when)
{
    return (int32_t)(bus.now_ms - when) >= 0;
}

static inline unsigned bus_ports_of(const struct bus_plug *hub)
{
    unsigned most = hub->nports < BUS_PORTS ? hub->nports : BUS_PORTS - 1;
    return hub->is_hub ? most : 0;
}

/* -- Where things are -- */

static inline struct bus_port *bus_port_of(struct bus_plug *plug)
{
    if (plug->hub)
        return &plug->hub->ports[plug->port];
    return plug->controller >= 0 ? &bus.controllers[plug->controller].ports[plug->port] : NULL;
}

/* Whether what CONTROLLER sends gets to PLUG. */
static inline bool bus_reaches(int controller, struct bus_plug *plug)
{
    for (; plug->hub; plug = plug->hub)
        if (!bus_port_of(plug)->enabled)
            return false;
    return plug->controller == controller && bus_port_of(plug)->enabled;
}

/* Who answers to ADDRESS; NULL: nobody. */
static inline struct bus_plug *bus_find(int controller, int address)
{
    struct bus_plug *found = NULL;
    for (size_t i = 0; i < BUS_PLUGS; i++) {
        struct bus_plug *plug = &bus.plugs[i];
        if (plug->address != address || !bus_reaches(controller, plug))
            continue;
        bus_require(!found, address ? "two devices have one address" : "two devices answer to 0");
        found = plug;
    }
    return found;
}

static inline bool bus_is_at(const struct bus_plug *plug, const struct usb_device *device)
{
    for (; plug && device; plug = plug->hub, device = device->hub)
        if (plug->port != device->port)
            return false;
    return !plug && !device;
}

/* -- Devices -- */

static inline void bus_reset_plug(struct bus_plug *plug)
{
    plug->address = plug->nrequests = 0;
    plug->configured = plug->lights = plug->locks = 0;
    plug->boot = plug->caps_down = plug->spoilt = false;
    plug->report_bytes = 0;
    for (unsigned i = 0; i < BUS_PORTS; i++) {
        struct bus_port *port = &plug->ports[i];
        *port = (struct bus_port){.plug = port->plug, .endless = port->endless};
    }
}

static inline void bus_begin_reset(struct bus_port *port)
{
    port->enabled = false;
    port->resetting = true;
    port->reset_at = bus.now_ms + BUS_RESET_MS;
}

static inline void bus_go_on_with_reset(struct bus_port *port)
{
    if (!port->resetting || port->endless || !bus_is_time(port->reset_at))
        return;
    port->resetting = false;
    port->enabled = port->plug != NULL;
    port->changes |= 1 << 4;
    if (port->plug)
        bus_reset_plug(port->plug);
}

static inline int32_t bus_give(uint8_t *buffer, const struct usb_setup *setup, const void *bytes,
                               size_t nbytes)
{
    size_t most = setup->length < nbytes ? setup->length : nbytes;
    memcpy(buffer, bytes, most);
    return (int32_t)most;
}

static inline int32_t bus_port_answers(struct bus_plug *plug, const struct usb_setup *setup,
                                       uint8_t *buffer)
{
    bool right = plug->is_hub && setup->index >= 1 && setup->index <= bus_ports_of(plug);
    bus_require(right || plug->lies, "a hub is asked about a port that it does not have");
    if (!right)
        return USB_STALLED;
    struct bus_port *port = &plug->ports[setup->index % BUS_PORTS];
    bool there = port->powered && port->plug;
    if (setup->type == 0xa3 && setup->request == 0) {
        unsigned speed = !there                          ? 0
                         : port->plug->speed == USB_LOW  ? 2
                         : port->plug->speed == USB_HIGH ? 4
                                                         : 0;
        uint8_t status[4] = {
            (uint8_t)((there ? 1u : 0) | (port->enabled ? 2u : 0) | (port->resetting ? 16u : 0)),
            (uint8_t)((port->powered ? 1u : 0) | speed), port->changes, 0};
        return bus_give(buffer, setup, status, sizeof status);
    }
    if (setup->request == 3 && setup->value == 8) {
        port->changes |= !port->powered && port->plug && !plug->shy;
        port->powered = true;
        plug->powered_at = bus.now_ms;
    } else if (setup->request == 3 && setup->value == 4 && port->powered) {
        bus_begin_reset(port);
    } else if (setup->request == 1 && setup->value == 1 && plug->stubborn) {
        return USB_STALLED;
    } else if (setup->request == 1 && setup->value == 1) {
        port->enabled = port->resetting = false;
    } else if (setup->request == 1 && setup->value >= 16 && setup->value <= 20) {
        port->changes &= (uint8_t) ~(plug->always_changed ? 0 : 1 << (setup->value - 16));
    } else {
        bus_require(false, "a hub is asked for what no hub does");
    }
    return 0;
}

static inline int32_t bus_describes(struct bus_plug *plug, const struct usb_setup *setup,
                                    uint8_t *buffer)
{
    uint8_t device[18] = {18, 1, 0, 2, 0, 0, 0, plug->packet_bytes, 0x34, 0x12, 0x78, 0x56};
    uint8_t hub[9] = {9, 0x29, plug->nports, 0, 0, plug->power_half_ms};
    if (setup->type == 0xa0 && setup->value >> 8 == 0x29 && plug->is_hub)
        return bus_give(buffer, setup, hub, sizeof hub);
    if (setup->type == 0x80 && setup->value == 0x100)
        return bus_give(buffer, setup, device, sizeof device);
    if (setup->type == 0x80 && setup->value == 0x200)
        return bus_give(buffer, setup, plug->configuration, plug->nbytes);
    return USB_STALLED;
}

/* What a hub is told and asked of itself. */
static inline int32_t bus_hub_answers(struct bus_plug *plug, const struct usb_setup *setup,
                                      uint8_t *buffer)
{
    if (setup->type == 0xa0) {
        uint8_t status[4] = {0, 0, plug->own_changes, 0};
        plug->nown++;
        return bus_give(buffer, setup, status, sizeof status);
    }
    bus_require(setup->value < 2, "a hub is told what no hub does");
    plug->own_changes &= (uint8_t) ~(1u << (setup->value & 1));
    return 0;
}

static inline int32_t bus_forgets(struct bus_plug *plug, const struct usb_setup *setup)
{
    bus_require(plug->is_hub && plug->speed == USB_HIGH && setup->index == 1,
                "no hub that translates is told to forget something");
    plug->cleared[plug->ncleared++ % 8] = setup->value;
    return 0;
}

/* The device does as it is told. */
static inline int32_t bus_obeys(struct bus_plug *plug, const struct usb_setup *setup,
                                uint8_t *buffer)
{
    if (setup->type == 0x23 && setup->request == 8)
        return bus_forgets(plug, setup);
    if ((setup->type & 0x7f) == 0x23)
        return bus_port_answers(plug, setup, buffer);
    if (plug->is_hub && ((setup->type == 0xa0 && setup->request == 0 && setup->index == 0) ||
                         (setup->type == 0x20 && setup->request == 1 && setup->index == 0)))
        return bus_hub_answers(plug, setup, buffer);
    if (setup->request == 6)
        return bus_describes(plug, setup, buffer);
    if (setup->type == 0 && setup->request == 9) {
        bus_require(plug->lies || setup->value == plug->configuration[5], "it has no such choice");
        plug->configured = (uint8_t)setup->value;
        return 0;
    }
    bus_require(setup->type == 0x21 &&
                    (plug->lies || (setup->index == plug->interface && plug->configured)),
                "what is said is not for the keyboard");
    if (setup->request == 11 && setup->value == 0 && setup->length == 0)
        plug->boot = true;
    else if (setup->request == 9 && setup->value == 0x200 && setup->length == 1)
        plug->lights = buffer[0];
    else
        bus_require(setup->request == 10 && setup->value == 0, "a keyboard is told nonsense");
    return setup->length;
}

/* What goes wrong with the request that comes now. */
static inline enum bus_fault bus_fault_now(struct bus_plug *plug)
{
    int number = plug->nrequests++;
    if ((plug->fault_at != BUS_ALWAYS && plug->fault_at != number) || plug->fault_times == 0)
        return FAULT_NONE;
    if (plug->fault != FAULT_NONE && plug->fault_times > 0)
        plug->fault_times--;
    plug->spoilt = true;
    return plug->fault;
}

static inline int32_t bus_control_now(struct bus_slot *slot, struct bus_plug *plug)
{
    const struct usb_setup *setup = &slot->setup;
    uint8_t *buffer = slot->device->buffer;
    enum bus_fault fault = bus_fault_now(plug);
    slot->never = fault == FAULT_SILENCE;
    if (fault == FAULT_SILENCE || fault == FAULT_LOST)
        return USB_NO_ANSWER;
    if (fault == FAULT_STALL)
        return USB_STALLED;
    if (setup->length > 8 && plug->speed == USB_FULL && slot->packet_bytes != plug->packet_bytes)
        return USB_NO_ANSWER;
    int32_t result = bus_obeys(plug, setup, buffer);
    if (fault == FAULT_GARBAGE && (setup->type & USB_TO_HOST) && setup->length > 0) {
        result = (int32_t)(bus_random() % (setup->length + 1u));
        int first = bus_random() % 4 ? 2 : 0; /* most are believed at first */
        for (int i = first; i < setup->length; i++)
            buffer[i] = (uint8_t)bus_random();
    }
    return fault == FAULT_SHORT && result > plug->fault_bytes ? plug->fault_bytes : result;
}

/* -- The driver -- */

static inline struct bus_controller *bus_controller_of(struct usb_controller *controller)
{
    struct bus_controller *found = (struct bus_controller *)controller->state;
    bus_require(!found->dead, "a controller that has died is asked for something");
    found->ncalls++;
    return found;
}

static inline struct bus_slot *bus_slot_of(struct usb_device *device)
{
    size_t index = (size_t)(device->page - bus_pages[0]) / PAGE_SIZE;
    bus_require(device->page == bus_pages[index] &&
                    device->buffer == bus_pages[index] + PAGE_SIZE - USB_BUFFER_BYTES,
                "a device has another's page");
    return &bus.slots[index];
}

/* Begins OPERATION of a device that is attached. */
static inline struct bus_slot *bus_begin_operation(struct usb_device *device,
                                                   enum bus_operation operation)
{
    (void)bus_controller_of(device->controller);
    struct bus_slot *slot = bus_slot_of(device);
    bus_require(slot->device == device, "a device is used that is detached");
    bus_require(slot->operation == BUS_IDLE, "a device is asked for two things at once");
    bus_require(device->busy, "what is begun is not waited for");
    slot->operation = operation;
    slot->when = bus.now_ms + BUS_LATENCY_MS;
    slot->never = false;
    return slot;
}

static inline void bus_attach(struct usb_device *device)
{
    struct bus_slot *slot = bus_slot_of(device);
    bus_require(!slot->device, "a page is used again that the controller still has");
    *slot = (struct bus_slot){.device = device, .packet_bytes = device->packet_bytes};
    (void)bus_begin_operation(device, BUS_ATTACH);
    bus.nasked++;
}

static inline void bus_control(struct usb_device *device, const struct usb_setup *setup)
{
    struct bus_slot *slot = bus_begin_operation(device, BUS_CONTROL);
    slot->setup = *setup;
    bus_require(setup->length <= USB_BUFFER_BYTES, "there is no room for the answer");
    bus_require(slot->address > 0, "a device without an address is used");
    bus_require(bus.now_ms - slot->addressed_at >= 2, "an address is used before it takes effect");
}

static inline void bus_set_packet(struct usb_device *device)
{
    bus_begin_operation(device, BUS_SIZE)->packet_bytes = device->packet_bytes;
}

static inline void bus_listen(struct usb_device *device)
{
    bus_require(device->function.kind != USB_OTHER && device->function.endpoint >= 1 &&
                    device->function.endpoint <= 15 && device->function.interval > 0 &&
                    device->function.packet_bytes >= 1 &&
                    device->function.packet_bytes <= USB_PACKET_MOST,
                "what can't be listened to is listened to");
    (void)bus_begin_operation(device, BUS_LISTEN);
}

static inline void bus_detach(struct usb_device *device)
{
    struct bus_controller *controller = bus_controller_of(device->controller);
    struct bus_slot *slot = bus_slot_of(device);
    bus_require(slot->operation != BUS_DETACH, "a device is detached twice");
    if (!slot->device && !controller->keeps) {
        usb_done(device, 0); /* it was not attached */
        return;
    }
    slot->device = device;
    slot->operation = BUS_DETACH;
    slot->listening = false;
    slot->never = controller->keeps;
    slot->when = bus.now_ms + BUS_DETACH_MS;
}

static inline struct usb_port bus_look_at_port(struct usb_controller *usb, unsigned number)
{
    struct bus_controller *controller = bus_controller_of(usb);
    bus_require(number >= 1 && number <= usb->nports, "a controller has no such port");
    struct bus_port *port = &controller->ports[number];
    struct usb_port is = {.connected = port->plug != NULL,
                          .enabled = port->enabled,
                          .resetting = port->resetting,
                          .replaced = (port->changes & 1) != 0,
                          .speed = port->plug ? port->plug->speed : USB_FULL};
    port->changes = 0;
    return is;
}

static inline void bus_reset_port(struct usb_controller *usb, unsigned number)
{
    bus_begin_reset(&bus_controller_of(usb)->ports[number]);
}

static inline void bus_disable_port(struct usb_controller *usb, unsigned number)
{
    struct bus_port *port = &bus_controller_of(usb)->ports[number];
    port->enabled = port->resetting = false;
}

/* An address is given to whoever answers to 0: it had better be the right one. */
static inline int32_t bus_attach_now(struct bus_slot *slot, int controller)
{
    struct bus_plug *plug = bus_find(controller, 0);
    if (!plug)
        return USB_NO_ANSWER;
    bus_require(bus_is_at(plug, slot->device), "another device takes the address");
    bus_require(plug->speed == slot->device->speed || (plug->speed == USB_SUPER && plug->hub),
                "a device is spoken to at a wrong speed");
    enum bus_fault fault = bus_fault_now(plug);
    slot->never = fault == FAULT_SILENCE;
    if (fault != FAULT_NONE && fault < FAULT_SHORT)
        return USB_NO_ANSWER;
    bus.next_address = bus.next_address % 127 + 1;
    slot->address = plug->address = bus.next_address;
    slot->addressed_at = bus.now_ms;
    slot->device->address = (uint8_t)bus.next_address;
    bus.nattached++;
    return 0;
}

static inline void bus_end_operation(struct bus_slot *slot, int controller)
{
    struct usb_device *device = slot->device;
    enum bus_operation operation = slot->operation;
    int32_t result = 0;
    struct bus_plug *plug = slot->address > 0 ? bus_find(controller, slot->address) : NULL;
    if (operation == BUS_ATTACH)
        result = bus_attach_now(slot, controller);
    else if (operation == BUS_CONTROL)
        result = plug ? bus_control_now(slot, plug) : USB_NO_ANSWER;
    else if (operation == BUS_LISTEN)
        slot->listening = true;
    else if (operation == BUS_DETACH)
        *slot = (struct bus_slot){.device = NULL};
    if (slot->never)
        return;
    slot->operation = BUS_IDLE;
    memset(device->page, (int)bus_random(), 64); /* it is the driver's */
    usb_done(device, result);
}

/* Reports of one device. */
static inline void bus_send_reports(struct bus_slot *slot, int controller)
{
    struct usb_device *device = slot->device;
    struct bus_plug *plug = bus_find(controller, slot->address);
    if (!plug || plug->breaks) {
        slot->listening = false;
        if (plug)
            plug->breaks = false;
        usb_broken(device, "its reports stop");
        return;
    }
    uint32_t changed = plug->own_changes != 0;
    for (unsigned i = 1; i <= bus_ports_of(plug); i++)
        changed |= plug->ports[i].changes ? (uint32_t)1 << i : 0;
    uint8_t bytes[4] = {(uint8_t)changed, (uint8_t)(changed >> 8), (uint8_t)(changed >> 16),
                        (uint8_t)(changed >> 24)};
    if (changed)
        usb_received(device, bytes, bus_ports_of(plug) / 8 + 1);
    for (int i = 0; i < (plug->flood ? 16 : 1) && plug->report_bytes > 0; i++)
        usb_received(device, plug->report, plug->report_bytes);
    bool caps_down = plug->report_bytes > 0 ? plug->report[2] == 0x39 : plug->caps_down;
    plug->locks ^= caps_down && !plug->caps_down ? 2 : 0; /* Caps Lock */
    plug->caps_down = caps_down;
    if (!plug->flood)
        plug->report_bytes = 0;
}

static inline void bus_driver_poll(struct usb_controller *usb)
{
    struct bus_controller *controller = bus_controller_of(usb);
    int number = (int)(controller - bus.controllers);
    if (controller->dies) {
        usb_died(usb, "it was told to");
        usb_died(usb, "it is said twice");
        controller->dead = true;
        return;
    }
    usb->life = USB_RUNNING;
    for (unsigned i = 1; i <= usb->nports; i++)
        if (controller->ports[i].changes)
            usb->changed |= (uint32_t)1 << i;
    for (size_t i = 0; i < USB_DEVICES_MOST; i++) {
        struct bus_slot *slot = &bus.slots[i];
        if (!slot->device || slot->device->controller != usb)
            continue;
        if (slot->operation != BUS_IDLE && !slot->never && bus_is_time(slot->when))
            bus_end_operation(slot, number);
        if (slot->listening)
            bus_send_reports(slot, number);
    }
}

/* It lets go of all at once. */
static inline void bus_stop(struct usb_controller *usb)
{
    struct bus_controller *controller = bus_controller_of(usb);
    controller->nstops++;
    for (size_t i = 0; i < USB_DEVICES_MOST; i++)
        if (bus.slots[i].device && bus.slots[i].device->controller == usb)
            bus.slots[i] = (struct bus_slot){.device = NULL};
}

static const struct usb_driver bus_driver = {.name = "made-up",
                                             .poll = bus_driver_poll,
                                             .port = bus_look_at_port,
                                             .reset_port = bus_reset_port,
                                             .disable_port = bus_disable_port,
                                             .attach = bus_attach,
                                             .control = bus_control,
                                             .set_packet = bus_set_packet,
                                             .listen = bus_listen,
                                             .detach = bus_detach,
                                             .stop = bus_stop};

/* -- What cases do -- */

static inline void bus_press(int key)
{
    bus.keys[bus.nkeys++ % BUS_KEYS] = key;
}

/* NCONTROLLERS with nothing plugged in, at the time START_MS. */
static inline void bus_begin(int ncontrollers, uint32_t start_ms)
{
    memset(&bus, 0, sizeof bus);
    memset(bus_pages, 0, sizeof bus_pages);
    bus.now_ms = start_ms;
    bus.ncontrollers = ncontrollers;
    usb_begin(bus_press, bus_pages);
    for (size_t i = 0; i < BUS_PLUGS; i++)
        bus.plugs[i].controller = bus.plugs[i].address = -1;
    for (int i = 0; i < ncontrollers; i++) {
        struct usb_controller *usb = &bus.controllers[i].usb;
        *usb = (struct usb_controller){.driver = &bus_driver,
                                       .function.place = (uint16_t)(i << 3),
                                       .nports = BUS_ROOT_PORTS,
                                       .state = &bus.controllers[i]};
        bool added = usb_add(usb);
        bus_require(added == (i < USB_CONTROLLERS_MOST), "there is room for so many controllers");
    }
}

/* Plugs PLUG into PORT of HUB, or of the controller where that is NULL. */
static inline void bus_plug_in(struct bus_plug *plug, int controller, struct bus_plug *hub,
                               unsigned port)
{
    plug->hub = hub;
    plug->controller = hub ? -1 : controller;
    plug->port = port;
    plug->address = -1;
    struct bus_port *into = bus_port_of(plug);
    into->plug = plug;
    into->changes |= !hub || into->powered;
}

static inline void bus_pull(struct bus_plug *plug)
{
    struct bus_port *port = bus_port_of(plug);
    if (!port)
        return;
    port->plug = NULL;
    port->enabled = port->resetting = false;
    port->changes |= !plug->hub || port->powered;
    plug->hub = NULL;
    plug->controller = -1;
    plug->address = -1;
}

static inline void bus_see(void *context, const struct usb_seen *seen)
{
    (void)context;
    bus_require(bus.nseen < sizeof bus.seen / sizeof bus.seen[0], "too much is listed");
    if (bus.nseen < sizeof bus.seen / sizeof bus.seen[0])
        bus.seen[bus.nseen++] = *seen;
}

/* What holds between any two polls. */
static inline void bus_check(void)
{
    for (int i = 0; i < bus.ncontrollers; i++) {
        (void)bus_find(i, 0);
        bus_require(bus.controllers[i].ncalls <= BUS_ROOT_PORTS + 2 * USB_DEVICES_MOST + 1,
                    "one poll does too much");
    }
    for (size_t i = 0; i < USB_DEVICES_MOST; i++) {
        const struct bus_slot *slot = &bus.slots[i];
        if (!slot->device)
            continue;
        enum usb_step step = slot->device->step;
        bus_require(step != USB_UNUSED && step != USB_DEBOUNCE && step != USB_RESETTING,
                    "a device is forgotten that the controller still has");
        bus_require((slot->operation == BUS_DETACH) == (step == USB_CLOSING),
                    "a device is closed that is not detached, or the other way round");
    }
    bus.nseen = 0;
    usb_each(bus_see, NULL);
}

/* Lets so many milliseconds pass, with a poll each EACH_MS. */
static inline void bus_run(uint32_t nms, uint32_t each_ms)
{
    for (uint32_t end = bus.now_ms + nms; !bus_is_time(end) && !bus.broken;) {
        bus.now_ms += each_ms;
        for (int i = 0; i < bus.ncontrollers; i++) {
            bus.controllers[i].ncalls = 0;
            for (unsigned j = 1; j <= BUS_ROOT_PORTS; j++)
                bus_go_on_with_reset(&bus.controllers[i].ports[j]);
        }
        for (size_t i = 0; i < BUS_PLUGS; i++)
            for (unsigned j = 1; j <= bus_ports_of(&bus.plugs[i]); j++)
                bus_go_on_with_reset(&bus.plugs[i].ports[j]);
        usb_poll(bus.now_ms);
        bus_check();
    }
}

/* How many devices are listed as WHAT, or all of them where that is NULL. */
static inline size_t bus_count(const char *what)
{
    size_t count = 0;
    for (size_t i = 0; i < bus.nseen; i++)
        count += bus.seen[i].is_device && (!what || strcmp(bus.seen[i].what, what) == 0);
    return count;
}

/* -- Things to plug in -- */

static const uint8_t bus_keyboard_bytes[] = {9,    2,  34, 0, 1, 1,    0, 0xa0, 50, 9, 4, 0,
                                             0,    1,  3,  1, 1, 0,    9, 0x21, 16, 1, 0, 1,
                                             0x22, 63, 0,  7, 5, 0x81, 3, 8,    0,  10};
static const uint8_t bus_mouse_bytes[] = {9, 2, 25, 0, 1, 1, 0, 0xa0, 50, 9, 4, 0, 0,
                                          1, 3, 1,  2, 0, 7, 5, 0x81, 3,  4, 0, 10};
static const uint8_t bus_hub_bytes[] = {9, 2, 25, 0, 1, 2, 0, 0xe0, 50, 9, 4, 0, 0,
                                        1, 9, 0,  0, 0, 7, 5, 0x81, 3,  1, 0, 12};

/* Thing NUMBER from now on, with the CONFIGURATION it describes itself by. */
static inline struct bus_plug *bus_thing(int number, const uint8_t *configuration, size_t nbytes,
                                         enum usb_speed speed)
{
    struct bus_plug *plug = &bus.plugs[number];
    *plug = (struct bus_plug){.speed = speed,
                              .configuration = configuration,
                              .nbytes = nbytes,
                              .packet_bytes = speed == USB_HIGH ? 64 : 8,
                              .controller = -1,
                              .address = -1};
    return plug;
}

static inline struct bus_plug *bus_keyboard(int number)
{
    return bus_thing(number, bus_keyboard_bytes, sizeof bus_keyboard_bytes, USB_LOW);
}

static inline struct bus_plug *bus_mouse(int number)
{
    return bus_thing(number, bus_mouse_bytes, sizeof bus_mouse_bytes, USB_LOW);
}

static inline struct bus_plug *bus_hub(int number, uint8_t nports, enum usb_speed speed)
{
    struct bus_plug *plug = bus_thing(number, bus_hub_bytes, sizeof bus_hub_bytes, speed);
    plug->is_hub = true;
    plug->nports = nports;
    return plug;
}

/* From request AT on, so many TIMES; -1: for ever. */
static inline void bus_fault(struct bus_plug *plug, enum bus_fault fault, int at, int times)
{
    plug->fault = fault;
    plug->fault_at = at;
    plug->fault_times = times;
    plug->lies |= fault == FAULT_GARBAGE;
}

/* USAGE is all that is held down from now on; 0: nothing. */
static inline void bus_hold(struct bus_plug *plug, uint8_t usage)
{
    memset(plug->report, 0, sizeof plug->report);
    plug->report[2] = usage;
    plug->report_bytes = USB_REPORT_BYTES;
}

#endif
