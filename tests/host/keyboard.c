/*
 * The keyboard's driver before a made-up 8042: bytes that are under way at the worst moment,
 * keyboards and controllers that answer late, wrongly or never. A port read is a step of time.
 */
#include "ports.h"

#include "case.h"

#define PLAT_DRIVERS_PIC_H
static void (*on_interrupt)(void);
static void pic_start(unsigned line, void (*handler)(void))
{
    on_interrupt = line == 1 ? handler : NULL;
}

#include "drivers/keyboard.c"

enum { QUEUE = 64, KEYS = 64 };

/* The controller and the keyboard, as their manuals describe them. */
static struct {
    uint32_t now, latency; /* of each of both, in steps */
    uint32_t accesses;
    bool mute, forgetful, no_keyboard, no_lights; /* what is wrong with it */
    unsigned refusals;                            /* that the keyboard has left: RESEND */

    uint8_t configuration;
    bool full, from_mouse; /* the output buffer */
    uint8_t output;
    int input; /* in the input buffer; -1: empty */
    bool input_is_command;
    uint32_t input_at;
    int pending;       /* command that waits for its data; -1: none */
    bool answer_waits; /* for the output buffer */

    struct {
        uint8_t byte;
        uint32_t at;
        bool mouse;
    } wire[QUEUE]; /* from the devices, in order */
    unsigned nwire;

    bool scanning;
    uint8_t set, lights;
    int keyboard_pending;

    bool enabled_again;
    unsigned nkeys_then; /* letters that came since */
    int keys[KEYS];
    unsigned nkeys;
} board;

static void put_on_wire(uint8_t byte, uint32_t in, bool mouse)
{
    board.wire[board.nwire].byte = byte;
    board.wire[board.nwire].mouse = mouse;
    board.wire[board.nwire++].at = board.now + in;
}

static void keyboard_gets(uint8_t byte)
{
    if (board.no_keyboard)
        return;
    if (board.refusals > 0) {
        board.refusals--;
        put_on_wire(0xfe, board.latency, false);
        return;
    }
    if (board.no_lights && byte == 0xed)
        return;
    if (board.keyboard_pending == 0xed)
        board.lights = byte;
    else if (board.keyboard_pending == 0xf0)
        board.set = byte;
    bool takes_data = board.keyboard_pending < 0 && (byte == 0xed || byte == 0xf0);
    if (board.keyboard_pending < 0 && byte == 0xf4)
        board.scanning = true;
    if (board.keyboard_pending < 0 && byte == 0xf6)
        board.set = 2;
    board.keyboard_pending = takes_data ? byte : -1;
    put_on_wire(0xfa, board.latency, false);
}

static void controller_obeys(uint8_t byte, bool command)
{
    int pending = board.pending;
    board.pending = -1;
    if (!command && pending == 0x60 && !board.forgetful)
        board.configuration = byte;
    else if (!command && pending < 0) {
        board.configuration &= 0xef; /* a byte for the keyboard turns it on */
        keyboard_gets(byte);
    } else if (command && byte == 0xad)
        board.configuration |= 0x10;
    else if (command && byte == 0xae) {
        board.configuration &= 0xef;
        board.enabled_again = true;
    }
    if (command && byte == 0xa7)
        board.configuration |= 0x20;
    else if (command && byte == 0x60)
        board.pending = 0x60;
    else if (command && byte == 0x20)
        board.answer_waits = !board.mute;
}

static void step(void)
{
    board.now++;
    if (!board.full && board.answer_waits) {
        board.full = true;
        board.from_mouse = false;
        board.output = board.configuration;
        board.answer_waits = false;
    }
    /* What has begun to arrive goes on arriving when the keyboard is turned off. */
    if (!board.full && board.nwire > 0 && board.now >= board.wire[0].at) {
        board.full = true;
        board.output = board.wire[0].byte;
        board.from_mouse = board.wire[0].mouse;
        board.nkeys_then += board.enabled_again && board.output == 0x1e;
        board.nwire--;
        for (unsigned i = 0; i < board.nwire; i++)
            board.wire[i] = board.wire[i + 1];
    }
    if (board.input >= 0 && board.now >= board.input_at && !board.answer_waits) {
        int byte = board.input;
        board.input = -1;
        controller_obeys((uint8_t)byte, board.input_is_command);
    }
}

static uint32_t port_read(uint16_t port, unsigned nbytes)
{
    (void)nbytes;
    step();
    board.accesses++;
    if (port == 0x64)
        return (board.full ? 1u : 0) | (board.input >= 0 ? 2u : 0) | 4u |
               (board.full && board.from_mouse ? 0x20u : 0);
    board.full = false;
    return board.output;
}

static void port_write(uint16_t port, uint32_t value, unsigned nbytes)
{
    (void)nbytes;
    board.accesses++;
    if (board.input >= 0)
        return; /* lost */
    board.input = (uint8_t)value;
    board.input_is_command = port == 0x64;
    board.input_at = board.now + board.latency;
}

static void press(int key)
{
    if (board.nkeys < KEYS)
        board.keys[board.nkeys++] = key;
}

static void begin(uint32_t latency)
{
    __builtin_memset(&board, 0, sizeof board);
    __builtin_memset(&keyboard, 0, sizeof keyboard);
    board.latency = latency;
    board.input = board.pending = board.keyboard_pending = -1;
    board.configuration = 0x27; /* both interrupts, the mouse off, no translation */
    board.set = 2;
    board_ticks = 0;
    on_interrupt = NULL;
}

