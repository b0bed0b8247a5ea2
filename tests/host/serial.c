/*
 * The serial line's driver before made-up ports: those that come late, go and come back, whose
 * interrupts do not come, that share them, and what is no serial port at all.
 */
#include "ports.h"

#include <string.h>

#include "case.h"
#include "lib/print.h"
#include "lib/string.h"

#define PLAT_CPU_CPU_H
static uint32_t cpu_save_flags(void)
{
    return 0;
}
static void cpu_restore_flags(uint32_t flags)
{
    (void)flags;
}

#define PLAT_DRIVERS_PIC_H
static void (*on_line[16])(void);
static void pic_start(unsigned line, void (*handler)(void))
{
    on_line[line] = handler;
}
static void pic_stop(unsigned line)
{
    on_line[line] = NULL;
}

static void (*on_tick)(void);
static void timer_on_tick(void (*handler)(void))
{
    on_tick = handler;
}

/* How often somebody who waits has looked at the time. */
static uint32_t nlooks;
#define deadline_passed(deadline) (nlooks++, deadline_passed(deadline))

/* The test writes to the sink itself. */
#define print_add_sink(sink) ((void)(sink))

#include "drivers/serial.c"
#include "drivers/serial_find.c"
#include "drivers/serial_out.c"

enum { UARTS = 5, TEXT = 100000 };

/* A 16550 each, and at STRANGE something whose registers all read the same. */
static struct uart {
    uint16_t port;
    bool there, deaf; /* deaf: its interrupt leads nowhere */
    uint8_t line;
    uint8_t enabled, control, modem, divisor[2];
    bool fifo;
    bool wire;         /* the last byte is on its way for 20 looks; else none takes time */
    uint32_t way;      /* .. of which so many are left */
    uint32_t burst;    /* bytes written since the last look */
    uint32_t most;     /* .. at most */
    uint32_t emptied;  /* how often the FIFO was turned on or off, */
    uint32_t nlost;    /* .. and how many bytes were in the port then */
    const char *typed; /* what comes in, */
    uint32_t comes;    /* after so many looks */
    size_t nsent;
    char sent[TEXT];
} uarts[UARTS];

static struct {
    uint16_t strange;
    uint8_t strange_reads;
    uint32_t accesses, writes; /* to no UART */
    uint32_t strange_accesses, strange_writes;
    uint32_t bar, command; /* of a card on PCI; 0: there is none */
} board;

static struct uart *uart_at(uint16_t port)
{
    for (size_t i = 0; i < UARTS; i++)
        if (uarts[i].there && uarts[i].port == (port & 0xfff8))
            return &uarts[i];
    return NULL;
}

static bool has_byte(const struct uart *uart)
{
    return *uart->typed && !uart->comes;
}

static bool asks(const struct uart *uart)
{
    return (uart->enabled & 2) || ((uart->enabled & 1) && has_byte(uart));
}

/* A byte that is to come does so between this look and what is done next. */
static uint32_t status_of(struct uart *uart)
{
    uint32_t status = (has_byte(uart) ? 0x01u : 0) | 0x20 | (uart->way ? 0 : 0x40);
    uart->comes -= uart->comes > 0;
    uart->way -= uart->way > 0;
    uart->burst = 0;
    return status;
}

static uint32_t port_read(uint16_t port, unsigned nbytes)
{
    struct uart *uart = uart_at(port);
    (void)nbytes;
    if (!uart) {
        board.accesses++;
        bool strange = board.strange && (port & 0xfff8) == board.strange;
        board.strange_accesses += strange;
        return strange ? board.strange_reads : 0xff;
    }
    switch (port & 7) {
    case 0:
        return uart->control & 0x80 ? uart->divisor[0]
               : has_byte(uart)     ? (uint8_t)*uart->typed++
                                    : 0;
    case 1:
        return uart->control & 0x80 ? uart->divisor[1] : uart->enabled;
    case 2:
        return (uint32_t)((uart->enabled & 1) && has_byte(uart) ? 4
                          : uart->enabled & 2                   ? 2
                                                                : 1) |
               (uart->fifo ? 0xc0 : 0);
    case 3:
        return uart->control;
    case 4:
        return uart->modem;
    case 5:
        return status_of(uart);
    default:
        return 0;
    }
}

