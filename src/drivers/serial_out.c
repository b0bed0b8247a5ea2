/*
 * Theory. What was printed enters the ring and leaves it when serial_serve() finds that the port
 * can send. Only a write to a full ring waits, and interrupts come meanwhile if its caller has them
 * on. The line is STUCK once somebody has waited in vain for SERIAL_PATIENCE_MICROSECONDS. Then
 * nobody waits, until a byte has left the ring.
 *
 * What found no room is counted in LOST. Nothing more enters the ring before the line that tells
 * how much that was: so that line stands where the bytes are missing.
 */
#include "cpu/cpu.h"
#include "drivers/deadline.h"
#include "drivers/serial_private.h"
#include "lib/byte_ring.h"
#include "lib/format.h"

enum {
    NOTICE_BYTES = 80,
    PATIENCE_BYTES = 32, /* twice what a port holds */
    PIECE_BYTES = 64     /* enter together: a boot's 983,000 instructions became 807,000 */
};

static uint8_t waiting[SERIAL_SEND_BYTES];

static struct {
    struct byte_ring ring;
    enum { MOVING, WAITED_FOR, STUCK } line;
    struct deadline patience; /* while WAITED_FOR */
    char last;                /* byte that entered the ring */
    bool cut;                 /* input was lost, and this is not told yet */
    uint64_t lost, told;      /* bytes ever */
    struct print_sink sink;
} out = {.ring = {.bytes = waiting, .size = SERIAL_SEND_BYTES}};

_Static_assert((SERIAL_SEND_BYTES & (SERIAL_SEND_BYTES - 1)) == 0, "a power of two");

size_t serial_unsent(void)
{
    return serial_port() ? byte_ring_used(&out.ring) : 0;
}

uint64_t serial_lost(void)
{
    uint32_t flags = cpu_save_flags();
    uint64_t lost = out.lost;
    cpu_restore_flags(flags);
    return lost;
}

uint32_t serial_out_next(uint8_t *bytes, uint32_t most)
{
    return byte_ring_next(&out.ring, bytes, most);
}

void serial_out_sent(uint32_t nbytes)
{
    out.line = MOVING;
    byte_ring_drop(&out.ring, nbytes);
}

static uint32_t room(void)
{
    return out.lost == out.told ? byte_ring_room(&out.ring) : 0;
}

static void put(const char *text, uint32_t nbytes)
{
    if (byte_ring_put(&out.ring, text, nbytes))
        out.last = text[nbytes - 1];
    else
        out.lost += nbytes;
}

void serial_out_tell_of_cut(void)
{
    out.cut = true;
}

void serial_out_tell(void)
{
    char text[NOTICE_BYTES];
    const char *start = out.last == '\n' ? "" : "\r\n";
    size_t length = 0;
    if (byte_ring_room(&out.ring) < sizeof text)
        return;
    if (out.lost != out.told) {
        length = format_text(text, sizeof text, "%s[serial: %llu bytes lost]\r\n", start,
                             (unsigned long long)(out.lost - out.told));
        out.told = out.lost;
    } else if (out.cut) {
        length = format_text(text, sizeof text,
                             "%s[serial: input lost; ignored up to the next Enter]\r\n", start);
        out.cut = false;
    }
    if (length > 0)
        put(text, (uint32_t)length);
}

/* A slow line takes its time for what a port holds. */
static uint32_t patience(void)
{
    uint32_t nmicroseconds = PATIENCE_BYTES * serial_byte_microseconds();
    return nmicroseconds > SERIAL_PATIENCE_MICROSECONDS ? nmicroseconds
                                                        : SERIAL_PATIENCE_MICROSECONDS;
}

/* Whether the line has been waited for too long; interrupts are off. */
static bool is_stuck(void)
{
    if (out.line == MOVING) {
        out.patience = deadline_in(patience());
        out.line = WAITED_FOR;
    } else if (out.line == WAITED_FOR && deadline_passed(&out.patience)) {
        out.line = STUCK;
    }
    return out.line == STUCK;
}

/* Whether OUT has room for NBYTES; sends what can be sent, and does not wait. */
static bool has_room_now(uint32_t nbytes, bool *stuck)
{
    uint32_t flags = cpu_save_flags();
    if (room() < nbytes)
        serial_serve();
    bool has = room() >= nbytes;
    *stuck = !has && is_stuck();
    cpu_restore_flags(flags);
    return has;
}

/* The same, and waits; false where the line is stuck. Between two looks interrupts come. */
static bool wait_for_room(uint32_t nbytes)
{
    bool stuck = false, has = false;
    while (!has && !stuck)
        has = has_room_now(nbytes, &stuck);
    return has;
}

/* Adds what enters as a whole, or is lost. */
static void add(const char *text, uint32_t nbytes)
{
    bool has = wait_for_room(nbytes);
    uint32_t flags = cpu_save_flags();
    if (has && room() >= nbytes)
        put(text, nbytes);
    else
        out.lost += nbytes;
    cpu_restore_flags(flags);
}

bool serial_out_wait(void)
{
    return wait_for_room(SERIAL_SEND_BYTES);
}

static void write(const char *text, size_t nbytes)
{
    size_t end = 0;
    while (end < nbytes) {
        size_t start = end;
        while (end < nbytes && end - start < PIECE_BYTES && text[end] != '\n')
            end++;
        if (end > start) {
            add(&text[start], (uint32_t)(end - start));
        } else {
            add("\r\n", 2);
            end++;
        }
    }
    serial_poll();
    uint32_t rest = serial_leaves();
    if (rest < SERIAL_SEND_BYTES)
        (void)wait_for_room(SERIAL_SEND_BYTES - rest);
}

static void flush(void)
{
    (void)serial_out_wait();
}

/* A line that is stuck is waited for by nobody. */
static size_t backlog(void)
{
    uint32_t flags = cpu_save_flags();
    serial_serve();
    size_t unsent = out.line != STUCK ? serial_unsent() : 0;
    cpu_restore_flags(flags);
    return unsent;
}

void serial_out_stand_still(void)
{
    out.line = STUCK;
}

void serial_out_start(bool alone)
{
    if (alone)
        serial_out_stand_still();
    out.sink = (struct print_sink){.write = write, .flush = flush, .backlog = backlog};
    print_add_sink(&out.sink);
}

const struct print_sink *serial_out_sink(void)
{
    return &out.sink;
}
