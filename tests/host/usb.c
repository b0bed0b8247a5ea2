/* USB devices as they come, go and fail, on a bus that is made up. */
#include "usb_bus.h"

#include "case.h"
#include "lib/print.h"
#include "lib/string.h"

enum { UP_MS = 3000, A = 0x04, B = 0x05, CAPS_LOCK = 0x39, EACH_MS = 10 };

/* Longer than any device takes to come up, or to be left alone, where all others fail. */
enum { LONG_MS = 120000 };

static bool all_are(size_t count, const char *what)
{
    return bus_count(NULL) == count && bus_count(what) == count;
}

static bool no_address_is_waited_for(void)
{
    for (int i = 0; i < bus.ncontrollers; i++)
        if (bus.controllers[i].usb.current && !bus.controllers[i].dead)
            return false;
    return bus_count("being looked at") == 0;
}

/* Whether PLUG's keys come. */
static bool types(struct bus_plug *plug)
{
    bus.nkeys = 0;
    bus_hold(plug, A);
    bus_run(50, EACH_MS);
    bus_hold(plug, 0);
    bus_run(50, EACH_MS);
    return bus.nkeys == 1 && bus.keys[0] == 'a' && plug->boot;
}

/* Lines that were printed. */
static size_t nlines;

static void count_lines(const char *text, size_t nbytes)
{
    for (size_t i = 0; i < nbytes; i++)
        nlines += text[i] == '\n';
}

static void watch_lines(void)
{
    static struct print_sink sink = {.write = count_lines};
    static bool added;
    if (!added)
        print_add_sink(&sink);
    added = true;
    nlines = 0;
}

CASE(usb, a_keyboard_comes_up_whenever_it_is_plugged_in)
{
    static const enum usb_speed speeds[] = {USB_LOW, USB_FULL, USB_HIGH};
    static const uint8_t packets[] = {8, 16, 32, 64};
    for (size_t i = 0; i < 12; i++) {
        bus_begin(1, 0);
        struct bus_plug *plug = bus_keyboard(0);
        plug->speed = speeds[i % 3];
        plug->packet_bytes = plug->speed == USB_FULL ? packets[i / 3] : plug->packet_bytes;
        bool late = i % 2 == 1;
        bus_run(late ? 500 : 0, EACH_MS);
        CHECK_EQUAL(bus_count(NULL), 0);
        bus_plug_in(plug, 0, NULL, 3);
        bus_run(90, EACH_MS);
        CHECK_EQUAL(bus.nattached, 0); /* it may bounce */
        bus_run(UP_MS, EACH_MS);
        CHECK_HOLDS(bus.broken);
        CHECK_EQUAL(bus.nseen, 2);
        const struct usb_seen *seen = &bus.seen[1];
        CHECK_TEXT(seen->what, "keyboard");
        CHECK(seen->is_device && seen->depth == 0 && seen->ports[0] == 3 && !seen->trouble &&
              seen->vendor == 0x1234 && seen->product == 0x5678);
        CHECK_TEXT(seen->speed, i % 3 == 0 ? "low" : i % 3 == 1 ? "full" : "high");
        CHECK_TEXT(bus.seen[0].controller, "made-up");
        CHECK(!bus.seen[0].is_device && !bus.seen[0].trouble);
        CHECK(types(plug));
        bus_pull(plug);
        bus_run(100, EACH_MS);
        CHECK_EQUAL(bus_count(NULL), 0);
        CHECK_HOLDS(bus.broken);
    }
}

/* A plug that is pushed in slowly. */
CASE(usb, what_bounces_is_reset_once_it_is_quiet)
{
    bus_begin(1, 0);
    struct bus_plug *plug = bus_keyboard(0);
    for (int i = 0; i < 20; i++) {
        bus_plug_in(plug, 0, NULL, 1);
        bus_run(i % 2 ? 90 : 10, EACH_MS);
        bus_pull(plug);
        bus_run(i % 3 ? 0 : 20, EACH_MS);
        CHECK_EQUAL(plug->nrequests, 0);
    }
    bus_plug_in(plug, 0, NULL, 1);
    bus_run(UP_MS, EACH_MS);
    CHECK_HOLDS(bus.broken);
    CHECK_EQUAL(bus.nattached, 1);
    CHECK(all_are(1, "keyboard") && types(plug));
}

CASE(usb, what_is_no_keyboard_is_left_alone)
{
    bus_begin(1, 0);
    struct bus_plug *mouse = bus_mouse(0), *super = bus_keyboard(1), *keyboard = bus_keyboard(2);
    super->speed = USB_SUPER;
    bus_plug_in(mouse, 0, NULL, 1);
    bus_plug_in(super, 0, NULL, 2);
    bus_plug_in(keyboard, 0, NULL, 3);
    bus_run(UP_MS, EACH_MS);
    CHECK_HOLDS(bus.broken);
    CHECK(bus_count("left alone") == 2 && bus_count("keyboard") == 1 && types(keyboard));
    bus_pull(mouse);
    bus_pull(super);
    bus_run(100, EACH_MS);
    CHECK(all_are(1, "keyboard"));
    CHECK_HOLDS(bus.broken);
}