static void write_byte(struct uart *uart, char byte)
{
    uart->sent[uart->nsent++] = byte;
    uart->way = uart->wire ? 20 : 0;
    if (++uart->burst > uart->most)
        uart->most = uart->burst;
}

/* Empties the port. */
static void set_fifo(struct uart *uart, bool on)
{
    if (uart->fifo == on)
        return;
    uart->fifo = on;
    uart->emptied++;
    uart->nlost += (uint32_t)has_byte(uart) + (uart->way > 0);
    uart->typed += has_byte(uart);
}

static void port_write(uint16_t port, uint32_t value, unsigned nbytes)
{
    struct uart *uart = uart_at(port);
    (void)nbytes;
    if (!uart) {
        board.writes++;
        board.strange_writes += board.strange && (port & 0xfff8) == board.strange;
        return;
    }
    switch (port & 7) {
    case 0:
    case 1:
        if (uart->control & 0x80)
            uart->divisor[port & 7] = (uint8_t)value;
        else if (port & 1)
            uart->enabled = (uint8_t)value;
        else
            write_byte(uart, (char)value);
        break;
    case 2:
        set_fifo(uart, value & 1);
        break;
    case 3:
        uart->control = (uint8_t)value;
        break;
    case 4:
        uart->modem = (uint8_t)value;
        break;
    }
}

/* The only function on PCI, at the first place. */
static uint32_t read_pci(pci_place_t place, uint32_t offset)
{
    return place != 0 || !board.bar  ? UINT32_MAX
           : offset == PCI_ID        ? 0x00021b36
           : offset == PCI_COMMAND   ? board.command
           : offset == PCI_CLASS     ? 0x07000201
           : offset == PCI_BAR       ? board.bar
           : offset == PCI_INTERRUPT ? 11
                                     : 0;
}

static void write_pci(pci_place_t place, uint32_t offset, uint32_t value)
{
    if (place == 0 && offset == PCI_COMMAND)
        board.command = value;
}

const struct pci_access *pci_machine(void)
{
    static const struct pci_access access = {read_pci, write_pci};
    return board.bar ? &access : NULL;
}

/* Empty sockets at the four known places, and at 0xc010. */
static void begin(void)
{
    static const uint16_t ports[UARTS] = {0x3f8, 0x2f8, 0x3e8, 0x2e8, 0xc010};
    static const uint8_t lines[UARTS] = {4, 3, 4, 3, 11};
    memset(&board, 0, sizeof board);
    memset(uarts, 0, sizeof uarts);
    memset(on_line, 0, sizeof on_line);
    memset(&serial, 0, sizeof serial);
    memset(&out, 0, sizeof out);
    memset(&find, 0, sizeof find);
    serial.in = (struct byte_ring){.bytes = kept, .size = SERIAL_BUFFER_BYTES};
    out.ring = (struct byte_ring){.bytes = waiting, .size = SERIAL_SEND_BYTES};
    for (size_t i = 0; i < UARTS; i++)
        uarts[i] = (struct uart){.port = ports[i], .line = lines[i], .typed = ""};
}

static void start(enum options_serial_where where, uint16_t port, uint32_t baud)
{
    struct options_serial wanted = {where, port, baud};
    serial_init(&wanted);
    serial_start_input(NULL);
}

/* Each interrupt that is asked for comes, as often as it is. */
static void settle(void)
{
    for (size_t i = 0; i < UARTS; i++)
        for (int n = 0; n < 20000 && uarts[i].there && !uarts[i].deaf && asks(&uarts[i]) &&
                        on_line[uarts[i].line];
             n++)
            on_line[uarts[i].line]();
}

static void tick_for(uint32_t nticks)
{
    for (uint32_t i = 0; i < nticks; i++) {
        on_tick();
        settle();
    }
}

static void say(const char *text)
{
    out.sink.write(text, strlen(text));
}

