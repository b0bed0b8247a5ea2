/* Which of the places where a serial port may be has one, at the start and later. */
#include "cpu/io.h"
#include "drivers/serial_private.h"

enum { STATUS_PORT = 5 /* from the first one on */ };

static struct {
    struct serial_place places[SERIAL_PLACES_MOST]; /* in the order in which they are asked */
    size_t nplaces;
    const struct pci_access *pci; /* NULL: no place is there */
} find;

/* Whether something may have come to PLACE since the last look there. */
static bool may_answer(struct serial_place *place)
{
    if (place->on_pci && !serial_place_open(find.pci, place))
        return false;
    uint8_t status = io_read8((uint16_t)(place->port + STATUS_PORT));
    bool changed = status != place->seen;
    place->seen = status;
    return changed && status != SERIAL_NOBODY;
}

bool serial_find_again(bool (*take)(struct serial_place *place))
{
    for (size_t i = 0; i < find.nplaces; i++)
        if (may_answer(&find.places[i]) && take(&find.places[i]))
            return true;
    return false;
}

static void add_place(uint16_t port)
{
    find.places[find.nplaces++] = serial_place_of(port);
}

static void add_places_on_pci(void)
{
    find.pci = pci_machine();
    if (find.pci)
        find.nplaces += serial_places_on_pci(find.pci, &find.places[find.nplaces],
                                             SERIAL_PLACES_MOST - find.nplaces - 1); /* COM4's */
}

/* COM4 is the last one, and is left alone where it is not there: a video card may be. */
static void find_any(bool (*take)(struct serial_place *place))
{
    add_place(SERIAL_COM1);
    add_place(SERIAL_COM2);
    add_place(SERIAL_COM3);
    if (serial_find_again(take))
        return;
    add_places_on_pci();
    if (serial_find_again(take))
        return;
    add_place(SERIAL_COM4);
    struct serial_place *last = &find.places[find.nplaces - 1];
    if (!may_answer(last) || !take(last))
        find.nplaces--;
}

void serial_find(const struct options_serial *wanted, bool (*take)(struct serial_place *place))
{
    if (wanted->where == OPTIONS_SERIAL_ANY) {
        find_any(take);
        return;
    }
    if (wanted->where == OPTIONS_SERIAL_PORT)
        add_place(wanted->port);
    else
        add_places_on_pci();
    (void)serial_find_again(take);
}

bool serial_find_can(void)
{
    return find.nplaces > 0;
}
