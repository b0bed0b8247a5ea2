/* xHCI's driver before controllers that are made up: slow ones, wrong ones, and hostile ones. */
#include "made_up_xhci.h"

#include "case.h"
#include "lib/string.h"

enum { EACH = 10, UP = 1500, FIRST_KEY_A = 4 };

#define BEGIN(count) SKIP_UNLESS(made_begin(count), "there is no memory below 4 GB")

static struct made_controller *const it = &made.controllers[0];
static struct made_controller *const other = &made.controllers[1];
static struct made_controller *const third = &made.controllers[2];

/* Whether the keyboard in PORT of CONTROLLER types N keys, each once. */
static bool types(struct made_controller *controller, int port, int n)
{
    made.nkeys = 0;
    for (int i = 0; i < n; i++) {
        if (!made_hold(controller, port, (uint8_t)(FIRST_KEY_A + i % 26)))
            return false;
        made_run(EACH, EACH);
        if (!made_hold(controller, port, 0))
            return false;
        made_run(EACH, EACH);
        if (made.nkeys != (size_t)i + 1 || made.keys[i % MADE_KEYS] != 'a' + i % 26)
            return false;
    }
    return true;
}

static const char *trouble_of(const struct made_controller *controller)
{
    return controller->usb.life == USB_DEAD ? controller->usb.trouble : "";
}

CASE(xhci, a_keyboard_comes_up_and_types)
{
    BEGIN(1);
    made_plug(it, 3, true);
    made_run(UP, EACH);
    CHECK_HOLDS(made.broken);
    CHECK_EQUAL(xhci_of(&it->usb)->slots[1].device->address, MADE_ADDRESS + 1);
    CHECK(types(it, 3, 100));
    made_plug(it, 3, false);
    made_run(100, EACH);
    CHECK(!it->slots[1].enabled);
    made_plug(it, 3, true);
    made_run(UP, EACH);
    CHECK(types(it, 3, 3));
    CHECK_HOLDS(made.broken);
}

/* Whatever the time between two looks. */
CASE(xhci, no_register_is_touched_while_it_begins_to_be_reset)
{
    for (uint32_t each = 1; each <= 10; each++) {
        BEGIN(1);
        made_plug(it, 1, true);
        made_run(UP, each);
        CHECK_HOLDS(made.broken);
        CHECK(types(it, 1, 1));
    }
    BEGIN(1); /* nor when it is stopped then */
    made_run(1, 1);
    while (it->command_bits != COMMAND_RESET && made.now_ms < 100)
        made_run(1, 1);
    xhci_driver.stop(&it->usb);
    CHECK_HOLDS(made.broken);
    CHECK(!(it->pci_bits & PCI_ENABLE_MASTER));
}

CASE(xhci, what_is_short_may_be_told_twice)
{
    BEGIN(1);
    it->tells_twice = true;
    made_plug(it, 1, true);
    made_run(UP, EACH);
    CHECK(types(it, 1, 40));
    CHECK_HOLDS(made.broken);
}

/* A stall of what does no harm: SET_IDLE. */
CASE(xhci, a_pipe_that_stalls_goes_on)
{
    BEGIN(1);
    it->stalls = 10;
    made_plug(it, 1, true);
    made_run(UP, EACH);
    CHECK(types(it, 1, 3));
    CHECK_HOLDS(made.broken);
}

/* Each event, however made up, while a keyboard is listened to; and it goes on typing. */
CASE(xhci, events_that_name_nothing_do_nothing)
{
    BEGIN(1);
    made_plug(it, 2, true);
    made_run(UP, EACH);
    CHECK(types(it, 2, 20));
    const struct xhci_slot *slot = &xhci_of(&it->usb)->slots[1];
    uint32_t reports = xhci_address(slot->reports.trbs), pipes = slot->control.nentries,
             pages = xhci_address(made.memory);
    for (uint32_t type = 0; type < 64; type++)
        for (uint32_t number = 0; number < 256; number += number < 20 ? 1 : 47)
            for (uint32_t pipe = 0; pipe < 32; pipe += pipe < 4 ? 1 : 7)
                for (uint32_t i = 0; i < 9; i++) {
                    uint32_t behind = reports + 16 * ((slot->reports.due + i) % pipes);
                    const uint32_t lows[] = {0,
                                             reports + 8,
                                             reports - 16,
                                             reports + 16 * pipes,
                                             reports + 16 * (pipes - 1),
                                             behind + 16 * 8,
                                             xhci_address(slot->control.trbs) + 16 * i,
                                             pages,
                                             xhci_address(xhci_of(&it->usb)->commands.trbs)};
                    bool due = lows[i] - reports < 16 * pipes &&
                               (lows[i] - reports) / 16 == slot->reports.due;
                    if (type == TRB_PORT_EVENT || due)
                        continue;
                    made_event(it, lows[i], 0, (uint32_t)(i % 2 ? CODE_SUCCESS : CODE_STALL) << 24,
                               type << TRB_TYPE_SHIFT | number << 24 | pipe << 16);
                    if (i == 8) {
                        made.nkeys = 0;
                        made_run(EACH, EACH);
                        CHECK_EQUAL(made.nkeys, 0);
                    }
                }
    CHECK(types(it, 2, 70));
    CHECK_HOLDS(made.broken);
}