static bool has_sent(const struct uart *uart, const char *text)
{
    return uart->nsent == strlen(text) && memcmp(uart->sent, text, uart->nsent) == 0;
}

static bool has_read(const char *text)
{
    for (; *text; text++)
        if (serial_read() != (uint8_t)*text)
            return false;
    return serial_read() == -1;
}

CASE(serial_line, the_first_that_is_there)
{
    for (size_t i = 0; i < UARTS; i++)
        for (size_t j = i; j < UARTS; j++) {
            begin();
            uarts[i].there = uarts[j].there = true;
            board.bar = uarts[4].there ? 0xc011 : 0;
            start(OPTIONS_SERIAL_ANY, 0, 115200);
            size_t wanted = i == 3 && j == 4 ? 4 : i; /* COM4 is the last resort */
            CHECK_EQUAL(serial_port(), uarts[wanted].port);
            CHECK_EQUAL(board.writes, 0);
            settle();
            CHECK(serial_by_interrupt());
            CHECK_EQUAL(board.command, wanted == 4);
            say("x\n");
            settle();
            CHECK(has_sent(&uarts[wanted], "x\r\n"));
        }
}

CASE(serial_line, the_one_that_is_wanted_and_how_fast)
{
    static const uint32_t bauds[] = {115200, 9600, 300, 50};
    for (size_t i = 0; i < 4; i++) {
        begin();
        for (size_t j = 0; j < UARTS; j++)
            uarts[j].there = true;
        start(OPTIONS_SERIAL_PORT, uarts[i].port, bauds[i]);
        CHECK_EQUAL(serial_port(), uarts[i].port);
        CHECK_EQUAL(uarts[i].divisor[0] + uarts[i].divisor[1] * 256, 115200 / bauds[i]);
        CHECK_EQUAL(uarts[i].control, 3);
        for (size_t j = 0; j < UARTS; j++)
            CHECK(j == i || uarts[j].divisor[0] == 0);
    }
    begin();
    uarts[0].there = true;
    start(OPTIONS_SERIAL_NONE, 0, 115200);
    CHECK_EQUAL(serial_port(), 0);
    CHECK(!serial_sink() && uarts[0].divisor[0] == 0);
    start(OPTIONS_SERIAL_PCI, 0, 115200); /* and there is no PCI */
    CHECK_EQUAL(serial_port(), 0);
}

CASE(serial_line, where_nothing_answers_nothing_is_written)
{
    begin();
    start(OPTIONS_SERIAL_ANY, 0, 115200);
    CHECK_EQUAL(board.accesses, 2 * 3 + 1);
    board.accesses = 0;
    tick_for(1000);
    CHECK_EQUAL(board.accesses, 10 * 3);
    CHECK_EQUAL(board.writes, 0);
}

/* An old video card has its palette at COM4's place; anything may be anywhere. */
CASE(serial_line, what_is_no_serial_port_is_left_alone)
{
    begin();
    board.strange = 0x2e8;
    board.strange_reads = 0x15;
    uarts[2].there = true;
    start(OPTIONS_SERIAL_ANY, 0, 115200);
    tick_for(1000);
    CHECK_EQUAL(board.strange_accesses + board.strange_writes, 0);
    begin();
    board.strange = 0x2e8;
    start(OPTIONS_SERIAL_ANY, 0, 115200);
    CHECK(board.strange_writes > 0);
    board.strange_accesses = board.strange_writes = 0;
    tick_for(1000);
    CHECK_EQUAL(board.strange_accesses + board.strange_writes, 0);
    begin();
    board.strange = 0x2f8;
    start(OPTIONS_SERIAL_ANY, 0, 115200);
    board.writes = 0;
    tick_for(1000);
    CHECK_EQUAL(board.writes, 0); /* what is read does not change, */
    board.strange_reads = 0xff;
    tick_for(1000);
    CHECK_EQUAL(board.writes, 0); /* or nothing answers any more */
}

