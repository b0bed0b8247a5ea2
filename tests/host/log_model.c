/*
 * Logs against a model that keeps every line for ever, as a list of lines: random text of bytes
 * that a log could take for its own, restarts, rings of three sizes, a counter that wraps. And what
 * a restart finds: memory cut, damaged at each bit, left in the middle of each write.
 */
#include <stdlib.h>
#include <string.h>

#include "case.h"
#include "lib/log.h"

enum {
    LARGEST = 64 * 1024,
    SMALL = 2 * LOG_STEP_BYTES,
    STAMP = 5,
    LINES_MOST = 200000,
    TEXT_MOST = 4 << 20
};

struct model_line {
    size_t start, nbytes; /* in the text */
    uint32_t time;
    bool ended, begins_boot;
};

static struct {
    struct model_line lines[LINES_MOST];
    size_t nlines, nbytes, own; /* OWN: the first line of this boot */
    uint8_t text[TEXT_MOST];
    size_t room; /* bytes that the ring keeps */
} model;

static union {
    struct log_memory header;
    uint8_t bytes[sizeof(struct log_memory) + LARGEST];
} memory, copy, before, after;

static struct log logged;
static uint32_t seed;

static uint32_t next_random(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % below;
}

/* -- The model -- */

static bool model_open(void)
{
    return model.nlines && !model.lines[model.nlines - 1].ended;
}

static void model_write(const uint8_t *text, size_t nbytes, uint32_t now, bool begins_boot)
{
    for (size_t i = 0; i < nbytes; i++) {
        if (!model_open())
            model.lines[model.nlines++] =
                (struct model_line){.start = model.nbytes, .time = now, .begins_boot = begins_boot};
        struct model_line *line = &model.lines[model.nlines - 1];
        if (text[i] == '\n') {
            line->ended = true;
        } else {
            model.text[model.nbytes++] = text[i];
            line->nbytes++;
        }
    }
}

static void model_restart(void)
{
    if (model_open())
        model.lines[model.nlines - 1].ended = true;
    if (model.nlines)
        model_write((const uint8_t *)"a new boot begins\n", 18, 0, true);
    model.own = model.nlines;
}

static void model_clear(size_t ring)
{
    model.nlines = model.nbytes = model.own = 0;
    model.room = ring - LOG_STEP_BYTES;
}

/* The bytes that LINE takes in a ring. */
static size_t size_of(const struct model_line *line)
{
    return STAMP + line->nbytes + line->ended;
}

/* -- Comparing -- */

struct gathered {
    size_t nbytes;
    uint8_t text[LARGEST];
};

static void gather(void *context, const char *text, size_t nbytes)
{
    struct gathered *to = context;
    memcpy(to->text + to->nbytes, text, nbytes);
    to->nbytes += nbytes;
}

static bool same_text(const struct log *log, const struct log_line *line, const uint8_t *wanted,
                      size_t nbytes)
{
    static struct gathered got;
    got.nbytes = 0;
    log_text(log, line->at, line->nbytes, gather, &got);
    return got.nbytes == nbytes && memcmp(got.text, wanted, nbytes) == 0;
}

/* Whether READER says what the model has from line FIRST on, cut where the ring is too small. */
static bool same(const struct log *log, struct log_reader reader, size_t first)
{
    size_t room = model.room, from = model.nlines, into = 0;
    bool cut = false;
    while (from > first && !cut) {
        size_t size = size_of(&model.lines[--from]);
        cut = size >= room; /* a line that fills it to the last byte may as well have been longer */
        into = cut ? size - room : 0;
        room -= cut ? 0 : size;
    }
    for (size_t i = from; i < model.nlines; i++) {
        const struct model_line *line = &model.lines[i];
        struct log_line got;
        if (!log_read_line(&reader, &got) || got.ended != line->ended)
            return false;
        const uint8_t *text = model.text + line->start;
        size_t nbytes = line->nbytes;
        if (i == from && cut) {
            size_t doubtful = into < STAMP ? into : STAMP;
            text += into - doubtful;
            nbytes -= into - doubtful;
            for (; doubtful && nbytes && *text >= 0x80; doubtful--, nbytes--)
                text++;
            if (got.stamped)
                return false;
        } else if (!got.stamped || got.time != line->time || got.begins_boot != line->begins_boot) {
            return false;
        }
        if (!same_text(log, &got, text, nbytes))
            return false;
    }
    struct log_line more;
    return !log_read_line(&reader, &more);
}