/* A report that is told again, and one from where nobody listens. */
CASE(xhci, reports_are_taken_once)
{
    BEGIN(1);
    made_plug(it, 2, true);
    made_run(UP, EACH);
    const struct xhci_ring *ring = &xhci_of(&it->usb)->slots[1].reports;
    for (int i = 0; i < 100; i++) {
        const struct trb *entry = &ring->trbs[ring->due];
        CHECK(types(it, 2, 1));
        for (int again = 0; again < 4; again++)
            made_transfer_event(it, 1, again % 2 ? it->slots[1].report_pipe : 0, entry,
                                CODE_SUCCESS, 0);
        made_transfer_event(it, 1, 0, &ring->trbs[ring->due], CODE_SUCCESS, 0);
        made_run(EACH, EACH);
        CHECK_EQUAL(made.nkeys, 1);
        CHECK_EQUAL(ring->ndue, REPORTS);
    }
    CHECK_HOLDS(made.broken);
}

/* The device writes over what it was told about where its reports are to be. */
CASE(xhci, buffers_are_not_believed_from_the_ring)
{
    BEGIN(1);
    made_plug(it, 2, true);
    made_run(UP, EACH);
    const struct xhci_ring *ring = &xhci_of(&it->usb)->slots[1].reports;
    for (int i = 0; i < 50; i++) {
        uint32_t place = ring->due;
        CHECK(made_hold(it, 2, 0));
        ring->trbs[place].parameter_low = 0xdead0000;
        made_run(EACH, EACH);
        CHECK(ring->trbs[place].parameter_low == 0xdead0000);
    }
    CHECK(types(it, 2, 10));
    CHECK_HOLDS(made.broken);
}

/* -- Commands that do not end -- */

/* Each kind of them, and each way in which controllers end them. */
CASE(xhci, a_command_that_does_not_end_is_aborted)
{
    static const uint32_t types_of[] = {TRB_ENABLE_SLOT,    TRB_ADDRESS,     TRB_CONFIGURE,
                                        TRB_RESET_ENDPOINT, TRB_SET_DEQUEUE, TRB_DISABLE_SLOT};
    for (int way = 0; way < 4; way++)
        for (size_t i = 0; i < sizeof types_of / sizeof types_of[0]; i++) {
            BEGIN(1);
            made_plug(it, 2, true);
            made_run(UP, EACH);
            CHECK(types(it, 2, 1));
            it->silent = way & 1;
            it->looks_again = way & 2;
            it->hangs = types_of[i];
            it->nhangs = 1;
            it->stalls = i >= 3 && i < 5 ? 10 : 0;
            made_plug(it, 1, true);
            made_run(UP, EACH);
            if (types_of[i] == TRB_DISABLE_SLOT) {
                made_plug(it, 1, false);
                made_run(UP, EACH);
                made_plug(it, 1, true);
            }
            made_run(2 * UP, EACH);
            CHECK_TEXT(trouble_of(it), "");
            CHECK_EQUAL(it->nhangs, 0);
            CHECK(types(it, 1, 40) && types(it, 2, 40));
            CHECK((made.nresumed > 0) == (way >= 2));
            CHECK_HOLDS(made.broken);
        }
}

/* Others wait behind it, and come to their turn in time. */
CASE(xhci, others_go_on_behind_a_command_that_does_not_end)
{
    BEGIN(1);
    for (unsigned port = 1; port <= 3; port++)
        made_plug(it, port, true);
    made_run(3 * UP, EACH);
    it->hangs = TRB_ADDRESS;
    it->nhangs = 3; /* all its tries */
    made_plug(it, 4, true);
    made_run(300, EACH);
    made_plug(it, 1, false); /* this needs a command, too */
    made_run(4 * UP, EACH);
    CHECK_TEXT(trouble_of(it), "");
    CHECK(types(it, 2, 3) && types(it, 3, 3) && !made_hold(it, 1, 0) && !made_hold(it, 4, 0));
    made_plug(it, 1, true);
    made_plug(it, 4, false);
    made_run(100, EACH);
    made_plug(it, 4, true);
    made_run(3 * UP, EACH);
    CHECK(types(it, 1, 3) && types(it, 4, 3));
    CHECK_HOLDS(made.broken);
}

