/*
 * Theory. The ring holds lines: a stamp of 5 bytes, text, '\n'. A stamp is known by its place
 * alone, behind the end of a line or in front of all text, so that no byte of the text can be taken
 * for one; each of its bytes has bit 7 set, so that no byte of a stamp can be taken for the end of
 * a line. Of the line whose beginning was overwritten, up to 5 leading bytes with bit 7 are left
 * out: they may be the rest of its stamp.
 *
 * Invariant: at every moment one of the two slots in memory is right about the bytes that it says
 * are kept. For that, LOG_STEP_BYTES bytes of the ring are never counted as kept. A step writes
 * into these alone, then the slot that does not count, and then that one counts; nothing that was
 * right before has been touched until then. So a restart at any moment loses the last step at most.
 * The program's own states go the same way, by one store at last: a panic in the middle of a step
 * finds the log as it was before it.
 *
 * The sum adds each byte times an odd number that is its place's, and END and KEPT times odd
 * numbers. Flipping one bit of anything that is summed changes the sum by an odd multiple of a
 * power of two below 2^32, which is never 0; magic, version and size are compared.
 *
 * Cost: two multiplications a byte (one that comes, one that goes), four a step. Opening a log
 * that was kept takes a step a byte; where the magic is not there, nothing is read.
 */
#include "lib/log.h"

enum {
    MAGIC = 0x676f6c50, /* "Plog" */
    VERSION = 1,
    STAMP_BIT = 0x80, /* in each byte of a stamp */
    BOOT_BIT = 0x40   /* in its last one, which has four bits of the time */
};

#define SUM_EMPTY 0x5a17ab1eu
#define SUM_END   0x9e3779b1u
#define SUM_KEPT  0x85ebca77u

static uint32_t window(const struct log *log)
{
    return log->nbytes - LOG_STEP_BYTES;
}

static uint8_t *byte_at(const struct log *log, uint32_t at)
{
    return &log->ring[at & (log->nbytes - 1)];
}

static uint32_t part_of_sum(uint8_t byte, uint32_t place)
{
    return byte * (2 * place + 1);
}

static struct log_slot slot_of(const struct log_state *state)
{
    return (struct log_slot){state->end, state->kept,
                             SUM_EMPTY + state->sum + state->end * SUM_END +
                                 state->kept * SUM_KEPT};
}

static const struct log_state *state_of(const struct log *log)
{
    return &log->states[log->current];
}

/* Appends NBYTES bytes, no more than a step has room for; as many of the oldest go, if need be. */
static void put(const struct log *log, struct log_state *state, const uint8_t *bytes,
                uint32_t nbytes)
{
    uint8_t *ring = log->ring;
    uint32_t mask = log->nbytes - 1, most = window(log), kept = state->kept, sum = state->sum;
    for (uint32_t at = state->end - kept; kept + nbytes > most; kept--, at++)
        sum -= part_of_sum(ring[at & mask], at & mask);
    for (uint32_t i = 0, at = state->end; i < nbytes; i++, at++) {
        uint8_t byte = bytes[i];
        ring[at & mask] = byte;
        sum += part_of_sum(byte, at & mask);
    }
    state->kept = kept + nbytes;
    state->own = state->own + nbytes < most ? state->own + nbytes : most;
    state->sum = sum;
    state->end += nbytes;
}

static void put_stamp(const struct log *log, struct log_state *state, uint32_t time, uint8_t bits)
{
    uint8_t stamp[LOG_STAMP_BYTES];
    for (int i = 0; i < LOG_STAMP_BYTES; i++)
        stamp[i] = (uint8_t)(STAMP_BIT | time >> 7 * i);
    stamp[LOG_STAMP_BYTES - 1] |= bits;
    put(log, state, stamp, sizeof stamp);
}

static bool at_line_start(const struct log *log, const struct log_state *state)
{
    return state->kept == 0 || *byte_at(log, state->end - 1) == '\n';
}

/* What stands before it is in memory before what stands behind it. */
static void keep_order(void)
{
    __asm__ volatile("" ::: "memory");
}

static void commit(struct log *log, const struct log_state *state)
{
    unsigned other = !log->current;
    log->memory->slots[other] = slot_of(state);
    log->states[other] = *state;
    keep_order();
    log->current = other;
}

/* How many of NBYTES bytes of TEXT belong to its first line, the end of the line among them. */
static uint32_t length_of_line(const char *text, uint32_t nbytes)
{
    uint32_t length = 0;
    while (length < nbytes && text[length++] != '\n')
        ;
    return length;
}

/* Writes as much of TEXT as a step has room for; how much that was. */
static size_t write_step(struct log *log, const char *text, size_t nbytes, uint32_t now,
                         uint8_t bits)
{
    const struct log_state before = *state_of(log);
    struct log_state state = before;
    size_t done = 0;
    while (done < nbytes && state.end - before.end < LOG_STEP_BYTES - LOG_STAMP_BYTES) {
        if (at_line_start(log, &state))
            put_stamp(log, &state, now, bits);
        uint32_t room = LOG_STEP_BYTES - (state.end - before.end);
        uint32_t part =
            length_of_line(text + done, nbytes - done < room ? (uint32_t)(nbytes - done) : room);
        put(log, &state, (const uint8_t *)text + done, part);
        done += part;
    }
    keep_order();
    if (state_of(log)->end != before.end)
        return 0; /* another text came meanwhile, into the same bytes */
    commit(log, &state);
    return done;
}