/* From one hub to as many as there may be, each at the last port of the one before. */
CASE(usb, keyboards_behind_hubs)
{
    for (int nhubs = 1; nhubs <= USB_DEPTH_MOST + 1; nhubs++) {
        bus_begin(1, 77);
        struct bus_plug *keyboard = bus_keyboard(BUS_PLUGS - 1), *last = NULL;
        for (int i = 0; i < nhubs; i++) {
            struct bus_plug *hub = bus_hub(i, (uint8_t)(4 + i), i % 2 ? USB_FULL : USB_HIGH);
            bus_plug_in(hub, 0, last, last ? last->nports : 2);
            last = hub;
        }
        bus_plug_in(keyboard, 0, last, last->nports);
        bus_run(UP_MS + 1000 * (uint32_t)nhubs, EACH_MS);
        CHECK_HOLDS(bus.broken);
        if (nhubs > USB_DEPTH_MOST) {
            CHECK_EQUAL(bus_count(NULL), 6);
            CHECK(bus_count("hub") == 5 && bus_count("in trouble") == 1);
            CHECK_TEXT(bus.seen[6].trouble, "too many hubs in a row");
            continue;
        }
        CHECK_EQUAL(bus_count("hub"), nhubs);
        CHECK(bus_count("keyboard") == 1 && types(keyboard));
        const struct usb_seen *seen = &bus.seen[bus.nseen - 1];
        CHECK_EQUAL(seen->depth, nhubs);
        CHECK_EQUAL(seen->ports[0], 2);
        for (int i = 1; i <= nhubs; i++)
            CHECK_EQUAL(seen->ports[i], 3 + i);
        bus_pull(&bus.plugs[nhubs / 2]); /* and all behind it */
        bus_run(200, EACH_MS);
        CHECK_EQUAL(bus_count(NULL), nhubs / 2);
        bus_plug_in(&bus.plugs[nhubs / 2], 0, nhubs > 1 ? &bus.plugs[nhubs / 2 - 1] : NULL, 3);
        bus_run(UP_MS + 1000 * (uint32_t)nhubs, EACH_MS);
        CHECK(bus_count("keyboard") == 1 && types(keyboard));
        CHECK_HOLDS(bus.broken);
    }
}

/* The hub, and its port, that speak to a slower device. */
CASE(usb, hubs_of_high_speed_translate)
{
    struct usb_device high = {.speed = USB_HIGH, .port = 1},
                      full = {.speed = USB_FULL, .port = 2, .hub = &high},
                      low = {.speed = USB_LOW, .port = 3, .hub = &full},
                      fast = {.speed = USB_HIGH, .port = 4, .hub = &high},
                      alone = {.speed = USB_LOW, .port = 5},
                      slow_hub = {.speed = USB_FULL, .port = 6},
                      behind = {.speed = USB_LOW, .port = 7, .hub = &slow_hub},
                      near = {.speed = USB_FULL, .port = 8, .hub = &fast};
    unsigned port = 0;
    CHECK(usb_translator(&full, &port) == &high && port == 2);
    CHECK(usb_translator(&low, &port) == &high && port == 2);
    CHECK(usb_translator(&near, &port) == &fast && port == 8);
    CHECK(!usb_translator(&fast, &port) && !usb_translator(&high, &port));
    CHECK(!usb_translator(&alone, &port) && !usb_translator(&behind, &port));
}

/* Several at once: that no two of them have address 0 is seen by the bus. */
CASE(usb, several_keyboards_come_up_one_after_the_other)
{
    bus_begin(2, UINT32_MAX - 700);
    struct bus_plug *hub = bus_hub(0, 7, USB_HIGH);
    for (int i = 1; i <= 12; i++) {
        bus_keyboard(i)->speed = i % 2 ? USB_LOW : USB_FULL;
        if (i > 6)
            bus_plug_in(&bus.plugs[i], 0, hub, (unsigned)i - 5);
        else
            bus_plug_in(&bus.plugs[i], i % 2, NULL, (unsigned)i / 2 + 1);
    }
    bus_plug_in(hub, 0, NULL, 6);
    bus_run(12 * 1000, EACH_MS);
    CHECK_HOLDS(bus.broken);
    CHECK(bus_count("keyboard") == 12 && bus_count("hub") == 1);
    for (int i = 1; i <= 12; i++)
        CHECK(types(&bus.plugs[i]));
    CHECK_EQUAL(bus.nattached, 13);
    CHECK_EQUAL(usb_left_out(), 0);
}

/* A keyboard, or a hub with one, is pulled out after each number of polls, and may be there again
 * before anybody looks. */
CASE(usb, what_is_pulled_out_on_its_way_up_is_gone)
{
    for (uint32_t polls = 0; polls < 150; polls++)
        for (int kind = 0; kind < 8; kind++) {
            bool with_hub = kind & 1, at_once = kind & 2, the_keyboard = kind & 4;
            bus_begin(1, 0);
            struct bus_plug *hub = bus_hub(0, 4, USB_FULL), *plug = bus_keyboard(1);
            struct bus_plug *pulled = with_hub && !the_keyboard ? hub : plug;
            if (with_hub)
                bus_plug_in(hub, 0, NULL, 1);
            bus_plug_in(plug, 0, with_hub ? hub : NULL, 2);
            bus_run(polls * 5, 5);
            bus_pull(pulled);
            if (!at_once) {
                bus_run(2500, 5);
                CHECK_EQUAL(bus_count(NULL), with_hub && the_keyboard);
                CHECK(no_address_is_waited_for());
            }
            bus_plug_in(pulled, 0, with_hub && the_keyboard ? hub : NULL, pulled == hub ? 1 : 2);
            bus_run(8000, EACH_MS);
            CHECK_HOLDS(bus.broken);
            CHECK(bus_count("keyboard") == 1 && bus_count(NULL) == 1u + with_hub);
            CHECK(types(plug));
        }
}

/* -- Devices that fail -- */