CASE(xhci, one_that_does_not_abort_is_given_up)
{
    BEGIN(1);
    it->hangs = TRB_ADDRESS;
    it->nhangs = 1;
    it->keeps_hanging = true;
    made_plug(it, 1, true);
    made_run(3 * UP, EACH);
    CHECK_TEXT(trouble_of(it), "it does not end a command");
    CHECK(!(it->command_bits & COMMAND_RUN) && !(it->pci_bits & PCI_ENABLE_MASTER));
    CHECK_HOLDS(made.broken);
}

/* -- Ports -- */

/* After a port was read, and before what has changed there was ended. */
CASE(xhci, a_second_change_is_not_lost)
{
    BEGIN(1);
    made_plug(it, 1, true);
    made_run(UP, EACH);
    CHECK(types(it, 1, 1));
    it->flips = 1; /* out, and in again */
    made_plug(it, 1, false);
    made_run(UP, EACH);
    CHECK(it->flips == 0 && !(it->ports[1] & PORT_CHANGES) && types(it, 1, 1));
    made_plug(it, 1, false);
    made_run(100, EACH);
    it->flips = 1;
    made_plug(it, 1, true);
    made_run(UP, EACH);
    CHECK(it->flips == 0 && !(it->ports[1] & PORT_CHANGES) && !it->slots[1].enabled);
    CHECK_HOLDS(made.broken);
}

CASE(xhci, all_ports_are_looked_at_where_events_had_no_room)
{
    BEGIN(1);
    made_run(UP, EACH);
    it->ports[5] = PORT_CONNECTED | PORT_CONNECTION_CHANGE;
    made_run(UP, EACH);
    CHECK(!made_hold(it, 5, 0));
    made_event(it, 0, 0, (uint32_t)21 << 24, TRB_CONTROLLER_EVENT << TRB_TYPE_SHIFT);
    made_run(UP, EACH);
    CHECK(types(it, 5, 1));
    CHECK_HOLDS(made.broken);
}

/* -- The end -- */

CASE(xhci, a_slot_is_surely_free_or_the_controller_is_given_up)
{
    for (uint32_t code = 0; code < 256; code++) {
        BEGIN(1);
        made_plug(it, 1, true);
        made_run(UP, EACH);
        it->disable_code = code;
        made_plug(it, 1, false);
        made_run(300, EACH);
        bool good = code <= CODE_SUCCESS || code == CODE_NO_SLOT;
        if (code == CODE_ABORTED || code == CODE_RING_STOPPED)
            continue; /* it has not ended */
        CHECK_TEXT(trouble_of(it), good ? "" : "it does not let go of a device");
        made_plug(it, 1, true);
        made_run(UP, EACH);
        CHECK(types(it, 1, 1) == good);
    }
}

/* And what it had is for others. */
CASE(xhci, one_that_is_given_up_is_halted_and_reaches_no_memory)
{
    BEGIN(3);
    for (unsigned port = 1; port <= MADE_PORTS; port++) {
        made_plug(it, port, true);
        made_plug(other, port, true);
    }
    made_run(10 * UP, EACH);
    CHECK(types(it, MADE_PORTS, 1) && types(other, MADE_PORTS, 1));
    it->errors = STATUS_CONTROLLER_ERROR;
    made_run(64 * EACH, EACH);
    CHECK_TEXT(trouble_of(it), "it has stopped");
    CHECK(!(it->command_bits & COMMAND_RUN));
    CHECK_EQUAL(it->pci_bits, PCI_ENABLE_MEMORY | PCI_DISABLE_INTERRUPT);
    it->gone = true; /* from here on no access to it is right */
    for (unsigned port = 1; port <= MADE_PORTS; port++)
        made_plug(third, port, true);
    made_run(10 * UP, EACH);
    for (int port = 1; port <= MADE_PORTS; port++)
        CHECK(types(other, port, 1) && types(third, port, 1));
    CHECK_EQUAL(usb_left_out(), 0);
    CHECK_HOLDS(made.broken);
}

CASE(xhci, it_is_stopped_whatever_it_does)
{
    for (uint32_t nms = 0; nms < 1000; nms += EACH)
        for (int stays = 0; stays < 2 && nms % 50 == 0; stays++) {
            BEGIN(1);
            made_plug(it, 1, true);
            made_run(nms, EACH);
            it->stays = stays;
            xhci_driver.stop(&it->usb);
            CHECK(!(it->command_bits & COMMAND_RUN) && !(it->pci_bits & PCI_ENABLE_MASTER));
            xhci_driver.stop(&it->usb);
            CHECK_HOLDS(made.broken);
        }
}
