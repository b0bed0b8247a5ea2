/* PCI's configuration space on a made-up machine, in which everything may stand. */
#include "drivers/pci.h"

#include "case.h"
#include "lib/string.h"
#include "memory/memory.h"

enum { PLACES_MOST = 8, WORDS = 64, FOUND_MOST = 16 };

static struct {
    pci_place_t place;
    uint32_t words[WORDS], writable[WORDS]; /* a bit that is not stays */
} all[PLACES_MOST];
static size_t count;
static size_t reads;
static bool answers_while_sized; /* a range was moved while the function answered to it */

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

static void write(pci_place_t place, uint32_t offset, uint32_t value)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t writable = all[i].writable[offset / 4], *word = &all[i].words[offset / 4];
        if (all[i].place != place)
            continue;
        answers_while_sized |= offset >= PCI_BAR && (all[i].words[PCI_COMMAND / 4] & 3);
        *word = (*word & ~writable) | (value & writable);
    }
}

static const struct pci_access access = {read, write};

static void begin(void)
{
    memset(all, 0, sizeof all);
    count = reads = 0;
    answers_while_sized = false;
}

/* A function with ID and CLASS; its header's kind, and whether there are more. */
static uint32_t *put(uint32_t bus, uint32_t device, uint32_t function, uint32_t id, uint32_t class,
                     uint32_t header)
{
    uint32_t *words = all[count].words;
    all[count].place = (pci_place_t)(bus << 8 | device << 3 | function);
    all[count].writable[PCI_COMMAND / 4] = 0xffff;
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
static size_t nfound;

static void keep(void *context, const struct pci_function *function)
{
    if (nfound < *(size_t *)context)
        found[nfound++] = *function;
}

/* Keeps the first MOST in FOUND. */
static size_t find(const struct pci_access *from, size_t most)
{
    nfound = 0;
    return pci_each(from, keep, &most);
}

CASE(pci, nothing_is_there)
{
    begin();
    CHECK_EQUAL(find(&access, FOUND_MOST), 0);
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
    CHECK_EQUAL(find(&access, FOUND_MOST), 4);
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
    CHECK_EQUAL(find(&access, FOUND_MOST), 8);
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
    static const struct pci_access same = {read_same, write};
    begin();
    found[10].vendor = 0xa5a5;
    CHECK_EQUAL(find(&same, 10), 65536);
    CHECK_EQUAL(found[9].place, 9);
    CHECK_EQUAL(found[10].vendor, 0xa5a5);
    CHECK(reads <= 65536 * 5);
}

/* Register INDEX of the only function, of NBYTES and with the FLAGS that can't be written. */
static void put_bar(size_t index, uint32_t value, uint32_t writable)
{
    all[0].words[PCI_BAR / 4 + index] = value;
    all[0].writable[PCI_BAR / 4 + index] = writable;
}

CASE(pci, ranges)
{
    struct pci_bar bar;
    begin();
    put(0, 4, 0, 0x000d1b36, 0x0c033001, 0);
    all[0].words[PCI_COMMAND / 4] = 0xf9000107; /* the status: what ones would clear */
    put_bar(0, 0xfebf0000, 0xfffff000);
    put_bar(1, 0xc041, 0xffc0); /* ports, and no upper half */
    put_bar(2, 0xc000000c, 0xf0000000);
    put_bar(3, 8, 0xffffffff);
    put_bar(4, 0, 0xffff0000);          /* nobody gave it a place */
    put_bar(5, 0xd0000004, 0xff000000); /* 64 bits, without a second half */
    CHECK_EQUAL(find(&access, 1), 1);
    CHECK(pci_bar(&access, found, 0, &bar) && !bar.ports);
    CHECK_EQUAL(bar.start, 0xfebf0000);
    CHECK_EQUAL(bar.nbytes, 4096);
    CHECK(pci_bar(&access, found, 1, &bar) && bar.ports);
    CHECK_EQUAL(bar.start, 0xc040);
    CHECK_EQUAL(bar.nbytes, 64);
    CHECK(pci_bar(&access, found, 2, &bar) && !bar.ports);
    CHECK_EQUAL(bar.start, 0x8c0000000);
    CHECK_EQUAL(bar.nbytes, 256 << 20);
    for (size_t i = 3; i < 8; i++)
        CHECK(!pci_bar(&access, found, i, &bar));
    CHECK(!answers_while_sized);
    CHECK_EQUAL(all[0].words[PCI_COMMAND / 4], 0xf9000107);
    CHECK_EQUAL(all[0].words[PCI_BAR / 4 + 2], 0xc000000c);
    CHECK_EQUAL(all[0].words[PCI_BAR / 4 + 3], 8);
}

/* Registers that can't be what they say: gaps in the mask, a place off the size, all ones. */
CASE(pci, ranges_that_make_no_sense)
{
    static const uint32_t wrong[][2] = {{0x80000000, 0x8000f000},
                                        {0xfebf1000, 0xffff0000},
                                        {0xffffffff, 0},
                                        {0xfebf0000, 0},
                                        {0x00000000, 0xfffff000}};
    struct pci_bar bar;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        begin();
        put(0, 4, 0, 0x000d1b36, 0x0c033001, 0);
        put_bar(0, wrong[i][0], wrong[i][1]);
        CHECK_EQUAL(find(&access, 1), 1);
        CHECK(!pci_bar(&access, found, 0, &bar));
    }
    /* A bridge has two, a header of another kind none. */
    for (uint32_t kind = 1; kind < 4; kind++) {
        begin();
        put(0, 4, 0, 0x000d1b36, 0x06040000, kind);
        for (size_t i = 0; i < 6; i++)
            put_bar(i, 0xfebf0000, 0xfffff000);
        CHECK_EQUAL(find(&access, 1), 1);
        for (size_t i = 0; i < 6; i++)
            CHECK_EQUAL(pci_bar(&access, found, i, &bar), kind == 1 && i < 2);
    }
}