/* Each request goes wrong in each way, once, twice, or for ever; another keyboard does not care. */
CASE(usb, a_request_that_fails_is_tried_again_and_then_left)
{
    for (int where = 0; where < 3; where++) /* a keyboard, one behind a hub, a hub */
        for (int at = BUS_ALWAYS; at < 14; at++)
            for (int fault = FAULT_STALL; fault <= FAULT_GARBAGE; fault++)
                for (int times = 1; times <= 3; times++) {
                    bus_begin(1, UINT32_MAX - 5000);
                    struct bus_plug *hub = bus_hub(0, 2, USB_HIGH), *plug = bus_keyboard(1),
                                    *other = bus_keyboard(2);
                    plug->speed = USB_FULL;
                    struct bus_plug *faulty = where == 2 ? hub : plug;
                    bus_fault(faulty, (enum bus_fault)fault, at, times == 3 ? -1 : times);
                    faulty->fault_bytes = at >= 0 ? at % 5 : 7;
                    if (where > 0)
                        bus_plug_in(hub, 0, NULL, 1);
                    bus_plug_in(plug, 0, where > 0 ? hub : NULL, 1);
                    bus_plug_in(other, 0, NULL, 2);
                    bus_run(40000, EACH_MS);
                    CHECK_HOLDS(bus.broken);
                    CHECK(no_address_is_waited_for());
                    CHECK(types(other) && usb_left_out() == 0);
                    if (times < 3 && at >= 0 && fault < FAULT_GARBAGE)
                        CHECK(types(plug) || (at < 14 && fault == FAULT_SHORT));
                    bus_fault(faulty, FAULT_NONE, 0, 0); /* and it is mended */
                    bus_pull(where > 0 ? hub : plug);
                    bus_run(100, EACH_MS);
                    CHECK(all_are(1, "keyboard"));
                    bus_plug_in(where > 0 ? hub : plug, 0, NULL, 1);
                    bus_run(UP_MS, EACH_MS);
                    CHECK(types(plug) && types(other));
                    CHECK_HOLDS(bus.broken);
                }
}

CASE(usb, what_never_answers_is_left_alone_after_three_tries)
{
    bus_begin(1, 0);
    struct bus_plug *plug = bus_keyboard(0);
    bus_fault(plug, FAULT_SILENCE, BUS_ALWAYS, -1);
    bus_plug_in(plug, 0, NULL, 1);
    bus_run(20000, EACH_MS);
    CHECK_HOLDS(bus.broken);
    CHECK(all_are(1, "in trouble"));
    CHECK_TEXT(bus.seen[1].trouble, "does not answer");
    CHECK_EQUAL(bus.nasked, 3);
    CHECK(plug->nrequests == 1 && !bus_find(0, 0)); /* since its last reset; it hears no more */
    bus_run(LONG_MS, EACH_MS);
    CHECK_EQUAL(plug->nrequests, 1);
}

CASE(usb, what_fails_again_and_again_is_left_alone_but_not_for_troubles_of_long_ago)
{
    for (int kind = 0; kind < 2; kind++)
        for (uint32_t each_ms = 1000; each_ms <= 13000; each_ms += 12000) {
            bus_begin(1, UINT32_MAX - 20000);
            struct bus_plug *plug = kind ? bus_hub(0, 2, USB_FULL) : bus_keyboard(0);
            bus_plug_in(plug, 0, NULL, 1);
            bus_run(UP_MS, EACH_MS);
            for (int i = 0; i < 6; i++) {
                bus_run(each_ms, EACH_MS);
                if (kind)
                    plug->ports[1].changes |= 1 << 3;
                else
                    bus_hold(plug, i % 2 ? 0 : A);
                bus_run(EACH_MS, EACH_MS);
                plug->breaks = true;
                bus_run(500, EACH_MS);
            }
            bus_run(UP_MS, EACH_MS);
            CHECK_HOLDS(bus.broken);
            CHECK(all_are(1, each_ms < 10000 ? "in trouble" : kind ? "hub" : "keyboard"));
            CHECK(each_ms > 10000 || strcmp(bus.seen[1].trouble, "its reports stop") == 0);
        }
}

/* What is said of each failure that lasts; NULL where it does no harm. */
CASE(usb, troubles_have_their_names)
{
    static const char wrong[] = "describes itself wrongly", setup[] = "can't be set up";
    static const struct {
        enum usb_speed speed;
        bool hub;
        int at;
        enum bus_fault fault;
        int nbytes;
        const char *trouble;
    } all[] = {{USB_LOW, false, 0, FAULT_LOST, 0, "takes no address"},
               {USB_LOW, false, 1, FAULT_SHORT, 17, wrong},
               {USB_LOW, false, 1, FAULT_SHORT, 18, NULL},
               {USB_LOW, false, 1, FAULT_STALL, 0, wrong},
               {USB_FULL, false, 1, FAULT_SHORT, 7, wrong},
               {USB_FULL, false, 1, FAULT_SHORT, 8, NULL},
               {USB_LOW, false, 2, FAULT_STALL, 0, wrong},
               {USB_LOW, false, 2, FAULT_SHORT, 33, ""},
               {USB_LOW, false, 2, FAULT_SHORT, 34, NULL},
               {USB_LOW, false, 3, FAULT_STALL, 0, setup},
               {USB_LOW, false, 4, FAULT_STALL, 0, "has no boot protocol"},
               {USB_LOW, false, 5, FAULT_STALL, 0, NULL},
               {USB_LOW, false, 5, FAULT_LOST, 0, setup},
               {USB_HIGH, true, 4, FAULT_SHORT, 6, wrong},
               {USB_HIGH, true, 4, FAULT_SHORT, 7, NULL},
               {USB_HIGH, true, 4, FAULT_STALL, 0, wrong},
               {USB_HIGH, true, 5, FAULT_STALL, 0, "gives its ports no power"},
               {USB_HIGH, true, 6, FAULT_STALL, 0, "gives its ports no power"},
               {USB_HIGH, true, 7, FAULT_SHORT, 3, "does not say how its ports are"}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        bus_begin(1, 0);
        struct bus_plug *plug = all[i].hub ? bus_hub(0, 2, all[i].speed) : bus_keyboard(0);
        plug->speed = all[i].speed;
        bus_fault(plug, all[i].fault, all[i].at, -1);
        plug->fault_bytes = all[i].nbytes;
        bus_plug_in(plug, 0, NULL, 1);
        bus_run(10000, EACH_MS);
        CHECK_HOLDS(bus.broken);
        const char *trouble = all[i].trouble;
        CHECK(all_are(1, !trouble   ? all[i].hub ? "hub" : "keyboard"
                         : *trouble ? "in trouble"
                                    : "left alone"));
        if (trouble && *trouble)
            CHECK_TEXT(bus.seen[1].trouble, trouble);
        else
            CHECK(!bus.seen[1].trouble);
    }
}