CASE(serial_line, a_line_that_appears_later_says_what_it_missed)
{
    begin();
    start(OPTIONS_SERIAL_ANY, 0, 115200);
    CHECK(!serial_sink());
    nlooks = 0;
    for (int i = 0; i < 10000; i++)
        say("early!\n");
    CHECK_EQUAL(nlooks, 0);
    CHECK_EQUAL(serial_unsent(), 0);
    tick_for(150);
    uarts[1].there = true;
    uarts[1].typed = "ps\r"; /* before anybody looked */
    tick_for(100);
    CHECK_EQUAL(serial_port(), 0x2f8);
    CHECK(serial_sink() && serial_by_interrupt());
    say("late\n");
    settle();
    uarts[1].sent[uarts[1].nsent] = '\0';
    CHECK(string_starts_with(uarts[1].sent, "early!\r\nearly!\r\n"));
    CHECK(string_contains(uarts[1].sent, "early!\r\n[serial: 14464 bytes lost]\r\nlate\r\n"));
    CHECK_EQUAL(uarts[1].nsent, 8 * 8192 + 28 + 6);
    CHECK(has_read("ps\r"));
    CHECK_EQUAL(board.writes, 0);
}

CASE(serial_line, a_line_that_was_pulled_out_comes_back)
{
    begin();
    uarts[0].there = true;
    start(OPTIONS_SERIAL_ANY, 0, 115200);
    say("one\n");
    settle();
    uarts[0].typed = "free 1";
    settle();
    uarts[0].there = false;
    say("two\n"); /* before a tick has seen it */
    tick_for(100);
    nlooks = 0;
    CHECK_EQUAL(serial_port(), 0);
    CHECK(!on_line[4] && serial_sink());
    say("three\n");
    for (size_t i = 0; i < SERIAL_SEND_BYTES; i += 8) /* more than is kept */
        say("1234567\n");
    CHECK_EQUAL(nlooks, 0);
    uarts[0].there = true;
    memset(uarts[0].divisor, 0, 2);
    uarts[0].control = uarts[0].enabled = 0; /* as after a reset */
    uarts[0].nsent = 0;
    tick_for(100);
    CHECK_EQUAL(serial_port(), 0x3f8);
    uarts[0].typed = "000\rps\r"; /* the first of it belongs to a line that was cut */
    settle();
    CHECK(has_read("free 1" SERIAL_CANCEL "ps\r"));
    uarts[0].sent[uarts[0].nsent] = '\0';
    CHECK(string_starts_with(uarts[0].sent, "two\r\nthree\r\n1234567\r\n"));
    CHECK(string_contains(uarts[0].sent, "[serial: 8208 bytes lost]\r\n"));
    CHECK(string_contains(uarts[0].sent, "[serial: input lost;"));
}

/* A management controller may reset its port, which stays where it is. */
CASE(serial_line, a_line_that_was_reset_is_set_up_again)
{
    begin();
    uarts[0].there = true;
    start(OPTIONS_SERIAL_ANY, 0, 9600);
    uarts[0].control = uarts[0].enabled = uarts[0].divisor[0] = uarts[0].divisor[1] = 0;
    tick_for(100);
    CHECK_EQUAL(uarts[0].divisor[0], 12);
    CHECK_EQUAL(serial_port(), 0x3f8);
}

CASE(serial_line, without_interrupts_ticks_send_and_receive)
{
    static char text[3001];
    memset(text, 'x', sizeof text - 1);
    begin();
    uarts[2].there = uarts[2].deaf = true;
    start(OPTIONS_SERIAL_ANY, 0, 115200);
    say(text);
    CHECK(has_sent(&uarts[2], text)); /* nobody else would have sent it */
    tick_for(1);
    say(text);
    size_t nsent = uarts[2].nsent - 3000;
    CHECK(nsent >= 3000 - 1024 && nsent < 3000 - 1024 + 16);
    tick_for(10);
    CHECK_EQUAL(uarts[2].nsent, 3000 + nsent + 160);
    tick_for(60);
    CHECK_EQUAL(uarts[2].nsent, 6000);
    uarts[2].typed = "run hello\r";
    tick_for(1);
    CHECK(has_read("run hello\r"));
    CHECK(!serial_by_interrupt());
}

