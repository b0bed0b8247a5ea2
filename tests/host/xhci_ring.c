/* What an event may end, whoever made it up: it has to name what is due, and once. */
#include "drivers/usb/xhci_ring.h"

#include "case.h"
#include "memory/memory.h"

enum { ENTRIES = 8, REPORT_PIPE = 3, SLOTS = 4, MINE = 2, LENGTH = 18, OTHER_CODE = 4 };

static struct trb control_trbs[ENTRIES], report_trbs[ENTRIES];
static struct xhci_slot slots[SLOTS + 1];
static struct xhci_slot *const slot = &slots[MINE];

/* Slot MINE waits for two reports, and for a control transfer with data where LENGTH is not 0. */
static void begin(uint16_t length)
{
    memset(slots, 0, sizeof slots);
    slots[0].device = (struct usb_device *)slots; /* never to be found */
    slot->device = (struct usb_device *)slots;
    slot->report_pipe = REPORT_PIPE;
    slot->control = xhci_begin_ring(control_trbs, ENTRIES);
    slot->reports = xhci_begin_ring(report_trbs, ENTRIES);
    slot->wanted = length;
    for (int i = 0; i < (length ? 3 : 2); i++)
        xhci_put(&slot->control, (struct trb){.status = (uint32_t)i});
    for (int i = 0; i < 2; i++)
        xhci_put(&slot->reports, (struct trb){.status = (uint32_t)i});
}

static struct trb event_of(const struct trb *entry, uint32_t code, uint32_t missing, uint32_t pipe)
{
    return (struct trb){.parameter_low = xhci_address(entry),
                        .status = code << 24 | missing,
                        .control = (uint32_t)MINE << 24 | pipe << 16};
}

static enum xhci_end control(int place, uint32_t code, uint32_t missing)
{
    struct trb event = event_of(&control_trbs[place], code, missing, XHCI_CONTROL_PIPE);
    return xhci_take_transfer(slot, &event);
}

static enum xhci_end report(const struct trb *entry, uint32_t code)
{
    struct trb event = event_of(entry, code, 0, REPORT_PIPE);
    return xhci_take_transfer(slot, &event);
}

CASE(xhci_ring, only_slots_that_somebody_has_are_found)
{
    begin(0);
    for (uint32_t number = 0; number < 256; number++) {
        struct trb event = {.control = number << 24};
        CHECK(xhci_slot_of(slots, SLOTS, &event) == (number == MINE ? slot : NULL));
    }
    slots[SLOTS].device = slots[0].device;
    struct trb last = {.control = SLOTS << 24};
    CHECK(xhci_slot_of(slots, SLOTS, &last) == &slots[SLOTS]);
    CHECK(!xhci_slot_of(slots, SLOTS - 1, &last));
}

/* Each is said of a report, and of a control transfer; the right one counts afterwards. */
CASE(xhci_ring, an_event_that_names_nothing_that_is_due_ends_nothing)
{
    for (uint32_t code = 0; code < 256; code++)
        for (uint32_t pipe = 0; pipe < 32; pipe++) {
            begin(LENGTH);
            const struct trb *trbs = pipe == REPORT_PIPE ? report_trbs : control_trbs;
            uint32_t ring = xhci_address(trbs);
            const struct {
                uint32_t low, high;
            } wrong[] = {{0, 0},
                         {ring, 1}, /* above 4 GB */
                         {ring, UINT32_MAX},
                         {ring + 1, 0}, /* between entries */
                         {ring + 8, 0},
                         {ring + 15, 0},
                         {ring - 16, 0}, /* outside */
                         {ring + 16 * ENTRIES, 0},
                         {ring + 16 * (ENTRIES - 1), 0}, /* the link */
                         {ring + 16 * 3, 0},             /* not filled */
                         {ring + 16 * (ENTRIES - 2), 0},
                         {UINT32_MAX, UINT32_MAX}, /* nonsense */
                         {xhci_address(slots), 0},
                         {pipe == REPORT_PIPE ? ring + 16 : ring, ~0u}};
            for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                struct trb event = event_of(NULL, code, 0, pipe);
                event.parameter_low = wrong[i].low;
                event.parameter_high = wrong[i].high;
                CHECK_EQUAL(xhci_take_transfer(slot, &event), XHCI_NO_END);
            }
            if (pipe != XHCI_CONTROL_PIPE && pipe != REPORT_PIPE)
                for (int i = 0; i < 2; i++) { /* of an endpoint that is not listened to */
                    struct trb event = event_of(&report_trbs[i], code, 0, pipe);
                    CHECK_EQUAL(xhci_take_transfer(slot, &event), XHCI_NO_END);
                }
            CHECK_EQUAL(report(&report_trbs[1], code), XHCI_NO_END); /* not its turn */
            CHECK_EQUAL(report(&report_trbs[0], CODE_SUCCESS), XHCI_REPORT);
            CHECK_EQUAL(control(2, CODE_SUCCESS, 0), XHCI_CONTROL_DONE);
            CHECK_EQUAL(slot->missing, 0);
        }
}

