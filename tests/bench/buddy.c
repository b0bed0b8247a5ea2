/*
 * Theory. The blocks are rounded up to a power of two, and those beyond are taken from the
 * beginning. A run of order k has 2^k blocks and begins at a multiple of that; its buddy is the
 * other half of the run of order k + 1. state[] says of the first block of each run of which order
 * it is and whether it is free. The free runs of an order are a list, through links[] beside the
 * state; orders has a bit for each list that is not empty.
 */
#include "buddy.h"

#include <string.h>

#include "bench.h"

enum { ORDERS = 16, SPAN = 1 << (ORDERS - 1), NOBODY = SPAN, FREE = 0x80, INSIDE = 0x7f };

#define START ((uint8_t *)0x0a000000)

_Static_assert((int)SPAN >= (int)BENCH_BLOCKS, "the largest order holds all blocks");

struct buddy {
    uint32_t orders;
    uint16_t heads[ORDERS];
    uint8_t state[SPAN]; /* FREE + order, order, or INSIDE of a run */
    struct {
        uint16_t next, previous;
    } links[SPAN];
    size_t nblocks, taken, peak;
} buddy;

static void push(struct buddy *heap, size_t block, unsigned order)
{
    uint16_t head = heap->heads[order];
    heap->state[block] = (uint8_t)(FREE + order);
    heap->links[block].next = head;
    heap->links[block].previous = NOBODY;
    if (head != NOBODY)
        heap->links[head].previous = (uint16_t)block;
    heap->heads[order] = (uint16_t)block;
    heap->orders |= 1u << order;
}

static void unlink_run(struct buddy *heap, size_t block, unsigned order)
{
    uint16_t next = heap->links[block].next, previous = heap->links[block].previous;
    if (next != NOBODY)
        heap->links[next].previous = previous;
    if (previous != NOBODY)
        heap->links[previous].next = next;
    else if ((heap->heads[order] = next) == NOBODY)
        heap->orders ^= 1u << order;
}

void buddy_reset(void *heap, size_t nblocks)
{
    struct buddy *all = heap;
    memset(all->state, INSIDE, sizeof all->state);
    for (unsigned order = 0; order < ORDERS; order++)
        all->heads[order] = NOBODY;
    all->orders = 0;
    all->nblocks = nblocks;
    all->taken = all->peak = 0;
    /* The largest runs that fit, from the lowest address on. */
    for (size_t block = 0, order = ORDERS; order-- > 0;) {
        if (!(nblocks >> order & 1))
            continue;
        push(all, block, (unsigned)order);
        block += (size_t)1 << order;
    }
}

void *buddy_malloc(void *heap, size_t nbytes)
{
    struct buddy *all = heap;
    size_t nblocks = (nbytes + BENCH_BLOCK - 1) / BENCH_BLOCK;
    if (nblocks == 0 || nblocks > SPAN)
        return NULL;
    unsigned wanted = nblocks == 1 ? 0 : 32 - (unsigned)__builtin_clz((unsigned)nblocks - 1);
    uint32_t fitting = all->orders >> wanted;
    if (!fitting)
        return NULL;
    unsigned order = wanted + (unsigned)__builtin_ctz(fitting);
    size_t block = all->heads[order];
    unlink_run(all, block, order);
    while (order > wanted) {
        order--;
        push(all, block + ((size_t)1 << order), order);
    }
    all->state[block] = (uint8_t)wanted;
    all->taken += (size_t)1 << wanted;
    if (all->taken > all->peak)
        all->peak = all->taken;
    return START + block * BENCH_BLOCK;
}

int buddy_free(void *heap, void *pointer)
{
    struct buddy *all = heap;
    size_t offset = (size_t)((uint8_t *)pointer - START), block = offset / BENCH_BLOCK;
    if (block >= all->nblocks || offset % BENCH_BLOCK != 0 || all->state[block] >= INSIDE)
        return -1;
    unsigned order = all->state[block];
    all->taken -= (size_t)1 << order;
    for (; order + 1 < ORDERS; order++) {
        size_t other = block ^ (size_t)1 << order;
        if (all->state[other] != FREE + order)
            break;
        unlink_run(all, other, order);
        all->state[block > other ? block : other] = INSIDE;
        block &= other;
    }
    push(all, block, order);
    return 0;
}

double buddy_footprint(void *heap)
{
    const struct buddy *all = heap;
    double beside = (double)sizeof *all / (double)all->nblocks;
    return (double)all->peak * (BENCH_BLOCK + beside);
}
