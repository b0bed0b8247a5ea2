#include "drivers/usb/xhci_ring.h"

struct xhci_ring xhci_begin_ring(void *memory, uint32_t nentries)
{
    struct xhci_ring ring = {.trbs = memory, .nentries = nentries, .cycle = TRB_CYCLE};
    for (uint32_t i = 0; i < nentries * sizeof(struct trb) / 4; i++)
        ((volatile uint32_t *)memory)[i] = 0;
    struct trb *link = &ring.trbs[nentries - 1];
    link->parameter_low = xhci_address(memory);
    link->control = TRB_LINK << TRB_TYPE_SHIFT | TRB_TOGGLE; /* not the controller's yet */
    return ring;
}

void xhci_put(struct xhci_ring *ring, struct trb trb)
{
    struct trb *entry = &ring->trbs[ring->next];
    if (ring->ndue++ == 0)
        ring->due = ring->next;
    entry->parameter_low = trb.parameter_low;
    entry->parameter_high = trb.parameter_high;
    entry->status = trb.status;
    __atomic_store_n(&entry->control, trb.control | ring->cycle, __ATOMIC_RELEASE);
    if (++ring->next == ring->nentries - 1) {
        struct trb *link = &ring->trbs[ring->next];
        __atomic_store_n(&link->control, TRB_LINK << TRB_TYPE_SHIFT | TRB_TOGGLE | ring->cycle,
                         __ATOMIC_RELEASE);
        ring->next = 0;
        ring->cycle ^= TRB_CYCLE;
    }
}

/* How many entries are due before the one that EVENT names; as many as there are: none is named. */
static uint32_t due_before(const struct xhci_ring *ring, const struct trb *event)
{
    uint32_t count = 0, at = ring->due;
    while (count < ring->ndue &&
           (event->parameter_high != 0 || event->parameter_low != xhci_address(&ring->trbs[at]))) {
        count++;
        at = at + 2 < ring->nentries ? at + 1 : 0;
    }
    return count;
}

bool xhci_take(struct xhci_ring *ring, const struct trb *event)
{
    if (ring->ndue == 0 || due_before(ring, event) != 0)
        return false;
    ring->ndue--;
    ring->due = ring->due + 2 < ring->nentries ? ring->due + 1 : 0;
    return true;
}

struct xhci_slot *xhci_slot_of(struct xhci_slot *slots, uint32_t nslots, const struct trb *event)
{
    uint32_t number = event->control >> 24;
    return number > 0 && number <= nslots && slots[number].device ? &slots[number] : NULL;
}

static enum xhci_end take_control(struct xhci_slot *slot, const struct trb *event, bool well)
{
    struct xhci_ring *ring = &slot->control;
    uint32_t before = due_before(ring, event), missing = event->status & 0xffffff;
    if (before == ring->ndue)
        return XHCI_NO_END;
    if (!well || before == ring->ndue - 1) {
        xhci_end_all(ring);
        return well ? XHCI_CONTROL_DONE : XHCI_CONTROL_FAILED;
    }
    missing = missing < slot->wanted ? missing : slot->wanted;
    if (before > 0 && missing > slot->missing) /* data, whose shortness is said at most once */
        slot->missing = (uint16_t)missing;
    return XHCI_NO_END;
}

enum xhci_end xhci_take_transfer(struct xhci_slot *slot, const struct trb *event)
{
    uint32_t pipe = event->control >> 16 & 31, code = event->status >> 24;
    bool well = code == CODE_SUCCESS || code == CODE_SHORT;
    if (pipe == XHCI_CONTROL_PIPE)
        return take_control(slot, event, well);
    if (pipe == 0 || pipe != slot->report_pipe || !xhci_take(&slot->reports, event))
        return XHCI_NO_END;
    return well ? XHCI_REPORT : XHCI_REPORTS_FAILED;
}
