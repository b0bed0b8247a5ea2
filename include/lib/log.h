/*
 * A log: lines of text, each with the time of its first byte, in a ring that may lie in memory
 * which outlives a restart. What is found there is checked, and is never more than text.
 */
#ifndef PLAT_LIB_LOG_H
#define PLAT_LIB_LOG_H

#include "lib/format.h"
#include "lib/types.h"

enum {
    LOG_STAMP_BYTES = 5, /* in front of each line in the ring */
    LOG_STEP_BYTES = 256 /* written at once; the ring keeps so many bytes less than it has */
};

/* Where the kept text ends, how much there is, and the sum over both and over the text. */
struct log_slot {
    uint32_t end, kept, sum;
};

/* What lies in the memory; the ring's bytes stand behind it. */
struct log_memory {
    uint32_t magic, version, nbytes; /* NBYTES: of the ring */
    struct log_slot slots[2];        /* the newest whole one counts */
};
_Static_assert(sizeof(struct log_memory) == 36, "other builds of this version read it");

struct log_state {
    uint32_t end;  /* bytes ever; modulo the ring's, the place of the next one */
    uint32_t kept; /* of those before END */
    uint32_t own;  /* of those that are kept, this boot's */
    uint32_t sum;  /* over the kept bytes */
};

/* The program's side. All of it is log.c's, but for LOG_IN. */
struct log {
    struct log_memory *memory;
    uint8_t *ring;
    uint32_t nbytes;
    unsigned current; /* which state counts */
    struct log_state states[2];
};

/* A log that is empty, for a static variable; MEMORY is followed by the NBYTES of RING. */
#define LOG_IN(memory_, ring_, nbytes_)                                                            \
    {                                                                                              \
        .memory = (memory_), .ring = (ring_), .nbytes = (nbytes_)                                  \
    }

/*
 * Takes up the log that MEMORY holds, and begins a boot in it; a log that is empty where there is
 * none, or its sum is wrong. Behind MEMORY are NBYTES bytes for the ring, a power of two and twice
 * LOG_STEP_BYTES or more. The memory may hold anything.
 */
void log_open(struct log *log, struct log_memory *memory, uint32_t nbytes);

/*
 * Appends TEXT, of any bytes. A line that begins in it gets the time NOW. May be called by a fault
 * or a panic in the middle of another call, whose text then stands behind this one's.
 */
void log_write(struct log *log, const char *text, size_t nbytes, uint32_t now);

/* Where the next byte will stand, and where this boot's oldest kept byte does. They wrap. */
uint32_t log_end(const struct log *log);
uint32_t log_own_start(const struct log *log);

struct log_reader {
    const struct log *log;
    uint32_t at, end;
    enum { LOG_AT_LINE, LOG_IN_LINE, LOG_CUT } where;
};

struct log_line {
    bool stamped;     /* false: its beginning was not read, or is no longer kept */
    bool begins_boot; /* the log's own line between two boots */
    bool ended;       /* false: more of it may follow */
    uint32_t time;
    uint32_t at, nbytes; /* the text, without the end of the line */
};

/* Reads what was written from SINCE on (of log_end()) up to now, as far as it is kept. */
struct log_reader log_read(const struct log *log, uint32_t since);
struct log_reader log_read_all(const struct log *log);

/* The next line, or the rest of one; false at the end. Costs a step a byte. */
MUST_USE bool log_read_line(struct log_reader *reader, struct log_line *line);

/* Hands SINK the NBYTES bytes of a line's text that stand AT, in two pieces at most. */
void log_text(const struct log *log, uint32_t at, uint32_t nbytes, format_sink sink, void *context);

/*
 * Hands SINK the last NLINES lines for a person: "[    1.23] text", with "-1 " in front in the boot
 * before this one, and so on, and a line between boots. Times are taken for hundredths of a second.
 * A control byte is shown as a dot, so that no text changes what stands in front of it.
 */
void log_show(const struct log *log, uint32_t nlines, format_sink sink, void *context);

#endif