/* Another device on the card's line that nobody serves. */
CASE(serial_line, a_line_of_pcis_that_others_hold_is_closed)
{
    begin();
    uarts[4].there = true;
    board.bar = 0xc011;
    start(OPTIONS_SERIAL_ANY, 0, 115200);
    settle();
    CHECK(serial_by_interrupt());
    uint32_t n = 0;
    while (on_line[11] && n++ < 5000)
        on_line[11]();
    CHECK_EQUAL(n, STRANGERS_MOST + 1);
    CHECK(!serial_by_interrupt());
    uarts[4].nsent = 0;
    say("still there\n");
    tick_for(1);
    CHECK(has_sent(&uarts[4], "still there\r\n"));
    uarts[4].typed = "ps\r";
    tick_for(1);
    CHECK(has_read("ps\r"));
    CHECK_EQUAL(uarts[4].enabled, 0);
}

/* An interrupt that comes for nothing is no harm where nobody else can ask for it. */
CASE(serial_line, a_line_of_a_pcs_own_stays_open)
{
    begin();
    uarts[0].there = true;
    start(OPTIONS_SERIAL_ANY, 0, 115200);
    settle();
    for (int i = 0; i < 5000; i++)
        on_line[4]();
    CHECK(serial_by_interrupt());
}

/* A card of which only the range of ports is known at first. */
CASE(serial_line, a_card_that_answers_later_or_is_elsewhere)
{
    begin();
    board.bar = 0xc011;
    board.command = 0xf9000400;
    start(OPTIONS_SERIAL_PCI, 0, 115200);
    CHECK_EQUAL(serial_port(), 0);
    uarts[4].there = true;
    board.command = 0x400;
    board.bar = 0xc021;
    tick_for(100);
    CHECK_EQUAL(serial_port(), 0);
    CHECK_EQUAL(board.command, 0x400);
    board.bar = 0xc011;
    tick_for(100);
    CHECK_EQUAL(serial_port(), 0xc010);
    CHECK_EQUAL(board.command, 1);
}

/* An emulator's brings the first byte in whenever it likes: also behind the very last look. */
CASE(serial_line, k10_what_is_typed_while_it_starts_is_whole)
{
    for (uint32_t comes = 0; comes < 60; comes++) {
        begin();
        uarts[0].there = true;
        uarts[0].typed = "free 1\r";
        uarts[0].comes = comes;
        struct options_serial wanted = {OPTIONS_SERIAL_ANY, 0, 115200};
        serial_init(&wanted);
        for (int i = 0; i < 4; i++)
            say("0123456789abcdefghijklmnopqrstuvwxyz\n");
        serial_start_input(NULL);
        settle();
        tick_for(10);
        CHECK(has_read("free 1\r"));
        CHECK_EQUAL(uarts[0].nsent, 4 * 38);
        CHECK_EQUAL(uarts[0].emptied, 0);
        CHECK_EQUAL(uarts[0].most, 1);
    }
}

/* A wire needs the FIFO, which is turned on while nothing is under way; one that is on stays on. */
CASE(serial_line, a_wire_has_its_fifo)
{
    for (int i = 0; i < 8; i++) {
        begin();
        uarts[0].there = uarts[0].wire = true;
        uarts[0].fifo = i & 1;
        uarts[0].typed = i & 2 ? "free 1\r" : "";
        uarts[0].there = !(i & 4);
        start(OPTIONS_SERIAL_ANY, 0, 115200);
        uarts[0].there = true;
        tick_for(100);
        for (int j = 0; j < 40; j++) {
            say("0123456789abcdefghijklmnopqrstuvwxyz\n");
            settle();
            if (j > 20)
                uarts[0].way = 0; /* a pause */
        }
        CHECK(uarts[0].fifo);
        CHECK_EQUAL(uarts[0].emptied, !(i & 1));
        CHECK_EQUAL(uarts[0].nlost, 0);
        CHECK_EQUAL(uarts[0].nsent, 40 * 38);
        CHECK_EQUAL(uarts[0].most, 16);
        CHECK_EQUAL(uarts[0].modem, 0x0b);
        CHECK(has_read(i & 2 ? "free 1\r" : ""));
    }
}
