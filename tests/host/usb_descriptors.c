/* What devices say of themselves, and what none should: Universal Serial Bus Specification 2.0,
 * section 9.6; HID 1.11, appendix E. And the list of an xHCI's capabilities. */
#include "drivers/usb/usb_descriptors.h"
#include "drivers/usb/xhci_list.h"

#include "case.h"
#include "memory/memory.h"

/* clang-format off */
#define CONFIGURATION(number) 9, 2, 0xff, 0, 1, number, 0, 0xa0, 50
#define INTERFACE(number, other, class, subclass, protocol) \
    9, 4, number, other, 1, class, subclass, protocol, 0
#define HID 9, 0x21, 0x10, 1, 0, 1, 0x22, 0x3f, 0
#define ENDPOINT(address, kind, low, high, interval) 7, 5, address, kind, low, high, interval

static const uint8_t keyboard[] = { /* HID 1.11, appendix E */
    CONFIGURATION(1), INTERFACE(0, 0, 3, 1, 1), HID, ENDPOINT(0x81, 3, 8, 0, 10)};
static const uint8_t composite[] = {
    CONFIGURATION(5), INTERFACE(0, 0, 3, 1, 2), HID, ENDPOINT(0x81, 3, 4, 0, 8),
    INTERFACE(1, 0, 9, 0, 0), ENDPOINT(0x82, 3, 1, 0, 12), /* no device has that; a hub last */
    INTERFACE(2, 0, 3, 0, 0), HID, ENDPOINT(0x83, 3, 64, 0, 1),
    INTERFACE(3, 0, 3, 1, 1), HID, ENDPOINT(0x04, 3, 8, 0, 4), ENDPOINT(0x8f, 0x13, 64, 8, 255),
    ENDPOINT(0x86, 3, 8, 0, 2), INTERFACE(4, 0, 3, 1, 1), ENDPOINT(0x87, 3, 8, 0, 1)};
static const uint8_t hub[] = { /* with several translators as its second choice */
    CONFIGURATION(1), INTERFACE(0, 0, 9, 0, 1), ENDPOINT(0x81, 3, 1, 0, 12),
    INTERFACE(0, 1, 9, 0, 2), ENDPOINT(0x81, 3, 2, 0, 11)};
/* clang-format on */

static bool is(struct usb_function found, enum usb_kind kind, unsigned configuration,
               unsigned interface, unsigned endpoint, unsigned packet_bytes, unsigned interval)
{
    return found.kind == kind && found.configuration == configuration &&
           found.interface == interface && found.endpoint == endpoint &&
           found.packet_bytes == packet_bytes && found.interval == interval;
}

#define FIND(bytes) usb_find_function(bytes, sizeof(bytes))

CASE(usb_descriptors, the_first_keyboard_is_found_and_else_the_first_hub)
{
    CHECK(is(FIND(keyboard), USB_KEYBOARD, 1, 0, 1, 8, 10));
    CHECK(is(FIND(composite), USB_KEYBOARD, 5, 3, 15, 64, 255));
    CHECK(is(FIND(hub), USB_HUB, 1, 0, 1, 1, 12));
    static const uint8_t two_hubs[] = {CONFIGURATION(2), INTERFACE(7, 0, 9, 0, 0),
                                       ENDPOINT(0x83, 3, 2, 0, 1), INTERFACE(8, 0, 9, 0, 0),
                                       ENDPOINT(0x84, 3, 3, 0, 2)};
    CHECK(is(FIND(two_hubs), USB_HUB, 2, 7, 3, 2, 1));
}

/* Whatever is cut off, only what is whole is used. */
CASE(usb_descriptors, the_end_may_be_missing)
{
    for (size_t nbytes = 0; nbytes < sizeof keyboard; nbytes++)
        CHECK_EQUAL(usb_find_function(keyboard, nbytes).kind, USB_OTHER);
    size_t hub_end = 9 + 9 + 9 + 7 + 9 + 7, keyboard_end = sizeof composite - 7 - 9 - 7;
    for (size_t nbytes = 0; nbytes <= sizeof composite; nbytes++)
        CHECK_EQUAL(usb_find_function(composite, nbytes).kind, nbytes < hub_end ? USB_OTHER
                                                               : nbytes < keyboard_end
                                                                   ? USB_HUB
                                                                   : USB_KEYBOARD);
    CHECK_EQUAL(usb_find_function(NULL, 0).kind, USB_OTHER);
}