CASE(pci, ranges_of_ports)
{
    static const uint32_t bars[PCI_BARS] = {
        0xc041,     /* ports */
        0xfebf0000, /* memory, */
        0x0000c049, /* and no upper half, as that is of 32 bits */
        0xc000000c, /* memory of 64 bits */
        0x0000d001, /* whose upper half this is */
        0x0001d001, /* beyond the last port */
    };
    begin();
    uint32_t *words = put(0, 4, 0, 0x00021b36, 0x07000201, 0);
    CHECK_EQUAL(find(&access, 1), 1);
    memcpy(&words[PCI_BAR / 4], bars, sizeof bars);
    static const uint16_t wanted[PCI_BARS + 1] = {0xc040, 0, 0xc048};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        CHECK_EQUAL(pci_ports(&access, &found[0], i), wanted[i]);
    words[PCI_BAR / 4 + 4] = 4; /* an upper half that looks like a lower one */
    words[PCI_BAR / 4 + 5] = 0xc051;
    CHECK_EQUAL(pci_ports(&access, &found[0], 5), 0xc050);
    words[PCI_BAR / 4] = 1; /* nobody gave it a place */
    CHECK_EQUAL(pci_ports(&access, &found[0], 0), 0);
    words[PCI_BAR / 4] = UINT32_MAX; /* gone */
    CHECK_EQUAL(pci_ports(&access, &found[0], 0), 0);
    words[PCI_BAR / 4] = 0xc041;
    found[0].kind = 1; /* of a bridge the registers mean something else */
    CHECK_EQUAL(pci_ports(&access, &found[0], 0), 0);
}

CASE(pci, commands_leave_the_status_alone)
{
    begin();
    uint32_t *words = put(0, 4, 0, 0x000d1b36, 0x0c033001, 0);
    CHECK_EQUAL(find(&access, 1), 1);
    words[PCI_COMMAND / 4] = 0xffff0401;
    all[0].writable[PCI_COMMAND / 4] = UINT32_MAX;
    pci_command(&access, found, PCI_ENABLE_MEMORY | PCI_ENABLE_MASTER, PCI_ENABLE_PORTS);
    CHECK_EQUAL(words[PCI_COMMAND / 4], 0x0406); /* ones would have cleared it */
}