static bool all_same(const struct log *log)
{
    return log_end(log) - log_own_start(log) <= model.room && same(log, log_read_all(log), 0) &&
           same(log, log_read(log, log_own_start(log)), model.own);
}

/* -- Random logs -- */

static void start(size_t ring, uint32_t end)
{
    memset(&memory, 0, sizeof memory);
    log_open(&logged, &memory.header, (uint32_t)ring);
    logged.states[logged.current].end = end;
    memory.header.slots[0] = memory.header.slots[1]; /* which is none: the empty log ended at 0 */
    model_clear(ring);
}

static size_t make_text(uint8_t *text, size_t most)
{
    static const uint8_t odd[] = {'\n', '\n', 'a', 0x80, 0xc0, 0xff, 0, '\r'};
    size_t nbytes = next_random(next_random(4) ? 60 : (uint32_t)most);
    bool lines = next_random(8);
    for (size_t i = 0; i < nbytes; i++) {
        text[i] = next_random(4) ? (uint8_t)next_random(256) : odd[next_random(sizeof odd)];
        if (text[i] == '\n' && !lines)
            text[i] = ' ';
    }
    return nbytes;
}

static bool random_logs(size_t ring, uint32_t end, size_t rounds)
{
    static uint8_t text[2000];
    start(ring, end);
    for (size_t i = 0; i < rounds; i++) {
        uint32_t now = next_random(3) ? next_random(1000) : next_random(UINT32_MAX);
        size_t nbytes = make_text(text, sizeof text);
        log_write(&logged, (const char *)text, nbytes, now);
        model_write(text, nbytes, now, false);
        if (next_random(20) == 0) {
            memset(&logged, 0xee, sizeof logged);
            log_open(&logged, &memory.header, (uint32_t)ring);
            model_restart();
        }
        if ((ring == SMALL || next_random(16) == 0) && !all_same(&logged))
            return false;
    }
    return all_same(&logged);
}

CASE(log, model_of_random_logs)
{
    seed = 11;
    for (int i = 0; i < 20; i++) {
        CHECK(random_logs(SMALL, (uint32_t)i, 400));
        CHECK(random_logs(SMALL, 0u - next_random(3000), 400));
        CHECK(random_logs(4 * SMALL, 0u - next_random(30000), 400));
    }
    CHECK(random_logs(LARGEST, 0, 4000));
    CHECK(random_logs(LARGEST, 0u - 100000, 4000));
}

/* A restart behind each line, while the counter goes over its end. */
CASE(log, model_of_restarts_where_the_counter_wraps)
{
    for (uint32_t left = 1; left < 100; left++) {
        start(SMALL, 0u - left);
        for (int i = 0; i < 6; i++) {
            log_write(&logged, "line\n", 5, 1);
            model_write((const uint8_t *)"line\n", 5, 1, false);
            log_open(&logged, &memory.header, SMALL);
            model_restart();
            CHECK(all_same(&logged));
        }
    }
}

/* Somebody who listens from a place on is told all that was written since then. */
CASE(log, model_of_reading_since)
{
    static uint8_t text[100], since_text[SMALL];
    seed = 12;
    start(SMALL, 0u - 1000);
    for (int round = 0; round < 3000; round++) {
        uint32_t since = log_end(&logged);
        size_t nbytes = 0;
        for (uint32_t writes = next_random(4); writes; writes--) {
            size_t more = next_random(12);
            for (size_t i = 0; i < more; i++)
                text[i] = next_random(3) ? (uint8_t)next_random(256) : '\n';
            log_write(&logged, (const char *)text, more, 1);
            memcpy(since_text + nbytes, text, more);
            nbytes += more;
        }
        static struct gathered got;
        got.nbytes = 0;
        struct log_reader reader = log_read(&logged, since);
        for (struct log_line line; log_read_line(&reader, &line);) {
            log_text(&logged, line.at, line.nbytes, gather, &got);
            if (line.ended)
                gather(&got, "\n", 1);
        }
        CHECK_EQUAL(got.nbytes, nbytes);
        CHECK(memcmp(got.text, since_text, nbytes) == 0);
    }
}

/* -- What a restart finds -- */

