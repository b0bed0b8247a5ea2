/* Whatever may happen on the bus that is made up, one thing after the other, by bytes that somebody
 * else chooses. */
#ifndef PLAT_TESTS_USB_WALK_H
#define PLAT_TESTS_USB_WALK_H

#include "usb_bus.h"

/* Things by their numbers; the last ones are the caller's. */
enum { WALK_HUBS = 8, WALK_KEYBOARDS = 18, WALK_MICE = 2, WALK_OWN = 4, WALK_HUB_PORTS = 4 };
enum { WALK_THINGS = WALK_HUBS + WALK_KEYBOARDS + WALK_MICE + WALK_OWN };
enum { WALK_CALM_MS = 100000 }; /* in which all comes to an end */
_Static_assert((int)WALK_THINGS <= (int)BUS_PLUGS, "they are there");

static inline void walk_begin(int ncontrollers, uint32_t start_ms)
{
    static const enum usb_speed speeds[] = {USB_FULL, USB_HIGH, USB_LOW};
    bus_begin(ncontrollers, start_ms);
    int i = 0;
    for (; i < WALK_HUBS; i++)
        bus_hub(i, WALK_HUB_PORTS, speeds[i % 2]);
    for (; i < WALK_HUBS + WALK_KEYBOARDS; i++)
        bus_keyboard(i)->speed = speeds[i % 3];
    for (; i < WALK_THINGS; i++)
        bus_mouse(i);
}

/* Plugs thing NUMBER in, if it can be; hubs only into those with smaller numbers. */
static inline void walk_plug_in(int number, uint8_t where, uint8_t port)
{
    struct bus_plug *plug = &bus.plugs[number], *hub = NULL;
    int into = where % (WALK_HUBS + bus.ncontrollers);
    if (bus_port_of(plug) || (plug->is_hub && into < WALK_HUBS && into >= number))
        return;
    if (into < WALK_HUBS)
        hub = &bus.plugs[into];
    unsigned at = port % (hub ? (unsigned)WALK_HUB_PORTS : (unsigned)BUS_ROOT_PORTS) + 1;
    int controller = hub ? 0 : into - WALK_HUBS;
    if (!(hub ? hub->ports : bus.controllers[controller].ports)[at].plug)
        bus_plug_in(plug, controller, hub, at);
}

/* Lets something happen; NEXT gives the bytes that say what. */
static inline void walk_step(uint8_t (*next)(void *context), void *context)
{
    uint8_t what = next(context), which = next(context), how = next(context);
    int number = which % WALK_THINGS;
    struct bus_plug *plug = &bus.plugs[number];
    struct bus_port *port = bus_port_of(plug);
    switch (what % 16) {
    case 0:
    case 1:
    case 2:
        walk_plug_in(number, how, next(context));
        break;
    case 3:
        bus_pull(plug);
        break;
    case 4: /* out, and in again at once */
        if (port) {
            struct bus_plug *hub = plug->hub;
            int controller = plug->controller;
            bus_pull(plug);
            bus_plug_in(plug, controller, hub, plug->port);
        }
        break;
    case 5:
        bus_fault(plug, (enum bus_fault)(how % (FAULT_GARBAGE + 1)), (int)(next(context) % 20) - 1,
                  how % 5 == 4 ? -1 : how % 5);
        plug->fault_bytes = how / 16;
        break;
    case 6:
        bus_hold(plug, how % 4 == 3 ? 0x39 : how % 4 == 2 ? 0 : how);
        break;
    case 7:
        plug->breaks = how % 4 == 0;
        break;
    case 8:
        if (port)
            port->endless = how % 4 == 0;
        break;
    case 9:
        if (plug->is_hub)
            plug->ports[how % WALK_HUB_PORTS + 1].changes |= next(context) & 31;
        break;
    case 10:
        plug->always_changed = how % 4 == 0;
        plug->flood = how % 8 == 1;
        break;
    case 11: /* the last controller may die */
        if (bus.ncontrollers > 1 && which % 64 == 0)
            bus.controllers[bus.ncontrollers - 1].dies = true;
        break;
    default:
        bus_run(how, 1 + which % 25);
        break;
    }
    for (int i = 0; i < bus.ncontrollers; i++)
        bus.controllers[i].dead |= bus.controllers[i].usb.life == USB_DEAD;
}

/* Nothing goes wrong any more: everything is up, left alone or gone after a while. */
static inline void walk_calm_down(void)
{
    for (int i = 0; i < BUS_PLUGS; i++) {
        struct bus_plug *plug = &bus.plugs[i];
        bus_fault(plug, FAULT_NONE, 0, 0);
        plug->breaks = plug->always_changed = plug->flood = false;
        for (int port = 0; port < BUS_PORTS; port++)
            plug->ports[port].endless = false;
    }
    for (int i = 0; i < bus.ncontrollers; i++)
        for (int port = 0; port < BUS_PORTS; port++)
            bus.controllers[i].ports[port].endless = false;
    bus_run(500, 10);
    bool quiet = false;
    for (int ms = 0; ms < WALK_CALM_MS && !quiet && !bus.broken; ms += 1000) {
        bus_run(1000, 10);
        quiet = bus_count("being looked at") == 0;
    }
    bus_require(quiet, "a device is looked at for ever");
    for (int i = 0; i < bus.ncontrollers; i++)
        bus_require(bus.controllers[i].dead || !bus.controllers[i].usb.current,
                    "a device has address 0 for ever");
    for (size_t i = 0; i < USB_DEVICES_MOST; i++) {
        struct bus_slot *slot = &bus.slots[i];
        struct bus_plug *plug = slot->listening ? bus_find(0, slot->address) : NULL;
        if (plug && !plug->is_hub && !plug->lies && !plug->spoilt)
            bus_require(plug->lights == plug->locks, "lights do not follow the locks");
    }
}

/* Everything is pulled out, and a keyboard behind a hub works. */
static inline void walk_end(void)
{
    for (int i = 0; i < BUS_PLUGS; i++)
        bus_pull(&bus.plugs[i]);
    bus_run(500, 10);
    bus_require(bus_count(NULL) == 0, "what was pulled out is listed");
    struct bus_plug *hub = bus_hub(0, 2, USB_HIGH), *plug = bus_keyboard(1);
    bus_plug_in(hub, 0, NULL, 1);
    bus_plug_in(plug, 0, hub, 2);
    bus_run(1200, 10);
    bus.nkeys = 0;
    bus_hold(plug, 0x1d);
    bus_run(30, 10);
    bus_require(bus.nkeys == 1 && bus.keys[0] == 'z', "a good keyboard does not work");
}

#endif