CASE(usb, packets_have_one_of_four_sizes)
{
    for (unsigned nbytes = 0; nbytes < 256; nbytes++) {
        bus_begin(1, 0);
        struct bus_plug *plug = bus_keyboard(0);
        plug->speed = USB_FULL;
        plug->packet_bytes = (uint8_t)nbytes;
        bus_plug_in(plug, 0, NULL, 1);
        bus_run(UP_MS, EACH_MS);
        bool right = nbytes == 8 || nbytes == 16 || nbytes == 32 || nbytes == 64;
        CHECK(all_are(1, right ? "keyboard" : "in trouble"));
        CHECK(bus.nasked == (right ? 1 : 3));
        CHECK_HOLDS(bus.broken);
    }
    struct usb_device device = {.busy = true}; /* nor is more read than there is room for */
    usb_done(&device, 1000);
    CHECK(!device.busy && device.result == USB_BUFFER_BYTES);
    usb_done(&device, USB_STALLED);
    CHECK_EQUAL(device.result, USB_STALLED);
}

/* Each is a new one, with all its tries; even where nobody saw that the port was empty. */
CASE(usb, keyboards_may_be_swapped_again_and_again)
{
    bus_begin(1, 0);
    struct bus_plug *hub = bus_hub(9, 3, USB_HIGH);
    bus_plug_in(hub, 0, NULL, 1);
    for (int i = 0; i < 8; i++) {
        struct bus_plug *last = i > 1 ? &bus.plugs[i - 2] : NULL;
        if (last)
            bus_pull(last);
        bus_plug_in(bus_keyboard(i), 0, i % 2 ? hub : NULL, 2);
        bus_run(1000, EACH_MS);
        CHECK(types(&bus.plugs[i]));
    }
    CHECK_HOLDS(bus.broken);
}

CASE(usb, ports_of_a_hub_are_looked_at_where_nothing_has_changed)
{
    bus_begin(1, 0);
    struct bus_plug *hub = bus_hub(0, 31, USB_HIGH), *plug = bus_keyboard(1);
    hub->shy = true;
    bus_plug_in(hub, 0, NULL, 1);
    bus_plug_in(plug, 0, hub, 31);
    bus_run(UP_MS, EACH_MS);
    CHECK(types(plug));
    CHECK_HOLDS(bus.broken);
}

/* The next one has address 0 for itself: also where the last one failed at it behind a hub, or its
 * hub did. */
CASE(usb, what_fails_at_address_0_does_not_answer_to_it_later)
{
    for (int kind = 0; kind < 6; kind++)
        for (uint32_t polls = 0; polls < (kind < 4 ? 1u : 120u); polls++) {
            bus_begin(1, 0);
            struct bus_plug *hub = bus_hub(0, 4, USB_HIGH), *plug = bus_keyboard(1),
                            *near = bus_keyboard(2), *far = bus_keyboard(3);
            bus_fault(plug, kind % 2 ? FAULT_SILENCE : FAULT_LOST, 0, -1);
            bus_plug_in(hub, 0, NULL, 1);
            bus_plug_in(plug, 0, kind > 1 ? hub : NULL, 2);
            bus_plug_in(near, 0, hub, 3);
            bus_run(polls * 10 + (kind < 4 ? 0 : 300), EACH_MS);
            bus_plug_in(far, 0, NULL, 4);
            hub->breaks = kind >= 4;
            bus_run(30000, EACH_MS);
            CHECK_HOLDS(bus.broken);
            CHECK(bus_count("in trouble") == 1 && bus_count("keyboard") == 2 &&
                  bus_count("hub") == 1);
            CHECK(types(near) && types(far) && no_address_is_waited_for());
        }
}

/* The hub is busy with others, and comes after the device that fails at it. */
CASE(usb, the_next_one_waits_until_a_hub_has_turned_a_port_off)
{
    for (uint32_t ms = 0; ms < 60; ms++) {
        bus_begin(1, 0);
        struct bus_plug *hub = bus_hub(0, 4, USB_HIGH), *plug = bus_keyboard(1),
                        *near = bus_keyboard(2), *far = bus_keyboard(3), *first = bus_mouse(4);
        bus_plug_in(first, 0, NULL, 2);
        bus_run(20, 1);
        bus_plug_in(hub, 0, NULL, 1);
        bus_run(UP_MS, 1);
        bus_pull(first);
        bus_run(100, 1);
        bus_fault(plug, FAULT_LOST, 0, -1);
        bus_plug_in(plug, 0, hub, 2);
        bus_run(10, 1);
        bus_plug_in(near, 0, hub, 3);
        bus_plug_in(far, 0, NULL, 4);
        for (uint32_t i = 0; i < 1000; i++) {
            hub->ports[1].changes |= i % 60 == ms ? 31 : 0;
            bus_run(1, 1);
        }
        bus_run(UP_MS, EACH_MS);
        CHECK_HOLDS(bus.broken);
        CHECK(bus_count("in trouble") == 1 && types(near) && types(far) && bus.nasked == 7);
    }
}