/* One byte of a keyboard's is changed. */
CASE(usb_descriptors, what_makes_no_sense_is_left_out)
{
    enum { FACE = 9, END = 9 + 9 + 9 };
    static const struct {
        uint8_t at, value;
        bool found;
    } changes[] = {
        {0, 0, false},          {0, 1, false},
        {0, 8, false},          {0, 10, false},
        {0, 255, false},        {0, 18, false},
        {1, 1, false},          {1, 7, false},
        {2, 0, true},           {3, 0xff, true},
        {4, 0, true}, /* sums that nobody needs */
        {FACE, 0, false},       {FACE, 1, false},
        {FACE, 8, false},       {FACE, 10, false},
        {FACE, 18, true}, /* more of it than we know of */
        {FACE + 1, 5, false},   {FACE + 1, 0x24, false},
        {FACE + 3, 1, false}, /* another choice */
        {FACE + 4, 0, true},    {FACE + 5, 8, false},
        {FACE + 6, 0, false},   {FACE + 6, 2, false},
        {FACE + 7, 0, false},   {FACE + 7, 2, false},
        {2 * FACE, 0, false},   {2 * FACE, 1, false},
        {2 * FACE, 8, false},   {2 * FACE, 16, false},
        {2 * FACE, 255, false}, {END, 0, false},
        {END, 1, false},        {END, 6, false},
        {END, 8, false},        {END, 255, false},
        {END + 1, 4, false},    {END + 1, 0x25, false},
        {END + 2, 1, false},    {END + 2, 0x80, false},
        {END + 2, 0x90, false}, {END + 2, 0x8f, true},
        {END + 3, 0, false},    {END + 3, 1, false},
        {END + 3, 2, false},    {END + 3, 7, true},
        {END + 4, 0, false},    {END + 4, 1, true},
        {END + 4, 64, true},    {END + 4, 65, false},
        {END + 4, 255, false},  {END + 5, 1, false},
        {END + 5, 4, false},    {END + 5, 0xf8, true},
        {END + 6, 0, false},    {END + 6, 255, true},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        uint8_t bytes[sizeof keyboard];
        memcpy(bytes, keyboard, sizeof bytes);
        bytes[changes[i].at] = changes[i].value;
        if ((FIND(bytes).kind == USB_KEYBOARD) != changes[i].found)
            case_fail(run_, __FILE__, __LINE__, "byte %u is %02x, and it is%s found", changes[i].at,
                      changes[i].value, changes[i].found ? " not" : "");
    }
}

CASE(usb_descriptors, endpoints_belong_to_the_interface_before_them)
{
    static const uint8_t lone[] = {CONFIGURATION(1), ENDPOINT(0x81, 3, 8, 0, 10),
                                   INTERFACE(0, 0, 3, 1, 1)};
    static const uint8_t others[] = {CONFIGURATION(1), INTERFACE(0, 0, 3, 1, 1),
                                     INTERFACE(1, 0, 8, 6, 80), ENDPOINT(0x81, 3, 8, 0, 10)};
    static const uint8_t cut[] = {
        CONFIGURATION(1),           INTERFACE(0, 0, 3, 1, 1), 8, 4, 1, 0, 1, 8, 6, 80,
        ENDPOINT(0x81, 3, 8, 0, 10)};
    CHECK_EQUAL(FIND(lone).kind, USB_OTHER);
    CHECK_EQUAL(FIND(others).kind, USB_OTHER);
    CHECK_EQUAL(FIND(cut).kind, USB_OTHER); /* of one that is too short to be read */
}

/* Descriptors of two bytes each, as many as there is room for. */
CASE(usb_descriptors, a_long_chain_ends)
{
    uint8_t bytes[256];
    memset(bytes, 2, sizeof bytes);
    memcpy(bytes, keyboard, 9);
    CHECK_EQUAL(FIND(bytes).kind, USB_OTHER);
    memcpy(bytes + 9 + 220, keyboard + 9, 9);
    memcpy(bytes + 9 + 229, keyboard + 27, 7);
    CHECK(is(FIND(bytes), USB_KEYBOARD, 1, 0, 1, 8, 10));
    bytes[9 + 218] = 3; /* and now none begins where it does */
    CHECK_EQUAL(FIND(bytes).kind, USB_OTHER);
}