static void write(struct log *log, const char *text, size_t nbytes, uint32_t now, uint8_t bits)
{
    for (size_t done = 0; done < nbytes;)
        done += write_step(log, text + done, nbytes - done, now, bits);
}

void log_write(struct log *log, const char *text, size_t nbytes, uint32_t now)
{
    write(log, text, nbytes, now, 0);
}

/* Makes what SLOT says the log's state, if it is true. */
static bool take_up(struct log *log, unsigned slot)
{
    const struct log_slot found = log->memory->slots[slot];
    if (found.kept > window(log))
        return false;
    struct log_state state = {.end = found.end, .kept = found.kept};
    for (uint32_t at = found.end - found.kept; at != found.end; at++)
        state.sum += part_of_sum(*byte_at(log, at), at & (log->nbytes - 1));
    if (slot_of(&state).sum != found.sum)
        return false;
    log->states[slot] = state;
    log->current = slot;
    return true;
}

/* The slot that was written last is the one to lose, where both are right. */
static bool take_up_newest(struct log *log)
{
    const struct log_memory *memory = log->memory;
    if (memory->magic != MAGIC || memory->version != VERSION || memory->nbytes != log->nbytes)
        return false;
    unsigned newest = (int32_t)(memory->slots[1].end - memory->slots[0].end) > 0;
    return take_up(log, newest) || take_up(log, !newest);
}

static void clear(struct log *log)
{
    const struct log_state empty = {0};
    log->states[0] = empty;
    log->current = 0;
    *log->memory = (struct log_memory){MAGIC, VERSION, log->nbytes, {slot_of(&empty)}};
}

void log_open(struct log *log, struct log_memory *memory, uint32_t nbytes)
{
    static const char line[] = "a new boot begins\n";
    *log = (struct log)LOG_IN(memory, (uint8_t *)(memory + 1), nbytes);
    if (!take_up_newest(log))
        clear(log);
    if (state_of(log)->kept == 0)
        return;
    if (!at_line_start(log, state_of(log)))
        write(log, "\n", 1, 0, 0);
    write(log, line, sizeof line - 1, 0, BOOT_BIT);
    log->states[log->current].own = 0;
}

uint32_t log_end(const struct log *log)
{
    return state_of(log)->end;
}

uint32_t log_own_start(const struct log *log)
{
    return state_of(log)->end - state_of(log)->own;
}

struct log_reader log_read_all(const struct log *log)
{
    const struct log_state *state = state_of(log);
    return (struct log_reader){log, state->end - state->kept, state->end,
                               state->kept < window(log) ? LOG_AT_LINE : LOG_CUT};
}

struct log_reader log_read(const struct log *log, uint32_t since)
{
    const struct log_state *state = state_of(log);
    if (state->end - since >= state->kept)
        return log_read_all(log);
    return (struct log_reader){log, since, state->end,
                               *byte_at(log, since - 1) == '\n' ? LOG_AT_LINE : LOG_IN_LINE};
}

static void read_stamp(struct log_reader *reader, struct log_line *line)
{
    uint8_t bytes[LOG_STAMP_BYTES];
    for (int i = 0; i < LOG_STAMP_BYTES; i++, reader->at++) {
        if (reader->at == reader->end)
            return; /* in no log that log.c wrote */
        bytes[i] = *byte_at(reader->log, reader->at);
        line->time |= (uint32_t)(bytes[i] & 0x7f) << 7 * i;
    }
    line->begins_boot = bytes[LOG_STAMP_BYTES - 1] & BOOT_BIT;
    line->stamped = true;
}

static void skip_cut_stamp(struct log_reader *reader)
{
    for (int i = 0; i < LOG_STAMP_BYTES && reader->at != reader->end; i++, reader->at++)
        if (!(*byte_at(reader->log, reader->at) & STAMP_BIT))
            return;
}

bool log_read_line(struct log_reader *reader, struct log_line *line)
{
    const struct log *log = reader->log;
    *line = (struct log_line){0};
    if (reader->at == reader->end)
        return false;
    if (reader->where == LOG_AT_LINE)
        read_stamp(reader, line);
    else if (reader->where == LOG_CUT)
        skip_cut_stamp(reader);
    line->at = reader->at;
    while (reader->at != reader->end && *byte_at(log, reader->at) != '\n')
        reader->at++;
    line->nbytes = reader->at - line->at;
    line->ended = reader->at != reader->end;
    reader->at += line->ended;
    reader->where = LOG_AT_LINE;
    return true;
}

void log_text(const struct log *log, uint32_t at, uint32_t nbytes, format_sink sink, void *context)
{
    uint32_t place = at & (log->nbytes - 1), until_end = log->nbytes - place;
    uint32_t first = until_end < nbytes ? until_end : nbytes;
    if (first)
        sink(context, (const char *)log->ring + place, first);
    if (nbytes > first)
        sink(context, (const char *)log->ring, nbytes - first);
}
