/*
 * Words that must not change: each is kept a second time, and compared. The ones that a flip would
 * kill without a word (gates, segments, tasks) are compared a few each tick, so that the kernel
 * says what has happened before the processor stumbles on it. Pure.
 */
#ifndef PLAT_CPU_SEAL_H
#define PLAT_CPU_SEAL_H

#include "lib/types.h"

enum {
    SEAL_RANGES = 16,
    SEAL_WORDS = 1280, /* in all ranges */
    SEAL_STEP_WORDS = 10,
    SEAL_TEXT_BYTES = 120
};

struct seal_range {
    const char *what; /* an entry of it, "the IDT's gate": its number is said behind it */
    uint32_t *words;
    size_t nwords;
    size_t first_entry, entry_words; /* the number of its first entry, and how long each is */
    uint32_t ignored;                /* bits of each word that may change */
};

struct seal {
    struct {
        struct seal_range range;
        const uint32_t *copy;
        bool open; /* may change by now */
    } ranges[SEAL_RANGES];
    size_t nranges, nwords;
    size_t range, word; /* where the next step begins */
    bool full;          /* something found no room */
    uint32_t copies[SEAL_WORDS];
    char text[SEAL_TEXT_BYTES];
};

/* The kernel's own: gdt.c, trap.c and kernel_space.c put into it what is theirs. */
extern struct seal seal_kernel;

/* RANGE must stay as it now is. Where there is no room for it, all checks say so. */
void seal_add(struct seal *seal, struct seal_range range);

/* The range that begins at WORDS may change from now on. */
void seal_open(struct seal *seal, const uint32_t *words);

/* NULL, or the first word that has changed, as a sentence; it is the seal's and lasts until the
 * next one. The step looks at the next words, at most SEAL_STEP_WORDS: about 120 instructions. */
const char *seal_check(struct seal *seal);
const char *seal_step(struct seal *seal);

/* Puts back what has changed. Returns what seal_check() would have said before. */
const char *seal_mend(struct seal *seal);

#endif
