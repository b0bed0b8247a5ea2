/*
 * Where the block table must put an allocation, by heap.h's words alone: a bit a block says what is
 * free, and each free run has the time at which it became one. Shares nothing with heap.c.
 */
#ifndef PLAT_TESTS_RUN_MODEL_H
#define PLAT_TESTS_RUN_MODEL_H

#include "lib/types.h"

enum { RUN_MODEL_LOOKS = 8 };

#define RUN_MODEL_WORDS(nblocks) (((nblocks) + 31) / 32)

struct run_model {
    size_t total;
    uint32_t *free;  /* RUN_MODEL_WORDS(total) words, a bit a block */
    uint32_t *since; /* by block: when the free run that begins here became one */
    uint32_t now;
};

/* The next block from BLOCK on that is free, or taken; the total where there is none. */
static inline size_t run_model_next(const struct run_model *model, size_t block, bool free)
{
    for (; block < model->total; block = (block / 32 + 1) * 32) {
        uint32_t word = model->free[block / 32];
        word = (free ? word : ~word) >> block % 32;
        if (word) {
            size_t found = block + (size_t)__builtin_ctz(word);
            return found < model->total ? found : model->total;
        }
    }
    return model->total;
}

static inline bool run_model_is_free(const struct run_model *model, size_t block)
{
    return model->free[block / 32] >> block % 32 & 1;
}

static inline void run_model_mark(struct run_model *model, size_t first, size_t length, bool free)
{
    for (size_t block = first; block < first + length; block++) {
        uint32_t bit = (uint32_t)1 << block % 32;
        model->free[block / 32] =
            free ? model->free[block / 32] | bit : model->free[block / 32] & ~bit;
    }
}

/* Where the free run begins that ends before BLOCK; BLOCK where there is none. */
static inline size_t run_model_start(const struct run_model *model, size_t block)
{
    while (block > 0 && run_model_is_free(model, block - 1))
        block--;
    return block;
}

/* LENGTH blocks from FIRST on, which were free, are taken; what is left of their run is new. */
static inline void run_model_take(struct run_model *model, size_t first, size_t length)
{
    size_t start = run_model_start(model, first);
    run_model_mark(model, first, length, false);
    if (start < first)
        model->since[start] = ++model->now;
    if (first + length < model->total && run_model_is_free(model, first + length))
        model->since[first + length] = ++model->now;
}

/* They are free again, and one run with what is free on both sides. */
static inline void run_model_give(struct run_model *model, size_t first, size_t length)
{
    run_model_mark(model, first, length, true);
    model->since[run_model_start(model, first)] = ++model->now;
}

static inline void run_model_init(struct run_model *model, size_t total, uint32_t *free,
                                  uint32_t *since)
{
    *model = (struct run_model){.total = total, .free = free, .since = since};
    for (size_t i = 0; i < RUN_MODEL_WORDS(total); i++)
        free[i] = 0;
    run_model_give(model, 0, total);
}

/* Up to 64 blocks all lengths differ; above, only their first four binary digits count. */
static inline size_t run_model_kind(size_t length)
{
    unsigned zeros = 0;
    if (length <= 64)
        return length;
    while (length >> zeros > 15)
        zeros++;
    return (length >> zeros << zeros) + 1;
}

/* The newest of the runs of KIND that became so before BEFORE; the total where there is none. */
static inline size_t run_model_newest(const struct run_model *model, size_t kind, uint64_t before)
{
    size_t newest = model->total, end;
    for (size_t start = run_model_next(model, 0, true); start < model->total;
         start = run_model_next(model, end, true)) {
        end = run_model_next(model, start, false);
        if (run_model_kind(end - start) == kind && model->since[start] < before &&
            (newest == model->total || model->since[start] > model->since[newest]))
            newest = start;
    }
    return newest;
}

/* The newest run of the least kind that is at least KIND; the total where there is none. */
static inline size_t run_model_least(const struct run_model *model, size_t kind)
{
    size_t best = model->total, least = SIZE_MAX, end;
    for (size_t start = run_model_next(model, 0, true); start < model->total;
         start = run_model_next(model, end, true)) {
        end = run_model_next(model, start, false);
        size_t is = run_model_kind(end - start);
        if (is < kind || is > least || (is == least && model->since[start] < model->since[best]))
            continue;
        best = start;
        least = is;
    }
    return best;
}

/* Where an allocation of NBLOCKS, not 0, begins; the total where there is none. */
static inline size_t run_model_find(const struct run_model *model, size_t nblocks)
{
    size_t kind = run_model_kind(nblocks);
    uint64_t before = UINT64_MAX;
    for (int i = 0; nblocks > 64 && i < RUN_MODEL_LOOKS; i++) {
        size_t start = run_model_newest(model, kind, before);
        if (start == model->total)
            break;
        if (run_model_next(model, start, false) - start >= nblocks)
            return start;
        before = model->since[start];
    }
    return run_model_least(model, nblocks > 64 ? kind + 1 : kind);
}

#endif