/* Where nobody listens, the number of the pipe is 0, and the ring is none. */
CASE(xhci_ring, no_report_comes_from_a_pipe_that_is_not_there)
{
    begin(0);
    slot->report_pipe = 0;
    slot->reports = (struct xhci_ring){.trbs = NULL};
    for (uint32_t pipe = 0; pipe < 32; pipe++)
        for (uint32_t low = 0; low < 64; low += 4) {
            struct trb event = {.parameter_low = low,
                                .status = CODE_SUCCESS << 24,
                                .control = (uint32_t)MINE << 24 | pipe << 16};
            CHECK_EQUAL(xhci_take_transfer(slot, &event), XHCI_NO_END);
        }
    begin(0);
    slot->report_pipe = 0;
    struct trb event = event_of(&report_trbs[0], CODE_SUCCESS, 0, 0);
    CHECK_EQUAL(xhci_take_transfer(slot, &event), XHCI_NO_END);
}

/* Round and round; short ones are told twice by some controllers. */
CASE(xhci_ring, reports_come_in_order_and_once)
{
    begin(0);
    for (uint32_t count = 0; count < 5 * ENTRIES; count++) {
        uint32_t place = count % (ENTRIES - 1);
        for (uint32_t other = 0; other < ENTRIES; other++)
            if (other != place)
                CHECK_EQUAL(report(&report_trbs[other], CODE_SUCCESS), XHCI_NO_END);
        CHECK_EQUAL(report(&report_trbs[place], count % 2 ? CODE_SHORT : CODE_SUCCESS),
                    XHCI_REPORT);
        CHECK_EQUAL(report(&report_trbs[place], CODE_SUCCESS), XHCI_NO_END);
        CHECK_EQUAL(slot->reports.ndue, 1);
        xhci_put(&slot->reports, (struct trb){.status = 0});
    }
    CHECK_EQUAL(report(&report_trbs[5], OTHER_CODE), XHCI_REPORTS_FAILED);
    CHECK_EQUAL(report(&report_trbs[5], OTHER_CODE), XHCI_NO_END);
    CHECK_EQUAL(report(&report_trbs[6], CODE_SUCCESS), XHCI_REPORT);
    CHECK_EQUAL(report(&report_trbs[0], CODE_SUCCESS), XHCI_NO_END); /* none is due any more */
}