/* -- The list of capabilities -- */

static struct {
    uint32_t words[64];
    uint32_t nbytes;
    int nreads, nwrong;
} space;

static uint32_t read_word(void *context, uint32_t offset)
{
    space.nreads++;
    if (context != &space || offset % 4 != 0 || offset > space.nbytes - 4) {
        space.nwrong++;
        return 0;
    }
    return space.words[offset / 4];
}

static uint32_t find(uint32_t first, uint8_t id)
{
    space.nreads = space.nwrong = 0;
    return xhci_find_capability(read_word, &space, space.nbytes, first, id);
}

static void begin_list(void)
{
    memset(&space, 0, sizeof space);
    space.nbytes = sizeof space.words;
    space.words[4] = 0xffff0302; /* id 2, the next one 3 words on */
    space.words[7] = 0x00003501;
    space.words[7 + 0x35] = 0x00000003;
}

CASE(xhci_list, capabilities_are_found_along_the_list)
{
    begin_list();
    CHECK_EQUAL(find(16, 2), 16);
    CHECK_EQUAL(find(16, 1), 28);
    CHECK_EQUAL(find(16, 3), 4 * (7 + 0x35));
    CHECK_EQUAL(find(16, 4), 0);
    CHECK_EQUAL(find(28, 2), 0);
    CHECK_EQUAL(find(0, 0), 0); /* there is no list */
    CHECK_EQUAL(space.nreads, 0);
}

CASE(xhci_list, it_may_lead_anywhere)
{
    begin_list();
    space.words[8] = 0x0102;
    for (int i = 9; i < 64; i++)
        space.words[i] = 0x0104;
    CHECK_EQUAL(find(32, 1), 0); /* off the end */
    CHECK(space.nwrong == 0 && space.nreads == 63 - 8);
    CHECK_EQUAL(find(252, 4), 0); /* a second word is missing */
    CHECK_EQUAL(find(248, 4), 248);
    CHECK_EQUAL(find(256, 4), 0);
    CHECK_EQUAL(find(UINT32_MAX - 3, 4), 0);
    CHECK_EQUAL(space.nreads, 0);
    space.nbytes = 0; /* all of it is missing */
    CHECK_EQUAL(find(16, 4), 0);
    space.nbytes = 4;
    CHECK_EQUAL(find(16, 4), 0);
    CHECK_EQUAL(space.nreads, 0);
}

/* Offsets only grow, so that a circle would have to wrap; a long list ends all the same. */
CASE(xhci_list, a_long_list_ends)
{
    static const struct {
        uint32_t nwords, nreads;
    } lists[] = {{10, 10}, {XHCI_CAPABILITIES_MOST, 63}};
    for (size_t i = 0; i < 2; i++) {
        memset(&space, 0, sizeof space);
        space.nbytes = sizeof space.words;
        for (uint32_t word = 0; word + 1 < lists[i].nwords; word++)
            space.words[word] = 0x0105;
        CHECK_EQUAL(find(4, 9), 0);
        CHECK_EQUAL(space.nwrong, 0);
        CHECK((uint32_t)space.nreads <= lists[i].nreads);
    }
}

static uint32_t read_circle(void *context, uint32_t offset)
{
    (void)offset;
    return ++*(int *)context > XHCI_CAPABILITIES_MOST + 1 ? 9 : 0x0105;
}

CASE(xhci_list, not_more_than_so_many_are_read)
{
    int nreads = 0;
    CHECK_EQUAL(xhci_find_capability(read_circle, &nreads, UINT32_MAX, 4, 9), 0);
    CHECK_EQUAL(nreads, XHCI_CAPABILITIES_MOST);
    nreads = 0; /* the offset wraps */
    (void)xhci_find_capability(read_circle, &nreads, UINT32_MAX, UINT32_MAX - 7, 9);
    CHECK(nreads <= XHCI_CAPABILITIES_MOST);
}