/* A ring of RING that was written around more than once; what lies there before its last step. */
static void fill(size_t ring)
{
    static uint8_t text[2000];
    start(ring, 77);
    while (model.nbytes < 3 * ring) {
        size_t nbytes = make_text(text, sizeof text);
        log_write(&logged, (const char *)text, nbytes, 5);
        model_write(text, nbytes, 5, false);
    }
}

enum found { FRESH, OLDER, WHOLE, WRONG };

static size_t nlines_before;
static bool open_before; /* .. and its last line was open */

static void last_step(void)
{
    static const char step[] = "the last\nst";
    before = memory;
    nlines_before = model.nlines;
    open_before = model_open();
    log_write(&logged, step, sizeof step - 1, 6);
    model_write((const uint8_t *)step, sizeof step - 1, 6, false);
    after = memory;
}

/* What a restart makes of the copy: nothing, the text up to the last step or with it, or else. */
static enum found restart(size_t ring)
{
    static struct model_line kept[4];
    static struct log found;
    log_open(&found, &copy.header, (uint32_t)ring);
    if (log_end(&found) == 0)
        return log_own_start(&found) == 0 ? FRESH : WRONG;
    size_t nlines = model.nlines, nbytes = model.nbytes, own = model.own;
    model_restart();
    enum found answer = all_same(&found) ? WHOLE : WRONG;
    model.nlines = nlines;
    model.lines[nlines - 1].ended = false; /* as last_step() leaves it */
    model.nbytes = nbytes;
    if (answer == WRONG) { /* once more, without what last_step() wrote */
        memcpy(kept, &model.lines[nlines_before - 1], sizeof kept);
        struct model_line *last = &model.lines[nlines_before - 1];
        if (open_before) {
            last->nbytes -= strlen("the last");
            last->ended = false;
        }
        model.nlines = nlines_before;
        model.nbytes = model.lines[nlines_before - 1].start + model.lines[nlines_before - 1].nbytes;
        size_t text = model.nbytes;
        static uint8_t behind[64];
        memcpy(behind, model.text + text, sizeof behind);
        model_restart();
        answer = all_same(&found) ? OLDER : WRONG;
        memcpy(model.text + text, behind, sizeof behind);
        memcpy(&model.lines[nlines_before - 1], kept, sizeof kept);
        model.nlines = nlines;
        model.nbytes = nbytes;
    }
    model.own = own;
    return answer;
}

static const size_t header = sizeof(struct log_memory);

CASE(log, each_flipped_bit_of_a_small_one_is_found_or_harmless)
{
    size_t count[WRONG + 1] = {0};
    seed = 13;
    fill(SMALL);
    last_step();
    copy = after;
    CHECK_EQUAL(restart(SMALL), WHOLE);
    copy = before;
    CHECK_EQUAL(restart(SMALL), OLDER);
    for (size_t byte = 0; byte < header + SMALL; byte++)
        for (int bit = 0; bit < 8; bit++) {
            copy = after;
            copy.bytes[byte] ^= (uint8_t)(1 << bit);
            enum found found = restart(SMALL);
            CHECK(found != WRONG);
            CHECK(byte >= offsetof(struct log_memory, slots) || found == FRESH);
            count[found]++;
        }
    /* Each bit that both slots count makes a fresh log; the slots guard their last step. */
    CHECK(count[FRESH] >= (SMALL - LOG_STEP_BYTES - 32) * 8);
    CHECK(count[WHOLE] >= (LOG_STEP_BYTES - 32) * 8 && count[OLDER] >= 12 * 8);
}

/* .. before it was written around, where zeroes stand in front of its text. */
CASE(log, each_flipped_bit_of_a_young_one_is_found_or_harmless)
{
    start(SMALL, 0);
    log_write(&logged, "first\n", 6, 1);
    model_write((const uint8_t *)"first\n", 6, 1, false);
    last_step();
    for (size_t byte = 0; byte < header + SMALL; byte++)
        for (int bit = 0; bit < 8; bit++) {
            copy = after;
            copy.bytes[byte] ^= (uint8_t)(1 << bit);
            CHECK(restart(SMALL) != WRONG);
        }
}

