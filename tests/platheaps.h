/*
 * What the cases of the library have in common: a heap in memory of its own, and a user who writes
 * down what it asked for, and has as many pages as he is told to have.
 */
#ifndef PLAT_TESTS_PLATHEAPS_H
#define PLAT_TESTS_PLATHEAPS_H

#include "platheap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "case.h"
#include "lib/string.h"

enum { PAGE = PLATHEAP_BLOCK_SIZE, REGION = 512 * PAGE + (PAGE < 4096 ? 16384 : 0) };

static uint8_t memory[REGION] __attribute__((aligned(PAGE)));

/* What the heap asked of its user, and how. */
static struct {
    int depth, locks, unlocks, reports, refusal;
    bool wrong;
    const char *function;
    void *pointer;
    /* Pages: a flag for each from FIRST on. */
    uint8_t *first;
    size_t count, ncommitted, budget, asked;
    bool committed[REGION / PAGE];
    bool protects; /* what is not committed can't be touched */
    int until_failure, failed;
} user;

static void lock(void *context)
{
    user.wrong |= context != &user || user.depth != 0;
    user.depth++;
    user.locks++;
}

static void unlock(void *context)
{
    user.depth--;
    user.unlocks++;
    user.wrong |= context != &user || user.depth != 0;
}

static void report(void *context, const char *function, void *pointer, int refusal)
{
    user.wrong |= context != &user || user.depth != 0;
    user.reports++;
    user.function = function;
    user.pointer = pointer;
    user.refusal = refusal;
}

/* The index of START, or SIZE_MAX where that is no range of whole blocks behind the heap's own. */
static inline size_t page_index(void *context, void *start, size_t nbytes)
{
    size_t first = (size_t)((uint8_t *)start - user.first) / PAGE;
    bool right = context == &user && (uintptr_t)start % PAGE == 0 && nbytes % PAGE == 0 &&
                 nbytes > 0 && first < user.count && nbytes / PAGE <= user.count - first;
    user.wrong |= !right;
    return right ? first : SIZE_MAX;
}

static inline bool commit(void *context, void *start, size_t nbytes)
{
    size_t first = page_index(context, start, nbytes);
    user.asked++;
    /* D15: the lock is held, so that the heap must not be called from here. */
    user.wrong |= user.depth != 1;
    if (first == SIZE_MAX || user.until_failure-- == 0 ||
        nbytes / PAGE > user.budget - user.ncommitted) {
        user.failed++;
        return false;
    }
    for (size_t i = first; i < first + nbytes / PAGE; i++) {
        user.wrong |= user.committed[i];
        user.committed[i] = true;
    }
    user.ncommitted += nbytes / PAGE;
    return !user.protects || mprotect(start, nbytes, PROT_READ | PROT_WRITE) == 0;
}

static inline void release(void *context, void *start, size_t nbytes)
{
    size_t first = page_index(context, start, nbytes);
    user.wrong |= user.depth != 1;
    if (first == SIZE_MAX)
        return;
    for (size_t i = first; i < first + nbytes / PAGE; i++) {
        user.wrong |= !user.committed[i];
        user.committed[i] = false;
    }
    user.ncommitted -= nbytes / PAGE;
    user.wrong |= user.protects && mprotect(start, nbytes, PROT_NONE) != 0;
}

static const struct platheap_options watched = {
    .lock = lock, .unlock = unlock, .report = report, .context = &user};

static inline struct platheap *make(size_t nbytes)
{
    memset(&user, 0, sizeof user);
    return platheap_create(memory, nbytes, &watched);
}

/* A heap whose blocks are of use only where they are committed, which BUDGET of them can be; and
 * which can't be touched before, if that PROTECTS them. */
static inline struct platheap *make_reserved(uint8_t *region, size_t nbytes, size_t budget,
                                             bool protects)
{
    struct platheap_options options = watched;
    void *start;
    size_t count;
    memset(&user, 0, sizeof user);
    struct platheap *probe = platheap_create(region, nbytes, NULL);
    if (!probe)
        return NULL;
    (void)platheap_table(probe, &start, &count);
    user.first = start;
    user.count = count;
    user.until_failure = -1;
    user.budget = budget;
    user.protects = protects;
    memset(region, 0xcc, (size_t)((uint8_t *)start - region));
    if (protects && mprotect(start, count * PAGE, PROT_NONE) != 0)
        return NULL;
    options.commit = commit;
    options.release = release;
    struct platheap *heap = platheap_create(region, nbytes, &options);
    memset(&options, 0xee, sizeof options); /* they are copied */
    return heap;
}

static inline bool commits_match_the_table(const struct platheap *heap)
{
    void *start;
    size_t count;
    const unsigned char *table = platheap_table(heap, &start, &count);
    if (start != user.first || count != user.count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (user.committed[i] != (table[i] != 0))
            return false;
    return !user.wrong;
}

static inline struct platheap_statistics statistics_of(struct platheap *heap)
{
    struct platheap_statistics statistics;
    memset(&statistics, 0xff, sizeof statistics);
    platheap_statistics(heap, &statistics);
    return statistics;
}

/* Takes whole blocks until none is free; what is kept for later goes with them. */
static inline void take_the_rest(struct platheap *heap)
{
    while (platheap_malloc(heap, PAGE))
        continue;
}

static inline bool is_all(const uint8_t *bytes, size_t nbytes, uint8_t value)
{
    for (size_t i = 0; i < nbytes; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

static inline void fill(uint8_t *bytes, size_t nbytes, size_t seed)
{
    for (size_t i = 0; i < nbytes; i++)
        bytes[i] = (uint8_t)(seed * 31 + i + (i >> 8) * 7);
}

static inline bool is_filled(const uint8_t *bytes, size_t nbytes, size_t seed)
{
    for (size_t i = 0; i < nbytes; i++)
        if (bytes[i] != (uint8_t)(seed * 31 + i + (i >> 8) * 7))
            return false;
    return true;
}

#endif