/* Lets time pass, with an interrupt for each byte that comes. */
static void run(uint32_t nsteps)
{
    for (uint32_t i = 0; i < nsteps; i++) {
        step();
        if (board.full && on_interrupt && (board.configuration & 1))
            on_interrupt();
    }
}

/* As it is to be: on, translated, its interrupt open and the mouse's shut; and what else there was.
 */
static bool is_ready(void)
{
    return board.configuration == 0x65 && board.scanning && board.set == 2 && on_interrupt;
}

CASE(keyboard, k15_a_byte_that_was_under_way_is_not_the_configuration)
{
    for (uint32_t latency = 0; latency < 4; latency++)
        for (uint32_t in = 0; in < 60; in++)
            for (unsigned byte = 0; byte < 256; byte++) {
                begin(latency);
                put_on_wire((uint8_t)byte, in, false);
                put_on_wire(0xe0, in + 1, false);
                bool found = keyboard_init(press);
                run(1000);
                if (!found || !is_ready())
                    case_fail(run_, __FILE__, __LINE__,
                              "byte %02x in %u steps, latency %u: found %d, configuration %02x",
                              byte, in, latency, found, board.configuration);
            }
}

CASE(keyboard, k15_the_keyboard_is_on_again_where_the_controller_does_not_answer)
{
    begin(1);
    board.mute = true;
    CHECK(!keyboard_init(press));
    run(10);
    CHECK_EQUAL(board.configuration & 0x10, 0);
    begin(1);
    board.forgetful = true;
    board.configuration = 0x24;
    CHECK(!keyboard_init(press)); /* its interrupt can't be turned on */
    run(10);
    CHECK_EQUAL(board.configuration & 0x10, 0);
}

CASE(keyboard, k15_scanning_and_its_codes_are_asked_for)
{
    begin(1);
    board.set = 3;
    CHECK(keyboard_init(press));
    CHECK(is_ready());
    begin(2);
    board.refusals = 3;
    CHECK(keyboard_init(press));
    CHECK(is_ready());
    begin(2);
    board.no_keyboard = true;
    CHECK(keyboard_init(press)); /* there is a controller, and one may be plugged in */
    CHECK(on_interrupt != NULL);
}

CASE(keyboard, k15_a_key_pressed_while_the_keyboard_is_asked_is_not_lost)
{
    unsigned then = 0;
    for (uint32_t latency = 0; latency < 4; latency++)
        for (uint32_t in = 0; in < 100; in++) {
            begin(latency);
            put_on_wire(0x1e, in, false);
            CHECK(keyboard_init(press));
            then += board.nkeys_then > 0 && board.nkeys > 0;
            run(200);
            CHECK(board.nkeys >= board.nkeys_then);
        }
    CHECK(then > 0);
}

CASE(keyboard, k15_without_translation_the_keyboard_is_asked_for_set_1)
{
    begin(1);
    board.forgetful = true;
    board.configuration = 0x25;
    CHECK(keyboard_init(press));
    run(10);
    CHECK_EQUAL(board.set, 1);
    CHECK(board.scanning);
}

/* Caps Lock, the way of its light with BETWEEN other bytes at every moment of it, then a and b. */
CASE(keyboard, k11_lights_are_set_and_no_key_is_lost_meanwhile)
{
    for (uint32_t latency = 0; latency < 6; latency++)
        for (uint32_t in = 1; in < 40; in++)
            for (unsigned refusals = 0; refusals < 4; refusals++) {
                begin(latency);
                CHECK(keyboard_init(press));
                run(100);
                CHECK_EQUAL(board.lights, 0);
                board.refusals = refusals;
                board.input = 0xae; /* the controller is busy for a while */
                board.input_is_command = true;
                board.input_at = board.now + in / 2;
                put_on_wire(0x3a, 1, false);
                put_on_wire(0x1e, in, false);
                put_on_wire(0x1e, in, true); /* a mouse's */
                put_on_wire(0x9e, in, false);
                put_on_wire(0x30, in + 1, false);
                run(100);
                keyboard_poll(); /* as the prompt does */
                run(500);
                CHECK_EQUAL(board.lights, 4);
                CHECK_EQUAL(board.nkeys, 2);
                CHECK(board.keys[0] == 'A' && board.keys[1] == 'B');
                CHECK_EQUAL(board.keyboard_pending, -1);
                CHECK_EQUAL(keyboard.lights, TOLD);
            }
}

CASE(keyboard, k11_the_interrupt_does_not_wait_for_a_keyboard_without_lights)
{
    for (int dead = 0; dead < 2; dead++) {
        begin(1);
        CHECK(keyboard_init(press));
        run(100);
        board.no_lights = !dead;
        board.no_keyboard = dead;
        uint32_t most = 0;
        for (unsigned i = 0; i < 20; i++) {
            put_on_wire(i % 4 == 0 ? 0x45 : i % 4 == 1 ? 0xc5 : 0x4f, 1, false);
            step();
            uint32_t before = board.accesses;
            on_interrupt();
            most = board.accesses - before > most ? board.accesses - before : most;
            board_ticks += 30;
        }
        CHECK(most <= 8);
        CHECK_EQUAL(board.nkeys, 10);
        CHECK(board.keys[0] == '1' && board.keys[2] == KEY_END);
        board.no_keyboard = board.no_lights = false; /* another one is plugged in */
        put_on_wire(0x45, 1, false);
        run(100);
        CHECK_EQUAL(board.lights, 0);
        put_on_wire(0x3a, 1, false);
        run(100);
        CHECK_EQUAL(board.lights, 4);
    }
}