CASE(xhci_ring, a_control_transfer_ends_by_its_status)
{
    begin(LENGTH);
    CHECK_EQUAL(control(0, CODE_SUCCESS, 7), XHCI_NO_END);
    CHECK_EQUAL(control(0, CODE_SHORT, 7), XHCI_NO_END);
    CHECK_EQUAL(slot->missing, 0);
    CHECK_EQUAL(control(1, CODE_SUCCESS, 0), XHCI_NO_END);
    CHECK_EQUAL(slot->missing, 0);
    CHECK_EQUAL(control(1, CODE_SHORT, 10), XHCI_NO_END);
    CHECK_EQUAL(slot->missing, 10);
    CHECK_EQUAL(control(1, CODE_SUCCESS, 0), XHCI_NO_END); /* the same data once more */
    CHECK_EQUAL(slot->missing, 10);
    CHECK_EQUAL(control(2, CODE_SUCCESS, 0), XHCI_CONTROL_DONE);
    CHECK_EQUAL(slot->missing, 10);
    for (int place = 0; place < 3; place++)
        CHECK_EQUAL(control(place, CODE_SUCCESS, 0), XHCI_NO_END);
    begin(LENGTH);
    CHECK_EQUAL(control(1, CODE_SHORT, 0xffffff), XHCI_NO_END);
    CHECK_EQUAL(slot->missing, LENGTH);
    begin(0); /* its second entry is the status */
    CHECK_EQUAL(control(1, CODE_SUCCESS, 5), XHCI_CONTROL_DONE);
    CHECK_EQUAL(slot->missing, 0);
}

CASE(xhci_ring, a_control_transfer_fails_at_each_of_its_places_and_once)
{
    for (uint32_t code = 0; code < 256; code++)
        for (int place = 0; place < 3 && code != CODE_SUCCESS && code != CODE_SHORT; place++) {
            begin(LENGTH);
            CHECK_EQUAL(control(place, code, 0), XHCI_CONTROL_FAILED);
            for (int again = 0; again < 3; again++) {
                CHECK_EQUAL(control(again, code, 0), XHCI_NO_END);
                CHECK_EQUAL(control(again, CODE_SUCCESS, 0), XHCI_NO_END);
            }
            for (int i = 0; i < 3; i++) /* the next one, which goes round the ring's end */
                xhci_put(&slot->control, (struct trb){.status = 0});
            CHECK_EQUAL(control(place, code, 0), XHCI_NO_END);
            CHECK_EQUAL(control(5, CODE_SUCCESS, 0), XHCI_CONTROL_DONE);
            for (int i = 0; i < 3; i++)
                xhci_put(&slot->control, (struct trb){.status = 0});
            CHECK_EQUAL(control(ENTRIES - 1, CODE_SUCCESS, 0), XHCI_NO_END);
            CHECK_EQUAL(control(0, CODE_SHORT, 3), XHCI_NO_END);
            CHECK_EQUAL(slot->missing, 3);
            CHECK_EQUAL(control(1, CODE_SUCCESS, 0), XHCI_CONTROL_DONE);
        }
}

/* What the controller reads: cycles, and the link whatever somebody has written there. */
CASE(xhci_ring, entries_are_handed_over_in_turn)
{
    begin(0);
    struct xhci_ring ring = xhci_begin_ring(control_trbs, ENTRIES);
    const struct trb *link = &control_trbs[ENTRIES - 1];
    uint32_t cycle = TRB_CYCLE;
    for (uint32_t count = 0; count < 4 * (ENTRIES - 1); count++) {
        uint32_t place = count % (ENTRIES - 1);
        const struct trb *entry = &control_trbs[place];
        CHECK((entry->control & TRB_CYCLE) != cycle && ring.next == place);
        xhci_put(&ring, (struct trb){1, 2, 3, TRB_NORMAL << TRB_TYPE_SHIFT});
        CHECK(entry->parameter_low == 1 && entry->parameter_high == 2 && entry->status == 3);
        CHECK_EQUAL(entry->control, TRB_NORMAL << TRB_TYPE_SHIFT | cycle);
        CHECK_EQUAL(ring.ndue, 1);
        struct trb event = event_of(entry, CODE_SUCCESS, 0, 0);
        CHECK(xhci_take(&ring, &event) && !xhci_take(&ring, &event));
        if (place == ENTRIES - 2) {
            CHECK_EQUAL(link->control, TRB_LINK << TRB_TYPE_SHIFT | TRB_TOGGLE | cycle);
            CHECK_EQUAL(link->parameter_low, xhci_address(control_trbs));
            cycle ^= TRB_CYCLE;
            control_trbs[ENTRIES - 1].control = 0xfffffffe | cycle;
        }
    }
}
