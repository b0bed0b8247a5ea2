/* Where serial ports are, by a PC's tradition and on a made-up PCI bus. */
#include "drivers/serial_place.h"

#include "case.h"
#include "memory/memory.h"

enum { FUNCTIONS = 6, WORDS = 64 };

static uint32_t words[FUNCTIONS][WORDS]; /* of function 0 of each device */
static uint32_t nwrites;

static uint32_t read(pci_place_t place, uint32_t offset)
{
    bool there = place < FUNCTIONS << 3 && (place & 7) == 0 && words[place >> 3][0];
    return there ? words[place >> 3][offset / 4] : UINT32_MAX;
}

static void write(pci_place_t place, uint32_t offset, uint32_t value)
{
    nwrites++;
    words[place >> 3][offset / 4] = value;
}

static const struct pci_access access = {read, write};

static void put(size_t device, uint32_t class, uint32_t bar, uint32_t line)
{
    words[device][PCI_ID / 4] = 0x00021b36;
    words[device][PCI_COMMAND / 4] = 0x400;
    words[device][PCI_CLASS / 4] = class << 8;
    words[device][PCI_BAR / 4] = bar;
    words[device][PCI_INTERRUPT / 4] = 0x100 | line;
}

CASE(serial_place, four_are_known_with_their_lines)
{
    static const struct {
        uint16_t port;
        int line;
    } wanted[] = {{0x3f8, 4}, {0x2f8, 3}, {0x3e8, 4}, {0x2e8, 3}, {0x3f0, -1}, {0xc010, -1}};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        struct serial_place place = serial_place_of(wanted[i].port);
        CHECK_EQUAL(place.port, wanted[i].port);
        CHECK_EQUAL(place.line, wanted[i].line);
        CHECK(!place.on_pci && place.seen == 0xff);
    }
}

CASE(serial_place, which_of_pcis_functions_do)
{
    struct serial_place places[4];
    memset(words, 0, sizeof words);
    put(0, 0x070002, 0xfebf0000, 11); /* memory */
    put(1, 0x070006, 0xc011, 11);
    words[1][PCI_BAR / 4 + 2] = 0xc021; /* a second one */
    put(2, 0x070080, 0xc031, 11);       /* an interface that nobody knows */
    put(3, 0x070200, 0xc041, 11);       /* a multiport card of a kind of its own */
    put(4, 0x070000, 0xc055, 11);       /* 8 ports begin at a multiple of 8 */
    put(5, 0x070002, 0xc061, 255);
    CHECK_EQUAL(serial_places_on_pci(&access, places, 4), 3);
    static const struct {
        uint16_t port;
        int line;
        uint32_t device, bar;
    } wanted[] = {{0xc010, 11, 1, 0}, {0xc020, 11, 1, 2}, {0xc060, -1, 5, 0}};
    for (size_t i = 0; i < 3; i++) {
        CHECK_EQUAL(places[i].port, wanted[i].port);
        CHECK_EQUAL(places[i].line, wanted[i].line);
        CHECK_EQUAL(places[i].function, wanted[i].device << 3);
        CHECK_EQUAL(places[i].bar, wanted[i].bar);
        CHECK(places[i].on_pci && places[i].seen == 0xff);
    }
    places[2].port = 0xa5a5;
    CHECK_EQUAL(serial_places_on_pci(&access, places, 2), 2);
    CHECK_EQUAL(places[2].port, 0xa5a5);
}

/* Those of timer, keyboard, second controller, clock and FPU can't be a card's. */
CASE(serial_place, lines_that_can_be_a_cards)
{
    memset(words, 0, sizeof words);
    for (uint32_t line = 0; line < 256; line++) {
        struct serial_place place;
        bool usable = line >= 3 && line < 16 && line != 8 && line != 13;
        put(0, 0x070002, 0xc011, line);
        CHECK_EQUAL(serial_places_on_pci(&access, &place, 1), 1);
        CHECK_EQUAL(place.line, usable ? (int)line : -1);
    }
}

CASE(serial_place, is_turned_on_only_where_it_was_found)
{
    struct serial_place place;
    memset(words, 0, sizeof words);
    put(2, 0x070002, 0xc011, 11);
    CHECK_EQUAL(serial_places_on_pci(&access, &place, 1), 1);
    nwrites = 0;
    CHECK(serial_place_open(&access, &place));
    CHECK_EQUAL(words[2][PCI_COMMAND / 4], 1);
    CHECK(serial_place_open(&access, &place));
    CHECK_EQUAL(nwrites, 1);
    words[2][PCI_COMMAND / 4] = 0x400;
    words[2][PCI_BAR / 4] = 0xc019; /* elsewhere by now */
    CHECK(!serial_place_open(&access, &place));
    words[2][PCI_BAR / 4] = 1; /* reset */
    CHECK(!serial_place_open(&access, &place));
    words[2][0] = 0; /* pulled out */
    CHECK(!serial_place_open(&access, &place));
    CHECK_EQUAL(nwrites, 1);
}