CASE(usb, a_hub_that_turns_no_port_off_is_in_trouble_itself)
{
    bus_begin(1, 0);
    struct bus_plug *hub = bus_hub(0, 4, USB_HIGH), *plug = bus_keyboard(1), *far = bus_keyboard(2);
    hub->stubborn = true;
    bus_fault(plug, FAULT_LOST, 0, -1);
    bus_plug_in(hub, 0, NULL, 1);
    bus_plug_in(plug, 0, hub, 2);
    bus_run(UP_MS, EACH_MS);
    bus_plug_in(far, 0, NULL, 2);
    bus_run(20000, EACH_MS);
    CHECK_HOLDS(bus.broken);
    CHECK(bus_count(NULL) == 2 && types(far));
    CHECK_TEXT(bus.seen[1].trouble, "does not turn a port off");
}

CASE(usb, each_is_listed_with_the_way_to_it)
{
    bus_begin(1, 0);
    for (unsigned i = 0; i < 3; i++) {
        bus_plug_in(bus_hub((int)i, 4, USB_HIGH), 0, NULL, 2 * i + 1);
        bus_plug_in(bus_keyboard(8 + (int)i), 0, &bus.plugs[i], i + 2);
    }
    bus_run(2 * UP_MS, EACH_MS);
    CHECK(bus_count("hub") == 3 && bus_count("keyboard") == 3);
    unsigned found = 0;
    for (size_t i = 1; i < bus.nseen; i++)
        if (bus.seen[i].depth == 1) {
            CHECK_EQUAL(2 * (bus.seen[i].ports[1] - 2) + 1, bus.seen[i].ports[0]);
            found |= 1u << bus.seen[i].ports[0];
        }
    CHECK_EQUAL(found, 1 << 1 | 1 << 3 | 1 << 5);
    CHECK_HOLDS(bus.broken);
}

/* At a hub, or at a root port: the one there now may have address 0, or soon has. */
CASE(usb, what_is_swapped_while_its_port_is_reset_is_reset_again)
{
    for (int behind = 0; behind < 2; behind++)
        for (uint32_t ms = 0; ms < 200; ms++) {
            bus_begin(1, 0);
            struct bus_plug *hub = bus_hub(0, 4, USB_HIGH), *plug = bus_keyboard(1),
                            *other = bus_keyboard(2);
            bus_plug_in(hub, 0, NULL, 1);
            bus_run(UP_MS, EACH_MS);
            bus_plug_in(plug, 0, behind ? hub : NULL, 2);
            bus_run(20, 2);
            bus_plug_in(other, 0, NULL, 3);
            bus_run(ms, 1);
            bus_port_of(plug)->changes |= 1;
            bus_run(UP_MS, 2);
            CHECK_HOLDS(bus.broken);
            CHECK(bus_count("keyboard") == 2 && types(plug) && types(other));
        }
}

CASE(usb, ports_whose_reset_does_not_end)
{
    for (int behind = 0; behind < 2; behind++) {
        bus_begin(1, 0);
        struct bus_plug *hub = bus_hub(0, 4, USB_HIGH), *plug = bus_keyboard(1),
                        *other = bus_keyboard(2);
        bus_plug_in(hub, 0, NULL, 1);
        bus_plug_in(plug, 0, behind ? hub : NULL, 3);
        bus_port_of(plug)->endless = true;
        bus_plug_in(other, 0, behind ? hub : NULL, 4);
        bus_run(10000, 2);
        CHECK(hub->nrequests < 250); /* it is not asked all the time */
        CHECK_HOLDS(bus.broken);
        CHECK(bus_count("hub") == 1 && bus_count("keyboard") == 1 && bus_count("in trouble") == 1 &&
              types(other));
        CHECK(no_address_is_waited_for() && plug->address == -1);
        bus_port_of(plug)->endless = false;
        struct bus_port *port = bus_port_of(plug);
        bus_pull(plug);
        bus_run(200, EACH_MS);
        port->resetting = false;
        bus_plug_in(plug, 0, behind ? hub : NULL, 3);
        bus_run(UP_MS, EACH_MS);
        CHECK(types(plug));
        CHECK_HOLDS(bus.broken);
    }
}

/* A port that is still on from the try before is reset all the same. */
CASE(usb, a_device_is_reset_before_each_try)
{
    for (int behind = 0; behind < 2; behind++)
        for (uint32_t ms = 0; ms < 400; ms += 5) {
            bus_begin(1, 0);
            struct bus_plug *hub = bus_hub(0, 4, USB_HIGH), *plug = bus_keyboard(1),
                            *other = bus_keyboard(2);
            bus_plug_in(hub, 0, NULL, 1);
            bus_plug_in(plug, 0, behind ? hub : NULL, 3);
            bus_run(UP_MS, 5);
            plug->breaks = true;
            bus_run(ms, 5);
            bus_plug_in(other, 0, hub, 2); /* so that the hub has something to tell */
            if (behind)
                hub->ports[3].changes |= 1 << 3;
            bus_run(UP_MS, 5);
            CHECK_HOLDS(bus.broken);
            CHECK(bus.nattached == 4 && bus.nasked == 4);
            for (size_t i = 0; i < bus.nseen; i++)
                CHECK(!bus.seen[i].trouble); /* it is past */
            CHECK(types(plug) && types(other));
        }
}

/* -- Hubs that fail -- */