CASE(log, flipped_bits_of_a_large_one)
{
    seed = 14;
    fill(LARGEST);
    last_step();
    for (int i = 0; i < 600; i++) {
        size_t byte = i < 288 ? (size_t)i / 8 : next_random((uint32_t)header + LARGEST);
        copy = after;
        copy.bytes[byte] ^= (uint8_t)(1 << i % 8);
        CHECK(restart(LARGEST) != WRONG);
    }
}

/* RAM that lost what stood behind or before a place, or is noise behind a magic that is right. */
CASE(log, cut_memory_and_noise)
{
    seed = 15;
    fill(SMALL);
    last_step();
    static const uint8_t fillings[] = {0, 0xff, '\n', 0x80};
    for (size_t kind = 0; kind < sizeof fillings; kind++)
        for (size_t cut = 0; cut < header + SMALL; cut++) {
            copy = after;
            memset(copy.bytes + cut, fillings[kind], header + SMALL - cut);
            CHECK(restart(SMALL) != WRONG);
            copy = after;
            memset(copy.bytes, fillings[kind], cut);
            CHECK(restart(SMALL) != WRONG);
        }
    for (int i = 0; i < 20000; i++) {
        for (size_t byte = offsetof(struct log_memory, slots); byte < header + SMALL; byte++)
            copy.bytes[byte] = (uint8_t)next_random(256);
        if (i % 2)
            for (int slot = 0; slot < 2; slot++)
                copy.header.slots[slot].kept %= SMALL - LOG_STEP_BYTES + 1;
        CHECK_EQUAL(restart(SMALL), FRESH);
    }
}

/* A reset between any two bytes that a step writes: text first, its slot last. */
CASE(log, a_restart_in_the_middle_of_a_step_loses_no_more_than_it)
{
    seed = 16;
    for (int round = 0; round < 40; round++) {
        fill(SMALL);
        for (uint32_t extra = next_random(5); extra; extra--) {
            log_write(&logged, "x\n", 2, 1);
            model_write((const uint8_t *)"x\n", 2, 1, false);
        }
        last_step();
        copy = before;
        for (size_t byte = header; byte < header + SMALL; byte++) {
            copy.bytes[byte] = after.bytes[byte];
            union {
                struct log_memory header;
                uint8_t bytes[sizeof copy];
            } torn;
            memcpy(&torn, &copy, sizeof torn);
            CHECK_EQUAL(restart(SMALL), OLDER);
            memcpy(&copy, &torn, sizeof torn);
        }
        for (size_t byte = 0; byte < header; byte++) {
            static uint8_t torn[sizeof copy];
            copy.bytes[byte] = after.bytes[byte];
            memcpy(torn, &copy, sizeof torn);
            enum found found = restart(SMALL);
            CHECK(found == OLDER || found == WHOLE);
            memcpy(&copy, torn, sizeof torn);
        }
    }
}

/* However a text is cut into steps, the slot that was right before the last one still is. */
CASE(log, each_step_leaves_the_other_slot_right)
{
    static char text[300];
    for (size_t nbytes = 200; nbytes < sizeof text; nbytes++) {
        seed = 18;
        fill(SMALL);
        memset(text, 'x', nbytes);
        text[nbytes - 2] = '\n';
        log_write(&logged, text, nbytes, 1);
        unsigned newest = (int32_t)(memory.header.slots[1].end - memory.header.slots[0].end) > 0;
        memory.header.slots[newest].sum ^= 1;
        log_open(&logged, &memory.header, SMALL);
        CHECK(log_end(&logged) != 0);
    }
}

/* Whatever a state says, reading stays inside of the ring (the sanitizer sees to it) and ends. */
CASE(log, reading_what_no_log_wrote)
{
    seed = 17;
    start(SMALL, 0);
    for (int i = 0; i < 5000; i++) {
        struct log_state *state = &logged.states[logged.current];
        for (size_t byte = header; byte < header + SMALL; byte++)
            memory.bytes[byte] = (uint8_t)next_random(256);
        state->end = next_random(UINT32_MAX);
        state->kept = next_random(SMALL - LOG_STEP_BYTES + 1);
        state->own = next_random(state->kept + 1);
        struct log_reader reader = log_read_all(&logged);
        uint32_t nbytes = 0;
        for (struct log_line line; log_read_line(&reader, &line);)
            nbytes += line.nbytes + line.ended;
        CHECK(nbytes <= state->kept);
    }
}
