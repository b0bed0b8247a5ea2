/* What hubs say of themselves, and what they are told for others, on a bus that is made up. */
#include "usb_bus.h"

#include "case.h"
#include "lib/string.h"

enum { UP_MS = 3000, EACH_MS = 10, A = 0x04, CAPS_LOCK = 0x39 };
enum { OWN_POWER = 1, OWN_CURRENT = 2, PORT_CURRENT = 8 };

static bool types(struct bus_plug *plug)
{
    bus.nkeys = 0;
    bus_hold(plug, A);
    bus_run(50, EACH_MS);
    bus_hold(plug, 0);
    bus_run(50, EACH_MS);
    return bus.nkeys == 1 && bus.keys[0] == 'a';
}

/* A hub of SPEED at the root, with a keyboard of full speed. */
static struct bus_plug *plug_both(enum usb_speed speed)
{
    bus_begin(1, 0);
    struct bus_plug *hub = bus_hub(0, 4, speed), *plug = bus_keyboard(1);
    plug->speed = USB_FULL;
    bus_plug_in(hub, 0, NULL, 1);
    bus_plug_in(plug, 0, hub, 2);
    return hub;
}

CASE(usb_hub, its_own_change_of_power_is_ended_and_nothing_else_happens)
{
    struct bus_plug *hub = plug_both(USB_HIGH);
    bus_run(UP_MS, EACH_MS);
    CHECK_EQUAL(hub->nown, 0); /* it said nothing of itself */
    int nports = hub->nrequests;
    hub->own_changes = OWN_POWER;
    bus_run(500, EACH_MS);
    CHECK_HOLDS(bus.broken);
    CHECK_EQUAL(hub->own_changes, 0);
    CHECK(hub->nown >= 1 && hub->nown <= 2);
    CHECK(hub->nrequests - nports <= 4);
    CHECK(bus.nattached == 2 && types(&bus.plugs[1]));
}

CASE(usb_hub, it_comes_again_when_it_drew_too_much_current_and_is_left_where_that_lasts)
{
    struct bus_plug *hub = plug_both(USB_HIGH);
    bus_run(UP_MS, EACH_MS);
    hub->own_changes = OWN_CURRENT;
    bus_run(20, EACH_MS);
    hub->own_changes = 0;
    bus_run(UP_MS, EACH_MS);
    CHECK_HOLDS(bus.broken);
    CHECK(bus.nattached == 4 && types(&bus.plugs[1]));
    for (int i = 0; i < 1000; i++) {
        hub->own_changes = OWN_CURRENT;
        bus_run(EACH_MS, EACH_MS);
    }
    CHECK_HOLDS(bus.broken);
    CHECK(bus_count(NULL) == 1 && bus_count("in trouble") == 1);
    CHECK_TEXT(bus.seen[1].trouble, "too much current is drawn");
}

CASE(usb_hub, a_port_that_drew_too_much_current_has_its_power_again)
{
    struct bus_plug *hub = plug_both(USB_FULL);
    bus_run(UP_MS, EACH_MS);
    hub->ports[2].powered = hub->ports[2].enabled = false;
    hub->ports[2].changes = PORT_CURRENT | 1;
    bus_run(UP_MS, EACH_MS);
    CHECK_HOLDS(bus.broken);
    CHECK(hub->ports[2].powered && hub->ports[2].changes == 0);
    CHECK(bus.nattached == 3 && types(&bus.plugs[1]));
    bus_run(200, EACH_MS); /* a port that has power is not given any */
    int nrequests = hub->nrequests;
    bus_run(1000, EACH_MS);
    CHECK_EQUAL(hub->nrequests, nrequests);
}

CASE(usb_hub, its_ports_power_has_the_time_that_it_asks_for)
{
    for (unsigned half_ms = 0; half_ms < 256; half_ms += 15) {
        struct bus_plug *hub = plug_both(USB_HIGH);
        hub->power_half_ms = (uint8_t)half_ms;
        while (bus_count("hub") == 0 && bus.now_ms < UP_MS)
            bus_run(1, 1);
        CHECK_HOLDS(bus.broken);
        uint32_t wanted = half_ms > 50 ? 2 * half_ms : 100, took = bus.now_ms - hub->powered_at;
        CHECK(took >= wanted && took <= wanted + 20);
    }
}

/* In both directions, and once; not where no hub translates, nor where nothing was under way. */
CASE(usb_hub, it_forgets_what_it_had_of_a_transfer_that_failed)
{
    static const enum usb_speed speeds[] = {USB_FULL, USB_LOW, USB_HIGH};
    for (int high = 0; high < 2; high++)
        for (int i = 0; i < 3; i++)
            for (int fault = FAULT_STALL; fault <= FAULT_LOST; fault++)
                for (int at = 1; at < 5; at++) {
                    struct bus_plug *hub = plug_both(high ? USB_HIGH : USB_FULL);
                    struct bus_plug *plug = &bus.plugs[1];
                    plug->speed = speeds[i];
                    plug->packet_bytes = plug->speed == USB_HIGH ? 64 : 8;
                    bus_fault(plug, (enum bus_fault)fault, at, 1);
                    bus_run(5000, EACH_MS);
                    CHECK_HOLDS(bus.broken);
                    CHECK(bus.nattached == 3 && types(plug));
                    if (!high || speeds[i] == USB_HIGH) {
                        CHECK_EQUAL(hub->ncleared, 0);
                        continue;
                    }
                    CHECK_EQUAL(hub->ncleared, 2); /* the hub has address 1, the keyboard 2 */
                    CHECK_EQUAL(hub->cleared[0], 0x8000 | 2 << 4);
                    CHECK_EQUAL(hub->cleared[1], 2 << 4);
                }
    struct bus_plug *hub = plug_both(USB_HIGH);
    bus_run(UP_MS, EACH_MS);
    bus_pull(&bus.plugs[1]);
    bus_run(500, EACH_MS);
    CHECK(bus_count(NULL) == 1 && hub->ncleared == 0);
}

/* One that has no address yet, or no more, at 0; and a hub that does not know how to forget. */
CASE(usb_hub, it_forgets_address_0_and_may_refuse_to)
{
    for (int refuses = 0; refuses < 3; refuses++) {
        struct bus_plug *hub = plug_both(USB_HIGH);
        bool had_one = refuses == 2;
        int nasked = had_one ? 3 : 2;
        bus_run(had_one ? UP_MS : 150, EACH_MS);
        bus.plugs[1].breaks = had_one;
        bus_fault(&bus.plugs[1], FAULT_LOST, 0, 1);
        while (bus.now_ms < 2 * UP_MS && bus.nasked < nasked)
            bus_run(EACH_MS, EACH_MS);
        if (refuses == 1)
            bus_fault(hub, FAULT_STALL, hub->nrequests, 2);
        bus_run(5000, EACH_MS);
        CHECK_HOLDS(bus.broken);
        CHECK(bus.nattached == nasked && types(&bus.plugs[1]) && bus_count("hub") == 1);
        if (refuses != 1)
            CHECK(hub->ncleared == 2 && hub->cleared[0] == 0x8000 && hub->cleared[1] == 0);
    }
}