CASE(usb, hubs_with_any_number_of_ports)
{
    for (unsigned nports = 0; nports < 256; nports++) {
        bus_begin(1, 0);
        struct bus_plug *hub = bus_hub(0, (uint8_t)nports, USB_HIGH), *plug = bus_keyboard(1);
        bus_plug_in(hub, 0, NULL, 1);
        unsigned most = nports < USB_PORTS_MOST ? nports : USB_PORTS_MOST;
        hub->nports = (uint8_t)nports;
        if (most > 0)
            bus_plug_in(plug, 0, hub, most);
        bus_run(UP_MS, EACH_MS);
        CHECK_HOLDS(bus.broken);
        CHECK(bus_count("hub") == 1 && bus_count("keyboard") == (most > 0));
        CHECK(most == 0 || types(plug));
    }
}

/* One port says for ever that it has changed. The others are still looked at. */
CASE(usb, a_hub_that_always_says_changed)
{
    for (unsigned port = 1; port <= 4; port++)
        for (uint8_t changes = 1; changes < 32; changes++) {
            bus_begin(1, 0);
            struct bus_plug *hub = bus_hub(0, 4, USB_HIGH), *plug = bus_keyboard(1);
            hub->always_changed = true;
            hub->ports[port].changes = changes;
            bus_plug_in(hub, 0, NULL, 1);
            bus_run(500, EACH_MS);
            hub->ports[port].changes = changes;
            bus_run(500, EACH_MS);
            hub->always_changed = false;
            unsigned other = port == 4 ? 3 : 4;
            bus_plug_in(plug, 0, hub, other);
            for (int i = 0; i < 60; i++) {
                hub->ports[port].changes |= changes;
                bus_run(50, EACH_MS);
            }
            CHECK_HOLDS(bus.broken);
            CHECK(bus_count("hub") == 1 && bus_count("keyboard") == 1 && types(plug));
            bus_run(2000, EACH_MS);
            CHECK_EQUAL(hub->ports[port].changes, 0);
        }
}

CASE(usb, a_hub_whose_port_bounces_for_ever_holds_nobody_up)
{
    bus_begin(1, 0);
    struct bus_plug *hub = bus_hub(0, 4, USB_HIGH), *plug = bus_keyboard(1),
                    *other = bus_keyboard(2), *third = bus_keyboard(3);
    hub->always_changed = true;
    bus_plug_in(hub, 0, NULL, 1);
    bus_plug_in(plug, 0, hub, 1);
    bus_plug_in(other, 0, NULL, 2);
    bus_run(5000, EACH_MS);
    bus_plug_in(third, 0, NULL, 3);
    bus_run(5000, EACH_MS);
    CHECK_HOLDS(bus.broken);
    CHECK(types(other) && types(third) && bus_count("hub") == 1);
}

/* The hub's reports stop, or it stalls: it comes again, and its keyboards with it. */
CASE(usb, a_hub_that_fails_comes_again_with_its_keyboards)
{
    for (int kind = 0; kind < 5; kind++)
        for (uint32_t ms = 0; ms < 600; ms += 10) {
            bus_begin(1, 0);
            struct bus_plug *hub = bus_hub(0, 4, USB_HIGH);
            bus_plug_in(hub, 0, NULL, 1);
            for (int i = 1; i <= 4; i++)
                bus_plug_in(bus_keyboard(i), 0, hub, (unsigned)i);
            bus_run(ms + 300, 5);
            if (kind == 0)
                hub->breaks = true;
            else
                bus_fault(hub, (enum bus_fault)kind, BUS_ALWAYS, 1);
            bus_run(20000, EACH_MS);
            CHECK_HOLDS(bus.broken);
            CHECK(no_address_is_waited_for());
            CHECK(bus_count("hub") == 1 && bus_count("keyboard") == 4);
            for (int i = 1; i <= 4; i++)
                CHECK(types(&bus.plugs[i]));
        }
}

/* -- Keyboards that are ready -- */

CASE(usb, lights_follow_the_locks)
{
    bus_begin(1, 0);
    struct bus_plug *one = bus_keyboard(0), *other = bus_keyboard(1);
    bus_plug_in(one, 0, NULL, 1);
    bus_plug_in(other, 0, NULL, 2);
    bus_run(UP_MS, EACH_MS);
    for (int i = 1; i <= 4; i++) {
        bus_hold(one, CAPS_LOCK);
        bus_run(50, EACH_MS);
        CHECK_EQUAL(one->lights, i % 2 ? 2 : 0);
        CHECK_EQUAL(other->lights, 0);
        bus_hold(one, 0);
        bus_run(50, EACH_MS);
    }
    bus_fault(other, FAULT_STALL, BUS_ALWAYS, 1); /* it does not want to, and is a keyboard still */
    bus_hold(other, CAPS_LOCK);
    bus_run(200, EACH_MS);
    CHECK_EQUAL(other->fault_times, 0);
    CHECK_EQUAL(other->lights, 0);
    bus_hold(other, 0);
    bus_run(200, EACH_MS);
    CHECK(all_are(2, "keyboard") && bus.nattached == 2);
    bus_fault(other, FAULT_LOST, BUS_ALWAYS, 1); /* this is another thing */
    bus_hold(other, CAPS_LOCK);
    bus_run(UP_MS, EACH_MS);
    CHECK(all_are(2, "keyboard") && bus.nattached == 3);
    CHECK_HOLDS(bus.broken);
}

