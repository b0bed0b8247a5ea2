/*
 * The same work over each design of a heap, and what it cost: for the kernel, where a tick of the
 * clock is an instruction under QEMU's -icount, and for the host. Pure.
 */
#ifndef PLAT_SELFTEST_COMPARE_H
#define PLAT_SELFTEST_COMPARE_H

#include "memory/heap/allocator.h"

enum {
    COMPARE_BYTES = 16 << 20, /* of memory, or of a window, for each design */
    COMPARE_LIVE = 4096       /* objects at once */
};

/* One request of a trace that was recorded. */
struct compare_request {
    uint32_t id : 24, verb : 8; /* 'm', 'r' or 'f', of the object ID, below COMPARE_LIVE */
    uint32_t nbytes;
};

struct compare_trace {
    const struct compare_request *requests;
    size_t count;
};

struct compare_numbers {
    uint32_t calls, failed;
    uint64_t ticks; /* of all calls, and of the slowest one */
    uint64_t worst;
    size_t live, most_live; /* bytes that were asked for: in the end, and at most */
    size_t most_held;       /* bytes that the heap held at most */
    size_t largest;         /* bytes that one request could still have had in the end */
    size_t returned;        /* pages given back on the way */
    size_t left;            /* pages that are still held when all is freed and trimmed */
};

/* 64 quantiles of a power law from 8 to 8192 bytes: density s^-1.5, mean 256. */
enum { COMPARE_MIX = 64 };
extern const uint16_t compare_mix[COMPARE_MIX];

/* What a run works on. */
struct compare {
    const struct allocator *allocator;
    uint64_t (*clock)(void);
    uint64_t reading; /* ticks that reading the clock takes */
    struct compare_numbers numbers;
    uint32_t seed;
    void *objects[COMPARE_LIVE];
    uint32_t sizes[COMPARE_LIVE];
};

/* How many workloads there are, and what each is called. */
extern const size_t compare_nworkloads;
const char *compare_name(size_t workload);

/*
 * Does WORKLOAD over ALLOCATOR, an empty heap, and leaves it empty; the numbers are in WORK. TRACE
 * is what the last workload replays: false, and nothing is done, where there is none, or IDs are
 * too large.
 */
bool compare_run(struct compare *work, size_t workload, const struct allocator *allocator,
                 uint64_t (*clock)(void), const struct compare_trace *trace);

/* Prints the head of a table, and a row of it. */
void compare_print_head(const char *unit);
void compare_print(const char *workload, const char *design, const struct compare_numbers *numbers);

#endif
