/* PCI's configuration space on a made-up machine, in which everything may stand. */
#include "drivers/pci.h"

#include "case.h"
#include "lib/string.h"
#include "memory/memory.h"

enum { PLACES_MOST = 8, WORDS = 64, FOUND_MOST = 16 };

static struct {
    pci_place_t place;
    uint32_t words[WORDS];
} all[PLACES_MOST];
static size_t count;
static size_t reads;

static uint32_t *word_at(pci_place_t place, uint32_t offset)
{
    for (size_t i = 0; i < count; i++)
        if (all[i].place == place)
            return &all[i].words[offset / 4];
    return NULL;
}

static uint32_t read(pci_place_t place, uint32_t offset)
{
    uint32_t *word = word_at(place, offset);
    reads++;
    return word ? *word : UINT32_MAX;
}

static void begin(void)
{
    memset(all, 0, sizeof all);
    count = reads = 0;
}

/* A function with ID and CLASS; its header's kind, and whether there are more. */
static uint32_t *put(uint32_t bus, uint32_t device, uint32_t function, uint32_t id, uint32_t class,
                     uint32_t header)
{
    uint32_t *words = all[count].words;
    all[count].place = (pci_place_t)(bus << 8 | device << 3 | function);
    count++;
    words[PCI_ID / 4] = id;
    words[PCI_CLASS / 4] = class;
    words[PCI_HEADER / 4] = header << 16;
    words[PCI_INTERRUPT / 4] = 0x010b;
    return words;
}

static void put_bridge(uint32_t bus, uint32_t device, uint32_t behind)
{
    put(bus, device, 0, 0x00011b36, 0x06040000, 1)[PCI_BUSES / 4] = 0xff << 16 | behind << 8 | bus;
}

static struct pci_function found[FOUND_MOST];

CASE(pci, nothing_is_there)
{
    begin();
    CHECK_EQUAL(pci_scan(read, found, FOUND_MOST), 0);
    CHECK_EQUAL(reads, 32);
}

CASE(pci, functions_in_order)
{
    begin();
    put(0, 31, 2, 0x29228086, 0x01060102, 0);
    put(0, 31, 0, 0x29188086, 0x06010002, 0x80);
    put(0, 0, 0, 0x29c08086, 0x06000000, 0);
    put(0, 4, 0, 0x000d1b36, 0x0c033001, 0);
    put(0, 4, 1, 0xdead1b36, 0x0c033001, 0); /* function 0 says that there are no more */
    put(0, 5, 3, 0xdead1b36, 0x0c033001, 0); /* no function 0 */
    put(0, 6, 0, 0x12340000, 0x0c033001, 0); /* no vendor has this number */
    CHECK_EQUAL(pci_scan(read, found, FOUND_MOST), 4);
    CHECK_EQUAL(found[0].vendor, 0x8086);
    CHECK_EQUAL(found[1].place, 4 << 3);
    CHECK_EQUAL(found[1].device, 0x000d);
    CHECK_EQUAL(found[1].class << 16 | found[1].subclass << 8 | found[1].interface, 0x0c0330);
    CHECK_EQUAL(found[1].revision, 1);
    CHECK_EQUAL(found[1].line, 11);
    CHECK_EQUAL(found[2].place, 31 << 3);
    CHECK_EQUAL(found[3].place, 31 << 3 | 2);
    char text[40];
    pci_class_text(&found[1], text, sizeof text);
    CHECK_TEXT(text, "USB controller (xHCI)");
    pci_class_text(&found[3], text, sizeof text);
    CHECK_TEXT(text, "SATA controller");
    found[3].class = 0xfe;
    pci_class_text(&found[3], text, sizeof text);
    CHECK_TEXT(text, "class fe06");
}

CASE(pci, buses_behind_bridges_are_scanned_once)
{
    begin();
    put_bridge(0, 1, 3);
    put_bridge(0, 2, 1);
    put_bridge(3, 0, 2);
    put_bridge(2, 0, 0); /* back to the first */
    put_bridge(2, 1, 3); /* back to one in between */
    put_bridge(2, 2, 2); /* to itself */
    put_bridge(1, 0, 3); /* where another leads */
    put(2, 31, 0, 0x000d1b36, 0x0c033000, 0);
    CHECK_EQUAL(pci_scan(read, found, FOUND_MOST), 8);
    for (size_t i = 1; i < 8; i++)
        for (size_t j = 0; j < i; j++)
            CHECK(found[i].place != found[j].place);
    CHECK(reads < 4 * 32 + 8 * 5);
}

/* Each place answers all the same, and each bridge leads on: it ends, and no more are written than
 * there is room for. */
static uint32_t read_same(pci_place_t place, uint32_t offset)
{
    reads++;
    return offset == PCI_HEADER  ? 0x810000
           : offset == PCI_BUSES ? ((uint32_t)(place >> 8) + 1) << 8
                                 : 0x06041234;
}

CASE(pci, everything_is_there)
{
    begin();
    found[10].vendor = 0xa5a5;
    CHECK_EQUAL(pci_scan(read_same, found, 10), 65536);
    CHECK_EQUAL(found[9].place, 9);
    CHECK_EQUAL(found[10].vendor, 0xa5a5);
    CHECK(reads <= 65536 * 5);
}