/* A keyboard that was reset has no light on; what was held down is down no more. */
CASE(usb, a_keyboard_that_comes_again_begins_anew)
{
    bus_begin(1, 0);
    struct bus_plug *plug = bus_keyboard(0);
    bus_plug_in(plug, 0, NULL, 1);
    bus_run(UP_MS, EACH_MS);
    int nrequests = plug->nrequests;
    bus_hold(plug, CAPS_LOCK);
    bus_run(50, EACH_MS);
    bus_hold(plug, A);
    bus_run(50, EACH_MS);
    CHECK(bus.nkeys == 1 && bus.keys[0] == 'A' && plug->lights == 2);
    plug->breaks = true;
    bus_run(UP_MS, EACH_MS);
    CHECK(all_are(1, "keyboard") && bus.nattached == 2);
    CHECK_EQUAL(plug->nrequests, nrequests); /* there is no light to turn off */
    bus.nkeys = 0;
    bus_run(3000, EACH_MS);
    CHECK_EQUAL(bus.nkeys, 0); /* it does not repeat */
    CHECK(types(plug) && plug->lights == 0);
    bus_hold(plug, CAPS_LOCK);
    bus_run(50, EACH_MS);
    CHECK_EQUAL(plug->lights, 2);
    CHECK_HOLDS(bus.broken);
}

CASE(usb, a_key_repeats_until_the_keyboard_is_pulled_out)
{
    bus_begin(1, UINT32_MAX - UP_MS - 700);
    struct bus_plug *plug = bus_keyboard(0);
    bus_plug_in(plug, 0, NULL, 1);
    bus_run(UP_MS, EACH_MS);
    bus_hold(plug, B);
    bus_run(1500, EACH_MS);
    CHECK(bus.nkeys >= 1 + 1000 / 43 && bus.nkeys <= 2 + 1000 / 33); /* polls are late */
    bus_pull(plug);
    bus_run(50, EACH_MS);
    bus.nkeys = 0;
    bus_run(3000, EACH_MS);
    CHECK_EQUAL(bus.nkeys, 0);
    CHECK_HOLDS(bus.broken);
}

CASE(usb, a_flood_of_reports_is_borne)
{
    bus_begin(1, 0);
    struct bus_plug *plug = bus_keyboard(0), *hub = bus_hub(1, 4, USB_HIGH),
                    *other = bus_keyboard(2);
    bus_plug_in(plug, 0, NULL, 1);
    bus_plug_in(hub, 0, NULL, 2);
    bus_plug_in(other, 0, hub, 3);
    plug->flood = true;
    bus_run(UP_MS, EACH_MS);
    for (size_t nbytes = 1; nbytes <= USB_PACKET_MOST; nbytes++) {
        for (size_t i = 0; i < nbytes; i++)
            plug->report[i] = (uint8_t)bus_random();
        plug->report_bytes = nbytes;
        bus_run(200, EACH_MS);
    }
    plug->flood = false;
    bus_hold(plug, 0);
    bus_run(100, EACH_MS);
    CHECK_HOLDS(bus.broken);
    CHECK(bus_count("keyboard") == 2 && types(other));
}

/* -- Too much, and the end -- */

CASE(usb, more_devices_than_there_is_room_for_are_counted)
{
    bus_begin(1, 0);
    struct bus_plug *hub = bus_hub(0, 20, USB_HIGH);
    bus_plug_in(hub, 0, NULL, 1);
    for (int i = 1; i <= 20; i++)
        bus_plug_in(bus_keyboard(i), 0, hub, (unsigned)i);
    bus_run(15000, EACH_MS);
    CHECK_HOLDS(bus.broken);
    CHECK(bus_count("keyboard") == USB_DEVICES_MOST - 1 && bus_count("hub") == 1);
    CHECK_EQUAL(usb_left_out(), 5);
    for (int i = 1; i <= 15; i++)
        CHECK(types(&bus.plugs[i]));
    bus_keyboard(22);
    bus_plug_in(bus_keyboard(21), 0, NULL, 2); /* at a root port, too */
    bus_run(500, EACH_MS);
    CHECK_EQUAL(usb_left_out(), 6);
    bus.controllers[0].usb.changed = UINT32_MAX; /* looked at once more */
    hub->ports[20].changes |= 1 << 3;
    bus_run(500, EACH_MS);
    CHECK_EQUAL(usb_left_out(), 6);
    bus_pull(&bus.plugs[21]);
    bus_run(500, EACH_MS);
    bus_plug_in(&bus.plugs[21], 0, NULL, 2);
    bus_run(500, EACH_MS);
    CHECK_EQUAL(usb_left_out(), 7); /* it has come once more */
    bus_pull(&bus.plugs[3]);
    bus_run(500, EACH_MS);
    bus_pull(&bus.plugs[20]);
    bus_run(500, EACH_MS);
    bus_plug_in(&bus.plugs[20], 0, hub, 20); /* now there is room for it */
    bus_run(UP_MS, EACH_MS);
    CHECK(types(&bus.plugs[20]));
    bus_pull(&bus.plugs[4]);
    bus_run(500, EACH_MS);
    bus_plug_in(&bus.plugs[22], 0, NULL, 3);
    bus_run(30, EACH_MS);
    bus_pull(&bus.plugs[22]); /* it bounces, and needs room for one only */
    bus_plug_in(&bus.plugs[22], 0, NULL, 3);
    bus_run(UP_MS, EACH_MS);
    CHECK(types(&bus.plugs[22]));
    CHECK_EQUAL(usb_left_out(), 7);
    CHECK_HOLDS(bus.broken);
}

CASE(usb, more_controllers_than_there_is_room_for_are_refused)
{
    bus_begin(USB_CONTROLLERS_MOST + 1, 0);
    CHECK_HOLDS(bus.broken);
    CHECK_EQUAL(usb_count(), USB_CONTROLLERS_MOST);
}

