/* A block's header, and the gaps between blocks. */
#ifndef PLAT_MEMORY_GROWING_BEST_FIT_PRIVATE_H
#define PLAT_MEMORY_GROWING_BEST_FIT_PRIVATE_H

#include "memory/growing/best_fit.h"

enum {
    FIT_HEADER = sizeof(struct best_fit_block),
    FIT_LEAST =
        FIT_HEADER + GROWING_ALIGNMENT /* bytes of an allocation, and of a gap between two */
};

#define FIT_TAKEN 0x62657374u
#define FIT_FREED 0x66726565u

_Static_assert(FIT_HEADER % GROWING_ALIGNMENT == 0, "what follows a header is aligned");

static inline struct best_fit *fit_of(const void *heap)
{
    return (struct best_fit *)(uintptr_t)heap;
}

/* Where the header of an allocation at POINTER would be; it may be any pointer. */
static inline struct best_fit_block *fit_header_of(const void *pointer)
{
    return (struct best_fit_block *)((uintptr_t)pointer - FIT_HEADER);
}

static inline uint8_t *fit_end_of(const struct best_fit_block *block)
{
    return (uint8_t *)(uintptr_t)block + block->size;
}

/* The links have no part in it: they are believed where the neighbour says the same. */
static inline uint32_t fit_seal(const struct best_fit_block *block, uint32_t state)
{
    return state ^ growing_fold((uintptr_t)block) ^ growing_fold(block->size) * 0x9e3779b1u;
}

static inline bool fit_is(const struct best_fit_block *block, uint32_t state)
{
    return block->seal == fit_seal(block, state);
}

/* Where the gap behind BLOCK begins; with NULL, the one in front of all. */
static inline uint8_t *gap_start(const struct best_fit *heap, const struct best_fit_block *block)
{
    return block ? fit_end_of(block) : heap->window.start;
}

/* Where the gap in front of BLOCK ends; with NULL, the one behind all. */
static inline uint8_t *gap_end(const struct best_fit *heap, const struct best_fit_block *block)
{
    return block ? (uint8_t *)(uintptr_t)block : heap->window.brk;
}

/* Whether BLOCK, or NULL for an end of the list, is an allocation; it may be any pointer. */
bool best_fit_is_sound(const struct best_fit *heap, const struct best_fit_block *block);

/* Whether the blocks around GAP, an entry of the array, are sound and say that it is there. */
bool best_fit_gap_is_sound(struct best_fit *heap, const struct free_piece *gap);

/* Why POINTER can't be freed, or HEAP_FREED. O(1) where it can be, else O(blocks). */
int best_fit_judge(struct best_fit *heap, const void *pointer);

/* Of struct allocator_kind. */
const char *best_fit_check(const void *heap);
void best_fit_statistics(const void *heap, struct allocator_statistics *statistics);

/* Of struct growing_kind. */
void best_fit_picture(const struct growing_heap *heap, struct growing_picture *picture);
bool best_fit_each(const struct growing_heap *heap, struct growing_visitor visitor);
bool best_fit_search(const struct growing_heap *heap, size_t size, struct growing_visitor visitor);

#endif
