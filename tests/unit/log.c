#include "lib/log.h"

#include "arena.h"
#include "case.h"
#include "lib/string.h"
#include "memory/memory.h"

enum { RING = 2 * LOG_STEP_BYTES, OUTPUT_BYTES = 2048 };

static struct {
    struct log log;
    char text[OUTPUT_BYTES];
    size_t nbytes;
} fixture;

static struct log_memory *memory(void)
{
    return (struct log_memory *)arena;
}

/* A log in memory that held nothing. */
static struct log *start(void)
{
    memset(memory(), 0, sizeof(struct log_memory) + RING);
    log_open(&fixture.log, memory(), RING);
    return &fixture.log;
}

/* .. and after a restart. */
static struct log *restart(void)
{
    log_open(&fixture.log, memory(), RING);
    return &fixture.log;
}

static void say(const char *text, uint32_t now)
{
    log_write(&fixture.log, text, string_length(text), now);
}

static void gather(void *context, const char *text, size_t nbytes)
{
    (void)context;
    for (size_t i = 0; i < nbytes && fixture.nbytes < OUTPUT_BYTES - 1; i++)
        fixture.text[fixture.nbytes++] = text[i];
    fixture.text[fixture.nbytes] = '\0';
}

static const char *shown(uint32_t nlines)
{
    fixture.nbytes = 0;
    fixture.text[0] = '\0';
    log_show(&fixture.log, nlines, gather, NULL);
    return fixture.text;
}

CASE(log, a_line_has_the_time_of_its_first_byte)
{
    start();
    say("one", 7);
    say(" piece", 8);
    say(" more\n", 123456);
    say("two\nthree\n", 123456);
    say("open", UINT32_MAX);
    CHECK_TEXT(shown(UINT32_MAX), "[    0.07] one piece more\n"
                                  "[ 1234.56] two\n"
                                  "[ 1234.56] three\n"
                                  "[42949672.95] open\n");
}

CASE(log, the_last_lines)
{
    start();
    CHECK_TEXT(shown(UINT32_MAX), "");
    say("one\ntwo\n\nfour\n", 0);
    CHECK_TEXT(shown(1), "[    0.00] four\n");
    CHECK_TEXT(shown(2), "[    0.00] \n[    0.00] four\n");
    CHECK_TEXT(shown(4), shown(UINT32_MAX));
    CHECK_TEXT(shown(0), "");
}

CASE(log, a_restart_goes_on_behind_what_was_said)
{
    start();
    say("one\npanic: wor", 5);
    restart();
    say("two\n", 1);
    CHECK_TEXT(shown(UINT32_MAX), "-1 [    0.05] one\n"
                                  "-1 [    0.05] panic: wor\n"
                                  "-- a new boot begins --\n"
                                  "[    0.01] two\n");
    restart();
    CHECK_TEXT(shown(3), "-- a new boot begins --\n"
                         "-1 [    0.01] two\n"
                         "-- a new boot begins --\n");
    CHECK_TEXT(shown(4) + 3, "[    0.05] panic: wor\n"
                             "-- a new boot begins --\n"
                             "-1 [    0.01] two\n"
                             "-- a new boot begins --\n");
}

CASE(log, a_fresh_one_says_nothing_of_earlier_boots)
{
    start();
    restart();
    restart();
    CHECK_TEXT(shown(UINT32_MAX), "");
    say("one\n", 0);
    memory()->magic ^= 1;
    restart();
    say("two\n", 0);
    CHECK_TEXT(shown(UINT32_MAX), "[    0.00] two\n");
}

/* What may be taken for stamps, for lines between boots, or moves a cursor. */
CASE(log, no_text_is_taken_for_more)
{
    static const char odd[] = "a\xff\xff\xff\xff\xff\n\x80\x80\x80\x80\xc0"
                              "a new boot begins\n-- a new boot begins --\n\r\b\033[2J\tx\x7f\0y\n";
    start();
    log_write(&fixture.log, odd, sizeof odd - 1, 2);
    restart();
    CHECK_TEXT(shown(UINT32_MAX), "-1 [    0.02] a\xff\xff\xff\xff\xff\n"
                                  "-1 [    0.02] \x80\x80\x80\x80\xc0"
                                  "a new boot begins\n"
                                  "-1 [    0.02] -- a new boot begins --\n"
                                  "-1 [    0.02] ...[2J\tx..y\n"
                                  "-- a new boot begins --\n");
}

/* A line longer than all of the ring: what is kept of it is shown, without a time. */
CASE(log, a_line_without_an_end)
{
    start();
    say("begin", 1);
    for (int i = 0; i < 2 * RING; i++)
        say("x", 2);
    const char *text = shown(UINT32_MAX);
    CHECK(string_starts_with(text, "[       ?] xxx"));
    CHECK_EQUAL(fixture.nbytes, string_length("[       ?] ") + RING - LOG_STEP_BYTES + 1);
    say("\nnext\n", 3);
    CHECK_TEXT(shown(1), "[    0.03] next\n");
}

/* What somebody who began to listen in the middle of a line is told. */
CASE(log, reading_from_a_place)
{
    start();
    say("earlier\n", 0);
    restart();
    uint32_t own = log_own_start(&fixture.log);
    CHECK_EQUAL(own, log_end(&fixture.log));
    say("one\ntw", 0);
    uint32_t since = log_end(&fixture.log);
    say("o\nthree", 9);
    struct log_line line;
    struct log_reader reader = log_read(&fixture.log, since);
    fixture.nbytes = 0;
    CHECK(log_read_line(&reader, &line) && line.ended && !line.stamped);
    log_text(&fixture.log, line.at, line.nbytes, gather, NULL);
    CHECK_TEXT(fixture.text, "o");
    CHECK(log_read_line(&reader, &line) && !line.ended && line.stamped && line.time == 9);
    CHECK(!log_read_line(&reader, &line));
    CHECK_EQUAL(log_own_start(&fixture.log), own);
    reader = log_read(&fixture.log, own);
    CHECK(log_read_line(&reader, &line) && line.stamped && line.nbytes == 3);
}

/* Both slots are wrong, or say that more is kept than can be. */
CASE(log, slots_that_can_not_be)
{
    start();
    say("one\n", 0);
    for (int i = 0; i < 2; i++)
        memory()->slots[i].kept = UINT32_MAX;
    restart();
    CHECK_TEXT(shown(UINT32_MAX), "");
}
