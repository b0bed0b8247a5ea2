/* Where a PC's serial ports are: at four places that IBM chose, and where PCI says. Pure. */
#include "drivers/serial_place.h"

enum {
    CLASS_COMMUNICATION = 7,
    SUBCLASS_SERIAL = 0,
    INTERFACE_16950 = 6, /* from 0, an 8250, on they know what an 8250 knows */
    UART_PORTS = 8
};

struct serial_place serial_place_of(uint16_t port)
{
    static const struct {
        uint16_t port;
        int8_t line;
    } known[] = {{SERIAL_COM1, 4}, {SERIAL_COM2, 3}, {SERIAL_COM3, 4}, {SERIAL_COM4, 3}};
    struct serial_place place = {.port = port, .line = SERIAL_POLLED, .seen = SERIAL_NOBODY};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].port == port)
            place.line = known[i].line;
    return place;
}

/* The lines of timer, keyboard, second controller, clock and FPU are theirs alone. */
static int8_t line_of(const struct pci_function *function)
{
    bool usable =
        function->line >= 3 && function->line <= 15 && function->line != 8 && function->line != 13;
    return usable ? (int8_t)function->line : SERIAL_POLLED;
}

struct places {
    const struct pci_access *access;
    struct serial_place *places;
    size_t count, most;
};

static void add_ports(void *context, const struct pci_function *function)
{
    struct places *places = context;
    if (function->class != CLASS_COMMUNICATION || function->subclass != SUBCLASS_SERIAL ||
        function->interface > INTERFACE_16950)
        return;
    for (uint8_t bar = 0; bar < PCI_BARS && places->count < places->most; bar++) {
        uint16_t port = pci_ports(places->access, function, bar);
        if (!port || port % UART_PORTS != 0)
            continue;
        places->places[places->count++] = (struct serial_place){.port = port,
                                                                .line = line_of(function),
                                                                .on_pci = true,
                                                                .function = function->place,
                                                                .bar = bar,
                                                                .seen = SERIAL_NOBODY};
    }
}

size_t serial_places_on_pci(const struct pci_access *access, struct serial_place *places,
                            size_t most)
{
    struct places found = {.access = access, .places = places, .most = most};
    pci_each(access, add_ports, &found);
    return found.count;
}

bool serial_place_open(const struct pci_access *access, const struct serial_place *place)
{
    struct pci_function function = {.place = place->function};
    if (pci_ports(access, &function, place->bar) != place->port)
        return false;
    pci_command(access, &function, PCI_ENABLE_PORTS, PCI_DISABLE_INTERRUPT);
    return true;
}