CASE(usb, a_detach_that_does_not_end_ends_the_controller)
{
    bus_begin(2, UINT32_MAX - UP_MS - 1000);
    struct bus_plug *plug = bus_keyboard(0), *other = bus_keyboard(1), *mate = bus_keyboard(2);
    bus_plug_in(plug, 0, NULL, 1);
    bus_plug_in(mate, 0, NULL, 2);
    bus_plug_in(other, 1, NULL, 1);
    bus_run(UP_MS, EACH_MS);
    bus.controllers[0].keeps = true;
    watch_lines();
    bus_pull(plug);
    bus_run(1900, EACH_MS);
    CHECK(nlines == 0 && usb_count() == 2);
    bus.controllers[0].dead = false;
    for (int i = 0; i < 20 && usb_count() == 2; i++)
        bus_run(EACH_MS, EACH_MS);
    bus.controllers[0].dead = true; /* from here on no call of it is right */
    CHECK(nlines == 1 && usb_count() == 1);
    bus_pull(mate);
    bus_run(5000, EACH_MS);
    CHECK_HOLDS(bus.broken);
    CHECK(nlines == 1 && all_are(1, "keyboard") && types(other));
    CHECK_TEXT(bus.seen[0].trouble, "it does not let go of a device");
    CHECK(bus.seen[1].trouble == NULL);
    CHECK_HOLDS(bus.broken);
}

/* It dies while something is under way: after each number of polls. */
CASE(usb, a_controller_that_dies_is_not_touched_again)
{
    for (uint32_t polls = 0; polls < 120; polls++) {
        bus_begin(2, 0);
        struct bus_plug *hub = bus_hub(0, 4, USB_HIGH), *plug = bus_keyboard(1),
                        *other = bus_keyboard(2);
        bus_plug_in(hub, 0, NULL, 1);
        bus_plug_in(plug, 0, hub, 2);
        bus_plug_in(bus_keyboard(3), 0, NULL, 3);
        bus_plug_in(other, 1, NULL, 1);
        bus_run(polls * EACH_MS, EACH_MS);
        if (polls % 2)
            bus_pull(hub);
        watch_lines();
        bus.controllers[0].dies = true;
        bus_run(EACH_MS, EACH_MS);
        CHECK_EQUAL(nlines, 1);
        bus_run(UP_MS, EACH_MS);
        CHECK_HOLDS(bus.broken);
        CHECK(nlines == 1 && usb_count() == 1 && all_are(1, "keyboard") && types(other));
        CHECK_TEXT(bus.seen[0].trouble, "it was told to");
    }
}

/* Nothing depends on when it was: the same happens around each time that wraps. */
CASE(usb, times_wrap)
{
    static const uint32_t ends[] = {0, INT32_MAX};
    for (size_t i = 0; i < 2; i++)
        for (uint32_t before = 0; before < 1200; before += 7) {
            bus_begin(1, ends[i] - before);
            struct bus_plug *hub = bus_hub(0, 4, USB_HIGH), *plug = bus_keyboard(1);
            bus_plug_in(hub, 0, NULL, 1);
            bus_plug_in(plug, 0, hub, 2);
            bus_run(1300, EACH_MS);
            CHECK(all_are(2, NULL) && bus_count("keyboard") == 1 && types(plug));
            CHECK_HOLDS(bus.broken);
        }
}

/* What a dead one had there is room for again, at another. */
CASE(usb, the_places_of_a_controller_that_died_are_free)
{
    bus_begin(2, 0);
    for (int i = 0; i < 2; i++) {
        struct bus_plug *hub = bus_hub(20 * i, 20, USB_HIGH);
        bus_plug_in(hub, i, NULL, 1);
        for (int j = 1; j < USB_DEVICES_MOST; j++)
            if (i == 0)
                bus_plug_in(bus_keyboard(j), 0, hub, (unsigned)j);
        bus_run(i == 0 ? 15000 : 500, EACH_MS);
    }
    CHECK(bus_count("keyboard") == USB_DEVICES_MOST - 1 && usb_left_out() == 1);
    bus.controllers[0].dies = true;
    bus_run(200, EACH_MS);
    CHECK_HOLDS(bus.broken);
    CHECK_EQUAL(bus.controllers[0].nstops, 1);
    CHECK_EQUAL(bus_count(NULL), 0);
    struct bus_plug *hub = &bus.plugs[20];
    bus_pull(hub);
    bus_run(200, EACH_MS);
    bus_plug_in(hub, 1, NULL, 1);
    for (int j = 1; j < USB_DEVICES_MOST; j++)
        bus_plug_in(bus_keyboard(20 + j), 1, hub, (unsigned)j);
    bus_run(15000, EACH_MS);
    CHECK_HOLDS(bus.broken);
    CHECK(bus_count("keyboard") == USB_DEVICES_MOST - 1 && types(&bus.plugs[35]));
}

/* Whatever is under way. */
CASE(usb, all_controllers_are_stopped_once)
{
    for (uint32_t polls = 0; polls < 120; polls += 3) {
        bus_begin(3, 0);
        bus_plug_in(bus_hub(0, 4, USB_HIGH), 0, NULL, 1);
        bus_plug_in(bus_keyboard(1), 0, &bus.plugs[0], 2);
        bus_plug_in(bus_keyboard(2), 1, NULL, 1);
        bus_run(polls * EACH_MS, EACH_MS);
        bus.controllers[2].dies = true;
        bus_run(EACH_MS, EACH_MS);
        watch_lines();
        usb_stop();
        for (int i = 0; i < 3; i++)
            CHECK_EQUAL(bus.controllers[i].nstops, 1);
        bus.controllers[0].dead = bus.controllers[1].dead = true; /* no call of them is right now */
        usb_stop();
        bus_run(UP_MS, EACH_MS);
        CHECK_HOLDS(bus.broken);
        CHECK(usb_count() == 0 && nlines == 0 && bus_count(NULL) == 0);
    }
}
